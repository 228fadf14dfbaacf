"""Why a channel could carry nothing when it last tried."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "channel_faults",
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_faults")),
    )
