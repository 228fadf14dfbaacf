"""How a command that sends ends: what came of it, what is still open and why, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .app import App, clock, say, warn
from .waiting import resting_channels

if TYPE_CHECKING:
    from ..delivery.outstanding import Outstanding
    from ..delivery.report import Report
    from ..storage.database import Database


def tell_report(app: App, database: Database, report: Report) -> None:
    """What came of the deliveries, and what is still open."""
    for channel, parts in report.in_words().items():
        say(f"  {channel}: {', '.join(parts)}{place(app, channel)}")
    for note in report.notes:
        warn(note)
    with database.read() as connection:
        waiting = resting_channels(app, connection)
    for line in waiting:
        say(f"  {line}")
    tell_open(app, database, report.editions)


def tell_open(app: App, database: Database, touched: Iterable[str] = ()) -> None:
    """What is not done and why, where there is anything, in a few lines; and what goes on with it."""
    lines, hints = open_lines(app, database, touched)
    for line in lines:
        warn(line)
    for hint in hints:
        say(f"  {hint}")


def open_lines(app: App, database: Database, touched: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """What is not done and why, a line for each kind, and what goes on with it; nothing where all is done."""
    from ..delivery import faults
    from ..delivery.outstanding import in_words, what_goes_on

    found = left_open(database, touched)
    if not found:
        return [], []
    with database.read() as connection:
        known = faults.of(connection)
    return in_words(found, known, app.local), what_goes_on(found)


def left_open(database: Database, touched: Iterable[str] = ()) -> list[Outstanding]:
    from ..delivery.outstanding import outstanding

    with database.read(long=True) as connection:
        return outstanding(connection, clock(), list(touched))


def exit_code(database: Database, report: Report) -> int:
    """0 where all is done; 1 where something is left open, or where nothing at all got through."""
    from ..model import DeliveryState

    tried = sum(report.counts.values())
    failed = report.of(DeliveryState.SENT) == 0 and (tried > 0 or bool(report.notes))
    return int(failed or any(one.fails for one in left_open(database, report.editions)))


def as_data(database: Database, report: Report) -> dict[str, Any]:
    """The same for scripts."""
    found = left_open(database, report.editions)
    return {
        "deliveries": [
            {"channel": channel, "state": state, "count": count}
            for (channel, state), count in sorted(report.counts.items())
        ],
        "notes": report.notes,
        "finished": not any(one.fails for one in found),
        "open": [one.as_data() for one in found],
    }


def place(app: App, name: str) -> str:
    """Where a channel that writes to a folder has put things."""
    channel = app.newsroom.channels[name]
    return f" in {channel.place}" if channel.place else ""
