"""Taking in what came back: mailboxes are read, reports are traced to letters of ours, and what follows is done.

    mailbox ──read──▶ reports ──trace──▶ bounces ──bounced──▶ suppressions

Anybody can write to the address that bounces go to. A report counts only where it carries what nobody else can know of
one of our letters: the token of its envelope, its Message-ID, or its unsubscribe link. The address in a report proves
nothing; it only says among whose letters a Message-ID is looked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from ..config import Bounces
from ..delivery import rows, suppression
from ..delivery.suppression import Effect, classify
from ..errors import AuthBroken, DistributorError, LimitExceeded, StartFailed, Unavailable
from ..isolation import ChildFailed
from ..mail import returns
from ..mail.address import Mailbox, normalise
from ..mail.bounces import Kind, Report
from ..mail.message import message_id
from ..mail.report_reader import ReportReader
from ..model import Bounce, Delivery, Subscriber, Tier
from ..newsroom import Newsroom
from ..storage.database import Database
from ..subscribers import register, tokens
from .delivering import at_home
from .looking import Clock

log = logging.getLogger("distributor.mail")

BATCH = 50  # messages whose reports are written down together
_LETTERS = 1000  # latest letters of a reader among which a Message-ID is looked for


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one report, in the message `message`; `effect` is None where it is about no letter of ours, or tells
    nothing that counts."""

    message: str
    report: Report
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a look into one mailbox has brought. `left` counts the messages that are no reports: they stay as they were.

    `fault` says why it could not be read (to its end); `unreadable` names single messages that could not, with the reason.
    """

    mailbox: str
    handled: tuple[Handled, ...] = ()
    left: int = 0
    fault: str = ""
    unreadable: tuple[tuple[str, str], ...] = ()


def take_bounces(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    mailboxes: Sequence[Bounces] | None = None,
    *,
    dry_run: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    passed: set[str] | None = None,
) -> list[Taken]:
    """Read mailboxes, all of them unless some are named, and do what the reports in them say. Blocks; made for a thread.

    A mailbox that fails never stops the others. `dry_run`: nothing is written or marked. In test mode nothing is read,
    as the mailboxes hold what real letters have brought. `passed` remembers the messages that are no reports, so that
    the next look need not read them again. Raises StoreError, also for a copy of a store.
    """
    if not dry_run:
        if newsroom.settings.test_mode:
            return []
        at_home(newsroom, database, clock())
        with database.write(long=True) as connection:
            suppression.lapse(connection, clock())
    chosen = newsroom.settings.bounces if mailboxes is None else mailboxes
    seen = passed if passed is not None else set()
    return [_look(newsroom, database, clock, one, dry_run, stopping, seen) for one in chosen if not stopping()]


def accept_report(newsroom: Newsroom, database: Database, raw: bytes, now: datetime) -> list[Handled]:
    """Do what one mail says, however it came here; nothing where it is no report. Raises StoreError."""
    reports = _read_one(newsroom, raw)
    with database.write() as connection:
        return list(_settle(newsroom, connection, [("", report) for report in reports], now))


def rehearse_report(newsroom: Newsroom, database: Database, raw: bytes, now: datetime) -> list[Handled]:
    """What `accept_report` would do; nothing is written."""
    reports = _read_one(newsroom, raw)
    return _written(newsroom, database, [("", report) for report in reports], now, dry_run=True)


def _read_one(newsroom: Newsroom, raw: bytes) -> tuple[Report, ...]:
    """The reports of one mail; none where it is one that does not let itself be read."""
    try:
        with ReportReader((newsroom.secret(),)) as reader:
            return reader.read(raw)
    except (LimitExceeded, ChildFailed) as error:
        log.warning("a returned mail of %d octets %s", len(raw), error)
        return ()


# -- mailboxes ---------------------------------------------------------------------------------------------------------


def _look(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    mailbox: Bounces,
    dry_run: bool,
    stopping: Callable[[], bool],
    passed: set[str],
) -> Taken:
    taken = Taken(str(mailbox))
    try:
        with returns.opened(mailbox) as box, ReportReader((newsroom.secret(),)) as reader:
            names = {key: f"{mailbox}\n{key}" for key in box.waiting()}
            fresh = [key for key, name in names.items() if name not in passed]
            taken = replace(taken, left=len(names) - len(fresh))
            for start in range(0, len(fresh), BATCH):
                if stopping():
                    break
                found, bad = _taken_out(box, fresh[start : start + BATCH])
                read = _read_each(reader, found, bad)
                told = {key: reports for key, reports in read.items() if reports}
                handled, upsetting = _each_written(newsroom, database, told, clock(), dry_run=dry_run)
                if not dry_run:  # only now: what a crash leaves unmarked is read again, and known
                    box.done([key for key in told if key not in upsetting])
                others = [key for key, reports in read.items() if not reports]
                bad |= upsetting
                passed.update(names[key] for key in (*others, *bad))
                taken = replace(
                    taken,
                    handled=taken.handled + tuple(handled),
                    left=taken.left + len(others),
                    unreadable=taken.unreadable + tuple(bad.items()),
                )
    except (Unavailable, AuthBroken, StartFailed) as error:
        return replace(taken, fault=str(error))
    return taken


def _read_each(
    reader: ReportReader, found: Sequence[returns.Found], bad: dict[str, str]
) -> dict[str, tuple[Report, ...]]:
    """The reports of each message; one that does not let itself be read is added to the bad ones."""
    read = {}
    for message in found:
        try:
            read[message.key] = reader.read(message.content)
        except (LimitExceeded, ChildFailed) as error:
            bad[message.key] = str(error)
    return read


def _taken_out(box: returns.Box, keys: Sequence[str]) -> tuple[list[returns.Found], dict[str, str]]:
    """The messages, and why some of them cannot be had."""
    found, bad = [], {}
    for key in keys:
        try:
            message = box.take(key)
        except returns.Unreadable as fault:
            bad[key] = str(fault)
            continue
        if message:
            found.append(message)
    return found, bad


def _each_written(
    newsroom: Newsroom, database: Database, told: Mapping[str, Sequence[Report]], now: datetime, *, dry_run: bool
) -> tuple[list[Handled], dict[str, str]]:
    """Do what messages say, all of them in one transaction. Where one of them upsets us, which no test has foreseen, each in
    one of its own, so that this one is left aside and named. Raises StoreError where it is the store."""

    def write(keys: Sequence[str]) -> list[Handled]:
        reports = [(key, report) for key in keys for report in told[key]]
        return _written(newsroom, database, reports, now, dry_run=dry_run)

    try:
        return write(list(told)), {}
    except DistributorError:
        raise
    except Exception:
        log.exception("returned mails could not be dealt with together: one by one")
    handled: list[Handled] = []
    bad = {}
    for key in told:
        try:
            handled += write([key])
        except DistributorError:
            raise
        except Exception as fault:
            log.exception("the returned mail %s could not be dealt with", key)
            bad[key] = f"{type(fault).__name__}: {fault}"
    return handled, bad


class _Undone(Exception):
    """Ends a transaction that was only for show."""


def _written(
    newsroom: Newsroom, database: Database, told: Sequence[tuple[str, Report]], now: datetime, *, dry_run: bool
) -> list[Handled]:
    handled: list[Handled] = []
    if told:
        try:
            with database.write() as connection:
                handled = list(_settle(newsroom, connection, told, now))
                if dry_run:
                    raise _Undone
        except _Undone:
            pass
    return handled


# -- reports -----------------------------------------------------------------------------------------------------------


def _settle(
    newsroom: Newsroom, connection: Connection, told: Sequence[tuple[str, Report]], now: datetime
) -> Iterator[Handled]:
    for message, report in told:
        bounce = None
        if report.kind in (Kind.BOUNCE, Kind.COMPLAINT):
            bounce = _trace(connection, newsroom.secret(), report, now, _sender(newsroom))
        effect = suppression.bounced(connection, [bounce], now, newsroom.settings.bounce_guard)[0] if bounce else None
        yield Handled(message, report, effect)


def _sender(newsroom: Newsroom) -> str:
    """The address that letters leave from: a returned mail may speak of it instead of the reader's."""
    for channel in newsroom.channels.values():
        ours = getattr(channel, "return_path", None) or getattr(channel, "sender", None)
        if channel.personal and isinstance(ours, str):
            return Mailbox.parse(ours).address
    return ""


def _trace(connection: Connection, secret: bytes, report: Report, now: datetime, sender: str) -> Bounce | None:
    """The bounce that a report tells of; None where it is about no letter of ours."""
    row = rows.by_id(connection, report.delivery) if report.delivery else None
    person = None
    if row is None or not row.address:
        row, person = _search(connection, secret, report)
    address = row.address if row else person.address if person else ""
    if not address:
        return None
    return Bounce(
        address=address,
        type=_tier(report, address, sender),
        at=now,  # the date of a report is anybody's
        status=report.status,
        text=report.text,
        via=report.via,
        delivery_id=row.id if row else None,
        edition_id=row.edition if row else "",
    )


def _search(connection: Connection, secret: bytes, report: Report) -> tuple[Delivery | None, Subscriber | None]:
    """The letter that a report quotes, among those of the readers it names; or else the reader whose link it quotes.

    A Message-ID is made of the edition and the reader, so it can be known again but not looked up.
    """
    linked = _linked(connection, secret, report.links)
    ids = {id.strip("<>").partition("@")[0].lower() for id in report.message_ids}
    for person in [*linked, *_named(connection, report.addresses)]:
        for row in rows.listing(connection, recipient=person.id, limit=_LETTERS) if ids else ():
            if message_id(row.edition, person.id, "localhost").strip("<>").partition("@")[0] in ids:
                return row, person
    return None, linked[0] if linked else None


def _linked(connection: Connection, secret: bytes, links: Sequence[str]) -> list[Subscriber]:
    """The readers whose unsubscribe links stand in a mail."""
    found = []
    for link in links:
        try:
            found.append(tokens.read((secret,), link, "unsubscribe").subscriber)
        except tokens.BadToken:
            continue
    people = register.by_ids(connection, found)
    return [people[id] for id in dict.fromkeys(found) if id in people]


def _named(connection: Connection, addresses: Sequence[str]) -> list[Subscriber]:
    found = []
    for address in addresses:
        try:
            person = register.find(connection, address)
        except ValueError:  # an address of theirs that is none of ours
            continue
        if person:
            found.append(person)
    return found


def _tier(report: Report, address: str, sender: str) -> Tier:
    """What a report says of the reader. Where another address has failed, to which the reader's own leads, it may be one
    of several behind it, or mended soon: it is no reason to give the reader up at once."""
    if report.kind is Kind.COMPLAINT:
        return Tier.COMPLAINT
    tier = classify(report.status, 0, report.text, recipient=address, sender=sender)
    return Tier.SOFT if tier is Tier.HARD and report.addresses and not _same(report.addresses[-1], address) else tier


def _same(one: str, other: str) -> bool:
    try:
        return normalise(one) == normalise(other)
    except ValueError:
        return False
