"""Articles as RSS 2.0, Atom 1.0 and JSON Feed 1.1. The same articles give the same bytes: nothing here asks the clock.

RSS and Atom are feedgen's work. Where feedgen 1.0 falls short, the extensions below write what is missing or mend it:
entry links of Atom lose their `rel`, RSS names no author without an address and no hub, and every date that is not
given is the present moment. One generator makes one format, because `self` links go into whatever is written.

An article has the same permanent id in all three: `feed_id`, a `tag:` URI (RFC 4151).
"""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import idna

from ..html_sanitizer import sanitize_html
from ..model import Article, Image
from ..text import clean_line

if TYPE_CHECKING:
    from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)  # `updated` of a feed without articles; it must not be the present moment

# feedgen formats dates by switching the locale of the whole process for a moment.
_locale = threading.Lock()

_IMAGES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """What a feed says of itself. `self_url` is the address at which this very format is fetched."""

    title: str
    description: str
    site: str
    self_url: str
    author: str
    language: str
    zone: tzinfo
    hub: str = ""
    full_text: bool = True


# -- RSS and Atom ------------------------------------------------------------------------------------------------------


def rss(head: FeedHead, articles: Sequence[Article]) -> bytes:
    """RSS 2.0 (rssboard.org), with dc:creator, content:encoded and atom:link."""
    head = _addressed(head)
    feed = _feed(head, articles, _RssFeed, _RssEntry, "application/rss+xml")
    feed.link(href=head.site, rel="alternate")  # the last link of all is the one that RSS takes
    with _locale:
        return _bytes(feed.rss_str(pretty=True))


def atom(head: FeedHead, articles: Sequence[Article]) -> bytes:
    """Atom 1.0 (RFC 4287)."""
    head = _addressed(head)
    feed = _feed(head, articles, _Extra, _AtomEntry, "application/atom+xml")
    feed.link(href=head.site, rel="alternate")
    return _bytes(feed.atom_str(pretty=True))


def _bytes(made: Any) -> bytes:
    assert isinstance(made, bytes)
    return made


def _feed(head: FeedHead, articles: Sequence[Article], feed_class: type, entry_class: type, media: str) -> Any:
    from feedgen.feed import FeedGenerator  # where a feed is made; every command has the channel's settings

    feed: Any = FeedGenerator()
    feed.register_extension("extra", feed_class, entry_class)  # before any entry: it reaches only those that come after
    feed.extra.hub = head.hub
    feed.id(head.self_url)
    feed.title(clean_line(head.title))
    feed.description(clean_line(head.description) or clean_line(head.title))
    feed.author({"name": clean_line(head.author)})
    feed.language(head.language)
    feed.generator("Distributor")
    feed.updated(newest_change(articles, head.zone))
    feed.link(href=head.self_url, rel="self", type=media)
    if head.hub:
        feed.link(href=head.hub, rel="hub")
    for article in articles:
        _entry(feed.add_entry(order="append"), article, head)
    return feed


def _entry(entry: Any, article: Article, head: FeedHead) -> None:
    entry.id(article.feed_id)
    entry.title(_title(article))
    entry.published(_local(article.moment, head.zone))
    entry.updated(_local(article.changed, head.zone))
    for topic in _topics(article):
        entry.category(term=topic)
    link, image = _web(article.url), _picture(article)
    if link:
        entry.link(href=link, rel="alternate")
    if article.lead:
        entry.summary(clean_line(article.lead))
    body = _body(article, head.full_text)
    if body or not link:  # RFC 4287, section 4.1.2: an entry without a link must have content
        entry.content(body or f"<p>{html.escape(_summary(article))}</p>", type="html")
    author = clean_line(article.author)
    entry.extra.creator = author
    entry.extra.summary = clean_line(article.lead)
    entry.extra.links = _links(link, image)
    entry.extra.language = article.language if article.language != head.language else ""
    if author:
        entry.author({"name": author})
    if image:
        entry.enclosure(_web(image.url), "0", _media(image))  # "0": the length is not known


def _links(link: str, image: Image | None) -> list[dict[str, str]]:
    alternate = [{"rel": "alternate", "type": "text/html", "href": link}] if link else []
    return alternate + ([{"rel": "enclosure", "type": _media(image), "href": _web(image.url)}] if image else [])


class _Extra:
    """The three questions that feedgen asks an extension of a feed or an entry, and the values that we hand through."""

    hub = ""
    creator = ""
    summary = ""
    language = ""
    links: Sequence[dict[str, str]] = ()

    def extend_ns(self) -> dict[str, str]:
        return {}

    def extend_rss(self, root: etree._Element) -> etree._Element:
        return root

    def extend_atom(self, root: etree._Element) -> etree._Element:
        return root


class _RssFeed(_Extra):
    def extend_ns(self) -> dict[str, str]:
        return {"atom": ATOM, "dc": DC}

    def extend_rss(self, root: etree._Element) -> etree._Element:
        if self.hub:
            from lxml import etree

            root[0].insert(0, etree.Element(f"{{{ATOM}}}link", {"rel": "hub", "href": self.hub}))
        return root


class _RssEntry(_Extra):
    def extend_rss(self, root: etree._Element) -> etree._Element:
        """Feed readers take the description for HTML (RSS Best Practices Profile), so a sign in the text is escaped."""
        description = root.find("description")
        if self.summary and description is not None:
            description.text = html.escape(self.summary, quote=False)
        if self.creator:
            from lxml import etree

            etree.SubElement(root, f"{{{DC}}}creator").text = self.creator
        return root


class _AtomEntry(_Extra):
    def extend_atom(self, root: etree._Element) -> etree._Element:
        """feedgen's tree carries no namespace on its elements, so a plain `link` is the right one."""
        from lxml import etree

        for old in root.findall("link"):
            root.remove(old)
        for attributes in self.links:
            etree.SubElement(root, "link", attributes)
        if self.language:
            root.set(XML_LANG, self.language)
        return root


# -- JSON Feed ---------------------------------------------------------------------------------------------------------


def json_feed(head: FeedHead, articles: Sequence[Article]) -> bytes:
    """JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    head = _addressed(head)
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": clean_line(head.title),
        "home_page_url": head.site,
        "feed_url": head.self_url,
        "description": clean_line(head.description),
        "language": head.language,
        "authors": [{"name": clean_line(head.author), "url": head.site}],
    }
    if head.hub:
        feed["hubs"] = [{"type": "WebSub", "url": head.hub}]
    feed["items"] = [_item(article, head) for article in articles]
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _item(article: Article, head: FeedHead) -> dict[str, Any]:
    body, image, author = _body(article, head.full_text), _picture(article), clean_line(article.author)
    item: dict[str, Any] = {
        "id": article.feed_id,
        "url": _web(article.url),
        "title": _title(article),
        "summary": clean_line(article.lead),
        "content_html": body,
        "content_text": "" if body else _summary(article),
        "date_published": _local(article.moment, head.zone).isoformat(),
        "date_modified": _local(article.changed, head.zone).isoformat(),
        "authors": [{"name": author}] if author else [],
        "tags": _topics(article),
        "language": article.language,
        "image": _web(image.url) if image else "",
        "attachments": [{"url": _web(image.url), "mime_type": _media(image)}] if image else [],
    }
    return {key: value for key, value in item.items() if value}


# -- parts of an article -----------------------------------------------------------------------------------------------


def newest_change(articles: Sequence[Article], zone: tzinfo) -> datetime:
    """When the newest change was: the feed's own `updated`."""
    return _local(max((article.changed for article in articles), default=NO_DATE), zone)


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """Whole seconds with a numeric offset, as all three formats want it."""
    return moment.astimezone(zone).replace(microsecond=0)


def _title(article: Article) -> str:
    return clean_line(article.title) or (clean_line(article.url) if _web(article.url) else article.feed_id)


def _summary(article: Article) -> str:
    return clean_line(article.lead) or _title(article)


def _topics(article: Article) -> list[str]:
    return [topic for topic in map(clean_line, article.topics) if topic]


def _body(article: Article, full_text: bool) -> str:
    return sanitize_html(article.body_html) if full_text else ""


def _picture(article: Article) -> Image | None:
    return article.image if article.image and _web(article.image.url) else None


def _media(image: Image) -> str:
    """The type that the address promises; the system's own list of types differs from machine to machine."""
    return _IMAGES.get(urlsplit(image.url).path.rpartition(".")[2].lower(), "image/jpeg")


def _web(url: str) -> str:
    """An address that a reader may open, as a URI, or nothing: `javascript:` and the like never stand in a feed."""
    return uri(clean_line(url))


def _addressed(head: FeedHead) -> FeedHead:
    """The head with its addresses as URIs, however they stand in config.yaml."""
    return replace(head, site=_web(head.site), self_url=_web(head.self_url), hub=_web(head.hub))


# RFC 3986: what may stand in a path (section 3.3), a query or a fragment (3.4, 3.5) as it is; `%` begins what is escaped.
_IN_PATH, _IN_QUERY = "%/:@!$&'()*+,;=", "%/?:@!$&'()*+,;="
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def uri(url: str) -> str:
    """An address of the web as a URI (RFC 3986), which RSS and many feed readers ask for: other letters percent-encoded as
    UTF-8, the host by IDNA 2008. Empty for what is no such address. What is encoded already stays as it is.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        ascii_host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (ValueError, UnicodeError):  # idna.IDNAError is a UnicodeError
        return ""
    if parts.scheme not in ("http", "https") or not ascii_host:
        return ""
    netloc = f"[{ascii_host}]" if ":" in ascii_host else _encoded(ascii_host, "%")
    return urlunsplit(
        (
            parts.scheme,
            netloc if port is None else f"{netloc}:{port}",
            _encoded(parts.path, _IN_PATH),
            _encoded(parts.query, _IN_QUERY),
            _encoded(parts.fragment, _IN_QUERY),
        )
    )


def _encoded(text: str, safe: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe=safe)
