"""What `gather --explain` shows: what a look at a source would take and leave out, and why. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .context import CliContext, clock, plural, say, show_table, warn

if TYPE_CHECKING:
    from ..source import ItemExplanation, Source

_MAX_TITLE_LENGTH = 70  # characters of a headline in the table


def check_names(app: CliContext, names: Sequence[str]) -> None:
    """Raises UserError for a name that no source has."""
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
    say(f"{name}: {plural(taken, 'article')} taken, {plural(len(links) - taken, 'link')} left out; nothing is stored")
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
