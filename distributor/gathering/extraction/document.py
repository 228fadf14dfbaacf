"""An HTML page from bytes to a tree: its encoding, parsing, and CSS selectors over it. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

import lxml.html
from cssselect import HTMLTranslator, SelectorError
from cssselect.parser import Class, Hash
from cssselect.xpath import XPathExpr
from lxml import etree
from lxml.html import HtmlElement

from ...text import clean_line
from ..boilerplate import remove_illegal_characters, remove_includes
from ..mojibake import repair_utf8


def parse_page(body: bytes, charset: str = "") -> HtmlElement | None:
    """A page as a tree; None for an empty one. `charset` is what the server said; the page's own word comes after it."""
    text = repair_utf8(decode(body, charset))
    if not text.strip():
        return None
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        page: HtmlElement = lxml.html.document_fromstring(remove_illegal_characters(text).encode(), parser=parser)
        return remove_includes(page, text)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def base_url(page: HtmlElement, url: str) -> str:
    """The address that relative ones on a page are resolved against: its `<base href>`, else its own (WHATWG HTML, 4.2.3).

    The first `base` with a `href` counts; one that leads out of the web is as good as none.
    """
    base = next((each for each in page.iter("base") if each.get("href") is not None), None)
    if base is None:
        return url
    try:
        made = urljoin(url, re.sub(r"[\t\r\n]", "", base.get("href") or "").strip())
        parts = urlsplit(made)
    except ValueError:
        return url
    return made if parts.scheme in ("http", "https") and parts.hostname else url


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
    nearly = decode_damaged_utf8(body)
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


def decode_damaged_utf8(body: bytes) -> str | None:
    """The text of bytes that are UTF-8 but for a few: portals cut summaries by bytes, in the middle of a letter."""
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # In the older encodings hardly a letter beyond ASCII happens to be UTF-8.
    return text if not bad or len(text) - len(text.encode("ascii", "ignore")) > 5 * bad else None


class _AnyCase(HTMLTranslator):
    """Selectors as browsers match them on pages without a doctype: element names, classes and ids in any case.

    Portals write `class="NoiDung"` in one template and `class="noidung"` in another.
    """

    def xpath_class(self, class_selector: Class) -> XPathExpr:
        xpath = self.xpath(class_selector.selector)
        return self.xpath_attrib_includes(xpath, _small("@class"), class_selector.class_name.lower())

    def xpath_hash(self, id_selector: Hash) -> XPathExpr:
        xpath = self.xpath(id_selector.selector)
        return self.xpath_attrib_equals(xpath, _small("@id"), id_selector.id.lower())


def _small(attribute: str) -> str:
    return f"translate({attribute}, '{string.ascii_uppercase}', '{string.ascii_lowercase}')"


@lru_cache(maxsize=512)
def compile_selector(selector: str) -> etree.XPath | None:
    """A selector as XPath; None for an empty one. Raises ValueError in words."""
    if not selector.strip():
        return None
    try:
        return etree.XPath(_AnyCase().css_to_xpath(selector))
    except (SelectorError, etree.XPathSyntaxError) as error:
        raise ValueError(f"{selector!r} is not a CSS selector: {error}") from None


def select(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """The elements that a selector finds, in the order of the page."""
    path = compile_selector(selector)
    found = path(root) if path is not None else ()
    return [one for one in found if isinstance(one, HtmlElement)] if isinstance(found, list) else []


def element_text(element: HtmlElement) -> str:
    return clean_line(str(element.text_content()))


def first_text(elements: Iterable[HtmlElement]) -> str:
    """The words of the first element that has some."""
    return next(filter(None, map(element_text, elements)), "")
