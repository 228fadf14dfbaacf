"""An article out of a page: by CSS selectors where the newsroom gives them, else by what pages usually say. Pure.

For each field, in this order: the newsroom's selector; machine-read data (JSON-LD, OpenGraph, meta); the class names
that Vietnamese portals use; for the body at last trafilatura, which finds the main text of a page by its shape. Title,
body and date are looked for further where their selector finds nothing; without them an article is none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, tzinfo

from lxml.html import HtmlElement

from ...model import Image
from ..boilerplate import remove_interactive
from ..bylines import choose_author
from ..cleaning import CleanedBody, clean_tree, normalize_full_stop
from ..embedded_media import replace_embedded_media
from .authors import find_author
from .body import find_body, join_selected_body
from .breadcrumbs import find_breadcrumbs, sections_of
from .document import base_url, compile_selector, element_text, first_text, select
from .images import find_image
from .page_dates import find_dates
from .structured_data import StructuredData
from .titles import find_lead, find_title


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors; an empty one is filled in automatically. Raises ValueError for one that is no CSS."""

    link: str = ""
    title: str = ""
    date: str = ""
    lead: str = ""
    body: str = ""
    image: str = ""
    caption: str = ""
    author: str = ""
    topic: str = ""
    next: str = ""

    def __post_init__(self) -> None:
        for each in fields(self):
            compile_selector(getattr(self, each.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedArticle:
    """What a page tells of its article. Texts are clean; `published` is None where the page does not tell.

    `topics` are what the selector finds, else the sections that the page names as such; `trail` are the sections of its
    path of links (breadcrumbs). `doubt` tells of a date that stands there and cannot be read.
    """

    title: str = ""
    lead: str = ""
    body_html: str = ""
    missed: tuple[str, ...] = ()  # the selectors that find nothing on this page
    author: str = ""
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
    dates = find_dates(page, chosen["date"], data, zone, title=title, url=address)
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
        image=find_image(
            chosen["image"],
            first_text(chosen["caption"]),
            data,
            url,
            cleaned.image if cleaned else None,
            doubtful=cleaned.doubtful if cleaned else False,
        ),
    )


def _author(named: str, cleaned: CleanedBody | None) -> str:
    """Who signed goes before whom the page names, people before organisations, and a photographer is the last resort."""
    signed, photographer = (cleaned.author, cleaned.photographer) if cleaned else ("", "")
    return choose_author([signed, named]) or photographer
