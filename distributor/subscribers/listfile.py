"""Lists of addresses as CSV files with a header: rows in, bad rows told with their line. Pure.

A file is read from its beginning each time it is gone through, row by row, so that a list of millions needs no memory.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TextIO

from ..mail.address import normalise
from .cells import unguarded

_ALIASES = {
    "email": "address", "e-mail": "address", "email address": "address", "mail": "address",
    "newsletter": "newsletters", "topic": "topics",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its line in the file (from 1, the header's) and why."""

    line: int
    reason: str


class ListFile:
    """A CSV file, open at any place, and its header. Raises ValueError where the header cannot be used."""

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        self._file = file
        try:
            file.seek(0)
            header = [_column(cell) for cell in next(csv.reader(file), [])]
        except csv.Error as error:
            raise ValueError(f"line 1: {error}") from None
        if "address" not in header:
            raise ValueError(f"line 1: no column is called address; columns: {', '.join(columns)}")
        unknown = [name for name in header if name and name not in columns]
        if unknown:
            raise ValueError(f"line 1: column {unknown[0]!r} is not known; columns: {', '.join(columns)}")
        twice = [name for name in header if name and header.count(name) > 1]
        if twice:
            raise ValueError(f"line 1: there are two columns {twice[0]!r}")
        self._places = {name: place for place, name in enumerate(header)}
        self._width = len(header)

    def rows(self) -> Iterator[tuple[int, list[str]] | BadRow]:
        """Line and cells of each row that is not empty; at least as many cells as the header has."""
        self._file.seek(0)
        reader = csv.reader(self._file)
        next(reader, None)
        width = self._width
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(reader.line_num, str(error))
                continue
            if not any(map(str.strip, cells)):
                continue
            if len(cells) > width:
                reason = f"has {len(cells)} fields, but the header has {width}; is a comma not in quotes?"
                yield BadRow(reader.line_num, reason)
            else:
                cells += [""] * (width + 1 - len(cells))  # and one for the columns that the file does not have
                yield reader.line_num, cells

    def keys(self) -> Iterator[str]:
        """The address of each row that has one, as the store knows it."""
        address = self.reader("address")
        for row in self.rows():
            if not isinstance(row, BadRow):
                with suppress(ValueError):
                    yield normalise(*address(row[1]))

    def reader(self, *names: str) -> Callable[[Sequence[str]], list[str]]:
        """A function that reads columns of a row; a column that the file does not have is empty."""
        places = [self._places.get(name, self._width) for name in names]

        def read(cells: Sequence[str]) -> list[str]:
            return [unguarded(cells[place]) for place in places]

        return read


class Repeats:
    """Tells keys that have come before. All are looked at once, in eight bytes each: those that may come twice are then
    few, and kept whole."""

    def __init__(self, keys: Iterable[str]) -> None:
        marks = array("q", map(hash, keys))
        self.count = len(marks)
        self._suspects = frozenset(one for one, following in pairwise(sorted(marks)) if one == following)
        self._first: dict[str, int] = {}

    def first(self, key: str, line: int) -> int:
        """The line in which a key has come first; `line` itself where it is this one. To be asked in their order."""
        return self._first.setdefault(key, line) if hash(key) in self._suspects else line


def _column(cell: str) -> str:
    name = cell.strip().lstrip("\ufeff").casefold()
    return _ALIASES.get(name, name)
