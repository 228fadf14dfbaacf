"""A digest of an edition: HTML with its styles inlined, and a plain-text part of its own design. Pure.

Places that differ from reader to reader hold marks (`distributor.slots`); they are filled at sending.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ..channel import Digest
from ..config import Newsletter, Site
from ..model import Article, Edition, Image, Language
from ..slots import mark, neutralise
from ..text import clean_line
from . import wording
from .environment import Templates
from .inlining import inline
from .plaintext import first_sentences, plain

LONGEST_LEAD = 420  # characters of a lead in the digest
PREHEADER = 110
# Characters that turn the direction of what follows (UAX #9): a title could hide what it says behind them.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Story:
    """One article as templates see it: plain text only, safe to be shown anywhere."""

    id: str
    title: str
    lead: str
    url: str
    author: str
    topic: str
    date: str
    image: Image | None


@dataclass(frozen=True, slots=True)
class Block:
    """Stories under one heading; without a heading where there is nothing to tell apart."""

    heading: str
    stories: tuple[Story, ...]


def render_digest(edition: Edition, site: Site, newsletter: Newsletter, zone: ZoneInfo, templates: Templates) -> Digest:
    """The digest. Raises RenderError where a template or the inlining fails."""
    values = _values(edition, site, newsletter, zone)
    html = templates.render("email/digest.html.j2", values)
    text = templates.render("email/digest.txt.j2", values)
    return Digest(
        subject=neutralise(shown(edition.subject)),
        preheader=str(values["preheader"]),
        html=inline(html),
        text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
    )


def _values(edition: Edition, site: Site, newsletter: Newsletter, zone: ZoneInfo) -> dict[str, Any]:
    """Everything that a digest template may use; docs/templates.md explains each."""
    language = edition.language
    stories = [story(article, language, zone) for article in edition.articles]
    return {
        **common_values(site, newsletter, language),
        "edition": edition,
        "date": wording.long_date(edition.frozen_at, language, zone),
        "preheader": _preheader(stories),
        "first": stories[0],
        "blocks": blocks(stories[1:], language),
        "stories": stories,
        "subscriber": {"name": mark("name"), "address": mark("address")},
        "unsubscribe_url": mark("unsubscribe_url"),
    }


def common_values(site: Site, newsletter: Newsletter, language: Language) -> dict[str, Any]:
    """What every template may use."""

    def say(key: str, **values: object) -> str:
        return wording.say(language, key, **values)

    return {"site": site, "newsletter": newsletter, "language": language.value, "theme": site.theme, "say": say}


def story(article: Article, language: Language, zone: ZoneInfo) -> Story:
    """An article as it is shown. A missing lead is made of the first sentences of the body."""
    lead = article.lead or plain(article.body_html)
    image = article.image if article.image and article.image.url.startswith(("https://", "http://")) else None
    return Story(
        id=article.id,
        title=_text(article.title),
        lead=first_sentences(_text(lead), LONGEST_LEAD),
        url=article.url if article.url.startswith(("https://", "http://")) else "",
        author=_text(article.author),
        topic=_text(article.topics[0]) if article.topics else "",
        date=wording.short_date(article.published, language, zone) if article.dated else "",
        image=_shown_image(image) if image else None,
    )


def blocks(stories: Sequence[Story], language: Language) -> tuple[Block, ...]:
    """Stories under their topics, where at least two topics have two stories each; else all under no heading."""
    count = Counter(story.topic for story in stories if story.topic)
    headings = [topic for topic, number in count.items() if number >= 2]
    if len(headings) < 2:
        return (Block("", tuple(stories)),) if stories else ()
    made = [Block(topic, tuple(story for story in stories if story.topic == topic)) for topic in headings]
    rest = tuple(story for story in stories if story.topic not in headings)
    return (*made, Block(wording.say(language, "other_topics"), rest)) if rest else tuple(made)


def shown(text: str) -> str:
    """One line without characters that turn the writing direction."""
    return clean_line(_TURNING.sub("", text))


def _text(text: str) -> str:
    return neutralise(shown(text))


def _shown_image(image: Image) -> Image:
    return Image(
        url=image.url,
        alt=_text(image.alt or image.caption),
        caption=_text(image.caption),
        width=image.width,
        height=image.height,
    )


def _preheader(stories: Sequence[Story]) -> str:
    """What mail programs show beside the subject: the titles after the first, which the subject tells already."""
    titles = " • ".join(story.title for story in stories[1:]) or stories[0].lead
    return first_sentences(titles, PREHEADER)
