"""What staff write for subscribers has nothing in it that is still to be filled in."""

from __future__ import annotations

import pytest

from distributor.editorial import EditionBlock, EditorWords
from distributor.model import Notice, NoticeKind
from distributor.preflight.wording import check_edition_wording, check_wording
from support.builders import NOW, edition


def found(text: str) -> list[str]:
    return [one.about[0] for one in check_wording(text, "the note")]


@pytest.mark.parametrize(
    ("text", "at_fault"),
    [
        ("Kính chào {name}, số đúng là 38 km.", "{name}"),
        ("Bài ra ngày {{ date }} có sai sót.", "{{ date }}"),
        ("{% if first %}Sửa", "{% if first %}"),
        ("Số đúng là {{ 38 km.", "{{"),
        ("Kính chào @@field:name@@.", "@@field:name@@"),
        ("Kính chào *|FNAME|*.", "*|FNAME|*"),
        ("Kính chào %%name%% và <<TEN>>.", "%%name%%"),
        ("Số đúng là TODO.", "TODO"),
        ("Số đúng là XXXX km.", "XXXX"),
        ("Số đúng là ___ km.", "___"),
        ("Xã [điền tên xã] đã báo lại.", "[điền tên xã]"),
        ("The road is [insert number] km long.", "[insert number]"),
        ("Lorem ipsum dolor.", "Lorem ipsum"),
        ("Hỏi tại tin@example.com.", "example.com"),
        ("Tên tòa soạn xin lỗi bạn đọc.", "Tên tòa soạn"),
    ],
)
def test_what_nobody_fills_is_found(text: str, at_fault: str) -> None:
    assert found(text) == [at_fault]


@pytest.mark.parametrize(
    "text",
    [
        "", "Số đúng là 38 km, không phải 83 km.", "Đại hội XXX họp ở “Tân Lập” [...] ngày 23/11.", "Giảm 50 %, còn 2 < 3.",
        "Một dấu } lẻ.", "[Ảnh](https://bacson.example/a___b) *rất* đẹp", "Trên\n\n___\n\ndưới", "Todos los santos",
    ],
)  # fmt: skip
def test_plain_words_are_no_fault(text: str) -> None:
    assert found(text) == []


def test_all_that_the_newsroom_says_itself_is_looked_at() -> None:
    said = edition(
        notice=Notice(NoticeKind.CORRECTION, "Sửa {a}.", NOW),
        words=EditorWords(subject="{first}", preheader="{titles}", intro="Chào {b}."),
        blocks=(EditionBlock(text="Họp ngày 2/12."), EditionBlock(text="Mời {c}.")),
    )
    assert [(one.where, one.about[0]) for one in check_edition_wording(said)] == [
        ("the note", "{a}"), ("the introduction", "{b}"), ("announcement 2", "{c}"),
    ]  # fmt: skip
