"""`distributor editions show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, complete_edition, json_option, pass_cli_context, plural, say
from .editions_edit import shown_preheader, voice_lines

if TYPE_CHECKING:
    from ..editions.repository import EditionEvent, EditionRow
    from ..model import DeliveryState, Edition, Rendition


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredEdition:
    """All that the store has about one edition."""

    row: EditionRow
    content: Edition
    events: Sequence[EditionEvent]
    segments: Mapping[str, Sequence[str]]  # variant to the ids of its articles
    sizes: Mapping[str, int]  # variant to the number of recipients
    tally: Mapping[str, Mapping[DeliveryState, int]]  # channel to the number of deliveries by state
    kept: Sequence[Rendition]


@click.command("show", short_help="Show an edition: its articles, deliveries and history.")
@click.argument("edition", shell_complete=complete_edition)
@json_option
@pass_cli_context
def show(app: CliContext, edition: str, as_json: bool) -> None:
    """Show one edition: its articles, emails, recipients, deliveries and history."""
    stored = _read(app, edition)
    if as_json:
        app.show_json(_data(app, stored))
        return
    _show_state(app, stored)
    _show_content(app, stored)
    _show_deliveries(app, stored)
    _show_history(app, stored.events)


def row_data(row: EditionRow) -> dict[str, Any]:
    """The columns of an edition."""
    return {name: getattr(row, name) for name in row.__slots__}


def _read(app: CliContext, edition: str) -> _StoredEdition:
    from ..delivery.queries import count_by_state
    from ..editions import repository as edition_repository
    from ..errors import UserError

    with app.store() as database, database.read() as connection:
        row = edition_repository.find_row(connection, edition)
        content = edition_repository.find(connection, edition)
        if row is None or content is None:
            raise UserError(f"there is no edition {edition!r}; `distributor editions` lists them")
        return _StoredEdition(
            row=row,
            content=content,
            events=edition_repository.list_events(connection, edition),
            segments=edition_repository.list_segment_articles(connection, edition),
            sizes=edition_repository.count_segment_sizes(connection, edition),
            tally=count_by_state(connection, edition),
            kept=edition_repository.list_renditions(connection, edition),
        )


def _data(app: CliContext, stored: _StoredEdition) -> dict[str, Any]:
    from ..pipeline.edit_draft import version_of

    content, sizes = stored.content, stored.sizes
    return {
        **row_data(stored.row),
        "version": version_of(stored.events),
        "preheader": shown_preheader(app, content),
        "words": {name: getattr(content.words, name) for name in ("subject", "preheader", "intro")},
        "blocks": [{"label": one.label, "after": one.after, "text": one.text} for one in content.blocks],
        "articles": [{"id": one.id, "title": one.title, "version": one.version} for one in content.articles],
        "briefs": [{"id": one.id, "title": one.title, "version": one.version} for one in content.briefs],
        "emails": [
            {"variant": variant, "articles": ids, "recipients": sizes[variant]}
            for variant, ids in stored.segments.items()
        ],
        "renditions": [{"channel": one.channel, "variant": one.variant, "sha256": one.sha256} for one in stored.kept],
        "deliveries": stored.tally,
        "events": [
            {"at": one.at, "event": one.event, "actor": one.actor, "reason": one.reason} for one in stored.events
        ],
    }


def _show_state(app: CliContext, stored: _StoredEdition) -> None:
    from ..pipeline.edit_draft import version_of

    row = stored.row
    say(f"{row.id}: {row.subject}", bold=True)
    when = f"released {app.local(row.released_at)}" if row.released_at else f"due {app.local(row.due_at)}"
    say(f"  {row.kind} for slot {row.slot}; {row.state}; frozen {app.local(row.frozen_at)}, {when}")
    if row.released_at is None:
        say(f"  version {version_of(stored.events)}; `distributor editions edit {row.id}` changes it")


def _show_content(app: CliContext, stored: _StoredEdition) -> None:
    for line in voice_lines(app, stored.content):
        say(f"  {line}")
    for one in stored.content.articles:
        say(f"    {one.id}  {one.title}")
    for one in stored.content.briefs:
        say(f"    {one.id}  {one.title} (in brief)")


def _show_deliveries(app: CliContext, stored: _StoredEdition) -> None:
    for variant, ids in stored.segments.items():
        say(f"  {variant}: {plural(len(ids), 'article')} for {plural(stored.sizes[variant], 'recipient')}")
    for channel, states in stored.tally.items():
        say(f"  {channel}: " + ", ".join(f"{number} {state}" for state, number in states.items()))
    if stored.row.pruned_at and stored.sizes:
        say(f"  who got its emails is not kept any more, since {app.local(stored.row.pruned_at)}: only how many")


def _show_history(app: CliContext, events: Sequence[EditionEvent]) -> None:
    for event in events:
        by = "" if event.event in ("telling", "told") else "by "  # reviewers are told, they do nothing
        reason = f": {event.reason}" if event.reason else ""
        say(f"  {app.local(event.at)}  {event.event} {by}{event.actor}{reason}")
