"""Working what providers have reported: each event is traced to its delivery, and what follows from it is done.

    stored request ──read──▶ events ──token──▶ delivery ──decide──▶ bounces ──▶ suppressions
                     (pure)                              (pure)  └▶ unsubscribed

An event counts only if it repeats the token of one of our deliveries, in the field that this provider repeats. What it means
for the address is decided by the words of the recipient's server and by the provider's own class: the milder one counts.
What a provider has not even tried says nothing of the address.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ..bounces import provider_events as repository
from ..bounces import suppressions
from ..bounces.provider_events import StoredEvent
from ..bounces.providers import brevo, mailgun, postmark, sendgrid, ses, sns
from ..bounces.providers.event import ProviderEvent, ProviderEventKind, UnreadableEvent
from ..bounces.providers.severity import bounce_type, describe, is_not_tried, is_same_address
from ..delivery import outbox, queries
from ..editions import repository as edition_repository
from ..errors import ClockError, DistributorError, StartFailed, UserError
from ..mail import verp
from ..mail.address import normalize
from ..model import Bounce
from ..newsroom import Newsroom
from ..storage.database import Database
from ..subscribers import opt_outs
from ..subscribers import repository as subscriber_repository
from .bounces import process_report
from .deliver import check_may_send
from .event_outcome import EventOutcome, set_aside
from .gather import Clock
from .leaving import LeaveRequest, leave_all
from .sns_topics import confirm_topic

log = logging.getLogger("distributor.mail")

MESSAGES = "smtp"  # the hook that takes returned emails as they came
_BATCH = 50
_PIECE = 50  # events in one transaction
_READERS: Mapping[str, Callable[[bytes], Iterator[ProviderEvent]]] = {
    "mailgun": mailgun.read,
    "postmark": postmark.read,
    "sendgrid": sendgrid.read,
    "brevo": brevo.read,
}


@dataclass(frozen=True, slots=True)
class WorkedEvents:
    """What became of stored requests: how many were worked, what staff must know of, by provider, and what they did."""

    worked: int = 0
    alarms: tuple[str, ...] = ()
    results: Mapping[str, int] | None = None


async def work_provider_events(
    newsroom: Newsroom, database: Database, clock: Clock, *, stopping: Callable[[], bool] = lambda: False
) -> WorkedEvents:
    """Work all that waits. Nothing in test mode, where an event could be about a copy that staff got. Raises StoreError,
    also for a copy of a store."""
    if newsroom.settings.test_mode:
        return WorkedEvents()
    alarms: list[str] = []
    results: Counter[str] = Counter()
    worked = 0
    waiting = await database.read_in_thread(repository.list_waiting, clock(), _BATCH)
    if waiting:
        await asyncio.to_thread(check_may_send, newsroom, database, clock())
    while waiting and not stopping():
        for event in waiting:
            told = await _work_one(newsroom, database, event, clock)
            worked += 1
            alarms += [f"{event.provider}: {told.alarm}"] if told.alarm else []
            results.update(told.results)
        waiting = await database.read_in_thread(repository.list_waiting, clock(), _BATCH)
    return WorkedEvents(worked, tuple(alarms), results)


async def _work_one(newsroom: Newsroom, database: Database, event: StoredEvent, clock: Clock) -> EventOutcome:
    """One request. What goes wrong with it concerns it alone, except where it is the store, the clock or the machine."""
    try:
        if event.provider == MESSAGES:
            return await asyncio.to_thread(_work_message, newsroom, database, event, clock())
        if event.provider == "ses":
            message = sns.SnsMessage.parse(event.body)
            if message.type == sns.CONFIRMATION:
                return await confirm_topic(database, event, message, clock)
            if message.type == sns.END:
                why = f"the subscription of {message.topic} was ended: no more bounces come from it"
                return await set_aside(database, event, why, clock())
        return await _work_events(newsroom, database, event, clock)
    except UnreadableEvent as error:
        return await set_aside(database, event, str(error), clock())
    except (UserError, ClockError, StartFailed):
        raise
    except DistributorError as error:  # a row that cannot be read, for instance
        return await set_aside(database, event, str(error), clock())
    except Exception as bug:
        log.exception("an event of %s could not be worked", event.provider)
        return await set_aside(database, event, f"{type(bug).__name__}: {bug}", clock())


def _work_message(newsroom: Newsroom, database: Database, event: StoredEvent, now: datetime) -> EventOutcome:
    """A returned email, as from a mailbox. A report that is told twice counts once, whichever way it comes."""
    handled = process_report(newsroom, database, event.body, now)
    results = tuple(
        "nothing" if one.effect is None or one.effect.known else one.effect.bounce.type.value for one in handled
    )
    with database.write() as connection:
        repository.finish(connection, event.id, _summary(results) or "it is no report", now)
    return EventOutcome(results)


# -- events --------------------------------------------------------------------------------------------------------------


async def _work_events(newsroom: Newsroom, database: Database, stored: StoredEvent, clock: Clock) -> EventOutcome:
    """The events of one request and their effects, some at a time: others who write come in between. Where it ends in the
    middle, all are worked again, and those that were done are known. Raises UnreadableEvent."""
    events = await asyncio.to_thread(_read_events, stored)
    pieces = [events[start : start + _PIECE] for start in range(0, len(events), _PIECE)]
    results: tuple[str, ...] = ()
    for piece in pieces:
        results += await database.write_in_thread(_work_piece, newsroom, stored, piece, clock())
    await database.write_in_thread(_finish, stored, results, clock())
    return EventOutcome(results)


def _work_piece(
    connection: Connection, newsroom: Newsroom, stored: StoredEvent, piece: Sequence[ProviderEvent], now: datetime
) -> tuple[str, ...]:
    """What was done; nothing where somebody else has worked the request meanwhile."""
    if not repository.is_waiting(connection, stored.id):
        return ()
    return tuple(_apply(connection, newsroom, stored, one, now) for one in piece)


def _finish(connection: Connection, stored: StoredEvent, results: tuple[str, ...], now: datetime) -> None:
    if repository.is_waiting(connection, stored.id):
        repository.finish(connection, stored.id, _summary(results) or "it holds no event", now)


def _read_events(event: StoredEvent) -> list[ProviderEvent]:
    """Raises UnreadableEvent."""
    if event.provider == "ses":
        text = sns.SnsMessage.parse(event.body).fields.get("Message", "")
        if text.startswith("Successfully validated SNS topic"):  # the first one that Amazon sends, no JSON
            return []
        return list(ses.read(text))
    if event.provider not in _READERS:
        raise UnreadableEvent("there is no such provider")
    return list(_READERS[event.provider](event.body))


def _apply(connection: Connection, newsroom: Newsroom, stored: StoredEvent, event: ProviderEvent, now: datetime) -> str:
    """Do what one event says; what was done, in a word."""
    if event.kind is ProviderEventKind.OTHER:
        return "nothing"
    number = verp.read(newsroom.secrets(), event.echo)
    sent = _find_email(connection, number) if number else None
    if sent is None or not sent.address:
        return "not ours"
    if (
        event.address
        and not is_same_address(event.address, sent.address)
        and event.kind is not ProviderEventKind.BOUNCE
    ):
        return "of another address"  # to which the recipient's own leads: it is not theirs to say
    if event.kind is ProviderEventKind.UNSUBSCRIBED:
        return _unsubscribe(newsroom, connection, stored, event, sent, now)
    bounce = Bounce(
        address=sent.address,
        type=bounce_type(event, sent.address),
        at=now,
        status=event.status,
        text=describe(stored.provider, event),
        via=stored.provider,
        delivery_id=sent.delivery,
        edition_id=sent.edition,
    )
    (effect,) = suppressions.record_bounces(connection, [bounce], now, newsroom.settings.bounce_guard)
    return "known" if effect.known else "held by provider" if is_not_tried(event) else bounce.type.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Email:
    """An email that a token names, of an edition or a transactional one. `recipient` is a subscriber's id, empty where there
    was none; `newsletter` is empty where it is about all of them."""

    address: str
    recipient: str
    newsletter: str
    edition: str = ""
    delivery: int | None = None


def _find_email(connection: Connection, number: int) -> _Email | None:
    message = outbox.find_by_number(connection, number)
    if message:
        return _Email(address=message.address, recipient=message.recipient, newsletter=message.newsletter)
    row = queries.find_delivery(connection, number)
    edition = edition_repository.find_row(connection, row.edition) if row else None
    if row is None or edition is None:
        return None
    return _Email(
        address=row.address,
        recipient=row.recipient,
        newsletter=edition.newsletter,
        edition=row.edition,
        delivery=row.id,
    )


def _unsubscribe(
    newsroom: Newsroom, connection: Connection, stored: StoredEvent, event: ProviderEvent, sent: _Email, now: datetime
) -> str:
    """Somebody has left on a page of the provider: what that email was about, unless they came back since. The page has said
    goodbye, and the provider carries nothing more to them."""
    person = subscriber_repository.find_by_ids(connection, [sent.recipient]).get(sent.recipient)
    if person is None:
        return "not ours"
    everything = subscriber_repository.subscribed_since(connection, person.id)
    since = [at for name, at in everything.items() if sent.newsletter in (name, opt_outs.ALL_NEWSLETTERS)]
    at = min(event.at or stored.received_at, stored.received_at)
    if since and max(since) > at:
        return "subscribed again since"
    left = opt_outs.find_by_key(connection, normalize(person.address))
    if not since and opt_outs.find_blocking(left, sent.newsletter):
        return "known"
    request = LeaveRequest(
        subscriber=person.id,
        newsletter=sent.newsletter,
        received_at=at,
        via="provider",
        reason=stored.provider,
        goodbye=False,
    )
    leave_all(newsroom, connection, [request], now)
    return "unsubscribed"


def _summary(results: tuple[str, ...]) -> str:
    return ", ".join(f"{count} {word}" if count > 1 else word for word, count in Counter(results).items())
