"""Words as they are searched: without marks for those who type none, with marks for those who do. Pure.

`fold` maps one letter to one letter, so that what is found in folded text stands at the same place in the original.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_QUERY = 100  # characters of a query that are looked at
MAX_QUERY_WORDS = 8
_MAX_WORD = 60  # characters; what is longer is no word that anybody types
_WORD = re.compile(r"[^\W_]+")
# Letters with a bar that Unicode does not take apart: đ, and the Icelandic letter that old fonts and OCR put in its place.
_BARRED = {"đ": "d", "Đ": "d", "ð": "d", "Ð": "d"}
# The mark of a syllable that ends in oa, oe or uy stands on the first vowel or on the second: hòa, hoà. Not after q: quý.
_LATE_MARK = re.compile(r"(?<!q)([ou])([\u0300\u0301\u0303\u0309\u0323])?([aey])([\u0300\u0301\u0303\u0309\u0323])$")


class _Letters(dict[int, str]):
    """Each letter folded, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        bare = _BARRED.get(letter) or unicodedata.normalize("NFD", letter)[0].lower()[0]
        self[code] = bare
        return bare


_LETTERS = _Letters()


def fold(text: str) -> str:
    """Text in NFC, lower case and without marks, letter by letter: `Đường` is `duong`."""
    return unicodedata.normalize("NFC", text).translate(_LETTERS)


def normalize_marks(word: str) -> str:
    """A word in lower case with its marks, the mark of tone where older spelling puts it: `Toà` is `tòa`."""
    lower = unicodedata.normalize("NFC", word).lower().replace("ð", "đ")
    if lower.isascii():
        return lower
    moved = _LATE_MARK.sub(_move_mark, unicodedata.normalize("NFD", lower))
    return unicodedata.normalize("NFC", moved)


def _move_mark(found: re.Match[str]) -> str:
    first, earlier, second, late = found.groups()
    if earlier or first + second not in ("oa", "oe", "uy"):
        return found.group()
    return f"{first}{late}{second}"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text or a query: folded, and with their marks; the same number of both."""

    folded: tuple[str, ...]
    marked: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.folded)


def split_words(text: str, limit: int) -> Words:
    """The first words of a text."""
    found = []
    for number, match in enumerate(_WORD.finditer(unicodedata.normalize("NFC", text))):
        if number == limit:
            break
        found.append(match.group()[:_MAX_WORD])
    return Words(tuple(map(fold, found)), tuple(map(normalize_marks, found)))


def parse_query(text: str) -> Words:
    """The words that are searched for, whatever else was typed."""
    return split_words(text[:MAX_QUERY], MAX_QUERY_WORDS)


def word_places(text: str) -> list[tuple[int, int, str]]:
    """Each word of a text in NFC: where it begins and ends, and how it is folded."""
    return [(one.start(), one.end(), one.group()[:_MAX_WORD]) for one in _WORD.finditer(text.translate(_LETTERS))]
