"""Lists of suppressed addresses as CSV, read and written. Reading is pure: text lines in, suppressions and bad rows out.

Columns: `address` (required), `reason`, `type`, `since`, `until`; times as 2026-11-23 or 2026-11-23T07:00, in the site's
zone if they name none. So a list of another system, with addresses alone, can be imported as it is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TextIO

from ...model import BounceType, Suppression
from ...text import clean_line
from .columns import SUPPRESSIONS, ListedStatus, StatusEntry
from .file import CsvFile, cell_address_key
from .records import BadRow, escape_formulas

COLUMNS = ("address", "reason", "type", "since", "until")
TYPES = tuple(type for type in BounceType if type is not BounceType.POLICY)  # the types that a suppression may have


class SuppressionList:
    """A file of suppressed addresses: its rows as suppressions, or as bad rows. Raises ValueError if the header is unusable.
    `skipped` are the columns that are not read."""

    def __init__(self, file: TextIO, *, now: datetime, zone: tzinfo) -> None:
        self._file = CsvFile(file, SUPPRESSIONS)
        self._read = self._file.reader(*COLUMNS)
        self._now, self._zone = now, zone

    @property
    def skipped(self) -> Sequence[str]:
        return self._file.skipped

    def __iter__(self) -> Iterator[Suppression | BadRow]:
        for rows in self._file.blocks():
            columns = self._read(rows)
            yield from (row if isinstance(row, BadRow) else self._row(*row, next(columns)) for row in rows)

    def _row(self, line: int, cells: Sequence[str], columns: Sequence[str]) -> Suppression | BadRow:
        values = dict(zip(COLUMNS, columns, strict=True))
        try:
            stands = self._stands(cells)
            if stands and stands.says is ListedStatus.SUBSCRIBED:
                raise ValueError(f"the list says {stands.word!r}, so there is nothing to suppress")
            if stands:
                values["reason"] = values["reason"] or f"{stands.word} in an imported list"
            return _suppression(values, self._now, self._zone)
        except ValueError as error:
            return BadRow(line, str(error))

    def _stands(self, cells: Sequence[str]) -> StatusEntry | None:
        """What the list says of the subscription; here a column `status` may also hold a code."""
        try:
            return self._file.status(cells)
        except ValueError:
            return None


def _suppression(values: Mapping[str, str], now: datetime, zone: tzinfo) -> Suppression:
    type = values.get("type", "").casefold() or BounceType.IMPORT
    if type not in TYPES:
        raise ValueError(f"type {type!r} is not known; there are: {', '.join(TYPES)}")
    since, until = _parse_time(values.get("since", ""), zone), _parse_time(values.get("until", ""), zone)
    if until and until <= now:
        raise ValueError(f"until {values['until']} is over")
    return Suppression(
        address=cell_address_key(values["address"]),
        type=BounceType(type),
        reason=clean_line(values.get("reason", "")) or "imported",
        since=since or now,
        until=until,
    )


def _parse_time(text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time; write 2026-11-23 or 2026-11-23T07:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def write_csv(file: TextIO, suppressions: Iterable[Suppression], delimiter: str = ",") -> int:
    """Write suppressions with a header; returns how many."""
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for one in suppressions:
        until = one.until.isoformat() if one.until else ""
        values = (one.address, one.reason, one.type, one.since.isoformat(), until)
        writer.writerow([escape_formulas(value) for value in values])
        count += 1
    return count
