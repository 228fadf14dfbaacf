"""Dates as Vietnamese sites write them: the day always comes first, and a zone is believed as it is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.gathering.dates import parse_date

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")

# What is written, and what it means on the clock in Hà Nội.
READ = [
    ("24/11/2020", "2020-11-24 00:00"),
    ("(24/11/2020)", "2020-11-24 00:00"),
    ("24.11.2020", "2020-11-24 00:00"),
    ("05/06/2026", "2026-06-05 00:00"),  # never the sixth of May
    ("1/2/26", "2026-02-01 00:00"),
    ("Thứ Ba, 24/11/2020 09:30 (GMT+7)", "2020-11-24 09:30"),
    ("Thứ ba, 24/11/2020, 09:30 (UTC+07:00)", "2020-11-24 09:30"),
    ("Thứ 5, 28/05/2026 17:00:00 GMT+7", "2026-05-28 17:00"),
    ("Thứ hai, 23/11/2026 7h30", "2026-11-23 07:30"),
    ("09:30 24/11/2020", "2020-11-24 09:30"),
    ("Cập nhật lúc 09:30, ngày 24/11/2020", "2020-11-24 09:30"),
    ("9 giờ 05 ngày 24/11/2020", "2020-11-24 09:05"),
    ("24/11/2020 3:05:12 CH", "2020-11-24 15:05:12"),
    ("24/11/2020 12:15 SA", "2020-11-24 00:15"),
    ("24/11/2020 12:15 PM", "2020-11-24 12:15"),
    ("ngày 24 tháng 11 năm 2020", "2020-11-24 00:00"),
    ("Hà Nội, 24 tháng 11, 2020", "2020-11-24 00:00"),
    ("Nov 24, 2020", "2020-11-24 00:00"),
    ("2020-11-24", "2020-11-24 00:00"),
    ("2020/11/24", "2020-11-24 00:00"),
    ("2026-05-28T17:00:00", "2026-05-28 17:00"),  # other programs take it for UTC
    ("2026-05-28 17:00:00", "2026-05-28 17:00"),
    ("2026-05-28T10:00:00Z", "2026-05-28 17:00"),
    ("2026-05-28T17:00:00.123+07:00", "2026-05-28 17:00"),
    ("2026-05-28T10:00:00-0330", "2026-05-28 20:30"),
    ("Thu, 28 May 2026 17:00:00 +0700", "2026-05-28 17:00"),
    ("Thu, 28 May 2026 10:00:00 GMT", "2026-05-28 17:00"),
    ("Thu, 28 May 2026 17:00:00 GMT+7", "2026-05-28 17:00"),  # other programs are wrong by 7 to 14 hours
    ("Sun, 1 Nov 2026 08:00:00 +07", "2026-11-01 08:00"),
    ("Thu, 28 May 2026 17:00:00", "2026-05-28 17:00"),
    ("28 May 26 05:00 EST", "2026-05-28 17:00"),
    ("Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01 06:59:59"),  # a leap second
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ, ids=[text for text, _ in READ])
def test_what_a_date_means(text: str, expected: str) -> None:
    found = parse_date(text, HANOI)
    assert found is not None
    assert found.tzinfo is UTC
    assert found == datetime.fromisoformat(expected).replace(tzinfo=HANOI)


@pytest.mark.parametrize(
    "text",
    [
        "", "hôm qua", "31/02/2020", "11/24/2020", "24/11/2020 25:61", "0000-00-00", "2020", "1234567890",
        "Điện thoại 0209.3870.425",
    ],
)  # fmt: skip
def test_what_names_no_moment_is_not_guessed(text: str) -> None:
    """`11/24/2020` above all: a date that fits only with day and month swapped is no date."""
    assert parse_date(text, HANOI) is None


def test_a_time_without_a_zone_is_in_the_zone_of_its_source() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_date("28/05/2026 17:00", berlin) == datetime(2026, 5, 28, 15, 0, tzinfo=UTC)
    assert parse_date("28/11/2026 17:00", berlin) == datetime(2026, 11, 28, 16, 0, tzinfo=UTC)


MOMENTS = st.integers(631_152_000, 4_102_444_799).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)  # 1990 to 2099
OFFSETS = st.integers(-12, 14)


@settings(deadline=None)
@given(
    MOMENTS,
    OFFSETS,
    st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S", "%H:%M:%S %d/%m/%Y", "%d %b %Y %H:%M:%S"]),
)
def test_every_form_with_every_offset_is_the_moment_it_was_made_of(moment: datetime, hours: int, form: str) -> None:
    behind = f"{moment:{form}}" + (f" GMT{hours:+d}" if not form.startswith("%Y") else f"{hours:+03d}:00")
    assert parse_date(behind, HANOI) == moment - timedelta(hours=hours)


@settings(deadline=None)
@given(st.text(alphabet="0123456789/-.:+ TZhGMngàytháăCH()", max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    found = parse_date(text, HANOI)
    assert found is None or found.tzinfo is UTC
