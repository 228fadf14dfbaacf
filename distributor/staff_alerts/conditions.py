"""What staff should be told of now, by what is seen of the newsroom. Pure: facts and the time in, conditions out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from ..bounces.guard import UNKNOWN, HeldSuppressions
from ..config.staff_alerts import AlertKind
from ..config.types import show_duration
from ..gathering.source_state import SourceState
from ..model import EditionState
from .kinds import Condition

COMPLAINT_SHARE = (
    0.003  # of the recipients: above it Gmail and Yahoo count a sender as one of spam (their sender rules)
)
FEW_COMPLAINTS = 3  # fewer say nothing
_NOT_READ = 4  # times the interval of a source without one good look, and …
_NOT_READ_MORE = timedelta(hours=1)  # … so much longer
_ENOUGH_ARRIVALS = 10  # gathers with something new, below which nothing is usual
_SHORTEST_SILENCE = timedelta(days=1)
_SILENT = "has had nothing new for more than"  # what gathering says of the same (gathering/anomalies)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """A source: how often it is read, after which silence staff want to know (None: nobody has said), how its last gathers
    ended, and when it had something new, oldest first."""

    name: str
    every: timedelta
    silent_after: timedelta | None
    state: SourceState
    arrivals: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFacts:
    """An edition that has not gone out to its end. `complaints` are those that have come, of `recipients`."""

    id: str
    state: str
    frozen_at: datetime
    due_at: datetime
    blocked_by: str = ""
    complaints: int = 0
    recipients: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """A channel: its failure and since when, whether and since when it backs off, since when deliveries and single messages
    have been due, and when it last made progress."""

    name: str
    fault: str = ""
    fault_since: datetime | None = None
    waits_since: datetime | None = None
    waits_for: str = ""
    due_since: datetime | None = None
    progress_at: datetime | None = None
    message_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What one machine sees of itself: disks that are low, how far its clock is off, how many seconds it waited for the
    store each of the last times, and the steps of the service that fail; in words, empty where all is well."""

    name: str
    disks: Mapping[str, str] = field(default_factory=dict)
    clock: str = ""
    store_waits: Sequence[float] = ()
    failing: Mapping[str, str] = field(default_factory=dict)


def find_source_conditions(sources: Iterable[SourceFacts], now: datetime) -> Iterator[Condition]:
    """Sources that fail, that are not read, that are silent."""
    for one in sources:
        state = one.state
        if state.fault and not state.fault.startswith(_SILENT):
            yield Condition(
                kind=AlertKind.SOURCE_FAILING,
                subject=one.name,
                what=state.fault,
                since=state.fault_since or state.last_read,
            )
        elif state.last_good and now - state.last_good > _NOT_READ * one.every + _NOT_READ_MORE:
            what = f"it is to be read every {show_duration(one.every)}, and was not"
            yield Condition(kind=AlertKind.SOURCE_FAILING, subject=one.name, what=what, since=state.last_good)
        limit = one.silent_after or usual_silence(one.arrivals)
        if limit and one.arrivals and now - one.arrivals[-1] > limit:
            usual = "" if one.silent_after else ", twice its longest pause so far"
            what = f"{_SILENT} {show_duration(limit)}{usual}"
            yield Condition(kind=AlertKind.SOURCE_SILENT, subject=one.name, what=what, since=one.arrivals[-1])


def usual_silence(arrivals: Sequence[datetime]) -> timedelta | None:
    """After which silence a source is worth a look, by when it had something new lately: twice its longest pause, a day at
    least. None where too little is known."""
    if len(arrivals) < _ENOUGH_ARRIVALS:
        return None
    longest = max(later - earlier for earlier, later in pairwise(arrivals))
    limit = max(2 * longest, _SHORTEST_SILENCE)
    return timedelta(hours=round(limit / timedelta(hours=1)))


def find_edition_conditions(editions: Iterable[EditionFacts], now: datetime) -> Iterator[Condition]:
    """Editions that wait for staff, and those about which many have complained."""
    for one in editions:
        if one.blocked_by == "preflight":
            what = "its emails do not pass the preflight, and nothing of it is sent"
            yield Condition(kind=AlertKind.EDITION_BLOCKED, subject=one.id, what=what, since=one.frozen_at)
        elif one.state in (EditionState.REVIEW, EditionState.HELD) and not one.blocked_by and one.due_at < now:
            what = "nobody has approved it" if one.state == EditionState.REVIEW else "it is held"
            yield Condition(kind=AlertKind.EDITION_WAITING, subject=one.id, what=what, since=one.due_at)
        if one.complaints >= FEW_COMPLAINTS and one.complaints > COMPLAINT_SHARE * one.recipients > 0:
            share = one.complaints / one.recipients
            what = f"{one.complaints} complaints of {one.recipients} recipients ({share:.1%}; at most {COMPLAINT_SHARE:.1%})"
            yield Condition(kind=AlertKind.COMPLAINTS, subject=one.id, what=what)


def find_channel_conditions(
    channels: Iterable[ChannelFacts], now: datetime, stalled_after: timedelta
) -> Iterator[Condition]:
    """Channels that carry nothing, wait, or stand still."""
    for one in channels:
        name = one.name
        if one.fault:
            yield Condition(
                kind=AlertKind.CHANNEL_BROKEN, subject=name, what=one.fault, since=one.fault_since, channel=name
            )
        elif one.waits_since:
            yield Condition(
                kind=AlertKind.CHANNEL_WAITING, subject=name, what=one.waits_for, since=one.waits_since, channel=name
            )
        elif one.due_since and now - max(one.due_since, one.progress_at or one.due_since) >= stalled_after:
            what = f"deliveries are due, and none has left for {_minutes(stalled_after)}"
            yield Condition(kind=AlertKind.RUN_STALLED, subject=name, what=what, since=one.due_since, channel=name)
        if one.message_since:
            what = "confirmations, links or events wait to be sent"
            yield Condition(kind=AlertKind.OUTBOX_LATE, subject=name, what=what, since=one.message_since, channel=name)


def find_held_suppressions(held: Iterable[HeldSuppressions]) -> Iterator[Condition]:
    """Editions of which the guard asks whether so many addresses are dead (bounces/guard)."""
    for one in held:
        yield Condition(kind=AlertKind.BOUNCES, subject=one.edition or UNKNOWN, what=one.reason, since=one.since)


def find_token_conditions(ends: Mapping[str, datetime], now: datetime, within: timedelta) -> Iterator[Condition]:
    """API tokens and logins that end soon, or have ended; `ends` by what they are."""
    for name, end in ends.items():
        if end - now < within:
            what = f"it {'ended' if end <= now else 'ends'} on {end:%Y-%m-%d %H:%M} UTC"
            yield Condition(kind=AlertKind.TOKEN_EXPIRES, subject=name, what=what)


STORE_WAIT = 2.0  # seconds for a transaction to begin that are too many, if it happens …
STORE_WAITS = 3  # … so many times in a row


def find_host_conditions(host: HostFacts) -> Iterator[Condition]:
    """What is wrong with one machine."""
    for folder, what in host.disks.items():
        yield Condition(kind=AlertKind.DISK_LOW, subject=f"{host.name}: {folder}", what=what, host=host.name)
    if host.clock:
        yield Condition(kind=AlertKind.CLOCK_WRONG, subject=host.name, what=host.clock, host=host.name)
    waits = host.store_waits[-STORE_WAITS:]
    if len(waits) == STORE_WAITS and min(waits) > STORE_WAIT:
        what = f"a transaction waits {max(waits):.0f} s before it begins"
        yield Condition(kind=AlertKind.STORE_BUSY, subject=host.name, what=what, host=host.name)
    for step, what in host.failing.items():
        subject = f"{host.name}: {step}"
        yield Condition(kind=AlertKind.STEP_FAILING, subject=subject, what=what, host=host.name)


def _minutes(length: timedelta) -> str:
    minutes = round(length / timedelta(minutes=1))
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
