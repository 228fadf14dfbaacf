"""What each source tells of a story, beside what is put together from it; and dates that are not believed."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "article_tellings",
        sa.Column("article_id", sa.String(16), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_tellings_article_id")),
        sa.PrimaryKeyConstraint("article_id", "source", name=op.f("pk_article_tellings")),
    )
    # Until now an article was what its first source had told; others tell their part again at the next look.
    op.execute(
        "INSERT INTO article_tellings (article_id, source, lead, content) SELECT id, source, false, content FROM articles"
    )
    op.add_column("articles", sa.Column("doubtful_date", UtcTime(), nullable=True))
