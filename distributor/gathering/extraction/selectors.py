"""The selectors of a page source, as config.yaml has them. They stand apart from the code that uses them, which brings the
parsers along."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Annotated

from pydantic import Field

_ORDINARY = re.compile(
    r"[\w\s./:@*'\"=()\[\]<>|,+-]*"
)  # XPath as cssselect writes it of what stands in ordinary selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors; an empty one is filled in automatically. Raises ValueError for one that is no CSS."""

    link: Annotated[str, "links to articles, on the listing page", Field(examples=[".danhsachtin a.tieude"])] = ""
    title: Annotated[str, "title, on the page of an article", Field(examples=[".tieude"])] = ""
    date: Annotated[str, "date of publication", Field(examples=[".ngay"])] = ""
    lead: Annotated[str, "lead", Field(examples=[".tomtat"])] = ""
    body: Annotated[str, "text", Field(examples=["#noidung"])] = ""
    image: Annotated[str, "image", Field(examples=[".anh img"])] = ""
    caption: Annotated[str, "caption of the image", Field(examples=[".chuthich"])] = ""
    author: Annotated[str, "author", Field(examples=[".tacgia"])] = ""
    topic: Annotated[str, "topics", Field(examples=[".chuyenmuc a"])] = ""
    next: Annotated[str, "link to the next page of the listing", Field(examples=["a.trangsau"])] = ""

    def __post_init__(self) -> None:
        written = [text for each in fields(self) if (text := getattr(self, each.name))]
        if not written:
            return
        from .css_to_xpath import css_to_xpath  # only where there is something to check

        for text in filter(str.strip, written):
            if _ORDINARY.fullmatch(css_to_xpath(text)):
                continue
            from .document import compile_selector  # brings lxml along, which knows XPath for certain

            compile_selector(text)
