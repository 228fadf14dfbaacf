"""Taking in what came back: mailboxes are read, reports are traced to emails of ours, and what follows is done.

    mailbox ──read──▶ reports ──trace──▶ bounces ──bounced──▶ suppressions

Anybody can write to the address that bounces go to. A report counts only where it carries what nobody else can know of
one of our emails: the token of its envelope, its Message-ID, or its unsubscribe link. The address in a report proves
nothing; it only says among whose emails a Message-ID is looked for. An email unsubscribes somebody where it went to the
address that only they know.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from ..bounces import mailboxes as bounce_mailboxes
from ..bounces import suppressions
from ..bounces.classify import classify_bounce
from ..bounces.parser import BounceReport, BounceReportKind, IsolatedBounceParser
from ..bounces.suppressions import BounceEffect
from ..config.bounces import BounceMailboxSettings
from ..delivery import outbox, queries
from ..editions import repository as edition_repository
from ..errors import AuthBroken, DistributorError, LimitExceeded, StartFailed, Unavailable
from ..isolation import ChildFailed
from ..mail.address import Mailbox, normalize
from ..mail.message import message_id
from ..model import Bounce, BounceType, Delivery, Subscriber
from ..newsroom import Newsroom
from ..storage.database import Database
from ..subscribers import repository as subscriber_repository
from ..subscribers import tokens
from .deliver import check_may_send
from .gather import Clock
from .leaving import VIA_EMAIL, LeaveRequest, Standing, leave_all

log = logging.getLogger("distributor.mail")

BATCH = 50  # messages whose reports are written down together
_MAX_EMAILS_SEARCHED = 1000  # latest emails of a recipient among which a Message-ID is looked for


@dataclass(frozen=True, slots=True)
class HandledReport:
    """What became of one report, in the message `message`; `effect` is None where it is about no email of ours, or tells
    nothing that counts. `left` is where its writer stands who wanted to unsubscribe."""

    message: str
    report: BounceReport
    effect: BounceEffect | None = None
    left: Standing | None = None


@dataclass(frozen=True, slots=True)
class MailboxResult:
    """What a look into one mailbox has brought. `left` counts the messages that are no reports: they stay as they were.

    `fault` says why it could not be read (to its end); `unreadable` names single messages that could not, with the reason.
    """

    mailbox: str
    handled: tuple[HandledReport, ...] = ()
    left: int = 0
    fault: str = ""
    unreadable: tuple[tuple[str, str], ...] = ()


def process_bounces(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    mailboxes: Sequence[BounceMailboxSettings] | None = None,
    *,
    dry_run: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    passed: set[str] | None = None,
) -> list[MailboxResult]:
    """Read mailboxes, all of them unless some are named, and do what the reports in them say. Blocks; made for a thread.

    A mailbox that fails never stops the others. `dry_run`: nothing is written or marked. In test mode nothing is read,
    as the mailboxes hold what real emails have brought. `passed` remembers the messages that are no reports, so that
    the next look need not read them again. Raises StoreError, also for a copy of a store.
    """
    if not dry_run:
        if newsroom.settings.test_mode:
            return []
        check_may_send(newsroom, database, clock())
        with database.write(long=True) as connection:
            suppressions.expire_suppressions(connection, clock())
    chosen = newsroom.settings.bounces if mailboxes is None else mailboxes
    seen = passed if passed is not None else set()
    return [
        _process_mailbox(newsroom, database, clock, one, dry_run, stopping, seen) for one in chosen if not stopping()
    ]


def process_report(newsroom: Newsroom, database: Database, raw: bytes, now: datetime) -> list[HandledReport]:
    """Do what one email says, however it came here; nothing where it is no report. Raises StoreError."""
    reports = _read_one(newsroom, raw)
    with database.write() as connection:
        return list(_apply_reports(newsroom, connection, [("", report) for report in reports], now))


def dry_run_report(newsroom: Newsroom, database: Database, raw: bytes, now: datetime) -> list[HandledReport]:
    """What `accept_report` would do; nothing is written."""
    reports = _read_one(newsroom, raw)
    return _apply_in_transaction(newsroom, database, [("", report) for report in reports], now, dry_run=True)


def _read_one(newsroom: Newsroom, raw: bytes) -> tuple[BounceReport, ...]:
    """The reports of one email; none where it is one that does not let itself be read."""
    try:
        with IsolatedBounceParser(newsroom.secrets()) as reader:
            return reader.read(raw)
    except (LimitExceeded, ChildFailed) as error:
        log.warning("a returned email of %d octets %s", len(raw), error)
        return ()


# -- mailboxes ---------------------------------------------------------------------------------------------------------


def _process_mailbox(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    mailbox: BounceMailboxSettings,
    dry_run: bool,
    stopping: Callable[[], bool],
    passed: set[str],
) -> MailboxResult:
    taken = MailboxResult(str(mailbox))
    try:
        with bounce_mailboxes.open_mailbox(mailbox) as box, IsolatedBounceParser(newsroom.secrets()) as reader:
            names = {key: f"{mailbox}\n{key}" for key in box.waiting()}
            fresh = [key for key, name in names.items() if name not in passed]
            taken = replace(taken, left=len(names) - len(fresh))
            for start in range(0, len(fresh), BATCH):
                if stopping():
                    break
                found, bad = _fetch_messages(box, fresh[start : start + BATCH])
                read = _read_each(reader, found, bad)
                told = {key: reports for key, reports in read.items() if reports}
                handled, upsetting = _apply_each(newsroom, database, told, clock(), dry_run=dry_run)
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
    reader: IsolatedBounceParser, found: Sequence[bounce_mailboxes.MailboxMessage], bad: dict[str, str]
) -> dict[str, tuple[BounceReport, ...]]:
    """The reports of each message; one that does not let itself be read is added to the bad ones."""
    read = {}
    for message in found:
        try:
            read[message.key] = reader.read(message.content)
        except (LimitExceeded, ChildFailed) as error:
            bad[message.key] = str(error)
    return read


def _fetch_messages(
    box: bounce_mailboxes.MailboxReader, keys: Sequence[str]
) -> tuple[list[bounce_mailboxes.MailboxMessage], dict[str, str]]:
    """The messages, and why some of them cannot be had."""
    found, bad = [], {}
    for key in keys:
        try:
            message = box.take(key)
        except bounce_mailboxes.UnreadableMessage as fault:
            bad[key] = str(fault)
            continue
        if message:
            found.append(message)
    return found, bad


def _apply_each(
    newsroom: Newsroom, database: Database, told: Mapping[str, Sequence[BounceReport]], now: datetime, *, dry_run: bool
) -> tuple[list[HandledReport], dict[str, str]]:
    """Do what messages say, all of them in one transaction. Where one of them upsets us, which no test has foreseen, each in
    one of its own, so that this one is left aside and named. Raises StoreError where it is the store."""

    def write(keys: Sequence[str]) -> list[HandledReport]:
        reports = [(key, report) for key in keys for report in told[key]]
        return _apply_in_transaction(newsroom, database, reports, now, dry_run=dry_run)

    try:
        return write(list(told)), {}
    except DistributorError:
        raise
    except Exception:
        log.exception("returned emails could not be dealt with together: one by one")
    handled: list[HandledReport] = []
    bad = {}
    for key in told:
        try:
            handled += write([key])
        except DistributorError:
            raise
        except Exception as fault:
            log.exception("the returned email %s could not be dealt with", key)
            bad[key] = f"{type(fault).__name__}: {fault}"
    return handled, bad


class _RollBack(Exception):
    """Ends a transaction that was only for show."""


def _apply_in_transaction(
    newsroom: Newsroom, database: Database, told: Sequence[tuple[str, BounceReport]], now: datetime, *, dry_run: bool
) -> list[HandledReport]:
    handled: list[HandledReport] = []
    if told:
        try:
            with database.write() as connection:
                handled = list(_apply_reports(newsroom, connection, told, now))
                if dry_run:
                    raise _RollBack
        except _RollBack:
            pass
    return handled


# -- reports -----------------------------------------------------------------------------------------------------------


def _apply_reports(
    newsroom: Newsroom, connection: Connection, told: Sequence[tuple[str, BounceReport]], now: datetime
) -> Iterator[HandledReport]:
    for message, report in told:
        bounce = None
        if report.kind is BounceReportKind.LEAVE:
            yield HandledReport(message, report, left=_unsubscribe(newsroom, connection, report, now))
            continue
        if report.kind in (BounceReportKind.BOUNCE, BounceReportKind.COMPLAINT):
            bounce = _trace(connection, newsroom.secrets(), report, now, _sender(newsroom))
        effect = (
            suppressions.record_bounces(connection, [bounce], now, newsroom.settings.bounce_guard)[0]
            if bounce
            else None
        )
        yield HandledReport(message, report, effect)


def _unsubscribe(newsroom: Newsroom, connection: Connection, report: BounceReport, now: datetime) -> Standing | None:
    """Unsubscribe the recipient of the email that a report names from its newsletter."""
    row = queries.find_delivery(connection, report.delivery) if report.delivery else None
    edition = edition_repository.find_row(connection, row.edition) if row and row.recipient else None
    if row is None or edition is None:
        return None
    wanted = LeaveRequest(subscriber=row.recipient, newsletter=edition.newsletter, received_at=now, via=VIA_EMAIL)
    return leave_all(newsroom, connection, [wanted], now)[0]


def _sender(newsroom: Newsroom) -> str:
    """The address that emails leave from: a returned email may speak of it instead of the recipient's."""
    for channel in newsroom.channels.values():
        ours = getattr(channel, "return_path", None) or getattr(channel, "sender", None)
        if channel.personal and isinstance(ours, str):
            return Mailbox.parse(ours).address
    return ""


def _trace(
    connection: Connection, secrets: tuple[bytes, ...], report: BounceReport, now: datetime, sender: str
) -> Bounce | None:
    """The bounce that a report tells of; None where it is about no email of ours."""
    row = queries.find_delivery(connection, report.delivery) if report.delivery else None
    address = row.address if row else _transactional_address(connection, report)
    if not address:
        row, person = _search(connection, secrets, report)
        address = row.address if row else person.address if person else ""
    if not address:
        return None
    return Bounce(
        address=address,
        type=_bounce_type(report, address, sender),
        at=now,  # the date of a report is anybody's
        status=report.status,
        text=report.text,
        via=report.via,
        delivery_id=row.id if row else None,
        edition_id=row.edition if row else "",
    )


def _transactional_address(connection: Connection, report: BounceReport) -> str:
    """To whom the transactional email went whose bounce token a report has; empty where it has none of one."""
    message = outbox.find_by_number(connection, report.delivery) if report.delivery else None
    return message.address if message else ""


def _search(
    connection: Connection, secrets: tuple[bytes, ...], report: BounceReport
) -> tuple[Delivery | None, Subscriber | None]:
    """The email that a report quotes, among those of the recipients it names; or else the recipient whose link it quotes.

    A Message-ID is made of the edition and the reader, so it can be known again but not looked up.
    """
    linked = _find_by_links(connection, secrets, report.links)
    ids = {id.strip("<>").partition("@")[0].lower() for id in report.message_ids}
    for person in [*linked, *_find_by_addresses(connection, report.addresses)]:
        for row in queries.list_deliveries(connection, recipient=person.id, limit=_MAX_EMAILS_SEARCHED) if ids else ():
            if message_id(row.edition, person.id, "localhost").strip("<>").partition("@")[0] in ids:
                return row, person
    return None, linked[0] if linked else None


def _find_by_links(connection: Connection, secrets: tuple[bytes, ...], links: Sequence[str]) -> list[Subscriber]:
    """The recipients whose unsubscribe links stand in an email."""
    found = []
    for link in links:
        try:
            found.append(tokens.read(secrets, link, tokens.Purpose.UNSUBSCRIBE).subject)
        except tokens.BadToken:
            continue
    people = subscriber_repository.find_by_ids(connection, found)
    return [people[id] for id in dict.fromkeys(found) if id in people]


def _find_by_addresses(connection: Connection, addresses: Sequence[str]) -> list[Subscriber]:
    found = []
    for address in addresses:
        try:
            person = subscriber_repository.find(connection, address)
        except ValueError:  # an address of theirs that is none of ours
            continue
        if person:
            found.append(person)
    return found


def _bounce_type(report: BounceReport, address: str, sender: str) -> BounceType:
    """What a report says of the reader. Where another address has failed, to which the reader's own leads, it may be one
    of several behind it, or mended soon: it is no reason to give the recipient up at once."""
    if report.kind is BounceReportKind.COMPLAINT:
        return BounceType.COMPLAINT
    tier = classify_bounce(report.status, 0, report.text, recipient=address, sender=sender)
    return (
        BounceType.SOFT
        if tier is BounceType.HARD and report.addresses and not _same(report.addresses[-1], address)
        else tier
    )


def _same(one: str, other: str) -> bool:
    try:
        return normalize(one) == normalize(other)
    except ValueError:
        return False
