"""Whether the clock of this machine can be believed, and what to do about what a wrong one has decided.

    before EARLIEST                    the clock was never set: nothing is decided or sent            ClockError
    the store has later times, and     the clock is behind: the same                                  ClockError
      so has the world outside
    the store has later times          the clock was ahead: what was decided by it and not sent       told, line by line
                                       is taken back

It is asked once for each opened store, before anything is decided; and again where the clock was set while we ran.
"""

from __future__ import annotations

import logging
from datetime import datetime
from weakref import WeakSet

from sqlalchemy import Connection

from ..delivery.takeback import take_back
from ..editions import items
from ..errors import ClockError
from ..gathering import archive
from ..newsroom import Newsroom
from ..storage import clock
from ..storage.database import Database

log = logging.getLogger("distributor.clock")

_settled: WeakSet[Database] = WeakSet()


def settle_clock(
    newsroom: Newsroom, database: Database, now: datetime, *, again: bool = False, believe: bool = False
) -> list[str]:
    """Make sure that this clock agrees with the store; what a clock that was ahead has decided is taken back where nothing
    was sent by it. Returns what was done, in words, which are logged as well. `again`: although it was asked before.
    `believe` the clock whatever the dates of the sources say. Raises ClockError."""
    _never_set(now)
    if database in _settled and not again:
        return []
    told: list[str] = []
    with database.read() as connection:
        later = _later(connection, now, believe=believe)
    if later:
        with database.write() as connection:
            later = _later(connection, now, believe=believe)  # again: another process may have been faster
            told = [_summary(newsroom, later), *_take_back(newsroom, connection, now)] if later else []
    _settled.add(database)
    for line in told:
        log.warning("%s", line)
    return told


def foresee_clock(newsroom: Newsroom, database: Database, now: datetime) -> list[str]:
    """What `settle_clock` would do, in words, or what it would say of the clock. Nothing is changed."""
    try:
        _never_set(now)
        with database.read() as connection:
            later = _later(connection, now, believe=False)
    except ClockError as error:
        return [str(error)]
    if not later:
        return []
    told: list[str] = []
    try:
        with database.write() as connection:
            told += _take_back(newsroom, connection, now)
            raise _Undone
    except _Undone:
        pass
    return [f"{_summary(newsroom, later)} The next `serve`, `send` or `deliver` puts this right:", *told]


class _Undone(Exception):
    """Ends a transaction that was only for show."""


def _never_set(now: datetime) -> None:
    if now < clock.EARLIEST:
        raise ClockError(
            f"the clock of this machine says {now:%Y-%m-%d %H:%M} UTC, before this program was made: it was never set. "
            "Nothing is sent or decided until it is right; set it, or start the service that sets it (NTP)"
        )


def _later(connection: Connection, now: datetime, *, believe: bool) -> datetime | None:
    later = clock.is_contradicted(connection, now)
    date = clock.is_behind(connection, now) if later and not believe else None
    if date:
        raise ClockError(
            f"the clock of this machine says {now:%Y-%m-%d %H:%M} UTC, but the store was used until {later:%Y-%m-%d %H:%M}, "
            f"and its articles bear dates up to {date:%Y-%m-%d}: the clock is behind. Nothing is sent or decided until it "
            "is right. If it is, and the sources are wrong, `distributor adopt --clock` takes back what was decided later"
        )
    return later


def _summary(newsroom: Newsroom, later: datetime) -> str:
    local = later.astimezone(newsroom.settings.site.timezone)
    return (
        f"the store holds what was decided later than now, up to {local:%Y-%m-%d %H:%M}: a clock was ahead. What was sent "
        "by it stays, all else is taken back; if it is the clock of now that is wrong, set it right."
    )


def _take_back(newsroom: Newsroom, connection: Connection, now: datetime) -> list[str]:
    told = take_back(connection, now)
    for name, since in items.begun_later(connection, now).items():
        told.append(f"newsletter {name} was noted as begun on {since:%Y-%m-%d}; it begins now")
    for name, source in newsroom.sources.items():
        number = archive.judge_first_look_again(connection, name, source.announce_since, now)
        if number:
            told.append(f"source {name}: {number} articles were taken for old ones at the first look; they are news")
    clock.bring_back(connection, now)
    return told
