"""`distributor suppressions pending`, `confirm` and `discard`: where far more addresses were refused than usual."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from .context import (
    CliContext,
    by_option,
    clock,
    complete_edition,
    json_option,
    pass_cli_context,
    plural,
    say,
    show_table,
)

if TYPE_CHECKING:
    from ..bounces import guard
    from ..model import Suppression


@click.command("pending")
@json_option
@pass_cli_context
def pending(app: CliContext, as_json: bool) -> None:
    """Show what waits because far more addresses were refused for good than usual, and why."""
    from ..bounces import guard

    with app.store() as database, database.read() as connection:
        waiting = [(held, guard.list_pending(connection, held.edition)) for held in guard.list_held(connection)]
    if as_json:
        app.show_json([_plain(held, found) for held, found in waiting])
        return
    for held, found in waiting:
        show_table(
            ["address", "since", "reason"], [(one.address, app.local(one.since), one.reason) for one in found], ""
        )
        say(held.question)
    if not waiting:
        say("No suppressions wait.")


def _plain(held: guard.HeldSuppressions, found: list[Suppression]) -> dict[str, object]:
    addresses = [{"address": one.address, "reason": one.reason} for one in found]
    return {"edition": held.edition, "since": held.since, "reason": held.reason, "addresses": addresses}


@click.command("confirm")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_cli_context
def confirm(app: CliContext, edition: str, by: str | None) -> None:
    """Suppress the addresses of EDITION that wait because so many were refused, and let it go on: they are dead."""
    from .. import pipeline

    with app.store() as database:
        number = pipeline.confirm_suppressions(database, _key(edition), by or getpass.getuser(), clock())
    say(f"{edition}: {plural(number, 'address', 'addresses')} suppressed; what is open of it goes on")


@click.command("discard")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_cli_context
def discard(app: CliContext, edition: str, by: str | None) -> None:
    """Forget that addresses of EDITION were refused: it was us. Their letters are promised again, and it goes on."""
    from .. import pipeline

    with app.store() as database:
        number, letters = pipeline.discard_suppressions(database, _key(edition), by or getpass.getuser(), clock())
    say(f"{edition}: {plural(number, 'address', 'addresses')} kept, {plural(letters, 'letter')} promised again")
    say("`distributor serve` or `distributor deliver` goes on with it.")


def _key(edition: str) -> str:
    from ..bounces.guard import UNKNOWN

    return "" if edition == UNKNOWN else edition
