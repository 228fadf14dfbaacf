"""The tables of the engine that hands out tasks (`tasks/`), which lie in the store where that is a PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection

from ..errors import StoreError

# The engine's last change of its tables that is in ours. It keeps no version of its own: whoever takes a later one has to
# run what it brings in a migration, and a test tells.
LAST_CHANGE = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


def create_task_tables(connection: Connection) -> None:
    """Make the engine's tables, in the transaction of the migration. Raises StoreError where the engine is not installed."""
    try:
        from procrastinate.schema import SchemaManager
    except ModuleNotFoundError:
        raise StoreError("a store on PostgreSQL needs more packages: pip install 'distributor[postgresql]'") from None
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.execute(SchemaManager.get_schema())  # many statements, so none may have parameters
