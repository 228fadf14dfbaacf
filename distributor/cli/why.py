"""`distributor why`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from .app import App, clock, complete_article, complete_edition, json_option, pass_app, say, show_json
from .finding import the_article

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..editions.book import EditionRow
    from ..editions.explain import Met, Standing
    from ..model import Delivery, OptOut, Subscriber

_EDITIONS = 20  # that are told of somebody, if none is named


@click.command("why", short_help="Tell the story of an article, or of what somebody got.")
@click.argument("what", metavar="ARTICLE|ADDRESS", shell_complete=complete_article)
@click.argument("edition", required=False, shell_complete=complete_edition)
@json_option
@pass_app
def command(app: App, what: str, edition: str | None, as_json: bool) -> None:
    """Tell the story of an article, or of what a subscriber (by address) got and did not get, and why.

    ARTICLE is its id, the address of its page, or words of its title. With EDITION the letter of a subscriber is told
    article by article.
    """
    of_address = "@" in what and "://" not in what and " " not in what.strip()
    with app.store() as database, database.read(long=True) as connection:
        if of_address:
            lines, data = _subscriber(app, connection, what, edition)
        else:
            lines, data = _article(app, connection, what)
    if as_json:
        show_json({"about": what, "sentences": lines, **data})
        return
    for line in lines:
        say(line)


def _article(app: App, connection: Connection, asked: str) -> tuple[list[str], dict[str, Any]]:
    from ..delivery.reach import reach
    from ..editions import items
    from ..editions.explain import Told, about_article
    from ..gathering import marks, notices
    from ..gathering.tellings import with_origins

    found = the_article(connection, asked, by_title=True)
    (article,) = with_origins(connection, [found])
    told = [
        Told(item.newsletter, item.state, item.reason, item.edition, item.decided_at)
        for item in items.items(connection, found.id)
    ]
    carried = reach(connection, found.id)
    said = marks.of(connection, [found.id]).get(found.id, {})
    noted = notices.of(connection, [found.id]).get(found.id, [])
    newsletters = app.newsroom.settings.newsletters
    lines = about_article(article, said, noted, told, newsletters, app.zone, clock(), carried)
    lines += _still_open(app, connection, [one.edition for one in carried])
    return lines, {"id": found.id, "editions": [asdict(one) for one in carried]}


def _still_open(app: App, connection: Connection, editions: Sequence[str]) -> list[str]:
    """What these editions still owe, and why it is not out."""
    from ..delivery import faults
    from ..delivery.outstanding import in_words, outstanding
    from .waiting import resting_channels

    waiting = [f"{line[0].upper()}{line[1:]}." for line in resting_channels(app, connection, editions)]
    found = [one for one in outstanding(connection, clock(), editions) if one.edition in editions]
    return [f"{line}." for line in in_words(found, faults.of(connection), app.local)] + waiting


# -- of a subscriber ---------------------------------------------------------------------------------------------------


def _subscriber(
    app: App, connection: Connection, address: str, edition: str | None
) -> tuple[list[str], dict[str, Any]]:
    from ..delivery import faults
    from ..delivery.rows import each
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
        suppressed = register.suppression(connection, address)
        also = f", and must not be written to: {suppressed}" if suppressed else ""
        raise UserError(f"{address} is not a subscriber{also}")
    one = book.row(connection, edition) if edition else None
    if edition and one is None:
        raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
    listed = [one] if one else book.listing(connection, limit=_EDITIONS)
    met = passing_over(listed, partial(_met, app, connection, person))
    readable = {one.id for one in met}
    rows = [row for row in each(connection, recipient=person.id) if row.edition in readable]
    known = faults.of(connection).values()
    failures = {row.id: (fault.text, fault.at) for row in rows for fault in known if fault.concerns(row)}
    standing = _standing(connection, person)
    lines = about_subscriber(person, standing, rows, met, app.zone, app.newsroom.settings.mails_per_day, failures)
    left = [_left(app, opt_out) for opt_out in opt_outs.of(connection, normalise(person.address))]
    letters = {row.id: _held(connection, row) for row in rows}
    told = [*lines[:1], *left, *lines[1:]]
    if one and met:
        for row in rows:
            told += _about_letter(app, connection, met[0], letters[row.id], person)
    elif (total := book.count(connection)) > len(listed):
        told.append(f"The {len(listed)} latest of {total} editions are told; name an older one to be told of it.")
    return told, {"deliveries": [asdict(row) | {"articles": letters[row.id]} for row in rows]}


def _held(connection: Connection, row: Delivery) -> tuple[str, ...]:
    from ..delivery.reach import held

    return held(connection, row)


def _about_letter(app: App, connection: Connection, met: Met, held: Sequence[str], person: Subscriber) -> list[str]:
    from ..editions.explain import about_letter
    from ..gathering import archive

    found = [archive.by_id(connection, id) for id in {*held, *met.topics}]
    return about_letter(met, held, {one.id: one.title for one in found if one}, person, app.zone)


def _standing(connection: Connection, person: Subscriber) -> Standing:
    from ..delivery import suppression
    from ..editions.explain import Standing
    from ..subscribers import register

    found = suppression.find(connection, person.address)
    return Standing(
        since=register.since(connection, person.id),
        suppressed=found.reason if found else "",
        suppressed_since=found.since if found else None,
    )


def _left(app: App, opt_out: OptOut) -> str:
    reason = f": {opt_out.reason}" if opt_out.reason else ""
    what = opt_out.newsletter or "all newsletters"
    return f"They have left {what} on {app.local(opt_out.at)} ({opt_out.via}{reason}); no import brings them back."


def _met(app: App, connection: Connection, person: Subscriber, row: EditionRow) -> Met:
    """What an edition was to somebody when it was frozen."""
    from ..delivery.reach import alerts_had, letters_between
    from ..editions import book
    from ..editions.explain import Met
    from ..model import EditionState
    from ..storage.reading import member

    content = book.edition(connection, row.id)
    assert content is not None
    topics: Mapping[str, frozenset[str]] = {
        article.id: frozenset(topic.casefold() for topic in article.topics) for article in content.carried
    }
    had = alerts_had(connection, person.id, list(topics))
    before = {id: [one.edition for one in alerts if one.at < row.frozen_at] for id, alerts in had.items()}
    midnight = datetime.combine(row.frozen_at.astimezone(app.zone), time(), app.zone)
    return Met(
        id=row.id,
        newsletter=row.newsletter,
        kind=content.kind,
        state=member(EditionState, row.state, "edition", row.id),
        frozen_at=row.frozen_at,
        topics=topics,
        had={id: alerts[0] for id, alerts in before.items() if alerts},
        letters_before=letters_between(connection, person.id, midnight, row.frozen_at),
        paused=row.paused_at is not None,
    )
