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
    dry_run_option,
    json_option,
    pass_cli_context,
    plural,
    say,
    show_table,
    warn,
    yes_option,
)
from .listing import ListingGroup

if TYPE_CHECKING:
    from ..config.schema import Newsletter
    from ..storage.database import Database


@click.group(
    "newsletters",
    cls=ListingGroup,
    short_help="List the newsletters; rename or remove one.",
    invoke_without_command=True,
)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the newsletters with their number of subscribers, including those that are no longer in config.yaml."""
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
    show_table(["newsletter", "title", "subscribers"], cells, "There are no newsletters.")


@command.command("rename", short_help="Rename a newsletter, with everything stored about it.")
@click.argument("old")
@click.argument("new", shell_complete=complete_newsletter)
@dry_run_option
@yes_option
@pass_cli_context
def rename(app: CliContext, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Rename a newsletter: move everything from OLD to NEW, its name in config.yaml now.

    Its subscribers, opt-outs, editions, drafts and announced articles move. Edition numbers continue, nothing is announced
    twice, and links in emails that were already sent keep working. Restart `serve` after you have changed config.yaml.
    """
    confirm_and_rename(app, "newsletter", old, new, dry_run, yes)


@command.command("remove", short_help="Unsubscribe everybody from a newsletter that has ended.")
@click.argument("name")
@dry_run_option
@yes_option
@pass_cli_context
def remove(app: CliContext, name: str, dry_run: bool, yes: bool) -> None:
    """Unsubscribe everybody from a newsletter that has ended and is no longer in config.yaml.

    They stay subscribed to other newsletters, and its editions stay in the store. `subscribers export` saves the list first.
    """
    from .. import pipeline

    with app.store() as database:
        number = pipeline.remove_newsletter(app.newsroom, database, name, dry_run=True)
        say(f"newsletter {name} has {plural(number, 'subscriber')}")
        if dry_run or not number:
            return
        if not yes:
            confirm("Unsubscribe all of them from it?")
        number = pipeline.remove_newsletter(app.newsroom, database, name, dry_run=False)
    say(f"{name}: {plural(number, 'subscriber')} unsubscribed")


def confirm_and_rename(app: CliContext, kind: str, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Show what would be renamed, ask, and do it."""
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
            confirm("Rename it?")
        pipeline.apply_rename(app.newsroom, database, named, old, new, getpass.getuser(), clock())
    say(f"{old} is now {new}. Restart a running `serve`: it sends nothing until then.")


def warn_of_missing_newsletters(app: CliContext, database: Database) -> None:
    """Warn of newsletters with subscribers that config.yaml does not have."""
    from .. import pipeline

    with database.read() as connection:
        found = pipeline.list_missing_newsletters(app.newsroom, connection)
    for one in found:
        warn(one.in_words())


def refuse_possible_rename(app: CliContext, newsletter: str) -> None:
    """Raises UserError if a new newsletter may be a renamed one."""
    from .. import pipeline
    from ..errors import UserError

    with app.store() as database, database.read() as connection:
        reason = pipeline.list_blocked_newsletters(app.newsroom, connection).get(newsletter)
    if reason:
        raise UserError(reason)


def newsletter_or_edition(app: CliContext, name: str) -> Newsletter:
    """The newsletter with this name, where the name of an edition would do as well and there is none. Raises UserError."""
    from ..config.validation import suggestion
    from ..errors import UserError

    known = app.newsroom.settings.newsletters
    if name not in known:
        raise UserError(f"there is no newsletter or edition {name!r}{suggestion(name, known)}")
    return known[name]


def check_channels(newsletter: Newsletter, names: Sequence[str]) -> None:
    """Raises UserError for a channel that the newsletter does not have."""
    from ..errors import UserError

    for name in names:
        if name not in newsletter.channels:
            known = ", ".join(newsletter.channels)
            raise UserError(f"newsletter {newsletter.id} has no channel {name!r}; it has: {known}")
