"""The first picture of a body with its caption: it is shown on its own. Pure."""

from __future__ import annotations

from lxml.html import HtmlElement

from ..model import Image
from .article_images import image_of
from .extraction.document import words_of


def take_picture(blocks: list[HtmlElement]) -> tuple[Image | None, list[HtmlElement]]:
    """The first picture with its caption, taken out of the blocks: it is shown on its own."""
    for at, block in enumerate(blocks):
        picture = next((inner for inner in block.iter("img") if inner.get("src")), None)
        if picture is None:
            continue
        inside = words_of(block)
        following = blocks[at + 1] if at + 1 < len(blocks) else None
        if inside and block.tag != "figure":
            return image_of(picture, ""), blocks  # a picture among words stays where it is
        caption, used = inside, at + 1
        if not inside and following is not None and _is_caption(following):
            caption, used = words_of(following), at + 2
        return image_of(picture, caption), blocks[:at] + blocks[used:]
    return None, blocks


def _is_caption(block: HtmlElement) -> bool:
    """Whether a paragraph behind a picture is its caption: short, and all in italics or centred."""
    words = words_of(block)
    slanted = next(block.iter("i", "em"), None)
    italic = slanted is not None and words_of(slanted) == words
    centred = "center" in f"{block.get('align') or ''} {block.get('style') or ''}".lower()
    return block.tag in ("p", "figcaption") and len(words) <= 250 and (italic or centred)
