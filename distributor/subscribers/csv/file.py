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
from operator import itemgetter
from typing import TextIO

from ...mail.address import Mailbox, normalize
from . import columns
from .columns import StatusEntry
from .records import BadRow, CsvRecords, unescape_formulas

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
        records = self._records(delimiter)
        for cells in records:
            if records.bad:
                break
            if not any(map(str.strip, cells)):
                continue
            line, names = records.line, [cell.strip(_INVISIBLE) for cell in cells]
            said = _SEP.fullmatch(delimiter.join(names).strip(" "))
            return self._header_after(line, said[1]) if said else ("", line, names)
        if records.bad:
            raise ValueError(f"line {records.bad[0].line}: {records.bad[0].reason}")
        return "", 1, []

    def _header_after(self, line: int, delimiter: str) -> tuple[str, int, list[str]]:
        """The header below a line that names the delimiter."""
        records = self._records(delimiter)
        for cells in records:
            if records.line > line and any(map(str.strip, cells)):
                return delimiter, records.line, cells
        return delimiter, line, []

    def _records(self, delimiter: str, width: int = 10_000) -> CsvRecords:
        self._file.seek(0)
        return CsvRecords(self._file, delimiter, width=width, damaged=self._damaged)

    def rows(self) -> Iterator[tuple[int, list[str]] | BadRow]:
        """The line and cells of each row that is not empty; at least as many cells as the header has."""
        width, first = self._width, self._first
        records = self._records(self._delimiter, width)
        bad = records.bad
        address = self._places[columns.ADDRESS]
        for cells in records:
            if bad:
                yield from bad
                bad.clear()
            line = records.line
            if (
                len(cells) == width and line > first and cells[address].strip() and not records.multiline
            ):  # nearly all rows
                cells.append("")  # for the columns that the file does not have
                yield line, cells
                continue
            if line <= first or not any(map(str.strip, cells)):
                continue
            if len(cells) > width and any(map(str.strip, cells[width:])):
                yield BadRow(
                    line,
                    f"has {len(cells)} fields, but the header has {width}; is {self._delimiter_name} not in quotes?",
                )
            elif records.multiline and (name := self._folded(cells)):
                yield BadRow(line, f"contains a line end in the column {name}")
            else:
                if len(cells) > width:
                    del cells[width:]
                cells += [""] * (width + 1 - len(cells))
                yield line, cells
        yield from bad

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
        for row in self.rows():
            if not isinstance(row, BadRow):
                cell = row[1][place]
                if cell.isascii() and not _NEEDS_PARSING(cell):
                    yield cell.lower()
                    continue
                with suppress(ValueError):
                    yield cell_address_key(unescape_formulas(cell))

    def reader(self, *names: str) -> Callable[[Sequence[str]], list[str]]:
        """A function that reads these columns of a row; a missing column is empty."""
        pick = itemgetter(*(self._places.get(name, self._width) for name in names), self._width)

        def read(cells: Sequence[str]) -> list[str]:
            values = [*map(str.strip, pick(cells)[:-1])]
            return list(map(unescape_formulas, values)) if "'" in "".join(values) else values

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
