"""A digest of an edition: HTML with its styles inlined, and a plain-text part of its own design. Pure.

Places that differ from reader to reader hold marks (`distributor.slots`); they are filled at sending.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..channel import Digest
from ..config import Newsletter, Site
from ..model import Edition, Language
from ..slots import mark
from . import wording
from .colours import palette
from .environment import Templates
from .inlining import inline
from .plaintext import cut_words
from .shown import Story, story, text

PREHEADER = 110  # characters


@dataclass(frozen=True, slots=True)
class Block:
    """Stories under one heading; without a heading where there is nothing to tell apart. `start` numbers the first."""

    heading: str
    stories: tuple[Story, ...]
    start: int = 1


@dataclass(frozen=True, slots=True)
class Issue:
    """What templates may know of an edition beside its stories."""

    id: str
    number: int
    subject: str
    overflow: int


def render_digest(edition: Edition, site: Site, newsletter: Newsletter, zone: ZoneInfo, templates: Templates) -> Digest:
    """The digest. Raises RenderError where a template or the inlining fails."""
    values = _values(edition, site, newsletter, zone)
    html = templates.render("email/digest.html.j2", values)
    plain = templates.render("email/digest.txt.j2", values)
    return Digest(
        subject=values["edition"].subject,
        preheader=values["preheader"],
        html=inline(html),
        text=re.sub(r"\n{3,}", "\n\n", plain).strip() + "\n",
    )


def _values(edition: Edition, site: Site, newsletter: Newsletter, zone: ZoneInfo) -> dict[str, Any]:
    """Everything that a digest template may use; docs/templates.md explains each."""
    language = edition.language
    stories = [story(article, language, zone, newsletter.sections) for article in edition.articles]
    briefs = [story(article, language, zone, newsletter.sections) for article in edition.briefs]
    return {
        **common_values(site, newsletter, language, zone),
        "edition": Issue(edition.id, edition.number, text(edition.subject), edition.overflow),
        "date": wording.long_date(edition.frozen_at, language, zone),
        "preheader": _preheader([*stories, *briefs]),
        "first": stories[0],
        "blocks": blocks(stories[1:], language, newsletter.sections),
        "stories": stories,
        "briefs": briefs,
        "subscriber": {"name": mark("name"), "address": mark("address")},
        "unsubscribe_url": mark("unsubscribe_url"),
    }


def common_values(site: Site, newsletter: Newsletter, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """What every template may use."""

    def say(key: str, **values: object) -> str:
        return wording.say(language, key, **values)

    def long_date(moment: datetime) -> str:
        return wording.long_date(moment, language, zone)

    def short_date(moment: datetime) -> str:
        return wording.short_date(moment, language, zone)

    return {
        "site": site,
        "newsletter": newsletter,
        "language": language.value,
        "theme": site.theme,
        "colours": palette(site.theme.accent),
        "say": say,
        "long_date": long_date,
        "short_date": short_date,
    }


def blocks(stories: Sequence[Story], language: Language, sections: Sequence[str] = ()) -> tuple[Block, ...]:
    """The stories after the first, under headings: the newsletter's sections in their order, or else their topics
    where at least two topics have two stories each. Without either, all under no heading.
    """
    count = Counter(story.topic for story in stories if story.topic)
    if sections:
        headings = [section for section in map(text, sections) if count[section]]
    else:
        headings = [topic for topic, number in count.items() if number >= 2]
        headings = headings if len(headings) >= 2 else []
    groups = [(heading, [story for story in stories if story.topic == heading]) for heading in headings]
    rest = [story for story in stories if story.topic not in headings]
    if rest:
        groups.append((wording.say(language, "other_topics") if headings else "", rest))
    made: list[Block] = []
    start = 2
    for heading, group in groups:
        made.append(Block(heading, tuple(group), start))
        start += len(group)
    return tuple(made)


def _preheader(stories: Sequence[Story]) -> str:
    """What mail programs show beside the subject: the titles after the first, which the subject tells already."""
    return cut_words(" • ".join(story.title for story in stories[1:]) or stories[0].lead, PREHEADER)
