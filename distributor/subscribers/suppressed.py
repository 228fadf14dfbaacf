"""Lists of suppressed addresses as CSV, in and out. Reading is pure: text lines in, suppressions and bad rows out.

Columns: `address` (needed), `reason`, `tier`, `since`, `until`; times as 2026-11-23 or 2026-11-23T07:00, in the site's zone
where they name none. So a list of another system, with addresses alone, is taken in as it is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import TextIO

from ..mail.address import normalise
from ..model import Suppression, Tier
from ..text import clean_line
from .cells import guarded
from .listfile import BadRow, ListFile

COLUMNS = ("address", "reason", "tier", "since", "until")
TIERS = tuple(tier for tier in Tier if tier is not Tier.POLICY)  # those that keep an address from being written to


def read_csv(file: TextIO, *, now: datetime, zone: tzinfo) -> Iterator[Suppression | BadRow]:
    """The rows of a file as suppressions, or as bad rows. Raises ValueError where the header itself is unusable."""
    table = ListFile(file, COLUMNS)
    read = table.reader(*COLUMNS)
    return (
        row if isinstance(row, BadRow) else _row(dict(zip(COLUMNS, read(row[1]), strict=True)), row[0], now, zone)
        for row in table.rows()
    )


def _row(values: Mapping[str, str], line: int, now: datetime, zone: tzinfo) -> Suppression | BadRow:
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
