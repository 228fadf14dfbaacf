"""`distributor why`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from .app import App, clock, complete_article, complete_edition, json_option, pass_app, say, show_json

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..editions.explain import Met
    from ..model import OptOut


@click.command("why", short_help="Tell the story of an article, or of what somebody got.")
@click.argument("what", metavar="ARTICLE|ADDRESS", shell_complete=complete_article)
@click.argument("edition", required=False, shell_complete=complete_edition)
@json_option
@pass_app
def command(app: App, what: str, edition: str | None, as_json: bool) -> None:
    """Tell the story of an article (by its id), or of what a subscriber (by address) got and did not get, and why."""
    with app.store() as database, database.read(long=True) as connection:
        lines = _subscriber(app, connection, what, edition) if "@" in what else _article(app, connection, what)
    if as_json:
        show_json({"about": what, "sentences": lines})
        return
    for line in lines:
        say(line)


def _article(app: App, connection: Connection, id: str) -> list[str]:
    from ..delivery.rows import tally as tally_of
    from ..editions import items
    from ..editions.explain import Told, about_article
    from ..errors import UserError
    from ..gathering import archive, marks, notices
    from ..model import DeliveryState
    from .waiting import resting_channels

    found = archive.by_id(connection, id)
    if found is None:
        raise UserError(f"there is no article {id!r}; `distributor articles` lists them")
    (article,) = archive.with_origins(connection, [found])
    told = []
    for item in items.items(connection, id):
        tally = tally_of(connection, item.edition) if item.edition else {}
        counts: dict[DeliveryState, int] = {}
        for states in tally.values():
            for state, number in states.items():
                counts[state] = counts.get(state, 0) + number
        told.append(Told(item.newsletter, item.state, item.reason, item.edition, item.decided_at, counts))
    said = marks.of(connection, [id]).get(id, {})
    noted = notices.of(connection, [id]).get(id, [])
    lines = about_article(article, said, noted, told, app.newsroom.settings.newsletters, app.zone, clock())
    waiting = resting_channels(app, connection, [one.edition for one in told if one.edition])
    return [*lines, *(f"{line[0].upper()}{line[1:]}." for line in waiting)]


def _subscriber(app: App, connection: Connection, address: str, edition: str | None) -> list[str]:
    from ..delivery import faults
    from ..delivery.rows import listing
    from ..editions import book
    from ..editions.explain import about_subscriber
    from ..errors import UserError
    from ..mail.address import normalise
    from ..storage.reading import passing_over
    from ..subscribers import opt_outs, register

    try:
        person = register.find(connection, address)
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None
    if person is None:
        raise UserError(f"{address} is not a subscriber")
    if edition and book.edition(connection, edition) is None:
        raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
    rows = listing(connection, recipient=person.id, limit=1000)
    listed = [row for row in book.listing(connection, limit=1000 if edition else 20) if edition in (None, row.id)]
    met = passing_over([row.id for row in listed], partial(_met, connection))
    suppressed = register.suppression(connection, person.address)
    cap = app.newsroom.settings.mails_per_day
    known = faults.of(connection).values()
    failures = {row.id: (fault.text, fault.at) for row in rows for fault in known if fault.concerns(row)}
    lines = about_subscriber(person, rows, suppressed, met, app.zone, cap, failures)
    return [*lines[:1], *(_left(app, one) for one in opt_outs.of(connection, normalise(person.address))), *lines[1:]]


def _left(app: App, opt_out: OptOut) -> str:
    reason = f": {opt_out.reason}" if opt_out.reason else ""
    what = opt_out.newsletter or "all newsletters"
    return f"They have left {what} on {app.local(opt_out.at)} ({opt_out.via}{reason}); no import brings them back."


def _met(connection: Connection, id: str) -> Met:
    from ..editions import book
    from ..editions.explain import Met
    from ..model import EditionState
    from ..storage.reading import member

    row, content = book.row(connection, id), book.edition(connection, id)
    assert row is not None
    assert content is not None
    return Met(
        id=id,
        newsletter=row.newsletter,
        kind=content.kind,
        state=member(EditionState, row.state, "edition", id),
        frozen_at=row.frozen_at,
        topics=frozenset(topic.casefold() for article in content.carried for topic in article.topics),
    )
