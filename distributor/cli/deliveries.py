"""`distributor deliveries`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .context import (
    CliContext,
    clock,
    complete_channel,
    complete_edition,
    json_option,
    limit_option,
    pass_cli_context,
    plural,
    say,
    show_remaining,
    show_table,
)
from .listing import ListingCommand

if TYPE_CHECKING:
    from datetime import datetime

    from ..delivery.channel_state import ChannelBackoff, ChannelFault
    from ..model import Delivery

SHOWN = 50
_STATES = ("pending", "sending", "sent", "deferred", "rejected", "uncertain", "suppressed", "expired")


@click.command("deliveries", cls=ListingCommand, short_help="List the deliveries in the ledger with their state.")
@click.argument("edition", required=False, shell_complete=complete_edition)
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only deliveries in this state. Repeatable."
)
@click.option("--channel", metavar="CHANNEL", help="Only deliveries on this channel.", shell_complete=complete_channel)
@limit_option(SHOWN, "latest first")
@json_option
@pass_cli_context
def command(
    app: CliContext, edition: str | None, states: tuple[str, ...], channel: str | None, limit: int | None, as_json: bool
) -> None:
    """List the deliveries in the ledger: one row for each post, file or recipient, with its state and last reply.

    Without EDITION and --state, those of the newest editions are shown. --json without --limit reads the whole ledger.

    When a whole channel fails (its server is down, its login is refused), that counts against no delivery, but is shown with
    those that wait for it.
    """
    from ..delivery import channel_state, queries
    from ..editions import repository as edition_repository
    from ..errors import UserError
    from ..model import DeliveryState

    with app.store() as database, database.read(long=True) as connection:
        if edition and edition_repository.find(connection, edition) is None:
            raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
        which = queries.DeliveryFilter(
            edition=edition, states=tuple(DeliveryState(state) for state in states), channel=channel
        )
        older = False
        if not edition and not states and (limit or not as_json):
            which["among"], older = queries.list_newest_editions(connection, limit or SHOWN, channel)
        faults, backoffs = (
            channel_state.faults_by_channel(connection),
            channel_state.list_backoffs(connection, clock()),
        )
        if as_json:
            each = queries.iterate_deliveries(connection, **which, limit=limit)
            app.show_json_list(_data(row, faults.get(row.channel), backoffs.get(row.channel)) for row in each)
            return
        found = queries.list_deliveries(connection, **which, limit=limit or SHOWN)
        total = queries.count_deliveries(connection, **which)
    show_table(
        ["edition", "channel", "variant", "to", "state", "tries", "when", "reply"],
        [_cells(app, row, faults.get(row.channel), backoffs.get(row.channel)) for row in found],
        "No such deliveries.",
    )
    show_remaining(len(found), total)
    if older:
        say(f"Of {plural(len(which['among']), 'edition')}, the newest; name one, or a --state, for others.")


def _data(row: Delivery, fault: ChannelFault | None, backoff: ChannelBackoff | None) -> dict[str, object]:
    from dataclasses import asdict

    shown = {"text": fault.text, "at": fault.at} if fault and fault.concerns(row) else None
    return asdict(row) | {"channel_fault": shown, "channel_backoff_until": _backs_off_until(row, backoff)}


def _cells(
    app: CliContext, row: Delivery, fault: ChannelFault | None, backoff: ChannelBackoff | None
) -> tuple[object, ...]:
    when, reply = row.due or row.updated, row.reply
    if backoff and (until := _backs_off_until(row, backoff)):
        when, reply = max(until, row.due or until), reply or f"the channel backs off: {backoff.reason}"
    elif fault and fault.concerns(row):
        when, reply = fault.at, f"the channel failed: {fault.text}"
    to = row.address or ("(forgotten)" if row.recipient else "")
    return (row.edition, row.channel, row.variant, to, row.state, row.attempts, app.local(when), reply)


def _backs_off_until(row: Delivery, backoff: ChannelBackoff | None) -> datetime | None:
    """Until when an open delivery waits because its channel backs off."""
    return backoff.until if backoff and row.state in ("pending", "deferred") else None
