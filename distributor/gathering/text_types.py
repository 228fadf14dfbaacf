"""Texts of feeds and files by what they are declared to be: plain, HTML, or either, as is the custom of RSS. Pure.

Atom says of each text what it is (RFC 4287, section 3.1.1), JSON Feed says it by the name of the field. RSS says nothing:
its titles and descriptions are plain text in one feed and HTML in the next, and a headline such as `Vì sao thẻ <b> không
còn nên dùng` is text in both. There a text counts as HTML where tags do what tags do: an element that is opened and closed,
a tag with attributes, a break that stands against a word. A tag that stands among words as a word is one.
"""

from __future__ import annotations

import html
import re
from enum import StrEnum

from ..text import clean_line, html_to_text
from .mojibake import repair_utf8

# What a headline or a lead is marked up with where somebody means markup. A feed's `<title>` in a text is a word.
_INLINE = (
    "a abbr acronym b bdi bdo big center cite code del dfn em font h1 h2 h3 h4 h5 h6 i ins kbd mark nobr q s samp script"
    " small span strike strong style sub sup tt u var"
)
_BLOCK = (
    "address article aside blockquote dd div dl dt figcaption figure footer header iframe li main nav noscript ol p pre"
    " section table tbody td tfoot th thead tr ul video audio"
)
_ALONE = "br hr img input wbr"
_ELEMENTS = frozenset(f"{_INLINE} {_BLOCK} {_ALONE}".split())
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:\s[^<>]*)?/?)>")
_ATTRIBUTE = re.compile(r"\s[A-Za-z-]+\s*=")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_INSPECTED = 100_000  # characters; a text that shows no tag by then is none that is read for its tags


class TextType(StrEnum):
    """What a text is declared to be."""

    PLAIN = "plain"
    HTML = "html"
    EITHER = "either"  # nobody has said


def as_text(value: str, kind: TextType) -> str:
    """The words of a text on one line: all of them where it is plain, without the markup where it is HTML."""
    value = repair_utf8(value)  # before anything takes one of its signs for a space
    if kind is TextType.HTML or (kind is TextType.EITHER and looks_like_html(value)):
        return html_to_text(value)
    return clean_line(decode_references(value) if kind is TextType.EITHER else value)


def as_html(value: str, kind: TextType) -> str:
    """A text as HTML that shows the same; not sanitised."""
    value = repair_utf8(value)
    if kind is not TextType.PLAIN and "<" not in value:
        once_more = html.unescape(value)
        value = once_more if once_more.lstrip().startswith("<") and looks_like_html(once_more) else value
    if kind is TextType.HTML or (kind is TextType.EITHER and looks_like_html(value)):
        return value
    return html.escape(decode_references(value) if kind is TextType.EITHER else value, quote=False)


def looks_like_html(text: str) -> bool:
    """Whether a text that may be plain is HTML. One pass, whatever it holds."""
    opened: set[str] = set()
    for tag in _TAG.finditer(text, 0, _MAX_INSPECTED):
        closing, name, rest = tag[1], tag[2].lower(), tag[3]
        if name not in _ELEMENTS:
            continue
        if closing:
            if name in opened:
                return True
        elif (
            rest.endswith("/") or _ATTRIBUTE.match(rest) or (name in ("br", "p", "hr") and _is_adjacent_tag(text, tag))
        ):
            return True
        else:
            opened.add(name)
    return False


def _is_adjacent_tag(text: str, tag: re.Match[str]) -> bool:
    """Whether a tag stands against words or the edge of a text, on both sides: `một<br>hai`, not `thẻ <br> là gì`."""
    before, after = text[tag.start() - 1 : tag.start()], text[tag.end() : tag.end() + 1]
    return not before.isspace() and not after.isspace() and bool(before or after)


def decode_references(text: str) -> str:
    """A text with its character references read: publishers of RSS escape once more than XML asks."""
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)
