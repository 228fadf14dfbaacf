"""`distributor deliveries`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .app import App, clock, complete_channel, complete_edition, json_option, pass_app, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..delivery.rests import Rest
    from ..model import Delivery

_STATES = ("pending", "sending", "sent", "deferred", "rejected", "uncertain", "suppressed", "expired")


@click.command("deliveries", short_help="Show the ledger: what went where, and what did not.")
@click.argument("edition", required=False, shell_complete=complete_edition)
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only in this state; may be repeated."
)
@click.option("--channel", help="Only on this channel.", shell_complete=complete_channel)
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, latest first.")
@json_option
@pass_app
def command(
    app: App, edition: str | None, states: tuple[str, ...], channel: str | None, limit: int, as_json: bool
) -> None:
    """Show the ledger: one row for each thing that had to reach a place or a person, with its state and last reply."""
    from dataclasses import asdict

    from ..delivery import rests
    from ..delivery.rows import listing
    from ..editions import book
    from ..errors import UserError
    from ..model import DeliveryState

    with app.store() as database, database.read() as connection:
        if edition and book.edition(connection, edition) is None:
            raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
        wanted = [DeliveryState(state) for state in states]
        rows = listing(connection, edition=edition, states=wanted, channel=channel, limit=limit)
        resting = rests.resting(connection, clock())
    if as_json:
        show_json([asdict(row) | {"channel_rests_until": _rest_of(row, resting)} for row in rows])
        return
    show_table(
        ["edition", "channel", "part", "to", "state", "tries", "when", "reply"],
        [_cells(app, row, resting) for row in rows],
        "No such deliveries.",
    )


def _cells(app: App, row: Delivery, resting: Mapping[str, Rest]) -> tuple[object, ...]:
    when, reply = row.due or row.updated, row.reply
    if until := _rest_of(row, resting):
        when = max(until, row.due or until)
        reply = reply or f"the channel rests: {resting[row.channel].reason}"
    return (row.edition, row.channel, row.part, row.address, row.state, row.attempts, app.local(when), reply)


def _rest_of(row: Delivery, resting: Mapping[str, Rest]) -> datetime | None:
    """Until when an open row waits because its channel rests."""
    waits = row.state in ("pending", "deferred") and row.channel in resting
    return resting[row.channel].until if waits else None
