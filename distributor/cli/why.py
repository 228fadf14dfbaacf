"""`distributor why`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from .articles import find_article
from .context import (
    CliContext,
    clock,
    complete_article,
    complete_edition,
    json_option,
    pass_cli_context,
    say,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..editions.explain import SubscriberEdition, SubscriptionHistory
    from ..editions.repository import EditionRow
    from ..model import Delivery, OptOut, Subscriber

_TRANSACTIONAL = 5  # transactional emails listed
_EDITIONS = 20  # editions explained to a subscriber's address, if none is named


@click.command("why", short_help="Explain what became of an article or a subscriber's emails.")
@click.argument("what", metavar="ARTICLE|ADDRESS", shell_complete=complete_article)
@click.argument("edition", required=False, shell_complete=complete_edition)
@json_option
@pass_cli_context
def command(app: CliContext, what: str, edition: str | None, as_json: bool) -> None:
    """Explain what became of an article, or what a subscriber was sent and not sent, and why.

    ARTICLE is an id, a URL, or words of a title. ADDRESS is a subscriber's email address; with EDITION, the email of that
    edition is explained article by article.

    \b
    Examples:
      distributor why 3f9a1c2e
      distributor why lan@example.com tin-sang-12
    """
    of_address = "@" in what and "://" not in what and " " not in what.strip()
    with app.store() as database, database.read(long=True) as connection:
        if of_address:
            lines, data = _subscriber(app, connection, what, edition)
        else:
            lines, data = _article(app, connection, what)
    if as_json:
        app.show_json({"about": what, "sentences": lines, **data})
        return
    for line in lines:
        say(line)


def _article(app: CliContext, connection: Connection, asked: str) -> tuple[list[str], dict[str, Any]]:
    from ..articles import corrections, flags
    from ..articles.repository import load_origins
    from ..delivery.article_reach import collect_reach
    from ..editions import article_status
    from ..editions.explain import ArticleHistory, ArticleOutcome, explain_article

    found = find_article(connection, asked, by_title=True)
    (article,) = load_origins(connection, [found])
    carried = collect_reach(connection, found.id)
    history = ArticleHistory(
        article=article,
        flags=flags.flags_of_articles(connection, [found.id]).get(found.id, {}),
        notices=corrections.notices_of_articles(connection, [found.id]).get(found.id, []),
        outcomes=[
            ArticleOutcome(item.newsletter, item.state, item.reason, item.edition, item.decided_at)
            for item in article_status.list_by_article(connection, found.id)
        ],
        coverage=carried,
    )
    lines = explain_article(history, app.newsroom.settings.newsletters, app.zone, clock())
    lines += _unfinished_lines(app, connection, [one.edition for one in carried])
    return lines, {"id": found.id, "editions": [asdict(one) for one in carried]}


def _unfinished_lines(app: CliContext, connection: Connection, editions: Sequence[str]) -> list[str]:
    """What is unfinished of these editions, and why."""
    from ..delivery import channel_state
    from ..delivery.unfinished import describe_unfinished, list_unfinished
    from .deliver import channel_backoff_lines

    waiting = [f"{line[0].upper()}{line[1:]}." for line in channel_backoff_lines(app, connection, editions)]
    found = [one for one in list_unfinished(connection, clock(), editions) if one.edition in editions]
    return [
        f"{line}." for line in describe_unfinished(found, channel_state.faults_by_channel(connection), app.local)
    ] + waiting


# -- of a subscriber ---------------------------------------------------------------------------------------------------


def _subscriber(
    app: CliContext, connection: Connection, address: str, edition: str | None
) -> tuple[list[str], dict[str, Any]]:
    from ..delivery import channel_state
    from ..delivery.queries import iterate_deliveries
    from ..editions import repository as edition_repository
    from ..editions.explain import explain_subscriber
    from ..errors import UserError
    from ..storage.rows import skip_damaged
    from ..subscribers import repository as subscriber_repository

    person = _find_person(connection, address)
    sent = _transactional_lines(app, connection, address)
    if person is None and sent and not edition:
        return [f"{address} is not a subscriber.", *sent], {"deliveries": []}
    if person is None:
        suppressed = subscriber_repository.suppression_reason(connection, address)
        also = f", and is suppressed: {suppressed}" if suppressed else ""
        raise UserError(f"{address} is not a subscriber{also}")
    one = edition_repository.find_row(connection, edition) if edition else None
    if edition and one is None:
        raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
    listed = [one] if one else edition_repository.list_editions(connection, limit=_EDITIONS)
    met = skip_damaged(listed, partial(_subscriber_edition, app, connection, person))
    readable = {one.id for one in met}
    rows = [row for row in iterate_deliveries(connection, recipient=person.id) if row.edition in readable]
    known = channel_state.faults_by_channel(connection).values()
    failures = {row.id: (fault.text, fault.at) for row in rows for fault in known if fault.concerns(row)}
    standing = _subscription_status(app, connection, person)
    lines = explain_subscriber(
        person, standing, rows, met, app.zone, app.newsroom.settings.max_emails_per_day, failures
    )
    left = _opt_out_lines(app, connection, person)
    emails = {row.id: _articles_in_email(connection, row) for row in rows}
    told = [*lines[:1], *left, *([] if edition else sent), *lines[1:]]
    if one and met:
        for row in rows:
            told += _about_email(app, connection, met[0], emails[row.id], person)
    elif (total := edition_repository.count_editions(connection)) > len(listed):
        told.append(f"These are the {len(listed)} latest of {total} editions; name an older one to have it explained.")
    return told, {"deliveries": [asdict(row) | {"articles": emails[row.id]} for row in rows]}


def _find_person(connection: Connection, address: str) -> Subscriber | None:
    """The subscriber with an address. Raises UserError where it is none."""
    from ..errors import UserError
    from ..subscribers import repository as subscriber_repository

    try:
        return subscriber_repository.find(connection, address)
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None


def _opt_out_lines(app: CliContext, connection: Connection, person: Subscriber) -> list[str]:
    """What somebody has unsubscribed from or paused, a sentence for each."""
    from ..mail.address import normalize
    from ..subscribers import opt_outs
    from ..subscribers import repository as subscriber_repository

    left = [_opt_out_sentence(app, opt_out) for opt_out in opt_outs.find_by_key(connection, normalize(person.address))]
    paused = subscriber_repository.paused_until(connection, person.id)
    return left + [
        f"They have paused {name} until {app.local(until)}; nothing of it is sent to them before that."
        for name, until in paused.items()
        if until > clock()
    ]


def _transactional_lines(app: CliContext, connection: Connection, address: str) -> list[str]:
    """The latest transactional emails to an address, a sentence for each."""
    from ..delivery import outbox

    return [
        f"{row.kind} ({app.local(row.created)}): {row.state}{f', tried again {app.local(row.due)}' if row.due else ''}"
        f"{f'; {row.reply}' if row.reply else ''}."
        for row in outbox.iterate_latest(connection, address=address, limit=_TRANSACTIONAL)
    ]


def _articles_in_email(connection: Connection, row: Delivery) -> tuple[str, ...]:
    from ..delivery.article_reach import articles_of_delivery

    return articles_of_delivery(connection, row)


def _about_email(
    app: CliContext, connection: Connection, met: SubscriberEdition, held: Sequence[str], person: Subscriber
) -> list[str]:
    from ..articles import repository as article_repository
    from ..editions.explain import explain_email

    found = [article_repository.find_article(connection, id) for id in {*held, *met.topics}]
    return explain_email(met, held, {one.id: one.title for one in found if one}, person, app.zone)


def _subscription_status(app: CliContext, connection: Connection, person: Subscriber) -> SubscriptionHistory:
    from ..bounces import suppressions
    from ..editions.explain import SubscriptionHistory
    from ..subscribers import repository as subscriber_repository

    found = suppressions.find_suppression(connection, person.address)
    since = subscriber_repository.subscribed_since(connection, person.id)
    unmet = {
        name: audience.unmet(person, since[name]) for name, audience in app.newsroom.audiences.items() if name in since
    }
    return SubscriptionHistory(
        since=since,
        outside={name: conditions for name, conditions in unmet.items() if conditions},
        suppressed=found.reason if found else "",
        suppressed_since=found.since if found else None,
    )


def _opt_out_sentence(app: CliContext, opt_out: OptOut) -> str:
    reason = f": {opt_out.reason}" if opt_out.reason else ""
    what = opt_out.newsletter or "all newsletters"
    return f"They unsubscribed from {what} on {app.local(opt_out.at)} ({opt_out.via}{reason}); no import changes that."


def _subscriber_edition(
    app: CliContext, connection: Connection, person: Subscriber, row: EditionRow
) -> SubscriberEdition:
    """An edition as it concerned a subscriber when it was frozen."""
    from ..delivery.article_reach import alerts_received, count_emails_between
    from ..editions import repository as edition_repository
    from ..editions.explain import SubscriberEdition
    from ..model import EditionState
    from ..storage.rows import enum_member

    content = edition_repository.find(connection, row.id)
    assert content is not None
    topics: Mapping[str, frozenset[str]] = {
        article.id: frozenset(topic.casefold() for topic in article.topics) for article in content.carried
    }
    had = alerts_received(connection, person.id, list(topics))
    before = {id: [one.edition for one in alerts if one.at < row.frozen_at] for id, alerts in had.items()}
    midnight = datetime.combine(row.frozen_at.astimezone(app.zone), time(), app.zone)
    return SubscriberEdition(
        id=row.id,
        newsletter=row.newsletter,
        kind=content.kind,
        state=enum_member(EditionState, row.state, "edition", row.id),
        frozen_at=row.frozen_at,
        topics=topics,
        already_had={id: alerts[0] for id, alerts in before.items() if alerts},
        emails_before=count_emails_between(connection, person.id, midnight, row.frozen_at),
        paused=row.paused_at is not None,
    )
