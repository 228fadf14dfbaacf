"""Personal slots: places in a rendition that are filled for each subscriber at sending.

Templates write `{{ unsubscribe_url }}` as ordinary Jinja2; while rendering the value is a mark, which travels unchanged
through inlining and line wrapping because it is made of letters and digits only. `fill` puts the values in, escaped for
where they stand. Text of articles goes through `neutralise` first, so that nothing a source writes can act as a mark.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from .errors import RenderError

# What a sender fills. `name` is the subscriber's name, or the reader's word of the language where it is unknown.
NAMES = ("name", "address", "unsubscribe_url")

_OPEN, _CLOSE = "@@slot:", "@@"
_MARK = re.compile(r"@@slot:([a-z_]+)@@")
WORD_JOINER = "\u2060"


def mark(name: str) -> str:
    """The mark of a slot. Raises RenderError for a name that no sender fills."""
    if name not in NAMES:
        raise RenderError(f"there is no personal slot {name!r}; there are: {', '.join(NAMES)}")
    return f"{_OPEN}{name}{_CLOSE}"


def neutralise(text: str) -> str:
    """The same text to the eye, in which no mark can be found: a word joiner (U+2060) parts what looks like one."""
    return text.replace("@@slot:", f"@{WORD_JOINER}@slot:")


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Plain text with its slots filled. Raises RenderError for a slot without a value."""
    return _MARK.sub(lambda match: _value(match, values), text)


def fill_html(document: str, values: Mapping[str, str]) -> str:
    """HTML with its slots filled, each value escaped so that it is text wherever it stands, in attributes too."""
    return _MARK.sub(lambda match: html.escape(_value(match, values), quote=True), document)


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    try:
        return values[match.group(1)]
    except KeyError:
        raise RenderError(f"the personal slot {match.group(1)!r} has no value") from None
