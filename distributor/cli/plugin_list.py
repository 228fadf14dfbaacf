"""Channel and source types on the command line: what `distributor channels` and `distributor sources` share."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, json_option, pass_cli_context, say, show_table, warn
from .listing import ListingGroup

if TYPE_CHECKING:
    from ..plugins.info import PluginInfo
    from ..plugins.registry import PluginRegistry


class PluginTypeGroup(ListingGroup):
    """A command group in which every name that is not a subcommand is a type to show."""

    kind = ""  # channel or source

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self._one(cmd_name, bool(ctx.params.get("as_json")))

    def _one(self, name: str, asked: bool) -> click.Command:
        @click.command(name, help=f"Show a {self.kind} type: its settings and an example for config.yaml.")
        @json_option
        @pass_cli_context
        def show(app: CliContext, as_json: bool) -> None:
            show_plugin_types(app, self.kind, name, as_json or asked)

        return show


def show_plugin_types(app: CliContext, kind: str, name: str | None, as_json: bool) -> None:
    """Show all channel or source types, or one."""
    from ..plugins import registry

    known: PluginRegistry[Any] = registry.channels if kind == "channel" else registry.sources
    show_plugin_list(app, known, f"{kind}s", name, as_json)


def show_plugin_list(app: CliContext, kind: PluginRegistry[Any], section: str, name: str | None, as_json: bool) -> None:
    """Show all of a kind, or one. The newsroom's own folder is included even if its config.yaml is wrong."""
    from ..errors import UserError

    kind.join(app.config.absolute().parent / section)
    if name:
        described = kind.describe(name)
        app.show_json(asdict(described)) if as_json else _show_plugin(described)
        return
    found = []
    for each in kind.names():
        try:
            found.append(kind.describe(each))
        except UserError as error:
            warn(str(error))
    if as_json:
        app.show_json([asdict(one) for one in found])
        return
    show_table(["type", "description"], [(one.type, one.summary) for one in found], "There are none.")
    say(f"\n`distributor {section} TYPE` shows its settings and an example for config.yaml.")


def _show_plugin(one: PluginInfo) -> None:
    say(f"{one.type}  ({one.origin})", bold=True)
    say()
    say(one.manual)
    say("\nSettings:")
    width = max((len(setting.name) for setting in one.settings), default=0)
    for setting in one.settings:
        default = "needed" if setting.default is None else f"default: {setting.default}"
        say(f"  {setting.name.ljust(width)}  {setting.help} ({setting.type}; {default})")
    if one.example:
        say("\nExample for config.yaml:\n")
        for line in one.example.splitlines():
            say(f"  {line}")
