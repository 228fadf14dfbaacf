"""Every table of the store, in the order of the flow. All times are UTC.

sources ─▶ articles ─▶ newsletter_articles ─▶ editions ─▶ renditions
                          slots ──────────────▶   │    └─▶ shards ─▶ deliveries ◀─ subscribers, suppressions
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from .rows import UTC_TIME

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # a rowid of SQLite


def _column(name: str, kind: Any, *constraints: ForeignKey, **options: Any) -> Column[Any]:
    """A column that must have a value, unless it says otherwise."""
    options.setdefault("nullable", False)
    return Column(name, kind, *constraints, **options)


# How the last gathering of each source ended. `fault` is empty while all is well; a fault is reported once, when it changes.
sources = Table(
    "sources",
    metadata,
    _column("name", String(40), primary_key=True),
    _column("first_read", UTC_TIME, nullable=True),
    _column("last_read", UTC_TIME, nullable=True),
    _column("last_good", UTC_TIME, nullable=True),
    _column("fault", Text, default=""),
    _column("fault_since", UTC_TIME, nullable=True),
    _column("last_count", Integer, default=0, server_default="0"),
)

# Validators that servers gave us for conditional requests; stored together with the articles of the same gathering.
http_validators = Table(
    "http_validators", metadata,
    _column("source", String(40), primary_key=True), _column("url", String(2000), primary_key=True),
    _column("etag", Text, default=""), _column("last_modified", Text, default=""),
)  # fmt: skip

# Servers that have asked to be left alone for a while, each by its host and port.
host_backoff = Table(
    "host_backoff", metadata, _column("host", String(300), primary_key=True), _column("until", UTC_TIME)
)

# The newest version of every article. `content` holds its fields as JSON, `sha256` is of them. `has_date` is False where
# `published` is the time of the first gathering; `doubtful_date` is the date of its source, where that is not believed.
articles = Table(
    "articles",
    metadata,
    _column("id", String(16), primary_key=True),
    _column("feed_id", String(200), unique=True),
    _column("source", String(40)),
    _column("title", Text),
    _column("url", Text),
    _column("published", UTC_TIME),
    _column("first_seen", UTC_TIME),
    _column("has_date", Boolean),
    _column("doubtful_date", UTC_TIME, nullable=True),
    _column("backlog", Boolean),
    _column("version", Integer),
    _column("content", JSON),
    _column("sha256", String(64)),
    Index(None, "published"),
    Index(None, "first_seen"),
)

# Every key under which an article is known; any one of them recognises it.
article_keys = Table(
    "article_keys",
    metadata,
    _column("key", String(400), primary_key=True),
    _column("article_id", String(16), ForeignKey("articles.id"), index=True),
)

# Ids and addresses that several articles of one gathering had in common: they recognise none.
ambiguous_keys = Table(
    "ambiguous_keys", metadata,
    _column("key", String(400), primary_key=True), _column("since", UTC_TIME),
)  # fmt: skip

# Every source that has published an article.
article_origins = Table(
    "article_origins",
    metadata,
    _column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    _column("source", String(40), primary_key=True),
)

# The last version of an article from each source; the article is merged from them. `lead`: the source is preferred.
article_source_versions = Table(
    "article_source_versions", metadata,
    _column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    _column("source", String(40), primary_key=True), _column("lead", Boolean), _column("content", JSON),
)  # fmt: skip

# What staff or a guard say of an article: held, pinned, withdrawn; with who said it, when and why.
article_flags = Table(
    "article_flags",
    metadata,
    _column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    _column("flag", String(12), primary_key=True),
    _column("reason", Text),
    _column("actor", String(200)),
    _column("since", UTC_TIME),
)

article_versions = Table(
    "article_versions",
    metadata,
    _column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    _column("version", Integer, primary_key=True),
    _column("seen", UTC_TIME),
    _column("content", JSON),
    _column("sha256", String(64)),
)

editions = Table(
    "editions",
    metadata,
    _column("id", String(60), primary_key=True),
    _column("newsletter", String(40)),
    _column("slot", String(60)),
    _column("number", Integer),
    _column("kind", String(20)),
    _column("state", String(20)),
    _column("subject", Text),
    _column("language", String(8)),
    _column("frozen_at", UTC_TIME),
    _column("expires_at", UTC_TIME),
    _column("due_at", UTC_TIME),
    _column("released_at", UTC_TIME, nullable=True),
    _column("paused_at", UTC_TIME, nullable=True),
    _column("done_at", UTC_TIME, nullable=True),
    _column("content", Text),
    _column("sha256", String(64)),
    UniqueConstraint("newsletter", "slot"),
    UniqueConstraint("newsletter", "kind", "number"),
    Index(None, "newsletter", "kind", "frozen_at"),
)

# What happened to an edition, by whom: frozen, approved, held, released, cancelled.
edition_events = Table(
    "edition_events",
    metadata,
    _column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    _column("seq", Integer, primary_key=True),
    _column("at", UTC_TIME),
    _column("event", String(20)),
    _column("actor", String(200)),
    _column("reason", Text, default=""),
)

# The subscribers of an edition who get the same email: which articles it holds, and how many they are.
segments = Table(
    "segments",
    metadata,
    _column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    _column("variant", String(120), primary_key=True),
    _column("articles", JSON),
    _column("size", Integer),
)

# What was wrong with a published article, in words for readers. `version` is that of the article when it was decided.
corrections = Table(
    "corrections",
    metadata,
    _column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    _column("seq", Integer, primary_key=True),
    _column("version", Integer, default=0, server_default="0"),
    _column("kind", String(12)),
    _column("note", Text),
    _column("actor", String(200)),
    _column("at", UTC_TIME),
)

# Who decided a slot, when, and what came of it. The primary key is what makes one edition per slot.
slots = Table(
    "slots",
    metadata,
    _column("newsletter", String(40), primary_key=True),
    _column("slot", String(60), primary_key=True),
    _column("decided_at", UTC_TIME),
    _column("decided_by", String(200)),
    _column("outcome", Text),
    _column("edition_id", String(60), ForeignKey("editions.id"), nullable=True),
    Index(None, "decided_at"),
)

# Since when the service plans a newsletter: earlier slots are not decided.
newsletter_since = Table(
    "newsletter_since", metadata,
    _column("newsletter", String(40), primary_key=True), _column("since", UTC_TIME),
)  # fmt: skip

# The item ledger: what became of an article in a newsletter, once and for all.
newsletter_articles = Table(
    "newsletter_articles",
    metadata,
    _column("newsletter", String(40), primary_key=True),
    _column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    _column("state", String(20)),
    _column("edition_id", String(60), ForeignKey("editions.id"), nullable=True),
    _column("decided_at", UTC_TIME),
    _column("reason", Text, default=""),
)

renditions = Table(
    "renditions",
    metadata,
    _column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    _column("channel", String(40), primary_key=True),
    _column("variant", String(120), primary_key=True),
    _column("title", Text),
    _column("media_type", String(120)),
    _column("action", String(8), default="post", server_default="post"),
    _column("target", String(60), default="", server_default=""),
    _column("target_variant", String(120), default="", server_default=""),
    _column("article", String(16), default="", server_default=""),
    _column("first_channel", String(40), default="", server_default=""),
    _column("body", LargeBinary),
    _column("sha256", String(64)),
)

# A piece of an edition's work, worked on by one owner at a time. Each taking raises `fence`, so that a late owner's
# writes can be told from the present one's. `due` is when there is something to do in it; without it there is nothing.
shards = Table(
    "shards",
    metadata,
    _column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    _column("shard", Integer, primary_key=True),
    _column("channel", String(40)),
    _column("fence", Integer, default=0),
    _column("owner", String(200), default=""),
    _column("lease_until", UTC_TIME, nullable=True),
    _column("due", UTC_TIME, nullable=True),
    Index(None, "channel", "due"),
    Index(None, "owner"),
)

# Channels whose far end has named a time before which it takes nothing. `next_at` is when the next post may leave after
# that: posts are spread for a while.
channel_backoff = Table(
    "channel_backoff",
    metadata,
    _column("channel", String(40), primary_key=True),
    _column("until", UTC_TIME),
    _column("since", UTC_TIME),
    _column("reason", Text),
    _column("next_at", UTC_TIME),
)

# The ledger: one row for each thing that must reach one place or person. `recipient` is a subscriber's id, or empty.
# No index holds a state or a time: each row changes at least twice, and millions of them do.
deliveries = Table(
    "deliveries",
    metadata,
    _column("id", _NUMBER, primary_key=True),
    _column("edition_id", String(60)),
    _column("channel", String(40)),
    _column("recipient", String(32)),
    _column("variant", String(120)),
    _column("shard", Integer),
    _column("state", String(12)),
    _column("attempts", Integer, default=0),
    _column("crash_count", Integer, default=0, server_default="0"),
    _column("fence", Integer, default=0),
    _column("due", UTC_TIME, nullable=True),
    _column("updated", UTC_TIME),
    _column("address", Text, default=""),
    _column("reply", Text, default=""),
    _column("remote_id", Text, default=""),
    _column("url", Text, default=""),
    UniqueConstraint("edition_id", "channel", "recipient", "variant"),
    ForeignKeyConstraint(["edition_id", "shard"], ["shards.edition_id", "shards.shard"]),
    Index(None, "edition_id", "shard"),
    Index(None, "recipient"),
)

# Why a channel could carry nothing when it last tried, until it carries something again. Such a failure counts against no
# delivery, so it stands in none.
channel_faults = Table(
    "channel_faults", metadata,
    _column("channel", String(40), primary_key=True), _column("fault", Text), _column("since", UTC_TIME),
    _column("at", UTC_TIME),
)  # fmt: skip

subscribers = Table(
    "subscribers",
    metadata,
    _column("id", String(32), primary_key=True),
    _column("address", Text),
    _column("address_key", Text, unique=True),
    _column("name", Text, default=""),
    _column("language", String(8)),
    _column("topics", JSON),
    _column("topics_key", Text, default="", server_default=""),
    _column("frequency", String(8), default="each", server_default="each"),
    _column("consent", Text, default=""),
    _column("created", UTC_TIME),
)

# Who has asked for which newsletter. Where the next email must reach further back than usual (the subscriber has changed
# the frequency, or an email was left out because of the cap), `catch_up_from` says how far, and `catch_up_since` when that
# was written down: an edition frozen later than that has caught up.
subscriptions = Table(
    "subscriptions",
    metadata,
    _column("subscriber_id", String(32), ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    _column("newsletter", String(40), primary_key=True),
    _column("since", UTC_TIME),
    _column("catch_up_from", UTC_TIME, nullable=True),
    _column("catch_up_since", UTC_TIME, nullable=True),
    Index(None, "newsletter", "subscriber_id"),
)

# Who has left: an address and the newsletter, or all of them where that is empty. It outlives the subscription and the
# subscriber, so that no list that comes in later brings them back. `via` says how they left.
opt_outs = Table(
    "opt_outs", metadata,
    _column("address_key", Text, primary_key=True), _column("newsletter", String(40), primary_key=True),
    _column("at", UTC_TIME), _column("via", String(20)), _column("reason", Text, default="", server_default=""),
)  # fmt: skip

# Addresses that must not be written to, whoever asks, with the reason. `type` says what kind of reason it is; one that
# comes to an end by itself does so at `until`.
suppressions = Table(
    "suppressions", metadata,
    _column("address_key", Text, primary_key=True), _column("reason", Text), _column("since", UTC_TIME),
    _column("type", String(12), default="staff", server_default="staff"),
    _column("until", UTC_TIME, nullable=True),
)  # fmt: skip

# What came back: bounces and complaints, at once or days later. `via` says how we know, `status` is the enhanced code.
bounces = Table(
    "bounces", metadata,
    _column("id", _NUMBER, primary_key=True), _column("address_key", Text), _column("type", String(12)),
    _column("at", UTC_TIME), _column("delivery_id", _NUMBER, nullable=True),
    _column("edition_id", String(60), default=""), _column("status", String(12), default=""),
    _column("text", Text, default=""), _column("via", String(20)), Index(None, "address_key", "at"),
    Index(None, "edition_id"),
)  # fmt: skip

# Names that newsletters and channels had before: links already sent still contain them.
renames = Table(
    "renames", metadata,
    _column("kind", String(12), primary_key=True), _column("old", String(40), primary_key=True),
    _column("new", String(40)), _column("at", UTC_TIME), _column("actor", String(200)),
)  # fmt: skip

# Hard bounces of each edition, counted as they come. Where they are out of all proportion, `held_at` says since when what
# they would suppress waits for staff, and `reason` why; `confirmed`: staff have said that the addresses are dead indeed.
bounce_guards = Table(
    "bounce_guards", metadata,
    _column("edition_id", String(60), primary_key=True),
    _column("hard", Integer), _column("since", UTC_TIME), _column("held_at", UTC_TIME, nullable=True),
    _column("reason", Text, default="", server_default=""), _column("confirmed", Boolean, server_default=false()),
)  # fmt: skip

# Suppressions that wait for staff, by the edition whose bounces they are from.
pending_suppressions = Table(
    "pending_suppressions", metadata,
    _column("edition_id", String(60), primary_key=True), _column("address_key", Text, primary_key=True),
    _column("reason", Text), _column("since", UTC_TIME),
)  # fmt: skip

# Which instance this store belongs to: one row.
instance = Table(
    "instance", metadata,
    _column("place", String(1000), primary_key=True), _column("since", UTC_TIME),
)  # fmt: skip

# Which store this is, and which key signs its links: one row, written before anything is sent. The id stands in a file
# beside the key as well. The fingerprint reveals nothing of the key.
store_identity = Table(
    "store_identity", metadata,
    _column("id", String(32), primary_key=True), _column("key_fingerprint", String(64)), _column("since", UTC_TIME),
)  # fmt: skip
