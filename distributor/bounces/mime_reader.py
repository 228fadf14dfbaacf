"""Reads a message from outside into headers and parts as text. Pure; whatever the bytes are, it never raises.

Attached messages and reports stay whole: what is inside them is what somebody says, not what this email is. Sizes are
bounded, so that nobody can keep us busy with one email.
"""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from typing import Any

from ..text import clean_line

MOST = 262_144  # octets of an email that are read: a report stands at its beginning
_PARTS = 50
_DEEPEST = 20  # parts within parts
_LINE = 1000  # octets of a line: RFC 5321, section 4.5.3.1.6
_VALUE = 2000  # characters of a header
_BLOCKS = 200  # recipients of a report
_FIELDS = 200
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}")
_OTHER_CODECS = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"}  # Python's own, no charsets

Fields = Mapping[str, str]  # by name in small letters; several of one name are joined by a comma


@dataclass(frozen=True, slots=True)
class MimePart:
    """A leaf of an email: its media type in small letters, and its text. Attached messages are such leaves too."""

    media_type: str
    text: str

    def fields(self) -> Fields:
        """The headers of an attached message, or the first fields of a report."""
        found = parse_field_blocks(self.text, 1)
        return found[0] if found else {}


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """What an email is made of. `media_type` is that of the whole, `report` the kind of report it says it is."""

    headers: Fields
    media_type: str = ""
    report: str = ""
    parts: tuple[MimePart, ...] = ()

    def of(self, *media_types: str) -> MimePart | None:
        """Its first part of one of these types."""
        return next((part for part in self.parts if part.media_type in media_types), None)

    @property
    def text(self) -> str:
        """All of it: headers, then parts."""
        lines = [f"{name}: {value}" for name, value in self.headers.items()]
        return "\n".join([*lines, "", *(part.text for part in self.parts)])[:MOST]


def parse_message(raw: bytes) -> IncomingMessage:
    """The message in these bytes; one without anything where they are beyond reading."""
    try:
        message = message_from_bytes(clip_lines(raw, MOST))
        return IncomingMessage(
            _headers(message), message.get_content_type(), _report_type(message), tuple(_parts(message))[:_PARTS]
        )
    except Exception:  # the parser of the standard library has its limits, nested parts for one
        return IncomingMessage({})


def _report_type(message: Message) -> str:
    try:
        return str(message.get_param("report-type", "")).lower()
    except Exception:  # a parameter in a charset that nobody knows (RFC 2231)
        return ""


def parse_mailboxes(value: str) -> list[tuple[str, str]]:
    """The names and addresses in the value of a header. Where it is beyond the parser of the standard library, which
    takes comments within comments one inside the other, the addresses alone."""
    try:
        return getaddresses([value])
    except Exception:  # RecursionError among others
        return [("", address) for address in _ADDRESS.findall(value[:_VALUE])]


def clip_lines(raw: bytes, most: int) -> bytes:
    """The beginning, without lines that no message may have: patterns are slow on those."""
    return b"\n".join(line[:_LINE] for line in raw[:most].splitlines())


def parse_field_blocks(text: str, most: int = _BLOCKS) -> list[Fields]:
    """Groups of `Name: value` lines, parted by empty lines, as reports have them (RFC 3464, section 2.1)."""
    found: list[Fields] = []
    for block in re.split(r"\n[ \t]*(?:\n[ \t]*)+", text.replace("\r\n", "\n").strip("\n"), maxsplit=most)[:most]:
        fields: dict[str, str] = {}
        for line in re.sub(r"\n[ \t]+", " ", block).split("\n")[:_FIELDS]:
            name, colon, value = line.partition(":")
            if colon and re.fullmatch(r"[!-9;-~]{1,80}", name):
                _add(fields, name, value)
        if fields:
            found.append(fields)
    return found


def _add(fields: dict[str, str], name: str, value: str) -> None:
    value, name = clean_line(value)[:_VALUE], name.lower()
    fields[name] = f"{fields[name]}, {value}"[:_VALUE] if name in fields else value


def _headers(message: Message) -> Fields:
    fields: dict[str, str] = {}
    for name, value in list(message.raw_items())[:_FIELDS]:
        _add(fields, name, _utf8(str(value)))
    return fields


def _parts(message: Message, deep: int = 0) -> Iterator[MimePart]:
    kind = message.get_content_type()
    if message.is_multipart() and not kind.startswith("message/"):
        for part in message.get_payload():
            if isinstance(part, Message) and deep < _DEEPEST:
                yield from _parts(part, deep + 1)
        return
    try:
        text = _attached(message) if kind.startswith("message/") else _leaf(message)
    except Exception:  # one part beyond reading leaves the others
        text = ""
    yield MimePart(kind, text[:MOST])


def _leaf(message: Message) -> str:
    content: Any = message.get_payload(decode=True)
    octets = content if isinstance(content, bytes) else b""
    try:
        charset = message.get_content_charset("utf-8")
        if codecs.lookup(charset).name not in _OTHER_CODECS:
            return octets.decode(charset, "replace")
    except (LookupError, ValueError):  # unknown, or no text in it; UnicodeError is a ValueError
        pass
    return octets.decode("utf-8", "replace")


def _attached(message: Message) -> str:
    """What is attached, as it was written. The parser takes it for a message even where it is encoded (RFC 6533 lets it)."""
    inside: Any = message.get_payload()
    if not isinstance(inside, list):
        return _leaf(message)
    text = "\n\n".join(_written(one) for one in inside)
    match str(message.get("Content-Transfer-Encoding", "")).strip().lower():
        case "base64":
            try:
                return b64decode(text.encode("ascii", "ignore")).decode("utf-8", "replace")
            except (ValueError, binascii.Error):
                return text
        case "quoted-printable":
            return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    return text


def _written(message: Message, deep: int = 0) -> str:
    head = "\n".join(f"{name}: {_utf8(str(value))}" for name, value in message.raw_items())
    inside: Any = message.get_payload()
    if isinstance(inside, list):
        body = "\n\n".join(_written(one, deep + 1) for one in inside if deep < _DEEPEST)
    else:
        body = _leaf(message)
    return f"{head}\n\n{body}" if head else body


def _utf8(text: str) -> str:
    """Octets beyond ASCII, which the parser hides in surrogates, as the UTF-8 that they nearly always are."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
