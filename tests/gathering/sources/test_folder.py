"""The folder source: Markdown, HTML and dumped text become articles; one bad file is one fault in words."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import ArticleError, SourceError
from distributor.gathering.sources.folder import FolderSource
from distributor.model import Image, ParsedArticle
from distributor.source import Availability, FetchResult
from support.builders import NO_NETWORK, NOW, article
from support.folder_newsroom import FolderNewsroom

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NO_FILE = "its file is gone from the folder"


def source(folder: Path, **settings: Any) -> FolderSource:
    return FolderSource(
        **{"name": "bai-viet", "folder": folder, "url": "https://bacson.example/tin/{slug}", **settings}
    )


def read(name: str, text: str | bytes, **settings: Any) -> ParsedArticle:
    return source(Path(), **settings).article(name, text if isinstance(text, bytes) else text.encode())


async def look(folder: Path, **settings: Any) -> FetchResult:
    return await source(folder, **settings).gather(NO_NETWORK, NOW)


# -- names -------------------------------------------------------------------------------------------------------------

LETTERS = ["đường-mới", "Nguyễn Ái Quốc", "nghỉ lễ/ngày-mồng-một", "hội nghị"]


@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_composed_and_decomposed_letters_are_one_name(letters: str, form: Literal["NFC", "NFD"]) -> None:
    """macOS, and archives made there, decompose the letters of names; browsers ask for composed ones."""
    article = read(f"{unicodedata.normalize(form, letters)}.md", "---\ntitle: Một\n---\nHai.")
    assert article.source_id == f"{letters}.md"
    assert article.url == f"https://bacson.example/tin/{quote(letters.rpartition('/')[2])}"


async def test_a_file_is_found_again_in_whichever_letters_its_name_is(tmp_path: Path) -> None:
    file = tmp_path / unicodedata.normalize("NFD", "đường-mới.md")
    file.write_text("---\ntitle: Đường mới\n---\nMột.", encoding="utf-8")
    (found,) = (await look(tmp_path)).articles
    stored = article("a1", source="bai-viet", source_id=found.source_id, title="Tiêu đề cũ", url="")
    assert (await source(tmp_path).check_availability(NO_NETWORK, stored)).available is True
    file.rename(tmp_path / "đường-mới.md")
    assert (await source(tmp_path).check_availability(NO_NETWORK, stored)).available is True
    assert (await look(tmp_path)).articles == [found]


async def test_two_files_of_one_name_are_told(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        name = unicodedata.normalize(form, "đường-mới.md")
        (tmp_path / name).write_text("---\ntitle: Đường mới\n---\nMột.", encoding="utf-8")
    harvest = await look(tmp_path)
    assert len(harvest.articles) == 1
    assert "another file has the same name in other bytes" in harvest.faults[0]


# -- described files ---------------------------------------------------------------------------------------------------

MARKDOWN = """\
---
title: "Khởi công: đường tỉnh 254"
date: 23/11/2026 08:00
updated: 2026-11-23T10:00:00+07:00
publish_at: 2026-11-24 06:00
lead: Tuyến đường dài 38 km nối hai huyện.
author: Minh Hạnh
topics: [Kinh tế, Giao thông]
image: {url: anh/le.jpg, alt: Lễ khởi công, caption: Quang cảnh lễ, width: 640, height: 480}
---

# Khởi công: đường tỉnh 254

Tuyến đường dài 38 km nối hai huyện.

Vốn là **412 tỷ đồng**, xem [quyết định](../van-ban/1.pdf).

| Năm | Vốn |
|-----|-----|
| 2026 | 100 |

<script>alert(1)</script>
"""


def test_markdown_with_all_its_data_becomes_an_article() -> None:
    article = read("2026/duong-254.md", MARKDOWN, topics=("Tin tỉnh", "Kinh tế"))
    assert replace(article, body_html=article.body_html.replace("\n", "")) == ParsedArticle(
        source="bai-viet",
        source_id="2026/duong-254.md",
        title="Khởi công: đường tỉnh 254",
        url="https://bacson.example/tin/duong-254",
        lead="Tuyến đường dài 38 km nối hai huyện.",
        body_html="<p>Vốn là <strong>412 tỷ đồng</strong>, xem "
        '<a href="https://bacson.example/van-ban/1.pdf">quyết định</a>.</p>'
        "<table><thead><tr><th>Năm</th><th>Vốn</th></tr></thead><tbody><tr><td>2026</td><td>100</td></tr></tbody></table>",
        author="Minh Hạnh",
        published=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
        updated=datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
        publish_at=datetime(2026, 11, 23, 23, 0, tzinfo=UTC),
        topics=("Kinh tế", "Giao thông", "Tin tỉnh"),
        image=Image(
            url="https://bacson.example/tin/anh/le.jpg",
            alt="Lễ khởi công",
            caption="Quang cảnh lễ",
            width=640,
            height=480,
        ),
    )


def test_html_is_cleaned_and_its_first_picture_is_the_articles() -> None:
    text = (
        "---\ntitle: Bệnh án điện tử\ntags: y tế, số hóa\nsummary: Tóm tắt.\nlanguage: en\nid: '7'\n"
        "url: https://khac.example/benh-an\n---\n<p style='color:red'>Một.</p><img src='/1.jpg'><p>Hai./.</p>"
    )
    article = read("benh-an.html", text)
    assert (article.source_id, article.language, article.lead) == ("7", "en", "Tóm tắt.")
    assert article.topics == ("y tế", "số hóa")
    assert article.url == "https://khac.example/benh-an"
    assert article.body_html == "<p>Một.</p><p>Hai.</p>"
    assert article.image == Image(url="https://khac.example/1.jpg")


def test_without_an_address_relative_pictures_and_links_are_dropped() -> None:
    article = read("a.md", "---\ntitle: A\nimage: anh.jpg\n---\n![x](1.jpg)Xem [đây](b.html).", url="")
    assert (article.url, article.image, article.body_html) == ("", None, "<p>Xem đây.</p>")


def test_names_of_files_are_written_as_addresses_need() -> None:
    assert read("tin mới.md", "---\ntitle: A\n---\n").url == "https://bacson.example/tin/tin%20m%E1%BB%9Bi"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("---\ntitle: Đường\n---\nMột.".encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param("---\ntitle: Đường\n---\nMột.".encode("utf-16"), id="UTF-16"),
        pytest.param("---\r\ntitle: Đường\r\n---\r\nMột.\r\n".encode(), id="line ends of Windows"),
        pytest.param("---\ntitle: D\u031bu\u031bo\u031b\u0300ng Đường\n...\nMột.".encode(), id="decomposed letters"),
    ],
)
def test_texts_are_read_as_programs_write_them(data: bytes) -> None:
    article = read("a.md", data)
    assert article.title in ("Đường", "D̛ường Đường")
    assert article.body_html == "<p>Một.</p>"


# Each broken file, and the whole of what is said of it.
BROKEN = {
    "no data": ("Một.", "has no title: begin the file with --- title: … ---"),
    "no title": ("---\nlead: Một\n---\n", "has no title: begin the file with --- title: … ---"),
    "open data": ("---\ntitle: Một\n", "its first lines begin with --- but are not closed by another ---"),
    "a colon": (
        "---\ntitle: Khởi công: đường\n---\n",
        "line 2: its first lines are not YAML: mapping values are not allowed here; put text that holds a colon in quotes",
    ),
    "a list": ("---\n- title\n---\n", "its first lines must be `key: value`"),
    "an unknown key": (
        "---\ntitle: A\ntitel: B\n---\n",
        "'titel' in its first lines is not known; known are author, date, id, image, language, lead, publish_at, published, "
        "summary, tags, title, topics, updated, url",
    ),
    "no date": (
        "---\ntitle: A\ndate: 11/24/2026\n---\n",
        "date '11/24/2026' is not a date; write it like 2026-11-23 08:00 or 23/11/2026",
    ),
    "a title of many": ("---\ntitle: [A, B]\n---\n", "title must be text"),
    "topics of many": ("---\ntitle: A\ntopics: [{a: b}]\n---\n", "topics must be a list of words"),
    "a relative address": ("---\ntitle: A\nurl: /tin/a\n---\n", "url '/tin/a' is not an absolute address"),
    "an image of many": ("---\ntitle: A\nimage: [a]\n---\n", "image must be an address, or {url: …, alt: …, caption: …}"),
    "an object": (
        "---\ntitle: !!python/object/apply:os.system [ls]\n---\n",
        "title must be text",
    ),
    "deep data": ("---\ntitle: " + "[" * 20_000 + "\n---\n", "its first lines are nested too deep"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_told_in_words(text: str, words: str) -> None:
    with pytest.raises(ArticleError) as caught:
        read("a.md", text)
    assert str(caught.value) == words


def test_what_is_no_utf_8_is_told_with_the_byte() -> None:
    with pytest.raises(ArticleError, match=r"^is not UTF-8 text \(byte 11\); save it as UTF-8$"):
        read("a.md", b"---\ntitle: \xd0\xcf\n---\n")


def test_laughs_of_yaml_are_no_words() -> None:
    """Ten levels of ten aliases each would be ten thousand million words."""
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 11))
    with pytest.raises(ArticleError, match="must be a list of words"):
        read("a.md", f"---\ntitle: A\na0: &a0 ha\n{levels}\ntopics: *a10\n---\n")
    with pytest.raises(ArticleError, match="must be a list of words"):
        read("a.md", f"---\ntitle: A\ntags: &a0 [ha]\ntopics: {'[' * 9}*a0{']' * 9}\n---\n")
    with pytest.raises(ArticleError, match="recursive"):
        read("a.md", "---\ntitle: A\ntopics: &t [*t]\n---\n")


# -- dumped texts ------------------------------------------------------------------------------------------------------

DUMP = """\
PublishingPortal - Block_BanTin_Toolbar

23/11/2026
Tăng cỡ chữ Giảm cỡ chữ
Hội nghị chuyển đổi số tỉnh Bắc Sơn năm 2026
Sáng 23/11, UBND tỉnh tổ chức Hội nghị trực tuyến về chuyển đổi số với 8 huyện, thành phố trong tỉnh.

PublishingPortal - Block_BanTin_ViewData

Tại điểm cầu tỉnh, dự Hội nghị có lãnh đạo các sở, ngành.


Quang cảnh Hội nghị tại điểm cầu tỉnh

Thời gian qua, tỉnh đã có nhiều chính sách phát triển hạ tầng số.

Phát triển hạ tầng là hướng đi đột phá. Đến năm 2027, tỉnh có 06 huyện xây dựng đề án./.

Thu Hương"""


def test_a_dumped_page_gives_the_story_without_its_boilerplate() -> None:
    article = read("ban-tin.txt", DUMP)
    assert article.title == "Hội nghị chuyển đổi số tỉnh Bắc Sơn năm 2026"
    assert article.published == datetime(2026, 11, 23, tzinfo=HANOI)
    assert article.lead.startswith("Sáng 23/11, UBND tỉnh")
    assert article.author == "Thu Hương"
    assert article.image is not None
    assert (article.image.caption, article.image.url) == ("Quang cảnh Hội nghị tại điểm cầu tỉnh", "")
    assert article.body_html == (
        "<p>Tại điểm cầu tỉnh, dự Hội nghị có lãnh đạo các sở, ngành.</p>"
        "<p>Thời gian qua, tỉnh đã có nhiều chính sách phát triển hạ tầng số.</p>"
        "<p>Phát triển hạ tầng là hướng đi đột phá. Đến năm 2027, tỉnh có 06 huyện xây dựng đề án.</p>"
    )


def test_a_simple_text_is_a_title_a_lead_and_a_body() -> None:
    article = read("a.txt", "Rét đậm ở vùng cao\n\nNhiệt độ < 5 độ & có sương.\n\nHọc sinh nghỉ học.\n")
    assert (article.title, article.lead) == ("Rét đậm ở vùng cao", "Nhiệt độ < 5 độ & có sương.")
    assert (article.body_html, article.author, article.published) == ("<p>Học sinh nghỉ học.</p>", "", None)


def test_markup_in_a_text_is_only_text() -> None:
    article = read("a.txt", "A\n\nB.\n\n<script>alert(1)</script>.\n")
    assert article.body_html == "<p>&lt;script&gt;alert(1)&lt;/script&gt;.</p>"


def test_a_date_inside_a_sentence_is_no_date_line() -> None:
    article = read("a.txt", "Thông báo\n\nNgày 23/11/2026 nghỉ.\n\nHết hạn 30/11/2026.\n")
    assert article.published is None
    assert article.lead == "Ngày 23/11/2026 nghỉ."


def test_short_lines_of_a_story_stay_in_it() -> None:
    """Only what stands apart is a caption, and only a line near the top is the date line."""
    article = read("a.txt", "Kế hoạch năm\n\nTỉnh có ba việc.\n\nCác mốc chính\n\nNgày 30/11/2026\n\nKhởi công.\n")
    assert article.body_html == "<p>Các mốc chính</p><p>Ngày 30/11/2026</p><p>Khởi công.</p>"
    assert (article.published, article.image) == (None, None)


def test_an_empty_text_is_a_fault() -> None:
    with pytest.raises(ArticleError, match="no text"):
        read("a.txt", "PublishingPortal - Block_BanTin_Toolbar\n\nTăng cỡ chữ\n")


# -- the folder --------------------------------------------------------------------------------------------------------


async def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "tot.md").write_text(MARKDOWN, encoding="utf-8")
    (tmp_path / "hong.md").write_text("Một.", encoding="utf-8")
    (tmp_path / "lon.txt").write_bytes(b"x" * 5_000_001)
    harvest = await look(tmp_path)
    assert [article.source_id for article in harvest.articles] == ["2026/tot.md"]
    assert harvest.faults == [
        "hong.md: has no title: begin the file with --- title: … ---",
        "lon.txt: is larger than 5 MB",
    ]


async def test_only_files_that_fit_a_pattern_are_articles(tmp_path: Path) -> None:
    for name in ("a.md", ".an.md", "README.md", "b.txt", "c.docx", "d.markdown"):
        (tmp_path / name).write_text("---\ntitle: A\n---\n# B\n", encoding="utf-8")
    (tmp_path / "e.md").mkdir()
    found = [article.source_id for article in (await look(tmp_path, patterns=("*.md", "*.markdown"))).articles]
    assert found == ["a.md", "d.markdown"]


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder"):
        await look(tmp_path / "khong-co")


async def test_an_empty_folder_is_no_fault(tmp_path: Path) -> None:
    """The editors may not have written anything yet."""
    assert await look(tmp_path) == FetchResult(articles=[], faults=[])


# -- which articles are still there ------------------------------------------------------------------------------------


async def test_a_file_that_is_there_is_there(folder_newsroom: FolderNewsroom) -> None:
    for one in (await folder_newsroom.gather()).values():
        assert await folder_newsroom.asks(one) == Availability(True)


@pytest.mark.parametrize("place", [".trash/hop.txt", "README.txt", "hop.txt~", "../hop.txt"])
async def test_a_file_that_was_put_aside_is_gone(folder_newsroom: FolderNewsroom, place: str) -> None:
    known = (await folder_newsroom.gather())["Hội nghị giao ban"]
    (folder_newsroom.source.folder / ".trash").mkdir()
    (folder_newsroom.source.folder / "hop.txt").rename(folder_newsroom.source.folder / place)
    assert await folder_newsroom.asks(known) == Availability(False, NO_FILE)


async def test_a_name_that_leads_out_of_the_folder_is_no_file_of_it(folder_newsroom: FolderNewsroom) -> None:
    outside = folder_newsroom.source.folder.parent / "ngoai.md"
    outside.write_text("---\ntitle: Ngoài\n---\n", encoding="utf-8")
    for name in ("../ngoai.md", str(outside), "2026", "\0.md"):
        answer = await folder_newsroom.asks(article(source_id=name))
        assert answer.available is (None if "\0" in name else False)


async def test_a_file_under_another_name_is_the_same_story(folder_newsroom: FolderNewsroom) -> None:
    """Renamed, moved, or moved and retitled while its address stays."""
    known = (await folder_newsroom.gather())["Khởi công đường tỉnh"]
    (folder_newsroom.source.folder / "2026" / "duong.md").rename(folder_newsroom.source.folder / "duong-254.md")
    assert await folder_newsroom.asks(known) == Availability(True)
    (folder_newsroom.source.folder / "duong-254.md").unlink()
    file = folder_newsroom.write("a/duong.md", "---\ntitle: Tên mới\n---\nTuyến đường.\n")
    assert await folder_newsroom.asks(known) == Availability(True)
    file.rename(file.with_name("khac.md"))
    assert await folder_newsroom.asks(known) == Availability(False, NO_FILE)


async def test_a_file_with_an_id_may_change_all_else(folder_newsroom: FolderNewsroom) -> None:
    known = (await folder_newsroom.gather())["Chè Tân Lập"]
    (folder_newsroom.source.folder / "che.md").unlink()
    folder_newsroom.write("dac-san.md", "---\ntitle: Đặc sản\nid: B-254\n---\nChè.\n")
    assert await folder_newsroom.asks(known) == Availability(True)
    from_an_older_store = replace(known, source_id="")
    assert (await folder_newsroom.asks(from_an_older_store)).available is False


@pytest.mark.parametrize(
    ("broken", "there"),
    [
        (b"---\ntitle: Ch\xc3\xa8 T\xc3\xa2n L\xe1\xba\xadp\nkh\xc3\xb4ng", None),
        (b"---\nid: B-254\nurl", None),
        (b"", None),
        ("Chè\xa0".encode("windows-1252"), None),
        (b"---\ntitel: x\n---\n", False),
    ],
)
async def test_a_file_that_is_half_written_may_be_the_article(
    folder_newsroom: FolderNewsroom, broken: bytes, there: bool | None
) -> None:
    known = await folder_newsroom.gather()
    (folder_newsroom.source.folder / "che.md").write_bytes(b"---\n")
    (folder_newsroom.source.folder / "2026" / "duong.md").write_bytes(b"---\n")
    under_its_own_name = await folder_newsroom.asks(known["Khởi công đường tỉnh"])
    assert under_its_own_name == Availability(True)  # whatever is in it
    assert (await folder_newsroom.asks(known["Chè Tân Lập"])).available is False
    (folder_newsroom.source.folder / "che.md").write_bytes(broken)
    answer = await folder_newsroom.asks(known["Chè Tân Lập"])
    assert answer.available is there
    assert ("che.md is no article as it stands, and may be it" in answer.reason) is (there is None)


async def test_a_file_of_a_kind_that_is_not_read_any_more_is_not_gone(folder_newsroom: FolderNewsroom) -> None:
    known = (await folder_newsroom.gather())["Hội nghị giao ban"]
    source = replace(folder_newsroom.source, patterns=("*.md",))
    assert await replace(folder_newsroom, source=source).asks(known) == Availability(True)


async def test_a_file_that_has_changed_is_read_again(folder_newsroom: FolderNewsroom) -> None:
    known = (await folder_newsroom.gather())["Chè Tân Lập"]
    assert await folder_newsroom.asks(known) == Availability(True)
    file = folder_newsroom.write("che.md", "---\ntitle: Khác hẳn\n---\nChuyện khác.\n")
    os.utime(file, (file.stat().st_mtime + 5,) * 2)
    assert (await folder_newsroom.asks(replace(known, url=""))).available is False


async def test_an_empty_or_missing_folder_says_nothing(folder_newsroom: FolderNewsroom) -> None:
    """A network drive that is not mounted is an empty folder, or none."""
    known = await folder_newsroom.gather()
    folder = folder_newsroom.source.folder
    folder.rename(folder.with_name("elsewhere"))
    assert {(await folder_newsroom.asks(one)).available for one in known.values()} == {None}
    folder.mkdir()
    assert {(await folder_newsroom.asks(one)).available for one in known.values()} == {None}
