"""What staff and guards say of articles."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "article_marks",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("mark", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_marks_article_id")),
        sa.PrimaryKeyConstraint("article_id", "mark", name=op.f("pk_article_marks")),
    )
