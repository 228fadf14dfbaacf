"""`distributor alerts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .context import CliContext, clock, json_option, limit_option, pass_cli_context, plural, say, show_table
from .listing import ListingGroup

if TYPE_CHECKING:
    from ..pipeline import OutboxReport
    from ..staff_alerts.repository import ToldAlert
    from ..storage.database import Database

SHOWN = 20


@click.group(
    "alerts", cls=ListingGroup, invoke_without_command=True, short_help="List the alerts to staff; send a test."
)
@limit_option(SHOWN, "those that are over, latest first")
@json_option
@click.pass_context
def command(context: click.Context, limit: int | None, as_json: bool) -> None:
    """List what keeps the newsroom from working, and what did lately.

    `serve` looks every minute, and tells those whom `alerts` of config.yaml names. docs/alerts.md has every alert.
    """
    if context.invoked_subcommand is None:
        _list(context.obj, limit, as_json)


def _list(app: CliContext, limit: int | None, as_json: bool) -> None:
    from ..staff_alerts import repository

    with app.store() as database, database.read() as connection:
        lasting = [one for one in repository.list_open(connection) if one.told]
        over = repository.list_ended(connection, limit or (10_000 if as_json else SHOWN))
    if as_json:
        app.show_json({"open": [_data(one) for one in lasting], "over": [_data(one) for one in over]})
        return
    from ..staff_alerts.kinds import ALERTS

    if not lasting:
        say("ok: nothing keeps the newsroom from working, as far as `serve` has seen", fg="green")
    for one in lasting:
        known = ALERTS[one.kind]
        say(f"{known.title.format(subject=one.subject)}, since {app.local(one.since)}: {one.what}", fg="red")
        say(f"  → {known.todo.format(subject=one.subject)}")
    if over:
        say()
        show_table(
            ["over", "alert", "about", "since", "until"],
            [("", one.kind.value, one.subject, app.local(one.since), app.local(one.ended_at)) for one in over],
            "",
        )


def _data(alert: ToldAlert) -> dict[str, object]:
    from ..staff_alerts.kinds import ALERTS

    known = ALERTS[alert.kind]
    return {
        "kind": alert.kind.value,
        "subject": alert.subject,
        "what": alert.what,
        "host": alert.host,
        "since": alert.since,
        "last_seen": alert.seen_at,
        "told": alert.told,
        "last_told": alert.told_at,
        "channels": sorted(alert.tried),
        "ended": alert.ended_at,
        "readers": known.readers,
        "todo": known.todo.format(subject=alert.subject),
    }


@command.command("test", short_help="Send a test alert by every channel.")
@pass_cli_context
def test(app: CliContext) -> None:
    """Send a test alert by every channel that `alerts` of config.yaml names, and say what became of it.

    Exit code: 1 if one of them did not take it.
    """
    import asyncio

    from .. import pipeline
    from ..errors import UserError
    from ..staff_alerts.check import enqueue_test, possible_channels

    newsroom = app.newsroom
    if not possible_channels(newsroom):
        raise UserError("nobody can be told: write `alerts: {to: [ADDRESS]}` in config.yaml; see docs/alerts.md")
    with app.store() as database:
        pipeline.ensure_clock(newsroom, database, clock())
        with database.write() as connection:
            keys = enqueue_test(newsroom, connection, clock())
        report = asyncio.run(pipeline.send_outbox(newsroom, database, clock, asyncio.Event()))
        arrived = _show_sent(database, keys, report)
    if arrived < len(keys):
        raise SystemExit(1)


def _show_sent(database: Database, keys: list[str], report: OutboxReport) -> int:
    """Say what became of the messages; returns how many were taken."""
    from ..delivery import outbox

    with database.read() as connection:
        rows = outbox.find_by_keys(connection, keys)
    for row in rows:
        to, reply = f" to {row.address}" if row.address else "", f" ({row.reply})" if row.reply else ""
        say(f"{row.channel}{to}: {row.state}{reply}")
    for fault in report.faults:
        say(f"  {fault}", fg="red")
    arrived = sum(row.state == "sent" for row in rows)
    say(f"{plural(arrived, 'message')} of {len(keys)} taken", fg="green" if arrived == len(keys) else "red")
    return arrived
