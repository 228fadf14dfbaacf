"""Sending the outbox: transactional emails, rendered at sending, and events for other programs.

    outbox ──claim──▶ message ──render──▶ rendition ──mark──▶ channel ──outcome──▶ outbox

Some lanes for each channel work side by side, each on one message at a time: a server that is slow with one holds up a lane,
and a template or an address that is wrong concerns its own message only.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ..bounces import suppressions
from ..bounces.classify import bounce_from_outcome
from ..channel import Channel
from ..config.web import Attribute
from ..delivery import outbox
from ..delivery.attempts import open_outside_attempt
from ..delivery.lease import new_owner
from ..delivery.ledger import Ledger
from ..delivery.outbox import OutboxRow
from ..delivery.rate_store import RateStore
from ..delivery.retry import Decision, decide_next
from ..errors import AuthBroken, DeliveryError, Rejected, RenderError, StoreError, Unavailable, Uncertain
from ..i18n import Texts
from ..mail import verp
from ..merge_fields import NO_VALUES
from ..message_queue import DeliveryOutcome, MessageBatch, OutgoingMessage, Transport
from ..model import DeliveryState, Language, Receipt, Recipient, Rendition
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel
from ..rendering.globals import RenderSettings
from ..rendering.plain_message import plain_message
from ..rendering.transactional import render_transactional
from ..storage.database import Database
from ..storage.link_addresses import LinkAddressNotes
from ..subscribers import repository
from ..subscribers.merge_values import build_single_recipient, written_attributes
from ..test_mode import mark_test
from .deliver import check_may_send, reaches_people
from .events import EventCollector
from .gather import Clock
from .transactional import may_write

log = logging.getLogger("distributor.outbox")

LANES = 2  # messages of one channel that are sent at the same time
AFTER_FAULT = timedelta(minutes=5)  # how long a message waits whose template fails: staff may mend it
FIRST_REST = 15.0  # seconds in which a channel that has failed is left alone, doubled each time
LONGEST_REST = 300.0


@dataclass
class OutboxReport:
    """What became of messages: how many of each channel ended in each state, and what is wrong, in words."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: dict[str, None] = field(default_factory=dict)

    def sent(self, channel: str) -> int:
        return self.counts[channel, outbox.OutboxState.SENT]


class OutboxSender:
    """Sends what is due, for as long as the process lives: its transports remember how servers behave."""

    def __init__(self, newsroom: Newsroom, database: Database, clock: Clock, stop: asyncio.Event) -> None:
        self.newsroom = newsroom
        self.database = database
        self.clock = clock
        self.stop = stop
        self.owner = new_owner()
        newsroom.secret()  # made where there is none
        self._link_notes = LinkAddressNotes(database, newsroom.settings.links_url)
        self._rates = RateStore(database, Ledger(database).tried, clock)
        self._transports: dict[tuple[str, int], Transport] = {}
        self._rests: dict[str, tuple[float, float]] = {}  # by channel: until when, and for how long it was

    async def list_due(self) -> list[str]:
        """The channels with something to do now that are not being left alone."""
        due = await self.database.read_in_thread(outbox.list_due_channels, self.clock())
        time = asyncio.get_running_loop().time()
        return [name for name in due if name in self.newsroom.channels and self._rests.get(name, (0, 0))[0] <= time]

    async def send_channel(self, name: str) -> OutboxReport:
        """Send what is due on one channel. Raises StoreError."""
        report = OutboxReport()
        await asyncio.to_thread(check_may_send, self.newsroom, self.database, self.clock())
        channel = self.newsroom.channels[name]
        await asyncio.gather(*(self._work(channel, lane, report) for lane in range(LANES)))
        return report

    async def _work(self, channel: Channel, lane: int, report: OutboxReport) -> None:
        while not self.stop.is_set():
            row, settled = await self.database.write_in_thread(self._claim, channel.name)
            if settled:
                report.counts[channel.name, settled] += 1
            elif row is None or not await self._send(channel, lane, row, report):
                return

    def _claim(self, connection: Connection, channel: str) -> tuple[OutboxRow | None, str]:
        """The next message; or the state that it has come to without being sent."""
        now = self.clock()
        outbox.recover(connection, now)
        outbox.expire(connection, now)
        row = outbox.claim(connection, channel, self.owner, now)
        decision = _decide_unsent(connection, row) if row and row.is_email else None
        if row is None or decision is None:
            return row, ""
        outbox.settle(connection, row, decision, now, counted=False)
        return row, decision.state

    async def _send(self, channel: Channel, lane: int, row: OutboxRow, report: OutboxReport) -> bool:
        """Send one message. False: the channel itself has failed."""
        carried = True
        try:
            outcome = await self._carry(channel, lane, row)
        except DeliveryError as failure:
            outcome, carried = failure, not channel.personal and _is_about_the_message(failure)
        except RenderError as fault:
            await self._put_off(row, str(fault), report)
            return True
        except StoreError:
            raise
        except Exception as bug:
            log.exception("message %d of the outbox (%s) could not be made", row.id, row.kind)
            await self._put_off(row, f"{type(bug).__name__}: {bug}", report)
            return True
        if outcome is not None:
            state = await self.database.write_in_thread(self._settle, row, outcome, carried)
            report.counts[channel.name, state] += 1
        self._note_health(channel.name, None if carried else outcome, report)
        return carried

    async def _carry(self, channel: Channel, lane: int, row: OutboxRow) -> DeliveryOutcome | None:
        """The outcome of one attempt; None where the message is in other hands by now. Raises RenderError, and
        DeliveryError; for an email only where nothing can be carried."""
        if not isinstance(channel, PersonalChannel):
            if not await self.database.write_in_thread(outbox.renew, row, self.clock()):
                return None
            event = build_event_rendition(row)
            return await channel.publish(event.content, open_outside_attempt(self.database, channel, event))
        if row.recipient and reaches_people(self.newsroom, channel.name):
            await asyncio.to_thread(self._link_notes.note, self.clock())
        attributes = await self._attributes(row)
        rendition, recipient = await asyncio.to_thread(
            build_email, self.newsroom, channel, row, self.newsroom.secret(), attributes
        )
        attempt = open_outside_attempt(self.database, channel, rendition, recipient.id)
        batch = _MarkedBatch([OutgoingMessage(rendition, recipient)], attempts=lambda _: attempt)
        batch.rates = self._rates.of(channel.name, urgent=True)
        batch.renew = lambda: self.database.write_in_thread(outbox.renew, row, self.clock())
        try:
            await self._transport(channel, lane).send_all(batch)
        except DeliveryError:
            if not isinstance(batch.outcomes.get(recipient.id), Receipt | Rejected | Uncertain):
                raise
        if batch.lost:
            return None
        return batch.outcomes.get(recipient.id) or Unavailable("it was not carried", counted=False)

    async def _attributes(self, row: OutboxRow) -> Mapping[str, str]:
        declared = self.newsroom.settings.attributes
        if not declared or not row.recipient:
            return NO_VALUES
        return await self.database.read_in_thread(find_attributes, row, declared, self.newsroom.settings.texts)

    def _transport(self, channel: PersonalChannel, lane: int) -> Transport:
        if (channel.name, lane) not in self._transports:
            self._transports[channel.name, lane] = channel.transport()
        return self._transports[channel.name, lane]

    def _settle(self, connection: Connection, row: OutboxRow, outcome: DeliveryOutcome, carried: bool) -> str:
        """Record an outcome, and what it says of the address; returns the state that follows."""
        now = self.clock()
        if carried:
            decision = decide_next(
                outcome,
                attempts=row.attempts,
                now=now,
                expires_at=row.expires_at,
                jitter=random.random(),  # noqa: S311
            )
        else:
            assert isinstance(outcome, DeliveryError)
            decision = Decision(DeliveryState.DEFERRED, due=now + _wait(row, now), reply=outcome.reply)
        if not outbox.settle(connection, row, decision, now, counted=carried):
            return "lost"
        final = decision.state in (DeliveryState.REJECTED, DeliveryState.EXPIRED)
        if (
            final
            and row.is_email
            and isinstance(outcome, Rejected | Unavailable)
            and not self.newsroom.settings.test_mode
        ):
            bounce = bounce_from_outcome(outcome, address=row.address, delivery_id=0, edition_id="", now=now)
            if bounce:
                limits = self.newsroom.settings.bounce_guard
                suppressions.record_bounces(connection, [replace(bounce, delivery_id=None)], now, limits)
        return decision.state

    async def _put_off(self, row: OutboxRow, fault: str, report: OutboxReport) -> None:
        """A message that cannot be made now: staff may mend its template while its time lasts."""
        report.faults[f"{row.kind} to {row.address or row.channel} cannot be made: {fault}"] = None
        now = self.clock()
        decision = Decision(DeliveryState.DEFERRED, due=now + AFTER_FAULT, reply=fault)
        await self.database.write_in_thread(outbox.settle, row, decision, now, counted=False)

    def _note_health(self, name: str, failure: DeliveryOutcome | None, report: OutboxReport) -> None:
        if not isinstance(failure, DeliveryError):
            self._rests.pop(name, None)
            return
        time = asyncio.get_running_loop().time()
        until, seconds = self._rests.get(name, (0.0, 0.0))
        if until <= time:
            seconds = min(seconds * 2 or FIRST_REST, LONGEST_REST)
            self._rests[name] = (time + seconds, seconds)
        report.faults[f"channel {name}: messages of the outbox wait: {failure.reply}"] = None


@dataclass
class _MarkedBatch(MessageBatch):
    """One message, whose lease begins anew before its last byte is sent. `lost`: it is in other hands by now."""

    renew: Callable[[], Any] = lambda: None
    lost: bool = False

    async def mark(self, message: OutgoingMessage) -> bool:
        self.lost = not await self.renew()
        return not self.lost


async def send_outbox(newsroom: Newsroom, database: Database, clock: Clock, stop: asyncio.Event) -> OutboxReport:
    """Send everything in the outbox that is due now, with the events of the last day. Raises StoreError."""
    await asyncio.to_thread(EventCollector(newsroom, database).collect, clock())
    sender = await asyncio.to_thread(OutboxSender, newsroom, database, clock, stop)
    total = OutboxReport()
    for report in await asyncio.gather(*(sender.send_channel(name) for name in await sender.list_due())):
        total.counts.update(report.counts)
        total.faults |= report.faults
    return total


def _decide_unsent(connection: Connection, row: OutboxRow) -> Decision | None:
    """What becomes of an email that must not be sent; None for one that may."""
    try:
        found = suppressions.find_suppression(connection, row.address)
    except ValueError as error:
        return Decision(DeliveryState.REJECTED, reply=f"no message could be made: {error}")
    if found is None or may_write(row.kind, found.type):
        return None
    return Decision(DeliveryState.SUPPRESSED, reply=f"the address is suppressed ({found.type}: {found.reason})")


def _is_about_the_message(failure: DeliveryError) -> bool:
    """Whether the failure of an event counts against it: not where the receiver does not accept us at all."""
    if isinstance(failure, Unavailable):
        return failure.counted or failure.retry_at is not None or bool(failure.all_posts)
    return not isinstance(failure, AuthBroken)


def _wait(row: OutboxRow, now: datetime) -> timedelta:
    """How long a message waits for a channel that has failed: longer, the longer it has waited already."""
    return min(max((now - row.created) / 4, timedelta(seconds=FIRST_REST)), timedelta(seconds=LONGEST_REST))


# -- making ------------------------------------------------------------------------------------------------------------


def find_attributes(
    connection: Connection, row: OutboxRow, declared: Mapping[str, Attribute], texts: Texts
) -> Mapping[str, str]:
    """The attributes of the subscriber that a message goes to, as merge fields. None where it goes to an address that is not
    theirs (any more, or not yet): it may be somebody else's."""
    person = repository.find_by_ids(connection, [row.recipient]).get(row.recipient)
    if person is None or person.address.lower() != row.address.lower():
        return NO_VALUES
    return written_attributes(person.attributes, declared, Language(row.values["language"]), texts)


def build_email(
    newsroom: Newsroom,
    channel: PersonalChannel,
    row: OutboxRow,
    secret: bytes,
    attributes: Mapping[str, str] = NO_VALUES,
) -> tuple[Rendition, Recipient]:
    """A transactional email, and to whom it goes. The same row and attributes make the same bytes. Raises RenderError."""
    settings = newsroom.settings
    newsletter = settings.newsletters.get(row.newsletter)
    zone = newsroom.zone(newsletter) if newsletter else settings.site.timezone
    render = RenderSettings(
        site=settings.site,
        newsletter=newsletter,
        zone=zone,
        templates=newsroom.templates,
        attributes=tuple(settings.attributes),
        texts=settings.texts,
    )
    content = row.values
    language = Language(content["language"])
    if row.kind == outbox.STAFF_ALERT:
        email = plain_message(**content["values"])
    else:
        values = {"asked_at": row.created, **_template_values(content["values"])}
        email = render_transactional(row.kind, render, language, **values)
    email = replace(email, subject=mark_test(email.subject, language)) if settings.test_mode else email
    at = row.created.astimezone(zone)
    made = channel.compose_email(email, variant=f"outbox-{row.id}", language=language.value, at=at)
    recipient = build_single_recipient(
        row.dedupe_key,
        row.recipient,
        row.newsletter,
        settings.test_mode.to if settings.test_mode else row.address,
        row.name,
        secret=secret,
        links=settings.links_url,
        bounce_token=verp.token(secret, row.number),
        attributes=attributes,
    )
    return channel.freeze(made), recipient


def _template_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a template: those whose names end in `_at` are times."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in values.items()
    }


def build_event_rendition(row: OutboxRow) -> Rendition:
    """An event, or an alert to staff, as a channel carries it, the same at every attempt, whatever the channel is called by
    then."""
    _, channel, key = row.dedupe_key.split(":")
    return Rendition(
        channel=row.channel,
        variant=f"event-{key}",
        media_type=row.media_type,
        body=row.body,
        title=row.kind,
        first_channel=channel,
    )
