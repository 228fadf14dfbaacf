"""`distributor outbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .context import CliContext, json_option, limit_option, pass_cli_context, show_remaining, show_table
from .listing import ListingCommand

if TYPE_CHECKING:
    from ..delivery.outbox import OutboxRow

SHOWN = 50
_STATES = ("pending", "sending", "sent", "suppressed", "rejected", "expired")


@click.command("outbox", cls=ListingCommand, short_help="List transactional emails and events with their state.")
@click.argument("address", required=False)
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only messages in this state. Repeatable."
)
@limit_option(SHOWN, "latest first")
@json_option
@pass_cli_context
def command(app: CliContext, address: str | None, states: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """List transactional emails (confirmations, welcome, goodbye, links, data) and events for webhooks, with their state and
    the last reply. ADDRESS lists the emails to one address.

    `serve` sends them at once, and `deliver` those that are due.
    """
    from ..delivery import outbox

    with app.store() as database, database.read(long=True) as connection:
        if as_json:
            each = outbox.iterate_latest(connection, states=states, address=address or "", limit=limit)
            app.show_json_list(data(row) for row in each)
            return
        found = list(outbox.iterate_latest(connection, states=states, address=address or "", limit=limit or SHOWN))
        total = outbox.count(connection, states=states, address=address or "")
    show_table(
        ["what", "channel", "to", "state", "tries", "when", "reply"],
        [_cells(app, row) for row in found],
        "The outbox has no such messages." if states or address else "The outbox is empty.",
    )
    show_remaining(len(found), total)


def data(row: OutboxRow) -> dict[str, object]:
    """A message without what it is made of, which holds links."""
    names = (
        "id",
        "kind",
        "channel",
        "newsletter",
        "address",
        "state",
        "attempts",
        "created",
        "due",
        "updated",
        "reply",
    )
    return {name: getattr(row, name) for name in names}


def _cells(app: CliContext, row: OutboxRow) -> tuple[object, ...]:
    when = app.local(row.due or row.updated)
    return (row.kind, row.channel, row.address, row.state, row.attempts, when, row.reply)
