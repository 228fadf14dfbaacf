"""A portal without a feed: a listing page, and the pages of its articles.

    sources:
      cong-thong-tin:
        type: page
        url: https://bacson.example/tin-tuc
        select:
          link: .danhsachtin a.tieude
          body: "#noidung"

Every selector under `select` is optional: `link` and `next` (the listing's next page) for the listing; `title`, `date`,
`lead`, `body`, `image`, `caption`, `author` and `topic` for an article. What is missing is found by what the page says
to machines, by the names that portals usually give, and by its shape. `pages` and `limit` say how far to look.

With `folder` the pages are read from a copy on the disk, the address of each page below `url` being its path there.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

from lxml.html import HtmlElement
from pydantic import AfterValidator, Field

from distributor.files import Refused, TooLarge, is_within, read_within
from distributor.gathering.addresses import web_address
from distributor.gathering.dates import parse_date
from distributor.gathering.extraction.article import Extracted, Selectors, extract
from distributor.gathering.extraction.document import base_url, parse_page, select
from distributor.gathering.identity import canonical_url
from distributor.source import (
    Article,
    Busy,
    Fetched,
    Fetcher,
    Folder,
    FoundArticle,
    Harvest,
    LimitExceeded,
    NotModified,
    Presence,
    Source,
    SourceError,
    Validators,
    presence_of_file,
    processor_time,
    web_url,
)
from distributor.text import clean_line

_MOST_LINKS = 2000  # links of one listing page that are looked at
_MOST_BESIDE = 30  # elements of the block beside a link; a larger one is the whole listing
_FEWEST_WORDS = 4  # a link with fewer is a menu entry, not a headline
_LARGEST = 5_000_000
_MOST_COMPUTING = 20.0  # seconds for reading one page
_LONGEST_BESIDE = 5000  # characters of that block
_LONGEST_NAME = 300  # characters of an id or a class
_MENU = re.compile(r"menu|nav|footer|breadcrumb|phantrang|paging")
_WHENCE = re.compile(r"(?:returnUrl|utm_\w+|fbclid|gclid)=.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a listing: where to, its words, and the date that stands beside it."""

    url: str
    words: str
    beside: str = ""


@dataclass(frozen=True, kw_only=True)
class PageSource(Source):
    """A listing page and its article pages."""

    url: Annotated[str, "address of the listing", AfterValidator(web_url)]
    select: Annotated[
        Selectors, "CSS selectors: link, next; title, date, lead, body, image, caption, author, topic"
    ] = Selectors()
    pages: Annotated[int, "most pages of the listing that are read", Field(ge=1, le=50)] = 1
    limit: Annotated[int, "most articles that one look reads", Field(ge=1, le=500)] = 30
    folder: Annotated[Folder | None, "a copy of the pages on the disk, read instead of the network"] = None

    async def gather(self, fetcher: Fetcher, now: datetime) -> Harvest:
        pages: Fetcher = _Copy(self.folder, self.url) if self.folder else fetcher
        links = await self._links(pages)
        if not links:
            raise SourceError(
                f"{self.url} has no links to articles" + ("; look at select.link" if self.select.link else "")
            )
        articles, faults = [], []
        validators: dict[str, Validators] = {}
        unchanged = 0
        for link in links[: self.limit]:
            try:
                got = await pages.get(link.url, conditional=True)
                with processor_time(_MOST_COMPUTING):
                    articles.append(self.article(got, link))
            except LimitExceeded as error:
                faults.append(f"{link.url} {error}")
                continue
            except NotModified:
                unchanged += 1
                continue
            except Busy as error:
                if not articles and not unchanged:
                    raise
                faults.append(f"{error}; the articles behind it wait for that, too")
                break
            except SourceError as error:
                faults.append(str(error))
                continue
            if got.validators.etag or got.validators.last_modified:
                validators[link.url] = got.validators
        if faults and not articles and len(faults) == len(links[: self.limit]):
            raise SourceError(f"none of the {len(faults)} articles of {self.url} could be read; the first: {faults[0]}")
        return Harvest(articles=articles, faults=faults, validators=validators, unchanged=unchanged)

    async def still_there(self, fetcher: Fetcher, article: Article) -> Presence:
        """Asks its page, or looks for it in the copy on the disk."""
        if self.folder is None:
            return await super().still_there(fetcher, article)
        return await asyncio.to_thread(_Copy(self.folder, self.url).holds, article.url)

    # -- the listing -------------------------------------------------------------------------------------------------

    async def _links(self, pages: Fetcher) -> list[Link]:
        """The links of the listing and the pages behind it, each article once."""
        found: dict[str, Link] = {}
        here, seen = self.url, set()
        for number in range(self.pages):
            if not here or here in seen:
                break
            seen.add(here)
            try:
                got = await pages.get(here)
            except SourceError:
                if number == 0:
                    raise
                break  # a later page that is missing ends the listing
            try:
                with processor_time(_MOST_COMPUTING):
                    page = parse_page(got.body, got.charset)
                    if page is None:
                        break
                    base = base_url(page, got.url)
                    for link in self.links(page, base):
                        found.setdefault(canonical_url(link.url), link)
                    here = self._next(page, base, number + 2)
            except LimitExceeded as error:
                raise SourceError(f"{here} {error}") from None
        return list(found.values())

    def links(self, page: HtmlElement, base: str) -> list[Link]:
        """The links to articles on a listing page, in its order."""
        chosen = select(page, self.select.link) if self.select.link else list(page.iter("a"))
        anchors = [a if a.tag == "a" else next(a.iter("a"), None) for a in chosen[:_MOST_LINKS]]
        links: dict[str, Link] = {}
        menus: dict[HtmlElement, bool] = {}
        for anchor in anchors:
            url = _address(anchor, base) if anchor is not None else ""
            if anchor is None or not url:
                continue
            words = clean_line(anchor.text_content() or anchor.get("title") or "")
            if not self.select.link and not (self._is_headline(url, words) and not _in_menu(anchor, menus)):
                continue
            key = canonical_url(url)
            known = links.get(key)
            if known is None or len(known.words) < len(words):
                links[key] = Link(url, words, _beside(anchor))
        return list(links.values())

    def _is_headline(self, url: str, words: str) -> bool:
        """Whether a link looks like an article's: on the same host, with a headline's words."""
        same_host = urlsplit(url).hostname == urlsplit(self.url).hostname
        return same_host and len(words.split()) >= _FEWEST_WORDS

    def _next(self, page: HtmlElement, base: str, number: int) -> str:
        """The address of the listing's page `number`."""
        if self.select.next:
            chosen = select(page, self.select.next)
            if len(chosen) > 1:  # all the numbers were selected: the one that is wanted
                chosen = [one for one in chosen if clean_line(one.text_content()) == str(number)]
        else:
            chosen = [
                a for a in page.iter("a") if clean_line(a.text_content()) == str(number) or a.get("rel") == "next"
            ]
        return _address(chosen[0], base) if chosen else ""

    # -- an article --------------------------------------------------------------------------------------------------

    def article(self, got: Fetched, link: Link) -> FoundArticle:
        """The article of a page, from its bytes. Raises SourceError where there is none in it."""
        page = parse_page(got.body, got.charset)
        if page is None:
            raise SourceError(f"{link.url} is an empty page")
        found = extract(page, got.url, self.select, self.timezone, hint=link.words)
        if not found.title:
            raise SourceError(f"{link.url} has no title" + ("; look at select.title" if self.select.title else ""))
        if not found.body_html and not found.lead:
            raise SourceError(f"{link.url} has no text" + ("; look at select.body" if self.select.body else ""))
        return self._found(found, _plain_address(got.url), link)

    def _found(self, found: Extracted, url: str, link: Link) -> FoundArticle:
        return FoundArticle(
            source=self.name,
            title=found.title,
            url=url,
            lead=found.lead,
            body_html=found.body_html,
            author=found.author,
            published=found.published or parse_date(link.beside, self.timezone),
            updated=found.updated,
            topics=tuple(dict.fromkeys([*found.topics, *self.topics])),
            image=found.image,
            language=self.language,
        )


def _in_menu(anchor: HtmlElement, known: dict[HtmlElement, bool]) -> bool:
    """Whether something around a link calls itself a menu. Each element is asked once; `known` keeps what it said."""
    path = []
    found = False
    for up in anchor.iterancestors():
        if up in known:
            found = known[up]
            break
        path.append(up)
    for up in reversed(path):
        found = found or bool(_MENU.search(_name(up)))
        known[up] = found
    return found


def _name(element: HtmlElement) -> str:
    names = (str(element.tag), element.get("id") or "", element.get("class") or "")
    return " ".join(name[:_LONGEST_NAME] for name in names).lower()


def _address(anchor: HtmlElement, base: str) -> str:
    return urldefrag(web_address(anchor.get("href") or "", base)).url


def _plain_address(url: str) -> str:
    """An address without where the reader came from; what else is in it may be needed to open the page."""
    parts = urlsplit(url)
    query = "&".join(pair for pair in parts.query.split("&") if not _WHENCE.fullmatch(pair))
    return urlunsplit(parts._replace(query=query))


def _beside(anchor: HtmlElement) -> str:
    """The words around a link in its block: the listing often tells the date there. A date in the headline is another."""
    parent = anchor.getparent()
    if parent is None or len(parent) > _MOST_BESIDE:
        return ""
    words = clean_line(_beginning(parent, _LONGEST_BESIDE))
    return words.replace(clean_line(anchor.text_content()) or "\n", " ")[:300]


def _beginning(element: HtmlElement, most: int) -> str:
    """The first words of an element: about `most` characters."""
    made, left = [], most
    for text in element.itertext():
        made.append(str(text)[:left])
        left -= len(made[-1])
        if left <= 0:
            break
    return "".join(made)


@dataclass(frozen=True, slots=True)
class _Copy:
    """Pages from a folder, as if they came from the network."""

    folder: Path
    url: str

    async def get(self, url: str, *, conditional: bool = False) -> Fetched:
        file = self._file(url)
        try:
            body = await asyncio.to_thread(read_within, self.folder, file, _LARGEST)
        except OSError as error:
            raise SourceError(f"{url}: {file} cannot be read: {error.strerror or error}") from None
        except (Refused, TooLarge) as error:
            raise SourceError(f"{url}: {file} {error}") from None
        return Fetched(url=url, body=body, media_type="text/html")

    def holds(self, url: str) -> Presence:
        """Whether a page is in the copy. A copy without its listing is no copy: a disk that is not there, perhaps."""
        if presence_of_file(self._file(self.url), "", within=self.folder).there is not True:
            return Presence(None, f"the listing is not in {self.folder}")
        return presence_of_file(self._file(url), "its page is gone from the copy on the disk", within=self.folder)

    def _file(self, url: str) -> Path:
        base = urlsplit(urljoin(self.url, ".")).path
        path = unquote(urlsplit(url).path)
        if not path.startswith(base):
            raise SourceError(f"{url} is not below {self.url}, so it is not in {self.folder}")
        if "\0" in path:
            raise SourceError(f"{url} is no path in {self.folder}")
        file = self.folder / path.removeprefix(base)
        if not is_within(self.folder, file / "index.html"):
            raise SourceError(f"{url} leads out of {self.folder}")
        return file / "index.html" if file.is_dir() or path.endswith("/") else file
