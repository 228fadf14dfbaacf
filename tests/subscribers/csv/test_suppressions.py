"""Bounces become suppressions: at once, after a while, or never; and staff see and change the list."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.model import BounceType, Suppression
from distributor.storage.database import Database
from distributor.subscribers.csv.records import BadRow
from distributor.subscribers.csv.suppressions import TYPES, SuppressionList, write_csv
from support.bounce_cases import LAN
from support.builders import NOW

DAY = timedelta(days=1)


tiers = st.sampled_from(TYPES)
ends = st.none() | st.integers(1, 90).map(lambda days: NOW + days * DAY)


# -- lists -------------------------------------------------------------------------------------------------------------


def read(text: str) -> list[Suppression | BadRow]:
    return list(SuppressionList(io.StringIO(text, newline=""), now=NOW, zone=UTC))


def test_a_list_of_another_system_with_addresses_alone_is_taken(database: Database) -> None:
    (one,) = read("\ufeffEmail\nLan@Example.com\n")
    assert one == Suppression(address=LAN, type=BounceType.IMPORT, reason="imported", since=NOW)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("lan,,,,", "it has no @"),
        ("lan@example.com,,policy,,", "type 'policy' is not known; there are: hard, soft"),
        ("lan@example.com,,,yesterday,", "'yesterday' is not a time; write 2026-11-23"),
        ("lan@example.com,,,,2020-01-01", "until 2020-01-01 is over"),
        ("lan@example.com,,,,,,x", "has 7 fields, but the header has 5"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_good_ones_go_on(row: str, reason: str) -> None:
    bad, good = read(f"address,reason,type,since,until\n{row}\nb@example.com\n")
    assert isinstance(bad, BadRow) and bad.line == 2 and reason in bad.reason
    assert isinstance(good, Suppression)


@given(reason=st.text(alphabet="=+-@'\t ,\"abcđẫ", min_size=1, max_size=12).map(str.strip), tier=tiers, until=ends)
def test_what_is_exported_comes_back_and_is_no_formula(reason: str, tier: BounceType, until: datetime | None) -> None:
    one = Suppression(address="+lan@example.com", type=tier, reason=reason or "x", since=NOW, until=until)
    file = io.StringIO()
    assert write_csv(file, [one]) == 1
    cells = list(csv.reader(io.StringIO(file.getvalue())))[1]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    (back,) = read(file.getvalue())
    assert isinstance(back, Suppression)
    assert (back.address, back.type, back.since, back.until) == (one.address, one.type, one.since, one.until)
    assert back.reason == " ".join(one.reason.split())
