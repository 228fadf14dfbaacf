"""`distributor channels`."""

from __future__ import annotations

import getpass

import click

from .context import CliContext, clock, complete_channel, confirm, json_option, pass_cli_context, plural, say
from .newsletters import confirm_and_rename
from .plugin_list import PluginTypeGroup, show_plugin_types


class _Channels(PluginTypeGroup):
    kind = "channel"


@click.group(
    "channels",
    cls=_Channels,
    short_help="Show the channels there are, with settings and examples; rename, resume or cancel one.",
    invoke_without_command=True,
    subcommand_metavar="[TYPE | COMMAND [ARGS]...]",
)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the channels there are, or one TYPE with its settings and an example to paste.

    The text comes from the channel files themselves, the newsroom's own `channels/` folder among them.
    """
    if context.invoked_subcommand is None:
        show_plugin_types(context.obj, "channel", None, as_json)


@command.command("rename")
@click.argument("old")
@click.argument("new", shell_complete=complete_channel)
@click.option("--dry-run", is_flag=True, help="Show what would be carried over; change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_cli_context
def rename(app: CliContext, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Carry everything of channel OLD over to NEW, its name in config.yaml now.

    Open deliveries go on there, and later corrections find what was posted. Restart `serve` before.
    """
    confirm_and_rename(app, "channel", old, new, dry_run, yes)


@command.command("cancel")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say how many they are; change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_cli_context
def cancel(app: CliContext, name: str, dry_run: bool, yes: bool) -> None:
    """Give up what is open on a channel that was taken out of config.yaml."""
    from .. import pipeline

    by = getpass.getuser()
    with app.store() as database:
        number = pipeline.cancel_channel(app.newsroom, database, name, by, clock(), dry_run=True)
        say(f"channel {name} has {plural(number, 'open delivery', 'open deliveries')}")
        if dry_run or not number:
            return
        if not yes:
            confirm("Give them up?")
        number = pipeline.cancel_channel(app.newsroom, database, name, by, clock(), dry_run=False)
    say(f"{name}: {plural(number, 'delivery', 'deliveries')} given up")


@command.command("resume")
@click.argument("name", shell_complete=complete_channel)
@pass_cli_context
def resume(app: CliContext, name: str) -> None:
    """Let a channel that rests go on at once, whatever time its network has named."""
    from ..delivery import channel_state
    from ..errors import UserError

    if name not in app.newsroom.channels:
        raise UserError(f"channel {name} is not in config.yaml")
    with app.store() as database, database.write() as connection:
        rested = name in channel_state.list_backoffs(connection, clock())
        channel_state.end_backoff(connection, name)
    say(f"{name}: goes on" if rested else f"{name} does not rest")
