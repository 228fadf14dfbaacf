"""Delivery at speed: a number for each row of the ledger, shards that know when they are due, bounces, pause."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0007"
down_revision = "0006"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COPY = (
    "INSERT INTO deliveries_new (edition_id, channel, part, recipient, k, state, attempts, fence, due, updated, address, "
    "reply, remote_id, url) SELECT edition_id, channel, part, recipient, k, state, attempts, fence, due, updated, address, "
    "reply, remote_id, url FROM deliveries ORDER BY edition_id, k, recipient"
)


def upgrade() -> None:
    _shards()
    _deliveries()
    _bounces()
    with op.batch_alter_table("editions") as batch:
        batch.add_column(sa.Column("paused_at", UtcTime(), nullable=True))


def _shards() -> None:
    """Shards are taken when they are due: those that still hold something, at once."""
    with op.batch_alter_table("shards") as batch:
        batch.add_column(sa.Column("due", UtcTime(), nullable=True))
        batch.create_index(op.f("ix_shards_channel_due"), ["channel", "due"])
        batch.create_index(op.f("ix_shards_owner"), ["owner"])
    op.execute(
        "UPDATE shards SET due = (SELECT frozen_at FROM editions WHERE editions.id = shards.edition_id) "
        "WHERE EXISTS (SELECT 1 FROM deliveries WHERE deliveries.edition_id = shards.edition_id "
        "AND deliveries.k = shards.k AND (deliveries.state IN ('pending', 'deferred', 'sending') "
        "OR (deliveries.state = 'uncertain' AND deliveries.due IS NOT NULL)))"
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries_new",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=120), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("recoveries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("due", UtcTime(), nullable=True),
        sa.Column("updated", UtcTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries_by_id")),
        sa.UniqueConstraint(
            "edition_id", "channel", "recipient", "part", name=op.f("uq_deliveries_edition_id_channel_recipient_part")
        ),
        sa.ForeignKeyConstraint(
            ["edition_id", "k"], ["shards.edition_id", "shards.k"], name=op.f("fk_deliveries_edition_id_k_of_shard")
        ),
    )
    op.execute(_COPY)
    op.drop_table("deliveries")
    op.rename_table("deliveries_new", "deliveries")
    op.create_index(op.f("ix_deliveries_edition_id_k"), "deliveries", ["edition_id", "k"])
    op.create_index(op.f("ix_deliveries_recipient"), "deliveries", ["recipient"])


def _bounces() -> None:
    with op.batch_alter_table("suppressions") as batch:
        batch.add_column(sa.Column("tier", sa.String(length=12), nullable=False, server_default="staff"))
        batch.add_column(sa.Column("until", UtcTime(), nullable=True))
    op.create_table(
        "bounces",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("tier", sa.String(length=12), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("delivery_id", _NUMBER, nullable=True),
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
    )
    op.create_index(op.f("ix_bounces_address_key_at"), "bounces", ["address_key", "at"])
    op.create_index(op.f("ix_bounces_edition_id"), "bounces", ["edition_id"])
