"""The page that shows staff what would go out: whole, true to the bytes, and deaf to whatever articles say."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import click
import pytest
from lxml import html as lxml_html

from distributor.channel import Appearance, Channel
from distributor.kit.posts import MASTODON
from distributor.plugins import registry
from distributor.preview import page as preview_page
from distributor.preview.page import (
    EditionPreview,
    EmailPreview,
    FeedEntryPreview,
    FeedPreview,
    LinkCard,
    OtherPreview,
    PostPreview,
    WebPagePreview,
    render_preview,
)
from support.builders import article
from support.newsroom import Room
from support.rendered_emails import TEMPLATES

EMAIL = EmailPreview(
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
    recipients=3,
    files=("mail/digest.html", "mail/digest.eml"),
)
POST = PostPreview(
    channel="posts",
    title="Tin một",
    appearance=Appearance(text="Tin một\n\nhttps://bacson.example/tin/1", network="Mastodon", short_links=True),
    length=32,
    limit=500,
    card=LinkCard(
        url="https://bacson.example/tin/1", title="Tin một", lead="Tóm tắt", image="https://anh.example/1.jpg"
    ),
    file="posts/a1.txt",
)
FEED = FeedPreview(
    channel="feeds",
    title="Tin sáng (rss.xml)",
    file="feeds/rss.xml",
    size=1200,
    entries=(FeedEntryPreview(title="Tin một", url="https://bacson.example/tin/1", date="2026-11-23 07:00"),),
    total=13,
)
OTHER = OtherPreview(
    channel="hook", title="Tin sáng", media_type="application/json", file="hook/e.json", size=2, text="{}"
)
WHOLE = EditionPreview(
    name="tin-sang",
    title="Tin sáng",
    site="Báo Bắc Sơn",
    subject="Tin sáng 23/11",
    limit=102_000,
    facts=("2 articles, 3 subscribers.",),
    notes=("shortened",),
    emails=(EMAIL,),
    posts=(POST,),
    feeds=(FEED,),
    others=(OTHER,),
    pages=(WebPagePreview(title="Trang", html="<!DOCTYPE html><html><head></head><body><p>Trang</p></body></html>"),),
)


def index(shown: EditionPreview) -> str:
    return render_preview(shown, TEMPLATES)["index.html"].decode()


def tree(shown: EditionPreview) -> Any:
    return lxml_html.document_fromstring(index(shown))


def words(shown: EditionPreview) -> str:
    return " ".join(tree(shown).find("body").text_content().split())


def made(type: str, **settings: Any) -> Channel:
    channel = registry.channels.find(type)(name="x", **settings)
    assert isinstance(channel, Channel)
    return channel


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
    assert shown_page(room).find(".//h1").text.startswith("Chè Tân Lập")


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
    counts = {MASTODON.measure(file.read_text(encoding="utf-8")) for file in files}
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
    assert "Tin </iframe><script>alert(1)</script> <img src=x" in page.find(".//h1").text
    assert "alert" not in page.find(".//script").text
    assert len(page.findall(".//script")) == 1
    assert not [name for one in page.iter() for name in one.attrib if name == "onerror"]
    shown = [" ".join(one.text_content().split()) for one in page.findall(".//ol/li")]
    assert sum(title in one for one in shown) == 2  # Atom and JSON Feed declare words; in RSS recipients may see markup
    assert sum("rất lạ" in one for one in shown) == 3
    folder = room.folder / "var" / "preview" / "tin-sang" / "index_files"
    for copy in folder.glob("email-*.html"):
        assert not lxml_html.document_fromstring(copy.read_text(encoding="utf-8")).findall(".//script")


def test_each_segment_has_its_email_and_its_recipients(room: Room) -> None:
    room.write("ba", "Bệnh án điện tử ở mọi bệnh viện", date="2026-11-21 09:00", topics="[Y tế]")
    room.good("subscribers", "add", "hoa@example.com", "-n", "tin-sang", "--topic", "Y tế")
    said = room.good("preview", "tin-sang")
    page = shown_page(room)
    whole, share = (one.text for one in page.iter("option"))
    assert whole == "mail/digest: 1 recipient"
    assert re.fullmatch(r"mail/digest-[0-9a-f]{10}: 1 recipient of y tế", share)
    folder = room.folder / "var" / "preview" / "tin-sang"
    second = (folder / "index_files" / "email-2.light-images.html").read_text(encoding="utf-8")
    assert "Bệnh án điện tử" in second
    assert "Khởi công" not in second
    assert str(folder / share.partition(":")[0]) + ".html" in said
    room.good("send", "tin-sang", "--yes")
    room.good("preview", "tin-sang-1")
    options = [one.text for one in shown_page(room, "tin-sang-1").iter("option")]
    assert [option.partition(": ")[2] for option in options] == ["1 recipient", "1 recipient"]


def test_of_many_segments_the_emails_of_most_recipients_and_the_largest_are_examined(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two are framed, the gate looks at one of these; the third is neither."""
    monkeypatch.setattr("distributor.pipeline.preflight_gate.MAX_EMAILS", 1)
    monkeypatch.setattr("distributor.preview.collect.MAX_FRAMES", 2)
    topics = ("Y tế", "Kinh tế")
    for number, topic in enumerate(topics):
        room.write(f"ba{number}", f"Tin riêng về {topic}", date="2026-11-21 09:00", topics=f"[{topic}]")
        for recipient in range(number + 1):
            room.good("subscribers", "add", f"r{number}{recipient}@example.com", "-n", "tin-sang", "--topic", topic)
    assert "2 of 3 emails were checked" in room.good("preview", "tin-sang")
    names = [one.text.partition(": ")[2] for one in shown_page(room).iter("option")]
    assert names == ["1 recipient", "2 recipients of kinh tế", "1 recipient of y tế"]
    assert "It has checked 2 of 3 emails" in said_by(shown_page(room))


def test_an_edition_without_a_email_is_shown_too(room: Room) -> None:
    room.configure(("channels: [mail, feeds, posts]", "channels: [feeds, posts]"))
    said = room.good("preview", "tin-sang")
    page = shown_page(room)
    assert "Preflight" not in said
    assert page.find(".//section[@id='emails']") is None
    assert len(page.findall(".//section[@id='posts']/div/div")) == 2
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
    assert titles[0] == "Chè Tân Lập sang Nhật Bản và 1 tin khác"
    assert sorted(titles[1:]) == ["Chè Tân Lập sang Nhật Bản", "Khởi công đường tỉnh 254"]
    assert {one.get("data-stem") for one in page.iter("iframe")} == {f"index_files/page-{n}" for n in (1, 2, 3)}
    assert page.find(".//section[@id='others']") is None
    folder = room.folder / "var" / "preview" / "tin-sang"
    for number, title in enumerate(titles, start=1):
        copy = (folder / "index_files" / f"page-{number}.light-images.html").read_text(encoding="utf-8")
        assert f"<title>{title}" in copy
    carried = [one.get("href") for one in page.findall(".//section[@id='pages']//p//a")]
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
    assert {one.get("data-stem") for one in page.iter("iframe")} == {"index_files/email-1"}


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


def test_the_preview_is_the_same_for_the_same_edition() -> None:
    assert render_preview(WHOLE, TEMPLATES) == render_preview(WHOLE, TEMPLATES)
    assert preview_page.INDEX in render_preview(WHOLE, TEMPLATES)
    assert article().title in words(replace(WHOLE, subject=article().title))
