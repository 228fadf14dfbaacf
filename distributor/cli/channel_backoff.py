"""What keeps open deliveries waiting, in words: channels that rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .context import CliContext, clock, plural

if TYPE_CHECKING:
    from sqlalchemy import Connection


def channel_backoff_lines(app: CliContext, connection: Connection, editions: Sequence[str] | None = None) -> list[str]:
    """Until when which channel rests, and why, where it owes anything: of these editions, or of all."""
    from ..delivery import channel_state
    from ..delivery.queries import count_open_by_channel

    found = channel_state.list_backoffs(connection, clock())
    counts = count_open_by_channel(connection, list(found), editions) if found else {}
    return [
        f"channel {name} backs off until {app.local(rest.until)} ({rest.reason}): "
        f"{plural(counts[name], 'delivery waits', 'deliveries wait')} for that"
        for name, rest in found.items()
        if counts.get(name)
    ]
