"""Foreign HTML made safe: what stands in the store, on web pages and in feeds. Pure.

The sanitiser (nh3) is the last to touch it. Whatever composes, replaces or cuts text afterwards can make markup of it:
`>` and U+0338 compose to one letter, and the words behind a tag become its attributes. So text is normalised before, and
what comes out stays what it is under every normalisation and every further run.
"""

from __future__ import annotations

import re
from html import escape

import regex

from .text import FORBIDDEN, clean, html_to_text

TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a", "img", "figure", "figcaption", "em", "strong",
    "b", "i", "u", "s", "sub", "sup", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "caption",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
_SCHEMES = {"http", "https", "mailto"}
# The one combining mark that composes with a sign of markup (UnicodeData: U+226E, U+2260, U+226F): not behind a tag.
_OVERLAY = "\u0338"
_STRUCK = regex.compile(rf"(?:>\p{{M}}*|\A[\s\p{{M}}]*){_OVERLAY}\p{{M}}*")
_PRE = re.compile(r"<pre>\n+")  # a parser drops the first line end there, each time it reads (WHATWG HTML, 13.2.6.4.7)
_PASSES = 5  # broken markup is mended in two or three
_MOST_TAGS = 5000  # with fewer the depth need not be checked
_DEEPEST = 500  # nested elements; the sanitiser's time grows with the square of it
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID = {"br", "hr", "img"}


def sanitize_html(html: str) -> str:
    """Safe HTML of the tags and attributes above and nothing else, composed (NFC); what nh3 made of it, unchanged.

    To sanitise the result again changes nothing. Markup that another reading would read in another way, however often it
    is mended, loses its tags; so does what is nested deeper than any story.
    """
    if _too_deep(html):
        return _prepared(escape(html_to_text(html), quote=False))
    text = html
    for _ in range(_PASSES):
        made = _sanitize(text, TAGS)
        if made == text:
            return made
        text = made
    return _prepared(_sanitize(text, set()))


def _too_deep(html: str) -> bool:
    if html.count("<") <= _MOST_TAGS:
        return False
    depth = deepest = 0
    for closing, name in _TAG.findall(html):
        depth += -1 if closing else name.lower() not in _VOID
        deepest = max(deepest, depth)
    return deepest > _DEEPEST


def _sanitize(html: str, tags: set[str]) -> str:
    import nh3  # large, and most commands have nothing to sanitise

    return nh3.clean(
        _prepared(html),
        tags=tags,
        attributes={tag: names for tag, names in ATTRIBUTES.items() if tag in tags},
        url_schemes=_SCHEMES,
        link_rel=None,
        strip_comments=True,
    )


def _prepared(html: str) -> str:
    """HTML with the text that is wanted of it. Portals put hard spaces where others put spaces."""
    text = html.replace("&nbsp;", " ").replace("\xa0", " ")
    if _OVERLAY in text:
        text = _STRUCK.sub(lambda match: match[0].replace(_OVERLAY, ""), FORBIDDEN.sub("", text))
    return _PRE.sub("<pre>", clean(text)).strip()
