"""A digest of an edition: HTML with its styles inlined, and a plain-text part of its own design. Pure.

Places that differ from reader to reader hold marks (`distributor.slots`); they are filled at sending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..channel import Digest
from ..config import Newsletter, Site
from ..model import Edition, EditionKind, Language
from . import wording
from .environment import Templates
from .frame import both_parts, personal_values
from .frame import common_values as common_values
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
    """What templates may know of an edition beside its stories. `kind` is digest, daily, weekly, alert or correction."""

    id: str
    number: int
    subject: str
    overflow: int
    kind: str
    frozen_at: datetime


def render_digest(
    edition: Edition,
    site: Site,
    newsletter: Newsletter,
    zone: ZoneInfo,
    templates: Templates,
    *,
    kind: str = "",
    notes: Mapping[str, str] | None = None,
    web_url: str = "",
    preferences_url: str = "",
) -> Digest:
    """The mail of an edition; an alert of one article has templates of its own.

    `kind` overrides the edition's own, `notes` are labels of articles by id; `web_url` and `preferences_url` are marks,
    or one address for all readers. Raises RenderError where a template or the inlining fails.
    """
    values = {
        **common_values(site, newsletter, edition.language, zone),
        **edition_values(edition, newsletter, zone, kind=kind, notes=notes),
        **personal_values(web_url, preferences_url),
    }
    alert = edition.kind is EditionKind.ALERT and len(edition.carried) == 1
    html, plain = both_parts("email/alert" if alert else "email/digest", values, templates)
    return Digest(subject=values["edition"].subject, preheader=values["preheader"], html=html, text=plain)


def edition_values(
    edition: Edition,
    newsletter: Newsletter,
    zone: ZoneInfo,
    *,
    kind: str = "",
    notes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What templates may use of an edition, the same for every reader; docs/templates.md explains each."""
    language, notes = edition.language, notes or {}
    stories, briefs = (
        [story(article, language, zone, newsletter.sections, notes.get(article.id, "")) for article in articles]
        for articles in (edition.articles, edition.briefs)
    )
    if not stories:  # an edition of lines only still has a story at its top
        stories, briefs = briefs[:1], briefs[1:]
    return {
        "edition": Issue(
            id=edition.id,
            number=edition.number,
            subject=text(edition.subject),
            overflow=edition.overflow,
            kind=kind or edition.kind.value,
            frozen_at=edition.frozen_at,
        ),
        "date": wording.long_date(edition.frozen_at, language, zone),
        "preheader": _preheader([*stories, *briefs]),
        "first": stories[0],
        "blocks": blocks(stories[1:], language, newsletter.sections),
        "stories": stories,
        "briefs": briefs,
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
