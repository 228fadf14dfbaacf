"""What an author of a source builds with: bodies cleaned, dates parsed, articles made of JSON, pages read one after another,
tokens sent to their own server. `docs/adding-a-source.md` has two complete sources made of it.

    gather ──▶ read_pages ──fetch──▶ page ──read (yours, pure)──▶ PageResult: articles, faults, next_url ──▶ next page …

Nothing that cleans or parses raises, whatever it gets; what cannot be used is empty, or a fault in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from pydantic import SecretStr

from ..credentials import Credentials, same_origin
from ..errors import Busy, LimitExceeded, NotModified, SourceError
from ..gathering.cleaning import CleanedBody
from ..gathering.cleaning import clean_body as clean_body_parts
from ..gathering.dates import parse_date, read_date
from ..html_sanitizer import sanitize_html
from ..isolated_child import processor_time
from ..model import Image, ParsedArticle
from ..source import FetchedDocument, Fetcher, FetchResult, Source, Validators
from ..text import clean_line, html_to_text, language_tag
from ..url_cleaning import web_address
from .json_fields import (
    date_of,
    id_of,
    line_of,
    lines_of,
    parse_json_date,
    pick,
    pick_all,
    read_json,
    read_json_list,
    text_of,
)

__all__ = [
    "CleanedBody",
    "JsonFields",
    "PageResult",
    "api_key",
    "article_from_json",
    "articles_from_json",
    "bearer_token",
    "clean_body",
    "clean_body_parts",
    "clean_line",
    "date_of",
    "html_to_text",
    "id_of",
    "key_parameter",
    "language_tag",
    "line_of",
    "lines_of",
    "next_link",
    "numbered_page",
    "parse_date",
    "pick",
    "pick_all",
    "read_date",
    "read_json",
    "read_json_list",
    "read_pages",
    "text_of",
    "text_to_html",
    "web_address",
    "with_parameters",
]

JSON = "application/json"
MOST_PAGES = 10  # of one gather, unless a source asks for more
_MOST_COMPUTING = 20.0  # seconds for one page; a hostile one can keep a parser busy for hours
_MOST_FAULTS = 100  # of one page; what comes behind is counted


# -- text and bodies -----------------------------------------------------------------------------------------------------


def clean_body(html: str, base_url: str, *, title: str = "", lead: str = "") -> str:
    """A body as the store takes it: small, safe HTML with absolute addresses, without scripts, boilerplate, and what `title`
    and `lead` say already. `html_to_text` makes text of it. Pure."""
    return clean_body_parts(html, base_url, title=title, lead=lead).html


def text_to_html(text: str) -> str:
    """Plain text as HTML: paragraphs are parted by empty lines. Pure."""
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return sanitize_html("".join(f"<p>{escape(clean_line(part))}</p>" for part in parts if part.strip()))


# -- login ---------------------------------------------------------------------------------------------------------------


def bearer_token(url: str, token: SecretStr | None) -> Credentials:
    """`Authorization: Bearer …` (RFC 6750) for the scheme, host and port of `url`, and for no other. For `Source.login`;
    nothing is sent without a token."""
    return api_key(url, "Authorization", token, before="Bearer ")


def api_key(url: str, header: str, key: SecretStr | None, *, before: str = "") -> Credentials:
    """A key in a header of its own, such as `X-Api-Key`, for the origin of `url`. `before` stands before it."""
    secret = key.get_secret_value().strip() if key else ""
    return Credentials.to(url, headers={header: before + secret} if secret else {})


def key_parameter(url: str, name: str, key: SecretStr | None) -> Credentials:
    """A key that the server wants in the address (`?key=…`), for the origin of `url`. It is added when the request is made,
    and stands in no message and no row."""
    secret = key.get_secret_value().strip() if key else ""
    return Credentials.to(url, parameters={name: secret} if secret else {})


# -- articles of JSON ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFields:
    """Where an item has what, as paths (see `json_fields`). An empty path is a field that it does not have.

    What may hold tags or references (`&#8211;`) has a path of its own: `title_html`, `lead_html` and `body_html` are HTML,
    `title`, `lead` and `body_text` plain text; the HTML counts where both have something. `utc` says that dates without a
    zone are in UTC; otherwise they are in the `timezone` of the source.
    """

    source_id: str = "id"
    guid: str = ""
    url: str = "url"
    title: str = "title"
    title_html: str = ""
    lead: str = ""
    lead_html: str = ""
    body_html: str = ""
    body_text: str = ""
    author: str = ""
    published: str = ""
    updated: str = ""
    topics: str = ""
    image: str = ""
    image_alt: str = ""
    image_caption: str = ""
    language: str = ""
    utc: bool = False


def articles_from_json(
    source: Source, items: Sequence[Any], fields: JsonFields, base_url: str
) -> tuple[list[ParsedArticle], list[str]]:
    """The articles of a list of items, and a line for each that is none. Addresses are relative to `base_url`. Pure."""
    articles, faults = [], []
    for number, item in enumerate(items, 1):
        article = article_from_json(source, item, fields, base_url)
        if article is not None:
            articles.append(article)
        else:
            name = id_of(pick(item, fields.source_id))[:80] if fields.source_id else ""
            faults.append(f"item {number}{f' ({name})' if name else ''} has no title")
    more = len(faults) - _MOST_FAULTS
    return articles, [*faults[:_MOST_FAULTS], *([f"{more} more items have no title"] if more > 0 else [])]


def article_from_json(source: Source, item: Any, fields: JsonFields, base_url: str) -> ParsedArticle | None:
    """The article of one item; None where it has no title. A field of the wrong kind counts as missing. Pure."""

    def line(path: str) -> str:
        return line_of(pick(item, path)) if path else ""

    def text(path: str) -> str:
        return text_of(pick(item, path)) if path else ""

    title = html_to_text(text(fields.title_html)) or line(fields.title)
    if not title:
        return None
    lead = html_to_text(text(fields.lead_html)) or line(fields.lead)
    url = web_address(line(fields.url), base_url)
    cleaned = clean_body_parts(text(fields.body_html), url or base_url, lead=lead, title=title)
    published = parse_json_date(
        pick(item, fields.published) if fields.published else None, source.date_format, utc=fields.utc
    )
    topics = pick_all(item, fields.topics) if fields.topics else []
    return ParsedArticle(
        source=source.name,
        title=title,
        source_id=id_of(pick(item, fields.source_id)) if fields.source_id else "",
        guid=id_of(pick(item, fields.guid)) if fields.guid else "",
        url=url,
        lead=lead,
        body_html=cleaned.html or text_to_html(text(fields.body_text)),
        author=line(fields.author) or cleaned.author,
        published=published.moment,
        has_time=published.has_time,
        updated=date_of(pick(item, fields.updated) if fields.updated else None, source.date_format, utc=fields.utc),
        topics=tuple(dict.fromkeys([*(topic for one in topics for topic in lines_of(one)), *source.topics])),
        image=_image(item, fields, base_url) or cleaned.image,
        language=language_tag(line(fields.language)) or source.language,
    )


def _image(item: Any, fields: JsonFields, base_url: str) -> Image | None:
    def line(path: str) -> str:
        return html_to_text(text_of(pick(item, path))) if path else ""

    address = web_address(line_of(pick(item, fields.image)), base_url) if fields.image else ""
    return Image(url=address, alt=line(fields.image_alt), caption=line(fields.image_caption)) if address else None


# -- pages ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What one page gave: articles, faults in words, and the address of the page that follows it; empty at the end."""

    articles: Sequence[ParsedArticle] = ()
    faults: Sequence[str] = ()
    notes: Sequence[str] = ()
    next_url: str = ""


async def read_pages(
    fetcher: Fetcher,
    url: str,
    read: Callable[[FetchedDocument], PageResult],
    *,
    most_pages: int = MOST_PAGES,
    accept: str = JSON,
) -> FetchResult:
    """The articles of a page and of those that follow it, at most `most_pages`. `read` is pure: bytes in, result out.

    The first page is requested with the validators of the last gather: NotModified where it has not changed, and then
    nothing else is read. A first page that cannot be read raises SourceError. One behind it is a fault: what was read is
    kept, and no validators are, so that the next gather reads all again. A next page of another server is not read, nor
    one that was read already.
    """
    first = await fetcher.get(url, conditional=True, accept=accept)
    found = [_read(first, read, url)]
    faults: list[str] = []
    notes: list[str] = []
    seen = {url, first.url}
    while found[-1].next_url:
        here, reason = _next_page(found[-1].next_url, first.url)
        if reason or here in seen:
            faults.append(f"page {len(found) + 1} is not read: {reason or f'{here} was read already'}")
        elif len(found) >= most_pages:
            notes.append(f"there are more pages than the {most_pages} that are read of {url}")
        else:
            seen.add(here)
            try:
                document = await fetcher.get(here, accept=accept)
                found.append(_read(document, read, here))
                seen.add(document.url)
                continue
            except NotModified:
                pass  # it was not asked whether it had changed
            except (SourceError, Busy) as error:
                faults.append(f"page {len(found) + 1} cannot be read: {error}")
        break
    return FetchResult(
        articles=_once(article for page in found for article in page.articles),
        faults=[*(fault for page in found for fault in page.faults), *faults],
        notes=[*(note for page in found for note in page.notes), *notes],
        validators={url: first.validators} if first.validators != Validators() and not faults else {},
    )


def _read(document: FetchedDocument, read: Callable[[FetchedDocument], PageResult], url: str) -> PageResult:
    try:
        with processor_time(_MOST_COMPUTING):
            return read(document)
    except LimitExceeded as error:
        raise SourceError(f"{url} {error}") from None


def _once(articles: Iterable[ParsedArticle]) -> list[ParsedArticle]:
    """Articles without those that a later page has once more, because something was published while pages were read."""
    kept: dict[object, ParsedArticle] = {}
    for article in articles:
        key = (article.source_id, article.guid, article.url)
        kept.setdefault(key if any(key) else id(article), article)
    return list(kept.values())


def _next_page(next_url: str, first: str) -> tuple[str, str]:
    """The address of the next page, and why it is not read; one of the two is empty."""
    try:
        here = urljoin(first, next_url.strip())
        parts, origin = urlsplit(here), urlsplit(first)
        if (parts.scheme, origin.scheme) == ("http", "https") and parts.hostname == origin.hostname and not parts.port:
            here = urlunsplit(parts._replace(scheme="https", netloc=origin.netloc))  # a server behind a proxy says so
        good = same_origin(here, first)
    except ValueError:
        return "", "its address is none"
    return (here, "") if good else ("", f"it is on another server than {urlsplit(first).hostname}")


def next_link(document: FetchedDocument, rel: str = "next") -> str:
    """The address that a Link header gives as the next page (RFC 8288); empty without one. Pure."""
    for target, parameters in _LINK.findall(document.headers.get("link", "")[:20_000]):
        named = _REL.search(parameters)
        if named and rel in (named[1] or named[2] or "").lower().split():
            found: str = urljoin(document.url, target.strip())
            return found
    return ""


_LINK = re.compile(r"<([^<>]{1,4000})>((?:\s*;\s*[\w*!#$&+.^`|~-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s\";,]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\";,]+))", re.IGNORECASE)


def numbered_page(document: FetchedDocument, parameter: str, *, last: int | None = None, step: int = 1) -> str:
    """The address of the page behind this one, by the number that a parameter has in its address: `?page=1` is followed by
    `?page=2`. A page without it is the first, or with `step` (the items of a page) the one that begins at 0.

    Empty behind the `last`. Without a `last` a source says itself where the end is: an empty page, mostly. Pure.
    """
    try:
        parts = urlsplit(document.url)
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True))
        number = int(pairs.get(parameter, "1" if step == 1 else "0")[:9]) + step
    except ValueError:
        return ""
    if last is not None and number > last:
        return ""
    return with_parameters(document.url, {parameter: str(number)})


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """An address with these parameters, in place of those of the same names that it has. Pure; raises ValueError for what is
    no address."""
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in parameters]
    made: str = parts._replace(query=urlencode([*kept, *parameters.items()])).geturl()
    return made
