"""`distributor gather`, with `--explain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from .context import CliContext, clock, complete_source, json_option, pass_cli_context, plural, say, show_table, warn

if TYPE_CHECKING:
    from ..pipeline import GatherResult
    from ..source import ItemExplanation, Source
    from ..storage.database import Database


@click.command("gather", short_help="Gather new articles from the sources.")
@click.argument("sources", nargs=-1, shell_complete=complete_source)
@click.option("--force", is_flag=True, help="Also ask servers that have asked for a pause (Retry-After).")
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Show what would be gathered and what left out, and why. Stores nothing.",
)
@json_option
@pass_cli_context
def command(app: CliContext, sources: tuple[str, ...], force: bool, explained: bool, as_json: bool) -> None:
    """Gather new articles from all sources, or from the SOURCES named.

    A source that fails does not stop the others. A server that has asked for a pause (Retry-After) is not asked before it is
    over. Nothing is sent.

    With --explain, nothing is stored either: every link of a listing is shown with its headline and date, and with the
    reason if it is left out.

    Exit code: 1 if no source could be read.
    """
    if explained:
        explain(app, sources, as_json=as_json)
        return
    results = gather(app, sources, force=force)
    if as_json:
        app.show_json([as_data(result) for result in results])
    else:
        for result in results:
            show_gathered(result)
    if results and all(result.failure for result in results):
        raise SystemExit(1)


def gather(app: CliContext, only: Sequence[str] = (), *, force: bool = False) -> list[GatherResult]:
    """Gather from the sources, then update the feeds of all articles. Raises UserError for an unknown source."""
    import asyncio

    from .. import pipeline

    check_names(app, only)

    async def run(database: Database) -> tuple[list[GatherResult], list[str]]:
        results = await pipeline.gather_sources(app.newsroom, database, clock, only, force=force)
        return results, await pipeline.refresh_feeds(app.newsroom, database, clock)

    with app.store() as database:
        results, faults = asyncio.run(run(database))
    for fault in faults:
        warn(fault)
    return results


def gather_and_warn(app: CliContext) -> None:
    """Gather from all sources, and say only what went wrong."""
    for result in gather(app):
        if result.failure or result.faults:
            show_gathered(result)


def show_gathered(result: GatherResult) -> None:
    """Say what was gathered from one source, and name each article that could not be used."""
    if result.failure:
        hint = "; `distributor gather --force` asks anyway" if result.retry_at else ""
        warn(f"source {result.source}: {result.failure}{hint}")
        return
    say(f"{result.source}: {summary(result)}")
    for note in result.notes:
        say(f"  note: {note}")
    for fault in result.faults:
        warn(f"source {result.source}: {fault}")


def summary(result: GatherResult) -> str:
    intake = result.intake
    if result.unchanged:
        return "unchanged"
    parts = [plural(len(intake.new), "new article")]
    if intake.backlog:
        parts[0] += f" ({intake.backlog} of them already published before the first gather: kept, but not announced)"
    if intake.changed:
        parts.append(f"{len(intake.changed)} changed")
    if intake.known:
        parts.append(f"{intake.known} known")
    return ", ".join(parts)


def as_data(result: GatherResult) -> dict[str, object]:
    return {
        "source": result.source,
        "ok": not result.failure,
        "failure": result.failure,
        "ask_again": result.retry_at,
        "unchanged": result.unchanged,
        "new": [article.id for article in result.intake.new if not article.backlog],
        "backlog": result.intake.backlog,
        "changed": [article.id for article in result.intake.changed],
        "known": result.intake.known,
        "faults": result.faults,
        "notes": result.notes,
    }


_MAX_TITLE_LENGTH = 70  # characters of a headline in the table


def check_names(app: CliContext, names: Sequence[str]) -> None:
    """Raises UserError for an unknown source."""
    from ..config.validation import suggestion
    from ..errors import UserError

    for name in names:
        if name not in app.newsroom.sources:
            raise UserError(f"there is no source {name!r}{suggestion(name, app.newsroom.sources)}")


def explain(app: CliContext, only: Sequence[str], *, as_json: bool) -> None:
    """Show what becomes of each link or item of the sources, or of those named. Raises UserError for an unknown name, and
    SystemExit(1) where none could be read."""
    import asyncio

    from ..errors import SourceError
    from ..gathering import source_state
    from ..gathering.source_reader import explain_source

    check_names(app, only)
    chosen = [source for name, source in app.newsroom.sources.items() if not only or name in only]
    now = clock()
    with app.store() as database, database.read() as connection:
        left_alone = source_state.load_backoffs(connection, now)

    async def run() -> dict[str, Sequence[ItemExplanation] | str]:
        async def one(source: Source) -> Sequence[ItemExplanation] | str:
            try:
                return await explain_source(source, app.newsroom.settings.site, now, waits=left_alone)
            except SourceError as error:
                return str(error)

        answers = await asyncio.gather(*(one(source) for source in chosen))
        return dict(zip((source.name for source in chosen), answers, strict=True))

    answers = asyncio.run(run())
    if as_json:
        app.show_json([_as_data(name, answer) for name, answer in answers.items()])
    else:
        for name, answer in answers.items():
            _show(app, name, answer)
    if answers and all(isinstance(answer, str) for answer in answers.values()):
        raise SystemExit(1)


def _show(app: CliContext, name: str, answer: Sequence[ItemExplanation] | str) -> None:
    if isinstance(answer, str):
        warn(f"source {name}: {answer}")
        return
    links = [one for one in answer if one.words or one.taken]
    taken = sum(one.taken for one in links)
    say(f"{name}: {plural(taken, 'article')} found, {plural(len(links) - taken, 'link')} left out; nothing was stored")
    show_table(
        ("taken", "date", "headline", "address", "why not"),
        [
            ("yes" if one.taken else "no", app.local(one.published), _cut(one.words), one.url, one.reason)
            for one in links
        ],
        "no links",
    )
    for one in answer:
        if one not in links:
            say(f"  note: {one.reason}")


def _cut(words: str) -> str:
    return words if len(words) <= _MAX_TITLE_LENGTH else f"{words[: _MAX_TITLE_LENGTH - 1]}…"


def _as_data(name: str, answer: Sequence[ItemExplanation] | str) -> Mapping[str, object]:
    if isinstance(answer, str):
        return {"source": name, "ok": False, "failure": answer, "links": [], "notes": []}
    return {
        "source": name,
        "ok": True,
        "failure": "",
        "links": [
            {"taken": one.taken, "headline": one.words, "url": one.url, "date": one.published, "reason": one.reason}
            for one in answer
            if one.words or one.taken
        ],
        "notes": [one.reason for one in answer if not one.words and not one.taken],
    }
