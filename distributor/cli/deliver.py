"""`distributor deliver`."""

from __future__ import annotations

import asyncio

import click

from .context import CliContext, clock, pass_cli_context, say


@click.command("deliver", short_help="Send what is due and nothing else; with --follow as one more worker.")
@click.option("--follow", is_flag=True, help="Go on until stopped: one more worker beside `serve`.")
@click.option(
    "--share-of",
    "share_of",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="The number of processes that share the rate limits of the mail servers.",
)
@pass_cli_context
def command(app: CliContext, follow: bool, share_of: int) -> None:
    """Send what is due and nothing else: no source is looked at, no edition is made.

    Ends with 1 where something is left open, and says what and why.

    With --follow it goes on until Ctrl-C or SIGTERM. Several may run beside each other and beside `serve`: each takes
    other pieces of the work.
    """
    from .outcome import exit_code, show_report, show_unfinished
    from .progress import deliver_with_progress
    from .renames import warn_of_missing_newsletters

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
        from .progress import run_until_stopped, stop_on_signals

        app.log_progress()

        stop = asyncio.Event()
        loop = DeliveryLoop(app.newsroom, database, clock, stop, among=share_of)

        async def run() -> None:
            with stop_on_signals(stop):
                say("Delivering. Ctrl-C stops.")
                await loop.run()

        run_until_stopped(run())
        show_unfinished(app, database)
