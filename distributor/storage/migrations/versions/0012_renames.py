"""Names that newsletters and channels had before."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "renames",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("old", sa.String(length=40), nullable=False),
        sa.Column("new", sa.String(length=40), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("kind", "old", name=op.f("pk_renames")),
    )
    with op.batch_alter_table("renditions") as batch:
        batch.add_column(sa.Column("first_channel", sa.String(length=40), nullable=False, server_default=""))
