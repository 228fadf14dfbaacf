"""`distributor gather`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .context import CliContext, clock, complete_source, json_option, pass_cli_context, plural, say, warn
from .gather_explain import check_names, explain

if TYPE_CHECKING:
    from ..pipeline import GatherResult
    from ..storage.database import Database


@click.command("gather", short_help="Look at the sources and take in what is new.")
@click.argument("sources", nargs=-1, shell_complete=complete_source)
@click.option("--force", is_flag=True, help="Ask servers too that want to be left alone for a while (Retry-After).")
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Only show what a look would take and what it would leave out, and why. Stores nothing.",
)
@json_option
@pass_cli_context
def command(app: CliContext, sources: tuple[str, ...], force: bool, explained: bool, as_json: bool) -> None:
    """Look at the sources and take in what is new.

    All sources are looked at, or those named. One that fails does not stop the others; the exit code is 1 if none
    could be read. A server that has asked to be left alone for a while is not asked before that is over. Nothing is sent.

    With --explain nothing is taken in, either: each link of a listing is shown with its headline and date, and those that
    are no articles with the reason.
    """
    if explained:
        explain(app, sources, as_json=as_json)
        return
    looks = gather(app, sources, force=force)
    if as_json:
        app.show_json([as_data(look) for look in looks])
    else:
        for look in looks:
            show_gathered(look)
    if looks and all(look.failure for look in looks):
        raise SystemExit(1)


def gather(app: CliContext, only: Sequence[str] = (), *, force: bool = False) -> list[GatherResult]:
    """One look at the sources, then the standing feeds brought up to date. Raises UserError for an unknown source."""
    import asyncio

    from .. import pipeline

    check_names(app, only)

    async def run(database: Database) -> tuple[list[GatherResult], list[str]]:
        looks = await pipeline.gather_sources(app.newsroom, database, clock, only, force=force)
        return looks, await pipeline.refresh_feeds(app.newsroom, database, clock)

    with app.store() as database:
        looks, faults = asyncio.run(run(database))
    for fault in faults:
        warn(fault)
    return looks


def show_gathered(look: GatherResult) -> None:
    """One look in words: a line, and one for each article that could not be used."""
    if look.failure:
        hint = "; `distributor gather --force` asks all the same" if look.retry_at else ""
        warn(f"source {look.source}: {look.failure}{hint}")
        return
    say(f"{look.source}: {summary(look)}")
    for note in look.notes:
        say(f"  note: {note}")
    for fault in look.faults:
        warn(f"source {look.source}: {fault}")


def summary(look: GatherResult) -> str:
    intake = look.intake
    if look.unchanged:
        return "unchanged"
    parts = [plural(len(intake.new), "new article")]
    if intake.backlog:
        parts[0] += f" ({intake.backlog} of them old: kept, but no news)"
    if intake.changed:
        parts.append(f"{len(intake.changed)} changed")
    if intake.known:
        parts.append(f"{intake.known} known")
    return ", ".join(parts)


def as_data(look: GatherResult) -> dict[str, object]:
    return {
        "source": look.source,
        "ok": not look.failure,
        "failure": look.failure,
        "ask_again": look.retry_at,
        "unchanged": look.unchanged,
        "new": [article.id for article in look.intake.new if not article.backlog],
        "backlog": look.intake.backlog,
        "changed": [article.id for article in look.intake.changed],
        "known": look.intake.known,
        "faults": look.faults,
        "notes": look.notes,
    }
