"""An article extracted from its page: by CSS selectors where the newsroom gives them, else by what pages usually say. Pure.

For each field, in this order: the newsroom's selector; machine-read data (JSON-LD, OpenGraph, meta); the class names
that Vietnamese portals use; for the body at last trafilatura, which finds the main text of a page by its shape. Title,
body and date are searched further where their selector finds nothing; without them an article is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, tzinfo
from typing import Annotated

from lxml.html import HtmlElement
from pydantic import Field

from ...model import Image
from ...text import clean_line
from ...url_cleaning import web_address
from ..boilerplate import remove_interactive
from ..bylines import choose_author
from ..cleaning import CleanedBody, clean_tree, normalize_full_stop
from ..media import is_default, picture_address, pixel_dimension, replace_embedded_media
from .body import find_body, join_selected_body
from .document import base_url, element_text, first_text, select
from .metadata import find_author, find_breadcrumbs, find_lead, find_title, sections_of
from .page_dates import DateEvidence, find_dates
from .selectors import Selectors
from .structured_data import StructuredData


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedArticle:
    """What a page says of its article. Texts are clean; `published` is None where the page does not say.

    `topics` are what the selector finds, else the sections that the page names as such; `breadcrumbs` are
    the sections of its path of links. `doubt` reports a date that stands there and cannot be read.
    """

    title: Annotated[str, "title, on the page of an article", Field(examples=[".tieude"])] = ""
    lead: Annotated[str, "lead", Field(examples=[".tomtat"])] = ""
    body_html: str = ""
    missed: tuple[str, ...] = ()  # the selectors that find nothing on this page
    author: Annotated[str, "author", Field(examples=[".tacgia"])] = ""
    published: datetime | None = None
    updated: datetime | None = None
    doubt: str = ""
    topics: tuple[str, ...] = ()
    breadcrumbs: tuple[str, ...] = ()
    image: Image | None = None


_OF_ARTICLES = ("title", "date", "lead", "body", "image", "caption", "author", "topic")


def extract_article(
    page: HtmlElement, url: str, selectors: Selectors, zone: tzinfo, *, hint: str = ""
) -> ExtractedArticle:
    """The article of a page. `hint` is the text of the link that led here: often the cleanest title there is."""
    address, url = url, base_url(page, url)
    held = list(page.iter())  # lxml makes each element anew for each walk, unless somebody holds it
    data = StructuredData(page)
    # What was asked for by name is taken before the boilerplate goes: a topic often stands in the navigation.
    chosen = {each.name: select(page, getattr(selectors, each.name)) for each in fields(selectors)}
    trail = find_breadcrumbs(page, data)  # it often stands in the navigation, too
    replace_embedded_media(page)
    remove_interactive(page)
    title = first_text(chosen["title"]) or find_title(page, data, hint)
    dates = find_dates(DateEvidence(page, chosen["date"], data, title, address), zone)
    named = first_text(chosen["author"]) if selectors.author else find_author(page, data)
    lead = first_text(chosen["lead"]) if selectors.lead else find_lead(page, data)
    body = join_selected_body(chosen["body"]) if chosen["body"] else find_body(page, url, data.body, title)
    cleaned = clean_tree(body, url, lead=lead, title=title, names=named) if body is not None else None
    topics = [element_text(found) for found in chosen["topic"]] or data.sections
    del held
    return ExtractedArticle(
        title=title,
        lead=normalize_full_stop(lead),
        body_html=cleaned.html if cleaned else "",
        missed=tuple(name for name in _OF_ARTICLES if getattr(selectors, name) and not chosen[name]),
        author=named if selectors.author and named else _author(named, cleaned),
        published=dates.published,
        updated=dates.updated,
        doubt=dates.doubt,
        topics=tuple(dict.fromkeys(filter(None, topics))),
        breadcrumbs=tuple(sections_of(trail, title, data.site_names)),
        image=_choose_image(chosen, data, url, cleaned),
    )


def _author(named: str, cleaned: CleanedBody | None) -> str:
    """Who signed goes before whom the page names, people before organisations, and a photographer is the last resort."""
    signed, photographer = (cleaned.author, cleaned.photographer) if cleaned else ("", "")
    return choose_author([signed, named]) or photographer


def _choose_image(
    chosen: Mapping[str, Sequence[HtmlElement]], data: StructuredData, url: str, cleaned: CleanedBody | None
) -> Image | None:
    """The newsroom's choice; the first picture of the body; what the page names for cards on networks (`og:image`).

    Where the one in the body is doubtful (a logo, a portrait), the last goes before it, unless it is the one picture that a
    site gives to every page.
    """
    in_body = cleaned.image if cleaned else None
    caption = first_text(chosen["caption"])
    for element in chosen["image"]:
        picture = element if element.tag == "img" else next(element.iter("img"), None)
        address = picture_address(picture, url) if picture is not None else ""
        if picture is not None and address:
            return Image(
                url=address,
                alt=clean_line(picture.get("alt") or ""),
                caption=caption or (in_body.caption if in_body and in_body.url == address else ""),
                width=pixel_dimension(picture, "width") or 0,
                height=pixel_dimension(picture, "height") or 0,
            )
    if in_body and not (cleaned and cleaned.doubtful):
        return replace(in_body, caption=caption) if caption else in_body
    addresses = filter(None, (web_address(address, url) for address in data.images))
    named = next((address for address in addresses if not is_default(address)), "")
    return Image(url=named, caption=caption) if named else in_body


# -- what to report of many pages --------------------------------------------------------------------------------------

_NEEDED = ("title", "date", "body")  # every article has them; the others are missing on some pages by right


def collect_warnings(pages: Sequence[tuple[str, ExtractedArticle]], selectors: Selectors) -> list[str]:
    """Selectors that find nothing, and pages that give only a description; `pages` are addresses with what was read."""
    notes = []
    for name in _OF_ARTICLES:
        missed = [url for url, found in pages if name in found.missed]
        if missed and (name in _NEEDED or len(missed) == len(pages)):
            notes.append(f"select.{name} ({getattr(selectors, name)}) finds nothing on {_which(missed, pages)}")
    bare = [url for url, found in pages if not found.body_html]
    if bare:
        hint = "check select.body" if selectors.body else "give select.body"
        notes.append(f"only a description, and no text, was found on {_which(bare, pages)}; {hint}")
    return notes


def _which(urls: Sequence[str], pages: Sequence[tuple[str, ExtractedArticle]]) -> str:
    return f"{len(urls)} of {len(pages)} {'page' if len(pages) == 1 else 'pages'}, such as {urls[0]}"
