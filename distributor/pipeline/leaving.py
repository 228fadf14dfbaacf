"""Unsubscribing, whoever asks for it: many at once in few transactions, the goodbye email, undoing it.

    one-click POST ──┐
    button on a page │
    email            ├──▶ leave_all ──▶ opt-out, subscription deleted, event, goodbye in the outbox     one transaction
    staff, API       │                      └── undo within a day, by those who left by themselves
    provider         ┘

The mark before each message asks for the subscription (`delivery/ledger`), so nothing is sent to whoever has left, not even
from a run that is on its way. Who leaves on a page or through the API is answered when that is true of the messages
too whose mark was first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..clock import steady
from ..delivery import on_the_way
from ..errors import StoreError
from ..mail.address import normalize
from ..model import Language, OptOut, Subscriber
from ..newsroom import Newsroom
from ..storage.database import Database
from ..storage.renames import NameKind, current_name, current_names
from ..subscribers import attempts, opt_outs, repository
from ..subscribers.opt_outs import ALL_NEWSLETTERS
from .events import tell_joined, tell_left
from .transactional import EmailRequest, enqueue_emails

log = logging.getLogger("distributor.web")

UNDO_TIME = timedelta(days=1)  # in which an opt-out can be undone without signing up again
VIA_LINK, VIA_EMAIL = "link", "email"  # how somebody has left by themselves, which they can undo
_GOODBYE_VALID = timedelta(days=3)
_LONGEST_WAIT = 5.0  # seconds for a message that is leaving; mail programs give up after 5 to 30
_LOOK_EVERY = 0.02  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveRequest:
    """Somebody leaves a newsletter, by its name or an earlier one, or all of them where it is empty. `subscriber` is an
    id; `received_at` is when the request came in; `goodbye`: an email is to tell them."""

    subscriber: str
    newsletter: str = ALL_NEWSLETTERS
    received_at: datetime
    via: str = VIA_LINK
    reason: str = ""
    goodbye: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A subscriber and one newsletter by its present name, or all of them where that is empty.

    `left_at` is when they opted out, if they have. `undo`: that can still be undone.
    """

    person: Subscriber
    newsletter: str
    left_at: datetime | None = None
    undo: bool = False
    paused_until: datetime | None = None

    @property
    def subscribed(self) -> bool:
        """Whether they get the newsletter, or any where all are meant."""
        return self.newsletter in self.person.newsletters if self.newsletter else bool(self.person.newsletters)


def leave_all(
    newsroom: Newsroom, connection: Connection, requests: Sequence[LeaveRequest], now: datetime
) -> list[Standing | None]:
    """Unsubscribe people. The same request again changes nothing. Returns where each stands then; None where the subscriber
    is not known (any more)."""
    renamed = current_names(connection, NameKind.NEWSLETTER)
    wanted = [replace(one, newsletter=renamed.get(one.newsletter, one.newsletter)) for one in requests]
    people = repository.find_by_ids(connection, list({one.subscriber for one in wanted}))
    left: list[tuple[LeaveRequest, Subscriber, list[str]]] = []
    for request in dict.fromkeys(wanted):
        if person := people.get(request.subscriber):
            names = [one for one in person.newsletters if request.newsletter in (one, ALL_NEWSLETTERS)]
            people[person.id] = _without(person, names)
            left.append((request, person, names))
    opt_outs.record(
        connection, [one for request, person, names in left for one in _opt_outs(request, person, names, now)]
    )
    repository.delete_subscriptions(connection, [(person.id, name) for _, person, names in left for name in names])
    gone = [(request, person) for request, person, names in left if names]
    _say_goodbye(newsroom, connection, [one for one in gone if one[0].goodbye], now)
    for request, person in gone:
        tell_left(newsroom, connection, person, request.newsletter, now, via=request.via)
    found = opt_outs.find_by_keys(connection, [normalize(one.address) for one in people.values()])
    return [_standing(people.get(one.subscriber), one.newsletter, found, now) for one in wanted]


def find_last_messages(database: Database, subscribers: Collection[str]) -> dict[str, list[int]]:
    """The messages whose mark was quicker than the end of these people's subscriptions, by subscriber; once that is
    committed. Where the store fails now, they have left all the same."""
    try:
        return on_the_way.find_marked(database, subscribers)
    except StoreError as error:
        log.warning("messages to people who have left may be on their way: %s", error)
        return {}


async def wait_for_last_messages(database: Database, messages: Collection[int]) -> None:
    """Wait until these are out, or surely not: so nothing more is handed to a server after whoever left is told. Not for
    ever: one may be in the hands of a slow server, or its sender may have died."""
    if not messages:
        return
    until = steady() + _LONGEST_WAIT
    try:
        while await database.read_in_thread(on_the_way.is_any_marked, messages):
            if steady() > until:
                log.info("somebody has left whose last message is not out yet")
                return
            await asyncio.sleep(_LOOK_EVERY)
    except StoreError as error:
        log.warning("somebody has left whose last message may be on its way: %s", error)


def find_standing(connection: Connection, subscriber: str, newsletter: str, now: datetime) -> Standing | None:
    """Where a subscriber stands with a newsletter, by its name or an earlier one; None for an unknown subscriber."""
    person = repository.find_by_ids(connection, [subscriber]).get(subscriber)
    if person is None:
        return None
    name = current_name(connection, NameKind.NEWSLETTER, newsletter) if newsletter else newsletter
    key = normalize(person.address)
    found = _standing(person, name, {key: opt_outs.find_by_key(connection, key)}, now)
    paused = repository.paused_until(connection, person.id)
    return replace(found, paused_until=paused.get(name)) if found else None


def undo_leaving(newsroom: Newsroom, connection: Connection, standing: Standing, now: datetime) -> None:
    """Subscribe somebody again who has left by mistake less than a day ago: to the newsletter, or to all that they have left
    with one click."""
    if not standing.undo:
        return
    key = normalize(standing.person.address)
    names = [
        one.newsletter
        for one in opt_outs.find_by_key(connection, key)
        if one.newsletter == standing.newsletter or (not standing.newsletter and one.at == standing.left_at)
    ]
    opt_outs.delete(connection, key, names)
    back = [name for name in names if name]
    repository.add_subscriptions(connection, standing.person.id, back, now)
    tell_joined(newsroom, connection, standing.person, back, now, via=VIA_LINK)


def give_reason(connection: Connection, standing: Standing, reason: str) -> None:
    """Record why somebody has left, if they have."""
    if standing.left_at:
        opt_outs.give_reason(connection, normalize(standing.person.address), standing.newsletter, reason)


def _without(person: Subscriber, names: Sequence[str]) -> Subscriber:
    rest = tuple(name for name in person.newsletters if name not in names)
    return person._replace(newsletters=rest, active=bool(rest)) if names else person


def _opt_outs(request: LeaveRequest, person: Subscriber, names: Sequence[str], now: datetime) -> list[OptOut]:
    """The opt-out that is asked for; with one of all newsletters, also those of the ones that end, where it can be
    undone."""
    key = normalize(person.address)
    ended = dict.fromkeys((request.newsletter, *(names if request.via in (VIA_LINK, VIA_EMAIL) else ())))
    return [OptOut(address=key, newsletter=name, at=now, via=request.via, reason=request.reason) for name in ended]


def _standing(
    person: Subscriber | None, newsletter: str, found: Mapping[str, Sequence[OptOut]], now: datetime
) -> Standing | None:
    if person is None:
        return None
    theirs = found.get(normalize(person.address), ())
    left = next((one for one in theirs if one.newsletter == newsletter), None)
    if left is None:
        left = next((one for one in theirs if one.newsletter == ALL_NEWSLETTERS), None)
        return Standing(person=person, newsletter=newsletter, left_at=left.at if left else None)
    undo = left.via in (VIA_LINK, VIA_EMAIL) and now - left.at < UNDO_TIME
    return Standing(person=person, newsletter=newsletter, left_at=left.at, undo=undo)


# -- goodbye -----------------------------------------------------------------------------------------------------------


def _say_goodbye(
    newsroom: Newsroom, connection: Connection, left: Sequence[tuple[LeaveRequest, Subscriber]], now: datetime
) -> None:
    """One email about each newsletter in 24 hours, however often somebody leaves it and comes back."""
    by_key = {f"goodbye {person.id} {request.newsletter}": (request, person) for request, person in left}
    if not by_key:
        return
    lately = attempts.count(connection, by_key, now)
    due = {key: one for key, one in by_key.items() if not lately[key].day}
    attempts.add(connection, due, now)
    enqueue_emails(newsroom, connection, [_goodbye(newsroom, *one, now) for one in due.values()], now)


def _goodbye(newsroom: Newsroom, request: LeaveRequest, person: Subscriber, now: datetime) -> EmailRequest:
    newsletter = newsroom.settings.newsletters.get(request.newsletter)
    return EmailRequest(
        template="email/goodbye",
        address=person.address,
        name=person.name,
        subscriber=person.id,
        newsletter=request.newsletter if newsletter else "",
        language=newsroom.language(newsletter) if newsletter else Language(person.language),
        dedupe_key=f"goodbye:{person.id}:{request.newsletter}:{now.isoformat()}",
        expires_at=now + _GOODBYE_VALID,
        values={"received_at": request.received_at.isoformat(), "stopped_at": now.isoformat()},
    )
