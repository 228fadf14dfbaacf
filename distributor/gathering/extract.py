"""An article out of a page: by CSS selectors where the newsroom gives them, else by what pages usually say. Pure.

For each field, in this order: the newsroom's selector; machine-read data (JSON-LD, OpenGraph, meta); the class names
that Vietnamese portals use; for the body at last trafilatura, which finds the main text of a page by its shape. Title,
body and date are looked for further where their selector finds nothing; without them an article is none.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import islice
from typing import Any

import lxml.html
from cssselect import GenericTranslator, SelectorError
from lxml import etree
from lxml.html import HtmlElement

from ..model import Image
from ..text import clean_line
from .cleaning import clean_body, close, is_name, picture_address, pixels, web_address
from .dates import parse_date
from .furniture import drop_furniture, legal, without_includes

_USUAL = {
    "title": "h1, .tieude, .tieu-de, .title-detail, .article-title, .detail-title",
    "date": "time[datetime], .ngay, .ngaydang, .date, .time, .publish-date, .post-date",
    "lead": ".tomtat, .tom-tat, .sapo, .chapeau, .trichdan, .article-summary, .detail-sapo, .lead",
    "body": "#noidung, .noidung, .noi-dung, .article-body, .detail-content, .article-content, .post-content, .entry-content",
    "author": ".tacgia, .tac-gia, .author, .article-author, [rel=author]",
}
_LONGEST_TITLE = 500  # characters
_MOST_ELEMENTS = 20_000  # trafilatura takes quadratic time; an article's page has some thousands
_SHORTEST_BODY = 80  # characters; a match of a usual class with less is something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors; an empty one is filled in automatically. Raises ValueError for one that is no CSS."""

    link: str = ""
    title: str = ""
    date: str = ""
    lead: str = ""
    body: str = ""
    image: str = ""
    caption: str = ""
    author: str = ""
    topic: str = ""
    next: str = ""

    def __post_init__(self) -> None:
        for each in fields(self):
            compile_selector(getattr(self, each.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What a page tells of its article. Texts are clean; `published` is None where the page does not tell."""

    title: str = ""
    lead: str = ""
    body_html: str = ""
    author: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    topics: tuple[str, ...] = ()
    image: Image | None = None


@lru_cache(maxsize=512)
def compile_selector(selector: str) -> str:
    """A selector as XPath; empty for an empty one. Raises ValueError in words."""
    if not selector.strip():
        return ""
    try:
        return GenericTranslator().css_to_xpath(selector)
    except SelectorError as error:
        raise ValueError(f"{selector!r} is not a CSS selector: {error}") from None


def select(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """The elements that a selector finds, in the order of the page."""
    path = compile_selector(selector)
    return [found for found in root.xpath(path) if isinstance(found, HtmlElement)] if path else []


def parse_page(body: bytes, charset: str = "") -> HtmlElement | None:
    """A page as a tree; None for an empty one. `charset` is what the server said; the page's own word comes after it."""
    text = decode(body, charset)
    if not text.strip():
        return None
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        page: HtmlElement = lxml.html.document_fromstring(legal(text).encode(), parser=parser)
        return without_includes(page, text)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


# The encodings of web pages. Python knows stranger ones by name, and some of those never end or raise other errors.
_ENCODINGS = re.compile(
    r"utf[-_]?(?:8|16|16le|16be)|us-ascii|latin-?1|(?:iso[-_]?8859[-_]|windows[-_]|cp)\d{1,4}|koi8-[ru]|tis-620"
    r"|gbk|gb2312|gb18030|big5|euc-(?:jp|kr)|shift_jis",
    re.IGNORECASE,
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)


def decode(body: bytes, charset: str) -> str:
    """Bytes as text: by byte order mark, UTF-8 if they are it, the server's word, the page's word; never an error."""
    for sign, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(sign):
            return body[len(sign) :].decode(name, "replace")
    nearly = nearly_utf8(body)
    if nearly is not None:
        return nearly
    meta = _META_CHARSET.search(body[:4096])
    for name in (charset, meta.group(1).decode("ascii", "ignore") if meta else "", "windows-1258"):
        if _ENCODINGS.fullmatch(name.replace("utf-16-", "utf-16")):
            try:
                return body.decode(name)
            except (LookupError, UnicodeDecodeError):
                continue
    return body.decode("utf-8", "replace")


def nearly_utf8(body: bytes) -> str | None:
    """The text of bytes that are UTF-8 but for a few: portals cut summaries by bytes, in the middle of a letter."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # In the older encodings hardly a letter beyond ASCII happens to be UTF-8.
    return text if not bad or sum(sign > "\x7f" for sign in text) > 5 * bad else None


def extract(page: HtmlElement, url: str, selectors: Selectors, zone: tzinfo, *, hint: str = "") -> Extracted:
    """The article of a page. `hint` is the text of the link that led here: often the cleanest title there is."""
    data = _MachineRead(page)
    # What was asked for by name is taken before the furniture goes: a topic often stands in the navigation.
    chosen = {each.name: select(page, getattr(selectors, each.name)) for each in fields(selectors)}
    drop_furniture(page)
    title = _first(chosen["title"]) or _title(page, data, hint)
    lead = _first(chosen["lead"]) if selectors.lead else _usual(page, "lead") or data.description
    body = _body(page, chosen["body"], url)
    cleaned = clean_body(body, url, lead=lead, title=title) if body else None
    published, updated = _dates(page, chosen["date"], data, zone)
    author = _first(chosen["author"]) if selectors.author else _author(page, data)
    topics = [_words(found) for found in chosen["topic"]] or data.topics
    return Extracted(
        title=title,
        lead=close(lead),
        body_html=cleaned.html if cleaned else "",
        author=author or (cleaned.author if cleaned else ""),
        published=published,
        updated=updated,
        topics=tuple(dict.fromkeys(filter(None, topics))),
        image=_image(chosen["image"], _first(chosen["caption"]), data, url, cleaned.image if cleaned else None),
    )


def _words(element: HtmlElement) -> str:
    return clean_line(str(element.text_content()))


def _first(elements: Iterable[HtmlElement]) -> str:
    """The words of the first element that has some."""
    return next(filter(None, map(_words, elements)), "")


def _usual(page: HtmlElement, field: str) -> str:
    return _first(select(page, _USUAL[field]))


def _title(page: HtmlElement, data: _MachineRead, hint: str) -> str:
    texts = (str(element.text_content()) for element in page.iter("title", "h1", "h2", "div", "p", "span", "td"))
    if hint and any(hint.casefold() in clean_line(text).casefold() for text in texts if len(text) < _LONGEST_TITLE):
        return clean_line(hint)
    return data.title or _usual(page, "title") or _window_title(page)


def _window_title(page: HtmlElement) -> str:
    """The page's `<title>` without the name of the site, which stands before or behind it."""
    parts = re.split(r"\s+[-–|»:]\s+", _first(page.iter("title")))
    return max(parts, key=len) if parts else ""


def _body(page: HtmlElement, chosen: Sequence[HtmlElement], url: str) -> str:
    usual = (element for element in select(page, _USUAL["body"]) if len(_words(element)) >= _SHORTEST_BODY)
    found = set(chosen or islice(usual, 1))
    if found:
        outer = [element for element in (chosen or found) if not any(up in found for up in element.iterancestors())]
        return "".join(etree.tostring(element, encoding="unicode", method="html", with_tail=False) for element in outer)
    if sum(1 for _ in page.iter()) > _MOST_ELEMENTS:
        return ""
    import trafilatura  # takes half a second to load: only when it is needed

    made = trafilatura.extract(
        lxml.html.tostring(page, encoding="unicode"),
        url=url,
        output_format="html",
        include_comments=False,
        include_images=True,
        include_links=True,
        include_formatting=True,
    )
    return _inner(made) if made else ""


def _inner(document: str) -> str:
    _, opened, rest = document.partition("<body")
    inside, closed, _ = rest.partition(">")[2].rpartition("</body>")
    return inside if opened and closed else document


def _author(page: HtmlElement, data: _MachineRead) -> str:
    found = _usual(page, "author") or data.author
    return found if is_name(found) else ""


def _dates(
    page: HtmlElement, chosen: Sequence[HtmlElement], data: _MachineRead, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    for element in chosen:
        found = parse_date(element.get("datetime") or element.get("content") or _words(element), zone)
        if found:
            return found, None
    published = parse_date(data.published, zone) if data.published else None
    updated = parse_date(data.updated, zone) if data.updated else None
    if published is None:
        texts = (element.get("datetime") or _words(element) for element in select(page, _USUAL["date"]))
        published = next(filter(None, (parse_date(text, zone) for text in texts)), None)
    if published and updated and updated <= published:
        updated = None
    return published, updated


def _image(
    chosen: Sequence[HtmlElement], caption: str, data: _MachineRead, url: str, in_body: Image | None
) -> Image | None:
    for element in chosen:
        picture = element if element.tag == "img" else next(element.iter("img"), None)
        address = picture_address(picture, url) if picture is not None else ""
        if picture is not None and address:
            alt = clean_line(picture.get("alt") or "")
            caption = caption or (in_body.caption if in_body and in_body.url == address else "")
            return Image(
                url=address,
                alt=alt or caption,
                caption=caption,
                width=pixels(picture.get("width")),
                height=pixels(picture.get("height")),
            )
    if in_body:
        return replace(in_body, caption=caption, alt=in_body.alt or caption) if caption else in_body
    address = web_address(data.image, url) if data.image else ""
    return Image(url=address, caption=caption, alt=caption) if address else None


class _MachineRead:
    """What a page says for machines: JSON-LD of an article (schema.org), OpenGraph and other meta tags."""

    def __init__(self, page: HtmlElement) -> None:
        self._meta: dict[str, str] = {}
        for meta in page.iter("meta"):
            name = (meta.get("property") or meta.get("name") or "").lower()
            if name and meta.get("content"):
                self._meta.setdefault(name, clean_line(meta.get("content") or ""))
        self._article = next(_json_ld(page), {})

    def _get(self, key: str, *names: str) -> str:
        value = self._article.get(key)
        if isinstance(value, str) and value.strip():
            return clean_line(html.unescape(value))  # not HTML by its rules (JSON-LD), but often written as if it were
        return next((self._meta[name] for name in names if self._meta.get(name)), "")

    @property
    def title(self) -> str:
        return self._get("headline", "og:title")

    @property
    def description(self) -> str:
        return self._get("description", "og:description", "description")

    @property
    def published(self) -> str:
        return self._get("datePublished", "article:published_time", "pubdate", "date", "dc.date")

    @property
    def updated(self) -> str:
        return self._get("dateModified", "article:modified_time")

    @property
    def author(self) -> str:
        author = self._article.get("author")
        author = author[0] if isinstance(author, list) and author else author
        name = author.get("name") if isinstance(author, dict) else author
        if isinstance(name, str) and name.strip():
            return clean_line(html.unescape(name))
        return self._get("author", "author", "article:author")

    @property
    def image(self) -> str:
        image = self._article.get("image")
        image = image[0] if isinstance(image, list) and image else image
        if isinstance(image, dict):
            image = image.get("url")
        return image if isinstance(image, str) else self._get("image", "og:image")

    @property
    def topics(self) -> list[str]:
        section = self._get("articleSection", "article:section")
        return [section] if section else []


def _json_ld(page: HtmlElement) -> Iterator[dict[str, Any]]:
    for script in page.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json":
            continue
        try:
            data = json.loads(script.text or "", strict=False)  # line ends inside texts are common
        except (ValueError, RecursionError):
            continue
        for item in _items(data):
            kind = item.get("@type")
            if any("Article" in str(one) for one in (kind if isinstance(kind, list) else [kind])):
                yield item


def _items(data: Any) -> Iterator[dict[str, Any]]:
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            if isinstance(graph, list):
                yield from (inner for inner in graph if isinstance(inner, dict))
