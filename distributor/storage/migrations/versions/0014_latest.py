"""The latest times are found without reading every row."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index(op.f("ix_articles_first_seen"), "articles", ["first_seen"])
    op.create_index(op.f("ix_slots_decided_at"), "slots", ["decided_at"])
