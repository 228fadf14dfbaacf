"""Where a store is at home."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "home",
        sa.Column("place", sa.String(length=1000), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_home")),
    )
