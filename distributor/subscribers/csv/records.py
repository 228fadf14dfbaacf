"""CSV records and cells, read and written so that one bad row costs no other and no spreadsheet runs a formula. Pure.

RFC 4180 lets a quoted field continue over line ends; a forgotten quote then swallows all rows to the next one. Here a field
continues in the next line only if that is surely meant: its quote is closed properly, within few lines, and it contains no
address. Otherwise the row is bad, and the next line is a row of its own.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, which reading removes. Excel
splits fields at commas in one country and at semicolons in the next, whatever the file says, so what would then begin a
cell is escaped as well (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    import _csv

MAX_RECORD_LENGTH = 65_536  # characters of a record; no row of a list needs more, and a line may have any length
_MAX_FIELD_LINES = 200  # of one field
_SUSPICIOUS = re.compile('["\0\udc80-\udcff\ufffd]')
_UNREADABLE = re.compile("[\udc80-\udcff\ufffd]")
_ADDRESS_AFTER_LINE_END = re.compile(r"[\r\n].*@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its line in the file (from 1, the header's) and why."""

    line: int
    reason: str


Row = tuple[int, list[str]]  # the first line of a record (from 1), and its cells


class Block(NamedTuple):
    """Records that were read at once, and the bad rows among them, in the order of the file. `plain`: each record is one
    line, and none is bad."""

    rows: Sequence[Row | BadRow]
    plain: bool


class CsvRecords:
    """The records of a file, read once from its beginning, in blocks.

    `damaged`: some characters could not be decoded and are U+DC80 to U+DCFF or U+FFFD.
    """

    def __init__(self, file: TextIO, delimiter: str, *, width: int = 10_000, damaged: bool = False) -> None:
        self._file = file
        self._block = io.StringIO()
        self._block_length = 0
        self._taken = 0  # lines so far
        self._line = 0  # the first of the present record
        self._bad: list[BadRow] = []  # before the present record
        self._delimiter = delimiter
        self._width = width
        self._damaged = damaged
        self._ahead: deque[str] = deque()

    def __iter__(self) -> Iterator[Block]:
        """Blocks of plain lines go to the csv module as they are, several times as fast as line by line."""
        while block := self._read_block():
            lines = None if self._damaged else _plain_lines(block, self._delimiter)
            if lines is None:
                self._block, self._block_length = io.StringIO(block, newline=""), len(block)
                yield Block(list(self._read_lines()), plain=False)
                continue
            yield Block(list(enumerate(lines, self._taken + 1)), plain=True)
            self._taken += len(lines)

    def _read_lines(self) -> Iterator[Row | BadRow]:
        """The records that begin in the block, each line looked at by itself."""
        for cells in _csv_reader(self._feed(), self._delimiter):
            yield from self._bad
            self._bad.clear()
            yield self._line, cells
        yield from self._bad
        self._bad.clear()

    def _read_block(self) -> str:
        """Some lines; the last is complete unless it is too long."""
        block = self._file.read(MAX_RECORD_LENGTH)
        if block and not block.endswith("\n"):
            block += self._file.readline(MAX_RECORD_LENGTH + 1)
        return block

    def _readline(self) -> str:
        """The next line, of the block or behind it."""
        line = self._block.readline(MAX_RECORD_LENGTH + 1)
        if line.endswith(("\n", "\r")) or len(line) > MAX_RECORD_LENGTH:
            return line
        return line + self._file.readline(MAX_RECORD_LENGTH + 1 - len(line))

    def _line_of_block(self) -> str:
        if self._ahead:
            return self._ahead.popleft()
        return self._readline() if self._block.tell() < self._block_length else ""

    def _feed(self) -> Iterator[str]:
        """One string for each complete record that begins in the block."""
        damaged = self._damaged
        is_whole = _patterns(self._delimiter)[0].fullmatch
        while line := self._line_of_block():
            number = self._taken = self._taken + 1
            if len(line) > MAX_RECORD_LENGTH or "\0" in line or damaged:
                usual = False
            else:  # nearly all lines, so this is the fast path
                usual = '"' not in line or (line.count('"') % 2 == 0 and is_whole(line) is not None)
            if usual:
                self._line = number
                yield line
                continue
            record, lines = self._examined(line, number)
            self._line = number
            self._taken += lines - 1
            if record:
                yield record

    def _examined(self, line: str, number: int) -> tuple[str, int]:
        """The record that begins with a line, or nothing if it is bad; and how many lines it has."""

        def bad(reason: str) -> tuple[str, int]:
            self._bad.append(BadRow(number, reason))
            return "", 1

        if len(line) > MAX_RECORD_LENGTH and not line.endswith(("\n", "\r")):
            self._skip()
            return bad(f"is longer than {MAX_RECORD_LENGTH} characters; is a line end missing?")
        if "\0" in line:
            return bad("contains a NUL character; save the file as CSV UTF-8")
        if self._damaged and _UNREADABLE.search(line):
            return bad("contains bytes that are invalid in the encoding of the file; save it as CSV UTF-8")
        if '"' not in line:
            return line, 1
        text = line.rstrip("\r\n")
        whole, begun = _patterns(self._delimiter)
        if whole.fullmatch(text):
            if text.count('"') % 2 and any(_ends_quoted(cell) for cell in self._cells(text)):
                return bad("a quote is closed that was not opened")
            return line, 1
        if not begun.fullmatch(text):
            return bad("a quote stands inside a quoted field; write it twice")
        return self._folded(line) or bad("a quote is opened and not closed")

    def _folded(self, line: str) -> tuple[str, int] | None:
        """A record of several lines, and how many; None if it cannot be meant so, with the lines put back."""
        whole, begun = _patterns(self._delimiter)
        record, taken = line, []
        while following := self._ahead.popleft() if self._ahead else self._readline():
            taken.append(following)
            record += following
            if len(record) > MAX_RECORD_LENGTH or len(taken) >= _MAX_FIELD_LINES or "\0" in following:
                break
            if '"' not in following:
                if "@" in following:
                    break
                continue
            text = record.rstrip("\r\n")
            if whole.fullmatch(text):
                cells = self._cells(text)
                if len(cells) > self._width or any(map(_ADDRESS_AFTER_LINE_END.search, cells)):
                    break
                return record, 1 + len(taken)
            if not begun.fullmatch(text):
                break
        self._ahead.extendleft(reversed(taken))
        return None

    def _cells(self, text: str) -> list[str]:
        return next(_csv_reader(iter([text]), self._delimiter), [])

    def _skip(self) -> None:
        """Skip to the end of a line that is too long."""
        while piece := self._readline():
            if piece.endswith("\n"):
                return
            if piece.endswith("\r"):
                following = self._readline()
                if following and following != "\n":  # a CR LF may have been split
                    self._ahead.append(following)
                return


def _plain_lines(block: str, delimiter: str) -> list[list[str]] | None:
    """The cells of each line of a block, if each is surely a whole record, with whole quoted fields or none. No line is too
    long either: only the last can be."""
    if len(block) - block.rfind("\n", 0, -1) - 1 > MAX_RECORD_LENGTH or "\0" in block:
        return None
    if block.count("\r") != block.count("\r\n"):
        return None
    reader = _csv_reader(io.StringIO(block, newline=""), delimiter, strict=True)
    try:
        lines = list(reader)
    except csv.Error:  # something stands behind a closed quote, or one is never closed
        return None
    if len(lines) != reader.line_num:  # a field continues in the next line
        return None
    if '"' in block and '"' in "".join(map("".join, lines)) and not _well_quoted(delimiter).fullmatch(block):
        return None
    return lines


def _csv_reader(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> _csv.Reader:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


def _ends_quoted(cell: str) -> bool:
    return cell.rstrip().endswith('"') and cell.count('"') % 2 == 1


@cache
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a complete record, and of one that ends inside a quoted field. Neither backtracks."""
    cut = re.escape(delimiter)
    quoted = r' *+"[^"]*+(?:""[^"]*+)*+" *+'
    plain = rf' *+(?!")[^{cut}\r\n]*+'
    field = f"(?>{quoted}|{plain})"
    return re.compile(f"(?:{field}{cut})*+{field}[\r\n]*+"), re.compile(rf'(?:{field}{cut})*+ *+"[^"]*+(?:""[^"]*+)*+')


@cache
def _well_quoted(delimiter: str) -> re.Pattern[str]:
    """Lines of which each is a whole record. It does not backtrack."""
    cut = re.escape(delimiter)
    field = rf' *+(?:"[^"\r\n]*+(?:""[^"\r\n]*+)*+" *+|[^"{cut}\r\n]*+)'
    return re.compile(rf"(?:{field}(?:{cut}{field})*+(?:\r?\n|\Z))*+")


_SIGNS = "=+\\-@'＝＋－＠"  # the wide ones count as formulas in East Asian versions of Excel
_BEGINNING = r"(^|[;,|\t])(\s*)"
_FORMULA_START = re.compile(rf"{_BEGINNING}(?=[{_SIGNS}])")
_ESCAPED_FORMULA = re.compile(rf"{_BEGINNING}'(?=[{_SIGNS}])")
_FORMULA_IN_JSON = re.compile(rf"([;,|\t]\s*)([{_SIGNS}])")
_VALUE = re.compile(r"((?:[^;\\]|\\.|\\)*)(?:;|\Z)", re.DOTALL)


def escape_formulas(value: str) -> str:
    return _FORMULA_START.sub(r"\1\2'", value)


def escape_formulas_in_json(text: str) -> str:
    """A JSON object in which no text looks like a formula to a spreadsheet; it means the same."""
    return _FORMULA_IN_JSON.sub(lambda found: f"{found[1]}\\u{ord(found[2]):04x}", text)


def unescape_formulas(value: str) -> str:
    """The value before it was escaped, without spaces around it."""
    value = value.strip()
    return _ESCAPED_FORMULA.sub(r"\1\2", value) if "'" in value else value


def join_values(values: Iterable[str]) -> str:
    """Several values in one cell, separated by semicolons; a semicolon in a value is written `\\;`."""
    return ";".join(value.replace("\\", r"\\").replace(";", r"\;") for value in values)


def split_values(cell: str) -> list[str]:
    """The values of a cell that holds several, without spaces around them and without empty ones."""
    if "\\" not in cell:
        found = cell.split(";")
    else:
        found = [re.sub(r"\\([;\\])", r"\1", one) for one in _VALUE.findall(cell)]
    return [one.strip() for one in found if one.strip()]
