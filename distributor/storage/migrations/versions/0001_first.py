"""The first tables: sources, articles, editions, deliveries, subscribers, bounces, and what the store knows of itself."""

import sqlalchemy as sa
from alembic import op

from distributor.storage.migrations.first_channel_tables import create_channel_tables
from distributor.storage.migrations.first_deliveries import create_deliveries
from distributor.storage.migrations.first_host_tables import create_host_tables
from distributor.storage.migrations.first_web_tables import create_web_tables
from distributor.storage.rows import UtcTime
from distributor.storage.task_tables import create_task_tables

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # a rowid of SQLite


def upgrade() -> None:
    _sources()
    _articles()
    _article_details()
    _editions()
    _edition_details()
    _newsletters()
    _shards()
    create_deliveries()
    create_channel_tables()
    _subscribers()
    _bounces()
    _bounce_counts()
    _store()
    create_web_tables()
    create_host_tables()
    if op.get_bind().dialect.name == "postgresql":
        create_task_tables(op.get_bind())


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("first_read", UtcTime(), nullable=True),
        sa.Column("last_read", UtcTime(), nullable=True),
        sa.Column("last_good", UtcTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("fault_since", UtcTime(), nullable=True),
        sa.Column("last_count", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_table(
        "http_validators",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("stored", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "url", name=op.f("pk_http_validators")),
    )
    op.create_table(
        "gather_plans",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("due", UtcTime(), nullable=True),
        sa.Column("claimed_until", UtcTime(), nullable=True),
        sa.Column("turn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked", UtcTime(), nullable=False),
        sa.Column("changed", UtcTime(), nullable=False),
        sa.Column("asked_with", sa.String(length=64), server_default="", nullable=False),
        sa.Column("read_with", sa.String(length=64), server_default="", nullable=False),
        sa.Column("fresh_for", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skip_hours", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skip_days", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_gather_plans")),
    )
    op.create_table(
        "host_backoff",
        sa.Column("host", sa.String(length=300), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_backoff")),
    )


def _articles() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("feed_id", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("published", UtcTime(), nullable=False),
        sa.Column("first_seen", UtcTime(), nullable=False),
        sa.Column("has_date", sa.Boolean(), nullable=False),
        sa.Column("doubtful_date", UtcTime(), nullable=True),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("feed_id", name=op.f("uq_articles_feed_id")),
    )
    op.create_index(op.f("ix_articles_first_seen"), "articles", ["first_seen"], unique=False)
    op.create_index(op.f("ix_articles_published"), "articles", ["published"], unique=False)
    op.create_table(
        "article_keys",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_keys_article_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_article_keys")),
    )
    op.create_index(op.f("ix_article_keys_article_id"), "article_keys", ["article_id"], unique=False)
    op.create_table(
        "ambiguous_keys",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ambiguous_keys")),
    )


def _article_details() -> None:
    op.create_table(
        "article_origins",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_origins_article_id")),
        sa.PrimaryKeyConstraint("article_id", "source", name=op.f("pk_article_origins")),
    )
    op.create_table(
        "article_source_versions",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_source_versions_article_id")),
        sa.PrimaryKeyConstraint("article_id", "source", name=op.f("pk_article_source_versions")),
    )
    op.create_table(
        "article_flags",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("flag", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_flags_article_id")),
        sa.PrimaryKeyConstraint("article_id", "flag", name=op.f("pk_article_flags")),
    )
    op.create_table(
        "article_versions",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen", UtcTime(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_article_versions_article_id")),
        sa.PrimaryKeyConstraint("article_id", "version", name=op.f("pk_article_versions")),
    )


def _editions() -> None:
    op.create_table(
        "editions",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("frozen_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("released_at", UtcTime(), nullable=True),
        sa.Column("paused_at", UtcTime(), nullable=True),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("pruned_at", UtcTime(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("newsletter", "kind", "number", name=op.f("uq_editions_newsletter_kind_number")),
        sa.UniqueConstraint("newsletter", "slot", name=op.f("uq_editions_newsletter_slot")),
    )
    op.create_index(
        op.f("ix_editions_newsletter_kind_frozen_at"), "editions", ["newsletter", "kind", "frozen_at"], unique=False
    )
    op.create_table(
        "slots",
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=60), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("edition_id", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_slots_edition_id")),
        sa.PrimaryKeyConstraint("newsletter", "slot", name=op.f("pk_slots")),
    )
    op.create_index(op.f("ix_slots_decided_at"), "slots", ["decided_at"], unique=False)


def _edition_details() -> None:
    op.create_table(
        "edition_events",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_edition_events_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "seq", name=op.f("pk_edition_events")),
    )
    op.create_table(
        "segments",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("variant", sa.String(length=120), nullable=False),
        sa.Column("articles", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_segments_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "variant", name=op.f("pk_segments")),
    )
    op.create_table(
        "renditions",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("variant", sa.String(length=120), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=8), server_default="post", nullable=False),
        sa.Column("target", sa.String(length=60), server_default="", nullable=False),
        sa.Column("target_variant", sa.String(length=120), server_default="", nullable=False),
        sa.Column("article", sa.String(length=16), server_default="", nullable=False),
        sa.Column("first_channel", sa.String(length=40), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_renditions_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "channel", "variant", name=op.f("pk_renditions")),
    )


def _newsletters() -> None:
    op.create_table(
        "newsletter_since",
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("newsletter", name=op.f("pk_newsletter_since")),
    )
    op.create_table(
        "newsletter_articles",
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("edition_id", sa.String(length=60), nullable=True),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_newsletter_articles_article_id")),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_newsletter_articles_edition_id")),
        sa.PrimaryKeyConstraint("newsletter", "article_id", name=op.f("pk_newsletter_articles")),
    )
    op.create_table(
        "corrections",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_corrections_article_id")),
        sa.PrimaryKeyConstraint("article_id", "seq", name=op.f("pk_corrections")),
    )
    op.create_table(
        "renames",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("old", sa.String(length=40), nullable=False),
        sa.Column("new", sa.String(length=40), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("kind", "old", name=op.f("pk_renames")),
    )


def _shards() -> None:
    op.create_table(
        "shards",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("due", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_shards_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "shard", name=op.f("pk_shards")),
    )
    op.create_index(op.f("ix_shards_channel_due"), "shards", ["channel", "due"], unique=False)
    op.create_index(op.f("ix_shards_due"), "shards", ["due"], unique=False)
    op.create_index(op.f("ix_shards_owner"), "shards", ["owner"], unique=False)


def _subscribers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("topics_key", sa.Text(), server_default="", nullable=False),
        sa.Column("frequency", sa.String(length=8), server_default="each", nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("created", UtcTime(), nullable=False),
        sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscribers_address_key")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("subscriber_id", sa.String(length=32), nullable=False),
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("catch_up_from", UtcTime(), nullable=True),
        sa.Column("catch_up_since", UtcTime(), nullable=True),
        sa.Column("paused_until", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_subscriptions_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "newsletter", name=op.f("pk_subscriptions")),
    )
    op.create_index(
        op.f("ix_subscriptions_newsletter_subscriber_id"),
        "subscriptions",
        ["newsletter", "subscriber_id"],
        unique=False,
    )
    op.create_table(
        "opt_outs",
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("address_key", "newsletter", name=op.f("pk_opt_outs")),
    )


def _bounces() -> None:
    op.create_table(
        "suppressions",
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("type", sa.String(length=12), server_default="staff", nullable=False),
        sa.Column("until", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "bounces",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=12), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("delivery_id", _NUMBER, nullable=True),
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bounces_address_key_at"), "bounces", ["address_key", "at"], unique=False)
    op.create_index(op.f("ix_bounces_at"), "bounces", ["at"], unique=False)
    op.create_index(op.f("ix_bounces_edition_id"), "bounces", ["edition_id"], unique=False)


def _bounce_counts() -> None:
    op.create_table(
        "bounce_counts",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("type", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "type", name=op.f("pk_bounce_counts")),
    )
    op.create_table(
        "bounce_guards",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("hard", sa.Integer(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.Column("held_at", UtcTime(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_bounce_guards")),
    )
    op.create_table(
        "pending_suppressions",
        sa.Column("edition_id", sa.String(length=60), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "address_key", name=op.f("pk_pending_suppressions")),
    )


def _store() -> None:
    op.create_table(
        "instance",
        sa.Column("place", sa.String(length=1000), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_instance")),
    )
    op.create_table(
        "store_identity",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_identity")),
    )
    op.create_table(
        "link_addresses",
        sa.Column("address", sa.String(length=1000), nullable=False),
        sa.Column("first_sent", UtcTime(), nullable=False),
        sa.Column("last_sent", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_link_addresses")),
    )
