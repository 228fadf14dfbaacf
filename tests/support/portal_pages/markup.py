"""How the parts of a story become HTML, in the manners that editors' systems have."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .stories import Story


def body(parts: Sequence[str], paragraph: str = "<p>{}</p>") -> str:
    """The parts as HTML; items that follow one another make a list."""
    made: list[str] = []
    items: list[str] = []
    for part in (*parts, ""):
        if part.startswith("- "):
            items.append(f"<li>{escape(part[2:])}</li>")
            continue
        if items:
            made.append(f"<ul>{''.join(items)}</ul>")
            items = []
        if part.startswith("## "):
            made.append(f"<h3>{escape(part[3:])}</h3>")
        elif part.startswith("> "):
            made.append(f"<blockquote>{escape(part[2:])}</blockquote>")
        elif part:
            made.append(paragraph.format(escape(part)))
    return "\n".join(made)


def links(stories: Sequence[Story], item: str = "<li><a href='/tin-tuc/{slug}.html'>{title}</a></li>") -> str:
    return "".join(
        item.format(
            slug=one.slug, title=escape(one.title), lead=escape(one.lead), picture=one.picture, day=one.published.day
        )
        for one in stories
    )


SECTIONS = (
    "Thời sự",
    "Chính trị",
    "Kinh tế",
    "Văn hóa",
    "Giáo dục",
    "Y tế",
    "Pháp luật",
    "Thể thao",
    "Văn bản",
    "Liên hệ",
)


def menu(item: str = "<li><a href='/{at}'>{name}</a></li>") -> str:
    return "".join(item.format(at=at, name=name) for at, name in enumerate(SECTIONS))
