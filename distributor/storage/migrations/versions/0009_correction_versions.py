"""A correction knows which version of its article it was decided for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("corrections") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE corrections SET version = COALESCE((SELECT max(article_versions.version) FROM article_versions "
        "WHERE article_versions.article_id = corrections.article_id AND article_versions.seen <= corrections.at), 0)"
    )
