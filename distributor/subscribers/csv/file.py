"""CSV files of addresses with a header: rows, and bad rows with their line number. Pure.

A file is read row by row, from its beginning each time, so that a list of millions needs no memory. Fields are separated by
commas, semicolons, tabs or bars, as the header shows or a first line `sep=;` says.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TextIO

from ...mail.address import Mailbox, normalize
from . import columns
from .columns import StatusEntry
from .records import BadRow, CsvRecords, Row, unescape_formulas

NO_COLUMNS: Mapping[str, Sequence[str]] = {}
_DELIMITERS = ",;\t|"
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@,;:<>\"]+@[^\s@,;:<>\"]+")
_NEEDS_PARSING = re.compile(r"[\s<>\"']").search  # nothing else in ASCII is taken off or away from an address
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"  # pasted with addresses from web pages


class CsvFile:
    """An open CSV file and its header. Raises ValueError if the header cannot be used.

    `wanted` is `columns.SUBSCRIBERS` or `columns.SUPPRESSIONS`, `attributes` come from `columns.attribute_columns`;
    `skipped` are the names of columns that are not read.
    """

    def __init__(
        self, file: TextIO, wanted: Mapping[str, Sequence[str]], attributes: Mapping[str, Sequence[str]] = NO_COLUMNS
    ) -> None:
        self._file = file
        self._damaged = file.errors not in (None, "strict")
        self._delimiter, self._first, header = self._header(wanted)
        self.header: Sequence[str] = header
        self._width = len(header)
        others = {name for names in attributes.values() for name in names}
        self.read_status = columns.status_reader(header, others)
        self._status_places = columns.status_columns(header, others)
        first = {columns.ADDRESS: wanted[columns.ADDRESS], **attributes}
        try:
            found = columns.find(header, {**first, **wanted}, self._status_places)
        except ValueError as error:
            raise ValueError(f"line {self._first or 1}: {error}") from None
        self._places = found.places
        self.skipped = found.skipped

    def _header(self, wanted: Mapping[str, Sequence[str]]) -> tuple[str, int, list[str]]:
        """The delimiter, the line of the header, and its cells: of all ways to split it, the one that gives an address
        column and the most known columns."""
        names = {name for known in wanted.values() for name in known}
        addresses = set(wanted[columns.ADDRESS])
        best: tuple[tuple[bool, int, int], str, int, list[str]] | None = None
        error: ValueError | None = None
        for delimiter in _DELIMITERS:
            try:
                said, line, cells = self._split_header(delimiter)
            except ValueError as fault:
                error = error or fault
                continue
            if said:
                return said, line, cells
            folded = {columns.fold(cell) for cell in cells}
            worth = (bool(folded & addresses), len(folded & names), len(cells))
            if best is None or worth > best[0]:
                best = worth, delimiter, line, cells
        if best is None:
            raise error or ValueError("line 1: there is no header")
        if not any(map(str.strip, best[3])):
            raise ValueError("line 1: the file is empty; its first line names the columns, one of them address")
        return best[1:]

    def _split_header(self, delimiter: str) -> tuple[str, int, list[str]]:
        """The header as a delimiter splits it, and its line; before them the delimiter that the file itself names."""
        line, cells = self._first_row(delimiter)
        names = [cell.strip(_INVISIBLE) for cell in cells]
        said = _SEP.fullmatch(delimiter.join(names).strip(" "))
        return (said[1], *self._first_row(said[1], below=line)) if said else ("", line, names)

    def _first_row(self, delimiter: str, *, below: int = 0) -> Row:
        """The first row below a line that is not empty; without cells if there is none. Raises ValueError for a bad one."""
        for block in self._records(delimiter):
            for row in block.rows:
                if isinstance(row, BadRow):
                    raise ValueError(f"line {row.line}: {row.reason}")
                if row[0] > below and any(map(str.strip, row[1])):
                    return row
        return below or 1, []

    def _records(self, delimiter: str, width: int = 10_000) -> CsvRecords:
        self._file.seek(0)
        return CsvRecords(self._file, delimiter, width=width, damaged=self._damaged)

    def blocks(self) -> Iterator[Sequence[Row | BadRow]]:
        """The rows that are not empty, those together that were read together; each has as many cells as the header."""
        for rows, plain in self._records(self._delimiter, self._width):
            yield rows if plain and self._are_whole(rows) else list(self._checked(rows))

    def _are_whole(self, rows: Sequence[Row | BadRow]) -> bool:
        """Whether these are rows below the header with all its cells, and something for an address, as nearly all are."""
        address, width, first = self._places[columns.ADDRESS], self._width, self._first
        found = [row[1][address] for row in rows if isinstance(row, tuple) and len(row[1]) == width and row[0] > first]
        return len(found) == len(rows) and all(map(str.strip, found))

    def _checked(self, rows: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
        """The rows below the header that are not empty, each looked at by itself."""
        width = self._width
        for row in rows:
            if isinstance(row, BadRow):
                yield row
                continue
            line, cells = row
            if line <= self._first or not any(map(str.strip, cells)):
                continue
            if any(map(str.strip, cells[width:])):
                yield BadRow(
                    line,
                    f"has {len(cells)} fields, but the header has {width}; is {self._delimiter_name} not in quotes?",
                )
            elif name := self._folded(cells):
                yield BadRow(line, f"contains a line end in the column {name}")
            else:
                yield line, cells[:width] + [""] * (width - len(cells))

    @property
    def _delimiter_name(self) -> str:
        return {",": "a comma", ";": "a semicolon", "\t": "a tab"}.get(self._delimiter, repr(self._delimiter))

    def _folded(self, cells: Sequence[str]) -> str:
        """The first of the read columns that contains a line end."""
        return next(
            (name for name, place in self._places.items() if place < len(cells) and _has_line_end(cells[place])), ""
        )

    def keys(self) -> Iterator[str]:
        """What is equal for equal addresses, of each row that has one: the address in normal form, unless it is invalid."""
        place = self._places[columns.ADDRESS]
        for rows in self.blocks():
            cells = [row[1][place] for row in rows if isinstance(row, tuple)]
            together = "".join(cells)
            if together.isascii() and not _NEEDS_PARSING(together):  # nearly all
                yield from map(str.lower, cells)
                continue
            for cell in cells:
                with suppress(ValueError):
                    yield cell_address_key(unescape_formulas(cell))

    def reader(self, *names: str) -> Callable[[Sequence[Row | BadRow]], Iterator[tuple[str, ...]]]:
        """A function that reads these columns of the rows of a block that are not bad, column by column, which is sooner
        than row by row; a missing column is empty."""
        places = [self._places.get(name) for name in names]

        def read(rows: Sequence[Row | BadRow]) -> Iterator[tuple[str, ...]]:
            cells = [row[1] for row in rows if isinstance(row, tuple)]
            none = [""] * len(cells)
            return zip(*(none if place is None else _column(cells, place) for place in places), strict=True)

        return read

    @property
    def mapping(self) -> list[tuple[str, str]]:
        """What is read, each with the name of its column in the file."""
        read = [(name, self.header[place].strip()) for name, place in self._places.items()]
        return read + [("status", self.header[place].strip()) for place in self._status_places]

    def has_column(self, name: str) -> bool:
        return name in self._places

    def status(self, cells: Sequence[str]) -> StatusEntry | None:
        """What the list says of the subscription; see `columns.status_reader`. Raises ValueError for an unknown word."""
        return self.read_status(cells) if self.read_status else None


def _column(rows: Sequence[Sequence[str]], place: int) -> list[str]:
    values = [cells[place].strip() for cells in rows]
    return list(map(unescape_formulas, values)) if "'" in "".join(values) else values


def strip_pasted(address: str) -> str:
    """An address without the quotes and invisible characters it was pasted with. Raises ValueError if the cell holds
    several."""
    if not address.isascii():
        address = address.strip(_INVISIBLE + " \xa0")
    if address[:1] in ("'", '"') and address[-1:] == address[:1]:
        address = address[1:-1].strip()
    if address.count("@") > 1 and "<" not in address and len(_ADDRESS.findall(address)) > 1:
        raise ValueError(f"{address[:80]!r} contains several addresses; write one per row")
    return address


def cell_address_key(address: str) -> str:
    """The address of a cell in normal form. Raises ValueError."""
    try:
        return normalize(address)
    except ValueError:
        return normalize(strip_pasted(address))


def parse_mailbox(cell: str) -> Mailbox:
    """The mailbox of a cell. Raises ValueError."""
    try:
        return Mailbox.parse(cell)
    except ValueError:
        return Mailbox.parse(strip_pasted(cell))


def _has_line_end(cell: str) -> bool:
    return "\n" in cell or "\r" in cell


class DuplicateKeys:
    """Finds keys that occur twice. All are hashed first, in eight bytes each, so that only the few suspects are kept."""

    def __init__(self, keys: Iterable[str]) -> None:
        marks = array("q", map(hash, keys))
        self.count = len(marks)
        self._suspects = frozenset(one for one, following in pairwise(sorted(marks)) if one == following)
        self._first: dict[str, int] = {}

    def first(self, key: str, line: int) -> int:
        """The line in which a key occurs first. Must be called in the order of the lines."""
        return self._first.setdefault(key, line) if hash(key) in self._suspects else line
