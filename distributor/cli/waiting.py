"""What keeps open deliveries waiting, in words: channels that rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .app import App, clock, plural

if TYPE_CHECKING:
    from sqlalchemy import Connection


def resting_channels(app: App, connection: Connection, editions: Sequence[str] | None = None) -> list[str]:
    """Until when which channel rests, and why, where it owes anything: of these editions, or of all."""
    from ..delivery import rests
    from ..delivery.rows import open_by_channel

    found = rests.resting(connection, clock())
    counts = open_by_channel(connection, list(found), editions) if found else {}
    return [
        f"channel {name} rests until {app.local(rest.until)} ({rest.reason}): "
        f"{plural(counts[name], 'delivery waits', 'deliveries wait')} for that"
        for name, rest in found.items()
        if counts.get(name)
    ]
