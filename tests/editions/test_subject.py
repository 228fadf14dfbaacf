"""Subjects: the news first, titles cut at words, and the label of an alert once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from distributor.editions.subject import (
    MAX_SUBJECT,
    SubjectFacts,
    fill_subject,
    has_label,
    label_alert,
    usual_subject,
)
from distributor.editorial import DEFAULT_SUBJECT
from distributor.i18n import Texts
from distributor.model import EditionKind, Language
from support.builders import article, articles, newsletter

LONG = "Sở Giáo dục và Đào tạo công bố lịch thi tuyển sinh lớp 10 năm học 2027–2028 với ba môn Toán, Ngữ văn, Ngoại ngữ"


def facts(**changes: Any) -> SubjectFacts:
    values: dict[str, Any] = {
        "newsletter": "Tin sáng",
        "site": "Báo Bắc Sơn",
        "language": Language.VI,
        "day": date(2026, 11, 3),
        "number": 7,
        "texts": Texts(),
    }
    return SubjectFacts(**{**values, **changes})


@pytest.mark.parametrize(
    ("count", "language", "expected"),
    [
        (3, Language.VI, "Tin a0 và 2 tin khác"),
        (2, Language.VI, "Tin a0 và 1 tin khác"),
        (1, Language.VI, "Tin a0"),
        (1, Language.EN, "Tin a0"),
        (2, Language.EN, "Tin a0 and one more"),
        (9, Language.EN, "Tin a0 and 8 more"),
    ],
)
def test_the_usual_subject_tells_the_first_story_and_how_many_more(
    count: int, language: Language, expected: str
) -> None:
    assert fill_subject(DEFAULT_SUBJECT, articles(count), facts(language=language)) == expected


@pytest.mark.parametrize(
    ("kind", "language", "expected"),
    [
        (EditionKind.DIGEST, Language.VI, "Tin sáng số 7 ngày 03/11 của Báo Bắc Sơn (2)"),
        (EditionKind.WEEKLY, Language.VI, "Tin sáng số 7 ngày tuần 28/10–03/11 của Báo Bắc Sơn (2)"),
        (EditionKind.DAILY, Language.EN, "Tin sáng số 7 ngày 3 November của Báo Bắc Sơn (2)"),
        (EditionKind.WEEKLY, Language.EN, "Tin sáng số 7 ngày 28 October–3 November của Báo Bắc Sơn (2)"),
    ],
)
def test_every_place_is_filled(kind: EditionKind, language: Language, expected: str) -> None:
    template = "{newsletter} số {number} ngày {date} của {site} ({count})"
    assert fill_subject(template, articles(2), facts(kind=kind, language=language)) == expected


def test_a_long_title_is_cut_at_a_word_so_that_the_rest_is_seen() -> None:
    made = fill_subject(DEFAULT_SUBJECT, [article(title=LONG), *articles(7)], facts())
    assert made == "Sở Giáo dục và Đào tạo công bố lịch thi tuyển sinh lớp 10 năm học… và 7 tin khác"
    assert len(made) <= MAX_SUBJECT


def test_a_title_is_never_cut_to_less_than_phones_show() -> None:
    made = fill_subject("{first}" + " – tin" * 20, [article(title=LONG)], facts())
    assert made.startswith("Sở Giáo dục và Đào tạo công bố lịch thi…")


def test_a_title_that_looks_like_a_template_is_a_title() -> None:
    assert fill_subject("{first}", [article(title="Ngân sách {count} tỷ")], facts()) == "Ngân sách {count} tỷ"
    template = usual_subject(newsletter(alerts={}), facts(kind=EditionKind.ALERT), "Lũ {count}")
    assert fill_subject(template, articles(1), facts()) == "Tin khẩn: Lũ {count}"


def test_a_subject_is_never_empty() -> None:
    assert fill_subject("{others}", articles(1), facts()) == "Tin a0"


@pytest.mark.parametrize(
    "title",
    [
        "Tin khẩn: Sơ tán 120 hộ dân", "TIN KHẨN: Sơ tán", "tin khan: sơ tán", "KHẨN: Sơ tán", "Khẩn cấp – Sơ tán",
        "[KHẨN] Sơ tán", "Tin khẩn cấp: Sơ tán", "TIN KHẨN Sơ tán", "Khẩn! Sơ tán", "Tin kha\u0302\u0309n: Sơ tán",
    ],
)  # fmt: skip
def test_a_label_that_the_title_has_is_not_doubled(title: str) -> None:
    assert label_alert(newsletter(alerts={}), Language.VI, title, Texts()) == title


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Sơ tán 120 hộ dân: tin khẩn từ xã Nà Pục", "Tin khẩn"),
        ("Khẩn trương khắc phục hậu quả mưa lũ", "Tin khẩn"),
        ("Breaking dam threatens the town", "Breaking"),
        ("COVID-19: ca mắc mới", "Tin khẩn"),
        ("", "Tin khẩn"),
        (":", "Tin khẩn"),
    ],
)
def test_words_that_are_no_label_do_not_count(title: str, label: str) -> None:
    assert not has_label(title, label)


def test_the_label_is_a_setting_and_usual_in_each_language() -> None:
    assert label_alert(newsletter(), Language.EN, "Flood", Texts()) == "Breaking: Flood"
    assert label_alert(newsletter(alerts={}), Language.VI, "Lũ về", Texts()) == "Tin khẩn: Lũ về"
    own = newsletter(alerts={"label": "HỎA TỐC"})
    assert label_alert(own, Language.VI, "Lũ về", Texts()) == "HỎA TỐC: Lũ về"
    assert label_alert(own, Language.VI, "Hoả tốc: lũ về", Texts()) == "Hoả tốc: lũ về"


def test_corrections_name_what_they_are() -> None:
    order, vi = newsletter(subject="{newsletter}"), facts(kind=EditionKind.CORRECTION)
    assert usual_subject(order, vi, "Tin a") == "Đính chính: Tin a"
    assert usual_subject(order, replace(vi, language=Language.EN), "Tin a", withdrawn=True) == "Withdrawn: Tin a"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (EditionKind.ALERT, "Hỏa tốc: Tin a0"),
        (EditionKind.CORRECTION, "Sửa tin: Tin a0"),
        (EditionKind.WEEKLY, "Tin a0 cùng 2 tin nữa"),
    ],
)
def test_a_newsroom_s_own_sentences_stand_in_subjects_too(kind: EditionKind, expected: str) -> None:
    own = {"alert": "Hỏa tốc", "correction_subject": "Sửa tin: {title}", "subject_others": "cùng {count} tin nữa"}
    about = facts(kind=kind, texts=Texts({Language.VI: own}))
    template = usual_subject(newsletter(alerts={}), about, "Tin a0")
    assert fill_subject(template, articles(3), about) == expected
