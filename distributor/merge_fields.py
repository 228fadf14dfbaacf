"""Personal slots: places in a rendition that are filled for each subscriber at sending.

Templates write `{{ unsubscribe_url }}` as ordinary Jinja2; while rendering the value is a mark, which travels unchanged
through inlining and line wrapping because it is made of letters and digits only. A mark may carry a fallback for readers
without that value. Filling puts the values in, escaped for where they stand: text, an attribute, a part of an address.
Text of articles goes through `neutralise` first, so that nothing a source writes can act as a mark.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from urllib.parse import quote

from .errors import RenderError

# What a sender fills. `name` is the subscriber's name, or the reader's word of the language where it is unknown.
FIELD_NAMES = ("name", "address", "unsubscribe_url")

_OPEN, _CLOSE = "@@slot:", "@@"
TAG_PREFIX = _OPEN.encode()  # how each of them begins
_TAG = re.compile(r"@@slot:([a-z_]+)(?:\.([0-9a-f]*))?@@")
_ADDRESS = re.compile(r"""\b(?:href|src)=(?:"[^"]*@@slot:[^"]*"|'[^']*@@slot:[^']*')""")
WORD_JOINER = "\u2060"
NO_VALUES: Mapping[str, str] = MappingProxyType({})


def merge_tag(name: str) -> str:
    """The mark of a slot. Raises RenderError for a name that no sender fills."""
    if name not in FIELD_NAMES:
        raise RenderError(f"there is no personal slot {name!r}; there are: {', '.join(FIELD_NAMES)}")
    return f"{_OPEN}{name}{_CLOSE}"


def with_fallback(value: str, fallback: str) -> str:
    """A mark that becomes the fallback where a reader has no value; of anything else, itself or the fallback."""
    match = _TAG.fullmatch(value)
    if not match:
        return value or fallback
    return f"{_OPEN}{match[1]}.{fallback.encode().hex()}{_CLOSE}"


def neutralize(text: str) -> str:
    """The same text to the eye, in which no mark can be found: a word joiner (U+2060) parts what looks like one."""
    return text.replace("@@slot:", f"@{WORD_JOINER}@slot:")


class Escaping(Enum):
    """How a value is written where it stands."""

    TEXT = "as it is"
    HTML = "escaped, so that it is text in HTML, in attributes too"
    URL = "percent-encoded, so that it cannot change the form of an address"


@dataclass(frozen=True, slots=True)
class MergeField:
    """A place to be filled: whose value goes there, in which form, and what goes there where a reader has none."""

    name: str
    escaping: Escaping
    fallback: str = ""

    def fill(self, values: Mapping[str, str], usual: Mapping[str, str] = NO_VALUES) -> str:
        """What stands there for one reader. `usual` is for empty values without a fallback of their own. Raises
        RenderError for a slot without a value."""
        try:
            value = values[self.name]
        except KeyError:
            raise RenderError(f"the personal slot {self.name!r} has no value") from None
        value = value or self.fallback or usual.get(self.name, "")
        if self.escaping is Escaping.TEXT:
            return value
        return html.escape(value, quote=True) if self.escaping is Escaping.HTML else quote(value, safe="")


TextOrField = str | MergeField


def split_text(text: str) -> list[TextOrField]:
    """Plain text cut at its marks: what is the same for everybody, and the places between."""
    return _split(text, Escaping.TEXT)


def split_html(document: str) -> list[TextOrField]:
    """HTML cut at its marks. A mark in the middle of an address is percent-encoded there; a whole address stays one."""
    pieces: list[TextOrField] = []
    end = 0
    for found in _ADDRESS.finditer(document):
        inside = found.group().partition("=")[2][1:-1]
        if not _TAG.fullmatch(inside):
            pieces += [*_split(document[end : found.start()], Escaping.HTML), *_split(found.group(), Escaping.URL)]
            end = found.end()
    return [*pieces, *_split(document[end:], Escaping.HTML)]


def _split(text: str, form: Escaping) -> list[TextOrField]:
    pieces: list[TextOrField] = []
    end = 0
    for match in _TAG.finditer(text):
        fallback = bytes.fromhex(match[2] or "").decode("utf-8", "replace")
        pieces += [text[end : match.start()], MergeField(match[1], form, fallback)]
        end = match.end()
    return [piece for piece in (*pieces, text[end:]) if piece]


def fill_text(text: str, values: Mapping[str, str], usual: Mapping[str, str] = NO_VALUES) -> str:
    """Plain text with its slots filled. Raises RenderError for a slot without a value."""
    return _filled(split_text(text), values, usual)


def fill_html(document: str, values: Mapping[str, str], usual: Mapping[str, str] = NO_VALUES) -> str:
    """HTML with its slots filled, each value escaped for where it stands."""
    return _filled(split_html(document), values, usual)


def _filled(pieces: Iterable[TextOrField], values: Mapping[str, str], usual: Mapping[str, str]) -> str:
    return "".join(piece if isinstance(piece, str) else piece.fill(values, usual) for piece in pieces)
