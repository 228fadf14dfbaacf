"""Who has left is remembered."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    table = op.create_table(
        "opt_outs",
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("address_key", "newsletter", name=op.f("pk_opt_outs")),
    )
    subscribers = sa.table("subscribers", sa.column("id"), sa.column("address_key"))
    subscriptions = sa.table("subscriptions", sa.column("subscriber_id"))
    on_a_list = sa.select(subscriptions.c.subscriber_id).where(subscriptions.c.subscriber_id == subscribers.c.id)
    # Until now whoever was on no list had left all: there was no other way to be known and on none.
    left = sa.select(
        subscribers.c.address_key,
        sa.literal(""),
        sa.literal(datetime.now(UTC), UtcTime()),
        sa.literal("unknown"),
        sa.literal("left before this was written down"),
    ).where(~on_a_list.exists())
    op.execute(sa.insert(table).from_select(["address_key", "newsletter", "at", "via", "reason"], left))
