"""`distributor subscribers`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from . import subscriber_data, subscriber_files, subscriber_form
from .context import (
    CliContext,
    clock,
    complete_newsletter,
    confirm,
    json_option,
    pass_cli_context,
    plural,
    say,
    show_table,
    warn_of_unknown_topics,
    yes_option,
)
from .listing import ListingGroup
from .subscriber_files import newsletters_option, opt_out_in_words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..model import Subscriber
    from ..subscribers.requests import SubscriptionRequest


STAFF = "staff"  # who has added, unsubscribed or erased somebody


@click.group("subscribers", cls=ListingGroup, short_help="Add, update, unsubscribe, list and import subscribers.")
def command() -> None:
    """Add, update, show, unsubscribe, forget, list, import and export subscribers, and answer what they ask."""


frequency_option = click.option(
    "--frequency",
    type=click.Choice(["each", "daily", "weekly"]),
    help="An email for each edition, or one a day or a week with everything since the last one.",
)


attribute_option = click.option(
    "--attribute",
    "attributes",
    metavar="NAME=VALUE",
    multiple=True,
    callback=lambda _context, _option, written: split_attributes(written),
    help="An attribute that config.yaml declares; without a value, it is removed. Repeatable.",
)


def split_attributes(written: Sequence[str]) -> dict[str, str]:
    """The attributes of `--attribute commune=…`. Raises UsageError."""
    given = {}
    for one in written:
        name, sign, value = one.partition("=")
        if not sign:
            raise click.UsageError(f"--attribute {one}: write NAME=VALUE")
        given[name.strip()] = value.strip()
    return given


@command.command("add")
@click.argument("address")
@newsletters_option
@click.option("--name", default="", help="The subscriber's name, for the greeting.")
@click.option("--language", metavar="vi|en", default="", help="The language.  [default: the site's language]")
@click.option("--topic", "topics", metavar="TOPIC", multiple=True, help="Only articles with this topic. Repeatable.")
@frequency_option
@attribute_option
@click.option("--consent", default="", help="How and when the subscriber agreed.")
@click.option("--again", is_flag=True, help="They unsubscribed or complained before, and ask to be subscribed again.")
@pass_cli_context
def add_one(app: CliContext, /, address: str, again: bool, **options: Any) -> None:
    """Subscribe ADDRESS to a newsletter. If config.yaml has only one, it need not be named.

    An address that has unsubscribed, complained or is permanently suppressed is subscribed only with --again.

    \b
    Example:
      distributor subscribers add "Lan <lan@example.com>" -n tin-sang --topic "Y tế"
    """
    from ..errors import UserError
    from ..pipeline.events import tell_joined
    from ..subscribers import repository as subscriber_repository
    from ..subscribers import subscribe

    wanted = _request(app, address, **options)
    with app.store() as database, database.write() as connection:
        keys, now = app.newsroom.known_secrets(), clock()
        known = subscriber_repository.find(connection, wanted.address)
        if again:
            made, removed = subscribe.resubscribe(connection, wanted, now, keys=keys)
        else:
            made, removed = subscribe.add(connection, wanted, now, keys=keys), None
        if made.blocked_by:
            why = "; ".join(opt_out_in_words(app, name, one) for name, one in made.blocked_by.items())
            raise UserError(f"{wanted.address} {why}; use --again only if they ask to be subscribed again")
        warn_of_unknown_topics(app, connection, wanted.choice.topics or ())
        assert made.subscriber
        new = [name for name in made.subscriber.newsletters if known is None or name not in known.newsletters]
        tell_joined(app.newsroom, connection, made.subscriber, new, now, via=STAFF)
    say(f"{made.change}: {made.subscriber.address} ({', '.join(made.subscriber.newsletters)})")
    if removed:
        say(f"no longer suppressed (was: {removed.type}, {removed.reason})")


def _request(
    app: CliContext, address: str, newsletters: tuple[str, ...], frequency: str | None, **choices: Any
) -> SubscriptionRequest:
    """What the options of `subscribers add` ask for. Raises UserError."""
    from ..errors import UserError
    from ..subscribers.requests import parse_request

    settings = app.newsroom.settings
    known = list(settings.newsletters)
    try:
        return parse_request(
            address,
            newsletters or (known if len(known) == 1 else ()),
            known=known,
            frequency=frequency or "",
            default_language=settings.site.language,
            declared=settings.attributes,
            **choices,
        )
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None


@command.command("update")
@click.argument("address")
@click.option("--name", help="The subscriber's name, for the greeting.")
@click.option("--topic", "topics", metavar="TOPIC", multiple=True, help="Only articles with this topic. Repeatable.")
@click.option("--all-topics", is_flag=True, help="Articles of all topics again.")
@frequency_option
@attribute_option
@pass_cli_context
def update_one(
    app: CliContext,
    address: str,
    name: str | None,
    topics: tuple[str, ...],
    all_topics: bool,
    frequency: str | None,
    attributes: dict[str, str],
) -> None:
    """Update name, topics, frequency, attributes of a subscriber.

    No article is lost or sent twice: the next email continues where the last one ended.
    """
    from ..errors import UserError
    from ..model import Frequency
    from ..pipeline.events import tell_changed
    from ..subscribers import repository as subscriber_repository
    from ..subscribers.attributes import merge_attributes, parse_attributes
    from ..subscribers.requests import clean_topics
    from ..text import clean_line

    if name is None and not topics and not all_topics and not frequency and not attributes:
        raise click.UsageError("name what to update: --name, --topic, --all-topics, --frequency or --attribute")
    if topics and all_topics:
        raise UserError("--topic and --all-topics exclude each other")
    try:
        values = parse_attributes(attributes, app.newsroom.settings.attributes)
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None
    with app.store() as database, database.write() as connection:
        person = _find_subscriber(connection, address)
        new = person._replace(
            name=person.name if name is None else clean_line(name),
            topics=() if all_topics else clean_topics(topics) or person.topics,
            frequency=Frequency(frequency) if frequency else person.frequency,
            attributes=merge_attributes(person.attributes, values),
        )
        if new != person:
            subscriber_repository.update(connection, [(person, new)], clock())
            tell_changed(app.newsroom, connection, new, clock())
        warn_of_unknown_topics(app, connection, clean_topics(topics))
    say(f"updated: {_choices_of(new)}")


def _choices_of(person: Subscriber) -> str:
    """What is known of a subscriber and what they have chosen, on one line."""
    from ..subscribers.attributes import write_value

    chosen = f"topics {', '.join(person.topics)}" if person.topics else "all topics"
    named = f"name {person.name}" if person.name else "no name"
    also = "".join(f", {name}: {write_value(value)}" for name, value in person.attributes.items())
    return f"{person.address}: {named}, {chosen}, frequency {person.frequency}{also}"


def _find_subscriber(connection: Connection, address: str) -> Subscriber:
    from ..errors import UserError
    from ..subscribers import repository as subscriber_repository

    try:
        person = subscriber_repository.find(connection, address)
    except ValueError as error:
        raise UserError(f"{address}: {error}") from None
    if person is None:
        raise UserError(f"{address} is not a subscriber")
    return person


@command.command("unsubscribe")
@click.argument("address")
@newsletters_option
@pass_cli_context
def unsubscribe_one(app: CliContext, address: str, newsletters: tuple[str, ...]) -> None:
    """Unsubscribe ADDRESS from a newsletter, or from all of them. The subscriber's record stays.

    Emails that are still waiting to be sent to it are not sent. No import subscribes the address again; only
    `subscribers add ADDRESS --again` does.
    """
    from ..pipeline.leaving import LeaveRequest, leave_all
    from ..subscribers.opt_outs import ALL_NEWSLETTERS

    for name in newsletters:
        app.newsroom.newsletter(name)
    with app.store() as database, database.write() as connection:
        person, now = _find_subscriber(connection, address), clock()
        requests = [
            LeaveRequest(subscriber=person.id, newsletter=name, received_at=now, via=STAFF, goodbye=False)
            for name in newsletters or (ALL_NEWSLETTERS,)
        ]
        leave_all(app.newsroom, connection, requests, now)
        left = len(person.newsletters) - len(_find_subscriber(connection, address).newsletters)
    if left:
        say(f"{person.address}: unsubscribed from {plural(left, 'newsletter')}")
    else:
        say(f"{person.address} was subscribed to none of them")


@command.command("forget")
@click.argument("address")
@yes_option
@pass_cli_context
def forget_one(app: CliContext, address: str, yes: bool) -> None:
    """Erase everything that is stored about a subscriber.

    Deletes the name, choices, consent, subscriptions, opt-outs and suppression, and takes the address out of the ledger and
    the bounces. Only a code of the address stays, which nobody can read back without the newsroom's key, so that no
    import brings it back. This cannot be undone.
    """
    from ..pipeline.preferences import forget_subscriber

    with app.store() as database:
        with database.read() as connection:
            person = _find_subscriber(connection, address)
        if not yes:
            confirm(f"Erase everything about {person.address}?")
        with database.write() as connection:
            person = _find_subscriber(connection, address)
            forget_subscriber(app.newsroom, connection, person, clock(), via=STAFF)
    say(f"{person.address}: forgotten; only a code of the address stays, so that no import brings it back")


def _data(person: Subscriber) -> dict[str, object]:
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "newsletters": person.newsletters,
        "topics": person.topics,
        "frequency": person.frequency,
        "attributes": person.attributes,
        "created": person.created,
    }


@command.command("list")
@click.argument("newsletter", required=False, shell_complete=complete_newsletter)
@json_option
@pass_cli_context
def list_all(app: CliContext, newsletter: str | None, as_json: bool) -> None:
    """List all subscribers, or those of one newsletter."""
    from ..subscribers import repository as subscriber_repository

    if newsletter:
        app.newsroom.newsletter(newsletter)
    with app.store() as database, database.read(long=True) as connection:
        everybody = subscriber_repository.list_subscribers(connection, newsletter)
        if as_json:
            app.show_json_list(_data(person) for person in everybody)
            return
        people = list(everybody)
    rows = [
        (
            person.address,
            person.name,
            person.language,
            ", ".join(person.newsletters) or "(none)",
            ", ".join(person.topics) or "all",
            person.frequency,
        )
        for person in people
    ]
    show_table(["address", "name", "language", "newsletters", "topics", "frequency"], rows, "No subscribers yet.")


command.add_command(subscriber_form.command)
command.add_command(subscriber_data.show)
command.add_command(subscriber_data.requests)
command.add_command(subscriber_files.import_file)
command.add_command(subscriber_files.export_file)
