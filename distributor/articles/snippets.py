"""Passages of articles in which what was searched for is marked, in its own letters. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .folding import Words, word_places

LENGTH = 220  # characters of a passage


class Match(StrEnum):
    """How a query was answered: with these words in this order, with all of them, or with words that begin like them."""

    PHRASE = "phrase"
    WORDS = "words"
    BEGINNINGS = "beginnings"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a passage; `marked` where it is what was searched for."""

    text: str
    marked: bool = False


def mark(text: str, query: Words, match: Match) -> list[Piece]:
    """The whole text with what was found marked."""
    text = unicodedata.normalize("NFC", text)
    return _pieces(text, 0, len(text), list(_found(text, query, match)))


def passage(text: str, query: Words, match: Match, length: int = LENGTH) -> list[Piece]:
    """The passage around the first place where something was found, or the beginning of the text."""
    text = unicodedata.normalize("NFC", text)
    found = list(_found(text, query, match))
    begin = _word_start(text, max(0, found[0][0] - length // 3)) if found else 0
    end = _word_end(text, min(len(text), begin + length))
    before, after = Piece("… " if begin else ""), Piece(" …" if end < len(text) else "")
    return [piece for piece in (before, *_pieces(text, begin, end, found), after) if piece.text]


def _found(text: str, query: Words, match: Match) -> Iterator[tuple[int, int]]:
    """Where the text holds what was searched for."""
    places, wanted = word_places(text), query.folded
    if not wanted:
        return
    if match is Match.PHRASE:
        for at in range(len(places) - len(wanted) + 1):
            if all(places[at + offset][2] == word for offset, word in enumerate(wanted)):
                yield places[at][0], places[at + len(wanted) - 1][1]
        return
    for begin, end, word in places:
        if word in wanted or (match is Match.BEGINNINGS and word.startswith(wanted)):
            yield begin, end


def _pieces(text: str, begin: int, end: int, found: Sequence[tuple[int, int]]) -> list[Piece]:
    pieces, at = [], begin
    for first, last in found:
        if first < at or last > end:
            continue
        pieces += [Piece(text[at:first]), Piece(text[first:last], marked=True)]
        at = last
    pieces.append(Piece(text[at:end]))
    return [piece for piece in pieces if piece.text]


def _word_start(text: str, at: int) -> int:
    space = text.find(" ", at) if at else -1
    return space + 1 if 0 <= space < at + 30 else at


def _word_end(text: str, at: int) -> int:
    space = text.rfind(" ", 0, at) if at < len(text) else at
    return space if space > at - 30 else at
