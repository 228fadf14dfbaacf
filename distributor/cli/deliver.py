"""`distributor deliver`, and what every command that sends shares: progress, the report, the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .context import CliContext, clock, on_terminal, pass_cli_context, plural, say, warn

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..delivery.stats import ProgressCallback, RunStats
    from ..delivery.unfinished import UnfinishedDeliveries
    from ..storage.database import Database


@click.command("deliver", short_help="Send the deliveries that are due; with --follow, as one more worker.")
@click.option("--follow", is_flag=True, help="Keep running until stopped, as one more worker beside `serve`.")
@click.option(
    "--share-of",
    "share_of",
    metavar="N",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="The number of processes that share the rate limits of the mail servers.",
)
@pass_cli_context
def command(app: CliContext, follow: bool, share_of: int) -> None:
    """Send the deliveries that are due. No source is read and no edition is made.

    With --follow, keeps sending until Ctrl-C or SIGTERM. Several such workers may run beside each other and beside `serve`.

    Exit code: 1 if a delivery is left unfinished; the output says which and why.
    """
    from .newsletters import warn_of_missing_newsletters

    with app.store() as database:
        warn_of_missing_newsletters(app, database)
        if not follow:
            report = deliver_with_progress(app, database)
            if not report.counts and not report.notes:
                say("Nothing is due.")
            show_report(app, database, report)
            if exit_code(database, report):
                raise SystemExit(1)
            return
        from ..workers import DeliveryLoop

        app.log_progress()

        stop = asyncio.Event()
        loop = DeliveryLoop(app.newsroom, database, clock, stop, among=share_of)

        async def run() -> None:
            with stop_on_signals(stop):
                say("Delivering. Ctrl-C stops.")
                await loop.run()

        run_until_stopped(run())
        show_unfinished(app, database)


T = TypeVar("T")


@contextlib.contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` at the first Ctrl-C or SIGTERM: the message in hand is finished and written down, then we end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, on uvloop where it is installed: mail costs it less. What the start has made stays to the end: the
    collector of garbage need not look through it again."""
    gc.freeze()
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run what goes on until it is stopped. Raises StoreLost where it had to end by itself."""
    try:
        run_async(work)
    finally:
        say("Stopped.")


def deliver_with_progress(app: CliContext, database: Database) -> RunStats:
    """Work through what is due. Raises SystemExit(130) after a clean stop by a signal."""
    from .. import pipeline
    from ..delivery.queries import count_due

    with database.read(long=True) as connection:
        total = count_due(connection, clock())

    async def run() -> tuple[RunStats, bool]:
        stop = asyncio.Event()
        with stop_on_signals(stop), _progress_bar(total) as progress:
            report = await pipeline.deliver_due(app.newsroom, database, clock, stop, progress)
        return report, stop.is_set()

    report, stopped = run_async(run())
    if stopped:
        say("Stopped. What is out is written down; the next run goes on with the rest.")
        show_unfinished(app, database, report.editions)
        raise SystemExit(130)
    return report


@contextlib.contextmanager
def _progress_bar(total: int) -> Iterator[ProgressCallback]:
    """A bar on a terminal, and else a line every few seconds: how many of how many, how fast, how long still."""
    if not on_terminal():
        from ..delivery.stats import ProgressLogger

        yield ProgressLogger(functools.partial(say, err=True), total)  # stdout may be JSON
        return
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed or 0:.0f}/s")

    columns = ("sending", BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Bar(*columns, transient=True, disable=not total) as bar:
        task = bar.add_task("sending", total=total)
        yield lambda: bar.advance(task)


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


def channel_backoff_lines(app: CliContext, connection: Connection, editions: Sequence[str] | None = None) -> list[str]:
    """Until when which channel rests, and why, where it owes anything: of these editions, or of all."""
    from ..delivery import channel_state
    from ..delivery.queries import count_open_by_channel

    found = channel_state.list_backoffs(connection, clock())
    counts = count_open_by_channel(connection, list(found), editions) if found else {}
    return [
        f"channel {name} backs off until {app.local(rest.until)} ({rest.reason}): "
        f"{plural(counts[name], 'delivery waits', 'deliveries wait')} for that"
        for name, rest in found.items()
        if counts.get(name)
    ]
