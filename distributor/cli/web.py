"""`distributor web`."""

from __future__ import annotations

import asyncio

import click

from .context import CliContext, clock, pass_cli_context, say


@click.command("web", short_help="Serve the web pages alone; `serve` has them too.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say that another process has to send.")
@pass_cli_context
def command(app: CliContext, quiet: bool) -> None:
    """Serve the web pages alone: sign-up, preferences, archive, feeds and the API.

    Another process has to send what is asked for there, such as the confirmation of a sign-up: `distributor serve --no-web`,
    on this machine or on another one with the same store.

    Ctrl-C or SIGTERM stops cleanly: requests in hand are answered.
    """
    from .. import pipeline
    from ..errors import UserError
    from ..pages_loop import PagesLoop
    from ..workers import FaultLog
    from .deliver import run_until_stopped, stop_on_signals

    app.log_progress()
    if app.newsroom.settings.web is None:
        raise UserError(
            "config.yaml has no `web`: there are no pages to serve; `distributor config` shows the settings"
        )
    stop = asyncio.Event()
    with app.store() as database:
        pipeline.check_may_send(app.newsroom, database, clock())
        pages = PagesLoop(app.newsroom, database, clock, stop, FaultLog())
        pages.listen()

        async def run() -> None:
            with stop_on_signals(stop, last=True):
                if not quiet:
                    say(f"Web pages: {pages.in_words} Ctrl-C stops.")
                    say("Emails are sent by another process: `distributor serve --no-web`.")
                await pages.serve()

        run_until_stopped(run())
