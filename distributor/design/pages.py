"""Sample web pages: those of an edition and of an article, those with lists, those with forms; and the posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..channel import Appearance, PostLimits
from ..config.schema import Newsletter, Settings
from ..model import Edition, EditionKind, Language
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
from ..web.snippet import render_snippet
from .articles import NOW, PICTURES, sample_articles, sample_edition
from .forms import form_pages
from .lists import list_pages
from .samples import GalleryEntry, Sample, SampleKind, newsletter_in, render_settings


def page_samples(newsroom: Newsroom, language: Language) -> Iterator[Sample]:
    """Every page and post in a language."""
    settings = newsroom.settings
    newsletter = newsletter_in(settings, language)
    yield from _frozen(settings, newsletter, language)
    for pages in (list_pages(newsroom, newsletter, language), form_pages(newsroom, newsletter, language)):
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


@dataclass(frozen=True, slots=True)
class _FrozenPages:
    """The pages of an edition and of an article: as files, and on the web service with all that may stand there."""

    settings: Settings
    newsletter: Newsletter
    language: Language
    edition: Edition

    def edition_page(self, templates: Templates, kind: EditionKind, on_the_web: bool) -> str:
        given = render_settings(self.settings, self.newsletter, templates)
        if not on_the_web:
            return render_edition_page(replace(self.edition, kind=kind), given)
        notes = DigestOptions(notes={self.edition.articles[0].id: "09:12", self.edition.briefs[0].id: "09:12"})
        html = render_edition_page(self.edition, given, notes, frame=self._frame(templates), **self._links())
        return with_styles(html, WebPages(self.settings, templates))

    def article_page(self, templates: Templates, number: int, on_the_web: bool) -> str:
        article = sample_articles(self.settings.site, self.newsletter, self.language)[number]
        given = render_settings(self.settings, self.newsletter, templates)
        around = self._frame(templates, corrected=number == 1) if on_the_web else STANDALONE
        more = self._links() if on_the_web else {}
        note = "09:12" if number else ""
        html = render_article_page(article, given, self.language, note=note, frame=around, **more)
        return with_styles(html, WebPages(self.settings, templates))

    def _links(self) -> dict[str, Any]:
        links = self.settings.links_url
        return {
            "url": f"{links}/archive/mau",
            "creator": "@tin@bacson.example",
            "subscribe_url": f"{links}/subscribe",
        }

    def _frame(self, templates: Templates, *, corrected: bool = True) -> Mapping[str, object]:
        """What stands around a page on the web service, whose language is not that of its articles."""
        site = self.settings.site
        first, second = self.edition.articles[:2]
        corrections = [
            {"id": first.id, "title": first.title, "at": NOW, "withdrawn": False},
            {"id": second.id, "title": second.title, "at": NOW, "withdrawn": True},
        ]
        content = Language.EN if self.language is Language.VI else Language.VI
        return {
            **WebPages(self.settings, templates).frame(self.language, "/archive/mau", self.newsletter),
            "feeds": _feeds(self.settings),
            "text_size": "large",
            "tools": {
                "path": "/archive/mau",
                "email_path": "/archive/mau/email",
                "share": site.url,
                "title": site.title,
            },
            "content_language": content.value,
            "corrected": corrections if corrected else (),
        }


def _frozen(settings: Settings, newsletter: Newsletter, language: Language) -> Iterator[Sample]:
    pages = _FrozenPages(settings, newsletter, language, sample_edition(settings.site, newsletter, language))
    for case, kind, on_the_web in (
        ("", EditionKind.DIGEST, False),
        ("weekly", EditionKind.WEEKLY, False),
        ("alert", EditionKind.ALERT, False),
        ("of the web service, corrected", EditionKind.DIGEST, True),
    ):
        make = partial(pages.edition_page, kind=kind, on_the_web=on_the_web)
        yield _sample("page/edition.html.j2", case, language, make)
    for number, case in enumerate(("", "corrected since", "without a time", "without a date and an address")):
        make = partial(pages.article_page, number=number, on_the_web=number > 0)
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
