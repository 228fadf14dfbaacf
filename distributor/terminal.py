"""Text from outside on a terminal and in logs: nothing in it acts there. Pure.

Names of files, titles, answers of servers and whatever else somebody wrote may hold what a terminal takes for a command:
it moves the cursor, writes into the window's title or the clipboard, and hides a line that was printed before.
"""

from __future__ import annotations

import re

# C0 and C1 controls (ECMA-48) but line ends and tabs; what turns or hides the words beside it (UAX #9); halves of surrogate
# pairs, which stand for octets of file names that are no UTF-8 and which no stream can write.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# The same but for C0, which JSON escapes by itself.
_CONTROL_CHARACTERS_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text as it may be shown: what would act is written as `\\x1b`. Line ends and tabs stay."""
    return text if text.isprintable() else _CONTROL_CHARACTERS.sub(_escaped, text)


def printable_line(text: str) -> str:
    """`printable` on one line: for names of files and the like, in which a line end could begin a line of its own."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable_json(text: str) -> str:
    """JSON that says the same and holds nothing that acts (RFC 8259, section 7)."""
    return _CONTROL_CHARACTERS_IN_JSON.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def _escaped(sign: re.Match[str]) -> str:
    return sign[0].encode("unicode_escape").decode("ascii")
