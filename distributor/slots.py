"""Personal slots: places in a rendition that are filled for each subscriber at sending.

Templates write `{{ unsubscribe_url }}` as ordinary Jinja2; while rendering the value is a mark, which travels unchanged
through inlining and line wrapping because it is made of letters and digits only. A mark may carry a fallback for readers
without that value. Filling puts the values in, escaped for where they stand: text, an attribute, a part of an address.
Text of articles goes through `neutralise` first, so that nothing a source writes can act as a mark.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from .errors import RenderError

# What a sender fills. `name` is the subscriber's name, or the reader's word of the language where it is unknown.
NAMES = ("name", "address", "unsubscribe_url")

_OPEN, _CLOSE = "@@slot:", "@@"
_MARK = re.compile(r"@@slot:([a-z_]+)(?:\.([0-9a-f]*))?@@")
_ADDRESS = re.compile(r"""\b(?:href|src)=(?:"[^"]*@@slot:[^"]*"|'[^']*@@slot:[^']*')""")
WORD_JOINER = "\u2060"
NOTHING: Mapping[str, str] = MappingProxyType({})


def mark(name: str) -> str:
    """The mark of a slot. Raises RenderError for a name that no sender fills."""
    if name not in NAMES:
        raise RenderError(f"there is no personal slot {name!r}; there are: {', '.join(NAMES)}")
    return f"{_OPEN}{name}{_CLOSE}"


def with_fallback(value: str, fallback: str) -> str:
    """A mark that becomes the fallback where a reader has no value; of anything else, itself or the fallback."""
    match = _MARK.fullmatch(value)
    if not match:
        return value or fallback
    return f"{_OPEN}{match[1]}.{fallback.encode().hex()}{_CLOSE}"


def neutralise(text: str) -> str:
    """The same text to the eye, in which no mark can be found: a word joiner (U+2060) parts what looks like one."""
    return text.replace("@@slot:", f"@{WORD_JOINER}@slot:")


def fill_text(text: str, values: Mapping[str, str], usual: Mapping[str, str] = NOTHING) -> str:
    """Plain text with its slots filled; `usual` is for empty values whose mark has no fallback of its own. Raises
    RenderError for a slot without a value."""
    return _MARK.sub(lambda match: _value(match, values, usual), text)


def fill_html(document: str, values: Mapping[str, str], usual: Mapping[str, str] = NOTHING) -> str:
    """HTML with its slots filled, each value escaped so that it is text wherever it stands, in attributes too. In the
    middle of an address it is percent-encoded."""
    document = _ADDRESS.sub(lambda found: _address(found.group(), values, usual), document)
    return _MARK.sub(lambda match: html.escape(_value(match, values, usual), quote=True), document)


def _address(attribute: str, values: Mapping[str, str], usual: Mapping[str, str]) -> str:
    """A whole address stays one; what is a part of one must not change its form."""
    name, _, quoted = attribute.partition("=")
    inside = quoted[1:-1]
    if _MARK.fullmatch(inside):
        return attribute
    filled = _MARK.sub(lambda match: quote(_value(match, values, usual), safe=""), inside)
    return f"{name}={quoted[0]}{filled}{quoted[0]}"


def _value(match: re.Match[str], values: Mapping[str, str], usual: Mapping[str, str]) -> str:
    try:
        value = values[match[1]]
    except KeyError:
        raise RenderError(f"the personal slot {match[1]!r} has no value") from None
    return value or bytes.fromhex(match[2] or "").decode("utf-8", "replace") or usual.get(match[1], "")
