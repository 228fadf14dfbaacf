"""Tables of gathering: what servers gave us to ask for changes, when each source is gathered next, hosts to leave alone."""

from __future__ import annotations

from sqlalchemy import Integer, String, Table, Text

from .columns import column, metadata
from .rows import UTC_TIME

# Validators that servers gave us for conditional requests, and the hash of the answer that they came with; stored together
# with the articles of the same gathering, at `stored`.
http_validators = Table(
    "http_validators", metadata,
    column("source", String(40), primary_key=True), column("url", String(2000), primary_key=True),
    column("etag", Text, default=""), column("last_modified", Text, default=""),
    column("digest", String(64), default="", server_default=""), column("stored", UTC_TIME),
)  # fmt: skip

# When each source is gathered next. Who begins raises `turn` and claims it until `claimed_until`, so that of several
# processes one gathers. `asked` is when that was last, `asked_with` and `read_with` what its settings and its reader were
# then, and when its articles were last stored; `changed` when it last brought anything; the others what its feed asks for.
gather_plans = Table(
    "gather_plans",
    metadata,
    column("name", String(40), primary_key=True),
    column("due", UTC_TIME, nullable=True),
    column("claimed_until", UTC_TIME, nullable=True),
    column("turn", Integer, default=0, server_default="0"),
    column("asked", UTC_TIME),
    column("changed", UTC_TIME),
    column("asked_with", String(64), default="", server_default=""),
    column("read_with", String(64), default="", server_default=""),
    column("fresh_for", Integer, default=0, server_default="0"),
    column("skip_hours", Integer, default=0, server_default="0"),
    column("skip_days", Integer, default=0, server_default="0"),
)

# Servers that have asked to be left alone for a while, each by its host and port.
host_backoff = Table("host_backoff", metadata, column("host", String(300), primary_key=True), column("until", UTC_TIME))
