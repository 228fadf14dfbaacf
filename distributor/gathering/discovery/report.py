"""The report of `sources try`: what was probed, the articles read, doubts about them, the block for config.yaml. Pure.

The values come out of a child process as JSON.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from ...config.yaml import parse
from ...model import ParsedArticle
from ...plugins.registry import sources
from ..boilerplate import parse_html
from ..dates import is_midnight
from .text_matching import fold_text, split_blocks


class AddressKind(StrEnum):
    """What an address turned out to be."""

    LISTING = "listing"
    ARTICLE = "article"
    FEED = "feed"
    FOLDER = "folder"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRequest:
    """What to try: an address of the web, or the absolute path of a file or folder.

    `kind` is what it is where staff say so, else it is found out. `articles` is how many are read to the end. `select` are
    CSS selectors by key, as under `select:` in config.yaml. `language` and `timezone` are those of the newsroom.
    """

    address: str
    is_path: bool = False
    kind: AddressKind | None = None
    articles: int = 5
    select: Mapping[str, str] = field(default_factory=dict)
    allow_private: bool = False
    language: str = "vi"
    timezone: str = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedField:
    """One field as it was parsed, and the places that say the same: `JSON-LD headline`, `h1.title`."""

    name: str
    value: str
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePreview:
    """One article as it was parsed, beside what it was made of. `fault` says why there is none.

    `first` and `last` are the beginnings of the body's first and last block; `paragraphs`, `images` and `characters`
    count what is in it. `warnings` are half sentences: `no date`.
    """

    address: str
    title: str = ""
    published: datetime | None = None
    fields: tuple[ParsedField, ...] = ()
    first: str = ""
    last: str = ""
    paragraphs: int = 0
    images: int = 0
    characters: int = 0
    warnings: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OmittedLinks:
    """Links of a listing that are taken for no articles: why, how many, and the words of one or two."""

    reason: str
    number: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedSelector:
    """A selector that is proposed or was given: on how many of the pages tried it finds something, and why it is there."""

    key: str
    css: str
    pages: int
    of: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProposal:
    """A source for config.yaml: a suggestion for its name, its settings, and what speaks for it."""

    name: str
    settings: Mapping[str, Any]
    why: str = ""
    selectors: tuple[ProposedSelector, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryReport:
    """What probing an address has found out.

    `what` says in a sentence what it is. `found` counts the articles that it names, `articles` are those that were read.
    `doubts` are what staff should check, `hints` what else there is: feeds, sections, a sitemap.
    """

    address: str
    kind: AddressKind
    what: str
    found: int = 0
    articles: tuple[ArticlePreview, ...] = ()
    left_out: tuple[OmittedLinks, ...] = ()
    proposals: tuple[SourceProposal, ...] = ()
    doubts: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def readable(self) -> bool:
        return any(not article.fault for article in self.articles)


# -- articles ----------------------------------------------------------------------------------------------------------

_EXCERPT = 100  # characters of the body's first and last block
_SHORT = 250  # characters; a body with less is perhaps a summary
_NAMED = 3  # blocks that articles share and that are named
FIELDS = ("title", "date", "author", "lead", "image", "topics")


def describe_article(
    found: ParsedArticle, places: Mapping[str, Sequence[str]], zone: tzinfo, now: datetime, *, address: str = ""
) -> ArticlePreview:
    """The preview of an article, with the places that say the same as its fields."""
    blocks = split_blocks(found.body_html)
    values = {
        "title": found.title,
        "date": format_local_time(found.published, zone),
        "author": found.author,
        "lead": found.lead,
        "image": found.image.url if found.image else "",
        "topics": ", ".join(found.topics),
    }
    root = parse_html(found.body_html) if found.body_html else None
    images = sum(1 for _ in root.iter("img")) if root is not None else 0
    return ArticlePreview(
        address=address or found.url or found.source_id or found.guid,
        title=found.title,
        published=found.published,
        fields=(
            *(ParsedField(name=name, value=values[name], places=tuple(places.get(name, ()))) for name in FIELDS),
            ParsedField(name="body", value=_size(len(blocks), images, found), places=tuple(places.get("body", ()))),
        ),
        first=_excerpt(blocks[0].text) if blocks else "",
        last=_excerpt(blocks[-1].text) if len(blocks) > 1 else "",
        paragraphs=len(blocks),
        images=images,
        characters=sum(len(block.text) for block in blocks),
        warnings=tuple(_warnings(found, sum(block.plain for block in blocks), zone, now)),
    )


def _size(blocks: int, images: int, found: ParsedArticle) -> str:
    if not found.body_html:
        return ""
    made = f"{blocks} paragraph{'' if blocks == 1 else 's'}"
    return made + (f", {images} image{'' if images == 1 else 's'}" if images else "")


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def format_local_time(moment: datetime | None, zone: tzinfo) -> str:
    """A moment as staff see it: `2026-11-24 14:35 +07:00`, without a midnight that may be none."""
    if moment is None:
        return ""
    here = moment.astimezone(zone)
    return f"{here:%Y-%m-%d}" if is_midnight(moment, zone) else f"{here:%Y-%m-%d %H:%M} {here:%z}"


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
    """What staff should check in articles of one source. `key` names the setting that mends a field, empty for none."""
    many = len(articles)
    if not many:
        return []
    made = []
    for name, values, then in (
        ("date", [one.published for one in articles], "they will count as published when they are first read"),
        ("author", [one.author for one in articles], "perhaps they have none"),
        ("image", [one.image and one.image.url for one in articles], "perhaps they have none"),
        ("text", [one.body_html for one in articles], "emails have the description and a link"),
    ):
        missing = sum(not value for value in values)
        if missing:
            setting = key.format({"text": "body"}.get(name, name)) if key else ""
            made.append(
                f"{_of(missing, many)} without {_with_article(name)}: {then}"
                + (f", or set {setting}" if setting else "")
            )
    dates = [one.published for one in articles if one.published]
    if dates and all(is_midnight(moment, zone) for moment in dates):
        made.append("no date has a time of day: the portal does not show it, or not where it was searched for")
    if many > 2 and len(set(dates)) == 1 and len(dates) == many and not is_midnight(dates[0], zone):
        made.append(f"all articles have the same date, {format_local_time(dates[0], zone)}: is it the page's own?")
    made += _same(articles)
    made += _shared(articles)
    return made


def _with_article(name: str) -> str:
    return {"author": "an author", "image": "an image", "text": "text"}.get(name, f"a {name}")


def _of(number: int, many: int) -> str:
    """`the article is`, `all 5 articles are`, `1 of 5 articles is`."""
    if many == 1:
        return "the article is"
    if number == many:
        return "both articles are" if many == 2 else f"all {many} articles are"
    return f"{number} of {many} articles {'is' if number == 1 else 'are'}"


def _same(articles: Sequence[ParsedArticle]) -> list[str]:
    """Titles and images that several articles have in common."""
    made = []
    for name, values in (
        ("title", [one.title for one in articles]),
        ("image", [one.image.url for one in articles if one.image]),
    ):
        value, number = Counter(values).most_common(1)[0] if values else ("", 0)
        if number > 1 and value:
            more = ": a logo?" if name == "image" else ""
            made.append(f"{number} articles have the same {name}, {value[:80]}{more}")
    return made


def _shared(articles: Sequence[ParsedArticle]) -> list[str]:
    """Blocks of text that stand in several articles: seldom a part of any."""
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


# -- the block for config.yaml -----------------------------------------------------------------------------------------

_LONGEST_NAME = 40
_GENERAL = {"www", "www2", "m", "mobile", "amp", "portal", "cms", "web", "cong", "cong-thong-tin", "congthongtin"}
# Labels below which names are given out (gov.vn, com.vn, co.uk …): not the whole list, but enough for a name to begin with.
_ABOVE = {"com", "net", "org", "gov", "edu", "co", "ac", "info", "name", "pro", "health", "int", "go", "or", "ne"}
_DOLLARS = re.compile(r"\$(?=[${])")


def suggest_source_name(address: str) -> str:
    """A name for a source: what its host or its folder is called. `https://www.bacson.gov.vn/tin` gives `bacson`."""
    host = (urlsplit(address).hostname or "") if "://" in address else ""
    if host and re.fullmatch(r"[\d.:a-f]+", host) is None:
        labels = host.split(".")
        labels = labels[:-1] if len(labels) > 1 else labels
        if len(labels) > 1 and (labels[-1] in _ABOVE):
            labels = labels[:-1]
        telling = [one for one in labels if one not in _GENERAL] or labels
        return _slug(telling[-1])
    return _slug(address.rstrip("/").rpartition("/")[2].partition(".")[0]) if not host else "portal"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[\u0300-\u036f]", "", plain)).strip("-")[:_LONGEST_NAME] or "portal"


def unique_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where it is taken."""
    if name not in taken:
        return name
    return next(made for number in range(2, len(taken) + 3) if (made := f"{name}-{number}") not in taken)


def format_block(named: Mapping[str, Mapping[str, Any]]) -> str:
    """`sources:` with these sources, as YAML that config.yaml reads back as the same; no line of it is folded."""
    written = {name: _escaped(dict(settings)) for name, settings in named.items()}
    return str(yaml.safe_dump({"sources": written}, allow_unicode=True, sort_keys=False, width=10_000))


def find_problems(text: str, file: Path) -> list[str]:
    """What is wrong with such a block beside a config.yaml; nothing where it can be pasted as it is."""
    raw = parse(text, file, {})
    _, problems = sources.build(raw)
    return [f"{problem.path}: {problem.message}" for problem in (*raw.problems, *problems)]


def _escaped(value: Any) -> Any:
    """`$$` for a dollar sign that would begin a variable."""
    if isinstance(value, str):
        return _DOLLARS.sub("$$", value)
    if isinstance(value, Mapping):
        return {key: _escaped(one) for key, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, (list, tuple)) else value
