"""Markdown that a newsroom writes, as safe HTML and as plain text. Pure.

Addresses are absolute (http, https, mailto), pictures come by https and are no wider than their place, and nothing in it can
act as a merge tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from .html_sanitizer import sanitize_html
from .merge_fields import neutralize
from .text import BIDI_CONTROLS, clean_line

_HEADING = re.compile(r"<(/?)h[1-6][^>]*>")
_NUMBER = re.compile(r"[0-9]{1,3}")  # where an ordered list starts
_BULLET = re.compile(r"•|[0-9]+\.")
_LINKS = ("http", "https", "mailto")
_LINES = {"p", "li", "blockquote", "pre", "tr", "figcaption", "caption", "hr"}  # each begins a line of the plain text
_PIXELS = re.compile(r"\s*([0-9]{1,5})(?:px)?\s*", re.ASCII)
_UNSIZED = re.compile(r'(<img (?:[a-z]+="[^"]*" )*)width="0"')  # as the sanitizer writes attributes
USUAL_WIDTH = 494  # pixels


@lru_cache(maxsize=64)
def render_markdown(markdown: str, width: int = USUAL_WIDTH) -> tuple[str, str]:
    """Safe HTML and plain text; raw HTML in it is sanitized like any other. No picture is wider than `width` pixels.

    Outlook on Windows knows widths from the attribute only, so a picture without one gets that of its place; its class lets
    everybody else show it in its own size.
    """
    from lxml import etree  # both where there is something to render: most commands render nothing
    from markdown_it import MarkdownIt

    source = BIDI_CONTROLS.sub("", markdown)
    made = MarkdownIt("commonmark", {"html": True}).enable("strikethrough").render(source)
    # Headings would break the order of those around them; h1 would lose its tag.
    root: Any = _parse(sanitize_html(_HEADING.sub(_as_strong, made)))
    _keep_good_addresses(root)
    _limit_widths(root, width)
    # Once more: what the parser has written is not the sanitizer's.
    html = sanitize_html(
        "".join([root.text or "", *(etree.tostring(one, encoding="unicode", method="html") for one in root)])
    )
    sized = _UNSIZED.sub(rf'\1class="natural" width="{width}"', html)
    return neutralize(sized), neutralize(_plain(_parse(html)))


def is_seen(html: str, text: str) -> bool:
    """Whether readers see anything of rendered Markdown: a word or a picture."""
    return bool(text.strip()) or "<img " in html


def _limit_widths(root: Any, widest: int) -> None:
    """Give pictures the width that their author wrote, in pixels and no larger than the place; 0 where there is none."""
    for image in root.iter("img"):
        width, height = (_PIXELS.fullmatch(image.attrib.pop(name, "")) for name in ("width", "height"))
        asked = int(width[1]) if width else 0
        image.set("width", str(min(asked, widest)))
        if asked and height:
            image.set("height", str(max(round(int(height[1]) * min(1, widest / asked)), 1)))


def _as_strong(tag: re.Match[str]) -> str:
    return "</strong></p>" if tag[1] else "<p><strong>"


def _parse(html: str) -> Any:
    import lxml.html

    return lxml.html.fragment_fromstring(html, create_parent="div")


def _keep_good_addresses(root: Any) -> None:
    """Take away links that are not absolute, and pictures that do not come by https."""
    for link in list(root.iter("a")):
        if _scheme(link.get("href", "")) not in _LINKS:
            link.drop_tag()
    for image in list(root.iter("img")):
        if _scheme(image.get("src", "")) != "https":
            _replace_by_text(image, image.get("alt", ""))
        else:
            image.set("alt", image.get("alt", ""))


def _scheme(url: str) -> str:
    """The scheme of an absolute address, empty for any other."""
    try:
        parts = urlsplit(url.strip())
        return parts.scheme.lower() if parts.scheme == "mailto" or parts.hostname else ""
    except ValueError:
        return ""


def _replace_by_text(element: Any, text: str) -> None:
    element.tail = text + (element.tail or "")
    element.drop_tree()


def _plain(root: Any) -> str:
    """The text of a block: paragraphs parted by a blank line, addresses behind their words, lists with signs."""
    lines: list[str] = [""]

    def add(text: str | None) -> None:
        lines[-1] += re.sub(r"\s+", " ", text or "")

    def walk(node: Any) -> None:
        tag = node.tag if isinstance(node.tag, str) else ""
        if tag in _LINES and lines[-1].strip():
            lines.append("")
        if tag in ("p", "blockquote", "pre") or (tag in ("ul", "ol") and not _is_in_list(node)):
            lines.append("\0")
        if tag == "li":
            lines.append(_bullet(node))
        if tag in ("td", "th") and lines[-1].strip():
            lines[-1] += " | "
        add(node.get("alt") if tag == "img" else node.text)
        for child in node:
            walk(child)
            add(child.tail)
        if tag == "br":
            lines.append("")
        if tag == "a" and (address := _shown_address(node)):
            add(f" ({address})")
        if tag in _LINES:
            lines.append("")

    walk(root)
    return _join(lines)


def _bullet(item: Any) -> str:
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "• "
    start = parent.get("start", "")
    first = int(start) if _NUMBER.fullmatch(start) else 1
    return f"{first + parent.findall('li').index(item)}. "


def _is_in_list(node: Any) -> bool:
    return next(node.iterancestors("li"), None) is not None


def _shown_address(link: Any) -> str:
    """The address of a link, where its words do not say it already."""
    href = link.get("href", "")
    said = clean_line(str(link.text_content()))
    return "" if said in (href, href.removeprefix("mailto:"), href.split("://")[-1].rstrip("/")) else href


def _join(lines: Iterable[str]) -> str:
    """Lines as text: `\\0` asks for a blank line before what follows, unless a list item has just begun."""
    made: list[str] = []
    wanted = False
    for line in lines:
        said = line.replace("\0", "").strip()
        wanted |= "\0" in line
        if not said:
            continue
        if made and _BULLET.fullmatch(made[-1]):
            made[-1] = f"{made[-1]} {said}"
            wanted = False
            continue
        if made and wanted:
            made.append("")
        made.append(said)
        wanted = False
    return "\n".join(made)
