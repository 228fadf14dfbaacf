"""`distributor editions pause`, `resume` and `resend`."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from .context import CliContext, by_option, clock, complete_edition, pass_cli_context, plural, reason_option, say, warn

if TYPE_CHECKING:
    from ..storage.database import Database

_MAX_NAMED = 10  # addresses in doubt that are named


@click.command("pause")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@reason_option
@pass_cli_context
def pause(app: CliContext, edition: str, by: str | None, reason: str) -> None:
    """Let nothing more of an edition leave, wherever it is being sent; what is on the wire comes to its end."""
    from .. import pipeline

    with app.store() as database:
        pipeline.pause(database, edition, by or getpass.getuser(), clock(), reason)
    say(f"{edition}: paused; `distributor editions resume {edition}` lets it go on")


@click.command("resume")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_cli_context
def resume(app: CliContext, edition: str, by: str | None) -> None:
    """Let a paused edition go on, with as much time as it had left."""
    from .. import pipeline
    from .outcome import show_unfinished

    with app.store() as database:
        pipeline.resume(database, edition, by or getpass.getuser(), clock())
        say(f"{edition}: goes on while `distributor serve` runs, or with the next `distributor deliver`")
        show_unfinished(app, database, [edition])


@click.command("resend")
@click.argument("edition", shell_complete=complete_edition)
@click.option(
    "--missed", is_flag=True, required=True, help="Send to recipients it did not reach; nobody gets it twice."
)
@click.option(
    "--uncertain", is_flag=True, help="Also send where it may have arrived: some recipients will get it twice."
)
@click.option("--dry-run", is_flag=True, help="Say how many they are, and change nothing.")
@by_option
@pass_cli_context
def resend(app: CliContext, edition: str, missed: bool, uncertain: bool, dry_run: bool, by: str | None) -> None:
    """Send an edition again to recipients it did not reach, because it was rejected or expired.

    Recipients who have unsubscribed or are suppressed by now are left out.
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
        say(f"{edition}: {plural(gone, 'recipient')} left out: unsubscribed or suppressed")
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
        return count_unreachable(connection, edition, MISSED_STATES)


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
        return count_missed(connection, edition, OPEN)
