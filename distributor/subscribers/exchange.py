"""Lists of subscribers as CSV, in and out. Reading is pure: text lines in, applications and bad rows out.

Columns: `address` (needed), `name`, `language`, `newsletters`, `topics`, `frequency` (each, daily, weekly), `consent`;
several newsletters or topics are parted by `;`. Fields that a spreadsheet would take for a formula are written with an
apostrophe before them, which reading takes away again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from ..model import Language, Subscriber
from .cells import guarded, unguarded
from .register import Application, application

COLUMNS = ("address", "name", "language", "newsletters", "topics", "frequency", "consent")
_ALIASES = {"email": "address", "e-mail": "address", "mail": "address", "newsletter": "newsletters", "topic": "topics"}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: its line in the file (from 1, the header's) and why."""

    line: int
    reason: str


def read_csv(
    lines: Iterable[str], *, known: Sequence[str], newsletters: Sequence[str] = (), language: Language = Language.VI
) -> Iterator[Application | BadRow]:
    """The rows of a file as applications, or as bad rows. Raises ValueError where the header itself is unusable.

    `newsletters` are those of a row that names none; `known` are the ones that exist.
    """
    rows = csv.reader(lines)
    try:
        header = [_column(cell) for cell in next(rows, [])]
    except csv.Error as error:
        raise ValueError(f"line 1: {error}") from None
    if "address" not in header:
        raise ValueError(f"line 1: no column is called address; columns: {', '.join(COLUMNS)}")
    unknown = [name for name in header if name and name not in COLUMNS]
    if unknown:
        raise ValueError(f"line 1: column {unknown[0]!r} is not known; columns: {', '.join(COLUMNS)}")
    seen: dict[str, int] = {}
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(rows.line_num, str(error))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(
                dict(zip(header, cells, strict=False)), cells, header, rows.line_num, known, newsletters, language, seen
            )


def _row(
    row: dict[str, str],
    cells: Sequence[str],
    header: Sequence[str],
    line: int,
    known: Sequence[str],
    newsletters: Sequence[str],
    language: Language,
    seen: dict[str, int],
) -> Application | BadRow:
    if len(cells) > len(header):
        return BadRow(line, f"has {len(cells)} fields, but the header has {len(header)}; is a comma not in quotes?")
    values = {name: unguarded(value) for name, value in row.items()}
    try:
        wanted = application(
            values["address"],
            _list(values.get("newsletters", "")) or newsletters,
            known=known,
            name=values.get("name", ""),
            language=values.get("language", ""),
            topics=_list(values.get("topics", "")),
            frequency=values.get("frequency", "").casefold(),
            consent=values.get("consent", ""),
            default_language=language,
        )
    except ValueError as error:
        return BadRow(line, str(error))
    first = seen.setdefault(wanted.address.casefold(), line)
    if first != line:
        return BadRow(line, f"{wanted.address} stands in line {first} already")
    return wanted


def write_csv(file: TextIO, people: Iterable[Subscriber]) -> int:
    """Write subscribers with a header; returns how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for person in people:
        values = (
            person.address,
            person.name,
            person.language,
            ";".join(person.newsletters),
            ";".join(person.topics),
            person.frequency,
            person.consent,
        )
        writer.writerow([guarded(value) for value in values])
        count += 1
    return count


def _column(cell: str) -> str:
    name = cell.strip().lstrip("\ufeff").casefold()
    return _ALIASES.get(name, name)


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]
