"""Foreign text made safe for terminals and logs: control characters are escaped. Pure.

File names, titles, server answers and other foreign text may hold terminal commands that move the cursor, write to the
window title or the clipboard, or hide an earlier line.
"""

from __future__ import annotations

import re

# C0 and C1 controls (ECMA-48) except line ends and tabs; bidirectional controls (UAX #9); lone surrogates, which stand for
# bytes of file names that are not UTF-8 and cannot be written to a stream.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# The same without C0, which JSON escapes itself.
_CONTROL_CHARACTERS_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text with control characters escaped, such as `\\x1b`. Line ends and tabs stay."""
    return text if text.isprintable() else _CONTROL_CHARACTERS.sub(_escaped, text)


def printable_line(text: str) -> str:
    """`printable` on one line, for file names and the like: line ends and tabs are escaped too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable_json(text: str) -> str:
    """The same JSON with control characters escaped (RFC 8259, section 7)."""
    return _CONTROL_CHARACTERS_IN_JSON.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def _escaped(sign: re.Match[str]) -> str:
    return sign[0].encode("unicode_escape").decode("ascii")
