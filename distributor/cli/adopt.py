"""`distributor adopt`."""

from __future__ import annotations

import click

from .app import App, clock, confirm, pass_app, say


@click.command("adopt", short_help="Let a store that was copied or moved send from here.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_app
def command(app: App, yes: bool) -> None:
    """Let a store that was copied or moved send from here.

    A store remembers where it is at home; a copy of it, or a restored backup, refuses to send. Adopt it only when the
    other one is switched off: two that send would send everything twice.
    """
    from ..storage import home

    where = home.here(app.newsroom.settings.instance, app.newsroom.folder)
    if not yes:
        confirm(f"Make {where} the home of this store?")
    with app.store() as database, database.write() as connection:
        before = home.adopt(connection, where, clock())
    say(f"The store is at home at {where}" + (f"; before, at {before}." if before and before != where else "."))
