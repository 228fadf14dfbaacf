"""Delivering with something to look at: a bar on a terminal, plain lines otherwise; Ctrl-C and SIGTERM stop cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import signal
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .context import CliContext, clock, on_terminal, say
from .outcome import show_unfinished

if TYPE_CHECKING:
    from ..delivery.stats import ProgressCallback, RunStats
    from ..storage.database import Database

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
