"""The tables of subscribers on the web: sign-ups, consents, requests, the outbox, the API. All times are UTC."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from .columns import NUMBER, column, metadata
from .rows import UTC_TIME

# Who has asked on the web to be subscribed: one row for each address, kept for a while after it was confirmed. `wish` is
# what was chosen (topics, frequency, language, name, attributes), `asks` which newsletters, each with the text that was
# agreed to; `emailed` when its owner was asked to confirm. See subscribers/signups.
signups = Table(
    "signups", metadata,
    column("id", String(32), primary_key=True), column("address_key", Text, unique=True), column("address", Text),
    column("wish", JSON), column("asks", JSON), column("asked_at", UTC_TIME),
    column("expires_at", UTC_TIME, index=True), column("emailed", JSON),
    column("reminded_at", UTC_TIME, nullable=True), column("confirmed_at", UTC_TIME, nullable=True),
)  # fmt: skip

# Addresses that nobody may sign up before `until`, because whoever has them did not ask; and those that were erased. The
# address itself is not kept, only a keyed hash of it (subscribers/address_hash).
refused_signups = Table(
    "refused_signups", metadata,
    column("address_hash", String(64), primary_key=True), column("at", UTC_TIME), column("until", UTC_TIME),
)  # fmt: skip
erased_addresses = Table(
    "erased_addresses", metadata,
    column("address_hash", String(64), primary_key=True), column("at", UTC_TIME), column("via", String(20)),
)  # fmt: skip

# Proof of each consent: the text that was agreed to, when, for what, and where. It goes when the subscriber is erased.
consents = Table(
    "consents", metadata,
    column("id", NUMBER, primary_key=True),
    column("subscriber_id", String(32), ForeignKey("subscribers.id", ondelete="CASCADE"), index=True),
    column("newsletter", String(40)), column("purposes", JSON), column("language", String(8)),
    column("text_sha256", String(64)), column("text", Text), column("via", String(20)),
    column("url", Text, default=""), column("client_address", Text, default=""),
    column("asked_at", UTC_TIME), column("confirmed_at", UTC_TIME, nullable=True),
)  # fmt: skip

# New addresses that subscribers have asked for; one that was confirmed is kept until its link ends, which says so.
address_changes = Table(
    "address_changes", metadata,
    column("subscriber_id", String(32), ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    column("id", String(32), unique=True), column("address", Text), column("asked_at", UTC_TIME),
    column("expires_at", UTC_TIME), column("done_at", UTC_TIME, nullable=True),
)  # fmt: skip

# What persons have asked about their data, with the time until which the law wants an answer.
data_requests = Table(
    "data_requests", metadata,
    column("id", NUMBER, primary_key=True), column("subscriber_id", String(32), default=""),
    column("address", Text, default=""), column("kind", String(12)), column("via", String(20)),
    column("asked_at", UTC_TIME), column("due_at", UTC_TIME), column("done_at", UTC_TIME, nullable=True),
    column("actor", String(200), default=""), column("note", Text, default=""),
)  # fmt: skip

# What waits to be sent outside of any edition: transactional emails (confirmation, welcome, goodbye, links, data) and
# events for webhook channels. `dedupe_key` makes a message once. Its states are those of delivery/outbox. A number is never
# given again: it stands in the address that bounces of the message come back to.
outbox = Table(
    "outbox", metadata,
    column("id", NUMBER, primary_key=True), column("dedupe_key", String(200), unique=True),
    column("channel", String(40)), column("kind", String(40)), column("newsletter", String(40), default=""),
    column("recipient", String(32), default=""), column("address", Text, default=""),
    column("name", Text, default=""), column("media_type", String(120)), column("title", Text, default=""),
    column("body", LargeBinary), column("state", String(12)), column("attempts", Integer, default=0),
    column("crash_count", Integer, default=0), column("created", UTC_TIME), column("due", UTC_TIME, nullable=True),
    column("expires_at", UTC_TIME),
    column("owner", String(200), default=""), column("updated", UTC_TIME), column("reply", Text, default=""),
    Index(None, "state", "due"), Index(None, "recipient"), sqlite_autoincrement=True,
)  # fmt: skip

# How often something was done lately: sign-ups from a network, requests of a token. One row for each key and window.
attempt_counts = Table(
    "attempt_counts", metadata,
    column("key", String(200), primary_key=True), column("window_start", UTC_TIME, primary_key=True),
    column("count", Integer), column("until", UTC_TIME, index=True),
)  # fmt: skip

# Tokens of the API. Only a hash of each is kept. `bound_to` are the newsletters it may see and change, all if empty,
# under the names that they had when it was made.
api_tokens = Table(
    "api_tokens", metadata,
    column("id", String(16), primary_key=True), column("name", String(200)), column("sha256", String(64), unique=True),
    column("scopes", JSON), column("bound_to", JSON), column("created", UTC_TIME), column("actor", String(200)),
    column("expires_at", UTC_TIME, nullable=True), column("last_used", UTC_TIME, nullable=True),
    column("revoked_at", UTC_TIME, nullable=True),
)  # fmt: skip

# Answers to requests that carried an Idempotency-Key: the same request gets the same answer for a day.
idempotent_answers = Table(
    "idempotent_answers", metadata,
    column("token_id", String(16), primary_key=True), column("key", String(200), primary_key=True),
    column("request_sha256", String(64)), column("status", Integer), column("body", LargeBinary),
    column("at", UTC_TIME, index=True),
)  # fmt: skip

# Articles that other programs have pushed, until they are taken in.
pushed_articles = Table(
    "pushed_articles", metadata,
    column("source", String(40), primary_key=True), column("source_id", String(400), primary_key=True),
    column("content", JSON), column("pushed_at", UTC_TIME),
)  # fmt: skip

# What providers have reported, stored as it came and worked later: `waiting -> done | aside`. `event_key` makes a replay
# change nothing. Headers and body go once it is done, as they hold addresses.
provider_events = Table(
    "provider_events", metadata,
    column("id", NUMBER, primary_key=True), column("provider", String(20)), column("event_key", String(200)),
    column("received_at", UTC_TIME, index=True), column("headers", JSON), column("body", LargeBinary),
    column("state", String(12)), column("tried_at", UTC_TIME, nullable=True), column("note", Text, default=""),
    UniqueConstraint("provider", "event_key"), Index(None, "state"),
)  # fmt: skip

# Articles that editions have carried, as they were carried last or as a correction has left them: what the archive lists
# and the search finds. `number` is the row of `article_words` (storage/full_text).
article_search = Table(
    "article_search", metadata,
    column("number", NUMBER, primary_key=True), column("article_id", String(16), unique=True),
    column("title", Text), column("text", Text), column("published", UTC_TIME, index=True), column("has_date", Boolean),
)  # fmt: skip

# The topics of those articles: `slug` is what stands in addresses.
article_topics = Table(
    "article_topics", metadata,
    column("article_id", String(16), primary_key=True),
    column("slug", String(80), primary_key=True), column("topic", Text), Index(None, "slug", "article_id"),
)  # fmt: skip
