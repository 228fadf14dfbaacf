"""Commands for the store: `distributor store` and `migrate`."""

from __future__ import annotations

import click

from .context import (
    CliContext,
    clock,
    confirm,
    dry_run_option,
    pass_cli_context,
    plural,
    say,
    stopped_by_sigterm,
    yes_option,
)
from .listing import ListingGroup
from .progress import table_progress

_LOSSES = {
    "key": "The unsubscribe links in emails that were already sent will not work any more.",
    "store": "What another store holds is unknown here: subscribers, opt-outs, what was sent.",
}


@click.group("store", cls=ListingGroup, short_help="Copy a store, claim one that was moved; exchange its key.")
def command() -> None:
    """Copy a store into another database, claim one that was copied or moved, exchange the key that signs its links."""


@command.command("claim", short_help="Let a store that was copied or moved send from here.")
@click.option("--new-key", is_flag=True, help="The key that signs links is lost: use a new one from now on.")
@click.option("--new-store", is_flag=True, help="The store is lost: use the one in config.yaml from now on.")
@click.option(
    "--clock", "believe", is_flag=True, help="The clock is right, although the dates of articles say otherwise."
)
@yes_option
@pass_cli_context
def claim(app: CliContext, new_key: bool, new_store: bool, believe: bool, yes: bool) -> None:
    """Let a store that was copied or moved send from here.

    A store remembers where it belongs; a copy of it, or a restored backup, refuses to send. Claim it only when the
    other one is switched off: two that send would send everything twice.

    A store also knows the key that signs the links in its emails (var/secret.key, or `secret` in config.yaml), and the
    folder knows its store (var/store.id). If one of them is lost, restore it from a backup. Only if there is none, accept
    the loss: with --new-key, unsubscribe links in old emails will not work any more; with --new-store, this newsroom starts
    without knowing who has unsubscribed.

    With --clock, the clock of this machine is trusted, and decisions dated later than now are undone if nothing was sent by
    them.
    """
    from .. import pipeline
    from ..storage import identity

    newsroom = app.newsroom
    where = identity.instance_name(newsroom.settings.instance, newsroom.folder)
    if not yes:
        losses = [_LOSSES["key"]] * new_key + [_LOSSES["store"]] * new_store
        confirm(" ".join([f"Let this store belong to {where}?", *losses]))
    now = clock()
    database = newsroom.open_store(claiming=new_store)
    try:
        if believe:
            pipeline.ensure_clock(newsroom, database, now, again=True, believe=True)
        before = pipeline.claim_store(newsroom, database, now, new_key=new_key, new_store=new_store)
    finally:
        database.close()
    say(f"The store belongs to {where}" + (f"; before, to {before}." if before and before != where else "."))
    if new_key:
        say(f"Links are signed with the key in {newsroom.key_location}.")
    if new_store:
        say(f"This newsroom uses the store {database.name}.")


@command.command("rotate-key", short_help="Sign links with a new key; old links keep working.")
@pass_cli_context
def rotate_key(app: CliContext) -> None:
    """Sign links with a new key from now on; links in emails already sent keep working.

    The new key becomes the first line of var/secret.key; the lines below it are the earlier keys, which are good for reading
    links only. A key that somebody else may know: delete its line, and the links that it has signed end. Where the key is
    `secret` in config.yaml, exchange it there, and put the present one under `old_secrets`.

    Processes that run take the new key over by themselves. Make a backup of the file: links cannot be read without it.
    """
    from .. import pipeline

    with app.store() as database:
        known = pipeline.rotate_key(app.newsroom, database, clock())
    say(
        f"Links are signed with a new key; {plural(known - 1, 'earlier one is', 'earlier ones are')} kept for old links."
    )
    say(f"Back up {app.newsroom.key_location}.")


@command.command("copy", short_help="Copy a store between SQLite and PostgreSQL.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@yes_option
@pass_cli_context
def copy(app: CliContext, source: str, target: str, yes: bool) -> None:
    """Copy a store between SQLite and PostgreSQL, or to another file or server.

    FROM and TO are addresses as `store: url` in config.yaml has them: sqlite:///var/distributor.db, or
    postgresql+psycopg://user@host/database. Relative paths begin at the folder of config.yaml. Keep passwords in ~/.pgpass,
    as others can see the arguments of a command.

    Stop every `serve`, `deliver` and `send` first. TO must be empty; its tables are made. Every row is read again and
    compared before anything is kept. Afterwards nothing is sent from FROM any more: put TO into config.yaml, and what was
    half delivered goes on.
    """
    from contextlib import closing

    from .. import pipeline
    from ..errors import UserError
    from ..storage.database import Database

    folder = app.config.absolute().parent
    if source == target:
        raise UserError("FROM and TO are the same store")
    with closing(Database.open(source, folder, create=False)) as reading:
        if not yes:
            confirm(f"Copy {reading.name}? Nothing will be sent from it afterwards.")
        with closing(Database.open(target, folder)) as writing, stopped_by_sigterm(), table_progress() as progress:
            copied = pipeline.copy_store(reading, writing, clock(), progress)
            name = writing.name
    say(f"{copied.total:,} rows of {plural(len(copied.rows), 'table')} copied and compared: {name}")
    say("Put its address into config.yaml (store: url:), then run `distributor check`.")


@click.command("migrate", short_help="Show or run the database migrations.")
@dry_run_option
@pass_cli_context
def migrate(app: CliContext, dry_run: bool) -> None:
    """Show or run the database migrations. Every other command runs them by itself."""
    database = app.newsroom.open_store(migrate=False)
    try:
        pending = database.pending()
        say(f"store {database.name} is at version {database.revision() or 'none'}")
        if not pending:
            say("up to date")
        elif dry_run:
            say(f"would run: {', '.join(pending)}")
        else:
            say(f"ran: {', '.join(database.migrate())}")
    finally:
        database.close()
