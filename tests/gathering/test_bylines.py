"""Who wrote a story: the signature at its end is the author, in all the forms newsrooms have, and leaves the body."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.gathering.bylines import choose_author, clean_declared_name, is_name, parse_byline, parse_signature
from distributor.gathering.cleaning import clean_body

PAGE = "https://bacson.example/tin/254.html"
STORY = "<p>Sáng nay, xã Tân Lập bàn giao mười căn nhà cho các hộ nghèo.</p><p>Kinh phí do nhân dân đóng góp.</p>"

# A line, and whom it names as author.
SIGNED = {
    "Bài, ảnh: Lan Chi": "Lan Chi",
    "Bài và ảnh: Lan Chi": "Lan Chi",
    "Bài - Ảnh: Lan Chi": "Lan Chi",
    "Tin, ảnh: Lan Chi": "Lan Chi",
    "Tin bài, ảnh: Lan Chi - Quốc Huy": "Lan Chi, Quốc Huy",
    "Bài, ảnh: Lan Chi – Quốc Huy": "Lan Chi, Quốc Huy",
    "Lan Chi, Quốc Huy": "Lan Chi, Quốc Huy",
    "Lan Chi và Quốc Huy": "Lan Chi, Quốc Huy",
    "Lan Chi (tổng hợp)": "Lan Chi",
    "Trần Quốc Huy (t/h)": "Trần Quốc Huy",
    "Lan Chi tổng hợp": "Lan Chi",
    "(Theo TTXVN)": "TTXVN",
    "Theo TTXVN": "TTXVN",
    "Theo VnExpress": "VnExpress",
    "Theo Dân trí": "Dân trí",
    "Theo Cổng TTĐT Chính phủ": "Cổng TTĐT Chính phủ",
    "Theo baotanlap.vn": "baotanlap.vn",
    "Theo Lan Chi/Báo Tân Lập": "Lan Chi, Báo Tân Lập",
    "Lan Chi (Theo Reuters)": "Lan Chi, Reuters",
    "Nguồn: Sở Y tế": "Sở Y tế",
    "– Lan Chi –": "Lan Chi",
    "[Lan Chi]": "Lan Chi",
    "LAN CHI": "LAN CHI",
    "Lan Chi./.": "Lan Chi",
    "PV": "PV",
    "Nhóm PV": "Nhóm PV",
    "Ban Biên tập": "Ban Biên tập",
    "Tin, ảnh: CTV Lan Chi": "Lan Chi",
    "Bài: Lan Chi - Ảnh: Quốc Huy": "Lan Chi",
    "Thực hiện: Lan Chi; Đồ họa: Quốc Huy": "Lan Chi",
    "Tác giả: Lan Chi": "Lan Chi",
    "ThS. Trần Quốc Huy": "ThS. Trần Quốc Huy",
    "Đoàn Quốc Huy": "Đoàn Quốc Huy",
    "Bài và ảnh Lan Chi": "Lan Chi",
    "Lan Chi tổng hợp từ TTXVN": "Lan Chi, TTXVN",
    "Lan Chi (CTV)": "Lan Chi",
    "N.T.H": "N.T.H",
    "Đại úy Trần Quốc Huy": "Đại úy Trần Quốc Huy",
    "Theo Sức khỏe & Đời sống": "Sức khỏe & Đời sống",
    "Lan Chi/VOV.VN": "Lan Chi, VOV.VN",
    "Trung tâm Y tế huyện": "Trung tâm Y tế huyện",
}


@pytest.mark.parametrize(("line", "author"), SIGNED.items(), ids=SIGNED.keys())
def test_a_signature_to_the_right_is_the_author_and_leaves_the_body(line: str, author: str) -> None:
    made = clean_body(f'{STORY}<p style="text-align:right"><strong>{line}</strong></p>', PAGE)
    assert (made.author, made.html) == (author, STORY)


@pytest.mark.parametrize(
    "line",
    [
        "Tân Lập, ngày 28/11/2026",
        "ĐT: 0209",
        "theo báo cáo của xã",
        "Theo dõi chúng tôi",
        "Hết",
        "Xin cảm ơn",
        "Đường dài 38 km.",
        "Mọi thông tin xin liên hệ",
        "Quang cảnh buổi lễ",
        "Tổng hợp",
        "Kết luận",
        "Lan Chi is a reporter for the Times",
    ],
)
def test_other_last_lines_are_no_signatures(line: str) -> None:
    made = clean_body(f"{STORY}<p align=right><b>{line}</b></p>", PAGE)
    assert made.author == ""
    assert made.html == f"{STORY}<p><b>{line}</b></p>"


@pytest.mark.parametrize(
    "signed",
    [
        "<p><b>Lan Chi</b></p>",
        "<p><em>Lan Chi</em></p>",
        "<p align=right>Lan Chi</p>",
        '<p class="tac-gia">Lan Chi</p>',
        '<div style="text-align: right"><span>Lan Chi</span></div>',
        "<p>Lan Chi</p>",
        "<p>&nbsp;</p><p><strong>Lan</strong> <b>Chi</b></p><p><br></p>",
        '<p style="text-align:right"><strong>Lan Chi</strong> <em>(tổng hợp)</em></p>',
        "<table><tr><td><b>Lan Chi</b></td></tr></table>",
        "<h4>Lan Chi</h4>",
    ],
)
def test_a_signature_is_known_in_whatever_element_it_stands(signed: str) -> None:
    made = clean_body(STORY + signed, PAGE)
    assert (made.author, made.html) == ("Lan Chi", STORY)


@pytest.mark.parametrize(
    "end",
    ["<br><b>Lan Chi</b></p>", " <strong>Lan Chi</strong></p>", "<br/>Lan Chi</p>", "<br><em>(Lan Chi)</em></p>"],
)
def test_a_signature_in_the_last_paragraph_is_taken_out_of_it(end: str) -> None:
    made = clean_body(STORY.removesuffix("</p>") + end, PAGE)
    assert (made.author, made.html) == ("Lan Chi", STORY)


def test_bold_words_inside_the_last_sentence_are_no_signature() -> None:
    html = f"{STORY}<p>Lễ bàn giao do ông <b>Trần Quốc Huy</b></p>"
    assert clean_body(html, PAGE).html == html
    assert clean_body(html, PAGE).author == ""


def test_several_lines_sign_together() -> None:
    made = clean_body(f"{STORY}<p><b>Bài: Lan Chi</b></p><p><b>Ảnh: Quốc Huy</b></p>", PAGE)
    assert (made.author, made.photographer, made.html) == ("Lan Chi", "Quốc Huy", STORY)


def test_lines_of_the_page_may_stand_behind_the_signature() -> None:
    made = clean_body(f"{STORY}<p align=right><b>Lan Chi</b></p><p>Giấy phép số 12 của xã</p>", PAGE)
    assert (made.author, made.html) == ("Lan Chi", f"{STORY}<p>Giấy phép số 12 của xã</p>")


@pytest.mark.parametrize("first", ["origin", "people"])
def test_where_people_have_signed_the_origin_stays_in_the_text(first: str) -> None:
    lines = ["<p><b>Nguồn: TTXVN</b></p>", "<p align=right><b>Lan Chi</b> <i>(tổng hợp)</i></p>"]
    made = clean_body(STORY + "".join(lines if first == "origin" else lines[::-1]), PAGE)
    assert (made.author, made.html) == ("Lan Chi", f"{STORY}<p><b>Nguồn: TTXVN</b></p>")


def test_a_credit_below_the_last_picture_is_its_caption() -> None:
    picture = '<p><img src="/1.jpg"></p><p align=center><i>Ảnh: Quốc Huy</i></p>'
    made = clean_body(STORY + picture, PAGE)
    assert made.author == made.photographer == ""
    assert made.image is not None
    assert made.image.caption == "Ảnh: Quốc Huy"


def test_a_plain_last_line_that_the_story_has_told_before_is_no_signature() -> None:
    html = "<p>Lớp học của cô Trần Lan Chi có ba mươi em.</p><p>Trần Lan Chi</p>"
    assert clean_body(html, PAGE).author == ""


def test_a_story_of_one_line_keeps_it() -> None:
    assert clean_body("<p><b>Lan Chi</b></p>", PAGE).html == "<p><b>Lan Chi</b></p>"


BYLINES = {
    "By Jane Doe and John Roe, Reuters": "Jane Doe, John Roe",
    "By Jane Doe | 12 Nov 2026": "Jane Doe",
    "Posted by Jane Doe on November 12, 2026": "Jane Doe",
    "Jane van der Berg, Political Correspondent": "Jane van der Berg",
    "Jane Doe, BBC News Staff | @janedoe | jane@bbc.example": "Jane Doe",
    "Bởi Lan Chi, phóng viên, 27/11/2026": "Lan Chi",
    "Đăng bởi: Admin": "",
    "Thứ Ba, 24/11/2026 - Lan Chi": "Lan Chi",
    "Theo Lan Chi": "Lan Chi",
    "24/11/2026 14:35": "",
    "@lanchi": "",
    "Von Jürgen Groß und Anna Weiß": "Jürgen Groß, Anna Weiß",
    "BBC News": "BBC News",
    "John is a reporter who has written for many papers": "",
}


@pytest.mark.parametrize(("text", "names"), BYLINES.items(), ids=BYLINES.keys())
def test_a_byline_gives_its_names_and_nothing_else(text: str, names: str) -> None:
    assert parse_byline(text) == names


@pytest.mark.parametrize(
    "name", ["https://facebook.com/baotanlap", "@lanchi", "toasoan@tanlap.example", "admin", "", "x" * 500]
)
def test_what_data_calls_an_author_may_be_none(name: str) -> None:
    assert clean_declared_name(name) == ""


def test_people_go_before_organisations_and_the_first_before_the_others() -> None:
    assert choose_author(["TTXVN", "Báo Tân Lập", "Lan Chi", "Quốc Huy"]) == "Lan Chi"
    assert choose_author(["", "TTXVN", "Báo Tân Lập"]) == "TTXVN"
    assert choose_author([]) == ""


@given(st.text(max_size=200), st.booleans())
@example("(" * 100, True)
@example("Bài, ảnh: " * 15, True)
def test_no_line_is_too_strange_to_be_read(line: str, marked: bool) -> None:
    found = parse_signature(line, marked=marked)
    assert found is None or found.author or found.photographer
    assert isinstance(parse_byline(line), str)
    assert is_name(line) == (parse_signature(line, marked=True) is not None)
