"""The steps in order, as one page; the one module that knows all the others.

    sources ──gather──▶ articles ──select──▶ edition ──render──▶ renditions ──promise──▶ ledger ──deliver──▶ channels
                        (store)    (pure)    (frozen)   (pure)    (frozen)    (store)    (rows)              (outside)

    gather      look at the sources, take in what they have
    propose     what the next edition of a newsletter would be: nothing is written (plan, preview, dry run)
    publish     the same, frozen: one transaction decides the slot, announces the articles and promises the deliveries
    deliver     work through the ledger
    refresh     what channels show of the store as a whole (the feed of all articles)

Every step can be repeated: gathering recognises what it knows, a slot is decided once, a delivery is made once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from .channel import Channel
from .config import Newsletter
from .delivery.dispatch import Dispatcher, Progress, Report
from .delivery.ledger import Ledger
from .delivery.promise import audience_size, promise
from .editions import book
from .editions.freezing import freeze, manual_slot
from .editions.schedule import Slot, due
from .editions.selection import Selection, select
from .errors import DeliveryError, NotModified, SourceError, UserError
from .gathering import archive
from .gathering.archive import Intake
from .gathering.fetch import Hosts, open_fetcher
from .gathering.intake import host_of
from .model import Edition, Rendition
from .newsroom import Newsroom
from .rendering.desk import RenderingDesk
from .source import Source
from .storage import home
from .storage.database import Database
from .subscribers.mailing import address_book
from .text import clean_line

log = logging.getLogger("distributor.pipeline")

Clock = Callable[[], datetime]
SHELF = 100  # articles that a desk has at hand for feeds
LOOK_LIMIT = 300.0  # seconds that one look at a source may take, all its pages together


# -- gather ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one source: what it brought, or why it could not be read.

    `faults` are articles that could not be used. `tell` says whether a fault of the source is new to staff.
    """

    source: str
    intake: Intake = field(default_factory=Intake)
    unchanged: bool = False
    failure: str = ""
    tell: bool = True
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def gather(newsroom: Newsroom, database: Database, clock: Clock, only: Sequence[str] = ()) -> list[Look]:
    """Look at all sources, or at those named, side by side. One that fails never stops the others."""
    now = clock()
    with database.write() as connection:
        for newsletter in newsroom.settings.newsletters.values():
            book.enrol(connection, newsletter, now)
    hosts = Hosts()
    chosen = [source for name, source in newsroom.sources.items() if not only or name in only]
    return list(await asyncio.gather(*(_look(newsroom, database, source, hosts, clock) for source in chosen)))


async def _look(newsroom: Newsroom, database: Database, source: Source, hosts: Hosts, clock: Clock) -> Look:
    with database.read() as connection:
        known = archive.stored_validators(connection, source.name)
    try:
        async with open_fetcher(newsroom.settings.site, known, hosts, allow_private=source.allow_private) as fetcher:
            async with asyncio.timeout(LOOK_LIMIT):
                harvest = await source.gather(fetcher, clock())
        now = clock()
        with database.write() as connection:
            intake = archive.take_in(
                connection, source, harvest, authority=host_of(newsroom.settings.site.url), now=now
            )
            news = archive.note_fault(connection, source.name, intake.suspicion, now)
    except NotModified:
        return Look(source.name, unchanged=True, tell=_note(database, source, "", clock()))
    except SourceError as error:
        return _failed(database, source, str(error), clock())
    except TimeoutError:
        return _failed(database, source, f"took longer than {LOOK_LIMIT:.0f} seconds", clock())
    except UserError:
        raise  # the store cannot be used
    except Exception as bug:  # a source broke its contract; the others go on
        log.exception("source %s raised what it may not raise, or brought what cannot be kept", source.name)
        reason = clean_line(f"the source failed: {type(bug).__name__}: {bug}")[:400]
        return _failed(database, source, reason, clock())
    notes = [*harvest.notes, *([intake.suspicion] if intake.suspicion and news else [])]
    return Look(source.name, intake, faults=tuple(harvest.faults), notes=tuple(notes))


def _failed(database: Database, source: Source, fault: str, now: datetime) -> Look:
    return Look(source.name, failure=fault, tell=_note(database, source, fault, now))


def _note(database: Database, source: Source, fault: str, now: datetime) -> bool:
    with database.write() as connection:
        return archive.note_fault(connection, source.name, fault, now)


# -- propose -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an edition would be. `edition` is None where there is none; `selection.reason` says why.

    `renditions` are the bytes that would go out; `audience` is the number of subscribers; `left_out` is how many of its
    articles a channel does not carry because of its cap.
    """

    newsletter: Newsletter
    selection: Selection
    edition: Edition | None = None
    renditions: tuple[Rendition, ...] = ()
    audience: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def propose(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    slot: str,
    now: datetime,
    only: Sequence[str] = (),
) -> Proposal:
    """Select, freeze and render without writing anything. `only` names channels; all of the newsletter's if empty."""
    with database.read() as connection:
        selection = select(newsletter, book.candidates(connection, newsletter.id), now)
        if not selection.chosen:
            return Proposal(newsletter, selection)
        number = book.next_number(connection, newsletter.id)
        edition = freeze(newsroom.settings, newsletter, selection, slot=slot, number=number, now=now)
        desk = desk_for(newsroom, connection, newsletter, edition)
        audience = audience_size(connection, newsletter.id)
    carriers = {name: channel for name, channel in newsroom.carriers(newsletter).items() if not only or name in only}
    renditions = [rendition for channel in carriers.values() for rendition in channel.compose(edition, desk)]
    caps = {name: channel.limits.per_run for name, channel in carriers.items()}
    left_out = {name: len(edition.articles) - cap for name, cap in caps.items() if cap and len(edition.articles) > cap}
    return Proposal(newsletter, selection, edition, tuple(renditions), audience, left_out)


def desk_for(
    newsroom: Newsroom, connection: Connection, newsletter: Newsletter, edition: Edition | None = None
) -> RenderingDesk:
    """What channels compose with: the newest articles of the newsletter and of the store, as values."""
    announced = book.announced(connection, newsletter.id, SHELF)
    if edition:
        fresh = {article.id for article in edition.carried}
        announced = [*edition.carried, *(article for article in announced if article.id not in fresh)][:SHELF]
    return RenderingDesk(
        site=newsroom.settings.site,
        newsletter=newsletter,
        announced=tuple(announced),
        published=tuple(archive.newest(connection, SHELF)),
        templates=newsroom.templates,
        language=newsroom.language(newsletter),
        zone=newsroom.zone(newsletter),
    )


# -- publish -----------------------------------------------------------------------------------------------------------


def publish(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    now: datetime,
    by: str,
    *,
    slot: Slot | None = None,
    only: Sequence[str] = (),
) -> Proposal | None:
    """Answer a slot, or make a one-off edition. None where somebody else has answered it already.

    The proposal is rendered before anything is claimed, so a template that fails leaves the slot open; then one
    transaction claims it, or finds that the world has moved on, and the proposal is made anew.
    """
    at_home(newsroom, database, now)
    name = slot.name if slot else manual_slot(now, newsroom.zone(newsletter))
    for _ in range(5):
        proposal = propose(newsroom, database, newsletter, name, now, only)
        try:
            with database.write() as connection:
                if proposal.edition is None:
                    book.note(connection, newsletter.id, proposal.selection.choices, now)
                    free = not slot or book.decide_slot(
                        connection, newsletter.id, name, proposal.selection.reason, by, now
                    )
                    return proposal if free else None
                if slot and book.is_decided(connection, newsletter.id, name):
                    return None
                _freeze(newsroom, connection, proposal, by)
                return proposal
        except book.SlotTaken as moved_on:
            log.info("%s: %s; looking again", newsletter.id, moved_on)
    return None


def _freeze(newsroom: Newsroom, connection: Connection, proposal: Proposal, by: str) -> None:
    edition = proposal.edition
    assert edition is not None
    carriers = newsroom.carriers(proposal.newsletter)
    book.keep(connection, edition, proposal.renditions, by, proposal.selection.choices)
    promise(
        connection,
        edition,
        proposal.renditions,
        personal=frozenset(name for name, channel in carriers.items() if channel.personal),
        latest_only=frozenset(name for name, channel in carriers.items() if channel.latest_only),
        now=edition.frozen_at,
    )


def at_home(newsroom: Newsroom, database: Database, now: datetime) -> None:
    """Make sure that this is no copy of somebody's store. Raises StoreError."""
    with database.write() as connection:
        home.check(connection, home.here(newsroom.settings.instance, newsroom.folder), now)


def answer_due_slots(newsroom: Newsroom, database: Database, now: datetime, by: str) -> list[Proposal]:
    """Answer what is due now in every newsletter; returns the proposals that this call decided."""
    made = []
    for name, timing in newsroom.timing.items():
        if timing.schedule is None:
            continue
        newsletter = newsroom.newsletter(name)
        with database.write() as connection:
            since = book.enrol(connection, newsletter, now)
            decided = book.decided_slots(connection, name, now - timing.missed.patience - timedelta(days=40))
        task = due(timing.schedule, since=since, now=now, missed=timing.missed, decided=decided)
        if task is None:
            continue
        proposal = publish(newsroom, database, newsletter, now, by, slot=task.slot) if task.slot else None
        with database.write() as connection:
            for slot, outcome in task.passed:
                book.decide_slot(connection, name, slot.name, outcome, by, now)
        if proposal:
            made.append(proposal)
    return made


# -- deliver -----------------------------------------------------------------------------------------------------------


async def deliver(
    newsroom: Newsroom,
    database: Database,
    clock: Clock,
    stop: asyncio.Event | None = None,
    progress: Progress | None = None,
    ledger: Ledger | None = None,
) -> Report:
    """Work through everything that is due in the ledger, whichever edition it belongs to."""
    at_home(newsroom, database, clock())
    newsletters = newsroom.settings.newsletters
    dispatcher = Dispatcher(
        ledger=ledger or Ledger(database),
        channels=newsroom.channels,
        address_book=address_book(newsroom, database),
        resend=lambda name: name in newsletters and newsletters[name].on_uncertain == "resend",
        clock=clock,
        stop=stop or asyncio.Event(),
        progress=progress,
    )
    return await dispatcher.run()


async def refresh(newsroom: Newsroom, database: Database) -> list[str]:
    """Bring the standing renditions up to date; returns faults in words. They are tried again at the next refresh."""
    site = newsroom.settings.site
    everything = Newsletter(id="all", title=site.title, description=site.description, channels=("-",))
    with database.read() as connection:
        desk = desk_for(newsroom, connection, everything)
    faults = []
    for name, channel in newsroom.channels.items():
        faults += [f"channel {name}: {fault}" for fault in await _refresh_one(channel, desk)]
    return faults


async def _refresh_one(channel: Channel, desk: RenderingDesk) -> list[str]:
    faults = []
    for rendition in channel.compose_standing(desk):
        try:
            await channel.deliver(rendition)
        except DeliveryError as error:
            faults.append(f"{rendition.title or rendition.part}: {error}")
    return faults
