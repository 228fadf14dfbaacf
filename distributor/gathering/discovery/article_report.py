"""An understood article as it is shown to staff, and what to look at when several are side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from ...model import ParsedArticle
from ..boilerplate import parse_html
from .common_text import fold_text, split_blocks
from .values import ArticlePreview, ParsedField

_EXCERPT = 100  # characters of the body's first and last block
_SHORT = 250  # characters; a body with less is perhaps a summary
_NAMED = 3  # blocks that stories share and that are named
FIELDS = ("title", "date", "author", "lead", "picture", "topics")


def describe_article(
    found: ParsedArticle, places: Mapping[str, Sequence[str]], zone: tzinfo, now: datetime, *, address: str = ""
) -> ArticlePreview:
    """An article beside the places that say the same."""
    blocks = split_blocks(found.body_html)
    values = {
        "title": found.title,
        "date": format_local_time(found.published, zone),
        "author": found.author,
        "lead": found.lead,
        "picture": found.image.url if found.image else "",
        "topics": ", ".join(found.topics),
    }
    root = parse_html(found.body_html) if found.body_html else None
    pictures = sum(1 for _ in root.iter("img")) if root is not None else 0
    return ArticlePreview(
        address=address or found.url or found.source_id or found.guid,
        title=found.title,
        published=found.published,
        fields=(
            *(ParsedField(name=name, value=values[name], places=tuple(places.get(name, ()))) for name in FIELDS),
            ParsedField(name="body", value=_size(len(blocks), pictures, found), places=tuple(places.get("body", ()))),
        ),
        first=_excerpt(blocks[0].text) if blocks else "",
        last=_excerpt(blocks[-1].text) if len(blocks) > 1 else "",
        paragraphs=len(blocks),
        pictures=pictures,
        characters=sum(len(block.text) for block in blocks),
        warnings=tuple(_warnings(found, sum(block.plain for block in blocks), zone, now)),
    )


def _size(blocks: int, pictures: int, found: ParsedArticle) -> str:
    if not found.body_html:
        return ""
    made = f"{blocks} paragraph{'' if blocks == 1 else 's'}"
    return made + (f", {pictures} picture{'' if pictures == 1 else 's'}" if pictures else "")


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def format_local_time(moment: datetime | None, zone: tzinfo) -> str:
    """A moment as staff read it: `2026-11-24 14:35 +07:00`, without a midnight that may be none."""
    if moment is None:
        return ""
    here = moment.astimezone(zone)
    return f"{here:%Y-%m-%d}" if has_no_time(moment, zone) else f"{here:%Y-%m-%d %H:%M} {here:%z}"


def has_no_time(moment: datetime, zone: tzinfo) -> bool:
    """Whether a moment is the midnight that a date without a time stands for."""
    here = moment.astimezone(zone)
    return not (here.hour or here.minute or here.second)


def _warnings(found: ParsedArticle, plain: int, zone: tzinfo, now: datetime) -> list[str]:
    made = []
    if not found.body_html:
        made.append("no text, only a description" if found.lead else "no text")
    elif plain < _SHORT:
        made.append(f"only {plain} characters of text: perhaps a summary")
    if found.published is None:
        made.append("no date")
    elif found.published > now:
        made.append(f"a date in the future: {format_local_time(found.published, zone)}")
    if not found.author:
        made.append("no author")
    return made


def find_doubts(articles: Sequence[ParsedArticle], zone: tzinfo, key: str = "select.{}") -> list[str]:
    """What to look at in several articles of one source. `key` names the setting that mends a field, empty for none."""
    many = len(articles)
    if not many:
        return []
    made = []
    for field, values, then in (
        ("date", [one.published for one in articles], "they will count as published when they are first read"),
        ("author", [one.author for one in articles], "perhaps they have none"),
        ("picture", [one.image and one.image.url for one in articles], "perhaps they have none"),
        ("text", [one.body_html for one in articles], "readers get the description and a link"),
    ):
        missing = sum(not value for value in values)
        if missing:
            named = key.format({"text": "body", "picture": "image"}.get(field, field)) if key else ""
            made.append(
                f"{_of(missing, many)} without {_article(field)}: {then}" + (f", or set {named}" if named else "")
            )
    dates = [one.published for one in articles if one.published]
    if dates and all(has_no_time(moment, zone) for moment in dates):
        made.append("no date has a time of day: the portal does not tell it, or not where it was looked for")
    if many > 2 and len(set(dates)) == 1 and len(dates) == many and not has_no_time(dates[0], zone):
        made.append(f"all articles have the same date, {format_local_time(dates[0], zone)}: is it the page's own?")
    made += _same(articles)
    made += _shared(articles)
    return made


def _article(field: str) -> str:
    return {"author": "an author", "text": "text"}.get(field, f"a {field}")


def _of(number: int, many: int) -> str:
    """`the article is`, `all 5 articles are`, `1 of 5 articles is`."""
    if many == 1:
        return "the article is"
    if number == many:
        return "both articles are" if many == 2 else f"all {many} articles are"
    return f"{number} of {many} articles {'is' if number == 1 else 'are'}"


def _same(articles: Sequence[ParsedArticle]) -> list[str]:
    """Titles and pictures that several stories have in common."""
    made = []
    for field, values in (
        ("title", [one.title for one in articles]),
        ("picture", [one.image.url for one in articles if one.image]),
    ):
        value, number = Counter(values).most_common(1)[0] if values else ("", 0)
        if number > 1 and value:
            more = ": a logo?" if field == "picture" else ""
            made.append(f"{number} articles have the same {field}, {value[:80]}{more}")
    return made


def _shared(articles: Sequence[ParsedArticle]) -> list[str]:
    """Blocks of text that stand in several stories: seldom a part of any."""
    seen: dict[str, set[int]] = {}
    words: dict[str, str] = {}
    for at, one in enumerate(articles):
        for block in split_blocks(one.body_html):
            key = fold_text(block.text)
            seen.setdefault(key, set()).add(at)
            words.setdefault(key, block.text)
    common = [words[key] for key, where in seen.items() if len(where) > 1]
    if not common:
        return []
    named = "; ".join(f"«{text[:50]}»" for text in common[:_NAMED])
    return [f"{_blocks(len(common))} in the text of several articles, and may belong to the page: {named}"]


def _blocks(number: int) -> str:
    return "one paragraph stands" if number == 1 else f"{number} paragraphs stand"
