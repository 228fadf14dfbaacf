"""Captions of the pictures of a body, and the lead picture, which is shown on its own. Pure."""

from __future__ import annotations

import re

import lxml.html
from lxml.html import HtmlElement

from ..model import Image
from ..text import clean_line
from .boilerplate import Removal
from .extraction.document import element_text
from .media import ImageKind, parse_image, recorded_image_kind

_LONGEST = 400  # characters of a caption
_LONGEST_CREDIT = 80  # characters of who made a picture
_STOPS = frozenset(".!?…)")
_MOST_LINES = 6  # rows of a table that is a picture with its caption
_CAPTION = re.compile(
    r"(?:^|[\s_-])(?:[\w-]*caption[\w-]*|chu-?_?thich[\w-]*|photo-?_?(?:desc|note|text)\w*|(?:img|image|pic|picture|media)-?_?(?:desc|note|credit|legend|text|title)\w*"
    r"|desc-?_?(?:img|image|photo)\w*|legend|anh-?_?chu-?_?thich|fig-?_?(?:desc|text|cap)\w*|wp-media-credit|avatardesc|picbox-?desc)(?:$|\s)",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\W*(?:ảnh|hình ảnh|nguồn ảnh|hình|photo|image|picture|credit)\s*(?:minh họa|tư liệu|\d{1,3})?\s*[:.]",
    re.IGNORECASE,
)
_SLANTED = ".//text()[not(ancestor::i or ancestor::em or ancestor::small or ancestor::*[contains(@style, 'italic')])]"


# -- before the boxes of a body are opened -----------------------------------------------------------------------------


def build_figures(root: HtmlElement) -> None:
    """Make one `<figure>` of each picture and its caption, where elements say that they belong together.

    That is: a `<figure>`, a box with something named as a caption, and the table of two rows that editors of provincial
    papers have used for twenty years.
    """
    removal = Removal(root)
    for figure in list(root.iter("figure")):
        _rebuild(figure, removal)
    for table in list(root.iter("table")):
        if not any(up.tag in ("table", "figure") for up in table.iterancestors()):
            _table(table, removal)
    removal.finish()
    for caption in [
        one
        for one in root.iter("p", "div", "span", "figcaption", "em", "i", "small", "dd", "h5", "h6")
        if _is_named(one)
    ]:
        _box(caption, root)


def _is_named(element: HtmlElement) -> bool:
    if any(up.tag == "figure" for up in element.iterancestors()):
        return False
    return element.tag == "figcaption" or bool(_CAPTION.search((element.get("class") or "")[:200]))


def _rebuild(figure: HtmlElement, removal: Removal) -> None:
    """A figure of pictures and words alone, in plain form; one that holds a table, a video or a text stays as it is."""
    pictures = _pictures(figure)
    if not pictures or next(figure.iter("table", "ul", "ol", "pre", "blockquote"), None) is not None:
        return
    words = _spaced(next(figure.iter("figcaption"), figure))
    if len(element_text(figure)) > 2 * _LONGEST or len(words) > _LONGEST:
        return
    _fill(figure, pictures, words)


def _table(table: HtmlElement, removal: Removal) -> None:
    """A table that is pictures with their captions below: one of each, or as many captions as pictures."""
    pictures = _pictures(table)
    rows = list(table.iter("tr"))
    if not pictures or len(rows) > _MOST_LINES or len(str(table.text_content())) > 20 * _LONGEST:
        return
    cells = [cell for row in rows for cell in row.iter("td", "th") if next(cell.iter("td", "th", "tr"), cell) is cell]
    texts = [words for cell in cells if (words := element_text(cell))]
    if any(len(words) > _LONGEST for words in texts) or len(texts) > len(pictures):
        return
    if len(texts) == len(pictures) > 1:
        table.tag, table.text = "div", None
        made = [_figure([picture], words) for picture, words in zip(pictures, texts, strict=True)]
        for child in list(table):
            table.remove(child)
        table.extend(made)
    elif len(texts) <= 1:
        table.tag = "figure"
        _fill(table, pictures, texts[0] if texts else "")


def _box(caption: HtmlElement, root: HtmlElement) -> None:
    """The picture before something named as a caption, in the smallest box that holds both and little else."""
    words = element_text(caption)
    if not words or len(words) > _LONGEST:
        return
    for number, box in enumerate(caption.iterancestors()):
        if box is root or number > 3 or box.tag in ("article", "body", "main", "td"):
            break
        pictures = _pictures(box)
        if pictures:
            if element_text(box) == words:
                box.tag = "figure"
                _fill(box, pictures, words)
                return
            break
    before = caption.getprevious()
    if before is not None and caption.tag == "figcaption" and before.tag == "figure" and _pictures(before):
        credit = _spaced(before)
        words = words if not credit or credit in words or len(credit) > _LONGEST_CREDIT else f"{words} ({credit})"
        _fill(before, _pictures(before), words)
        before.tail = None
        _leave(caption)
        return
    if before is not None and _pictures(before) and not element_text(before) and not (before.tail or "").strip():
        before.tag = "figure"
        _fill(before, _pictures(before) if before.tag != "img" else [before], words)
        before.tail = None
        _leave(caption)


def _leave(caption: HtmlElement) -> None:
    """Remove an element; the text behind it stays."""
    before, parent = caption.getprevious(), caption.getparent()
    if parent is not None and before is not None:
        before.tail = (before.tail or "") + (caption.tail or "")
        parent.remove(caption)


def _spaced(element: HtmlElement) -> str:
    """The words of an element, with a space between its parts where only the style sets them apart (`…bến.<span>AFP`)."""
    made = ""
    for part in element.itertext():
        text = str(part)
        apart = made[-1:] in _STOPS or made[-1:].islower()
        made += f" {text}" if made and apart and text[:1].isupper() else text
    return clean_line(made)


def _pictures(element: HtmlElement) -> list[HtmlElement]:
    return [picture for picture in element.iter("img") if picture.get("src")][:50]


def _figure(pictures: list[HtmlElement], words: str) -> HtmlElement:
    figure = lxml.html.Element("figure")
    _fill(figure, pictures, words)
    return figure


def _fill(figure: HtmlElement, pictures: list[HtmlElement], words: str) -> None:
    for picture in pictures:
        picture.tail = None
    for child in list(figure):
        figure.remove(child)
    figure.text = None
    figure.attrib.clear()
    figure.extend(pictures)
    if words:
        caption = lxml.html.Element("figcaption")
        caption.text = words
        figure.append(caption)


# -- blocks in a row ---------------------------------------------------------------------------------------------------


def attach_captions(blocks: list[HtmlElement]) -> list[HtmlElement]:
    """The blocks with each caption in one figure with the picture before it."""
    made: list[HtmlElement] = []
    for block in blocks:
        before = made[-1] if made else None
        if before is not None and _shows_only(before) and not element_text(before) and _is_caption(block):
            made[-1] = _figure(_pictures(before), element_text(block))
        else:
            made.append(_own_caption_figure(block))
    return made


def _shows_only(block: HtmlElement) -> bool:
    """Whether a block is a picture and can be a figure; a list or a table of pictures cannot."""
    return block.tag in ("p", "figure", "h2", "h3", "h4") and bool(_pictures(block))


def _own_caption_figure(block: HtmlElement) -> HtmlElement:
    """A paragraph whose only words are a caption below its picture, in italics or centred, as a figure."""
    if block.tag != "p" or not _pictures(block):
        return block
    words = element_text(block)
    first = next((one for one in block.iter("img")), None)
    ahead = (block.text or "").strip() or first is None
    if not words or len(words) > _LONGEST or ahead or not (_all_slanted(block) or _is_centred(block)):
        return block
    return _figure(_pictures(block), words)


def _is_caption(block: HtmlElement) -> bool:
    """Whether a paragraph behind a picture is its caption: short, and all in italics, centred, or begun as one."""
    words = element_text(block)
    if block.tag not in ("p", "figcaption", "h4") or not words or len(words) > _LONGEST or _pictures(block):
        return False
    return _is_centred(block) or _all_slanted(block) or _BEGINS.match(words) is not None


def _is_centred(block: HtmlElement) -> bool:
    return "center" in f"{block.get('align') or ''} {block.get('style') or ''} {block.get('class') or ''}".lower()


def _all_slanted(block: HtmlElement) -> bool:
    return not any(str(text).strip() for text in block.xpath(_SLANTED))


# -- the first picture -------------------------------------------------------------------------------------------------


def extract_lead_picture(blocks: list[HtmlElement]) -> tuple[Image | None, list[HtmlElement], bool]:
    """The first picture with its caption, taken out of the blocks, and whether it is in doubt.

    A doubtful one (a logo, a portrait) is taken only where there is no other, and stays in the body. A picture among
    words stays there, too.
    """
    doubtful: Image | None = None
    for at, block in enumerate(blocks):
        for picture in _pictures(block):
            kind = recorded_image_kind(picture)
            caption = element_text(block) if block.tag == "figure" else ""
            if kind is ImageKind.DOUBTFUL and doubtful is None:
                doubtful = parse_image(picture, caption)
            if kind is not ImageKind.PICTURE:
                continue
            if element_text(block) and block.tag != "figure":
                return parse_image(picture, ""), blocks, False
            others = [one for one in _pictures(block) if one is not picture]
            if others:
                return parse_image(picture, ""), [*blocks[:at], _figure(others, caption), *blocks[at + 1 :]], False
            return parse_image(picture, caption), blocks[:at] + blocks[at + 1 :], False
    return doubtful, blocks, doubtful is not None
