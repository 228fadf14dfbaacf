"""Tables of what the processes of a newsroom share, on one host or on many."""

from __future__ import annotations

from sqlalchemy import String, Table

from .columns import column, metadata
from .rows import UTC_TIME

# What is done every so often, by whichever process comes first.
recurring_work = Table(
    "recurring_work", metadata, column("name", String(300), primary_key=True), column("begun", UTC_TIME)
)

# Channels that are refused for what only staff can mend, a login for instance: nobody tries before that time, unless it was
# started after `since`, when staff may have mended it.
stopped_channels = Table(
    "stopped_channels",
    metadata,
    column("channel", String(40), primary_key=True),
    column("until", UTC_TIME),
    column("since", UTC_TIME),
)

# By which configuration the newsroom runs: the fingerprint of what `serve` was started with last, on which host and when.
running_config = Table(
    "running_config",
    metadata,
    column("fingerprint", String(64), primary_key=True),
    column("host", String(200)),
    column("since", UTC_TIME),
)
