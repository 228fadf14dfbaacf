"""The tables of the ledger in the first migration."""

import sqlalchemy as sa
from alembic import op

from distributor.storage import partitions
from distributor.storage.rows import UtcTime

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # a rowid of SQLite


def create_deliveries() -> None:
    _deliveries()
    _counts()


def _deliveries() -> None:
    partitioned = op.get_bind().dialect.name == "postgresql"
    shard = sa.ForeignKeyConstraint(
        ["edition_id", "shard"], ["shards.edition_id", "shards.shard"], name=op.f("fk_deliveries_edition_id_shard")
    )
    unique = sa.UniqueConstraint(
        "edition_id",
        "channel",
        "recipient",
        "variant",
        name=op.f("uq_deliveries_edition_id_channel_recipient_variant"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("variant", sa.String(length=120), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crash_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("due", UtcTime(), nullable=True),
        sa.Column("updated", UtcTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        *([] if partitioned else [unique, shard]),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_deliveries_edition_id_shard"), "deliveries", ["edition_id", "shard"], unique=False)
    op.create_index(op.f("ix_deliveries_recipient"), "deliveries", ["recipient"], unique=False)
    if partitioned:
        partitions.create_part(op.get_bind(), 0)
        partitions.create_part(op.get_bind(), partitions.FIRST_PART)


def _counts() -> None:
    op.create_table(
        "delivery_parts",
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("taken", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_delivery_parts")),
    )
    op.create_table(
        "delivery_counts",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("variant", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_delivery_counts_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "channel", "variant", "state", name=op.f("pk_delivery_counts")),
    )
