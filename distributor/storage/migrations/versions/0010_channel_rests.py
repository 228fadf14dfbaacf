"""Channels that rest; which article a rendition is about."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "channel_rests",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_rests")),
    )
    with op.batch_alter_table("renditions") as batch:
        batch.add_column(sa.Column("article", sa.String(length=16), nullable=False, server_default=""))
        batch.add_column(sa.Column("target_part", sa.String(length=120), nullable=False, server_default=""))
    op.execute("UPDATE renditions SET target_part = part WHERE target <> ''")
    op.execute("UPDATE renditions SET article = part WHERE part IN (SELECT id FROM articles)")
