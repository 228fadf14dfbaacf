"""The picture of an article on its page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lxml.html import HtmlElement

from ...model import Image
from ...text import clean_line
from ..addresses import web_address
from ..article_images import picture_address, pixels
from .structured_data import StructuredData


def find_image(
    chosen: Sequence[HtmlElement], caption: str, data: StructuredData, url: str, in_body: Image | None
) -> Image | None:
    for element in chosen:
        picture = element if element.tag == "img" else next(element.iter("img"), None)
        address = picture_address(picture, url) if picture is not None else ""
        if picture is not None and address:
            alt = clean_line(picture.get("alt") or "")
            caption = caption or (in_body.caption if in_body and in_body.url == address else "")
            return Image(
                url=address,
                alt=alt or caption,
                caption=caption,
                width=pixels(picture.get("width")),
                height=pixels(picture.get("height")),
            )
    if in_body:
        return replace(in_body, caption=caption, alt=in_body.alt or caption) if caption else in_body
    address = web_address(data.image, url) if data.image else ""
    return Image(url=address, caption=caption, alt=caption) if address else None
