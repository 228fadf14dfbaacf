"""The tables of the flow, in its order; `web_tables` has those of subscribers on the web. All times are UTC.

sources ─▶ articles ─▶ newsletter_articles ─▶ editions ─▶ renditions
                          slots ──────────────▶   │    └─▶ shards ─▶ deliveries ◀─ subscribers, suppressions
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from .columns import NUMBER, column, metadata
from .rows import UTC_TIME

# How the last gathering of each source ended. `fault` is empty while all is well; a fault is reported once, when it changes.
sources = Table(
    "sources",
    metadata,
    column("name", String(40), primary_key=True),
    column("first_read", UTC_TIME, nullable=True),
    column("last_read", UTC_TIME, nullable=True),
    column("last_good", UTC_TIME, nullable=True),
    column("fault", Text, default=""),
    column("fault_since", UTC_TIME, nullable=True),
    column("last_count", Integer, default=0, server_default="0"),
)

# The newest version of every article. `content` holds its fields as JSON, `sha256` is of them. `has_date` is False where
# `published` is the time of the first gathering; `doubtful_date` is the date of its source, where that is not believed.
articles = Table(
    "articles",
    metadata,
    column("id", String(16), primary_key=True),
    column("feed_id", String(200), unique=True),
    column("source", String(40)),
    column("title", Text),
    column("url", Text),
    column("published", UTC_TIME),
    column("first_seen", UTC_TIME),
    column("has_date", Boolean),
    column("doubtful_date", UTC_TIME, nullable=True),
    column("backlog", Boolean),
    column("version", Integer),
    column("content", JSON),
    column("sha256", String(64)),
    Index(None, "published"),
    Index(None, "first_seen"),
)

# Every key under which an article is known; any one of them recognises it.
article_keys = Table(
    "article_keys",
    metadata,
    column("key", String(400), primary_key=True),
    column("article_id", String(16), ForeignKey("articles.id"), index=True),
)

# Ids and addresses that several articles of one gathering had in common: they recognise none.
ambiguous_keys = Table(
    "ambiguous_keys", metadata,
    column("key", String(400), primary_key=True), column("since", UTC_TIME),
)  # fmt: skip

# Every source that has published an article.
article_origins = Table(
    "article_origins",
    metadata,
    column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    column("source", String(40), primary_key=True),
)

# The last version of an article from each source; the article is merged from them. `lead`: the source is preferred.
article_source_versions = Table(
    "article_source_versions", metadata,
    column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    column("source", String(40), primary_key=True), column("lead", Boolean), column("content", JSON),
)  # fmt: skip

# What staff or a guard say of an article: held, pinned, withdrawn; with who said it, when and why.
article_flags = Table(
    "article_flags",
    metadata,
    column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    column("flag", String(12), primary_key=True),
    column("reason", Text),
    column("actor", String(200)),
    column("since", UTC_TIME),
)

article_versions = Table(
    "article_versions", metadata,
    column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    column("version", Integer, primary_key=True), column("seen", UTC_TIME), column("content", JSON),
    column("sha256", String(64)),
)  # fmt: skip

editions = Table(
    "editions",
    metadata,
    column("id", String(60), primary_key=True),
    column("newsletter", String(40)),
    column("slot", String(60)),
    column("number", Integer),
    column("kind", String(20)),
    column("state", String(20)),
    column("subject", Text),
    column("language", String(8)),
    column("frozen_at", UTC_TIME),
    column("expires_at", UTC_TIME),
    column("due_at", UTC_TIME),
    column("released_at", UTC_TIME, nullable=True),
    column("paused_at", UTC_TIME, nullable=True),
    column("done_at", UTC_TIME, nullable=True),
    column("pruned_at", UTC_TIME, nullable=True),
    column("content", Text),
    column("sha256", String(64)),
    UniqueConstraint("newsletter", "slot"),
    UniqueConstraint("newsletter", "kind", "number"),
    Index(None, "newsletter", "kind", "frozen_at"),
)

# What happened to an edition, by whom: frozen, approved, held, released, cancelled.
edition_events = Table(
    "edition_events",
    metadata,
    column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    column("seq", Integer, primary_key=True),
    column("at", UTC_TIME),
    column("event", String(20)),
    column("actor", String(200)),
    column("reason", Text, default=""),
)

# The subscribers of an edition who get the same email: which articles it holds, and how many they are.
segments = Table(
    "segments",
    metadata,
    column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    column("variant", String(120), primary_key=True),
    column("articles", JSON),
    column("size", Integer),
)

# What was wrong with a published article, in words for readers. `version` is that of the article when it was decided.
corrections = Table(
    "corrections",
    metadata,
    column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    column("seq", Integer, primary_key=True),
    column("version", Integer, default=0, server_default="0"),
    column("kind", String(12)),
    column("note", Text),
    column("actor", String(200)),
    column("at", UTC_TIME),
)

# Who decided a slot, when, and what came of it. The primary key is what makes one edition per slot.
slots = Table(
    "slots",
    metadata,
    column("newsletter", String(40), primary_key=True),
    column("slot", String(60), primary_key=True),
    column("decided_at", UTC_TIME),
    column("decided_by", String(200)),
    column("outcome", Text),
    column("edition_id", String(60), ForeignKey("editions.id"), nullable=True),
    Index(None, "decided_at"),
)

# Since when the service plans a newsletter: earlier slots are not decided.
newsletter_since = Table(
    "newsletter_since", metadata,
    column("newsletter", String(40), primary_key=True), column("since", UTC_TIME),
)  # fmt: skip

# The item ledger: what became of an article in a newsletter, once and for all.
newsletter_articles = Table(
    "newsletter_articles",
    metadata,
    column("newsletter", String(40), primary_key=True),
    column("article_id", String(16), ForeignKey("articles.id"), primary_key=True),
    column("state", String(20)),
    column("edition_id", String(60), ForeignKey("editions.id"), nullable=True),
    column("decided_at", UTC_TIME),
    column("reason", Text, default=""),
)

renditions = Table(
    "renditions",
    metadata,
    column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    column("channel", String(40), primary_key=True),
    column("variant", String(120), primary_key=True),
    column("title", Text),
    column("media_type", String(120)),
    column("action", String(8), default="post", server_default="post"),
    column("target", String(60), default="", server_default=""),
    column("target_variant", String(120), default="", server_default=""),
    column("article", String(16), default="", server_default=""),
    column("first_channel", String(40), default="", server_default=""),
    column("body", LargeBinary),
    column("sha256", String(64)),
)

# A piece of an edition's work, worked on by one owner at a time. Each taking raises `fence`, so that a late owner's
# writes can be told from the present one's. `due` is when there is something to do in it; without it there is nothing.
shards = Table(
    "shards",
    metadata,
    column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    column("shard", Integer, primary_key=True),
    column("channel", String(40)),
    column("fence", Integer, default=0),
    column("owner", String(200), default=""),
    column("lease_until", UTC_TIME, nullable=True),
    column("due", UTC_TIME, nullable=True),
    Index(None, "channel", "due"),
    Index(None, "due"),
    Index(None, "owner"),
)

# Channels whose far end has named a time before which it takes nothing. `next_at` is when the next post may leave after
# that: posts are spread for a while.
channel_backoff = Table(
    "channel_backoff",
    metadata,
    column("channel", String(40), primary_key=True),
    column("until", UTC_TIME),
    column("since", UTC_TIME),
    column("reason", Text),
    column("next_at", UTC_TIME),
)

# When the latest posts of a channel could leave, as seconds since 1970, for limits per time and spacing over all processes.
channel_turns = Table("channel_turns", metadata, column("channel", String(40), primary_key=True), column("taken", JSON))

# What a channel remembers beside its deliveries: a session, a token that is used once. One process at a time renews it:
# `owner`, until `locked_until`. `begun`: a renewal was begun and not finished.
channel_memory = Table(
    "channel_memory",
    metadata,
    column("channel", String(40), primary_key=True),
    column("content", JSON),
    column("owner", String(200), default="", server_default=""),
    column("locked_until", UTC_TIME, nullable=True),
    column("begun", Boolean, default=False, server_default=false()),
    column("updated", UTC_TIME),
)

# The ledger: one row for each thing that must reach one place or person. `recipient` is a subscriber's id, or empty.
# No index holds a state or a time: each row changes at least twice, and millions of them do. On PostgreSQL it is divided
# (storage/partitions).
deliveries = Table(
    "deliveries",
    metadata,
    column("id", NUMBER, primary_key=True),
    column("edition_id", String(60)),
    column("channel", String(40)),
    column("recipient", String(32)),
    column("variant", String(120)),
    column("shard", Integer),
    column("state", String(12)),
    column("attempts", Integer, default=0),
    column("crash_count", Integer, default=0, server_default="0"),
    column("fence", Integer, default=0),
    column("due", UTC_TIME, nullable=True),
    column("updated", UTC_TIME),
    column("address", Text, default=""),
    column("reply", Text, default=""),
    column("remote_id", Text, default=""),
    column("url", Text, default=""),
    UniqueConstraint("edition_id", "channel", "recipient", "variant").ddl_if(dialect="sqlite"),
    ForeignKeyConstraint(["edition_id", "shard"], ["shards.edition_id", "shards.shard"]).ddl_if(dialect="sqlite"),
    Index(None, "edition_id", "shard"),
    Index(None, "recipient"),
)

# The parts of the ledger on PostgreSQL: since when each takes rows, and how many numbers it has given.
delivery_parts = Table(
    "delivery_parts", metadata,
    column("part", Integer, primary_key=True, autoincrement=False), column("since", UTC_TIME), column("taken", NUMBER),
)  # fmt: skip

# What is left of emails whose rows are too old to be kept (delivery/pruning): how many there were.
delivery_counts = Table(
    "delivery_counts", metadata,
    column("edition_id", String(60), ForeignKey("editions.id"), primary_key=True),
    column("channel", String(40), primary_key=True), column("variant", String(120), primary_key=True),
    column("state", String(12), primary_key=True), column("number", Integer),
)  # fmt: skip

# What a delivery has done at the far end on its way to being out: an upload, a container. Without a result it was begun, and
# nobody knows whether it was done.
delivery_steps = Table(
    "delivery_steps",
    metadata,
    column("delivery_id", NUMBER, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    column("name", String(120), primary_key=True),
    column("result", JSON, nullable=True),
    column("begun_at", UTC_TIME),
)

# Why a channel could carry nothing when it last tried, until it carries something again. Such a failure counts against no
# delivery, so it stands in none.
channel_faults = Table(
    "channel_faults", metadata,
    column("channel", String(40), primary_key=True), column("fault", Text), column("since", UTC_TIME),
    column("at", UTC_TIME),
)  # fmt: skip

subscribers = Table(
    "subscribers",
    metadata,
    column("id", String(32), primary_key=True),
    column("address", Text),
    column("address_key", Text, unique=True),
    column("name", Text, default=""),
    column("language", String(8)),
    column("topics", JSON),
    column("topics_key", Text, default="", server_default=""),
    column("frequency", String(8), default="each", server_default="each"),
    column("consent", Text, default=""),
    column("created", UTC_TIME),
    column("attributes", JSON, server_default="{}"),
)

# Who has asked for which newsletter. Where the next email must reach further back than usual (the subscriber has changed
# the frequency, or an email was left out because of the cap), `catch_up_from` says how far, and `catch_up_since` when that
# was written down: an edition frozen later than that has caught up.
subscriptions = Table(
    "subscriptions",
    metadata,
    column("subscriber_id", String(32), ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    column("newsletter", String(40), primary_key=True),
    column("since", UTC_TIME),
    column("catch_up_from", UTC_TIME, nullable=True),
    column("catch_up_since", UTC_TIME, nullable=True),
    column("paused_until", UTC_TIME, nullable=True),
    Index(None, "newsletter", "subscriber_id"),
)

# Who has left: an address and the newsletter, or all of them where that is empty. It outlives the subscription and the
# subscriber, so that no list that comes in later brings them back. `via` says how they left.
opt_outs = Table(
    "opt_outs", metadata,
    column("address_key", Text, primary_key=True), column("newsletter", String(40), primary_key=True),
    column("at", UTC_TIME), column("via", String(20)), column("reason", Text, default="", server_default=""),
)  # fmt: skip

# Addresses that must not be written to, whoever asks, with the reason. `type` says what kind of reason it is; one that
# comes to an end by itself does so at `until`.
suppressions = Table(
    "suppressions", metadata,
    column("address_key", Text, primary_key=True), column("reason", Text), column("since", UTC_TIME),
    column("type", String(12), default="staff", server_default="staff"),
    column("until", UTC_TIME, nullable=True),
)  # fmt: skip

# What came back: bounces and complaints, at once or days later. `via` says how we know, `status` is the enhanced code. A
# number is never given again: other programs are told of a bounce once, by its number.
bounces = Table(
    "bounces", metadata,
    column("id", NUMBER, primary_key=True), column("address_key", Text), column("type", String(12)),
    column("at", UTC_TIME), column("delivery_id", NUMBER, nullable=True),
    column("edition_id", String(60), default=""), column("status", String(12), default=""),
    column("text", Text, default=""), column("via", String(20)), Index(None, "address_key", "at"),
    Index(None, "edition_id"), Index(None, "at"), sqlite_autoincrement=True,
)  # fmt: skip

# What is left of bounces that are too old to be kept: how many each edition had.
bounce_counts = Table(
    "bounce_counts", metadata,
    column("edition_id", String(60), primary_key=True), column("type", String(12), primary_key=True),
    column("number", Integer),
)  # fmt: skip

# Names that newsletters and channels had before: links already sent still contain them.
renames = Table(
    "renames", metadata,
    column("kind", String(12), primary_key=True), column("old", String(40), primary_key=True),
    column("new", String(40)), column("at", UTC_TIME), column("actor", String(200)),
)  # fmt: skip

# Hard bounces of each edition, counted as they come. Where they are out of all proportion, `held_at` says since when what
# they would suppress waits for staff, and `reason` why; `confirmed`: staff have said that the addresses are dead indeed.
bounce_guards = Table(
    "bounce_guards", metadata,
    column("edition_id", String(60), primary_key=True),
    column("hard", Integer), column("since", UTC_TIME), column("held_at", UTC_TIME, nullable=True),
    column("reason", Text, default="", server_default=""), column("confirmed", Boolean, server_default=false()),
)  # fmt: skip

# Suppressions that wait for staff, by the edition whose bounces they are from.
pending_suppressions = Table(
    "pending_suppressions", metadata,
    column("edition_id", String(60), primary_key=True), column("address_key", Text, primary_key=True),
    column("reason", Text), column("since", UTC_TIME),
)  # fmt: skip

# Which instance this store belongs to: one row.
instance = Table(
    "instance", metadata,
    column("place", String(1000), primary_key=True), column("since", UTC_TIME),
)  # fmt: skip

# Which store this is, and which key signs its links: one row, written before anything is sent. The id stands in a file
# beside the key as well. The fingerprint reveals nothing of the key.
store_identity = Table(
    "store_identity", metadata,
    column("id", String(32), primary_key=True), column("key_fingerprint", String(64)), column("since", UTC_TIME),
)  # fmt: skip

# The addresses below which links of subscribers have lain in emails that were sent, from the first to the last of them.
link_addresses = Table(
    "link_addresses", metadata,
    column("address", String(1000), primary_key=True), column("first_sent", UTC_TIME), column("last_sent", UTC_TIME),
)  # fmt: skip

# What staff are told of while it lasts, and what they were told of. `open_key` is what it is told once for, none once it is
# over. `told` counts its messages, `messages` are their keys in the outbox since it was last told anew.
staff_alerts = Table(
    "staff_alerts", metadata,
    column("id", NUMBER, primary_key=True), column("open_key", String(200), nullable=True, unique=True),
    column("kind", String(20)), column("subject", Text), column("what", Text), column("host", String(255), default=""),
    column("about", String(40), default=""), column("since", UTC_TIME), column("seen_at", UTC_TIME),
    column("told", Integer, default=0), column("told_at", UTC_TIME, nullable=True),
    column("first_told_at", UTC_TIME, nullable=True), column("messages", JSON),
    column("ended_at", UTC_TIME, nullable=True, index=True),
)  # fmt: skip
