"""Whether the clock of this machine can be believed, and what to do about what a wrong one has decided.

    before EARLIEST                    the clock was never set: nothing is decided or sent            ClockError
    the store has later times, and     the clock is behind: the same                                  ClockError
      so has the world outside
    the store has later times          the clock was ahead: what was decided by it and not sent       told, line by line
                                       is undone

It is asked once for each opened store, before anything is decided; and again where the clock was set while we ran.
"""

from __future__ import annotations

import logging
from datetime import datetime
from weakref import WeakSet

from sqlalchemy import Connection

from ..articles import repository as article_repository
from ..delivery.clock_repair import undo_future_decisions
from ..editions import article_status
from ..errors import ClockError
from ..newsroom import Newsroom
from ..storage import future_times
from ..storage.database import Database

log = logging.getLogger("distributor.clock")

_settled: WeakSet[Database] = WeakSet()


def ensure_clock(
    newsroom: Newsroom, database: Database, now: datetime, *, again: bool = False, believe: bool = False
) -> list[str]:
    """Make sure that this clock agrees with the store; what a clock that was ahead has decided is undone where nothing
    was sent by it. Returns what was done, in words, which are logged as well. `again`: although it was asked before.
    `believe` the clock whatever the dates of the sources say. Raises ClockError."""
    _check_clock_was_set(newsroom, now)
    if database in _settled and not again:
        return []
    told: list[str] = []
    with database.read() as connection:
        later = _later(newsroom, connection, now, believe=believe)
    if later:
        with database.write() as connection:
            later = _later(newsroom, connection, now, believe=believe)  # again: another process may have been faster
            told = [_summary(newsroom, later), *_undo_future_decisions(newsroom, connection, now)] if later else []
    _settled.add(database)
    for line in told:
        log.warning("%s", line)
    return told


def preview_clock_repair(newsroom: Newsroom, database: Database, now: datetime) -> list[str]:
    """What `ensure_clock` would do, in words, or what it would say of the clock. Nothing is changed."""
    try:
        _check_clock_was_set(newsroom, now)
        with database.read() as connection:
            later = _later(newsroom, connection, now, believe=False)
    except ClockError as error:
        return [str(error)]
    if not later:
        return []
    told: list[str] = []
    try:
        with database.write() as connection:
            told += _undo_future_decisions(newsroom, connection, now)
            raise _RollBack
    except _RollBack:
        pass
    return [f"{_summary(newsroom, later)} The next `serve`, `send` or `deliver` puts this right:", *told]


class _RollBack(Exception):
    """Ends a transaction that was only for show."""


def _check_clock_was_set(newsroom: Newsroom, now: datetime) -> None:
    if now < future_times.EARLIEST:
        raise ClockError(
            f"the clock of this machine says {_local(newsroom, now)}, before this program was made: it was never set. "
            "Nothing is sent or decided until it is right; set it, or start the service that sets it (NTP)"
        )


def _later(newsroom: Newsroom, connection: Connection, now: datetime, *, believe: bool) -> datetime | None:
    later = future_times.find_future_time(connection, now)
    date = future_times.find_later_article_date(connection, now) if later and not believe else None
    if later and date:
        raise ClockError(
            f"the clock of this machine says {_local(newsroom, now)}, but the store was used until "
            f"{_local(newsroom, later)}, and its articles bear dates up to {date:%Y-%m-%d}: the clock is behind. Nothing "
            "is sent or decided until it is right. If it is, and the sources are wrong, `distributor store claim --clock` "
            "takes back what was decided later"
        )
    return later


def _summary(newsroom: Newsroom, later: datetime) -> str:
    return (
        f"the store holds what was decided later than now, up to {_local(newsroom, later)}: a clock was ahead. What was "
        "sent by it stays, all else is undone; if it is the clock of now that is wrong, set it right."
    )


def _local(newsroom: Newsroom, moment: datetime) -> str:
    return f"{moment.astimezone(newsroom.settings.site.timezone):%Y-%m-%d %H:%M}"


def _undo_future_decisions(newsroom: Newsroom, connection: Connection, now: datetime) -> list[str]:
    told = undo_future_decisions(connection, now)
    for name, since in article_status.forget_future_starts(connection, now).items():
        told.append(f"newsletter {name} was noted as begun on {since:%Y-%m-%d}; it begins now")
    for name, source in newsroom.sources.items():
        number = article_repository.recompute_backlog(connection, name, source.announce_since, now)
        if number:
            told.append(f"source {name}: {number} articles were taken for old ones at the first look; they are news")
    future_times.move_into_past(connection, now)
    return told
