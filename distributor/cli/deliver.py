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
    from ..pipeline import OutboxReport
    from ..storage.database import Database


@click.command("deliver", short_help="Send the deliveries that are due.")
@click.option("--follow", is_flag=True, help="Keep running until stopped, as another worker beside `serve`.")
@pass_cli_context
def command(app: CliContext, follow: bool) -> None:
    """Send the deliveries that are due, and what waits in the outbox. No source is read and no edition is made.

    With --follow, keeps sending until Ctrl-C or SIGTERM. Several such workers may run beside each other and beside `serve`.

    Exit code: 1 if a delivery or a message of the outbox is left unfinished; the output says which and why.
    """
    from .newsletters import warn_of_missing_newsletters

    with app.store() as database:
        warn_of_missing_newsletters(app, database)
        if not follow:
            report = deliver_with_progress(app, database)
            outbox = _send_outbox(app, database)
            if not (report.counts or report.notes or outbox.counts or outbox.faults):
                say("Nothing is due.")
            show_report(app, database, report)
            left = _show_outbox(app, database, outbox)
            if exit_code(database, report) or left:
                raise SystemExit(1)
            return
        from ..errors import StoreError
        from ..workers import DeliveryLoop

        app.log_progress()

        stop = asyncio.Event()
        loop = DeliveryLoop(app.newsroom, database, clock, stop)

        async def run() -> None:
            with stop_on_signals(stop, last=True):
                say("Delivering. Ctrl-C stops.")
                await loop.run()

        run_until_stopped(run())
        with contextlib.suppress(StoreError):  # it is away, as has been said: a clean stop all the same
            show_unfinished(app, database)


def _send_outbox(app: CliContext, database: Database) -> OutboxReport:
    """Send the transactional emails and events that are due. Raises SystemExit(130) after a clean stop by a signal."""
    from .. import pipeline

    async def run() -> tuple[OutboxReport, bool]:
        stop = asyncio.Event()
        with stop_on_signals(stop):
            report = await pipeline.send_outbox(app.newsroom, database, clock, stop)
        return report, stop.is_set()

    report, stopped = run_async(run())
    if stopped:
        say("Stopped. What was sent is recorded; the next run continues.")
        raise SystemExit(130)
    return report


def _show_outbox(app: CliContext, database: Database, report: OutboxReport) -> int:
    """Say what became of the outbox; returns how many of its messages wait."""
    from ..delivery import outbox

    for (channel, state), number in sorted(report.counts.items()):
        personal = app.newsroom.channels[channel].personal
        what = plural(number, "transactional email" if personal else "event")
        if state in (outbox.OutboxState.SENT, outbox.OutboxState.REJECTED, outbox.OutboxState.SUPPRESSED):
            say(f"  {channel}: {what} {state}")
    for fault in report.faults:
        warn(fault)
    with database.read() as connection:
        left = outbox.count_open(connection)
    if left:
        warn(f"{plural(left, 'message waits', 'messages wait')} in the outbox; `distributor outbox` shows why")
    return left


T = TypeVar("T")


@contextlib.contextmanager
def stop_on_signals(stop: asyncio.Event, *, last: bool = False) -> Iterator[None]:
    """Set `stop` at the first Ctrl-C or SIGTERM: the message being sent is finished and recorded, then the run ends. With
    `last` the process ends after it: another SIGTERM changes nothing then either, not even the exit code."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        if last and stop.is_set():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, on uvloop if it is installed, because it sends faster. Objects made so far live to the end, so the
    garbage collector need not visit them again."""
    gc.freeze()
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine until it is stopped. Raises StoreLost if it had to end by itself."""
    try:
        run_async(work)
    finally:
        say("Stopped.")


def deliver_with_progress(app: CliContext, database: Database) -> RunStats:
    """Send the deliveries that are due. Raises SystemExit(130) after a clean stop by a signal."""
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
        say("Stopped. What was sent is recorded; the next run continues.")
        show_unfinished(app, database, report.editions)
        raise SystemExit(130)
    return report


@contextlib.contextmanager
def _progress_bar(total: int) -> Iterator[ProgressCallback]:
    """A progress bar on a terminal; elsewhere a line every few seconds: how many of how many, how fast, how long still."""
    if not on_terminal():
        from ..delivery.stats import ProgressLogger

        yield ProgressLogger(functools.partial(say, err=True), total)  # stdout may be JSON
        return
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed or 0:.0f}/s")

    columns = ("sending", BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    with Bar(*columns, transient=True, disable=not total) as bar:
        task = bar.add_task("sending", total=total)
        yield lambda: bar.advance(task)


def show_report(app: CliContext, database: Database, report: RunStats) -> None:
    """Say what became of the deliveries, and what is still open."""
    for channel, parts in report.in_words(lambda name, number: describe_sent(app, name, number)).items():
        say(f"  {channel}: {', '.join(parts)}")
    for note in report.notes:
        warn(note)
    with database.read() as connection:
        waiting = channel_backoff_lines(app, connection)
    for line in waiting:
        say(f"  {line}")
    show_unfinished(app, database, report.editions)


def show_unfinished(app: CliContext, database: Database, touched: Iterable[str] = ()) -> None:
    """Say what is unfinished and why, and which commands continue it; nothing if all is done."""
    lines, hints = unfinished_lines(app, database, touched)
    for line in lines:
        warn(line)
    for hint in hints:
        say(f"  {hint}")


def unfinished_lines(app: CliContext, database: Database, touched: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """What is unfinished and why, and which commands continue it; empty if all is done."""
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
    """0 if all is done; 1 if a delivery is left unfinished, a post was refused, or nothing at all was sent."""
    from ..model import DeliveryState

    tried = sum(report.counts.values())
    failed = report.of(DeliveryState.SENT) == 0 and (tried > 0 or bool(report.notes))
    return int(
        failed or report.refused > 0 or any(one.is_failure for one in list_unfinished(database, report.editions))
    )


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


def describe_sent(app: CliContext, name: str, number: int) -> str:
    """`3 files written to FOLDER`, `3 emails sent`, `2 posts sent`: what a channel has sent, or saved in a folder."""
    from ..test_mode import TestModeChannel

    channel = app.newsroom.channels[name]
    if channel.personal:
        return plural(number, "email") + (" sent" if channel.reaches_audience else f" saved in {channel.place}")
    what = plural(number, "file" if channel.public_folders or isinstance(channel, TestModeChannel) else "post")
    return f"{what} written to {channel.place}" if channel.place else f"{what} sent"


def channel_backoff_lines(app: CliContext, connection: Connection, editions: Sequence[str] | None = None) -> list[str]:
    """Which channels back off, until when and why, if deliveries wait for them: of these editions, or of all."""
    from ..delivery import channel_state
    from ..delivery.queries import count_open_by_channel

    found = channel_state.list_backoffs(connection, clock())
    counts = count_open_by_channel(connection, list(found), editions) if found else {}
    return [
        f"channel {name} backs off until {app.local(rest.until)} ({rest.reason}): "
        f"{plural(counts[name], 'delivery waits', 'deliveries wait')} for it"
        for name, rest in found.items()
        if counts.get(name)
    ]
