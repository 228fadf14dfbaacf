"""Dates as Vietnamese sites write them: the day always comes first, and a zone is believed as it is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.config.types import DateFormat
from distributor.gathering.dates import ParsedDate, from_epoch, parse_date, parse_relative, read_date

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
    ("T4, 28 Thg10 2026 09:05:00 +0700", "2026-10-28 09:05"),  # .NET for vi-VN
    ("09:05 28 thg 10, 2026", "2026-10-28 09:05"),  # CLDR
    ("Tháng Mười 28, 2026", "2026-10-28 00:00"),  # WordPress
    ("Tháng Mười Hai 28, 2026 2:05 chiều", "2026-12-28 14:05"),
    ("28 Tháng Mười Một, 2026", "2026-11-28 00:00"),
    ("28 Tháng Mười Hai, 2026", "2026-12-28 00:00"),
    ("T7, 28 Th11 2026", "2026-11-28 00:00"),
    ("Thứ Bảy, ngày 28 tháng 11 năm 2026", "2026-11-28 00:00"),
    ("Chủ nhật, 29/11/2026 | 10:00 GMT+7", "2026-11-29 10:00"),
    ("Wed Oct 28 09:05:00 ICT 2026", "2026-10-28 09:05"),  # Java
    ("Sun Jan  4 16:29:06 2026", "2026-01-04 16:29:06"),  # asctime
    ("Wed Oct 28 02:05:00 +0000 2026", "2026-10-28 09:05"),
    ("Wed, 28 Oct 2026 04:05:00 CEST", "2026-10-28 09:05"),
    ("Wed, 28 Oct 2026 03:05:00 CET", "2026-10-28 09:05"),
    ("Wed, 28 Oct 2026 11:05:00 JST", "2026-10-28 09:05"),
    ("Tue, 27 Oct 2026 19:05:00 PDT", "2026-10-28 09:05"),
    ("Qua, 28 Out 2026 10:57:00 -0300", "2026-10-28 20:57"),
    ("28. Oktober 2026, 18:30", "2026-10-28 18:30"),
    ("20261028T020500Z", "2026-10-28 09:05"),
    ("2026-10-28T09:05+07:00[Asia/Ho_Chi_Minh]", "2026-10-28 09:05"),
    ("14g35, 28/11/2026", "2026-11-28 14:35"),
    ("28/11/2026 14 giờ 35 phút", "2026-11-28 14:35"),
    ("14h35' ngày 28/11/2026", "2026-11-28 14:35"),
    ("8h sáng ngày 28/11/2026", "2026-11-28 08:00"),
    ("2 giờ chiều 28/11/2026", "2026-11-28 14:00"),
    ("28/11/2026 7h", "2026-11-28 07:00"),
    ("11 giờ trưa ngày 28/11/2026", "2026-11-28 11:00"),
    ("9 giờ đêm 28/11/2026", "2026-11-28 21:00"),
    ("2:35 CH 28/11/2026", "2026-11-28 14:35"),
    ("28/11/2026 12:05 SA", "2026-11-28 00:05"),
    ("Saturday, November 28, 2026 at 2:35 p.m.", "2026-11-28 14:35"),
    ("Nov 28, 2026, 12:10 a.m.", "2026-11-28 00:10"),
    ("2:35 P. M. 28/11/2026", "2026-11-28 14:35"),
    ("14h35p. 28/11/2026", "2026-11-28 14:35"),
    ("sau 2 giờ họp, 28/11/2026", "2026-11-28 00:00"),  # how long, not when
    ("Tin 24h 28/11/2026", "2026-11-28 00:00"),
    ("28/11/2026 08:47 TTXVN", "2026-11-28 08:47"),  # an agency, no zone
    ("Ngày đăng: 28/11/2026 08:47 | Lượt xem: 123", "2026-11-28 08:47"),
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hôm nọ", "its date 'hôm nọ' cannot be read"),
        ("31/02/2026", "its date '31/02/2026' does not exist"),
        (
            "11/24/2026",
            "its date '11/24/2026' does not exist; if its source puts the month first, set date_order: month first",
        ),
        ("1970-01-01T00:00:00Z", "its date '1970-01-01T00:00:00Z' is what programs write that have none"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    assert read_date(text, HANOI) == ParsedDate(doubt=told)


def test_of_a_time_in_a_zone_that_nobody_knows_only_the_day_is_taken_and_told() -> None:
    found = read_date("Wed, 28 Oct 2026 09:05:00 XQT", HANOI)
    assert found.moment == datetime(2026, 10, 28, tzinfo=HANOI)
    assert not found.has_time
    assert "names a time zone, XQT, that is not known" in found.doubt


def test_a_source_may_put_the_month_first() -> None:
    sharepoint = DateFormat(HANOI, month_first=True)
    assert parse_date("11/24/2026 2:35:00 PM", sharepoint) == datetime(2026, 11, 24, 14, 35, tzinfo=HANOI)
    assert parse_date("1/2/2026", sharepoint) == datetime(2026, 1, 2, tzinfo=HANOI)
    assert parse_date("2026-11-24 14:35", sharepoint) == datetime(2026, 11, 24, 14, 35, tzinfo=HANOI)
    assert parse_date("24 tháng 11 năm 2026", sharepoint) == datetime(2026, 11, 24, tzinfo=HANOI)


@pytest.mark.parametrize("number", [1_793_000_000, 1_793_000_000_000, 1_793_000_000_000_000, 1_793_000_000.5])
def test_a_number_counts_the_time_since_1970(number: float) -> None:
    found = from_epoch(number)
    assert found is not None
    assert abs(found - datetime.fromtimestamp(1_793_000_000, UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("number", [0, 5, -1, 1e300, 20261128])
def test_a_number_that_is_no_time_of_news_is_none(number: float) -> None:
    assert from_epoch(number) is None


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
