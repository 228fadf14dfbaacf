"""What all tables are made with: the list of them, and columns that must have a value."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


NUMBER = BigInteger().with_variant(Integer, "sqlite")  # a rowid of SQLite


def column(name: str, kind: Any, *constraints: ForeignKey, **options: Any) -> Column[Any]:
    """A column that must have a value, unless it says otherwise."""
    options.setdefault("nullable", False)
    return Column(name, kind, *constraints, **options)
