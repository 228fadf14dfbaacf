"""`distributor prune`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, clock, dry_run_option, json_option, pass_cli_context, plural, say, show_table
from .progress import table_progress

if TYPE_CHECKING:
    from ..pipeline.prune import PruneReport


@click.command("prune", short_help="Remove what is too old to be kept.")
@dry_run_option
@json_option
@pass_cli_context
def command(app: CliContext, dry_run: bool, as_json: bool) -> None:
    """Remove what is too old to be kept, as `retention` in config.yaml says. `serve` does so by itself, once an hour.

    Who got which email goes, and the emails; how many there were of each edition stays. Articles, what was announced, posts,
    subscribers, consents, opt-outs and suppressions are never removed, and links in old emails keep working.

    Everything else may go on meanwhile. Ctrl-C and SIGTERM stop it; the next run goes on.
    """
    from ..pipeline import check_may_send, prune

    now = clock()
    with app.store() as database:
        check_may_send(app.newsroom, database, now)  # a clock that is ahead would remove what is young
        report = prune.find_prunable(app.newsroom, database, now)
        if not dry_run:
            total = report.removed["deliveries"]
            quiet: Any = contextlib.nullcontext(lambda *_: None)
            with _stopped_by_signals() as stopped, table_progress() if total and not as_json else quiet as progress:
                report = prune.prune_store(app.newsroom, database, now, stopped=stopped, progress=progress, total=total)
    if as_json:
        done = {"dry_run": dry_run, "removed": report.removed, "editions": report.editions}
        app.show_json({**done, "freed": report.freed, "stopped": report.stopped})
    else:
        _show(report, dry_run)
    if report.stopped:
        raise SystemExit(130)


def _show(report: PruneReport, dry_run: bool) -> None:
    rows = [(name, f"{number:,}") for name, number in report.removed.items() if number]
    what = "would be removed" if dry_run else "removed"
    show_table(["old", what], rows, "Nothing is too old to be kept.")
    if report.editions:
        say(f"of {plural(len(report.editions), 'edition')}: {', '.join(report.editions[:3])}{_more(report)}")
    if report.freed:
        say(f"The store is {report.freed / 1_000_000:.1f} MB smaller.")
    if report.stopped:
        say("Stopped; the next run goes on.")


def _more(report: PruneReport) -> str:
    return " …" if len(report.editions) > 3 else ""


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came: what is being written is written to its end."""
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
