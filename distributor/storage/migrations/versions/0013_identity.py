"""Which store this is, and which key signs its links."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "store_identity",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_identity")),
    )
