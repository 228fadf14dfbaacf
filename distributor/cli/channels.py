"""`distributor channels`; `new` and `test` are in `plugin_author`."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

import click

from .context import (
    CliContext,
    ask,
    clock,
    complete_channel,
    confirm,
    dry_run_option,
    json_option,
    pass_cli_context,
    plural,
    say,
    yes_option,
)
from .newsletters import confirm_and_rename
from .plugin_author import add_author_commands
from .plugin_list import PluginTypeGroup, show_plugin_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..channel import Channel
    from ..storage.database import Database


class _Channels(PluginTypeGroup):
    kind = "channel"


@click.group(
    "channels",
    cls=_Channels,
    short_help="List, write and test channel types; log a channel in.",
    invoke_without_command=True,
    subcommand_metavar="[TYPE | COMMAND [ARGS]...]",
)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the channel types, or show one TYPE with its settings and an example for config.yaml.

    Types from the newsroom's own `channels/` folder are included.
    """
    if context.invoked_subcommand is None:
        show_plugin_types(context.obj, "channel", None, as_json)


add_author_commands(command, "channels")


@command.command("rename", short_help="Rename a channel, with everything stored about it.")
@click.argument("old")
@click.argument("new", shell_complete=complete_channel)
@dry_run_option
@yes_option
@pass_cli_context
def rename(app: CliContext, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Rename a channel: move everything from OLD to NEW, its name in config.yaml now.

    Open deliveries continue there, and later corrections find what was posted. Restart `serve` after you have changed
    config.yaml.
    """
    confirm_and_rename(app, "channel", old, new, dry_run, yes)


@command.command("cancel", short_help="Cancel the open deliveries of a channel that has ended.")
@click.argument("name")
@dry_run_option
@yes_option
@pass_cli_context
def cancel(app: CliContext, name: str, dry_run: bool, yes: bool) -> None:
    """Cancel the open deliveries of a channel that is no longer in config.yaml."""
    from .. import pipeline

    by = getpass.getuser()
    with app.store() as database:
        number = pipeline.cancel_channel(app.newsroom, database, name, by, clock(), dry_run=True)
        say(f"channel {name} has {plural(number, 'open delivery', 'open deliveries')}")
        if dry_run or not number:
            return
        if not yes:
            confirm("Cancel them?")
        number = pipeline.cancel_channel(app.newsroom, database, name, by, clock(), dry_run=False)
    say(f"{name}: {plural(number, 'delivery', 'deliveries')} ended (state: expired)")


@command.command("resume")
@click.argument("name", shell_complete=complete_channel)
@pass_cli_context
def resume(app: CliContext, name: str) -> None:
    """Resume a channel that is backing off.

    It does not wait any longer for the time that its network has named, and posts that wait for another try are due at once.
    """
    from ..delivery import channel_state
    from ..delivery.control import hasten_posts
    from ..errors import UserError

    if name not in app.newsroom.channels:
        raise UserError(f"channel {name} is not in config.yaml")
    with app.store() as database, database.write() as connection:
        backed_off = name in channel_state.list_backoffs(connection, clock())
        channel_state.end_backoff(connection, name)
        waiting = hasten_posts(connection, name, clock())
    say(f"{name}: resumed" if backed_off or waiting else f"{name} is not backing off")
    _say_due(waiting)


def _say_due(waiting: int) -> None:
    if waiting:
        what = plural(waiting, "post is", "posts are")
        say(f"  {what} due now: `distributor deliver` goes on at once, a running `serve` within 15 minutes")


@command.command("login", short_help="Log a channel in to its network.")
@click.argument("name", shell_complete=complete_channel)
@click.option("--forget", is_flag=True, help="Forget the session and tokens of the channel instead.")
@pass_cli_context
def login(app: CliContext, name: str, forget: bool) -> None:
    """Log a channel in to its network, and store the session and tokens that it gets.

    Asks for what the network wants; secrets are not shown as you type. The store keeps what comes of it, and every process
    works with it from then on. A second login takes the place of the first.

    Exit code: 1 if the network refuses.
    """
    from ..delivery.attempts import forget_state, replace_state
    from ..delivery.channel_state import end_stop
    from ..delivery.control import hasten_posts
    from ..errors import UserError

    channel = app.newsroom.channels.get(name)
    if channel is None:
        raise UserError(f"channel {name} is not in config.yaml")
    if not channel.can("login"):
        raise UserError(f"channel {name} needs no login: what it needs is in config.yaml")
    with app.store() as database:
        if forget:
            with database.write() as connection:
                gone = forget_state(connection, name)
            say(f"{name}: logged out; its session and tokens are forgotten" if gone else f"{name} was not logged in")
            return
        values = _log_in(channel, database)
        with database.write() as connection:
            replace_state(connection, name, values)
            end_stop(connection, name)
            waiting = hasten_posts(connection, name, clock())
    say(f"{name}: logged in")
    _say_due(waiting)


def _log_in(channel: Channel, database: Database) -> Mapping[str, Any]:
    """What a channel must remember from now on. Raises click.ClickException with what the network says."""
    import asyncio

    from ..delivery.attempts import open_outside_attempt
    from ..errors import DeliveryError

    try:
        return asyncio.run(channel.login(ask, open_outside_attempt(database, channel)))
    except DeliveryError as error:
        raise click.ClickException(f"{channel.name}: not logged in: {error}") from None
