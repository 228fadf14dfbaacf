"""Topics of Amazon SNS, from which events of SES come: each asks once whether we want what it sends."""

from __future__ import annotations

import logging
from datetime import timedelta

from ..bounces import provider_events
from ..bounces.provider_events import StoredEvent
from ..bounces.providers import sns
from ..bounces.providers.event import BadSignature
from ..storage.database import Database
from .event_outcome import EventOutcome, set_aside
from .gather import Clock

log = logging.getLogger("distributor.mail")

_CONFIRM_FOR = timedelta(hours=1)  # how long it is tried to confirm a topic
_CONFIRM_TIMEOUT, _CONFIRM_OCTETS = 10.0, 32_000


async def confirm_topic(database: Database, event: StoredEvent, message: sns.SnsMessage, clock: Clock) -> EventOutcome:
    """Say that we want what a topic of ours sends; its signature was checked before it was stored."""
    import aiohttp  # large, and few newsrooms have topics there

    try:
        url = message.confirmation_url()
    except BadSignature as error:
        return await set_aside(database, event, str(error), clock())
    try:
        await fetch_confirmation(url)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        why = f"{message.topic} could not be confirmed: {error or type(error).__name__}"
        if clock() - event.received_at < _CONFIRM_FOR:
            await database.write_in_thread(provider_events.postpone, event.id, why, clock())
            return EventOutcome(alarm=f"{why}; tried again")
        return await set_aside(database, event, f"{why}; confirm it by hand: {url}", clock())
    await database.write_in_thread(provider_events.finish, event.id, f"{message.topic} is confirmed", clock())
    log.info("ses: the subscription of %s is confirmed", message.topic)
    return EventOutcome(("confirmed",))


async def fetch_confirmation(url: str) -> None:
    """Call an address of Amazon. Raises OSError, TimeoutError and aiohttp's errors."""
    from ..http import open_session

    async with (
        open_session(user_agent="Distributor", total=_CONFIRM_TIMEOUT, octets=_CONFIRM_OCTETS, reuse=False) as session,
        session.get(url, allow_redirects=False) as response,
    ):
        await response.read()
        if response.status != 200:
            raise OSError(f"HTTP {response.status}")
