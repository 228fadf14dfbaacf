"""`distributor sources`."""

from __future__ import annotations

import click

from .context import json_option
from .plugin_list import PluginTypeGroup, show_plugin_types
from .sources_try import command as try_command


class _Sources(PluginTypeGroup):
    kind = "source"


@click.group(
    "sources",
    cls=_Sources,
    short_help="Show the kinds of sources there are, likewise; try an address.",
    invoke_without_command=True,
    subcommand_metavar="[TYPE | COMMAND [ARGS]...]",
)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the kinds of sources there are, or one TYPE with its settings and an example to paste.

    The text comes from the source files themselves, the newsroom's own `sources/` folder among them. `distributor sources
    try ADDRESS` reads a page, a listing, a feed or a folder and proposes the block for config.yaml.
    """
    if context.invoked_subcommand is None:
        show_plugin_types(context.obj, "source", None, as_json)


command.add_command(try_command)
