"""Sample web pages: those of the archive, of the sign-up, of a subscriber, of reviewers; and the posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from ..articles.search_index import IndexedArticle
from ..articles.snippets import Piece
from ..channel import Appearance, PostLimits
from ..config.schema import Newsletter, Settings
from ..editions.web_archive import ArchivedEdition
from ..model import EditionKind, Language
from ..newsroom import Newsroom
from ..preview.page import (
    INDEX,
    EditionPreview,
    EmailPreview,
    FeedEntryPreview,
    FeedPreview,
    LinkCard,
    OtherPreview,
    PostPicture,
    PostPreview,
    PreviewFinding,
    WebPagePreview,
    render_preview,
    style_values,
)
from ..rendering.context import RenderContext
from ..rendering.digest import DigestOptions
from ..rendering.page_frame import STANDALONE
from ..rendering.pages import render_article_page, render_edition_page
from ..rendering.templates import Templates
from ..rendering.web_pages import WebPages
from ..web.mailbox import MailboxEntry
from ..web.signup_form import takes_signups
from ..web.snippet import render_snippet
from .articles import NOW, PICTURES, sample_articles, sample_edition
from .forms import form_pages
from .samples import GalleryEntry, Sample, SampleKind, newsletter_in, render_settings

_ERRORS: Mapping[tuple[str, str], Mapping[str, object]] = {
    ("not_found", "not_found_help"): {},
    ("went_wrong", "went_wrong_help"): {},
    ("too_many", ""): {"minutes": 60},
    ("link_invalid", "link_invalid_help"): {},
    ("email_gone", "email_gone_help"): {},
}


def page_samples(newsroom: Newsroom, language: Language) -> Iterator[Sample]:
    """Every page and post in a language."""
    settings = newsroom.settings
    newsletter = newsletter_in(settings, language)
    yield from _frozen(settings, newsletter, language)
    for pages in (_lists(newsroom, newsletter, language), form_pages(newsroom, newsletter, language)):
        for template, cases in pages.items():
            for case, values in cases.items():
                yield _web_page(settings, language, template, case, values)
    yield _snippet(settings, newsletter, language)
    yield _sample("page/preview.html.j2", "", language, partial(_preview_page, settings, newsletter, language))
    yield _sample("page/samples.html.j2", "", language, partial(_samples_page, settings, language))
    for name in ("style", "web"):
        yield _stylesheet(settings, language, name)
    yield from _posts(newsroom, newsletter, language)


def _sample(template: str, case: str, language: Language, make: Any, kind: SampleKind = SampleKind.PAGE) -> Sample:
    return Sample(kind=kind, template=template, case=case, language=language, make=make)


def _web_page(settings: Settings, language: Language, template: str, case: str, values: Mapping[str, Any]) -> Sample:
    given = {"path": f"/{language.value}/", "feeds": _feeds(settings), **values}

    def make(templates: Templates) -> str:
        pages = WebPages(settings, templates)
        html = pages.render(template, language, **given)
        return with_styles(html, pages)

    return _sample(f"page/{template}.html.j2", case, language, make)


def with_styles(html: str, pages: WebPages) -> str:
    """A page of the web service with its styles in it, so that it can be looked at as a file."""
    link = f'<link rel="stylesheet" href="/assets/{pages.stylesheet_name}">'
    return html.replace(link, f"<style>{pages.stylesheet.decode()}</style>")


def _stylesheet(settings: Settings, language: Language, name: str) -> Sample:
    def make(templates: Templates) -> str:
        return WebPages(settings, templates).stylesheet.decode()

    return _sample(f"page/parts/{name}.css", "", language, make)


def _feeds(settings: Settings) -> Sequence[Mapping[str, str]]:
    return [{"url": "/feeds/rss.xml", "type": "application/rss+xml", "title": settings.site.title}]


# -- editions and articles -----------------------------------------------------------------------------------------------


def _frozen(settings: Settings, newsletter: Newsletter, language: Language) -> Iterator[Sample]:
    """The pages of an edition and of an article: as files, and on the web service with all that may stand there."""
    site, other = settings.site, Language.EN if language is Language.VI else Language.VI
    edition = sample_edition(site, newsletter, language)
    notes = DigestOptions(notes={edition.articles[0].id: "09:12", edition.briefs[0].id: "09:12"})
    shared: dict[str, Any] = {
        "url": f"{settings.links_url}/archive/mau",
        "creator": "@tin@bacson.example",
        "subscribe_url": f"{settings.links_url}/subscribe",
    }

    def frame(templates: Templates, content: Language, *, corrected: bool = True) -> Mapping[str, object]:
        first, second = edition.articles[:2]
        said = [
            {"id": first.id, "title": first.title, "at": NOW, "withdrawn": False},
            {"id": second.id, "title": second.title, "at": NOW, "withdrawn": True},
        ]
        return {
            **WebPages(settings, templates).frame(language, "/archive/mau", newsletter),
            "feeds": _feeds(settings),
            "text_size": "large",
            "tools": {
                "path": "/archive/mau",
                "email_path": "/archive/mau/email",
                "share": site.url,
                "title": site.title,
            },
            "content_language": content.value,
            "corrected": said if corrected else (),
        }

    def edition_page(templates: Templates, kind: EditionKind, on_the_web: bool) -> str:
        given = render_settings(settings, newsletter, templates)
        if not on_the_web:
            return render_edition_page(replace(edition, kind=kind), given)
        html = render_edition_page(edition, given, notes, frame=frame(templates, other), **shared)
        return with_styles(html, WebPages(settings, templates))

    def article_page(templates: Templates, number: int, on_the_web: bool) -> str:
        article, given = (
            sample_articles(site, newsletter, language)[number],
            render_settings(settings, newsletter, templates),
        )
        around = frame(templates, other, corrected=number == 1) if on_the_web else STANDALONE
        more = shared if on_the_web else {}
        html = render_article_page(article, given, language, note="09:12" if number else "", frame=around, **more)
        return with_styles(html, WebPages(settings, templates))

    yield _sample(
        "page/edition.html.j2", "", language, partial(edition_page, kind=EditionKind.DIGEST, on_the_web=False)
    )
    for kind in (EditionKind.WEEKLY, EditionKind.ALERT):
        yield _sample("page/edition.html.j2", kind.value, language, partial(edition_page, kind=kind, on_the_web=False))
    yield _sample(
        "page/edition.html.j2",
        "of the web service, corrected",
        language,
        partial(edition_page, kind=EditionKind.DIGEST, on_the_web=True),
    )
    for number, case in enumerate(("", "corrected since", "without a time", "without a date and an address")):
        make = partial(article_page, number=number, on_the_web=number > 0)
        yield _sample("page/article.html.j2", case, language, make)


def _posts(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> Iterator[Sample]:
    """A post of each kind that the channels write."""
    wanted = {str(getattr(channel, "template", "")) for channel in newsroom.channels.values()}
    articles = sample_articles(newsroom.settings.site, newsletter, language)
    for template in sorted({"post/article.txt.j2", "post/lead.txt.j2", *wanted} - {""}):
        for number, limit in ((0, 500), (4, 300)):

            def make(templates: Templates, template: str = template, number: int = number, limit: int = limit) -> str:
                context = _post_context(newsroom.settings, newsletter, language, templates)
                return context.post(articles[number], PostLimits(text=limit), template, tags=2 if number == 0 else 0)

            case = "" if number == 0 else "without lead and tags"
            yield _sample(template, case, language, make, SampleKind.POST)


def _post_context(
    settings: Settings, newsletter: Newsletter, language: Language, templates: Templates
) -> RenderContext:
    return RenderContext(
        site=settings.site,
        published=(),
        templates=templates,
        texts=settings.texts,
        language=language,
        zone=settings.newsletter_zone(newsletter),
        newsletter=newsletter,
        announced=(),
    )


def _snippet(settings: Settings, newsletter: Newsletter, language: Language) -> Sample:
    def make(templates: Templates) -> str:
        return render_snippet(settings, templates, newsletter, language, b"sample")

    return _sample("page/parts/snippet.html.j2", "", language, make)


def _preview_page(settings: Settings, newsletter: Newsletter, language: Language, templates: Templates) -> str:
    """The page of `distributor preview`, with everything that an edition can be made into."""
    edition = sample_edition(settings.site, newsletter, language)
    title, url = edition.subject, f"{settings.site.url}/tin/1"
    found = PreviewFinding(check="subject-long", blocks=False, message="long", where="Subject", rule="It is short.")
    email = EmailPreview(
        name="mail/digest", subject=title, sender=settings.site.title, preheader=title, html="<p>…</p>", text="…",
        html_size=60_000, encoded_size=70_000, message_size=90_000, headers=(("Subject", title),),
        findings=(found, replace(found, blocks=True)), recipients=1200, topics=("Kinh tế",), files=("mail/digest.html",),
    )  # fmt: skip
    look = Appearance(text=f"{title}\n\n{url}", network="Mastodon", card="large", bold_title=True, short_links=True)
    card = LinkCard(url=url, title=title, lead="…", image=f"{PICTURES}1.jpg", alt="…")
    posts = [
        PostPreview(
            channel="posts", title=title, appearance=look, length=600, limit=500, card=card, file="posts/1.txt"
        ),
        PostPreview(channel="posts", title=title, appearance=look, length=60, action="delete"),
        PostPreview(channel="posts", title=title, appearance=look, length=60, action="edit"),
        *(
            PostPreview(
                channel="zalo",
                title=title,
                appearance=replace(look, card="none", picture=place),
                length=60,
                picture=PostPicture(url=f"{PICTURES}1.jpg", alt="…"),
                follows=True,
            )
            for place in ("above", "below")
        ),
    ]
    feed = FeedPreview(
        channel="feeds", title=settings.site.title, file="feeds/rss.xml", size=9000, total=2,
        entries=(FeedEntryPreview(title=title, url=url, date="2026-11-23 07:00"),),
    )  # fmt: skip
    shown = EditionPreview(
        name=newsletter.id, title=newsletter.title, site=settings.site.title, subject=title, limit=102_000,
        theme=settings.site.theme,
        facts=("8 articles",), notes=("a note",), posts=tuple(posts), feeds=(feed, replace(feed, fault="no XML")),
        emails=(email, replace(email, examined=False, findings=(), recipients=None, topics=())),
        others=(OtherPreview(channel="hooks", title="event", media_type="application/json", file="a.json", size=9),),
        pages=(WebPagePreview(title=title, html="<p>…</p>", file="web/a.html"), WebPagePreview(title=title, html="")),
    )  # fmt: skip
    render_preview(replace(shown, emails=(), pages=(), page_fault="no page"), templates)
    return render_preview(shown, templates)[INDEX].decode()


def _samples_page(settings: Settings, language: Language, templates: Templates) -> str:
    """The page of `distributor preview --all`."""
    email = GalleryEntry(
        name="email/digest", case="", language=language.value, subject="…", files={"light": "samples/a.html"}
    )
    shown = {"Emails": [email, replace(email, files={}, fault="…")], "Posts": [replace(email, files={}, text="…")]}
    values = {"site": settings.site, "shown": shown, **style_values(settings.site.theme)}
    return templates.render("page/samples.html.j2", values)


# -- lists ---------------------------------------------------------------------------------------------------------------


def _lists(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, dict[str, dict[str, Any]]]:
    """The pages on which editions, articles and feeds are listed."""
    settings = newsroom.settings
    shown = sample_articles(settings.site, newsletter, language)
    editions = [
        ArchivedEdition(
            id=f"{newsletter.id}-{number}",
            newsletter=newsletter.id,
            number=number,
            kind="alert" if number == 126 else "digest",
            subject=shown[128 - number].title,
            language=other.value,
            due_at=NOW - timedelta(days=128 - number),
            released_at=NOW - timedelta(days=128 - number),
        )
        for number, other in ((128, language), (127, Language.EN), (126, Language.VI))
    ]
    found = [
        IndexedArticle(one.id, one.title, one.lead, one.published, one.has_date)
        for one in (*shown[:3], replace(shown[3], has_date=False))
    ]
    topics = {"kinh-te": (shown[2].title[:20], 12), "y-te": ("Y tế", 1)}
    months = [{"id": "2026-11", "name": "11/2026", "number": 23}, {"id": "2026-10", "name": "10/2026", "number": 31}]
    mine: dict[str, Any] = {"newsletter": newsletter}
    paged = {"list_path": "/archive/mau", "page": 2, "more": True}
    pieces = [[Piece(one.title[:9], True), Piece(one.title[9:])] for one in found]
    hits = [
        {"id": one.id, "title": words, "passage": words, "published": one.published, "has_date": one.has_date}
        for one, words in zip(found, pieces, strict=True)
    ]
    search = {"asked": "cầu Nà Mạ", "total": 43, "results": hits, "page": 2, "more": True}
    entries = [
        {"title": one.title, "url": one.url, "summary": one.lead, "published": one.published} for one in shown[:5]
    ]
    letters = [
        MailboxEntry("0" * 32, shown[0].title, "lan@example.com", NOW),
        MailboxEntry("1" * 32, shown[1].title, "lan@example.com", None),
    ]
    return {
        "archive": {
            "": {"listed": [{"id": newsletter.id, "title": newsletter.title, "editions": editions}], "topics": topics},
            "empty": {"listed": [], "topics": {}},
        },
        "editions": {
            "": {**mine, **paged, "shown": editions, "takes_signups": True, "month": "", "months": months},
            "of a month": {**mine, **paged, "page": 1, "shown": editions, "takes_signups": False, "month": "11/2026",
                           "months": months},
            "empty": {**mine, **paged, "page": 1, "more": False, "shown": [], "takes_signups": True, "month": "",
                      "months": []},
        },
        "topic": {"": {"slug": "kinh-te", "topic": "Kinh tế", "shown": found, **paged}},
        "search": {
            "": {"asked": "", "total": 0, "match": "phrase", "results": [], "page": 1, "more": False},
            "found": {**search, "match": "phrase"},
            "found as words": {**search, "match": "words"},
            "found as beginnings": {**search, "match": "beginnings"},
            "nothing found": {**search, "total": 0, "results": [], "match": "phrase"},
        },
        "feeds": {"": {"url": settings.links_url, "offers": list(settings.newsletters.values()), "topics": topics}},
        "feed": {
            "": {**mine, "feed_title": newsletter.title, "entries": [*entries, {**entries[0], "url": "", "summary": ""}],
                 "addresses": [f"{settings.links_url}/feeds/rss.xml"]},
        },
        "mailbox": {"": {"entries": letters}, "empty": {"entries": []}},
        "newsletter": {
            "": {**mine, "signup": None, "latest": editions[0], "titles": [one.title for one in shown],
                 "earlier": editions[1:], "description": newsletter.description},
            "without an edition": {**mine, "signup": None, "latest": None, "titles": [], "earlier": []},
        },
        "home": {"": {"offers": _offers(newsroom, editions[0]), "signup": None}, "empty": {"offers": [], "signup": None}},
        "error": {
            (key if number else ""): {"key": key, "help_key": help, "values": values}
            for number, ((key, help), values) in enumerate(_ERRORS.items())
        },
    }  # fmt: skip


def _offers(newsroom: Newsroom, latest: ArchivedEdition) -> list[dict[str, object]]:
    settings = newsroom.settings
    return [
        {
            "id": one.id,
            "title": one.title,
            "description": one.description,
            "language": settings.newsletter_language(one).value,
            "takes_signups": takes_signups(newsroom, one),
            "latest": latest if number == 0 else None,
        }
        for number, one in enumerate(settings.newsletters.values())
    ]
