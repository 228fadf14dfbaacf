"""`distributor suppressions`."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from .context import (
    CliContext,
    by_option,
    clock,
    complete_edition,
    json_option,
    limit_option,
    pass_cli_context,
    plural,
    reason_option,
    say,
    show_remaining,
    show_table,
)
from .csv_files import DELIMITERS, delimiter_option, encoding_option, export, output_option
from .listing import ListingGroup

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..bounces import guard
    from ..model import Suppression
    from .csv_files import ImportOutcome


_TYPES = ("hard", "soft", "complaint", "staff", "import", "unsubscribed")


@click.group("suppressions", cls=ListingGroup, short_help="List, add, remove and import suppressed addresses.")
def command() -> None:
    """List, add, remove, confirm, discard, import and export suppressed addresses.

    Nothing is sent to a suppressed address, whatever it is subscribed to.
    """


SHOWN = 50
type_option = click.option(
    "--type", "types", multiple=True, type=click.Choice(_TYPES), help="Only suppressions of this type. Repeatable."
)


@command.command("list")
@type_option
@limit_option(SHOWN, "latest first")
@json_option
@pass_cli_context
def list_all(app: CliContext, types: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """List suppressed addresses with the reason, latest first."""
    from dataclasses import asdict

    from ..bounces import suppressions
    from ..model import BounceType

    wanted = [BounceType(type) for type in types]
    with app.store() as database, database.read(long=True) as connection:
        if as_json:
            app.show_json_list(
                asdict(one) for one in suppressions.iterate_latest(connection, types=wanted, limit=limit)
            )
            return
        found = suppressions.list_latest(connection, types=wanted, limit=limit or SHOWN)
        counts = suppressions.count_by_type(connection)
    rows = [
        (one.address, one.type, app.local(one.since), app.local(one.until) or "for good", one.reason) for one in found
    ]
    empty = "No address is suppressed with this type." if types else "No address is suppressed."
    show_table(["address", "type", "since", "until", "reason"], rows, empty)
    total = sum(count for type, count in counts.items() if type in types or not types)
    show_remaining(len(found), total)


@command.command("add", short_help="Suppress an address: nothing is sent to it any more.")
@click.argument("address")
@reason_option
@click.option("--type", type=click.Choice(_TYPES), default="staff", show_default=True, help="The type of reason.")
@pass_cli_context
def add_one(app: CliContext, address: str, reason: str, type: str) -> None:
    """Suppress an address: nothing is sent to it any more, whatever it is subscribed to.

    Emails that are still waiting to be sent to it are not sent.
    """
    from ..bounces import suppressions
    from ..model import BounceType, Suppression
    from ..text import clean_line

    key = _key(address)
    wanted = Suppression(
        address=key, type=BounceType(type), reason=clean_line(reason) or "staff said so", since=clock()
    )
    with app.store() as database, database.write() as connection:
        done = suppressions.suppress(connection, wanted)
        standing = suppressions.find_suppression(connection, key)
    assert standing is not None
    say(f"{key}: suppressed" if done else f"{key} is already suppressed: {standing.type}, {standing.reason}")


@command.command("remove", short_help="Remove an address from the suppression list.")
@click.argument("address")
@click.option("--complained", is_flag=True, help="Remove it although the recipient has complained about spam.")
@pass_cli_context
def remove_one(app: CliContext, address: str, complained: bool) -> None:
    """Remove an address from the suppression list and reset its bounce count.

    Its subscriptions do not change.
    """
    from ..bounces import suppressions
    from ..errors import UserError
    from ..model import BounceType

    key = _key(address)
    with app.store() as database, database.write() as connection:
        standing = suppressions.find_suppression(connection, key)
        if standing is None:
            raise UserError(f"{key} is not suppressed")
        if standing.type is BounceType.COMPLAINT and not complained:
            since = app.local(standing.since)
            raise UserError(
                f"{key} has complained about spam ({since}); use --complained only if they ask for your emails again"
            )
        suppressions.remove_suppression(connection, key)
    say(f"{key}: no longer suppressed (was: {standing.type}, {standing.reason})")


def _key(address: str) -> str:
    from ..errors import UserError
    from ..mail.address import normalize

    try:
        return normalize(address.strip())
    except ValueError as error:
        raise UserError(str(error)) from None


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@encoding_option
@click.option("--dry-run", is_flag=True, help="Check the file; change nothing.")
@pass_cli_context
def import_file(app: CliContext, file: Path, encoding: str, dry_run: bool) -> None:
    """Import suppressed addresses from a CSV file.

    The header names the columns: address,reason,type,since,until. Only the address is required; unknown columns are skipped
    and named. Good rows are imported; every bad row is reported with its line number. Importing the same file twice changes
    nothing.

    Exit code: 1 if there were bad rows.
    """
    from ..bounces import suppressions
    from ..errors import UserError
    from ..subscribers.csv.suppressions import SuppressionList
    from .csv_files import ImportOutcome, import_rows, open_csv, show_skipped_columns

    def put(connection: Connection, wanted: Sequence[Suppression]) -> list[ImportOutcome]:
        done = suppressions.suppress_all(connection, wanted)
        return [ImportOutcome("suppressed" if fresh else "suppressed already") for fresh in done]

    with open_csv(file, encoding) as lines:
        try:
            rows = SuppressionList(lines, now=clock(), zone=app.zone)
        except ValueError as error:
            raise UserError(f"{file}: {error}") from None
        show_skipped_columns(file, rows.skipped)
        import_rows(app, file, rows, None if dry_run else put)


@command.command("export", short_help="Export suppressed addresses as CSV.")
@type_option
@output_option
@delimiter_option
@pass_cli_context
def export_file(app: CliContext, types: tuple[str, ...], output: Path | None, delimiter: str) -> None:
    """Export suppressed addresses as CSV, with reason, type, since and until."""
    from ..bounces import suppressions
    from ..model import BounceType
    from ..subscribers.csv.suppressions import write_csv

    with app.store() as database, database.read(long=True) as connection:

        def write(file: TextIO) -> int:
            found = suppressions.iterate_by_address(connection, types=[BounceType(type) for type in types])
            return write_csv(file, found, DELIMITERS[delimiter])

        count = export(output, write)
    if count is not None:
        say(f"{output}: {plural(count, 'address', 'addresses')}")


@command.command("pending")
@json_option
@pass_cli_context
def pending(app: CliContext, as_json: bool) -> None:
    """Show the suppressions that wait for your decision.

    They wait because far more addresses of an edition were rejected than usual: `confirm` or `discard` them.
    """
    from ..bounces import guard

    with app.store() as database, database.read() as connection:
        waiting = [(held, guard.list_pending(connection, held.edition)) for held in guard.list_held(connection)]
    if as_json:
        app.show_json([_pending_data(held, found) for held, found in waiting])
        return
    for held, found in waiting:
        show_table(
            ["address", "since", "reason"], [(one.address, app.local(one.since), one.reason) for one in found], ""
        )
        say(held.question)
    if not waiting:
        say("No suppressions wait for a decision.")


def _pending_data(held: guard.HeldSuppressions, found: list[Suppression]) -> dict[str, object]:
    addresses = [{"address": one.address, "reason": one.reason} for one in found]
    return {"edition": held.edition, "since": held.since, "reason": held.reason, "addresses": addresses}


@command.command("confirm", short_help="Confirm the suppressions of an edition that wait.")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_cli_context
def confirm(app: CliContext, edition: str, by: str | None) -> None:
    """Confirm the waiting suppressions of EDITION: the addresses do not exist. The edition continues."""
    from .. import pipeline

    with app.store() as database:
        number = pipeline.confirm_suppressions(database, _edition_key(edition), by or getpass.getuser(), clock())
    say(f"{edition}: {plural(number, 'address', 'addresses')} suppressed; the edition continues")


@command.command("discard", short_help="Discard the suppressions of an edition that wait.")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_cli_context
def discard(app: CliContext, edition: str, by: str | None) -> None:
    """Discard the pending suppressions of EDITION: the rejections were our fault. Its emails to them are sent again."""
    from .. import pipeline

    with app.store() as database:
        number, emails = pipeline.discard_suppressions(
            database, _edition_key(edition), by or getpass.getuser(), clock()
        )
    say(f"{edition}: {plural(number, 'address', 'addresses')} kept, {plural(emails, 'email')} queued again")
    say("`distributor serve` or `distributor deliver` sends them.")


def _edition_key(edition: str) -> str:
    from ..bounces.guard import UNKNOWN

    return "" if edition == UNKNOWN else edition
