"""What `check --online` says of each source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .context import CliContext, clock, plural, say, warn

if TYPE_CHECKING:
    from ..pipeline.check_sources import GatherStats


def inspect_sources(app: CliContext) -> list[GatherStats]:
    """Each source, read once. No article is stored."""
    import asyncio

    from .. import pipeline

    with app.store() as database:
        return asyncio.run(pipeline.inspect_sources(app.newsroom, database, clock))


def show_inspections(app: CliContext, found: Sequence[GatherStats]) -> None:
    """A line for each source, and below it the newest article, what was left out, and what staff should know."""
    for one in found:
        if one.failure:
            warn(f"source {one.source}: {one.failure}")
            continue
        say(f"  source       {one.source}: {in_words(one)}")
        if one.newest:
            when = f" ({app.local(one.newest_date)})" if one.newest_date else " (without a date)"
            say(f"               newest: {one.newest}{when}")
        for note in one.notes:
            say(f"               note: {note}")
        _show_left_out(one)
        _show_faults(one)


def in_words(one: GatherStats) -> str:
    """`12 articles: text 12, date 12, picture 9, author 0, topics 12`."""
    parts = ", ".join(f"{name} {getattr(one, name)}" for name in ("text", "date", "picture", "author", "topics"))
    return plural(one.articles, "article") + (f", of which with {parts}" if one.articles else "")


def _show_left_out(one: GatherStats) -> None:
    from ..pipeline.check_sources import MAX_EXAMPLES

    if one.left_out:
        total = sum(reason.number for reason in one.left_out)
        named = ", ".join(f"{reason.number} × {reason.words}" for reason in one.left_out[:MAX_EXAMPLES])
        rest = ", …" if len(one.left_out) > MAX_EXAMPLES else ""
        say(
            f"               {plural(total, 'link')} left out: {named}{rest} (`distributor gather --explain {one.source}`)"
        )


def _show_faults(one: GatherStats) -> None:
    from ..pipeline.check_sources import MAX_EXAMPLES

    for fault in one.faults[:MAX_EXAMPLES]:
        warn(f"source {one.source}: {fault}")
    if len(one.faults) > MAX_EXAMPLES:
        warn(f"source {one.source}: and {len(one.faults) - MAX_EXAMPLES} more that cannot be used")


def as_data(one: GatherStats) -> dict[str, Any]:
    return {"ok": one.usable, **asdict(one)}
