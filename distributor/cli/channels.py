"""`distributor channels`."""

from __future__ import annotations

import click

from .app import App, pass_app
from .catalogue import catalogue_options, show_catalogue


@click.command("channels", short_help="Show the channels there are, with settings and examples.")
@catalogue_options
@pass_app
def command(app: App, name: str | None, as_json: bool) -> None:
    """Show the channels there are, or one with its settings and an example to paste.

    The text comes from the channel files themselves, the newsroom's own `channels/` folder among them.
    """
    from .. import registry

    show_catalogue(app, registry.channels, "channels", name, as_json)
