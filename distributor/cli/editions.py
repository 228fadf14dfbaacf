"""`distributor editions`."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from . import editions_edit, editions_settle, editions_show, editions_watch
from .context import (
    CliContext,
    by_option,
    clock,
    complete_edition,
    complete_newsletter,
    confirm,
    dry_run_option,
    force_option,
    json_option,
    limit_option,
    pass_cli_context,
    plural,
    reason_option,
    say,
    show_remaining,
    show_table,
    warn,
    yes_option,
)
from .editions_edit import version_option
from .editions_show import row_data
from .listing import ListingGroup

if TYPE_CHECKING:
    from ..editions.repository import EditionRow
    from ..storage.database import Database


SHOWN = 20


@click.group(
    "editions",
    cls=ListingGroup,
    short_help="List editions; edit, approve, cancel or watch one.",
    invoke_without_command=True,
)
@click.option(
    "--newsletter",
    "newsletter",
    metavar="NEWSLETTER",
    help="Only editions of this newsletter.",
    shell_complete=complete_newsletter,
)
@limit_option(SHOWN, "newest first")
@json_option
@click.pass_context
def command(context: click.Context, newsletter: str | None, limit: int | None, as_json: bool) -> None:
    """List the editions, newest first, with their state and how far their deliveries are."""
    if context.invoked_subcommand is None:
        _list(context.obj, newsletter, limit, as_json)


def _list(app: CliContext, newsletter: str | None, limit: int | None, as_json: bool) -> None:
    from ..delivery.queries import count_by_state
    from ..editions import repository as edition_repository

    if newsletter:
        app.newsroom.newsletter(newsletter)
    with app.store() as database, database.read(long=True) as connection:
        if as_json:
            rows_of = edition_repository.iterate_editions(connection, newsletter, limit)
            app.show_json_list(row_data(row) | {"deliveries": count_by_state(connection, row.id)} for row in rows_of)
            return
        found = edition_repository.list_editions(connection, newsletter, limit or SHOWN)
        total = edition_repository.count_editions(connection, newsletter)
        tallies = {row.id: count_by_state(connection, row.id) for row in found}
    rows = []
    for row in found:
        counts: dict[str, int] = {}
        for states in tallies[row.id].values():
            for state, number in states.items():
                counts[state] = counts.get(state, 0) + number
        progress = ", ".join(f"{number} {state}" for state, number in counts.items())
        rows.append((row.id, app.local(row.frozen_at), row.slot, row.state, row.subject, progress))
    show_table(["id", "frozen", "slot", "state", "subject", "deliveries"], rows, "No editions yet.")
    show_remaining(len(found), total)


@command.command("approve", short_help="Approve a draft, so that it is sent at its time.")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@force_option
@version_option
@pass_cli_context
def approve(app: CliContext, edition: str, by: str | None, force: tuple[str, ...], version: int | None) -> None:
    """Approve a draft: it is sent at its time, or now if that has passed. A check that blocks it needs --force."""
    from .. import pipeline

    with app.store() as database:
        row = pipeline.approve(app.newsroom, database, edition, by or getpass.getuser(), clock(), force, seen=version)
        if row.due_at > clock():
            say(f"{edition}: approved; `distributor serve` sends it {app.local(row.due_at)}")
            return
        _release(app, database, row, by or getpass.getuser())


def _release(app: CliContext, database: Database, row: EditionRow, by: str) -> None:
    """Send a draft that was approved after its time."""
    import asyncio

    from .. import pipeline
    from ..editions import repository as edition_repository
    from ..errors import UserError
    from .deliver import deliver_with_progress, exit_code, show_report

    content = _content(app, database, row.id)
    for line in asyncio.run(pipeline.recheck_articles(app.newsroom, database, content, clock())):
        warn(line)
    outcomes, faults = pipeline.release_due(app.newsroom, database, clock(), by)
    for fault in faults:
        warn(fault.text)
    for one in outcomes:
        if one.edition == row.id and one.event != "released":
            raise UserError(f"{one.edition} is {one.event}: {one.reason}")
    with database.read() as connection:
        now = edition_repository.find_row(connection, row.id)
    if now is None or now.released_at is None:
        warn(f"{row.id} is approved, but could not be sent (see above); `distributor serve` tries again")
        raise SystemExit(1)
    report = deliver_with_progress(app, database)
    say(f"{row.id}: approved and sent: {row.subject}")
    show_report(app, database, report)
    for line in asyncio.run(pipeline.refresh_feeds(app.newsroom, database, clock)):
        warn(line)
    if exit_code(database, report):
        raise SystemExit(1)


def _content(app: CliContext, database: Database, edition: str) -> list[Any]:
    from ..editions import repository as edition_repository

    with database.read() as connection:
        content = edition_repository.find(connection, edition)
    return list(content.carried) if content else []


@command.command("hold")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@reason_option
@pass_cli_context
def hold(app: CliContext, edition: str, by: str | None, reason: str) -> None:
    """Hold a draft until somebody approves it."""
    from .. import pipeline

    _stop(app, pipeline.hold, edition, by, reason)
    say(f"{edition}: held; `distributor editions approve {edition}` releases it")


def _stop(app: CliContext, stop: Callable[..., object], edition: str, by: str | None, reason: str) -> None:
    """Hold or pause an edition, and record who did so and why."""
    with app.store() as database:
        stop(database, edition, by or getpass.getuser(), clock(), reason)


@command.command("cancel")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@reason_option
@yes_option
@pass_cli_context
def cancel(app: CliContext, edition: str, by: str | None, reason: str, yes: bool) -> None:
    """Cancel an edition: what is not sent yet stays unsent. The articles of a draft wait for the next edition."""
    from .. import pipeline

    if not yes:
        confirm(f"Cancel {edition}?")
    with app.store() as database:
        given_up, freed = pipeline.cancel(database, edition, by or getpass.getuser(), clock(), reason)
    waits = f"; {plural(freed, 'article')} wait for the next edition" if freed else ""
    say(f"{edition}: cancelled; {plural(given_up, 'delivery', 'deliveries')} ended (state: expired){waits}")


command.add_command(editions_show.show)
command.add_command(editions_watch.watch)
command.add_command(editions_edit.edit)
command.add_command(editions_settle.settle)


_MAX_NAMED = 10  # uncertain addresses that are listed


@command.command("pause", short_help="Pause an edition: nothing more of it is sent.")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@reason_option
@pass_cli_context
def pause(app: CliContext, edition: str, by: str | None, reason: str) -> None:
    """Pause an edition: nothing more of it is sent, from any process. Messages being sent are finished."""
    from .. import pipeline

    _stop(app, pipeline.pause, edition, by, reason)
    say(f"{edition}: paused; `distributor editions resume {edition}` continues it")


@command.command("resume", short_help="Resume a paused edition.")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_cli_context
def resume(app: CliContext, edition: str, by: str | None) -> None:
    """Resume a paused edition; what was left of `expires_after` counts on from now."""
    from .. import pipeline
    from .deliver import show_unfinished

    with app.store() as database:
        pipeline.resume(database, edition, by or getpass.getuser(), clock())
        say(f"{edition}: resumed; `distributor serve` or the next `distributor deliver` continues it")
        show_unfinished(app, database, [edition])


@command.command("resend")
@click.argument("edition", shell_complete=complete_edition)
@click.option(
    "--missed", is_flag=True, required=True, help="Send to recipients it did not reach; nobody gets it twice."
)
@click.option(
    "--uncertain", is_flag=True, help="Also send where it may have arrived: some recipients will get it twice."
)
@dry_run_option
@by_option
@pass_cli_context
def resend(app: CliContext, edition: str, missed: bool, uncertain: bool, dry_run: bool, by: str | None) -> None:
    """Send an edition again to recipients it did not reach.

    These are recipients whose email was rejected or expired. Those who have unsubscribed or are suppressed by now are left
    out.
    """
    from .. import pipeline

    with app.store() as database:
        who = by or getpass.getuser()
        number = pipeline.resend_missed(database, edition, who, clock(), uncertain=uncertain, dry_run=dry_run)
        gone = _count_unwanted(database, edition)
        doubted = [] if uncertain else _uncertain_addresses(database, edition)
        waiting = 0 if number else _count_pending(database, edition)
    if dry_run and number:
        say(f"{edition}: {plural(number, 'email')} would be sent again. Nothing was changed: this was a dry run.")
    elif number:
        say(
            f"{edition}: {plural(number, 'email')} queued again; `distributor serve` or `distributor deliver` sends them"
        )
    elif waiting:
        say(f"{edition}: nothing to send again yet; {plural(waiting, 'email is', 'emails are')} still being sent")
    elif doubted:
        say(f"{edition}: there is no recipient it surely did not reach")
    elif gone:
        say(f"{edition}: nobody is left to send it to")
    else:
        say(f"{edition}: it reached every recipient")
    if gone:
        say(f"{edition}: {plural(gone, 'recipient')} left out: unsubscribed, paused or suppressed")
    if doubted:
        more = len(doubted) - _MAX_NAMED
        names = ", ".join(doubted[:_MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")
        warn(f"{edition}: {plural(len(doubted), 'email')} may or may not have arrived: {names}")
        say(f"  `distributor deliveries {edition} --state uncertain` shows why")
        say(f"  `distributor editions resend {edition} --missed --uncertain` sends these too; some will arrive twice")


def _count_unwanted(database: Database, edition: str) -> int:
    """How many recipients it did not reach and who must not be written to any more."""
    from ..delivery.control import MISSED_STATES, count_unreachable

    with database.read(long=True) as connection:
        return count_unreachable(connection, edition, MISSED_STATES, clock())


def _uncertain_addresses(database: Database, edition: str) -> list[str]:
    """The recipients whose email may have arrived."""
    from ..delivery.queries import iterate_deliveries
    from ..model import DeliveryState

    with database.read(long=True) as connection:
        rows = iterate_deliveries(connection, edition=edition, states=[DeliveryState.UNCERTAIN])
        return [row.address for row in rows if row.recipient]


def _count_pending(database: Database, edition: str) -> int:
    """How many emails are still going to be tried."""
    from ..delivery.control import count_missed
    from ..delivery.ledger import OPEN

    with database.read(long=True) as connection:
        return count_missed(connection, edition, OPEN, clock())
