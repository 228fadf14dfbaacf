"""`distributor config`."""

from __future__ import annotations

import click

from .context import CliContext, pass_cli_context, say


@click.command("config", short_help="Show a config.yaml with every setting explained.")
@pass_cli_context
def command(app: CliContext) -> None:
    """Show a config.yaml with every setting of every section, channel and source, each explained.

    What is not needed is commented out. The channels and sources in your newsroom's own folders are included.
    """
    from ..plugins import registry
    from ..plugins.example import write_example

    folder = app.config.absolute().parent
    registry.channels.join(folder / "channels")
    registry.sources.join(folder / "sources")
    for line in write_example().splitlines():
        say(line)
