"""Servers that have asked to be left alone for a while."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "host_waits",
        sa.Column("host", sa.String(300), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_waits")),
    )
