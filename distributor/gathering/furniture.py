"""What on a portal's page belongs to the page and not to the story: toolbars, block names, related news. Pure."""

from __future__ import annotations

import re

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..text import clean, clean_line

_DROPPED = (
    "script", "style", "noscript", "iframe", "object", "embed", "form", "button", "input", "select", "svg", "nav", "template"
)  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

# Words of toolbars; compared with whole lines, and inside a line only where nobody could mean anything else by them.
_SIZES = r"(?:tăng|giảm) cỡ chữ|cỡ chữ|a[+-]"
_TOOLS = re.compile(
    _SIZES + r"|in (?:bài|trang)(?: viết| này)?|bản in|xem bản in|gửi (?:e-?mail|bài viết)|email|facebook|twitter|zalo"
    r"|chia sẻ(?: bài viết| facebook| zalo)?|lưu bài(?: viết)?|phản hồi|bình luận|quay lại|về đầu trang|đọc bài viết"
    r"|nghe đọc bài|like|share|tweet|print",
    re.IGNORECASE,
)
_SURE = re.compile(_SIZES + r"|in bài(?: viết| này)?|xem bản in|về đầu trang|nghe đọc bài", re.IGNORECASE)
# Each word is read once and never given back (`++`): a text without spaces is one word of any length.
_BLOCK_NAME = re.compile(r"(?<!\w)(?=\w*Portal)\w++\s*+[-–]\s*+Block_\w++|Block_[A-Za-z]++_[A-Za-z]++")
_RELATED = re.compile(
    r"(?:các )?(?:tin|bài)(?: viết)? (?:khác|liên quan|cùng chuyên mục|mới hơn|cũ hơn|đã đưa|nổi bật):?"
    r"|có thể bạn quan tâm:?|xem thêm:?|đọc thêm:?|related (?:articles|news):?",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{1,8})|0*([0-9]{1,10}));?", re.IGNORECASE)
_LONGEST = 2000  # characters; what is longer is no furniture, and is not looked at word by word
_WHOLE = frozenset({"div", "p", "li", "h2", "h3", "h4", "ul", "td"})
_INLINE = frozenset({"span", "a", "strong", "b"})
_GONE, _UNWRAPPED = "x-gone", "x-unwrapped"  # tags of what is taken out at the end, all at once


def legal(html: str) -> str:
    """HTML of characters that XML allows, references such as `&#8;` included: a tree refuses to be changed with others."""
    return _REFERENCE.sub(_legal_reference, clean(html))


def _legal_reference(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if code <= 0x10FFFF and clean(chr(code)) else ""


def parse(html: str) -> HtmlElement | None:
    """A tree of a fragment or a page; None where there is nothing in it."""
    html = legal(html)
    if not html.strip():
        return None
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True)
        root = lxml.html.fromstring(f"<div>{html}</div>".encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return without_includes(root, html)


def without_includes(root: HtmlElement, html: str) -> HtmlElement:
    """A tree of this HTML without attributes that hold `<!--`: libxml2 looks for the end of each when it writes them."""
    if "!--" in html:
        for element in root.iter(etree.Element):
            for name, value in element.attrib.items():
                if "<!--" in value:
                    del element.attrib[name]
    return root


class Removal:
    """Elements to take out of a tree, all at once: one by one, each would carry the text behind it to the text before."""

    def __init__(self, root: HtmlElement) -> None:
        self._root = root
        self._unwrapped = False
        self._gone: set[HtmlElement] = set()

    def drop(self, element: HtmlElement) -> None:
        """Take an element out with all that is in it; the text behind it stays."""
        self._gone.add(element)

    def unwrap(self, element: HtmlElement) -> None:
        """Take an element away around what is in it."""
        element.tag = _UNWRAPPED
        self._unwrapped = True

    def covers(self, element: HtmlElement) -> bool:
        """Whether an element goes. Asked of every element in the order of the document, it knows those inside, too."""
        if element in self._gone:
            return True
        if element.getparent() not in self._gone:
            return False
        self._gone.add(element)
        return True

    def finish(self) -> None:
        for element in self._gone - {self._root}:
            element.tag = _GONE
        if self._gone:
            etree.strip_elements(self._root, _GONE, with_tail=False)
        if self._unwrapped:
            etree.strip_tags(self._root, _UNWRAPPED)


def drop_furniture(root: HtmlElement) -> None:
    """Take out of a tree what belongs to the page: scripts, hidden elements, toolbars, block names, related news."""
    _drop_what_acts(root)
    removal = Removal(root)
    for element in root.iter():
        if element is root or not isinstance(element.tag, str) or removal.covers(element):
            continue
        inline = element.tag in _INLINE
        if not inline and element.tag not in _WHOLE:
            continue
        text = str(element.text_content())
        words = clean_line(text) if len(text) < _LONGEST else ""
        if _RELATED.fullmatch(words):
            _drop_related(element, root, removal)
        elif words and (_SURE.fullmatch(words) if inline else is_furniture(words)):
            removal.drop(element)
    removal.finish()


def _drop_what_acts(root: HtmlElement) -> None:
    removal = Removal(root)
    for element in root.iter():
        if element is root or not isinstance(element.tag, str):
            continue
        hidden = _HIDDEN.search(element.get("style") or "") or element.get("hidden") is not None
        scripted = element.tag == "a" and (element.get("href") or "").strip().lower().startswith("javascript:")
        if element.tag in _DROPPED or hidden or scripted:
            removal.drop(element)
    removal.finish()


def is_furniture(words: str) -> bool:
    """Whether a line is made of a toolbar's words or a block's name and nothing else."""
    if len(words) >= _LONGEST:
        return False
    rest = _BLOCK_NAME.sub(" ", words)
    parts = [part for part in re.split(r"\s{2,}|[|•·]|(?<=chữ)\s+", rest) if part.strip()]
    return all(_TOOLS.fullmatch(part.strip()) for part in parts)


def _drop_related(heading: HtmlElement, root: HtmlElement, removal: Removal) -> None:
    """A heading of related news goes with the block it opens, if that is mostly links, or with the list behind it."""
    block = heading.getparent()
    if block is not None and block is not root and heading.getprevious() is None and not clean_line(block.text or ""):
        links = sum(len(clean_line(link.text_content())) for link in block.iter("a"))
        words = len(clean_line(block.text_content())) - len(clean_line(heading.text_content()))
        if links * 2 >= words:
            removal.drop(block)
            return
    following = heading.getnext()
    if following is not None and following.tag in ("ul", "ol"):
        removal.drop(following)
    removal.drop(heading)
