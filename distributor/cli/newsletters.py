"""`distributor newsletters`, and renaming newsletters and channels."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .context import (
    CliContext,
    clock,
    complete_newsletter,
    confirm,
    json_option,
    pass_cli_context,
    plural,
    say,
    show_table,
    warn,
)

if TYPE_CHECKING:
    from ..config.schema import Newsletter
    from ..storage.database import Database


@click.group("newsletters", short_help="Show the newsletters; rename or remove one.", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the newsletters with their subscribers, those that are not in config.yaml (any more) as well."""
    if context.invoked_subcommand is None:
        _list(context.obj, as_json)


def _list(app: CliContext, as_json: bool) -> None:
    from ..subscribers import repository as subscriber_repository

    known = app.newsroom.settings.newsletters
    with app.store() as database, database.read() as connection:
        lists = subscriber_repository.count_by_newsletter(connection)
    rows = [
        {
            "newsletter": name,
            "title": known[name].title if name in known else "",
            "subscribers": lists.get(name, 0),
            "in_config": name in known,
        }
        for name in dict.fromkeys([*known, *lists])
    ]
    if as_json:
        app.show_json(rows)
        return
    cells = [
        (row["newsletter"], row["title"] or "not in config.yaml", plural(int(str(row["subscribers"])), "subscriber"))
        for row in rows
    ]
    show_table(["newsletter", "title", "subscribers"], cells, "There are none.")


@command.command("rename")
@click.argument("old")
@click.argument("new", shell_complete=complete_newsletter)
@click.option("--dry-run", is_flag=True, help="Show what would be carried over; change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_cli_context
def rename(app: CliContext, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Carry everything of newsletter OLD over to NEW, its name in config.yaml now.

    Subscribers, opt-outs, editions, drafts and what was announced. Numbers go on, nothing is announced twice, and the
    links in letters that are out go on working. Restart `serve` before.
    """
    confirm_and_rename(app, "newsletter", old, new, dry_run, yes)


@command.command("remove")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say how many they are; change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_cli_context
def remove(app: CliContext, name: str, dry_run: bool, yes: bool) -> None:
    """Take everybody off a newsletter that has ended and is not in config.yaml any more.

    They stay subscribers of others; its editions stay as they are. `subscribers export` keeps the list before.
    """
    from .. import pipeline

    with app.store() as database:
        number = pipeline.remove_newsletter(app.newsroom, database, name, dry_run=True)
        say(f"newsletter {name} has {plural(number, 'subscriber')}")
        if dry_run or not number:
            return
        if not yes:
            confirm("Take them all off it?")
        number = pipeline.remove_newsletter(app.newsroom, database, name, dry_run=False)
    say(f"{name}: {plural(number, 'subscriber')} taken off")


def confirm_and_rename(app: CliContext, kind: str, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Show what would be carried over, ask, and do it."""
    from .. import pipeline
    from ..storage.renames import NameKind

    named = NameKind(kind)
    with app.store() as database:
        with database.read() as connection:
            lines = pipeline.plan_rename(app.newsroom, connection, named, old, new, clock())
        say(f"{kind} {old} becomes {new}:")
        for line in lines:
            say(f"  {line}")
        if dry_run:
            say("Nothing was changed: this was a dry run.")
            return
        if not yes:
            confirm("Carry it over?")
        pipeline.apply_rename(app.newsroom, database, named, old, new, getpass.getuser(), clock())
    say(f"{old} is {new} now. A `serve` that was started before must be started again; it sends nothing until then.")


def warn_of_missing_newsletters(app: CliContext, database: Database) -> None:
    """Say which newsletters with subscribers config.yaml does not have. Channels are told by the run that owes them."""
    from .. import pipeline

    with database.read() as connection:
        found = pipeline.list_missing_newsletters(app.newsroom, connection)
    for one in found:
        warn(one.in_words())


def refuse_possible_rename(app: CliContext, newsletter: str) -> None:
    """Raises UserError where a newsletter may be one with subscribers under another name."""
    from .. import pipeline
    from ..errors import UserError

    with app.store() as database, database.read() as connection:
        reason = pipeline.list_blocked_newsletters(app.newsroom, connection).get(newsletter)
    if reason:
        raise UserError(reason)


def check_channels(newsletter: Newsletter, names: Sequence[str]) -> None:
    """Raises UserError for a channel that the newsletter does not have."""
    from ..errors import UserError

    for name in names:
        if name not in newsletter.channels:
            known = ", ".join(newsletter.channels)
            raise UserError(f"newsletter {newsletter.id} has no channel {name!r}; it has: {known}")
