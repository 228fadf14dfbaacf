"""What became of one stored request of an email provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..bounces import provider_events
from ..bounces.provider_events import StoredEvent
from ..storage.database import Database


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What one request has brought."""

    results: tuple[str, ...] = ()
    alarm: str = ""


async def set_aside(database: Database, event: StoredEvent, why: str, now: datetime) -> EventOutcome:
    """Leave a request to staff, with the reason."""
    await database.write_in_thread(provider_events.set_aside, event.id, why, now)
    return EventOutcome(alarm=f"{why} (`distributor bounces --set-aside` shows it)")
