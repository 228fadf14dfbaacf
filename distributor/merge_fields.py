"""Merge fields: places in a rendition that are filled for each recipient at sending (name, unsubscribe link, attributes).

Templates write `{{ unsubscribe_url }}` as ordinary Jinja2; while rendering, the value is a merge tag, which passes through
inlining and line wrapping unchanged. A tag may carry a fallback for recipients without that value. Filling puts the values
in, escaped for where they stand: text, an attribute, a part of an address. Text of articles goes through `neutralize`
first, so that nothing a source writes can act as a merge tag.
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

# `name` is the subscriber's name, or the usual word of the language ("quý bạn đọc") where it is unknown.
# Attributes of config.yaml join them, each as `attribute_` and its name.
FIELD_NAMES = ("name", "address", "unsubscribe_url", "preferences_url")
ATTRIBUTE_PREFIX = "attribute_"

OPEN, _CLOSE = "@@field:", "@@"  # around the name of a merge tag
TAG_PREFIX = OPEN.encode()  # how each merge tag begins
_TAG = re.compile(r"@@field:([a-z][a-z0-9_]*)(?:\.([0-9a-f]*))?@@")
_URL_WITH_TAG = re.compile(r"""\b(?:href|src)=(?:"[^"]*@@field:[^"]*"|'[^']*@@field:[^']*')""")
WORD_JOINER = "\u2060"
NO_VALUES: Mapping[str, str] = MappingProxyType({})


def merge_tag(name: str) -> str:
    """The tag of a merge field. Raises RenderError for an unknown name."""
    if name not in FIELD_NAMES and not name.startswith(ATTRIBUTE_PREFIX):
        raise RenderError(f"there is no merge field {name!r}; there are: {', '.join(FIELD_NAMES)}")
    return f"{OPEN}{name}{_CLOSE}"


def with_fallback(value: str, fallback: str) -> str:
    """A merge tag with a fallback for recipients without a value; of any other text, itself or the fallback."""
    match = _TAG.fullmatch(value)
    if not match:
        return value or fallback
    return f"{OPEN}{match[1]}.{fallback.encode().hex()}{_CLOSE}"


def neutralize(text: str) -> str:
    """A text without merge tags that looks the same: a word joiner (U+2060) breaks up what looks like one."""
    return text.replace(OPEN, f"@{WORD_JOINER}@field:")


class Escaping(Enum):
    """How a value is written where it stands."""

    TEXT = "as it is"
    HTML = "escaped, so that it is text in HTML, in attributes too"
    URL = "percent-encoded, so that it cannot change the form of an address"


@dataclass(frozen=True, slots=True)
class MergeField:
    """A place to be filled: the name of its value, how it is escaped, and the fallback for recipients without one."""

    name: str
    escaping: Escaping
    fallback: str = ""

    def fill(self, values: Mapping[str, str], usual: Mapping[str, str] = NO_VALUES) -> str:
        """The text for one recipient. `usual` is for empty values without a fallback of their own. An attribute that is not
        among the values is empty. Raises RenderError for any other name that is not among them."""
        try:
            value = values[self.name]
        except KeyError:
            if not self.name.startswith(ATTRIBUTE_PREFIX):
                raise RenderError(f"the merge field {self.name!r} has no value") from None
            value = ""
        value = value or self.fallback or usual.get(self.name, "")
        if self.escaping is Escaping.TEXT:
            return value
        return html.escape(value, quote=True) if self.escaping is Escaping.HTML else quote(value, safe="")


TextOrField = str | MergeField


def split_text(text: str) -> list[TextOrField]:
    """Plain text split at its merge tags: the constant parts, and the fields between them."""
    return _split(text, Escaping.TEXT)


def split_html(document: str) -> list[TextOrField]:
    """HTML split at its merge tags. A field within an address is percent-encoded; one that is the whole address is not."""
    parts: list[TextOrField] = []
    end = 0
    for found in _URL_WITH_TAG.finditer(document):
        inside = found.group().partition("=")[2][1:-1]
        if not _TAG.fullmatch(inside):
            parts += [*_split(document[end : found.start()], Escaping.HTML), *_split(found.group(), Escaping.URL)]
            end = found.end()
    return [*parts, *_split(document[end:], Escaping.HTML)]


def _split(text: str, escaping: Escaping) -> list[TextOrField]:
    parts: list[TextOrField] = []
    end = 0
    for match in _TAG.finditer(text):
        fallback = bytes.fromhex(match[2] or "").decode("utf-8", "replace")
        parts += [text[end : match.start()], MergeField(match[1], escaping, fallback)]
        end = match.end()
    return [part for part in (*parts, text[end:]) if part]


def fill_text(text: str, values: Mapping[str, str], usual: Mapping[str, str] = NO_VALUES) -> str:
    """Plain text with its merge fields filled. Raises RenderError for a field without a value."""
    return _fill(split_text(text), values, usual)


def fill_html(document: str, values: Mapping[str, str], usual: Mapping[str, str] = NO_VALUES) -> str:
    """HTML with its merge fields filled, each value escaped for where it stands."""
    return _fill(split_html(document), values, usual)


def _fill(parts: Iterable[TextOrField], values: Mapping[str, str], usual: Mapping[str, str]) -> str:
    return "".join(part if isinstance(part, str) else part.fill(values, usual) for part in parts)
