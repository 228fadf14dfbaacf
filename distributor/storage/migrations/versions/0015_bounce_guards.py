"""Hard bounces counted by edition, and suppressions that wait for staff."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "bounce_guards",
        sa.Column("edition_id", sa.String(60), nullable=False),
        sa.Column("hard", sa.Integer(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("held_at", UtcTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_bounce_guards")),
    )
    op.create_table(
        "pending_suppressions",
        sa.Column("edition_id", sa.String(60), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "address_key", name=op.f("pk_pending_suppressions")),
    )
