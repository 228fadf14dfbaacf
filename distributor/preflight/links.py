"""Checks of links: each leads somewhere, the text part has the same ones, and the unsubscribe link is there. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from lxml.html import HtmlElement

from ..mail.address import Mailbox, ascii_domain
from ..text import clean_line
from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage, ParsedPage

_UNFINISHED = re.compile(
    r"#||todo|tbd|xxx+|url|link|https?:/{0,2}|javascript:(void\(0\))?;?|about:blank", re.IGNORECASE
)
# RFC 2606, and hosts of one machine. Not `.example` as a whole: the sample newsroom uses it.
_PLACEHOLDER_HOSTS = re.compile(r"(.+\.)?(example\.(com|net|org)|localhost|local|test|invalid)")
_MERGE_TAG = re.compile(r"@@field:[^\s\"'<>]{0,40}")
_TEMPLATE = re.compile(r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\{\{|\{%", re.DOTALL)
_TEMPLATE_SYNTAX = re.compile(r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}|\*\|[A-Z_:]{1,40}\|\*|%%[A-Za-z_]{2,40}%%", re.DOTALL)
_URL_ATTRIBUTES = ("href", "src", "background", "action")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SURROUNDING_PUNCTUATION = "<>()[]\"'“”.,;:"  # that may surround an address in a text
_TELEPHONE = re.compile(r"tel:\+?\d{3,15}", re.IGNORECASE)  # RFC 3966
_ANGLED = re.compile(r"<([^<>]*)>")


def host_of(url: str) -> str:
    """The host in lower case, internationalized names as A-labels; empty where there is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host if host.isascii() else ascii_domain(host) or host


def is_same_url(one: str, other: str) -> bool:
    """Whether two addresses are the same, one perhaps written in Unicode."""
    return one == other or to_ascii(one) == to_ascii(other)


def is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://")) and bool(host_of(url)) and not re.search(r"[\s<>\"]", url)


def to_ascii(url: str) -> str:
    """An address in ASCII, as headers and serialized pages have it; a text part may have Unicode (RFC 3987, 3.1)."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url
    rest = quote(url.partition("://")[2].removeprefix(parts.netloc), safe="%/:?#[]@!$&'()*+,;=", errors="replace")
    return f"{parts.scheme}://{host_of(url)}{port}{rest}"


def is_placeholder(url: str, hosts: frozenset[str]) -> bool:
    """Whether somebody forgot to fill in an address. `hosts` are ours, whatever they are called."""
    if _UNFINISHED.fullmatch(url):
        return True
    host = host_of(url) if is_web(url) else ""
    return bool(host) and host not in hosts and bool(_PLACEHOLDER_HOSTS.fullmatch(host) or _loopback(host))


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_full_urls(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, element, url in _links(message):
        contact = _is_mailto(url) or _TELEPHONE.fullmatch(url)
        if not (_UNFINISHED.fullmatch(url) or is_web(url) or contact or _unfilled(url)):
            text = f"the link leads to {clean_line(url)[:80]!r}; emails need the full address, with https://"
            yield finding("link-url", text, page.locate(element), (url,))


def check_placeholders(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, element, url in _links(message):
        if is_placeholder(url, context.hosts):
            text = (
                f"the link leads to {clean_line(url)[:80]!r}, a placeholder; write the real address, or remove the link"
            )
            yield finding("link-placeholder", text, page.locate(element), (url,))


def check_link_text(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """An image without alternative text is reported by `image-alt`."""
    for page, element, url in _links(message):
        if not page.text_of(element) and all(
            one.get("role") in ("presentation", "none") for one in element.iter("img")
        ):
            text = f"the link to {clean_line(url)[:80]!r} has no text; add one, or alternative text for its image"
            yield finding("link-text", text, page.locate(element), (url,))


def check_unexpanded_fields(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A merge tag is a fault wherever it stands: articles cannot contain one (`merge_fields.neutralize`)."""
    for where, words in (
        ("Subject", context.subject),
        ("the HTML part", message.html),
        ("the text part", message.text),
    ):
        for found in sorted(set(_MERGE_TAG.findall(words))):
            yield finding(
                "unfilled-field", f"{clean_line(found)!r} was not filled in; render the email again", where, (found,)
            )
    if message.page:
        for element in message.page.elements:
            for name in _URL_ATTRIBUTES:
                if match := _TEMPLATE.search(element.get(name) or ""):
                    text = f"the address holds {clean_line(match.group())[:40]!r}, which the template should have filled in"
                    yield finding("unfilled-field", text, message.page.locate(element), (match.group(),))


def check_template_syntax(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """An article may be about templates, so this is only a warning."""
    shown = message.page.visible_text() if message.page else ""
    for where, words in (("Subject", context.subject), ("the page", shown), ("the text part", message.text)):
        for found in sorted(set(_TEMPLATE_SYNTAX.findall(words))):
            text = (
                f"the text {clean_line(found)[:40]!r} looks like a template; fill it in unless an article contains it"
            )
            yield finding("template-syntax", text, where, (found,))


def _links(message: ParsedMessage) -> Iterator[tuple[ParsedPage, HtmlElement, str]]:
    page = message.page
    if page:
        for element, url in page.links():
            yield page, element, url


def _unfilled(url: str) -> bool:
    return bool(_MERGE_TAG.search(url) or _TEMPLATE.search(url))


def _is_mailto(url: str) -> bool:
    """Whether it writes to a mailbox, or to nobody yet but with something to forward (RFC 6068, section 2)."""
    if not url.lower().startswith("mailto:"):
        return False
    address, _, fields = url[len("mailto:") :].partition("?")
    if not address:
        return bool(fields)
    try:
        Mailbox("", address)
    except ValueError:
        return False
    return True


# -- links of the text part --------------------------------------------------------------------------------------------


def check_article_links(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for page, element, url in _missing(message):
        if _in_heading(element):
            text = f"the text part lacks {clean_line(url)[:120]}, the link of an article; add it to the template"
            yield finding("text-articles", text, page.locate(element), (url,))


def check_other_links(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    if message.page is None:
        return
    reported = {url for _, element, url in _missing(message) if _in_heading(element)}
    for page, element, url in _missing(message):
        if url not in reported:
            text = f"the text part lacks {clean_line(url)[:120]}; add it to the template"
            yield finding("text-links", text, page.locate(element), (url,))


def words_in(text: str) -> set[str]:
    """The words of a text, with and without the punctuation around them."""
    words = text.split()
    return {*words, *(word.strip(_SURROUNDING_PUNCTUATION) for word in words)}


def _missing(message: ParsedMessage) -> Iterator[tuple[ParsedPage, HtmlElement, str]]:
    page = message.page
    if page is None or not message.text.strip():
        return  # reported by `parts`
    words = words_in(message.text)
    known = {*words, *(to_ascii(word) for word in words if "://" in word)}
    for element, url in page.links():
        if is_web(url) and page.visible(element) and url not in known and to_ascii(url) not in known:
            yield page, element, url


def _in_heading(element: HtmlElement) -> bool:
    return any(one.tag in _HEADINGS for one in (*element.iterancestors(), *element.iterdescendants()))


# -- the unsubscribe link ----------------------------------------------------------------------------------------------


def unsubscribe_url(message: ParsedMessage) -> str:
    """The first https link of List-Unsubscribe; empty where there is none."""
    places = _ANGLED.findall(message.value("List-Unsubscribe"))
    return next((place for place in places if place.lower().startswith("https://")), "")


def check_page_link(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(message)
    if url and message.page and _link(message.page, url) is None:
        text = "the page shows no link with the address of List-Unsubscribe; put {{ unsubscribe_url }} into the footer"
        yield finding("unsubscribe-page", text, "the page")


def check_text_link(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(message)
    if (
        url
        and message.text.strip()
        and not any(is_same_url(url, word) for word in words_in(message.text) if "://" in word)
    ):
        text = "the text part lacks the address of List-Unsubscribe; put {{ unsubscribe_url }} at its end"
        yield finding("unsubscribe-text", text, "the text part")


def check_not_clipped(message: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    url = unsubscribe_url(message)
    link = _link(message.page, url) if url and message.page else None
    if link is None:
        return
    at = _offset(message.html, link)
    if at > context.size_limit:
        text = f"it begins at octet {at:,} of the HTML, where Gmail may have cut already; shorten what comes before it"
        yield finding("unsubscribe-clipped", text, f"line {link.sourceline or 1} of the HTML")


def _link(page: ParsedPage, url: str) -> HtmlElement | None:
    """The first visible link with this address and a text."""
    for element, address in page.links():
        if is_same_url(address, url) and page.visible(element) and page.text_of(element):
            return element
    return None


def _offset(document: str, link: HtmlElement) -> int:
    """Where a link begins, in octets: at its address, or at its line where the address is written in another way."""
    url = link.get("href") or ""
    places = [at for at in (document.find(form) for form in (url, html.escape(url))) if at >= 0]
    if places:
        return len(document[: min(places)].encode("utf-8", "replace"))
    return sum(len(line.encode("utf-8", "replace")) for line in document.splitlines(True)[: (link.sourceline or 1) - 1])


CHECKS = (
    check_full_urls, check_placeholders, check_link_text, check_unexpanded_fields, check_template_syntax,
    check_article_links, check_other_links, check_page_link, check_text_link, check_not_clipped,
)  # fmt: skip
