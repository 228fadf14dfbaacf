"""Alembic migrations. REVISIONS names them in order, so that the usual start need not load Alembic to compare."""

REVISIONS = ("0001",)
