"""Foreign HTML cleaned to an article's body: sanitised, absolute addresses, no boilerplate. Pure.

What reaches the store is small, safe HTML: paragraphs, headings, lists, quotes, links, pictures, tables. A browser's
idea of safety is not enough: the body also goes into feeds and emails, where style, class and script have no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..html_sanitizer import sanitize_html
from ..model import Image
from ..text import clean_line
from ..url_cleaning import web_address
from .boilerplate import Removal, is_boilerplate, parse_html, remove_boilerplate, remove_interactive
from .bylines import extract_signature
from .captions import attach_captions, build_figures, extract_lead_picture
from .extraction.document import element_text
from .extraction.text_runs import append_text
from .media import ImageKind, normalize_image, replace_embedded_media
from .widgets import is_dateline, is_page_line, remove_widgets

_BLOCKS = {
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "figure", "pre", "section",
    "article", "hr",
}  # fmt: skip
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_LONGEST_BYLINE = 40  # characters beside the names
_LONGEST = 1_000_000  # characters of a body


@dataclass(frozen=True, slots=True)
class CleanedBody:
    """A body without its picture and signature, and those two.

    `photographer` is who is named for the pictures. A picture is `doubtful` that may be a logo or a portrait.
    """

    html: str
    image: Image | None = None
    author: str = ""
    photographer: str = ""
    doubtful: bool = False


def clean_body(html: str, base_url: str, *, lead: str = "", title: str = "") -> CleanedBody:
    """A body for the store. `lead` and `title` are not repeated in it; relative addresses are taken from `base_url`.

    It ends after a million characters: no story is longer, and what is takes the sanitiser quadratic time.
    """
    root = parse_html(html)
    if root is None:
        return CleanedBody("")
    replace_embedded_media(root)
    remove_interactive(root)
    remove_widgets(root)
    return clean_tree(root, base_url, lead=lead, title=title)


def clean_tree(root: HtmlElement, base_url: str, *, lead: str = "", title: str = "", names: str = "") -> CleanedBody:
    """`clean_body` of a tree, which is used up; its illegal characters are removed already. `names` are those of the
    authors as the page gives them: a line of them above the text is no part of it."""
    remove_boilerplate(root)
    _absolute(root, base_url)
    build_figures(root)
    blocks = [block for block in _flat(root) if not _is_empty(block)]
    signed = extract_signature(blocks)
    blocks = attach_captions(_without(blocks, title, lead, names, pictures=False))
    image, blocks, doubtful = extract_lead_picture(blocks)
    blocks = _without(
        blocks, title, lead, names
    )  # once more: the picture may have stood before them, or among their words
    _shorten_closing(blocks)
    return CleanedBody(sanitize_html(_joined(blocks)), image, signed.author, signed.photographer, doubtful)


# -- addresses ---------------------------------------------------------------------------------------------------------


def _absolute(root: HtmlElement, base_url: str) -> None:
    """Absolute addresses for links and pictures. Those that lead nowhere go: a link leaves its words behind."""
    removal = Removal(root)
    for link in list(root.iter("a")):
        href = (link.get("href") or "").strip()
        if not href.lower().startswith("mailto:"):
            href = "" if href.startswith("#") else web_address(href, base_url)
        if href:
            link.set("href", href)
        else:
            removal.unwrap(link)
    for picture in list(root.iter("img")):
        kind = normalize_image(picture, base_url)
        if kind is ImageKind.EMOJI:
            picture.text = clean_line(picture.get("alt") or "")
            removal.unwrap(picture)
        elif kind is ImageKind.NONE:
            removal.drop(picture)
    removal.finish()


# -- blocks ------------------------------------------------------------------------------------------------------------


def _flat(root: HtmlElement) -> Iterator[HtmlElement]:
    """The blocks of a body in a row: `div`s and the like are opened, loose text becomes paragraphs."""
    return _opened(root, _around_blocks(root))


def _opened(root: HtmlElement, around: Set[HtmlElement]) -> Iterator[HtmlElement]:
    loose = _paragraph()
    append_text(loose, root.text)
    for child in list(root):
        if not isinstance(child.tag, str):
            continue
        tail, child.tail = child.tail, None
        if child.tag not in _BLOCKS and child not in around:
            if child.tag == "br" and len(loose) and loose[-1].tag == "br":
                yield loose
                loose = _paragraph()
            else:
                loose.append(child)
        else:
            yield loose
            loose = _paragraph()
            opened = (
                child.tag not in _BLOCKS
                or child.tag in ("div", "section", "article")
                or (child.tag == "p" and child in around)
            )
            yield from _opened(child, around) if opened else [_heading(child)]
        append_text(loose, tail)
    yield loose


def _paragraph() -> HtmlElement:
    return lxml.html.Element("p")


def _around_blocks(root: HtmlElement) -> Set[HtmlElement]:
    """The elements with a block inside. Each is found once, however many blocks it holds and however deep they lie."""
    around: set[HtmlElement] = set()
    for block in root.iter(*_BLOCKS):
        for up in block.iterancestors():
            if up in around:
                break
            around.add(up)
    return around


def _heading(block: HtmlElement) -> HtmlElement:
    """Headings begin below the title's: h1 becomes h2, h5 and h6 become h4."""
    block.tag = {"h1": "h2", "h5": "h4", "h6": "h4"}.get(str(block.tag), block.tag)
    return block


def _is_empty(block: HtmlElement) -> bool:
    """Whether a block shows nothing, or only a toolbar's words that stood loose on the page."""
    words = _INVISIBLE.sub("", element_text(block))
    return (
        (not words or is_boilerplate(words) or is_page_line(words))
        and block.tag != "hr"
        and next(block.iter("img"), None) is None
    )


def _html(block: HtmlElement) -> str:
    return str(etree.tostring(block, encoding="unicode", method="html", with_tail=False))


def _joined(blocks: list[HtmlElement]) -> str:
    made, left = [], _LONGEST
    for block in blocks:
        text = _html(block)
        left -= len(text)
        if left < 0:
            break
        made.append(text)
    return "".join(made)


def _without(
    blocks: list[HtmlElement], title: str, lead: str, names: str, *, pictures: bool = True
) -> list[HtmlElement]:
    """The blocks without those at the beginning that say the title, the lead, the date or the authors once more; `pictures`
    with pictures too."""
    known = {_folded(text) for text in (title, lead) if text}
    for at, block in enumerate(blocks):
        shows = not pictures and next(block.iter("img"), None) is not None
        words = element_text(block)
        again = _folded(words) in known or (title and _says_date(words, title)) or _says_authors(words, names)
        if shows or not again:
            return blocks[at:]
    return []


def _says_date(words: str, title: str) -> bool:
    """Whether a line is a date, or the title and the date behind it (`Title (Cập nhật: 21/11/2026)`)."""
    line = words.removeprefix(title).strip(" ()[]|-–")
    return is_dateline(line) or (is_page_line(line) and any(map(str.isdigit, line)))


def _says_authors(words: str, names: str) -> bool:
    """Whether a line is a byline: the names of the authors, and little else (`A. Meier, Berlin`)."""
    if not names or len(words) > len(names) + _LONGEST_BYLINE or words.endswith((".", "!", "?", ":", "”", '"')):
        return False
    rest = words.casefold()
    for name in names.casefold().split(", "):
        if name not in rest:
            return False
        rest = rest.replace(name, "", 1)
    return len(rest) <= _LONGEST_BYLINE


def _folded(text: str) -> str:
    return normalize_full_stop(clean_line(text)).casefold().rstrip(".… ")


def _shorten_closing(blocks: list[HtmlElement]) -> None:
    """End a body with a full stop in place of the `./.` of official texts."""
    for block in reversed(blocks):
        for inner in reversed([*block.iter()]):
            for name in ("tail", "text"):
                text = getattr(inner, name)
                if inner is block and name == "tail":
                    continue
                if text and text.strip():
                    setattr(inner, name, normalize_full_stop(text))
                    return


def normalize_full_stop(text: str) -> str:
    """A text that ends with `./.` ended with a full stop."""
    bare = text.rstrip()
    for sign in ("./.", "./"):
        if bare.endswith(sign):
            return bare.removesuffix(sign).rstrip() + "."
    return text
