"""Every source that has told a story."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "article_origins",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_origins_article_id")),
        sa.PrimaryKeyConstraint("article_id", "source", name=op.f("pk_article_origins")),
    )
    op.execute("INSERT INTO article_origins (article_id, source) SELECT id, source FROM articles")
