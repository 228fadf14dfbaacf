"""Lists of subscribers as CSV, in and out. Reading is pure: text lines in, applications and bad rows out.

Columns: `address` (needed), `name`, `language`, `newsletters`, `topics`, `frequency` (each, daily, weekly), `consent`;
several newsletters or topics are parted by `;`. Fields that a spreadsheet would take for a formula are written with an
apostrophe before them, which reading takes away again.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TextIO

from ..mail.address import Mailbox
from ..model import Language, Subscriber
from .application import Application, Choice, apply, choice
from .cells import guarded
from .listfile import BadRow, ListFile, Repeats

COLUMNS = ("address", "name", "language", "newsletters", "topics", "frequency", "consent")


class SubscriberList:
    """A file of subscribers: its rows as applications, or as bad rows. Raises ValueError where the header is unusable.

    `newsletters` are those of a row that names none; `known` are the ones that exist. `count` are the rows with an
    address. The file is read twice, and never held in memory.
    """

    def __init__(
        self, file: TextIO, *, known: Sequence[str], newsletters: Sequence[str] = (), language: Language = Language.VI
    ) -> None:
        self._file = ListFile(file, COLUMNS)
        self._repeats = Repeats(self._file.keys())
        self._columns = self._file.reader(*COLUMNS)

        @lru_cache(maxsize=10_000)  # most rows of a list choose alike
        def chosen(language_: str, newsletters_: str, topics: str, frequency: str) -> Choice:
            return choice(
                _list(newsletters_) or newsletters,
                known=known,
                language=language_,
                topics=_list(topics),
                frequency=frequency.casefold(),
                default_language=language,
            )

        self._chosen = chosen

    @property
    def count(self) -> int:
        return self._repeats.count

    def __iter__(self) -> Iterator[Application | BadRow]:
        for row in self._file.rows():
            yield row if isinstance(row, BadRow) else self._row(*row)

    def _row(self, line: int, cells: Sequence[str]) -> Application | BadRow:
        address, name, language, newsletters, topics, frequency, consent = self._columns(cells)
        try:
            mailbox = Mailbox.parse(address)
            wanted = apply(mailbox, self._chosen(language, newsletters, topics, frequency), name, consent)
        except ValueError as error:
            return BadRow(line, str(error))
        first = self._repeats.first(wanted.key, line)
        return wanted if first == line else BadRow(line, f"{wanted.address} stands in line {first} already")


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


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]
