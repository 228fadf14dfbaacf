"""Tables of what the processes of a newsroom share, on one host or on many."""

from __future__ import annotations

from sqlalchemy import JSON, Float, String, Table

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

# Rates of sending, shared by all processes: for each channel a row for each server (its name) and each domain of recipients
# (`@domain`), see `rate_leases`. A domain that asked for a pause gets nothing before `not_before`, in seconds since 1970;
# `pause` is how many seconds it was long.
send_rates = Table(
    "send_rates",
    metadata,
    column("channel", String(40), primary_key=True),
    column("key", String(600), primary_key=True),
    column("state", JSON),
    column("not_before", Float, default=0.0, server_default="0"),
    column("pause", Float, default=0.0, server_default="0"),
)
