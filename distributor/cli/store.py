"""Commands for the store: `distributor store`, `doctor` and `migrate`."""

from __future__ import annotations

import click

from .context import CliContext, clock, confirm, json_option, pass_cli_context, plural, say

_LOSSES = {
    "key": "The unsubscribe links in mails that are out will not work any more.",
    "store": "Nothing is known of what another store holds: subscribers, who has left, what was sent.",
}


@click.group("store", short_help="Claim a store that was copied or moved.")
def command() -> None:
    """Claim a store that was copied or moved."""


@command.command("claim", short_help="Let a store that was copied or moved send from here.")
@click.option("--new-key", is_flag=True, help="The key that signs links is lost: sign with another one from now on.")
@click.option("--new-store", is_flag=True, help="The store is lost: use the one that config.yaml names from now on.")
@click.option(
    "--clock", "believe", is_flag=True, help="The clock is right, although the dates of articles say otherwise."
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_cli_context
def claim(app: CliContext, new_key: bool, new_store: bool, believe: bool, yes: bool) -> None:
    """Let a store that was copied or moved send from here.

    A store remembers where it belongs; a copy of it, or a restored backup, refuses to send. Claim it only when the
    other one is switched off: two that send would send everything twice.

    A store also knows the key that signs the links in its mails (var/secret.key, or `secret` in config.yaml), and the folder
    knows its store (var/store.id). Where one of them is lost, restore it from a backup. Only if there is none accept the
    loss: with --new-key the unsubscribe links in old mails will not work any more; with --new-store this newsroom begins
    anew, without knowing who has left.

    With --clock the clock of this machine is believed, and what was decided later than now is taken back where nothing was
    sent by it.
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


@click.command("doctor", short_help="Look for damaged rows in the store, and repair them.")
@click.option("--repair", "mend", is_flag=True, help="Set damaged rows aside: each is kept in a file of var/set-aside.")
@json_option
@pass_cli_context
def doctor(app: CliContext, mend: bool, as_json: bool) -> None:
    """Look for damaged rows in the store, and repair them.

    Every command names such a row and passes over it; here all of them are found, with what a repair would do to each.
    The exit code is 1 where something is damaged and was not repaired. Nothing that was sent is sent again by a repair,
    and whoever must not be written to is not.
    """
    from ..errors import StoreError
    from ..pipeline import store_check

    folder = app.newsroom.folder / "var" / "set-aside"
    with app.store() as database:
        database.check_tables()
        if mend:
            try:
                with database.write() as connection:
                    found = store_check.find_damage(connection, clock())
                    file = store_check.repair_damage(connection, found, folder, clock())
            except OSError as error:
                raise StoreError(f"{folder}: cannot be written: {error.strerror}; nothing was changed") from None
        else:
            with database.read() as connection:
                found, file = store_check.find_damage(connection, clock()), None
    if as_json:
        app.show_json(
            {"damaged": [str(one) for one in found], "repaired": bool(file), "kept_in": str(file) if file else ""}
        )
    else:
        for one in found:
            say(str(one))
        if file:
            say(f"{plural(len(found), 'damaged value')} repaired; the rows as they were are in {file}")
        elif found:
            say(f"{plural(len(found), 'damaged value')}; `distributor doctor --repair` does what is said above")
        else:
            say("ok: every row of the store can be read", fg="green")
    if found and not file:
        raise SystemExit(1)


@click.command("migrate", short_help="Show or run the migrations of the store.")
@click.option("--dry-run", is_flag=True, help="Only show what would run.")
@pass_cli_context
def migrate(app: CliContext, dry_run: bool) -> None:
    """Show or run the migrations of the store. Every other command runs them by itself at its start."""
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
