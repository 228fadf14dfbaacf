"""A letter, opened as a mail program opens it: header fields as they were written, the text part, the page. Pure.

The standard library parses under compat32, the policy that repairs nothing, so that what is wrong stays visible.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from .dom import ParsedPage, parse_page

_FOLD = re.compile(r"\r?\n(?=[ \t])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What the letter was meant to be.

    `hosts` are the hosts of our own links (`bacson.example`); what is not known is empty, and then not asked for.
    `size_limit` is in octets of HTML.
    """

    subject: str
    now: datetime
    hosts: frozenset[str] = frozenset()
    size_limit: int = 95_000

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError(f"a time without a zone: {self.now!r}")


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """`fields` are names and raw values, folds included. `encoded` is the size of the HTML as it travels, in octets.

    `faults` says why a part could not be read; `text`, `html` and `page` are then empty.
    """

    raw: bytes
    fields: tuple[tuple[str, str], ...]
    text: str
    html: str
    encoded: int
    page: ParsedPage | None
    faults: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        """The raw values of the fields of this name."""
        return [value for field, value in self.fields if field.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The first value without its folds, as programs read it; empty where there is none."""
        return next((unfold_field(value) for value in self.values(name)), "")


def parse_message(message: bytes) -> ParsedMessage:
    """The letter. Any bytes at all can be opened; what was not understood is among the faults."""
    parsed = email.message_from_bytes(message)
    fields = tuple((_utf8(name), _utf8(str(value))) for name, value in parsed.raw_items())
    faults = list(_structure_faults(parsed))
    text, _ = _content(parsed, "text/plain", faults)
    html, encoded = _content(parsed, "text/html", faults)
    page = parse_page(html) if html.strip() else None
    if html.strip() and page is None:
        faults.append("the HTML part cannot be read as a page")
    return ParsedMessage(message, fields, text, html, encoded, page, tuple(faults))


def unfold_field(value: str) -> str:
    """A field as one line (RFC 5322, section 2.2.3)."""
    return _FOLD.sub("", value)


def decode_field(value: str) -> str:
    """A field as people see it (RFC 2047); empty where it cannot be decoded."""
    try:
        return str(make_header(decode_header(unfold_field(value))))
    except (MessageError, LookupError, ValueError):
        return ""


def _utf8(raw: str) -> str:
    """A field as UTF-8, which only an address may need (RFC 6532); the parser hands octets on as lone surrogates."""
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _structure_faults(message: Message) -> Iterator[str]:
    kinds = [part.get_content_type() for part in _leaves(message)]
    if message.get_content_type() != "multipart/alternative" or kinds != ["text/plain", "text/html"]:
        found = ", ".join(kinds[:5]) or "nothing"
        yield (
            f"the letter is {message.get_content_type()} with {found}; it must be multipart/alternative with "
            "text/plain first and text/html after it"
        )


def _leaves(message: Message) -> list[Message]:
    return [part for part in message.walk() if not part.is_multipart()]


def _content(message: Message, kind: str, faults: list[str]) -> tuple[str, int]:
    """The words of the first part of this kind, and its octets as it travels."""
    part = next((part for part in _leaves(message) if part.get_content_type() == kind), None)
    if part is None:
        return "", 0  # told by the shape
    raw, content = part.get_payload(), part.get_payload(decode=True)
    encoded = len(raw.encode("utf-8", "surrogateescape")) if isinstance(raw, str) else 0
    data = content if isinstance(content, bytes) else b""
    charset = part.get_content_charset() or ""
    if charset != "utf-8":
        faults.append(f"the {kind} part says its letters are {charset or 'of no charset'}; they must be utf-8")
    try:
        words = data.decode()
    except UnicodeDecodeError as error:
        faults.append(f"the {kind} part is not UTF-8 from octet {error.start} on")
        words = data.decode(errors="replace")
    if not words.strip():
        faults.append(f"the {kind} part is empty")
    return words, encoded
