"""Quoted-printable encoding (RFC 2045, section 6.7) of a text with merge fields. Pure.

A merge field has lines of its own, between soft line breaks, so that no line grows too long and the constant text around it
is encoded once for all recipients:

    Xin ch=C3=A0o =                    constant, ends with a soft line break
    Nguy=E1=BB=85n Lan=                the value, broken softly again where it is long
    , tin h=C3=B4m nay ...             constant
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping, Sequence

from .merge_fields import TAG_PREFIX, MergeField, TextOrField

_SOFT_BREAK = re.compile(rb"=\r?\n")
_LINE = 76  # octets
_THREEFOLD = bytes(octet for octet in range(256) if not 32 <= octet < 127 or octet == ord("="))


def encode(parts: Sequence[TextOrField]) -> list[bytes | MergeField]:
    """The encoded text, lines ended by CRLF. A merge field begins a line, after a soft line break where one is needed, and
    is followed by one."""
    made: list[bytes | MergeField] = []
    for number, part in enumerate(parts):
        if isinstance(part, MergeField):
            made.append(part)
            continue
        encoded = _SOFT_BREAK.sub(b"=\r\n", binascii.b2a_qp(crlf(part).encode()))
        if number:
            encoded = b"=\r\n" + encoded
        if number < len(parts) - 1 and encoded and not encoded.endswith(b"\r\n"):  # a merge field follows
            encoded += b"=\r\n"
        made.append(b"\r\n".join(_short_lines(encoded)))
    return _separate_fields(made)


def _short_lines(encoded: bytes) -> Iterator[bytes]:
    """Lines of at most 76 octets (RFC 2045, section 6.7): binascii makes longer ones where spaces precede a line end."""
    for line in encoded.split(b"\r\n"):
        rest = line
        while len(rest) > _LINE:
            cut = _cut_before(rest, _LINE - 1)
            yield rest[:cut] + b"="
            rest = rest[cut:]
        yield rest


def _cut_before(line: bytes, cut: int) -> int:
    """The position at `cut` or a little before that is not within an =XX."""
    while b"=" in line[cut - 2 : cut]:
        cut -= 1
    return cut


def _separate_fields(parts: list[bytes | MergeField]) -> list[bytes | MergeField]:
    """The parts with a soft line break between two neighboring merge fields."""
    made: list[bytes | MergeField] = []
    for part in parts:
        if isinstance(part, MergeField) and (not made or isinstance(made[-1], MergeField)):
            made.append(b"=\r\n" if made else b"")
        made.append(part)
    return made


def encode_value(value: str) -> bytes:
    """The encoded value of a merge field, as one line of text."""
    encoded = binascii.b2a_qp(one_line(value).encode(), istext=False)
    if len(encoded) >= _LINE or encoded[:1] == b".":
        encoded = _soft(encoded)
    return encoded


def size(parts: Sequence[TextOrField], values: Mapping[str, str]) -> int:
    """The octets of a text that is filled with these values, encoded."""
    return sum(len(encode_value(part.fill(values)) if isinstance(part, MergeField) else part) for part in encode(parts))


def largest_size(page: str, values: Mapping[str, str]) -> int:
    """An upper bound of the `size` of a page with merge tags, found in a fraction of the time: no line holds less than 72
    octets before it is broken, and no value grows more than ninefold, in an address that is encoded twice."""
    octets = page.encode()
    threefold = len(octets) - len(octets.translate(None, _THREEFOLD))
    fields = octets.count(TAG_PREFIX) * (9 * max(len(value.encode()) for value in values.values()) + 9)
    lines = len(octets) + 2 * threefold + 4 * (octets.count(b"\n") + octets.count(b"\r")) + fields
    return lines * 76 // 72 + 4 * octets.count(TAG_PREFIX) + 4


def crlf(text: str) -> str:
    """Every line ended by CRLF, as MIME wants it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def one_line(value: str) -> str:
    return " ".join(value.split("\n")).replace("\r", " ")


def _soft(encoded: bytes) -> bytes:
    """A long value with CRLF in its soft breaks, and no line that begins with a dot."""
    lines = []
    rest = encoded.replace(b"=\n", b"")
    while rest:
        if rest[:1] == b".":
            rest = b"=2E" + rest[1:]
        cut = _cut_before(rest, _LINE - 1) if len(rest) >= _LINE else len(rest)
        lines.append(rest[:cut])
        rest = rest[cut:]
    return b"=\r\n".join(lines)
