"""`distributor serve`."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import click

from .context import CliContext, clock, pass_cli_context, say

log = logging.getLogger("distributor.service")


@click.command("serve", short_help="Gather and send on schedule until stopped.")
@click.option(
    "--tick",
    metavar="SECONDS",
    type=click.FloatRange(0.2, 30),
    default=5,
    show_default=True,
    help="Seconds between checks of the schedule.",
)
@click.option("--web/--no-web", default=True, show_default=True, help="Serve the web pages, if config.yaml has `web`.")
@pass_cli_context
def command(app: CliContext, tick: float, web: bool) -> None:
    """Gather and send on schedule, and serve the web pages, until stopped.

    Ctrl-C or SIGTERM stops cleanly: the message being sent is finished and recorded. Several `serve` may share one store.
    """
    from .. import pipeline
    from ..errors import StoreError
    from ..service import Service
    from .deliver import run_until_stopped, stop_on_signals, unfinished_lines

    app.log_progress()

    timing = app.newsroom.timing.items()
    names = [f"{name} ({timed.schedule.text})" for name, timed in timing if timed.schedule]

    stop = asyncio.Event()

    async def run(service: Service) -> None:
        with stop_on_signals(stop, last=True):
            say(f"Serving {', '.join(names) or 'no newsletter: none has a schedule'}. Ctrl-C stops.")
            if service.pages and web:
                say(f"Web pages: {service.pages.in_words}")
            await service.run()
            with contextlib.suppress(StoreError):  # it is away, as has been said: a clean stop all the same
                lines, hints = await asyncio.to_thread(unfinished_lines, app, service.database)
                for line in (*lines, *hints):
                    log.warning("%s", line)

    with app.store() as database:
        with database.read() as connection:
            missing = pipeline.list_missing(app.newsroom, connection)
        for one in missing:
            log.error("%s", one.in_words())
        run_until_stopped(run(Service(app.newsroom, database, clock, stop, tick=tick, with_pages=web)))
