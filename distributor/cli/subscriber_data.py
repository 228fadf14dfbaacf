"""`distributor subscribers show` and `distributor subscribers requests`: what is held about somebody, and what they ask."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, clock, json_option, pass_cli_context, say, show_table
from .listing import ListingGroup

if TYPE_CHECKING:
    from ..subscribers.data_requests import DataRequest

KINDS = ("access", "correct", "withdraw", "restrict", "object", "erase")
_LATEST = 10  # editions that are named unless --json asks for all


@click.command("show", short_help="Show all that is stored about an address.")
@click.argument("address")
@json_option
@pass_cli_context
def show(app: CliContext, address: str, as_json: bool) -> None:
    """Show everything that is stored about ADDRESS.

    Choices, newsletters, consents, opt-outs, bounces, requests and the editions received: what a subscriber may ask for.
    """
    from ..errors import UserError
    from ..subscribers import personal_data, repository

    with app.store() as database, database.read() as connection:
        try:
            person = repository.find(connection, address)
        except ValueError as error:
            raise UserError(f"{address}: {error}") from None
        if person is None:
            raise UserError(f"{address} is not a subscriber")
        found = personal_data.collect(connection, person)
    if as_json:
        app.show_json(found)
        return
    for name, value in found.items():
        _show_value(app, name.replace("_", " "), value)


def _show_value(app: CliContext, name: str, value: Any) -> None:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        say(f"{name}: {_plain(app, value) or '(none)'}")
        return
    say(f"{name}:")
    for row in value[:_LATEST]:
        told = [f"{key.replace('_', ' ')} {_plain(app, one)}" for key, one in row.items() if one not in (None, "", [])]
        say(f"  {', '.join(told)}")
    if len(value) > _LATEST:
        say(f"  and {len(value) - _LATEST:,} more (--json shows all)")


def _plain(app: CliContext, value: Any) -> str:
    """A value on one line, times in the site's zone."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(app, one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(app, one) for one in value)
    text = str(value if value is not None else "")
    try:
        return app.local(datetime.fromisoformat(text)) if "T" in text and len(text) > 18 else text
    except ValueError:
        return text


@click.group("requests", cls=ListingGroup, invoke_without_command=True, short_help="List requests about personal data.")
@click.option("--all", "everything", is_flag=True, help="Include those that are done.")
@json_option
@click.pass_context
def requests(context: click.Context, everything: bool, as_json: bool) -> None:
    """List what persons have asked about their data, with due dates.

    An answer is due within two working days; access and correction within 10 days, withdrawal, restriction and objection
    within 15, erasure within 20 (Decree 356/2025). See docs/legal.md.

    Exit code: 1 if a request is overdue.
    """
    if context.invoked_subcommand is None:
        _list(context.find_object(CliContext), everything, as_json)


def _list(app: CliContext | None, everything: bool, as_json: bool) -> None:
    from ..subscribers import data_requests

    assert app
    now = clock()
    with app.store() as database, database.read() as connection:
        found = data_requests.list_requests(connection, done=everything)
    if as_json:
        app.show_json([asdict(one) | {"overdue": one.is_overdue(now)} for one in found])
    else:
        rows = [
            (one.id, one.kind, one.address or "(erased)", one.via, *_times(app, one, now), one.note) for one in found
        ]
        show_table(["number", "kind", "address", "via", "asked", "due", "state", "note"], rows, "No requests are open.")
    if any(one.is_overdue(now) for one in found):
        raise SystemExit(1)


def _times(app: CliContext, one: DataRequest, now: datetime) -> tuple[str, str, str]:
    if one.done_at:
        state = f"done {app.local(one.done_at)}"
    elif one.is_overdue(now):
        state = "OVERDUE"
    else:
        state = "answer now" if one.lacks_answer(now, app.zone) else "open"
    return app.local(one.asked_at), app.local(one.due_at), state


@requests.command("add", short_help="Record a request from outside.")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("address")
@click.option("--note", default="", help="What exactly is asked for.")
@pass_cli_context
def add(app: CliContext, kind: str, address: str, note: str) -> None:
    """Record a request that came by telephone, letter or email."""
    from ..errors import UserError
    from ..mail.address import normalize
    from ..subscribers import data_requests, repository
    from ..subscribers.data_requests import RequestKind, answer_due, new_request
    from ..text import clean_line

    now = clock()
    try:
        key = normalize(address.strip())
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None
    with app.store() as database, database.write() as connection:
        person = repository.find(connection, key)
        wanted = new_request(
            RequestKind(kind), key, now, via="staff", subscriber=person.id if person else "", note=clean_line(note)
        )
        number = data_requests.record(connection, wanted)
    say(f"request {number}: answer by {app.local(answer_due(now, app.zone))}, done by {app.local(wanted.due_at)}")
    if person is None:
        say(f"{key} is not a subscriber")


@requests.command("close", short_help="Record that a request is done.")
@click.argument("number", type=int)
@click.option("--note", default="", help="What was done.")
@pass_cli_context
def close(app: CliContext, number: int, note: str) -> None:
    """Record that a request is done."""
    from ..errors import UserError
    from ..subscribers import data_requests
    from ..text import clean_line

    with app.store() as database, database.write() as connection:
        if not data_requests.close(connection, number, getpass.getuser(), clean_line(note), clock()):
            raise UserError(f"there is no open request {number}; `distributor subscribers requests` lists them")
    say(f"request {number}: done")
