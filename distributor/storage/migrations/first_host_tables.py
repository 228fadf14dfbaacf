"""The tables of what processes share, in the first migration."""

import sqlalchemy as sa
from alembic import op

from ..rows import UtcTime


def create_host_tables() -> None:
    """Create them, on the connection that Alembic works on."""
    op.create_table(
        "recurring_work",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("begun", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_recurring_work")),
    )
    op.create_table(
        "stopped_channels",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_stopped_channels")),
    )
    op.create_table(
        "running_config",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_running_config")),
    )
