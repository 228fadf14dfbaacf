"""`distributor sources`."""

from __future__ import annotations

import click

from .app import App, pass_app
from .catalogue import catalogue_options, show_catalogue


@click.command("sources", short_help="Show the kinds of sources there are, likewise.")
@catalogue_options
@pass_app
def command(app: App, name: str | None, as_json: bool) -> None:
    """Show the kinds of sources there are, or one with its settings and an example to paste.

    The text comes from the source files themselves, the newsroom's own `sources/` folder among them.
    """
    from .. import registry

    show_catalogue(app, registry.sources, "sources", name, as_json)
