"""The configuration by which the newsroom runs, as the store knows it: for hosts that share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from .host_tables import running_config


@dataclass(frozen=True, slots=True)
class RunningConfig:
    """The fingerprint of a configuration, and on which host and when `serve` was started with it."""

    fingerprint: str
    host: str
    since: datetime


def load(connection: Connection) -> RunningConfig | None:
    """None where no `serve` has been started yet."""
    row = connection.execute(sa.select(running_config)).first()
    return RunningConfig(row.fingerprint, row.host, row.since) if row else None


def replace(connection: Connection, config: RunningConfig) -> None:
    """Let the newsroom run by this configuration from now on."""
    connection.execute(sa.delete(running_config))
    connection.execute(
        sa.insert(running_config).values(fingerprint=config.fingerprint, host=config.host, since=config.since)
    )
