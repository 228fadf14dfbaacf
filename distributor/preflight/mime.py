"""The letter as octets: parts, line ends, lengths. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .findings import Finding, finding
from .parsed_message import CheckContext, ParsedMessage

MAX_LINE_LENGTH = 998  # octets without the line end, RFC 5322, section 2.1.1
_LINE_END = re.compile(rb"\r\n|\r|\n")


def check_parts(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for fault in letter.faults:
        yield finding("parts", f"{fault}; the letter must be built anew")


def check_line_ends(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """A lone CR or LF lets receivers see another message than senders (SMTP smuggling, CVE-2023-51764)."""
    raw = letter.raw
    if b"\0" in raw:
        yield finding(
            "line-ends", "there is a NUL, which servers cut at or refuse; take it out", _line(raw, raw.index(b"\0"))
        )
    lone = re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    if lone:
        yield finding("line-ends", "a line ends in a lone CR or LF; write CRLF", _line(raw, lone.start()))


def check_line_lengths(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    for number, line in enumerate(_LINE_END.split(letter.raw), start=1):
        if len(line) > MAX_LINE_LENGTH:
            told = f"a line is {len(line)} octets long, more than {MAX_LINE_LENGTH}; fold the header or encode the body"
            yield finding("long-line", told, f"line {number} of the message")


def check_eight_bit(letter: ParsedMessage, context: CheckContext) -> Iterator[Finding]:
    """Headers may hold UTF-8 where an address needs it (RFC 6532); a body never has to."""
    start = re.search(rb"\r\n\r\n|\n\n|\r\r", letter.raw)
    body = letter.raw[start.end() :] if start else b""
    if not body.isascii():
        yield finding("eight-bit", "the body has octets beyond ASCII; encode it as quoted-printable or base64")


def _line(raw: bytes, at: int) -> str:
    return f"line {len(_LINE_END.findall(raw[:at])) + 1} of the message"


CHECKS = (check_parts, check_line_ends, check_line_lengths, check_eight_bit)
