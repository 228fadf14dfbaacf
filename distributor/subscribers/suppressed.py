"""Lists of suppressed addresses as CSV, in and out. Reading is pure: text lines in, suppressions and bad rows out.

Columns: `address` (needed), `reason`, `tier`, `since`, `until`; times as 2026-11-23 or 2026-11-23T07:00, in the site's zone
where they name none. So a list of another system, with addresses alone, is taken in as it is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TextIO

from ..mail.address import normalise
from ..model import Suppression, Tier
from ..text import clean_line
from .cells import guarded, unguarded
from .exchange import BadRow

COLUMNS = ("address", "reason", "tier", "since", "until")
TIERS = tuple(tier for tier in Tier if tier is not Tier.POLICY)  # those that keep an address from being written to
_ALIASES = {"email": "address", "e-mail": "address", "email address": "address", "mail": "address"}


def read_csv(lines: Iterable[str], *, now: datetime, zone: tzinfo) -> Iterator[Suppression | BadRow]:
    """The rows of a file as suppressions, or as bad rows. Raises ValueError where the header itself is unusable."""
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
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(rows.line_num, str(error))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(header, cells, rows.line_num, now, zone)


def _row(header: Sequence[str], cells: Sequence[str], line: int, now: datetime, zone: tzinfo) -> Suppression | BadRow:
    if len(cells) > len(header):
        return BadRow(line, f"has {len(cells)} fields, but the header has {len(header)}; is a comma not in quotes?")
    values = {name: unguarded(value) for name, value in zip(header, cells, strict=False)}
    try:
        return _suppression(values, now, zone)
    except ValueError as error:
        return BadRow(line, str(error))


def _suppression(values: Mapping[str, str], now: datetime, zone: tzinfo) -> Suppression:
    tier = values.get("tier", "").casefold() or Tier.IMPORT
    if tier not in TIERS:
        raise ValueError(f"tier {tier!r} is not known; there are: {', '.join(TIERS)}")
    since, until = _moment(values.get("since", ""), zone), _moment(values.get("until", ""), zone)
    if until and until <= now:
        raise ValueError(f"until {values['until']} is over")
    return Suppression(
        address=normalise(values["address"]),
        tier=Tier(tier),
        reason=clean_line(values.get("reason", "")) or "imported",
        since=since or now,
        until=until,
    )


def _moment(text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write 2026-11-23 or 2026-11-23T07:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def write_csv(file: TextIO, suppressions: Iterable[Suppression]) -> int:
    """Write suppressions with a header; returns how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for one in suppressions:
        until = one.until.isoformat() if one.until else ""
        values = (one.address, one.reason, one.tier, one.since.isoformat(), until)
        writer.writerow([guarded(value) for value in values])
        count += 1
    return count


def _column(cell: str) -> str:
    name = cell.strip().lstrip("\ufeff").casefold()
    return _ALIASES.get(name, name)
