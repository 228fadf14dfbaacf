"""What a file of SQLite holds that is empty, and how it is made smaller. Servers see to it themselves."""

from __future__ import annotations

from sqlalchemy import Connection

_INCREMENTAL = 2  # what `PRAGMA auto_vacuum` says of a file that can be made smaller


def free_share(connection: Connection) -> float:
    """How much of a file of SQLite holds nothing, from 0 to 1, where it can be made smaller; 0 for a server."""
    if connection.dialect.name != "sqlite":
        return 0.0
    free, pages, kind = (_ask(connection, name) for name in ("freelist_count", "page_count", "auto_vacuum"))
    return free / pages if pages and kind == _INCREMENTAL else 0.0


def give_back(connection: Connection, pages: int) -> int:
    """Make a file of SQLite smaller by so many pages at most; returns by how many octets it will be."""
    raw = connection.connection.driver_connection
    assert raw is not None
    before = _ask(connection, "page_count")
    for _ in range(min(pages, _ask(connection, "freelist_count"))):
        raw.execute("PRAGMA incremental_vacuum(1)")  # sqlite3 ends a statement at a row without columns
    return (before - _ask(connection, "page_count")) * _ask(connection, "page_size")


def _ask(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
