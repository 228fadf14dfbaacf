"""Readers' choices, cohorts, review, corrections."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.tables import UtcTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _subscribers()
    _editions()
    _new_tables()
    with op.batch_alter_table("renditions") as batch:
        batch.add_column(sa.Column("action", sa.String(length=8), nullable=False, server_default="post"))
        batch.add_column(sa.Column("target", sa.String(length=60), nullable=False, server_default=""))


def _subscribers() -> None:
    with op.batch_alter_table("subscriptions") as batch:
        batch.add_column(sa.Column("owed_from", UtcTime(), nullable=True))
        batch.add_column(sa.Column("owed_since", UtcTime(), nullable=True))
    with op.batch_alter_table("subscribers") as batch:
        batch.add_column(sa.Column("topics_key", sa.Text(), nullable=False, server_default=""))
        batch.add_column(sa.Column("frequency", sa.String(length=8), nullable=False, server_default="each"))
    table = sa.table("subscribers", sa.column("id"), sa.column("topics", sa.JSON()), sa.column("topics_key"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(table.c.id, table.c.topics)).all():
        if row.topics:
            key = "\n".join(sorted({topic.casefold() for topic in row.topics}))
            connection.execute(sa.update(table).where(table.c.id == row.id).values(topics_key=key))


def _editions() -> None:
    with op.batch_alter_table("editions") as batch:
        batch.add_column(sa.Column("due_at", UtcTime(), nullable=True))
        batch.add_column(sa.Column("released_at", UtcTime(), nullable=True))
    op.execute("UPDATE editions SET due_at = frozen_at, released_at = frozen_at")
    with op.batch_alter_table("editions") as batch:
        batch.alter_column("due_at", existing_type=UtcTime(), nullable=False)
        batch.drop_constraint(op.f("uq_editions_newsletter_number"), type_="unique")
        batch.create_unique_constraint(op.f("uq_editions_newsletter_kind_number"), ["newsletter", "kind", "number"])
        batch.create_index(op.f("ix_editions_newsletter_kind_frozen_at"), ["newsletter", "kind", "frozen_at"])


def _new_tables() -> None:
    op.create_table(
        "edition_events",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_edition_events_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "k", name=op.f("pk_edition_events")),
    )
    op.create_table(
        "cohorts",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("part", sa.String(length=120), nullable=False),
        sa.Column("articles", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_cohorts_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "part", name=op.f("pk_cohorts")),
    )
    op.create_table(
        "corrections",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_corrections_article_id")),
        sa.PrimaryKeyConstraint("article_id", "k", name=op.f("pk_corrections")),
    )
