"""A digest of an edition: HTML with its styles inlined, and a plain-text part of its own design. Pure.

Places that differ from reader to reader hold marks (`distributor.merge_fields`); they are filled at sending.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .. import i18n
from ..channel import Digest
from ..config.schema import Newsletter, Site
from ..errors import InliningError
from ..model import Article, Edition, EditionKind, Language
from .cache import RenderCache
from .globals import common_values, personal_values
from .gmail_clipping import MAX_HTML_SIZE, DetailLevel, FitResult, clipping_size, fit_to_limit
from .plaintext import cut_words
from .templates import Templates
from .views import ArticleView, article_view, safe_text

PREHEADER_LENGTH = 110  # characters


@dataclass(frozen=True, slots=True)
class SectionView:
    """Stories under one heading; without a heading where there is nothing to tell apart. `start` numbers the first."""

    heading: str
    stories: tuple[ArticleView, ...]
    start: int = 1


@dataclass(frozen=True, slots=True)
class EditionView:
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
    limit: int = MAX_HTML_SIZE,
    render_cache: RenderCache | None = None,
    link: Callable[[str], str] = str,
) -> Digest:
    """The mail of an edition; an alert of one article has templates of its own.

    `kind` overrides the edition's own, `notes` are labels of articles by id; `web_url` and `preferences_url` are marks,
    or one address for all readers. `link` may change the addresses of articles. HTML of more than `limit` octets is
    shortened by the steps of `fit`, which the digest names. Where the inlining fails, a plain template that needs none is
    used, and the digest says so. Several segments of an edition share a `render_cache`. Raises RenderError where a template
    fails.
    """
    cache = render_cache or RenderCache()
    common = {**common_values(site, newsletter, edition.language, zone), **personal_values(web_url, preferences_url)}
    alert = edition.kind is EditionKind.ALERT and len(edition.carried) == 1
    name = "email/alert" if alert else "email/digest"

    def values(shape: DetailLevel) -> dict[str, Any]:
        shaped = edition_values(
            edition, newsletter, zone, kind=kind, notes=notes, shape=shape, render_cache=cache, link=link
        )
        return {**common, **shaped, "rest_url": web_url or site.url}

    @functools.cache
    def page(shape: DetailLevel) -> str:
        given = values(shape)
        return cache.render_html(name, given, templates, lambda: _values_of_all_detail_levels(given))

    @functools.cache
    def plain_page(shape: DetailLevel) -> str:
        return templates.render("email/plain.html.j2", values(shape))

    def fitting(made: Callable[[DetailLevel], str]) -> tuple[FitResult, str]:
        fitted = fit_to_limit(
            lambda shape: clipping_size(made(shape), limit), len(edition.articles), len(edition.briefs), limit
        )
        return fitted, made(fitted.shape)

    faults: tuple[str, ...] = ()
    try:
        fitted, html = fitting(page)
    except InliningError as error:
        faults = (f"the plain template is used: {error}",)
        fitted, html = fitting(plain_page)
    given = values(fitted.shape)
    plain = cache.render_text(name, given, templates)
    return Digest(
        subject=given["edition"].subject,
        preheader=given["preheader"],
        html=html,
        text=plain,
        notes=(*faults, *(f"shortened to fit: {step}" for step in fitted.steps)),
    )


def _values_of_all_detail_levels(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same stories in every shape that a letter of this edition may give them."""
    stories = values["stories"] + values["briefs"]
    noted = [replace(one, note=one.note or "…") for one in stories[:2]]
    headed, plain = SectionView("…", (*noted, *stories)), SectionView("", (*noted, *stories))
    changes = {"blocks": (headed, plain), "briefs": [*noted, *stories], "rest": 2}
    return [{**values, **changes, "first": one} for one in (*noted, *stories[:1])]


def edition_values(
    edition: Edition,
    newsletter: Newsletter,
    zone: ZoneInfo,
    *,
    kind: str = "",
    notes: Mapping[str, str] | None = None,
    shape: DetailLevel = DetailLevel(),
    render_cache: RenderCache | None = None,
    link: Callable[[str], str] = str,
) -> dict[str, Any]:
    """What templates may use of an edition, the same for every reader; docs/templates.md explains each."""
    language, notes, cache = edition.language, notes or {}, render_cache or RenderCache()

    def shown(article: Article) -> ArticleView:
        note = notes.get(article.id, "")

        def make() -> ArticleView:
            made = article_view(article, language, zone, newsletter.sections, note, shape.lead)
            made = replace(made, url=link(made.url))
            wide = article.id == edition.carried[0].id
            return made if shape.thumbnails or wide else replace(made, image=None)

        return cache.article_view(
            article, (note, shape.lead, shape.thumbnails or article.id == edition.carried[0].id), make
        )

    full = len(edition.articles) if shape.full is None else shape.full
    stories = [shown(article) for article in edition.articles[:full]]
    below = [*edition.articles[full:], *edition.briefs]
    lines = len(below) if shape.lines is None else shape.lines
    briefs = [shown(article) for article in below[:lines]]
    if not stories:  # an edition of lines only still has a story at its top
        stories, briefs = briefs[:1], briefs[1:]
    return {
        "edition": EditionView(
            id=edition.id,
            number=edition.number,
            subject=safe_text(edition.subject),
            overflow=edition.overflow,
            kind=kind or edition.kind.value,
            frozen_at=edition.frozen_at,
        ),
        "date": i18n.long_date(edition.frozen_at, language, zone),
        "preheader": _preheader([*stories, *briefs]),
        "first": stories[0],
        "blocks": group_into_sections(stories[1:], language, newsletter.sections),
        "stories": stories,
        "briefs": briefs,
        "rest": len(below) - lines,
        "rest_url": "",
    }


def group_into_sections(
    stories: Sequence[ArticleView], language: Language, sections: Sequence[str] = ()
) -> tuple[SectionView, ...]:
    """The stories after the first, under headings: the newsletter's sections in their order, or else their topics
    where at least two topics have two stories each. Without either, all under no heading.
    """
    count = Counter(story.topic for story in stories if story.topic)
    if sections:
        headings = [section for section in map(safe_text, sections) if count[section]]
    else:
        headings = [topic for topic, number in count.items() if number >= 2]
        headings = headings if len(headings) >= 2 else []
    groups = [(heading, [story for story in stories if story.topic == heading]) for heading in headings]
    rest = [story for story in stories if story.topic not in headings]
    if rest:
        groups.append((i18n.translate(language, "other_topics") if headings else "", rest))
    made: list[SectionView] = []
    start = 2
    for heading, group in groups:
        made.append(SectionView(heading, tuple(group), start))
        start += len(group)
    return tuple(made)


def _preheader(stories: Sequence[ArticleView]) -> str:
    """What mail programs show beside the subject: the titles after the first, which the subject tells already."""
    return cut_words(" • ".join(story.title for story in stories[1:]) or stories[0].lead, PREHEADER_LENGTH)
