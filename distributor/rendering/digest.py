"""A digest of an edition: HTML with its styles inlined, and a plain-text part of its own design. Pure.

Places that differ from reader to reader hold marks (`distributor.slots`); they are filled at sending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from ..channel import Digest
from ..config import Newsletter, Site
from ..errors import InliningError
from ..model import Article, Edition, EditionKind, Language
from . import wording
from .environment import Templates
from .fit import LIMIT, Fitted, Shape, fit, weight
from .frame import common_values as common_values
from .frame import personal_values
from .plaintext import cut_words
from .shown import Story, story, text
from .workshop import Workshop

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
    limit: int = LIMIT,
    workshop: Workshop | None = None,
    link: Callable[[str], str] = str,
) -> Digest:
    """The mail of an edition; an alert of one article has templates of its own.

    `kind` overrides the edition's own, `notes` are labels of articles by id; `web_url` and `preferences_url` are marks,
    or one address for all readers. `link` may change the addresses of articles. HTML of more than `limit` octets is
    shortened by the steps of `fit`, which the digest names. Where the inlining fails, a plain template that needs none is
    used, and the digest says so. Several cohorts of an edition share a `workshop`. Raises RenderError where a template
    fails.
    """
    shop = workshop or Workshop()
    common = {**common_values(site, newsletter, edition.language, zone), **personal_values(web_url, preferences_url)}
    alert = edition.kind is EditionKind.ALERT and len(edition.carried) == 1
    name = "email/alert" if alert else "email/digest"

    def values(shape: Shape) -> dict[str, Any]:
        shaped = edition_values(
            edition, newsletter, zone, kind=kind, notes=notes, shape=shape, workshop=shop, link=link
        )
        return {**common, **shaped, "rest_url": web_url or site.url}

    @cache
    def page(shape: Shape) -> str:
        given = values(shape)
        return shop.page(name, given, templates, lambda: _all_shapes(given))

    @cache
    def plain_page(shape: Shape) -> str:
        return templates.render("email/plain.html.j2", values(shape))

    def fitting(made: Callable[[Shape], str]) -> tuple[Fitted, str]:
        fitted = fit(lambda shape: weight(made(shape), limit), len(edition.articles), len(edition.briefs), limit)
        return fitted, made(fitted.shape)

    faults: tuple[str, ...] = ()
    try:
        fitted, html = fitting(page)
    except InliningError as error:
        faults = (f"the plain template is used: {error}",)
        fitted, html = fitting(plain_page)
    given = values(fitted.shape)
    plain = shop.text(name, given, templates)
    return Digest(
        subject=given["edition"].subject,
        preheader=given["preheader"],
        html=html,
        text=plain,
        notes=(*faults, *(f"shortened to fit: {step}" for step in fitted.steps)),
    )


def _all_shapes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same stories in every shape that a letter of this edition may give them."""
    stories = values["stories"] + values["briefs"]
    noted = [replace(one, note=one.note or "…") for one in stories[:2]]
    headed, plain = Block("…", (*noted, *stories)), Block("", (*noted, *stories))
    changes = {"blocks": (headed, plain), "briefs": [*noted, *stories], "rest": 2}
    return [{**values, **changes, "first": one} for one in (*noted, *stories[:1])]


def edition_values(
    edition: Edition,
    newsletter: Newsletter,
    zone: ZoneInfo,
    *,
    kind: str = "",
    notes: Mapping[str, str] | None = None,
    shape: Shape = Shape(),
    workshop: Workshop | None = None,
    link: Callable[[str], str] = str,
) -> dict[str, Any]:
    """What templates may use of an edition, the same for every reader; docs/templates.md explains each."""
    language, notes, shop = edition.language, notes or {}, workshop or Workshop()

    def shown(article: Article) -> Story:
        note = notes.get(article.id, "")

        def make() -> Story:
            made = story(article, language, zone, newsletter.sections, note, shape.lead)
            made = replace(made, url=link(made.url))
            wide = article.id == edition.carried[0].id
            return made if shape.thumbs or wide else replace(made, image=None)

        return shop.story(article, (note, shape.lead, shape.thumbs or article.id == edition.carried[0].id), make)

    full = len(edition.articles) if shape.full is None else shape.full
    stories = [shown(article) for article in edition.articles[:full]]
    below = [*edition.articles[full:], *edition.briefs]
    lines = len(below) if shape.lines is None else shape.lines
    briefs = [shown(article) for article in below[:lines]]
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
        "rest": len(below) - lines,
        "rest_url": "",
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
