"""The links of a page: that each leads somewhere, and none was left unfinished. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from lxml.html import HtmlElement

from ..mail.address import Mailbox, ascii_domain
from ..text import clean_line
from .dom import ParsedPage, locate
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

_UNFINISHED = re.compile(
    r"#||todo|tbd|xxx+|url|link|https?:/{0,2}|javascript:(void\(0\))?;?|about:blank", re.IGNORECASE
)
# RFC 2606, and what stays on one machine. Not `.example` as a whole: the sample newsroom lives there.
_PLACEHOLDER_HOSTS = re.compile(r"(.+\.)?(example\.(com|net|org)|localhost|local|test|invalid)")
_MERGE_TAG = re.compile(r"@@slot:[^\s\"'<>]{0,40}")
_TEMPLATE = re.compile(r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\{\{|\{%", re.DOTALL)
_TEMPLATE_SYNTAX = re.compile(r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\*\|[A-Z_:]{1,40}\|\*|%%[A-Za-z_]{2,40}%%", re.DOTALL)
_URL_ATTRIBUTES = ("href", "src", "background", "action")


def links_of_page(page: ParsedPage) -> list[tuple[HtmlElement, str]]:
    """Every link with its address as it was written, spaces at its ends apart."""
    return [
        (element, (element.get("href") or "").strip()) for element in page.all("a", "area") if "href" in element.attrib
    ]


def host_of(url: str) -> str:
    """The host in small letters, as A-labels where it has others; empty for what has none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host if host.isascii() else ascii_domain(host) or host


def is_same_url(one: str, other: str) -> bool:
    """Whether two addresses are one, written in letters or in ASCII."""
    return one == other or to_ascii(one) == to_ascii(other)


def is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://")) and bool(host_of(url)) and not re.search(r"[\s<>\"]", url)


def to_ascii(url: str) -> str:
    """The form that a header has, and that a page gets from its serialiser; a text has letters (RFC 3987, 3.1)."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url
    rest = quote(url.partition("://")[2].removeprefix(parts.netloc), safe="%/:?#[]@!$&'()*+,;=", errors="replace")
    return f"{parts.scheme}://{host_of(url)}{port}{rest}"


def is_placeholder(url: str, hosts: frozenset[str]) -> bool:
    """Whether an address is one that somebody meant to fill in. `hosts` are ours, whatever they are called."""
    if _UNFINISHED.fullmatch(url):
        return True
    host = host_of(url) if is_web(url) else ""
    return bool(host) and host not in hosts and bool(_PLACEHOLDER_HOSTS.fullmatch(host) or _loopback(host))


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_full_urls(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, element, url in _all(letter):
        if not (_UNFINISHED.fullmatch(url) or is_web(url) or _is_mailto(url) or _unfilled(url)):
            told = f"the link leads to {clean_line(url)[:80]!r}; mail needs the full address, with https://"
            yield finding("link-address", told, locate(page, element), (url,))


def check_placeholders(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, element, url in _all(letter):
        if is_placeholder(url, context.hosts):
            told = f"the link leads to {clean_line(url)[:80]!r}, a placeholder; give it its address or take it out"
            yield finding("link-placeholder", told, locate(page, element), (url,))


def check_link_text(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A picture that lacks its words is told by `image-alt`."""
    for page, element, url in _all(letter):
        if not page.words_of(element) and all(
            one.get("role") in ("presentation", "none") for one in element.iter("img")
        ):
            told = f"the link to {clean_line(url)[:80]!r} has no words; write some, or an alt on its picture"
            yield finding("link-words", told, locate(page, element), (url,))


def check_unexpanded_fields(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A mark of a personal slot is a fault wherever it stands: articles cannot hold one (`slots.neutralise`)."""
    for where, words in (("Subject", context.subject), ("the HTML part", letter.html), ("the text part", letter.text)):
        for found in sorted(set(_MERGE_TAG.findall(words))):
            yield finding(
                "unexpanded", f"{clean_line(found)!r} was not filled in; the letter must be built anew", where, (found,)
            )
    if letter.page:
        for element in letter.page.elements:
            for name in _URL_ATTRIBUTES:
                if match := _TEMPLATE.search(element.get(name) or ""):
                    told = f"the address holds {clean_line(match.group())[:40]!r}, which the template should have filled in"
                    yield finding("unexpanded", told, locate(letter.page, element), (match.group(),))


def check_template_syntax(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """An article may write of templates, so this is only a warning."""
    shown = letter.page.shown() if letter.page else ""
    for where, words in (("Subject", context.subject), ("the page", shown), ("the text part", letter.text)):
        for found in sorted(set(_TEMPLATE_SYNTAX.findall(words))):
            told = (
                f"the words {clean_line(found)[:40]!r} look like a template; fill them in unless an article says them"
            )
            yield finding("template-words", told, where, (found,))


def _all(letter: ParsedMessage) -> Iterator[tuple[ParsedPage, HtmlElement, str]]:
    page = letter.page
    if page:
        for element, url in links_of_page(page):
            yield page, element, url


def _unfilled(url: str) -> bool:
    return bool(_MERGE_TAG.search(url) or _TEMPLATE.search(url))


def _is_mailto(url: str) -> bool:
    if not url.lower().startswith("mailto:"):
        return False
    try:
        Mailbox("", url[len("mailto:") :].partition("?")[0])
    except ValueError:
        return False
    return True


CHECKS = (check_full_urls, check_placeholders, check_link_text, check_unexpanded_fields, check_template_syntax)
