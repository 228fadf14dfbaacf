"""Views: articles and images as templates see them, with notices of corrections and tagged links. Pure.

A view holds plain text that is safe wherever a template puts it: without merge tags, characters that change the writing
direction, and addresses that are not of the web. Escaping for HTML is done by the templates' environment.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from .. import i18n
from ..merge_fields import neutralize
from ..model import Article, Image, ImageFile, Language, Notice, NoticeKind
from ..text import BIDI_CONTROLS, clean_line, html_to_text
from .plaintext import first_sentences

MAX_LEAD_LENGTH = 420  # characters of a lead in the digest
MAX_STRETCH = 1.5  # how much larger than its size a file of ours is shown: it has two pixels for each CSS pixel
_WEB_URL = re.compile(r"https?://[^\s\"<>]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image of an article. `width` and `height` are those of the source's file in pixels, 0 where they are unknown;
    `variants` are our files of it, smallest first, cropped to the places in which images are shown."""

    url: str
    alt: str
    caption: str
    width: int
    height: int
    variants: tuple[ImageFile, ...] = ()

    @property
    def wide(self) -> bool:
        """Whether it fits beside a title: ours always does (3:2), the source's where it is known to be wider than high, but
        no banner."""
        return bool(self.variants) or (self.height > 0 and 1.2 <= self.width / self.height <= 2.4)

    def at(self, width: int) -> ImageFile:
        """The file to show at this width in CSS pixels, with its displayed size: ours where there is one, otherwise the
        source's in its own ratio (its height is 0 where it is unknown). One that would be higher than wide at this width is
        shown narrower."""
        ours = next((one for one in self.variants if width <= one.width * MAX_STRETCH), None)
        ours = ours or next(reversed(self.variants), None)
        if ours is None:
            upright = self.height > self.width > 0
            shown = max(1, round(width * self.width / self.height)) if upright else width
            return ImageFile(url=self.url, width=shown, height=self.height_at(shown))
        return ImageFile(url=ours.url, width=width, height=round(ours.height * width / ours.width))

    def height_at(self, width: int) -> int:
        """The height of the source's file at this width; 0 where it is unknown."""
        return round(self.height * width / self.width) if self.width > 0 and self.height > 0 else 0


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article. What is unknown is empty: an article without an address cannot be linked, for instance.

    `byline` is its author and day as far as they tell readers of an edition something.
    """

    id: str
    title: str
    lead: str
    url: str
    author: str
    topic: str
    date: str
    image: ImageView | None
    note: str = ""
    byline: str = ""


def article_view(
    article: Article,
    language: Language,
    zone: ZoneInfo,
    sections: Sequence[str] = (),
    note: str = "",
    longest: int = MAX_LEAD_LENGTH,
) -> ArticleView:
    """The view of an article. A missing lead is made of the first sentences of the body.

    `note` is a short label, such as "Đính chính"; a lead has at most `longest` characters.
    """
    return ArticleView(
        id=article.id,
        title=safe_text(article.title),
        lead=first_sentences(safe_text(article.lead) or safe_text(html_to_text(article.body_html)), longest),
        url=safe_url(article.url),
        author=safe_text(article.author),
        topic=safe_text(_topic(article, sections)),
        date=i18n.short_date(article.moment, language, zone) if article.has_date else "",
        image=_image_view(article.image) if article.image and safe_url(article.image.url) else None,
        note=safe_text(note),
    )


def safe_text(text: str) -> str:
    """A text on one line, without merge tags and characters that change the writing direction."""
    return neutralize(clean_text(text))


def clean_text(text: str) -> str:
    """A text on one line, without characters that change the writing direction."""
    return clean_line(BIDI_CONTROLS.sub("", text))


def safe_url(url: str) -> str:
    """An address of the web without merge tags; empty for any other."""
    return url.replace("@@field:", "%40%40field:") if _WEB_URL.fullmatch(url) else ""


def _topic(article: Article, sections: Sequence[str]) -> str:
    """The first section of the newsletter that is a topic of the article; its own first topic if none is."""
    own = {topic.casefold() for topic in article.topics}
    return next((section for section in sections if section.casefold() in own), "") or next(iter(article.topics), "")


def _image_view(image: Image) -> ImageView:
    largest = max(image.variants, key=lambda one: one.width, default=ImageFile(url="", width=0, height=0))
    return ImageView(
        url=safe_url(image.url),
        alt=safe_text(image.alt),
        caption=safe_text(image.caption),
        width=image.width or largest.width,
        height=image.height or largest.height,
        variants=tuple(sorted(image.variants, key=lambda one: one.width)),
    )


# -- notices of corrections --------------------------------------------------------------------------------------------


def with_notices(
    article: Article, notices: Sequence[Notice], language: Language, zone: ZoneInfo, texts: i18n.Texts
) -> Article:
    """A corrected article with its notices at the top, newest first; of a withdrawn one only the notice is left."""
    if not notices:
        return article
    changed = max(notice.at for notice in notices)
    last = notices[-1]
    if last.kind is NoticeKind.WITHDRAWAL:
        words = notice_text(last, language, zone, texts)
        title = texts.translate(language, "withdrawn_title", title=article.title)
        return replace(
            article, title=title, lead=words, body_html=_paragraph(words), author="", image=None, updated=changed
        )
    notes = [notice_text(notice, language, zone, texts) for notice in reversed(notices)]
    return replace(
        article,
        lead=" ".join([notes[0], article.lead]).strip(),
        body_html="".join(map(_paragraph, notes)) + article.body_html,
        updated=max(changed, article.updated) if article.updated else changed,
    )


def all_with_notices(
    articles: Sequence[Article],
    notices: Mapping[str, Sequence[Notice]],
    language: Language,
    zone: ZoneInfo,
    texts: i18n.Texts,
) -> tuple[Article, ...]:
    return tuple(with_notices(article, notices.get(article.id, ()), language, zone, texts) for article in articles)


def notice_text(notice: Notice, language: Language, zone: ZoneInfo, texts: i18n.Texts) -> str:
    """The sentence of a notice: `Đính chính (23/11/2026): …`."""
    note = clean_text(notice.note) or texts.translate(language, f"notice_{notice.kind}_usual")
    return texts.translate(
        language, f"notice_{notice.kind}", date=i18n.short_date(notice.at, language, zone), note=note
    )


def _paragraph(words: str) -> str:
    return f"<p><strong>{html.escape(words)}</strong></p>"


# -- links -------------------------------------------------------------------------------------------------------------


def add_utm_parameters(url: str, site: str, *, source: str, medium: str, campaign: str) -> str:
    """An address of the site with the `utm_` parameters that statistics programs read, as far as it has none of its own.

    `source` is empty where they are switched off. Addresses of other sites are never changed.
    """
    if not source or not url:
        return url
    parts = urlsplit(url)
    if _host(parts.hostname) != _host(urlsplit(site).hostname):
        return url
    known = {pair.partition("=")[0] for pair in parts.query.split("&")}
    added = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    new = [f"{name}={quote(value, safe='')}" for name, value in added.items() if value and name not in known]
    return urlunsplit(parts._replace(query="&".join([*filter(None, [parts.query]), *new])))


def _host(name: str | None) -> str:
    return (name or "").removeprefix("www.")
