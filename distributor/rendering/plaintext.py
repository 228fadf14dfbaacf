"""Plain text: sentences, wrapping by display width, underlined headings. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from ..text import cut_words, sentence_ends

WIDTH = 72  # columns; a few are left for the quote marks of replies


def first_sentences(text: str, most: int) -> str:
    """The first sentences of a text that fit into `most` characters, or the first words and an ellipsis."""
    if len(text) <= most:
        return text
    end = max((end for end in sentence_ends(text[: most + 50]) if end <= most), default=0)
    return text[:end] or cut_words(text, most)


@lru_cache(maxsize=4096)
def wrap(text: str, width: int = WIDTH) -> str:
    """Text in lines of at most `width` columns as a terminal shows them; a longer word (a URL) keeps its own line."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0
        for word in paragraph.split():
            needs = display_width(word)
            if line and used + 1 + needs > width:
                lines.append(line)
                line, used = word, needs
            else:
                line, used = (f"{line} {word}", used + 1 + needs) if line else (word, needs)
        lines.append(line)
    return "\n".join(lines)


def underline(text: str) -> str:
    """A heading, wrapped, over a line as long as its longest line."""
    lines = wrap(text)
    return f"{lines}\n{'-' * min(max(map(display_width, lines.splitlines()), default=0), WIDTH)}"


def display_width(text: str) -> int:
    """How many columns a terminal needs: none for combining marks, two for wide characters (UAX #11)."""
    return sum(
        0 if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf"
        else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )  # fmt: skip
