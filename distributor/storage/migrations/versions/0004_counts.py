"""How many articles a source gave at its last look."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("sources") as batch:
        batch.add_column(sa.Column("last_count", sa.Integer(), nullable=False, server_default="0"))
