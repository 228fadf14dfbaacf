"""The page that shows staff what would go out: whole, true to the bytes, and deaf to whatever articles say."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest
from builders import article, edition, rendition
from fixtures_mails import TEMPLATES
from fixtures_newsroom import Room
from fixtures_social import FakeDesk
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from distributor import registry
from distributor.channel import Appearance, Channel
from distributor.rehearsal import rehearse
from distributor.rendering import showcase
from distributor.rendering.guises import guise
from distributor.rendering.showcase import (
    FRAMED,
    Card,
    EntryShown,
    FeedShown,
    LetterShown,
    OtherShown,
    PageShown,
    PostShown,
    Remark,
    Showcase,
    card_link,
    pieces,
    show,
    told,
)

HOSTILE = "</iframe></pre></style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b onclick=alert(3)>"
LETTER = LetterShown(
    name="mail/digest",
    subject="Tin sáng 23/11",
    sender="Báo Bắc Sơn",
    preheader="Thông xe cầu Nà Mạ",
    html="<!DOCTYPE html><html><head><title>Tin</title></head><body><p>Tin sáng</p></body></html>",
    text="Tin sáng\n",
    html_size=34_588,
    encoded_size=41_687,
    message_size=51_287,
    headers=(("From", "Báo Bắc Sơn <tin@bacson.example>"), ("List-Unsubscribe", "<https://bacson.example/u/v1>")),
    readers=3,
    files=("mail/digest.html", "mail/digest.eml"),
)
REMARK = Remark(check="subject-long", blocks=False, message="it has 130 letters", where="Subject", rule="At most 120.")
POST = PostShown(
    channel="posts",
    title="Tin một",
    appearance=Appearance(text="Tin một\n\nhttps://bacson.example/tin/1", network="Mastodon", short_links=True),
    length=32,
    limit=500,
    card=Card(url="https://bacson.example/tin/1", title="Tin một", lead="Tóm tắt", picture="https://anh.example/1.jpg"),
    file="posts/a1.txt",
)
FEED = FeedShown(
    channel="feeds",
    title="Tin sáng (rss.xml)",
    file="feeds/rss.xml",
    size=1200,
    entries=(EntryShown(title="Tin một", url="https://bacson.example/tin/1", date="2026-11-23 07:00"),),
    total=13,
)
OTHER = OtherShown(
    channel="hook", title="Tin sáng", media_type="application/json", file="hook/e.json", size=2, text="{}"
)
WHOLE = Showcase(
    name="tin-sang",
    title="Tin sáng",
    site="Báo Bắc Sơn",
    subject="Tin sáng 23/11",
    limit=102_000,
    facts=("2 articles, 3 subscribers.",),
    notes=("shortened",),
    letters=(LETTER,),
    posts=(POST,),
    feeds=(FEED,),
    others=(OTHER,),
    pages=(PageShown(title="Trang", html="<!DOCTYPE html><html><head></head><body><p>Trang</p></body></html>"),),
)


def index(shown: Showcase) -> str:
    return show(shown, TEMPLATES)["index.html"].decode()


def tree(shown: Showcase) -> Any:
    return lxml_html.document_fromstring(index(shown))


def words(shown: Showcase) -> str:
    return " ".join(tree(shown).find("body").text_content().split())


def poisoned(value: Any) -> Any:
    """The same value with something hostile in every text of it."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, tuple):
        return tuple(poisoned(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: poisoned(getattr(value, field.name)) for field in fields(value)})
    return value


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_names_everything_that_would_go_out() -> None:
    said = words(replace(WHOLE, letters=(replace(LETTER, remarks=(REMARK,)),)))
    for expected in (
        "2 articles, 3 subscribers.", "shortened", "Preflight lets it go, with 1 warning.", "it has 130 letters (Subject)",
        "subject-long At most 120.", "34,588 bytes", "41,687 bytes", "51,287 bytes", "34 % of 102 kB", "50 % of 102 kB",
        "Báo Bắc Sơn <tin@bacson.example>", "<https://bacson.example/u/v1>", "posts · Mastodon", "32 of 500",
        "13 entries", "2026-11-23 07:00", "and 12 more", "application/json",
    ):  # fmt: skip
        assert expected in said, expected


def test_letters_and_the_web_page_stand_in_frames_of_a_phone_and_a_desktop() -> None:
    made = show(WHOLE, TEMPLATES)
    page: Any = lxml_html.document_fromstring(made["index.html"].decode())
    frames = page.findall(".//iframe")
    assert [(frame.get("data-stem"), frame.get("width")) for frame in frames] == [
        ("index_files/letter-1", "375"), ("index_files/letter-1", "800"),
        ("index_files/page-1", "375"), ("index_files/page-1", "800"),
    ]  # fmt: skip
    for frame in frames:
        assert frame.get("src") == frame.get("data-stem") + ".light-pictures.html"
        assert set(frame.get("sandbox").split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    wanted = {
        f"{frame.get('data-stem')}.{light}-{seen}.html"
        for frame in frames
        for light in ("light", "dark")
        for seen in ("pictures", "bare")
    }
    assert set(made) == wanted | {"index.html"}


def test_what_the_switches_ask_for_is_what_is_written() -> None:
    """The script puts a file's name together from the values of the switches."""
    page = tree(WHOLE)
    light, seen = (
        [one.get("value") for one in page.findall(f".//input[@name='{name}']")] for name in ("light", "seen")
    )
    made = {path.removeprefix("index_files/page-1.") for path in show(WHOLE, TEMPLATES) if "/page-1." in path}
    assert made == {f"{one}-{other}.html" for one in light for other in seen}
    assert '`${chosen("light")}-${chosen("seen")}`' in page.find(".//script").text


def test_nothing_that_an_article_says_acts() -> None:
    shown = poisoned(WHOLE)
    page = tree(shown)
    clean = tree(WHOLE)
    for name in ("script", "iframe", "img", "style", "title", "pre", "b", "article", "section", "meta"):
        assert len(page.findall(f".//{name}")) == len(clean.findall(f".//{name}")), name
    assert not [name for element in page.iter() for name in element.attrib if name.startswith("on")]
    for element in page.iter("a"):
        assert not element.get("href").lower().startswith(("javascript:", "data:"))
    assert page.find(".//title").text.startswith("Tin sáng 23/11</iframe>")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", 'https://x.example/" onclick="y'])
def test_an_address_that_is_none_is_no_link(url: str) -> None:
    bad = replace(
        WHOLE,
        feeds=(replace(FEED, entries=(EntryShown(title="Tin", url=url, date=""),)),),
        posts=(replace(POST, card=Card(url=url, picture=url)),),
    )
    page = tree(bad)
    assert not [one for one in page.iter("a", "img") if url in (one.get("href"), one.get("src"))]
    assert url not in index(bad).replace("&#34;", '"').split("<h2>Feeds</h2>")[1]


def test_only_the_pages_own_script_may_run() -> None:
    page = tree(poisoned(WHOLE))
    (script,) = page.findall(".//script")
    (policy,) = (one.get("content") for one in page.iter("meta") if one.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not script.attrib


def test_the_page_itself_asks_the_network_for_nothing_but_the_pictures_of_cards() -> None:
    page = tree(WHOLE)
    assert not page.findall(".//link")
    assert [one.get("src") for one in page.iter("img")] == ["https://anh.example/1.jpg"]
    styles = "".join(one.text for one in page.iter("style"))
    assert "url(" not in styles
    assert "@import" not in styles


def test_the_other_letters_of_an_edition_can_be_chosen() -> None:
    share = replace(LETTER, name="mail/digest-1a2b", readers=1, topics=("kinh tế", "y tế"), remarks=(REMARK,))
    page = tree(replace(WHOLE, letters=(replace(LETTER, readers=0), share)))
    options = {one.get("value"): one.text for one in page.iter("option")}
    assert options == {
        "letter-1": "mail/digest: nobody gets this one",
        "letter-2": "mail/digest-1a2b: 1 reader of kinh tế, y tế",
    }
    assert [one.get("id") for one in page.findall(".//article[@class='letter']")] == list(options)
    assert "it has 130 letters (Subject) in 1 of 2 letters" in " ".join(page.text_content().split())


def test_one_letter_alone_needs_no_choice() -> None:
    assert not tree(WHOLE).findall(".//select")


def test_of_hundreds_of_letters_the_first_ones_are_framed() -> None:
    many = tuple(replace(LETTER, name=f"mail/digest-{number}") for number in range(FRAMED + 2))
    made = show(replace(WHOLE, letters=many), TEMPLATES)
    stems = {path.split(".")[0] for path in made if "letter" in path}
    assert stems == {f"index_files/letter-{number}" for number in range(1, FRAMED + 1)}
    page = lxml_html.document_fromstring(made["index.html"].decode())
    assert len(page.findall(".//article[@class='letter']")) == FRAMED + 2
    assert {frame.get("data-stem") for frame in page.iter("iframe")} == stems | {"index_files/page-1"}


def test_the_page_says_how_many_letters_were_examined() -> None:
    blind = replace(LETTER, name="mail/digest-1a2b", examined=False)
    assert "It has looked at 1 of 2 letters" in words(replace(WHOLE, letters=(LETTER, blind)))
    assert "It has looked at" not in words(replace(WHOLE, letters=(LETTER, replace(blind, examined=True))))


def test_an_edition_of_nothing_says_so() -> None:
    empty = Showcase(
        name="tin-sang", title="Tin sáng", site="Báo", subject="Tin sáng", limit=102_000, page_fault="x is no y"
    )
    assert "Nothing would go out" in words(empty)
    assert "There is none: x is no y." in words(empty)
    assert "Nothing would go out" not in words(WHOLE)
    assert not tree(empty).findall(".//iframe")


def test_what_holds_an_edition_comes_first_and_each_fault_once() -> None:
    block = replace(REMARK, check="form", blocks=True)
    letters = [
        replace(LETTER, remarks=(REMARK, block)),
        replace(LETTER, name="mail/b", remarks=(replace(REMARK, where="line 2"), replace(REMARK, where=""))),
    ]
    first, second = told(letters)
    assert (first.remark, first.places, first.letters) == (block, ("Subject",), ("mail/digest",))
    assert (second.remark, second.where, second.letters) == (REMARK, "Subject; line 2", ("mail/digest", "mail/b"))
    said = words(replace(WHOLE, letters=tuple(letters)))
    assert "would hold this edition: 1 fault, 1 warning." in said
    assert "it has 130 letters (Subject; line 2) in all of them" in said


def test_of_a_fault_in_every_story_a_few_places_are_named() -> None:
    remarks = tuple(replace(REMARK, where=f"line {number}") for number in range(5))
    (one,) = told([replace(LETTER, remarks=remarks)])
    assert one.where == "line 0; line 1; line 2; and 2 more"


def test_a_letter_over_the_limit_is_marked() -> None:
    heavy = tree(replace(WHOLE, letters=(replace(LETTER, html_size=103_000),)))
    assert [one.text for one in heavy.iter("span") if "bad" in one.get("class", "")] == ["101 % of 102 kB"]


# -- posts -------------------------------------------------------------------------------------------------------------


def test_a_post_that_is_too_long_is_marked() -> None:
    said = words(replace(WHOLE, posts=(replace(POST, length=501),)))
    assert "501 of 500: too long" in said
    assert "too long" not in words(replace(WHOLE, posts=(replace(POST, length=500),)))


def test_a_post_without_a_limit_tells_its_length_only() -> None:
    assert "32 characters" in words(replace(WHOLE, posts=(replace(POST, limit=None),)))


def test_a_post_that_is_taken_back_or_replaced_says_so() -> None:
    assert "is taken back" in words(replace(WHOLE, posts=(replace(POST, action="retract"),)))
    assert "replaces the post" in words(replace(WHOLE, posts=(replace(POST, action="amend"),)))


def test_networks_cut_links_and_embolden_titles() -> None:
    text = "Tin một\n\nXem https://www.bacson.example/tin/mot-dia-chi-rat-dai-khong-ai-doc."
    cut = pieces(Appearance(text=text, short_links=True))
    assert [one.words for one in cut] == ["Tin một\n\nXem ", "bacson.example/tin/mot-dia-chi…", "."]
    assert cut[1].url == "https://www.bacson.example/tin/mot-dia-chi-rat-dai-khong-ai-doc"
    bold = pieces(Appearance(text=text, bold_title=True))
    assert (bold[0].words, bold[0].bold) == ("Tin một", True)
    assert bold[2].words == bold[2].url


@given(st.text(alphabet="ab \n./:htps&<>"), st.booleans())
def test_pieces_are_the_whole_text(text: str, bold: bool) -> None:
    assert "".join(one.words for one in pieces(Appearance(text=text, bold_title=bold))) == text


def test_the_card_is_of_the_articles_link_or_of_the_last_one() -> None:
    text = "https://a.example/1 và https://b.example/2"
    assert card_link(text, "https://a.example/1") == "https://a.example/1"
    assert card_link(text, "https://c.example/3") == "https://b.example/2"
    assert card_link("không có", "https://a.example/1") == ""


def made(type: str, **settings: Any) -> Channel:
    channel = registry.channels.find(type)(name="x", **settings)
    assert isinstance(channel, Channel)
    return channel


def test_a_file_of_the_outbox_is_shown_without_the_line_for_staff(desk: FakeDesk, tmp_path: Path) -> None:
    outbox = made("outbox", folder=tmp_path, network="mastodon")
    (post,) = outbox.compose(edition(count=1), desk)
    shown = outbox.appearance(post)
    assert "-- " in post.text
    assert "-- " not in shown.text
    assert f"mastodon: {outbox.limits.measure(shown.text)} of 500 characters" in post.text
    assert shown.network == "Mastodon"


def test_each_network_shows_its_text_in_its_own_way() -> None:
    post = rendition(body="Tin một\nhttps://bacson.example/tin/1")
    telegram = made("telegram", token="1:a", chat="@x", preview="small", bold_title=True)
    assert telegram.appearance(post) == Appearance(text=post.text, network="Telegram", bold_title=True, card="small")
    assert made("console").appearance(post) == Appearance(text=post.text)


def test_a_rehearsal_shows_what_the_network_would(tmp_path: Path) -> None:
    outbox = made("outbox", folder=tmp_path, network="telegram")
    stand_in = rehearse({"x": outbox}, tmp_path)["x"]
    post = rendition(body="[TEST] Tin\n\n-- \ntelegram: 3 characters\n")
    assert stand_in.appearance(post).text == "[TEST] Tin"
    assert stand_in.appearance(post).network == "Telegram"


# -- by day and by night, with and without pictures --------------------------------------------------------------------

DOCUMENT = """<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"><style>
:root { color-scheme: light dark } @media (prefers-color-scheme: dark) { p { color: #fff } }
@media screen and (PREFERS-color-scheme:light) { p { background: #eee url('a.png') no-repeat } }
</style></head><body background="b.png"><p>(prefers-color-scheme: dark)</p>
<picture><source srcset="night.png" media="(prefers-color-scheme: dark)">
<img alt=' src="x" > ' src="day.png" width=4></picture>
<td style="background-image: url(&quot;c.png&quot;); color: red">x</td></body></html>"""


def test_at_night_the_question_for_dark_is_answered_with_yes() -> None:
    night = guise(DOCUMENT, dark=True, pictures=True)
    assert "@media (min-width: 0px) { p { color: #fff } }" in night
    assert "screen and (max-width: 0px)" in night
    assert 'media="(min-width: 0px)"' in night
    assert ":root { color-scheme: dark }" in night
    assert 'content="dark"' in night
    assert "<p>(prefers-color-scheme: dark)</p>" in night


def test_by_day_it_is_answered_with_no() -> None:
    day = guise(DOCUMENT, dark=False, pictures=True)
    assert "@media (max-width: 0px) { p { color: #fff } }" in day
    assert "screen and (min-width: 0px)" in day
    assert 'content="light"' in day
    assert "prefers-color-scheme" not in day.replace("<p>(prefers-color-scheme: dark)</p>", "")


def test_a_page_that_knows_no_dark_mode_gets_none() -> None:
    plain = '<html><head><meta name="color-scheme" content="light"></head><body>Tin</body></html>'
    assert 'content="light"' in guise(plain, dark=True, pictures=True)


def test_without_pictures_nothing_is_loaded_and_the_words_stay() -> None:
    bare = guise(DOCUMENT, dark=False, pictures=False)
    page: Any = lxml_html.document_fromstring(bare)
    assert not [name for one in page.iter() for name in one.attrib if name in ("src", "srcset", "background")]
    assert ".png" not in bare
    assert page.find(".//img").get("alt") == ' src="x" > '
    assert page.find(".//img").get("width") == "4"
    assert "color: red" in bare
    with_pictures = guise(DOCUMENT, dark=False, pictures=True)
    assert all(name in with_pictures for name in ("a.png", "b.png", "c.png", "day.png", "night.png"))


def test_links_open_beside_the_preview_and_the_letters_say_their_charset() -> None:
    for document in (DOCUMENT, "<p>Tin</p>", "<!doctype html><p>Tin</p>", "<HTML><p>Tin</p>"):
        copy = guise(document, dark=False, pictures=True)
        assert copy.count('<base target="_blank">') == 1
        assert copy.startswith(document[:6] if document != "<p>Tin</p>" else "<meta")
        assert lxml_html.document_fromstring(copy).find(".//head/base") is not None


@given(st.text(alphabet="a<>\"'= /srcimg"), st.booleans(), st.booleans())
def test_whatever_is_written_a_page_keeps_its_words(text: str, dark: bool, pictures: bool) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    copy = guise(f"<html><head></head><body><p>{escaped}</p><i>x</i></body></html>", dark=dark, pictures=pictures)
    assert f"<body><p>{escaped}</p><i>x</i></body>" in copy


@pytest.mark.parametrize(
    ("before", "piece", "after"),
    [
        ("", "<img ", ""),
        ("", "<style>", ""),
        ("", "<style ", ""),
        ("", "<html ", ""),
        ("", '<a "', ""),
        ("", "<a b='", ""),
        ("", '<img src="x', ""),
        ("<img", " ", ">"),
        ("<img ", "a=", ">"),
        ("<meta ", "name=", ">"),
        ("<style>", "url(", ""),
        ("<style>", "url('", ""),
        ("<style>", "@media (", "</style>"),
        ("<style>", "color-scheme: light ", "</style>"),
    ],
)
def test_a_hostile_page_takes_no_quadratic_time(before: str, piece: str, after: str) -> None:
    start = time.process_time()
    guise(before + piece * 50_000 + after, dark=True, pictures=False)
    assert time.process_time() - start < 3


# -- the command -------------------------------------------------------------------------------------------------------


def shown_page(room: Room, name: str = "tin-sang") -> Any:
    text = (room.folder / "var" / "preview" / name / "index.html").read_text(encoding="utf-8")
    return lxml_html.document_fromstring(text)


def said_by(page: Any) -> str:
    return " ".join(page.find("body").text_content().split())


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    return opened


def test_preview_writes_one_page_and_opens_it(room: Room, launched: list[str]) -> None:
    said = room.good("preview", "tin-sang", "--open")
    file = room.folder / "var" / "preview" / "tin-sang" / "index.html"
    assert launched == [str(file)]
    assert f"  {file}\n" in said
    assert "Preflight: " in said


def test_without_open_the_page_is_written_all_the_same(room: Room, launched: list[str]) -> None:
    room.good("preview", "tin-sang")
    assert launched == []
    assert shown_page(room).find(".//h1").text.startswith("Tin sáng")


def test_every_file_that_the_page_links_to_is_there(room: Room) -> None:
    room.good("preview", "tin-sang")
    folder = room.folder / "var" / "preview" / "tin-sang"
    page = shown_page(room)
    paths = [one.get("href") for one in page.iter("a")] + [one.get("src") for one in page.iter("iframe")]
    local = [unquote(path) for path in paths if not path.startswith(("http", "#"))]
    assert {"mail/digest.html", "mail/digest.eml", "feeds/tin-sang.rss.xml"} <= set(local)
    assert sum(path.startswith("posts/") for path in local) == 2
    assert all((folder / path).is_file() for path in local)
    anchors = [path[1:] for path in paths if path.startswith("#")]
    assert all(page.get_element_by_id(name) is not None for name in anchors)


def test_the_sizes_are_those_of_the_bytes(room: Room) -> None:
    room.good("preview", "tin-sang")
    folder = room.folder / "var" / "preview" / "tin-sang" / "mail"
    rows = shown_page(room).findall(".//table[@class='sizes']//tr")
    sizes = {row.find("th").text: row.find("td").text for row in rows}
    assert sizes["HTML"] == f"{(folder / 'digest.html').stat().st_size:,} bytes"
    assert sizes["Whole message"] == f"{(folder / 'digest.eml').stat().st_size:,} bytes"


def test_posts_and_feeds_are_shown_as_they_are(room: Room) -> None:
    room.good("preview", "tin-sang")
    page = shown_page(room)
    files = sorted((room.folder / "var" / "preview" / "tin-sang" / "posts").glob("*.txt"))
    counts = {re.search(r"mastodon: (\d+) of 500", file.read_text(encoding="utf-8"))[1] for file in files}  # type: ignore[index]
    shown = {one.text for one in page.findall(".//p[@class='count quiet']/span")}
    assert shown == {f"{count} of 500" for count in counts}
    assert [one.text_content() for one in page.find(".//section[@id='feeds']").iter("h3")] == [
        "Tin sáng (rss.xml)", "Tin sáng (atom.xml)", "Tin sáng (feed.json)",
    ]  # fmt: skip
    for feed in page.findall(".//section[@id='feeds']//ol"):
        assert [" ".join(one.text_content().split()) for one in feed.iter("li")] == [
            "Chè Tân Lập sang Nhật Bản 2026-11-20 09:00", "Khởi công đường tỉnh 254 2026-11-20 08:00",
        ]  # fmt: skip
    cards = [one.find(".//b").text for one in page.findall(".//a[@class='card large']")]
    assert sorted(cards) == ["Chè Tân Lập sang Nhật Bản", "Khởi công đường tỉnh 254"]


def test_what_preflight_finds_is_said_on_the_terminal_and_on_the_page(room: Room) -> None:
    own = room.folder / "templates" / "email" / "parts"
    own.mkdir(parents=True)
    (own / "footer.html.j2").write_text('<form action="x"><input></form>', encoding="utf-8")
    said = room.good("preview", "tin-sang")
    line = next(line for line in said.splitlines() if line.startswith("BLOCK form: "))
    page = shown_page(room)
    message = page.find(".//li[@class='blocks']//p").text.strip()
    assert any(f": {one.text.strip()}" in said for one in page.findall(".//li[@class='blocks']//p[1]"))
    assert line
    assert message
    held = len(page.findall(".//li[@class='blocks']"))
    assert f"Preflight: {held} findings would hold the edition." in said
    assert f"Preflight would hold this edition: {held} faults" in said_by(page)


def test_hostile_titles_stay_words(room: Room) -> None:
    title = "Tin </iframe><script>alert(1)</script> <img src=x onerror=alert(2)> rất lạ"
    room.write("ba", f"'{title}'", date="2026-11-21 09:00", lead="'</pre><script>alert(3)</script>'")
    room.good("preview", "tin-sang")
    page = shown_page(room)
    assert title in page.find(".//h1").text
    assert "alert" not in page.find(".//script").text
    assert len(page.findall(".//script")) == 1
    assert not [name for one in page.iter() for name in one.attrib if name == "onerror"]
    shown = [" ".join(one.text_content().split()) for one in page.findall(".//ol/li")]
    assert sum(title in one for one in shown) == 2  # Atom and JSON Feed declare words; in RSS readers may see markup
    assert sum("rất lạ" in one for one in shown) == 3
    folder = room.folder / "var" / "preview" / "tin-sang" / "index_files"
    for copy in folder.glob("letter-*.html"):
        assert not lxml_html.document_fromstring(copy.read_text(encoding="utf-8")).findall(".//script")


def test_each_cohort_has_its_letter_and_its_readers(room: Room) -> None:
    room.write("ba", "Bệnh án điện tử ở mọi bệnh viện", date="2026-11-21 09:00", topics="[Y tế]")
    room.good("subscribers", "add", "hoa@example.com", "-n", "tin-sang", "--topic", "Y tế")
    said = room.good("preview", "tin-sang")
    page = shown_page(room)
    whole, share = (one.text for one in page.iter("option"))
    assert whole == "mail/digest: 1 reader"
    assert re.fullmatch(r"mail/digest-[0-9a-f]{10}: 1 reader of y tế", share)
    folder = room.folder / "var" / "preview" / "tin-sang"
    second = (folder / "index_files" / "letter-2.light-pictures.html").read_text(encoding="utf-8")
    assert "Bệnh án điện tử" in second
    assert "Khởi công" not in second
    assert str(folder / share.partition(":")[0]) + ".html" in said
    room.good("send", "tin-sang", "--yes")
    room.good("preview", "tin-sang-1")
    options = [one.text for one in shown_page(room, "tin-sang-1").iter("option")]
    assert [option.partition(": ")[2] for option in options] == ["1 reader", "1 reader"]


def test_of_many_cohorts_the_letters_of_most_readers_and_the_largest_are_examined(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two are framed, the gate looks at one of these; the third is neither."""
    monkeypatch.setattr("distributor.pipeline.gate.MOST_LETTERS", 1)
    monkeypatch.setattr("distributor.cli.showing.FRAMED", 2)
    topics = ("Y tế", "Kinh tế")
    for number, topic in enumerate(topics):
        room.write(f"ba{number}", f"Tin riêng về {topic}", date="2026-11-21 09:00", topics=f"[{topic}]")
        for reader in range(number + 1):
            room.good("subscribers", "add", f"r{number}{reader}@example.com", "-n", "tin-sang", "--topic", topic)
    assert "2 of 3 letters were examined" in room.good("preview", "tin-sang")
    names = [one.text.partition(": ")[2] for one in shown_page(room).iter("option")]
    assert names == ["1 reader", "2 readers of kinh tế", "1 reader of y tế"]
    assert "It has looked at 2 of 3 letters" in said_by(shown_page(room))


def test_an_edition_without_a_letter_is_shown_too(room: Room) -> None:
    room.configure(("channels: [mail, feeds, posts]", "channels: [feeds, posts]"))
    said = room.good("preview", "tin-sang")
    page = shown_page(room)
    assert "Preflight" not in said
    assert page.find(".//section[@id='letters']") is None
    assert len(page.findall(".//section[@id='posts']/div/article")) == 2
    assert {one.get("data-stem") for one in page.iter("iframe")} == {"index_files/page-1"}


def test_pages_that_a_channel_carries_are_shown_as_they_go_out(room: Room) -> None:
    room.configure(
        ("channels: [mail, feeds, posts]", "channels: [web]"),
        (
            "channels:\n  mail",
            "channels:\n  web: {type: pages, folder: var/web, url: https://bacson.example/w}\n  mail",
        ),
    )
    room.good("preview", "tin-sang")
    page = shown_page(room)
    titles = [one.text for one in page.iter("option")]
    assert titles[0].startswith("Tin sáng")
    assert sorted(titles[1:]) == ["Chè Tân Lập sang Nhật Bản", "Khởi công đường tỉnh 254"]
    assert {one.get("data-stem") for one in page.iter("iframe")} == {f"index_files/page-{n}" for n in (1, 2, 3)}
    assert page.find(".//section[@id='others']") is None
    folder = room.folder / "var" / "preview" / "tin-sang"
    for number, title in enumerate(titles, start=1):
        copy = (folder / "index_files" / f"page-{number}.light-pictures.html").read_text(encoding="utf-8")
        assert f"<title>{title}" in copy
    carried = [one.get("href") for one in page.findall(".//section[@id='pages']//a")]
    assert len(carried) == 3
    assert all((folder / unquote(path)).read_bytes().startswith(b"<!DOCTYPE") for path in carried)


def test_where_there_is_nothing_new_nothing_is_written_or_opened(room: Room, launched: list[str]) -> None:
    room.good("send", "tin-sang", "--yes")
    assert room.good("preview", "tin-sang", "--open") == "Nothing to preview: nothing new.\n"
    assert launched == []
    assert not (room.folder / "var" / "preview").exists()


def test_one_channel_alone_can_be_looked_at(room: Room) -> None:
    room.good("preview", "tin-sang", "-C", "feeds")
    page = shown_page(room)
    assert page.find(".//section[@id='posts']") is None
    assert len(page.findall(".//section[@id='feeds']//article")) == 3


def test_an_edition_of_another_time_is_not_reproached_with_its_date(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.cli.send.clock", lambda: datetime.now(UTC) + timedelta(days=400))
    room.good("gather")
    room.run("send", "tin-sang", "--yes", "--no-gather")
    (made,) = room.run("editions", "--json").json
    assert made["id"] == "tin-sang-1"
    assert "BLOCK date" not in room.good("preview", "tin-sang-1")


def test_a_web_page_that_fails_hides_nothing_else(room: Room) -> None:
    own = room.folder / "templates" / "page"
    own.mkdir(parents=True)
    (own / "edition.html.j2").write_text("{{ nobody.knows }}", encoding="utf-8")
    room.good("preview", "tin-sang")
    page = shown_page(room)
    assert "There is none: templates/page/edition.html.j2:1" in said_by(page)
    assert {one.get("data-stem") for one in page.iter("iframe")} == {"index_files/letter-1"}


def test_a_message_to_another_program_is_shown_as_it_is(room: Room) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    room.configure(
        ("channels: [mail, feeds, posts]", "channels: [hook]"),
        (
            "channels:\n  mail",
            f"channels:\n  hook: {{type: webhook, url: https://app.example/h, secret: {secret}}}\n  mail",
        ),
    )
    room.good("preview", "tin-sang")
    page = shown_page(room)
    body = (room.folder / "var" / "preview" / "tin-sang" / "hook" / "edition.json").read_text(encoding="utf-8")
    assert page.find(".//section[@id='others']//pre").text.strip() == body.strip()
    assert secret not in said_by(page)


def test_the_showcase_is_the_same_for_the_same_edition() -> None:
    assert show(WHOLE, TEMPLATES) == show(WHOLE, TEMPLATES)
    assert showcase.INDEX in show(WHOLE, TEMPLATES)
    assert article().title in words(replace(WHOLE, subject=article().title))
