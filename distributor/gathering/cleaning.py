"""Foreign HTML to an article's body: sanitised, absolute, without a portal's furniture. Pure.

What reaches the store is small, safe HTML: paragraphs, headings, lists, quotes, links, pictures, tables. A browser's
idea of safety is not enough: the body also goes into feeds and mails, where style, class and script have no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from ..credentials import without
from ..markup import sanitise
from ..model import Image
from ..text import clean, clean_line
from .furniture import Removal, drop_furniture, is_furniture, parse

_BLOCKS = {
    "p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "figure", "pre", "section",
    "article", "hr",
}  # fmt: skip
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_LONGEST = 1_000_000  # characters of a body
_LONGEST_ADDRESS = 4000  # characters; servers refuse more, and a fault must stay a line that can be read
_UNSAFE = re.compile(r'[\s\x00-\x20\x7f-\xa0"<>]')
_NAME = re.compile(r"[^\W\d_][\w.\-’' ]{1,60}")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A body without its picture and signature, and those two."""

    html: str
    image: Image | None = None
    author: str = ""


def clean_body(html: str, base_url: str, *, lead: str = "", title: str = "") -> Cleaned:
    """A body for the store. `lead` and `title` are not repeated in it; relative addresses are taken from `base_url`.

    It ends after a million characters: no story is longer, and what is takes the sanitiser quadratic time.
    """
    root = parse(html)
    if root is None:
        return Cleaned("")
    drop_furniture(root)
    _absolute(root, base_url)
    blocks = [block for block in _flat(root) if not _is_empty(block)]
    author = _take_signature(blocks)
    blocks = _without(blocks, title, lead, pictures=False)
    image, blocks = _take_picture(blocks)
    blocks = _without(blocks, title, lead)  # once more: the picture may have stood before them, or among their words
    _shorten_closing(blocks)
    return Cleaned(sanitise(_joined(blocks)), image, author)


# -- addresses ---------------------------------------------------------------------------------------------------------


def web_address(url: str, base_url: str) -> str:
    """An absolute http(s) address without user name and password; empty for whatever is none, and for no address.

    Portals link to `tin moi.html`: spaces and the like are written as addresses need, as browsers do.
    """
    # Browsers read `java<tab>script:` as `javascript:` (WHATWG URL, 4.4).
    url = re.sub(r"[\t\r\n]", "", clean(url)).strip()
    if len(url) > _LONGEST_ADDRESS:
        return ""
    try:
        made = without(urljoin(base_url, url) if base_url and url else url)
        parts = urlsplit(made)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or _UNSAFE.search(parts.netloc):
        return ""
    made = _UNSAFE.sub(lambda sign: quote(sign[0]), made)
    return made if len(made) <= _LONGEST_ADDRESS else ""


def picture_address(element: HtmlElement, base_url: str) -> str:
    """Where a picture really is: lazy loaders put a placeholder into `src` and the address elsewhere."""
    candidates = [element.get(name) or "" for name in ("data-src", "data-original", "data-lazy-src")]
    candidates += [_largest(element.get("data-srcset") or ""), element.get("src") or ""]
    candidates += [_largest(element.get("srcset") or "")]
    return next(filter(None, (web_address(candidate, base_url) for candidate in candidates)), "")


def _largest(srcset: str) -> str:
    """The largest picture of a `srcset` (HTML Living Standard, section 4.8.4.2.1)."""
    best, largest = "", 0.0
    for candidate in re.split(r",\s+|(?<=\d[wx]),", srcset):
        url, _, descriptor = candidate.strip(" ,").partition(" ")
        size = re.fullmatch(r"\s*([0-9]{1,5}(?:\.[0-9]{1,3})?)[wx]", descriptor)
        width = float(size[1]) if size else 1.0
        if width > largest:
            best, largest = url, width
    return best


def pixels(text: object) -> int:
    """A width or height; 0 for whatever is none, such as `100%`."""
    digits = re.fullmatch(r"\s*([0-9]{1,5})(?:px)?\s*", str(text or ""))
    return int(digits[1]) if digits else 0


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
        address = picture_address(picture, base_url)
        width, height = pixels(picture.get("width")), pixels(picture.get("height"))
        if not address or width == 1 or height == 1:  # a picture of one pixel counts readers
            removal.drop(picture)
            continue
        kept = {"src": address, "alt": picture.get("alt") or "", "width": width, "height": height}
        picture.attrib.clear()
        for name, value in kept.items():
            if value:
                picture.set(name, str(value))
    removal.finish()


# -- blocks ------------------------------------------------------------------------------------------------------------


def _flat(root: HtmlElement) -> Iterator[HtmlElement]:
    """The blocks of a body in a row: `div`s and the like are opened, loose text becomes paragraphs."""
    return _opened(root, _around_blocks(root))


def _opened(root: HtmlElement, around: Set[HtmlElement]) -> Iterator[HtmlElement]:
    loose = _paragraph()
    _append_text(loose, root.text)
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
        _append_text(loose, tail)
    yield loose


def _paragraph() -> HtmlElement:
    return lxml.html.Element("p")


def _append_text(block: HtmlElement, text: str | None) -> None:
    if not text:
        return
    if len(block):
        block[-1].tail = (block[-1].tail or "") + text
    else:
        block.text = (block.text or "") + text


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
    words = _INVISIBLE.sub("", words_of(block))
    return (not words or is_furniture(words)) and block.tag != "hr" and next(block.iter("img"), None) is None


def words_of(block: HtmlElement) -> str:
    """The words of a block on one line."""
    return clean_line(str(block.text_content()))


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


def _without(blocks: list[HtmlElement], title: str, lead: str, *, pictures: bool = True) -> list[HtmlElement]:
    """The blocks without those at the beginning that say the title or the lead once more; `pictures` with pictures too."""
    said = {_folded(text) for text in (title, lead) if text}
    for at, block in enumerate(blocks):
        shows = not pictures and next(block.iter("img"), None) is not None
        if shows or _folded(words_of(block)) not in said:
            return blocks[at:]
    return []


def _folded(text: str) -> str:
    return close(clean_line(text)).casefold().rstrip(".… ")


def _take_signature(blocks: list[HtmlElement]) -> str:
    """The author's name that stands alone at the end, to the right or in bold; it is taken out of the blocks."""
    if len(blocks) < 2:
        return ""
    last = blocks[-1]
    words = words_of(last)
    strong = next(last.iter("b", "strong"), None)
    bold = strong is not None and words_of(strong) == words
    right = "right" in f"{last.get('align') or ''} {last.get('style') or ''}".lower()
    if (bold or right) and is_name(words) and next(last.iter("img"), None) is None:
        blocks.pop()
        return words
    return ""


def is_name(words: str) -> bool:
    """Whether a line can be the name of an author: a few words with capitals, without a sentence's end."""
    parts = words.split()
    capitals = sum(part[0].isupper() for part in parts if part)
    return bool(_NAME.fullmatch(words)) and len(parts) <= 6 and capitals * 2 > len(parts) and not words.endswith(".")


def _take_picture(blocks: list[HtmlElement]) -> tuple[Image | None, list[HtmlElement]]:
    """The first picture with its caption, taken out of the blocks: it is shown on its own."""
    for at, block in enumerate(blocks):
        picture = next((inner for inner in block.iter("img") if inner.get("src")), None)
        if picture is None:
            continue
        inside = words_of(block)
        following = blocks[at + 1] if at + 1 < len(blocks) else None
        if inside and block.tag != "figure":
            return _image(picture, ""), blocks  # a picture among words stays where it is
        caption, used = inside, at + 1
        if not inside and following is not None and _is_caption(following):
            caption, used = words_of(following), at + 2
        return _image(picture, caption), blocks[:at] + blocks[used:]
    return None, blocks


def _is_caption(block: HtmlElement) -> bool:
    """Whether a paragraph behind a picture is its caption: short, and all in italics or centred."""
    words = words_of(block)
    slanted = next(block.iter("i", "em"), None)
    italic = slanted is not None and words_of(slanted) == words
    centred = "center" in f"{block.get('align') or ''} {block.get('style') or ''}".lower()
    return block.tag in ("p", "figcaption") and len(words) <= 250 and (italic or centred)


def _image(picture: HtmlElement, caption: str) -> Image:
    return Image(
        url=str(picture.get("src")),
        alt=clean_line(picture.get("alt") or "") or caption,
        caption=caption,
        width=pixels(picture.get("width")),
        height=pixels(picture.get("height")),
    )


def _shorten_closing(blocks: list[HtmlElement]) -> None:
    """Official texts end with `./.`; readers need only the full stop."""
    for block in reversed(blocks):
        for inner in reversed([*block.iter()]):
            for name in ("tail", "text"):
                text = getattr(inner, name)
                if inner is block and name == "tail":
                    continue
                if text and text.strip():
                    setattr(inner, name, close(text))
                    return


def close(text: str) -> str:
    """A text that ends with `./.` ended with a full stop."""
    bare = text.rstrip()
    for sign in ("./.", "./"):
        if bare.endswith(sign):
            return bare.removesuffix(sign).rstrip() + "."
    return text
