"""Plain-text exports of articles, parsed: block names, date, toolbar, title, lead, body, caption, `./.`, author. Pure.

    PublishingPortal - Block_BanTin_Toolbar     boilerplate
    24/11/2020                                  date
    Tăng cỡ chữ Giảm cỡ chữ                     boilerplate
    Hội nghị …                                  title
    Sáng 24/11, …                               lead
    …                                           body; a short line without a full stop, apart from the others: a caption
    … đề án./.                                  the end
    Thu Cúc                                     author

A simple text is read by the same rules: its first line is the title, its first paragraph the lead.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from ..html_sanitizer import sanitize_html
from ..text import clean, clean_line
from .boilerplate import is_boilerplate
from .bylines import parse_signature
from .cleaning import normalize_full_stop
from .dates import parse_date

_DATE_LINE = 60  # characters; a line that holds a date and more than this is a sentence
_CAPTION = 200
_ENDS = re.compile(r"[.!?:;…][\"”’)]*$")
_BREAK = re.compile(r"\n[ \t]*\n[ \t]*\n+")  # a caption stands apart: more than one empty line before it


@dataclass(frozen=True, slots=True, kw_only=True)
class TextExport:
    """What an export holds. `body` are paragraphs as plain text."""

    title: str
    lead: str = ""
    body: tuple[str, ...] = ()
    caption: str = ""
    author: str = ""
    published: datetime | None = None

    @property
    def body_html(self) -> str:
        return sanitize_html("".join(f"<p>{html.escape(paragraph, quote=False)}</p>" for paragraph in self.body))


def parse_text_export(text: str, zone: tzinfo) -> TextExport:
    """Read an export. Raises ValueError where there is no title in it."""
    lines, published = _lines(clean(text), zone)
    if not lines:
        raise ValueError("there is no text in it")
    title, rest = lines[0][0], lines[1:]
    author = ""
    signed = parse_signature(rest[-1][0], marked=True) if len(rest) >= 2 else None
    if signed is not None:
        author, rest = signed.author or signed.photographer, rest[:-1]
    lead, rest = (rest[0][0], rest[1:]) if rest else ("", [])
    caption = next((line for line, apart in rest if apart and _is_caption(line)), "")
    body = tuple(normalize_full_stop(line) for line, _ in rest if line != caption)
    return TextExport(
        title=title, lead=normalize_full_stop(lead), body=body, caption=caption, author=author, published=published
    )


def _lines(text: str, zone: tzinfo) -> tuple[list[tuple[str, bool]], datetime | None]:
    """The lines of the article, each with whether it stands apart from the one before; and the date line's moment."""
    lines: list[tuple[str, bool]] = []
    published = None
    for group in _BREAK.split(text):
        apart = bool(lines)
        for raw in group.split("\n"):
            line = clean_line(raw)
            if not line or is_boilerplate(line):
                continue
            if published is None and len(line) <= _DATE_LINE and not _ENDS.search(line):
                moment = parse_date(line, zone)
                if moment and len(lines) < 2:
                    published = moment
                    continue
            lines.append((line, apart))
            apart = False
    return lines, published


def _is_caption(line: str) -> bool:
    return len(line) <= _CAPTION and not _ENDS.search(line)
