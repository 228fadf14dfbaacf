"""The web tables of the first migration: sign-ups, the outbox, the API, the search."""

import sqlalchemy as sa
from alembic import op

from ..columns import NUMBER
from ..full_text import create_word_index
from ..rows import UtcTime


def create_web_tables() -> None:
    """Create them, on the connection that Alembic works on."""
    _signups()
    _refused_signups()
    _erased_addresses()
    _consents()
    _address_changes()
    _data_requests()
    _outbox()
    _attempt_counts()
    _api_tokens()
    _idempotent_answers()
    _pushed_articles()
    _provider_events()
    _article_search()
    _article_topics()
    create_word_index(op.get_bind())


def _signups() -> None:
    op.create_table(
        "signups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("emailed", sa.JSON(), nullable=False),
        sa.Column("reminded_at", UtcTime(), nullable=True),
        sa.Column("confirmed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
        sa.UniqueConstraint("address_key", name=op.f("uq_signups_address_key")),
    )
    op.create_index(op.f("ix_signups_expires_at"), "signups", ["expires_at"], unique=False)


def _refused_signups() -> None:
    op.create_table(
        "refused_signups",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_refused_signups")),
    )


def _erased_addresses() -> None:
    op.create_table(
        "erased_addresses",
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_erased_addresses")),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subscriber_id", sa.String(length=32), nullable=False),
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("client_address", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("confirmed_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_consents_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"], unique=False)


def _address_changes() -> None:
    op.create_table(
        "address_changes",
        sa.Column("subscriber_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_address_changes_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("id", name=op.f("uq_address_changes_id")),
    )


def _data_requests() -> None:
    op.create_table(
        "data_requests",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subscriber_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("done_at", UtcTime(), nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("newsletter", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=32), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crash_count", sa.Integer(), nullable=False),
        sa.Column("created", UtcTime(), nullable=False),
        sa.Column("due", UtcTime(), nullable=True),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("updated", UtcTime(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_dedupe_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_recipient"), "outbox", ["recipient"], unique=False)
    op.create_index(op.f("ix_outbox_state_due"), "outbox", ["state", "due"], unique=False)


def _attempt_counts() -> None:
    op.create_table(
        "attempt_counts",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("window_start", UtcTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name=op.f("pk_attempt_counts")),
    )
    op.create_index(op.f("ix_attempt_counts_until"), "attempt_counts", ["until"], unique=False)


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("bound_to", sa.JSON(), nullable=False),
        sa.Column("created", UtcTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("last_used", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_tokens_sha256")),
    )


def _idempotent_answers() -> None:
    op.create_table(
        "idempotent_answers",
        sa.Column("token_id", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_idempotent_answers")),
    )
    op.create_index(op.f("ix_idempotent_answers_at"), "idempotent_answers", ["at"], unique=False)


def _pushed_articles() -> None:
    op.create_table(
        "pushed_articles",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.String(length=400), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("pushed_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_pushed_articles")),
    )


def _provider_events() -> None:
    op.create_table(
        "provider_events",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("event_key", sa.String(length=200), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("tried_at", UtcTime(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("provider", "event_key", name=op.f("uq_provider_events_provider_event_key")),
    )
    op.create_index(op.f("ix_provider_events_received_at"), "provider_events", ["received_at"], unique=False)
    op.create_index(op.f("ix_provider_events_state"), "provider_events", ["state"], unique=False)


def _article_search() -> None:
    op.create_table(
        "article_search",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published", UtcTime(), nullable=False),
        sa.Column("has_date", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_article_search")),
        sa.UniqueConstraint("article_id", name=op.f("uq_article_search_article_id")),
    )
    op.create_index(op.f("ix_article_search_published"), "article_search", ["published"], unique=False)


def _article_topics() -> None:
    op.create_table(
        "article_topics",
        sa.Column("article_id", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "slug", name=op.f("pk_article_topics")),
    )
    op.create_index(op.f("ix_article_topics_slug_article_id"), "article_topics", ["slug", "article_id"], unique=False)
