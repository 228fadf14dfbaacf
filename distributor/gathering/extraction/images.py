"""The picture of an article on its page. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lxml.html import HtmlElement

from ...model import Image
from ...text import clean_line
from ...url_cleaning import web_address
from ..article_images import is_default, picture_address, pixel_dimension
from .structured_data import StructuredData


def find_image(
    chosen: Sequence[HtmlElement],
    caption: str,
    data: StructuredData,
    url: str,
    in_body: Image | None,
    *,
    doubtful: bool = False,
) -> Image | None:
    """The newsroom's choice; the first picture of the body; what the page names for cards on networks (`og:image`).

    Where the one in the body is `doubtful` (a logo, a portrait), the last goes before it, unless it is the one picture
    that a site gives to every page.
    """
    for element in chosen:
        picture = element if element.tag == "img" else next(element.iter("img"), None)
        address = picture_address(picture, url) if picture is not None else ""
        if picture is not None and address:
            alt = clean_line(picture.get("alt") or "")
            caption = caption or (in_body.caption if in_body and in_body.url == address else "")
            return Image(
                url=address,
                alt=alt,
                caption=caption,
                width=pixel_dimension(picture, "width") or 0,
                height=pixel_dimension(picture, "height") or 0,
            )
    if in_body and not doubtful:
        return replace(in_body, caption=caption) if caption else in_body
    addresses = filter(None, (web_address(address, url) for address in data.images))
    named = next((address for address in addresses if not is_default(address)), "")
    if named:
        return Image(url=named, caption=caption)
    return in_body
