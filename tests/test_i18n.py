"""Translations: every key in both languages, and values that are never taken as formats."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor import i18n
from distributor.config.types import parse_zone
from distributor.model import Language
from distributor.translations import MODULES
from support.builders import NOW


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    for key, sentences in i18n._TRANSLATIONS.items():
        assert len(sentences) == len(Language), key
        assert all(sentence.strip() for sentence in sentences), key
        places = {frozenset(re.findall(r"{(\w+)}", sentence)) for sentence in sentences}
        assert len(places) == 1, key


def test_no_key_stands_in_two_modules() -> None:
    keys = [key for texts in MODULES.values() for key in texts]
    assert sorted(keys) == sorted(set(keys))


@given(st.text())
def test_a_value_in_a_sentence_is_not_filled_again(name: str) -> None:
    """Whatever a newsroom or a reader is called."""
    said = i18n.Texts().translate(Language.EN, "why", address="{site}", newsletter=name, site="{newsletter}")
    assert said == "You receive this at {site} because you subscribed to " + name + " by {newsletter}."


@pytest.mark.parametrize(
    ("language", "zone", "long", "short"),
    [
        (Language.VI, "Asia/Ho_Chi_Minh", "Thứ Hai, ngày 23 tháng 11 năm 2026", "23/11/2026"),
        (Language.EN, "Asia/Ho_Chi_Minh", "Monday 23 November 2026", "23 Nov 2026"),
        (Language.VI, "America/New_York", "Chủ Nhật, ngày 22 tháng 11 năm 2026", "22/11/2026"),
        (Language.EN, "America/New_York", "Sunday 22 November 2026", "22 Nov 2026"),
    ],
)
def test_dates_are_written_as_people_there_write_them(language: Language, zone: str, long: str, short: str) -> None:
    assert i18n.long_date(NOW, language, parse_zone(zone), alone=True) == long
    assert i18n.short_date(NOW, language, parse_zone(zone)) == short


def test_every_day_and_month_is_named_as_newspapers_do() -> None:
    """Twelve months and seven days: names, two digits in short Vietnamese dates, `Sep` of three letters."""
    zone = parse_zone("UTC")
    days = [datetime(2026, month, month, 12, tzinfo=UTC) for month in range(1, 13)]
    week = [datetime(2026, 11, day, tzinfo=UTC) for day in range(23, 30)]
    assert [i18n.long_date(day, Language.VI, zone, alone=True).split(",")[0] for day in week] == [
        "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật",
    ]  # fmt: skip
    assert [i18n.short_date(day, Language.VI, zone) for day in days[:2]] == ["01/01/2026", "02/02/2026"]
    assert [i18n.short_date(day, Language.EN, zone).split()[1] for day in days] == [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]  # fmt: skip
    assert i18n.long_date(days[8], Language.VI, zone) == "thứ Tư, ngày 9 tháng 9 năm 2026"


def test_within_a_sentence_a_vietnamese_weekday_has_a_small_letter_and_sunday_keeps_its_own() -> None:
    zone = parse_zone("UTC")
    monday, sunday = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert i18n.long_date(monday, Language.VI, zone).startswith("thứ Hai, ")
    assert i18n.long_date(sunday, Language.VI, zone).startswith("Chủ Nhật, ")
    assert i18n.long_date(monday, Language.EN, zone).startswith("Monday ")


@pytest.mark.parametrize(
    ("number", "vi", "en"),
    [(0, "0", "0"), (999, "999", "999"), (12345, "12.345", "12,345"), (-1e6, "-1.000.000", "-1,000,000")],
)
def test_quantities_have_the_signs_of_their_language(number: int, vi: str, en: str) -> None:
    assert (i18n.quantity(number, Language.VI), i18n.quantity(number, Language.EN)) == (vi, en)


def test_a_number_that_may_be_a_name_has_no_signs_between_thousands() -> None:
    assert i18n.plain_number(20261123, Language.VI) == "20261123"
    assert (i18n.plain_number(-1.5, Language.VI), i18n.plain_number(0.1, Language.EN)) == ("-1,5", "0.1")


def test_babel_is_not_imported_before_a_date_is_written() -> None:
    """It takes longer to import than `--help` may."""
    done = "import sys, distributor.i18n, distributor.cli.main; sys.exit('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", done], check=False).returncode == 0


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("unsubscribe", "Thôi nhận", ""),
        ("greeting", "Kính chào quý bạn đọc!", ""),
        ("unsubscrib", "x", "there is no text 'unsubscrib'; did you mean 'unsubscribe'?"),
        ("unsubscribe", " ", "must not be empty"),
        ("greeting", "Chào {nam}!", "the text has no place {nam}; did you mean {name}?"),
        ("unsubscribe", "Thôi {x}", "the text has no place {x}; its places are: none"),
        ("why", "Thư của {site}", "the place {address} is missing; the text is: "),
        ("test_mark", "x", "the text 'test_mark' cannot be changed: "),
    ],
)
def test_a_newsroom_s_own_text_is_checked(key: str, text: str, fault: str) -> None:
    found = i18n.find_wording_faults(Language.VI, key, text)
    assert found.startswith(fault) if fault else found == ""


def test_a_newsroom_s_own_text_takes_the_place_of_ours_in_its_language_only() -> None:
    texts = i18n.Texts({Language.VI: {"greeting": "Thân gửi {name}!"}})
    assert texts.translate(Language.VI, "greeting", name="{site}") == "Thân gửi {site}!"
    assert texts.translate(Language.EN, "greeting", name="Lan") == "Dear Lan,"
