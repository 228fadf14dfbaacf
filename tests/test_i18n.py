"""Translations: every key in both languages, and values that are never taken as formats."""

from __future__ import annotations

import re

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
    said = i18n.translate(Language.EN, "why", address="{site}", newsletter=name, site="{newsletter}")
    assert said == "You receive this at {site} because you subscribed to " + name + " by {newsletter}."


@pytest.mark.parametrize(
    ("language", "zone", "long", "short"),
    [
        (Language.VI, "Asia/Ho_Chi_Minh", "Thứ Hai, ngày 23 tháng 11 năm 2026", "23/11/2026"),
        (Language.EN, "Asia/Ho_Chi_Minh", "Monday 23 November 2026", "23 Nov 2026"),
        (Language.VI, "America/New_York", "Chủ Nhật, ngày 22 tháng 11 năm 2026", "22/11/2026"),
    ],
)
def test_dates_are_written_as_people_there_write_them(language: Language, zone: str, long: str, short: str) -> None:
    assert i18n.long_date(NOW, language, parse_zone(zone)) == long
    assert i18n.short_date(NOW, language, parse_zone(zone)) == short
