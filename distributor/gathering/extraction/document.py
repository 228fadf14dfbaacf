"""An HTML page from bytes to a tree: encoding, parsing, CSS selectors, and elements by the words in their names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ...text import clean_line
from ..boilerplate import remove_illegal_characters, remove_includes
from ..mojibake import repair_utf8
from .css_to_xpath import css_to_xpath


def parse_page(body: bytes, charset: str = "") -> HtmlElement | None:
    """A page as a tree; None for an empty one. `charset` is the server's; what the page declares comes next."""
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


@lru_cache(maxsize=512)
def compile_selector(selector: str) -> etree.XPath | None:
    """A selector as XPath; None for an empty one. Raises ValueError in words."""
    if not selector.strip():
        return None
    try:
        return etree.XPath(css_to_xpath(selector))
    except etree.XPathSyntaxError as error:
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


# -- names of elements -------------------------------------------------------------------------------------------------

# `assetPublishDate`, `edn_metaDetails1`, `news-time`: a hundred systems have named one thing, with few different words.
_NAMING = ("class", "id", "data-role", "data-component", "data-testid", "data-qa")
_LONGEST_NAME = 200  # characters of a class or an id that are read
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# What stands around other articles, and not around the one that the page is about.
_ELSEWHERE = re.compile(
    r"(?:comments?|binhluan|related|lienquan|sidebar|aside|footer|menu|nav|navbar|breadcrumbs?|tinkhac|khac|tinmoi|docnhieu|popular"
    r"|trending|recommend\w*|most|widget|banner|ads?|advert\w*|quangcao|weather|popup|modal|calendar|lich)"
)
# `entry-footer`: who wrote a story and when may stand below it.
_OWN_FOOTER = re.compile(r"(?:post|entry|article|news|story|detail)[-_]*footer$", re.IGNORECASE)
_OTHERS = frozenset({"aside", "footer", "nav"})


def has_name(element: HtmlElement) -> bool:
    """Whether an element is called something."""
    return names_of(element) != ""


def names_of(element: HtmlElement) -> str:
    """All that an element is called, as it stands; what is made of it is kept by this, since names repeat on a page."""
    if not element.keys():  # most elements of a long page
        return ""
    get = element.get
    given = [name[:_LONGEST_NAME] for each in _NAMING if (name := get(each))]
    return " ".join(given) if given else ""


def name_words(element: HtmlElement) -> tuple[str, ...]:
    """The words in the names of an element, in small letters: `dateArt` is `date`, `art`."""
    return words_in(names_of(element))


@lru_cache(maxsize=8192)
def words_in(names: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(names))


def joined_names(element: HtmlElement) -> str:
    """The names with the signs between words taken out: `ngay-dang` is `ngaydang`."""
    return joined(names_of(element))


@lru_cache(maxsize=8192)
def joined(names: str) -> str:
    return re.sub(r"[-_]", "", names.lower())


class Surroundings:
    """Whether elements stand beside the article: in a menu, a footer, the comments, a box of other articles.

    What holds the headline is the article, whatever it is called. Each element is asked once, however many lie inside.
    """

    def __init__(self, page: HtmlElement) -> None:
        self._known = {up: False for headline in page.iter("h1") for up in headline.iterancestors()}

    def elsewhere(self, element: HtmlElement) -> bool:
        path = []
        found = False
        for up in (element, *element.iterancestors()):
            if up in self._known:
                found = self._known[up]
                break
            path.append(up)
        for up in reversed(path):
            found = found or _is_other(up)
            self._known[up] = found
        return found


def _is_other(element: HtmlElement) -> bool:
    if element.tag in ("html", "body", "form", "main", "article", "h1"):
        return False
    if element.tag == "footer" and any(up.tag == "article" for up in element.iterancestors()):
        return False  # the article's own: who wrote it and when often stands there
    return element.tag in _OTHERS or _named_for_others(names_of(element))


@lru_cache(maxsize=8192)
def _named_for_others(names: str) -> bool:
    return any(
        _ELSEWHERE.fullmatch(word) for each in names.split() for word in words_in(each) if not _OWN_FOOTER.match(each)
    )


def elements_by_offset(page: HtmlElement) -> Iterator[tuple[int, HtmlElement]]:
    """The elements of a page with the number of characters of text before each: how far apart two of them are."""
    at = 0
    for event, element in _walk(page):
        if event:
            yield at, element
            at += len(element.text or "") if element.tag not in ("script", "style") else 0
        else:
            at += len(element.tail or "")


def _walk(page: HtmlElement) -> Iterator[tuple[bool, HtmlElement]]:
    for event, element in etree.iterwalk(page, events=("start", "end")):
        if isinstance(element.tag, str):
            yield event == "start", element
