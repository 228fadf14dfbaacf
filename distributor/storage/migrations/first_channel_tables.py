"""The tables of channels in the first migration: backoffs, turns, rates, what they remember, faults, steps of deliveries;
and the alerts to staff."""

import sqlalchemy as sa
from alembic import op

from ..columns import NUMBER
from ..rows import UtcTime


def create_channel_tables() -> None:
    """Create them, on the connection that Alembic works on; after that of deliveries."""
    _backoffs_and_turns()
    _rates()
    _memory()
    _faults()
    _delivery_steps()
    _staff_alerts()


def _backoffs_and_turns() -> None:
    op.create_table(
        "channel_backoff",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_backoff")),
    )
    op.create_table(
        "channel_turns",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_turns")),
    )


def _rates() -> None:
    op.create_table(
        "send_rates",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=600), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("not_before", sa.Float(), server_default="0", nullable=False),
        sa.Column("pause", sa.Float(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("channel", "key", name=op.f("pk_send_rates")),
    )
    if op.get_bind().dialect.name == "postgresql":  # rows change many times a second, within half of a page left free
        op.execute(
            "ALTER TABLE send_rates SET "
            "(fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)"
        )


def _memory() -> None:
    op.create_table(
        "channel_memory",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(length=200), server_default="", nullable=False),
        sa.Column("locked_until", UtcTime(), nullable=True),
        sa.Column("begun", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("updated", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_memory")),
    )


def _faults() -> None:
    op.create_table(
        "channel_faults",
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_faults")),
    )


def _delivery_steps() -> None:
    op.create_table(
        "delivery_steps",
        sa.Column("delivery_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("begun_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_delivery_steps_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "name", name=op.f("pk_delivery_steps")),
    )


def _staff_alerts() -> None:
    op.create_table(
        "staff_alerts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("open_key", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("told_at", UtcTime(), nullable=True),
        sa.Column("first_told_at", UtcTime(), nullable=True),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_alerts")),
        sa.UniqueConstraint("open_key", name=op.f("uq_staff_alerts_open_key")),
    )
    op.create_index(op.f("ix_staff_alerts_ended_at"), "staff_alerts", ["ended_at"], unique=False)
