"""Dates told from now on: by minutes, hours, days, by the name of the day, and without a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.config.types import DateFormat
from distributor.gathering.relative_dates import parse_relative

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, 15, 30, 20, tzinfo=HANOI)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2 giờ trước", "2026-11-28 13:30"),
        ("15 phút trước", "2026-11-28 15:15"),
        ("Cập nhật 15 phút  trước", "2026-11-28 15:15"),
        ("1 giờ 20 phút trước", "2026-11-28 14:10"),
        ("một giờ trước", "2026-11-28 14:30"),
        ("cách đây 3 tiếng", "2026-11-28 12:30"),
        ("30 giây trước", "2026-11-28 15:29"),
        ("vừa xong", "2026-11-28 15:30"),
        ("Vừa mới", "2026-11-28 15:30"),
        ("20 giờ trước", "2026-11-27 19:30"),
        ("3 ngày trước", "2026-11-25 00:00"),
        ("1 tuần trước", "2026-11-21 00:00"),
        ("2 tháng trước", "2026-09-29 00:00"),
        ("hôm nay", "2026-11-28 00:00"),
        ("Hôm nay, 08:15", "2026-11-28 08:15"),
        ("08:15 hôm nay", "2026-11-28 08:15"),
        ("Hôm qua lúc 14:35", "2026-11-27 14:35"),
        ("hôm qua 14h35", "2026-11-27 14:35"),
        ("hôm qua, 2:35 CH", "2026-11-27 14:35"),
        ("chiều nay 2h35", "2026-11-28 14:35"),
        ("hôm kia", "2026-11-26 00:00"),
        ("yesterday at 14:35", "2026-11-27 14:35"),
        ("Today, 8:15 AM", "2026-11-28 08:15"),
        ("2 hours ago", "2026-11-28 13:30"),
        ("an hour ago", "2026-11-28 14:30"),
        ("15 mins ago", "2026-11-28 15:15"),
        ("a day ago", "2026-11-27 00:00"),
        ("just now", "2026-11-28 15:30"),
        ("24/11", "2026-11-24 00:00"),
        ("(24/11) 08:30", "2026-11-24 08:30"),
        ("14:35 24-11", "2026-11-24 14:35"),
        ("24 Th11", "2026-11-24 00:00"),
        ("24 tháng 12", "2025-12-24 00:00"),  # the one to come is no news yet
    ],
)
def test_a_date_told_from_now_on_is_read(text: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment).replace(tzinfo=HANOI).astimezone(UTC)
    assert parse_relative(text, NOW, HANOI) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Khai mạc giải bóng đá",
        "trước 2 giờ",
        "3 người trước cổng",
        "29/02",
        "45/13",
        "1/2/3",
        "24.11.2026",
        "10:15",
    ],
)
def test_what_names_no_moment_gives_none(text: str) -> None:
    assert parse_relative(text, NOW, HANOI) is None


def test_the_day_is_that_of_the_zone() -> None:
    late = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)  # it is the 29th in Hanoi
    assert parse_relative("hôm nay", late, HANOI) == datetime(2026, 11, 29, tzinfo=HANOI)
    assert parse_relative("hôm nay", late, UTC) == datetime(2026, 11, 28, tzinfo=UTC)


def test_a_source_that_writes_the_month_first_means_it_here_too() -> None:
    zone = DateFormat(HANOI, month_first=True)
    assert parse_relative("hôm qua 14:35", NOW, zone) == datetime(2026, 11, 27, 14, 35, tzinfo=HANOI)
    assert parse_relative("11/24 2:35 PM", NOW, zone) == datetime(2026, 11, 24, 14, 35, tzinfo=HANOI)
    early = datetime(2026, 10, 5, 12, tzinfo=HANOI)  # either order would be a day
    assert parse_relative("hôm nay", early, zone) == datetime(2026, 10, 5, tzinfo=HANOI)


@given(st.text(alphabet="0123456789 /-:hôm nayquagiờtrướcphútago", max_size=60) | st.text(max_size=60))
def test_any_text_gives_a_moment_that_is_not_ahead_or_none(text: str) -> None:
    found = parse_relative(text, NOW, HANOI)
    assert found is None or found < NOW + timedelta(days=2)
