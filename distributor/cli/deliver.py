"""`distributor deliver`."""

from __future__ import annotations

import asyncio
import logging

import click

from .app import App, clock, pass_app, say, start_logging


@click.command("deliver", short_help="Send what is due and nothing else; with --follow as one more worker.")
@click.option("--follow", is_flag=True, help="Go on until stopped: one more worker beside `serve`.")
@click.option(
    "--among",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many processes share the rates of the relays.",
)
@pass_app
def command(app: App, follow: bool, among: int) -> None:
    """Send what is due and nothing else: no source is looked at, no edition is made.

    Ends with 1 where something is left open, and says what and why.

    With --follow it goes on until Ctrl-C or SIGTERM. Several may run beside each other and beside `serve`: each takes
    other pieces of the work.
    """
    from .naming import tell_missing_newsletters
    from .outcome import exit_code, tell_open, tell_report
    from .progress import deliver_with_progress

    with app.store() as database:
        tell_missing_newsletters(app, database)
        if not follow:
            report = deliver_with_progress(app, database)
            if not report.counts and not report.notes:
                say("Nothing is due.")
            tell_report(app, database, report)
            if exit_code(database, report):
                raise SystemExit(1)
            return
        from ..workers import Worker
        from .progress import run_to_the_end, stopping

        if not app.verbose:
            start_logging(logging.INFO)

        async def run() -> None:
            stop = asyncio.Event()
            with stopping(stop):
                say("Delivering. Ctrl-C stops.")
                await Worker(app.newsroom, database, clock, stop, among=among).run()

        run_to_the_end(run())
        tell_open(app, database)
