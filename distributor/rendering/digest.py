"""Digest email of an edition: HTML with its styles inlined, and a plain-text part of its own design. Pure.

What differs from recipient to recipient is a merge tag (`distributor.merge_fields`), filled at sending.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from .. import i18n
from ..channel import Digest
from ..editions.subject import SubjectFacts, alert_label, has_label
from ..editorial import DEFAULT_PREHEADER
from ..errors import InliningError
from ..merge_fields import merge_tag, neutralize
from ..model import Article, Edition, EditionKind, Language
from ..text import cut_words
from ..text_template import fill_template, list_places
from .blocks import block_view, picture_width, place_blocks
from .cache import RenderCache
from .globals import RenderSettings, common_values, personal_values
from .gmail_clipping import MAX_HTML_SIZE, DetailLevel, FitResult, clipping_size, fit_to_limit
from .views import ArticleView, article_view, safe_text, safe_url

PREHEADER_LENGTH = 110  # characters
MIN_CONTENTS = 6  # articles from which on an email begins with a list of what is in it
MAX_CONTENTS = 5  # titles in that list
CONTENTS_TITLE = 110  # characters of a title in it
MAX_LINES = 20  # lines of an email, where the web has the others
FEW_LINES = 5  # lines that need no headings


@dataclass(frozen=True, slots=True)
class SectionView:
    """Articles under one heading; without a heading where there is only one group. `start` is the number of the first."""

    heading: str
    stories: tuple[ArticleView, ...]
    start: int = 1


@dataclass(frozen=True, slots=True)
class EditionView:
    """An edition as templates see it, without its articles. `kind` is digest, daily, weekly, alert or correction."""

    id: str
    number: int
    subject: str
    overflow: int
    kind: str
    frozen_at: datetime
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestOptions:
    """What a digest shows beside its edition. All may be left out.

    `kind` overrides the edition's own; `notes` are labels of articles by id; `web_url` and `preferences_url` are merge tags,
    or one address for all recipients; `subscribe_url` is for those to whom an email was forwarded; `link` changes the
    addresses of articles. HTML of more than `limit` octets is shortened.
    """

    kind: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    web_url: str = ""
    preferences_url: str = ""
    subscribe_url: str = ""
    limit: int = MAX_HTML_SIZE
    link: Callable[[str], str] = str


def render_digest(
    edition: Edition,
    settings: RenderSettings,
    options: DigestOptions = DigestOptions(),
    render_cache: RenderCache | None = None,
) -> Digest:
    """The email of an edition; an alert of one article has templates of its own.

    Its notes name the steps by which it was shortened (`gmail_clipping`). Where the inlining fails, a plain template that
    needs none is used, and the notes say so. The segments of an edition share a `render_cache`. Raises RenderError where a
    template fails.
    """
    cache = render_cache or RenderCache()
    email = _EmailTemplates(edition, settings, options, cache)
    faults: tuple[str, ...] = ()
    try:
        fitted, html = email.fit(email.render_inlined)
    except InliningError as error:
        faults = (f"the plain template is used: {error}",)
        fitted, html = email.fit(email.render_plain)
    given = email.values(fitted.detail)
    return Digest(
        subject=given["edition"].subject,
        preheader=given["preheader"],
        html=html,
        text=cache.render_text(email.name, given, settings.templates),
        notes=(
            *faults,
            *(f"shortened to fit: {step}" for step in fitted.steps),
            *([f"{given['rest']} left to the web"] if given["rest"] else []),
        ),
    )


@dataclass(frozen=True, slots=True)
class _EmailTemplates:
    """The templates of one email, rendered with as much detail as fits."""

    edition: Edition
    settings: RenderSettings
    options: DigestOptions
    cache: RenderCache

    @property
    def name(self) -> str:
        alert = self.edition.kind is EditionKind.ALERT and len(self.edition.carried) == 1
        return "email/alert" if alert else "email/digest"

    def values(self, detail: DetailLevel) -> dict[str, Any]:
        settings, options = self.settings, self.options
        return {
            **common_values(settings, self.edition.language),
            **personal_values(options.web_url, options.preferences_url, settings.attributes),
            **edition_values(self.edition, settings, options, detail, self.cache),
            "rest_url": options.web_url or settings.site.url,
            "forward_url": _forward_url(safe_text(self.edition.subject), options.web_url),
            "subscribe_url": options.subscribe_url,
        }

    def render_inlined(self, detail: DetailLevel) -> str:
        given = self.values(detail)
        every = functools.partial(_values_of_all_detail_levels, given)
        return self.cache.render_html(self.name, given, self.settings.templates, every)

    def render_plain(self, detail: DetailLevel) -> str:
        return self.settings.templates.render("email/plain.html.j2", self.values(detail))

    def fit(self, render: Callable[[DetailLevel], str]) -> tuple[FitResult, str]:
        """The page with the most detail that stays below the limit."""
        page, limit = functools.cache(render), self.options.limit
        stories, briefs = len(self.edition.articles), len(self.edition.briefs)
        fitted = fit_to_limit(lambda detail: clipping_size(page(detail), limit), stories, briefs, limit)
        return fitted, page(fitted.detail)


def _values_of_all_detail_levels(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same articles in every form that an email of this edition may give them."""
    stories = values["stories"] + values["briefs"]
    noted = [replace(one, note=one.note or "…") for one in stories[:2]]
    headed, plain = SectionView("…", (*noted, *stories)), SectionView("", (*noted, *stories))
    changes = {
        "sections": (headed, plain),
        "briefs": [*noted, *stories],
        "brief_sections": (headed, plain),
        "contents": stories,
        "rest": 2,
    }
    return [{**values, **changes, "first": one} for one in (*noted, *stories[:1])]


def _forward_url(subject: str, web_url: str) -> str:
    """An address that opens a new message about the edition (RFC 6068); empty where its page is not on the web."""
    if not safe_url(web_url):
        return ""
    return f"mailto:?subject={quote(subject, safe='')}&body={quote(web_url, safe='')}"


def edition_values(
    edition: Edition,
    settings: RenderSettings,
    options: DigestOptions = DigestOptions(),
    detail: DetailLevel = DetailLevel(),
    render_cache: RenderCache | None = None,
) -> dict[str, Any]:
    """The values of an edition for templates, the same for every recipient; docs/templates.md explains each."""
    language, zone = edition.language, settings.zone
    cache = render_cache or RenderCache()
    stories, briefs, rest = _stories_and_lines(edition, settings, options, detail, cache)
    words = _ShortTexts(edition, settings, [*stories, *briefs])
    sections = group_into_sections(stories[1:], language, settings.sections, texts=settings.texts)
    pictures = picture_width(settings.site.theme.width)
    return {
        "edition": _edition_view(edition, options.kind or edition.kind.value),
        "date": i18n.long_date(edition.issued_at, language, zone, alone=True),
        "preheader": words.preheader(),
        "greeting": words.greeting(),
        "greeting_counts": words.greeting_counts(),
        "alert_label": words.alert_label(),
        "intro": block_view(edition.words.intro, width=pictures),
        "blocks": place_blocks(edition.blocks, [section.heading for section in sections], pictures),
        "first": stories[0],
        "contents": _contents(sections, len(stories) + len(briefs)),
        "sections": sections,
        "stories": stories,
        "briefs": briefs,
        "brief_sections": _group_lines(briefs, len(stories) + 1, language, settings),
        "rest": rest,
        "rest_url": "",
    }


def _edition_view(edition: Edition, kind: str) -> EditionView:
    return EditionView(
        id=edition.id,
        number=edition.number,
        subject=safe_text(edition.subject),
        overflow=edition.overflow,
        kind=kind,
        frozen_at=edition.frozen_at,
        issued_at=edition.issued_at,
    )


def _stories_and_lines(
    edition: Edition, settings: RenderSettings, options: DigestOptions, detail: DetailLevel, cache: RenderCache
) -> tuple[list[ArticleView], list[ArticleView], int]:
    """The articles in full, those of one line, and how many more are left to the web."""
    facts = _telling_facts(edition, settings.zone)
    view = functools.partial(_article_view, edition, settings, options, detail, cache, facts)
    full = len(edition.articles) if detail.full is None else detail.full
    place = _places(edition, full, settings, detail, cache)
    stories = [view(article, place.get(article.id, 0)) for article in edition.articles[:full]]
    below = [*edition.articles[full:], *edition.briefs]
    shown = _line_count(len(below), detail.lines, options.web_url)
    lines = [view(article, full + position) for position, article in enumerate(below[:shown])]
    rest = len(below) - shown
    if not stories:  # an edition of lines only still has a story at its top
        return lines[:1], lines[1:], rest
    return stories, lines, rest


def _article_view(
    edition: Edition,
    settings: RenderSettings,
    options: DigestOptions,
    detail: DetailLevel,
    cache: RenderCache,
    facts: Mapping[str, _Facts],
    article: Article,
    position: int,
) -> ArticleView:
    """The article at a position as this email shows it; made once for all segments that show it alike."""
    note, lead, told = options.notes.get(article.id, ""), detail.lead_length(position), facts.get(article.id, _NO_FACTS)
    with_image = detail.has_picture(position)

    def make() -> ArticleView:
        made = article_view(article, edition.language, settings.zone, settings.sections, note, lead)
        author = (
            settings.texts.translate(edition.language, "by", author=made.author) if told.author and made.author else ""
        )
        byline = " · ".join(filter(None, [author, made.date if told.day else ""]))
        return replace(made, url=options.link(made.url), image=made.image if with_image else None, byline=byline)

    return cache.article_view(article, (note, lead, with_image, told), make)


def _places(
    edition: Edition, full: int, settings: RenderSettings, detail: DetailLevel, cache: RenderCache
) -> dict[str, int]:
    """Where the stories of a shortened email stand, counted from 0: sections put them into another order."""
    if detail == DetailLevel():
        return {}
    language, zone = edition.language, settings.zone

    def whole(article: Article) -> ArticleView:
        return cache.article_view(article, "whole", lambda: article_view(article, language, zone, settings.sections))

    stories = [whole(article) for article in edition.articles[:full]]
    sections = group_into_sections(stories[1:], language, settings.sections, texts=settings.texts)
    shown = [*stories[:1], *(story for section in sections for story in section.stories)]
    return {story.id: place for place, story in enumerate(shown)}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What tells a reader of an edition something about a story: its author, its day."""

    author: bool = False
    day: bool = False


_NO_FACTS = _Facts()


def _telling_facts(edition: Edition, zone: ZoneInfo) -> dict[str, _Facts]:
    """By article. The day of the edition is known; what is the same for all stories is told with the first one only."""
    articles = edition.articles
    known = edition.issued_at.astimezone(zone).date()
    days = [article.moment.astimezone(zone).date() if article.has_date else None for article in articles]
    authors = len({article.author for article in articles}) > 1
    dates = len(set(days)) > 1
    later = {day: _Facts(authors, dates and day != known) for day in set(days)}
    facts = {article.id: later[day] for article, day in zip(articles, days, strict=True)}
    if articles:
        facts[articles[0].id] = _Facts(author=True, day=days[0] != known)
    return facts


def _line_count(lines: int, most: int | None, web_url: str) -> int:
    """How many of the lines an email shows: all, unless it would be too large or the web has the rest of a long list."""
    shown = lines if most is None else min(most, lines)
    return min(shown, MAX_LINES) if web_url and lines > MAX_LINES else shown


def _contents(sections: Sequence[SectionView], count: int) -> tuple[ArticleView, ...]:
    """What an email of many articles names at its beginning, after its first story, which stands right below: the first
    story of each section and then the next ones, in the order of the email."""
    if count < MIN_CONTENTS:
        return ()
    places = [(at, section) for section, group in enumerate(sections) for at in range(len(group.stories))]
    chosen = sorted(sorted(places, key=lambda place: place[0])[:MAX_CONTENTS], key=lambda place: (place[1], place[0]))
    return tuple(_short_title(sections[section].stories[at]) for at, section in chosen) if len(chosen) > 1 else ()


def _short_title(story: ArticleView) -> ArticleView:
    if len(story.title) <= CONTENTS_TITLE:
        return story
    return replace(story, title=cut_words(story.title, CONTENTS_TITLE))


def _group_lines(
    lines: Sequence[ArticleView], start: int, language: Language, settings: RenderSettings
) -> tuple[SectionView, ...]:
    """The lines of an email by topic, the first with the number `start`; a few of them need no headings."""
    if len(lines) <= FEW_LINES:
        return (SectionView("", tuple(lines), start),) if lines else ()
    return group_into_sections(lines, language, settings.sections, start, texts=settings.texts)


def group_into_sections(
    stories: Sequence[ArticleView],
    language: Language,
    sections: Sequence[str] = (),
    start: int = 2,
    *,
    texts: i18n.Texts,
) -> tuple[SectionView, ...]:
    """Articles under headings, the first of them with the number `start`: the newsletter's sections in their order, or else
    their topics where at least two topics have two articles each. Without either, all under no heading.
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
        groups.append((texts.translate(language, "other_topics") if headings else "", rest))
    made: list[SectionView] = []
    for heading, group in groups:
        made.append(SectionView(heading, tuple(group), start))
        start += len(group)
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _ShortTexts:
    """The short texts of an email, whose places are filled with what it shows."""

    edition: Edition
    settings: RenderSettings
    shown: Sequence[ArticleView]

    def preheader(self) -> str:
        """The text that mail programs show beside the subject: usually the titles after the first, which is in the subject
        already."""
        first = self.shown[0]
        titles = " • ".join(story.title for story in self.shown[1:]) or first.lead
        values = {**self._values(), "lead": first.lead, "titles": titles}
        return cut_words(
            safe_text(fill_template(self.edition.preheader or DEFAULT_PREHEADER, values)), PREHEADER_LENGTH
        )

    def greeting(self) -> str:
        """The first line of a digest, with the merge tag of the name."""
        newsletter = self.settings.newsletter
        if newsletter is None or not newsletter.greeting:
            return self.settings.texts.translate(self.edition.language, "greeting", name=merge_tag("name"))
        values = {name: neutralize(value) for name, value in self._values().items()}
        return fill_template(neutralize(newsletter.greeting), {**values, "name": merge_tag("name")})

    def greeting_counts(self) -> bool:
        """Whether the greeting says how many articles there are, so that no other line has to."""
        newsletter = self.settings.newsletter
        return newsletter is not None and "count" in list_places(newsletter.greeting)

    def alert_label(self) -> str:
        """What stands above the title of an alert; nothing where the title has it already."""
        newsletter = self.settings.newsletter
        label = alert_label(newsletter, self.edition.language, self.settings.texts) if newsletter else ""
        return "" if has_label(self.edition.carried[0].title, label) else safe_text(label)

    def _values(self) -> dict[str, str]:
        edition = self.edition
        facts = SubjectFacts(
            newsletter=self.settings.title,
            site=self.settings.site.title,
            language=edition.language,
            texts=self.settings.texts,
            day=edition.issued_at.astimezone(self.settings.zone).date(),
            kind=edition.kind,
            number=edition.number,
        )
        return facts.values(len(edition.carried), self.shown[0].title)
