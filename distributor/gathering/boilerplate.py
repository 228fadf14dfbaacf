"""Boilerplate of portals' pages, removed from articles: scripts, toolbars, block names, related news. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..text import FORBIDDEN, clean, clean_line

_DROPPED = (
    "script", "style", "noscript", "iframe", "object", "embed", "form", "button", "input", "select", "svg", "nav", "template"
)  # fmt: skip
_SCRIPTED = re.compile(r"\s*javascript:", re.IGNORECASE)
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
_COMPOSABLE = re.compile("[\u0300-\u036f\u0591-\u0e00\u0f00-\u1200\u1b00-\u1d00\u3099\u309a\ufb1d-\ufb4f]")
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{1,8})|0*([0-9]{1,10}));?", re.IGNORECASE)
_LONGEST_LINE = 300  # characters of a line of boilerplate
_LONGEST = 2000  # characters; what is longer is no boilerplate, and is not compared word by word
_WHOLE = frozenset({"div", "p", "li", "h2", "h3", "h4", "ul", "td"})
_INLINE = frozenset({"span", "a", "strong", "b"})
_WITHIN_LINES = _INLINE | {
    "abbr", "bdi", "cite", "code", "del", "em", "font", "i", "ins", "label", "mark", "q", "s", "small", "sub", "sup",
    "time", "u",
}  # fmt: skip
_INCLUDING = etree.XPath("descendant-or-self::*[@*[contains(., '<!--')]]")
_GONE, _UNWRAPPED = "x-gone", "x-unwrapped"  # tags of what is removed at the end, all at once


def remove_illegal_characters(html: str) -> str:
    """HTML of characters that XML allows, references such as `&#8;` included: a tree refuses to be changed with others."""
    # Composing all of a page takes as long as parsing it, and what is read out of it is composed again: it is done only
    # where there is something to compose.
    if _COMPOSABLE.search(html):
        text = clean(html)
    else:
        text = FORBIDDEN.sub("", html.replace("\r\n", "\n").replace("\r", "\n"))
    return _REFERENCE.sub(_legal_reference, text) if "&#" in text else text


def _legal_reference(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if code <= 0x10FFFF and clean(chr(code)) else ""


def parse_html(html: str) -> HtmlElement | None:
    """A tree of a fragment or a page; None where there is nothing in it."""
    html = remove_illegal_characters(html)
    if not html.strip():
        return None
    try:
        parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True)
        root = lxml.html.fromstring(f"<div>{html}</div>".encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return remove_includes(root, html)


def remove_includes(root: HtmlElement, html: str) -> HtmlElement:
    """A tree of this HTML without attributes that hold `<!--`: libxml2 searches the end of each when it writes them."""
    if "!--" in html:
        found = _INCLUDING(root)
        assert isinstance(found, list)
        for element in found:
            assert isinstance(element, HtmlElement)
            for name, value in element.attrib.items():
                if "<!--" in value:
                    del element.attrib[name]
    return root


class Removal:
    """Elements to remove from a tree, all at once: one by one, each would carry the text behind it to the text before."""

    def __init__(self, root: HtmlElement) -> None:
        self._root = root
        self._unwrapped = False
        self._gone: set[HtmlElement] = set()

    def drop(self, element: HtmlElement) -> None:
        """Remove an element with all that is in it; the text behind it stays."""
        self._gone.add(element)

    def unwrap(self, element: HtmlElement) -> None:
        """Remove an element around what is in it."""
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


def remove_boilerplate(root: HtmlElement) -> None:
    """Remove from a tree what belongs to the page: scripts, hidden elements, toolbars, block names, related news."""
    remove_interactive(root)
    removal = Removal(root)
    for element, letters in _sized(root):
        if letters >= _LONGEST_LINE * 3 or removal.covers(element):
            continue
        inline = element.tag in _INLINE
        words = clean_line(str(element.text_content()))
        if _RELATED.fullmatch(words):
            _drop_related(element, root, removal)
        elif words and (_SURE.fullmatch(words) if inline else is_boilerplate(words)):
            removal.drop(element)
    removal.finish()


def _sized(root: HtmlElement) -> list[tuple[HtmlElement, int]]:
    """The elements that may be boilerplate, in the order of the document, and how many characters each holds."""
    found: list[tuple[HtmlElement, int]] = []
    places: list[tuple[int, int]] = []  # of the elements that are open: where each stands, and the letters before it
    letters = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            places.append((len(found), letters))
            found.append((element, 0))
            letters += len(element.text or "")
        else:
            at, before = places.pop()
            found[at] = (element, letters - before)
            letters += len(element.tail or "")
    return [
        (element, size) for element, size in found[1:] if size and (element.tag in _INLINE or element.tag in _WHOLE)
    ]


def remove_interactive(root: HtmlElement) -> None:
    """Remove scripts, controls, menus and hidden elements. A form that the page itself stands in is only unwrapped, and
    so is a link in a sentence that runs a script: its words belong to the text."""
    removal = Removal(root)
    letters, scripted = -1, False
    for element in root.iter(etree.Element):
        if element is root:
            continue
        tag, style = element.tag, element.get("style")
        if tag == "form":
            letters = len(str(root.text_content())) if letters < 0 else letters
            if _holds_page(element, letters):
                removal.unwrap(element)
                continue
        runs_script = tag == "a" and _SCRIPTED.match(element.get("href") or "") is not None
        if (tag == "button" or runs_script) and _is_heading(element):
            removal.unwrap(element)
            continue
        scripted = scripted or runs_script
        hidden = (style is not None and _HIDDEN.search(style)) or element.get("hidden") is not None
        if tag in _DROPPED or hidden:
            removal.drop(element)
    for link, in_sentence in _scripted_links(root, removal) if scripted else ():
        words = clean_line(str(link.text_content()))
        if in_sentence and not is_boilerplate(words) and not _RELATED.fullmatch(words):
            removal.unwrap(link)
        else:
            removal.drop(link)
    removal.finish()


@dataclass(slots=True)
class _Line:
    """What stands between two edges of blocks. `has_words`: letters outside of links."""

    has_words: bool = False


def _scripted_links(root: HtmlElement, removal: Removal) -> list[tuple[HtmlElement, bool]]:
    """The links that run a script, and whether other words stand in their line. Read once, whatever there is of them."""
    found: list[tuple[HtmlElement, _Line]] = []
    line, unread = _Line(), 0  # elements that are open and whose words do not count
    for event, element in etree.iterwalk(root, events=("start", "end")):
        aside = element.tag == "a" or removal.covers(element)
        if element.tag not in _WITHIN_LINES:
            line = _Line()
        if event == "start":
            if element.tag == "a" and _SCRIPTED.match(element.get("href") or ""):
                found.append((element, line))
            unread += aside
            text = element.text
        else:
            unread -= aside
            text = element.tail if element is not root else None
        if text and not unread and not line.has_words:
            line.has_words = any(map(str.isalpha, text))
    return [(link, line.has_words) for link, line in found]


def _is_heading(control: HtmlElement) -> bool:
    """Whether a button or a link is all of a heading: it opens the text below, as in lists of questions and answers."""
    parent = control.getparent()
    return (
        parent is not None
        and parent.tag in ("h2", "h3", "h4", "h5", "h6", "summary", "dt")
        and len(clean_line(str(parent.text_content()))) == len(clean_line(str(control.text_content())))
    )


def _holds_page(form: HtmlElement, letters: int) -> bool:
    """Whether a form is what a page stands in, as ASP.NET has it: it holds half of the words, or the headline."""
    return len(str(form.text_content())) * 2 >= letters or next(form.iter("h1"), None) is not None


def is_boilerplate(words: str) -> bool:
    """Whether a line is made of a toolbar's words or a block's name and nothing else."""
    if len(words) >= _LONGEST_LINE:
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
