"""How a command that sends ends: what came of it, what is still open and why, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .channel_backoff import channel_backoff_lines
from .context import CliContext, clock, say, warn

if TYPE_CHECKING:
    from ..delivery.stats import RunStats
    from ..delivery.unfinished import UnfinishedDeliveries
    from ..storage.database import Database


def show_report(app: CliContext, database: Database, report: RunStats) -> None:
    """What came of the deliveries, and what is still open."""
    for channel, parts in report.in_words().items():
        say(f"  {channel}: {', '.join(parts)}{location_suffix(app, channel)}")
    for note in report.notes:
        warn(note)
    with database.read() as connection:
        waiting = channel_backoff_lines(app, connection)
    for line in waiting:
        say(f"  {line}")
    show_unfinished(app, database, report.editions)


def show_unfinished(app: CliContext, database: Database, touched: Iterable[str] = ()) -> None:
    """What is not done and why, where there is anything, in a few lines; and what goes on with it."""
    lines, hints = unfinished_lines(app, database, touched)
    for line in lines:
        warn(line)
    for hint in hints:
        say(f"  {hint}")


def unfinished_lines(app: CliContext, database: Database, touched: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """What is not done and why, a line for each kind, and what goes on with it; nothing where all is done."""
    from ..delivery import channel_state
    from ..delivery.unfinished import describe_unfinished, suggest_commands

    found = list_unfinished(database, touched)
    if not found:
        return [], []
    with database.read() as connection:
        known = channel_state.faults_by_channel(connection)
    return describe_unfinished(found, known, app.local), suggest_commands(found)


def list_unfinished(database: Database, touched: Iterable[str] = ()) -> list[UnfinishedDeliveries]:
    from ..delivery.unfinished import list_unfinished

    with database.read(long=True) as connection:
        return list_unfinished(connection, clock(), list(touched))


def exit_code(database: Database, report: RunStats) -> int:
    """0 where all is done; 1 where something is left open, or where nothing at all got through."""
    from ..model import DeliveryState

    tried = sum(report.counts.values())
    failed = report.of(DeliveryState.SENT) == 0 and (tried > 0 or bool(report.notes))
    return int(failed or any(one.is_failure for one in list_unfinished(database, report.editions)))


def as_data(database: Database, report: RunStats) -> dict[str, Any]:
    """The same for scripts."""
    found = list_unfinished(database, report.editions)
    return {
        "deliveries": [
            {"channel": channel, "state": state, "count": count}
            for (channel, state), count in sorted(report.counts.items())
        ],
        "notes": report.notes,
        "finished": not any(one.is_failure for one in found),
        "open": [one.as_data() for one in found],
    }


def location_suffix(app: CliContext, name: str) -> str:
    """Where a channel that writes to a folder has put things."""
    channel = app.newsroom.channels[name]
    return f" in {channel.place}" if channel.place else ""
