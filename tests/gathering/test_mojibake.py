"""Text in wrong letters: what is certain is put right, what is not is told, and no other language is taken for it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.gathering import mojibake
from distributor.gathering.extraction.document import parse_page
from distributor.gathering.mojibake import BODY, detect_encoding, is_syllable, repair_texts, repair_utf8, unescape_text
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.validation import unreadable_reason, validate_article
from distributor.model import Image
from distributor.source import FetchedDocument
from support.builders import found
from support.newsroom import Room

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

STORIES = [
    "Hội đồng nhân dân huyện Mường La khai mạc kỳ họp cuối năm",
    "Người trồng cà phê phấn khởi vì được mùa, được giá",
    "Học sinh vùng cao đến trường trong giá rét dưới mười độ",
    "Khánh thành cầu treo qua suối, nối liền ba bản với trung tâm xã",
    "Cảnh báo lũ quét, sạt lở đất ở các huyện miền núi phía Bắc",
    "Trưng bày hiện vật kháng chiến tại bảo tàng tỉnh nhân ngày thành lập Quân đội",
    "Đề nghị xử lý nghiêm những trường hợp lấn chiếm lòng đường, vỉa hè",
]
BODIES = ["".join(f"<p>{story}. {STORIES[(at + 1) % 7]}.</p>" for at, story in enumerate(STORIES))]


def written(text: str, table: dict[str, str]) -> str:
    """A text in the letters of an old font, as they look where it is read as Latin-1."""
    return "".join(table.get(sign, sign) for sign in text)


TCVN3 = {letter: code for code, letter in reversed(mojibake._TCVN3.items())}
VNI = {letter: code for code, letter in mojibake._VNI.items()}
VISCII = {letter: chr(0x80 + at) for at, letter in enumerate(mojibake._VISCII)}


def read_wrongly(text: str, times: int = 1, encoding: str = "cp1252") -> str:
    """A text in UTF-8 that somebody has read as another encoding."""
    for _ in range(times):
        text = "".join(_sign(byte, encoding) for byte in text.encode())
    return text


def _sign(byte: int, encoding: str) -> str:
    return bytes([byte]).decode(encoding, "ignore") or chr(byte)


def small(text: str) -> str:
    """Without the capitals with tones, which TCVN3 keeps in a font of their own."""
    return "".join(sign if sign.isascii() else sign.lower() for sign in text)


# -- tables ------------------------------------------------------------------------------------------------------------


def test_the_tables_hold_each_letter_once() -> None:
    small_letters = "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵăâêôơưđ"
    for table in (TCVN3, VNI, VISCII):
        assert set(small_letters) <= set(table)
        assert len(set(table.values())) == len(table)


def test_known_words_stand_as_those_fonts_write_them() -> None:
    """From the standards: TCVN 5712:1993 VN3, the table of VNI, RFC 1456."""
    assert written("tiếng nước", TCVN3) == "tiÕng n\xadíc"
    assert written("tiếng nước được", VNI) == "tieáng nöôùc ñöôïc"
    assert written("tiếng nước", VISCII) == "tiªng nß¾c"


def test_syllables_are_those_of_vietnamese() -> None:
    good = "nghiêng khuya quyển giếng gì qua thuở hoạch oách ươm yêu đường xoong Ứ ấy rượu"
    assert [word for word in good.split() if not is_syllable(word)] == []
    bad = "für été schön año café tàt bácn ngh nuit straße việtnam khụngg ộtộ đóđ"
    assert [word for word in bad.split() if is_syllable(word)] == []


# -- putting right -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf_8_that_was_read_wrongly_is_read_anew(story: str, times: int, encoding: str) -> None:
    wrong = read_wrongly(story, times, encoding)
    assert repair_utf8(wrong) == story
    assert repair_utf8(f'<p class="x">{wrong}</p>\n') == f'<p class="x">{story}</p>\n'


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("table", [TCVN3, VNI, VISCII], ids=["TCVN3", "VNI", "VISCII"])
def test_a_headline_in_an_old_font_is_put_right(story: str, table: dict[str, str]) -> None:
    story = small(story)
    assert repair_texts({"title": written(story, table)}) == ({"title": story}, "")


@pytest.mark.parametrize("table", [TCVN3, VNI, VISCII], ids=["TCVN3", "VNI", "VISCII"])
def test_a_body_in_an_old_font_is_put_right_with_its_markup_and_its_capitals(table: dict[str, str]) -> None:
    body = '<p>Mở đầu: <a href="https://muongla.example/?a=1&amp;b=2">xem thêm</a></p>' + BODIES[0]
    body = body if table is not TCVN3 else small(body)
    assert repair_texts({BODY: written(body, table)}) == ({BODY: body}, "")


def test_capitals_of_tcvn3_come_back_where_all_are_capitals() -> None:
    small_codes = written("CẢNH BÁO LŨ QUÉT VÀ SẠT LỞ ĐẤT Ở VÙNG CAO".translate(
        {ord(letter): letter.lower() for letter in "ẢÁŨÉÀẠỞẤÙ"}), TCVN3)  # fmt: skip
    assert repair_texts({"title": small_codes})[0]["title"] == "CẢNH BÁO LŨ QUÉT VÀ SẠT LỞ ĐẤT Ở VÙNG CAO"


def test_windows_1258_is_put_right() -> None:
    story = STORIES[0]
    decomposed = written(story, {
        "ộ": "ô\u0323", "ồ": "ô\u0300", "ệ": "ê\u0323", "ờ": "ơ\u0300", "ạ": "a\u0323", "ỳ": "y\u0300", "ọ": "o\u0323",
        "ố": "ô\u0301",
    })  # fmt: skip
    wrong = decomposed.encode("cp1258").decode("cp1252")
    assert repair_texts({"title": wrong})[0]["title"] == story


def test_names_are_put_right_with_the_story_around_them() -> None:
    wrong = found(
        title=written(small(STORIES[1]), TCVN3), lead=written(small(STORIES[2]), TCVN3), author=written("Hà Thị Nụ", TCVN3),
        topics=(written("Nông nghiệp", TCVN3), "Thời sự"),
        image=Image(url="https://muongla.example/1.jpg", alt="x", caption=written("vườn cà phê", TCVN3)),
    )  # fmt: skip
    article = validate_article(wrong, wrong.source)
    assert (article.title, article.author, article.topics) == (
        small(STORIES[1]),
        "Hà Thị Nụ",
        ("Nông nghiệp", "Thời sự"),
    )
    assert article.image is not None
    assert article.image.caption == "vườn cà phê"
    assert validate_article(article, article.source) is article


@pytest.mark.parametrize(
    "wrong", [written("Hà Nội mưa to", TCVN3), written("Nguyễn Văn Hải", VNI), "HÃ\xa0 Ná»\ufffdi mÆ°a"]
)
def test_what_is_too_short_to_be_certain_is_left_and_told(wrong: str) -> None:
    texts, doubt = repair_texts({"title": wrong})
    assert texts == {"title": wrong}
    assert doubt.endswith("and cannot be read")


def test_utf_8_of_which_a_part_was_lost_is_told() -> None:
    """Hard spaces are a part of many letters, and are taken for spaces on the way."""
    wrong = read_wrongly(STORIES[1]).replace("\xa0", " ")
    texts, doubt = repair_texts({"title": wrong})
    assert texts["title"] == wrong
    assert doubt == "its letters look like UTF-8 read as Latin-1 and cannot be read"


# -- what is no such thing ---------------------------------------------------------------------------------------------

OTHERS = {
    "French": "L’été dernier, à l’île d’Oléron, où les élèves fêtaient Noël, « l’œuvre » du maître naïf a déçu : ça"
    " coûte très cher, août fut gâté, le maïs brûlé, la forêt aussi, bâti là-bas près du château, déjà "
    "vu. À bientôt ! Être ou ne pas être",
    "German": "Für die Größe der Häuser müssen schöne Städte früher über Flüsse gebaut werden; „Ä“ und „Ö“ heißen "
    "Umlaute, Öl, Käse, Brötchen, süß, böse, grün, Tür, Bär, Rätsel, Mädchen, Übung, ähnlich, öfter, "
    "über, Straße, Gruß, weiß, Fuß",
    "Spanish": "¿Dónde está el niño? Mañana comerá piñas y plátanos en España; ¡qué ilusión! La canción del otoño "
    "sonó también allí, así según él, más tú, sí, té, dé, sé, mí, café, bebé, sofá, mamá, papá, ratón, "
    "limón, corazón, jamón, 1ª, 2º",
    "Portuguese": "Não há ações nem informações à população: três irmãs, você já até só lá está, maçã, pão, mãe, avô, "
    "avó, pé, é, “AMANHÔ, “IRMÔ, coração, país, saúde, egoísta, lâmpada, português, ênfase, pôr, tô, cá, "
    "ò, às, àquela, São Tomé",
    "Swedish": "På gång: många är så långt från båten över ån där får går på äng, å, ö, hår, år, då, nå, gå, två, "
    "blå, får, går",
    "Danish": "Hør på, før år går: blå ål på bål, æg, ø, å, så, får, når, går, hånd, månen, små, bør, gør, dør, "
    "tør, kø, sø",
    "Icelandic": "Það er góð þjóð á Íslandi, því að þær árnar eru ágætar; ég á bát, þú átt hús, móðir, bróðir, æði, "
    "ör, öll",
    "Italian": "Perché la città è più bella? Così, già, però, giù, né, là, lì, sì, dà, può, virtù, caffè, tè, "
    "qualità, Forlì",
    "Hungarian": "Őrült tűz a hűvös erdőben: árvíztűrő tükörfúrógép, nő, fő, bő, jó, só, tó, ló, fű, mű, gyűrű, kő, "
    "eső, idő",
    "Polish": "Zażółć gęślą jaźń: łódź, źródło, ćma, są, idą, będę, mróz, wóz, nóż, żółw, śnieg, pięć, gęś, ósmy, "
    "mówią, też",
    "Turkish": "Güneş öğleden önce doğdu, çünkü kış gelmişti: ağaç, göl, gül, kötü, üç, dört, çok, şu, ışık, "
    "öğretmen, büyük",
    "Chinese": "北京的春天很美，学生们在公园里看花。“你好”，老师说：明天有雨，请带伞。经济增长百分之五。",
    "Japanese": "東京の天気は晴れです。「おはよう」と先生が言った。カメラと本を買いました。",
    "Russian": "В Москве открылась выставка: «Мир», музыка, ёлка и чай; цена — 100 рублей.",
    "Arabic": "افتتح المعرض في القاهرة يوم الأحد، وحضره كثير من الناس.",
    "signs": "100 °C ± 5 µm, 2 × 3 ÷ 4 = 1½ m²; § 5 © 2026 ® ™ “a” ‘b’ «c» – — … • £5 €6 ¥7 ¶ ¬ ¡ ¿ № 5 ½ ¼ ¾ ³ ª "
    "º ¹ ¯ ¸ ¨ ´",
    "Vietnamese": " ".join(STORIES) + " “CHÂ”, “QUÊ”, “CÔ”, “NHÀ”… hoà, thuỷ, quý, cỏ, có, không, là, và, à, ấy – ở, ư, ừ",
    "Tày": "Slon slư lẻ pền cần, mì đảy tải khay lồng tồng: nà, rẩy, bióoc, phjắc, phjạ, fạ, slao, báo, vằn "
    "pjục, kỷ lai pi",
    "Hmong": "Cov neeg hmoob nyob hauv lub zos siab tau txais xov xwm zoo: txoj kev tshiab, lub tsev kawm ntawv, "
    "tus choj",
}  # fmt: skip


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_no_language_is_taken_for_wrong_letters(text: str) -> None:
    assert repair_texts({"title": text, BODY: f"<p>{text}</p>"}) == ({"title": text, BODY: f"<p>{text}</p>"}, "")


@given(
    st.sampled_from(sorted(OTHERS)).flatmap(lambda name: st.lists(st.sampled_from(OTHERS[name].split()), max_size=12))
)
def test_no_words_of_a_language_are_in_whatever_order(words: list[str]) -> None:
    """What is certain changes a text, so nothing may be certain here; nor is anything held."""
    text = " ".join(words)
    assert repair_texts({"title": text}) == ({"title": text}, "")


@given(st.lists(st.sampled_from(" ".join(STORIES).split()), max_size=10), st.sampled_from(sorted(OTHERS)))
def test_vietnamese_beside_another_language_stays(words: list[str], other: str) -> None:
    texts = {"title": " ".join(words), "lead": OTHERS[other][:200]}
    assert repair_texts(texts) == (texts, "")


@given(st.lists(st.sampled_from(STORIES), min_size=1, max_size=3), st.sampled_from([TCVN3, VNI, VISCII]))
def test_what_was_put_right_stays_so(stories: list[str], table: dict[str, str]) -> None:
    right = small(". ".join(stories))
    once, _ = repair_texts({"title": written(right, table), "lead": "Tin"})
    assert repair_texts(once) == (once, "")
    assert once["title"] == right


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    repair_texts({"title": text, BODY: text})
    repair_utf8(text)


# -- escaped twice -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("M&ocirc;n To&aacute;n &amp; L&yacute;", "Môn Toán & Lý"),
        ("C&#417;m &#x26; &quot;áo&quot;", 'Cơm & "áo"'),
        ("R&amp;D, A&nbsp;B", "R&D, A\xa0B"),
        ("Thẻ &lt;b&gt; là gì", "Thẻ &lt;b&gt; là gì"),
        ("Ký hiệu &eacute; là gì", "Ký hiệu &eacute; là gì"),
        ("?a=1&copy=2&lt=3", "?a=1&copy=2&lt=3"),
        ("&#1;&#55555;&nosuch;", "&#1;&#55555;&nosuch;"),
    ],
)
def test_what_was_escaped_once_too_often_is_put_right(text: str, words: str) -> None:
    assert unescape_text(text) == words


def test_so_is_a_body() -> None:
    assert repair_texts({BODY: "<p>M&amp;ocirc;n &amp;lt;b&amp;gt; &amp;amp;</p>"})[0] == {
        BODY: "<p>Môn &amp;lt;b&amp;gt; &amp;amp;</p>"
    }


def test_a_text_of_a_feed_that_is_html_escaped_twice_is_html() -> None:
    body = "&amp;lt;p&amp;gt;Một câu.&amp;lt;/p&amp;gt;&amp;lt;p&amp;gt;Hai câu.&amp;lt;/p&amp;gt;"
    feed = (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>t</title><item>'
        f"<title>x</title><content:encoded>{body}</content:encoded></item></channel></rss>"
    )
    source = FeedSource(name="tin", url="https://muongla.example/rss")
    (article,) = source.read(FetchedDocument(url="", body=feed.encode())).articles
    assert article.body_html == "<p>Một câu.</p><p>Hai câu.</p>"


# -- wherever articles come from ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES)
def test_feeds_files_and_pages_are_read_anew_before_a_sign_is_lost(story: str) -> None:
    wrong = read_wrongly(story, 1, "latin-1")  # with signs that are taken for spaces
    source = FeedSource(name="tin", url="https://muongla.example/rss")
    feeds = [
        f"<rss><channel><title>t</title><item><title>{wrong}</title></item></channel></rss>",
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "items": [{"id": "1", "title": wrong, "content_text": wrong}],
            }
        ),
    ]
    for feed in feeds:
        (article,) = source.read(FetchedDocument(url="", body=feed.encode())).articles
        assert article.title == story
    file = FolderSource(name="bai", folder=Path()).article("a.md", f"---\ntitle: {wrong}\n---\n{wrong}".encode())
    assert (file.title, file.body_html) == (story, f"<p>{story}</p>" if file.body_html else "")
    page = parse_page(f"<html><body><h1>{wrong}</h1></body></html>".encode())
    assert page is not None
    assert page.text_content() == story


def test_what_nobody_can_read_is_held_at_the_first_look_too_and_told(room: Room) -> None:
    (room.folder / "articles" / "cu.md").write_text(
        f"---\ntitle: {written('Hà Nội mưa to', TCVN3)}\n---\nMột đoạn.\n", encoding="utf-8"
    )
    said = room.good("gather")
    assert "is held: its letters look like TCVN3 and cannot be read" in said
    (held,) = [one for one in room.run("articles", "--json").json if one["flags"]]
    assert held["title"] == written("Hà Nội mưa to", TCVN3)
    assert held["flags"] == ["held"]


def test_a_long_body_is_judged_quickly() -> None:
    body = written(small("".join(BODIES * 300)), TCVN3)
    started = time.process_time()
    validate_article(found(body_html=body), "cong")
    assert time.process_time() - started < 5


def test_an_ordinary_story_is_readable() -> None:
    assert unreadable_reason(found(title=STORIES[0], lead=STORIES[1], body_html=BODIES[0])) == ""  # type: ignore[arg-type]
    assert detect_encoding("plain words") == mojibake.DetectedEncoding()
