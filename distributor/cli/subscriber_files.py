"""`distributor subscribers import` and `export`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from .context import (
    CliContext,
    clock,
    complete_newsletter,
    pass_cli_context,
    plural,
    say,
    warn,
    warn_of_unknown_topics,
)
from .csv_files import DELIMITERS, delimiter_option, encoding_option, export, output_option

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..model import OptOut
    from ..subscribers.csv.outgoing import Written
    from ..subscribers.csv.peers import Peer
    from ..subscribers.csv.subscribers import SubscriberList
    from ..subscribers.requests import SubscriptionRequest
    from ..subscribers.subscribe import SubscribeOutcome
    from .csv_files import ImportOutcome


_SYSTEMS = (
    "mailchimp",
    "listmonk",
    "ghost",
    "substack",
    "buttondown",
    "mailpoet",
)  # `outgoing.SYSTEMS`, without loading it
newsletters_option = click.option(
    "-n",
    "--newsletter",
    "newsletters",
    metavar="NEWSLETTER",
    multiple=True,
    shell_complete=complete_newsletter,
    help="The newsletter. Repeatable.",
)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@newsletters_option
@encoding_option
@click.option("--consent", metavar="TEXT", default="", help="How they agreed, where the file does not say it.")
@click.option("--dry-run", is_flag=True, help="Check the file; change nothing.")
@click.option(
    "--refused",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every row that is not imported into this file, with its line and the reason.",
)
@pass_cli_context
def import_file(
    app: CliContext,
    file: Path,
    newsletters: tuple[str, ...],
    encoding: str,
    consent: str,
    dry_run: bool,
    refused: Path | None,
) -> None:
    """Import subscribers from a CSV file.

    The header names the columns: address,name,language,newsletters,topics,frequency,consent,left, and the attributes of
    config.yaml. Only the address is required. Exports of Mailchimp, listmonk, Ghost, Substack, Buttondown, MailPoet and
    others can be imported as they are: it is shown which column is taken for what. Addresses that have unsubscribed or
    never confirmed there are not subscribed here, and those that have bounced or complained are suppressed. Addresses that
    have unsubscribed here or were erased stay so, and are named.

    How subscribers have agreed is kept with each of them: in the column consent, by --consent "sign-up form of
    bacson.example, since 2019", or in config.yaml (site.import_consent).

    Good rows are imported; every bad row is reported with its line number. Importing the same file twice changes nothing.
    -n names the newsletters for rows that name none.

    Exit code: 1 if there were bad rows.
    """
    from .csv_files import import_rows, open_csv

    with open_csv(file, encoding) as lines:
        rows = _open_list(app, file, lines, newsletters, consent)
        put = None if dry_run else _subscribing(app)
        try:
            import_rows(app, file, rows, put, rows.count, _OPT_OUT_NOTE, refused=refused)
        finally:
            with app.store() as database, database.read() as connection:
                warn_of_unknown_topics(app, connection, rows.topics)


def _subscribing(app: CliContext) -> Callable[[Connection, Sequence[SubscriptionRequest]], list[ImportOutcome]]:
    """A function that subscribes the people of some rows, and says what came of each."""
    from ..subscribers.subscribe import SubscriptionChange, add_all
    from .csv_files import ImportOutcome

    plain = {change: ImportOutcome(change.value) for change in SubscriptionChange}

    def put(connection: Connection, wanted: Sequence[SubscriptionRequest]) -> list[ImportOutcome]:
        made = zip(wanted, add_all(connection, wanted, clock(), keys=app.newsroom.known_secrets()), strict=True)
        return [_import_outcome(app, wish.address, one) if one.blocked_by else plain[one.change] for wish, one in made]

    return put


def _open_list(
    app: CliContext, file: Path, lines: TextIO, newsletters: tuple[str, ...], consent: str
) -> SubscriberList:
    """The list in a file, and what its columns are taken for. Raises UserError."""
    from ..errors import UserError
    from ..subscribers.csv.subscribers import SubscriberList

    for name in newsletters:
        app.newsroom.newsletter(name)
    settings = app.newsroom.settings
    known = list(settings.newsletters)
    try:
        rows = SubscriberList(
            lines,
            known=known,
            newsletters=newsletters or (tuple(known) if len(known) == 1 else ()),
            language=settings.site.language,
            declared=settings.attributes,
            consent=consent or settings.site.import_consent,
            name=file.name,
        )
    except ValueError as error:
        raise UserError(f"{file}: {error}") from None
    _show_mapping(file, rows)
    if rows.needs_consent:
        raise UserError(
            f"{file}: does not say how they have agreed; add --consent, such as --consent 'sign-up form, 2019 to 2026', "
            "a column consent, or site.import_consent in config.yaml"
        )
    if rows.uses_usual_consent and not consent:
        say(f"{file}: how they have agreed is recorded as site.import_consent says: {settings.site.import_consent}")
    return rows


def _show_mapping(file: Path, rows: SubscriberList) -> None:
    """What the columns of a list are taken for, and which are skipped."""
    from .csv_files import show_skipped_columns

    by_field: dict[str, list[str]] = {}
    for field, column in rows.mapping:
        by_field.setdefault(_FIELDS.get(field, field.removeprefix("attributes.")), []).append(column)
    read = ", ".join(f"{field} from {' and '.join(columns)}" for field, columns in by_field.items())
    say(f"{file}: {f'export of {rows.peer.name}; ' if rows.peer else ''}reads {read}")
    show_skipped_columns(file, rows.skipped)


_FIELDS = {"given": "name", "middle": "name", "family": "name", "left": "opt-outs"}


_OPT_OUT_NOTE = "not subscribed, because they unsubscribed before; if they ask: `subscribers add ADDRESS --again`"


def _import_outcome(app: CliContext, address: str, made: SubscribeOutcome) -> ImportOutcome:
    from .csv_files import ImportOutcome

    note = "; ".join(opt_out_in_words(app, name, one) for name, one in made.blocked_by.items())
    return ImportOutcome(made.change.value, f"{address} {note}")


def opt_out_in_words(app: CliContext, newsletter: str, opt_out: OptOut) -> str:
    """Why an address is not subscribed to a newsletter, for staff."""
    from ..subscribers import erasures

    since, reason = app.local(opt_out.at), f": {opt_out.reason}" if opt_out.reason else ""
    if opt_out.via == erasures.VIA:
        return f"is not subscribed to {newsletter}: erased on {since}"
    if opt_out.suppressed:
        return f"is not subscribed to {newsletter}: suppressed since {since} ({opt_out.via}{reason})"
    which = "" if opt_out.newsletter else " from all newsletters"
    return f"is not subscribed to {newsletter}: unsubscribed{which} on {since} ({opt_out.via}{reason})"


@click.command("export", short_help="Export subscribers and their opt-outs as CSV.")
@click.argument("newsletter", required=False, shell_complete=complete_newsletter)
@output_option
@delimiter_option
@click.option(
    "--for",
    "system",
    type=click.Choice(_SYSTEMS),
    help="Write the columns that this system imports, and only who gets the newsletter.",
)
@click.option("--left", is_flag=True, help="With --for: those who have left or bounced, for a second import there.")
@pass_cli_context
def export_file(
    app: CliContext, newsletter: str | None, output: Path | None, delimiter: str, system: str | None, left: bool
) -> None:
    """Export all subscribers, or those of one newsletter, as CSV, with their opt-outs.

    The file is UTF-8 that Excel recognizes, and readable only by you; `subscribers import` reads it back unchanged. For
    another system (--for) there are two files, of those who get the newsletter and (--left) of those who must not.

    \b
    Examples:
      distributor subscribers export -o subscribers.csv
      distributor subscribers export tin-sang --for listmonk -o tin-sang.csv
      distributor subscribers export tin-sang --for listmonk --left -o left.csv
    """
    if newsletter:
        app.newsroom.newsletter(newsletter)
    if system:
        _export_for(app, system, newsletter, left=left, output=output, delimiter=DELIMITERS[delimiter])
    elif left:
        raise click.UsageError("--left needs --for; without it the export has all opt-outs in the column left")
    else:
        _export_all(app, newsletter, output, DELIMITERS[delimiter])


def _export_all(app: CliContext, newsletter: str | None, output: Path | None, delimiter: str) -> None:
    from ..subscribers import opt_outs
    from ..subscribers import repository as subscriber_repository
    from ..subscribers.csv.subscribers import write_csv

    with app.store() as database, database.read(long=True) as connection:

        def write(file: TextIO) -> int:
            people = subscriber_repository.list_with_opt_outs(connection, newsletter)
            strangers = () if newsletter else opt_outs.list_without_subscriber(connection)
            return write_csv(file, people, strangers, delimiter, tuple(app.newsroom.settings.attributes))

        count = export(output, write)
    if count is not None:
        say(f"{output}: {plural(count, 'subscriber')}")


def _export_for(
    app: CliContext, system: str, newsletter: str | None, *, left: bool, output: Path | None, delimiter: str
) -> None:
    """Export in the columns of another system. Raises UserError."""
    from ..errors import UserError
    from ..subscribers import opt_outs
    from ..subscribers import repository as subscriber_repository
    from ..subscribers.csv import outgoing

    peer, attributes = outgoing.SYSTEMS[system], tuple(app.newsroom.settings.attributes)
    known = list(app.newsroom.settings.newsletters)
    if newsletter is None and len(known) != 1:
        raise UserError(
            f"--for needs a newsletter, as a list of {peer.name} is one newsletter; there are: {', '.join(known)}"
        )
    name = newsletter or known[0]
    if left and not peer.left[0]:
        raise UserError(
            f"{peer.name} imports no list of those who have left: whoever is in a file is subscribed there; keep the export "
            "without --for, which has them in the column left"
        )
    done = outgoing.Written(0, ())
    with app.store() as database, database.read(long=True) as connection:

        def write(file: TextIO) -> int:
            nonlocal done
            if left:
                done = outgoing.write_left(file, peer, opt_outs.list_unwanted(connection, name), delimiter)
            else:
                people = subscriber_repository.list_reachable(connection, name)
                done = outgoing.write_subscribed(file, peer, people, delimiter, attributes)
            return done.count

        export(output, write, bom=False)
    _tell_of_export(output, peer, done, () if left else outgoing.missing(peer, attributes), left=left)


def _tell_of_export(output: Path | None, peer: Peer, done: Written, missing: Sequence[str], *, left: bool) -> None:
    """What was written, what is missing in it, and what to do with it."""
    if output:
        say(f"{output}: {plural(done.count, 'address', 'addresses') if left else plural(done.count, 'subscriber')}")
        if hint := peer.left_hint if left else peer.hint:
            say(f"{output}: when importing it into {peer.name}, {hint}")
    if missing:
        warn(f"{peer.name} has no place for: {', '.join(missing)}; the export without --for has them")
    if done.left_out:
        warn(f"left out, as a spreadsheet may run them as formulas; add them by hand: {', '.join(done.left_out)}")
