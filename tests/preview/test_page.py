"""Preview page: complete, true to the bytes, and safe whatever articles contain."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from distributor.channel import Appearance, Channel
from distributor.config.schema import Theme
from distributor.content import Post
from distributor.plugins import registry
from distributor.preview.page import (
    MAX_FRAMES,
    EditionPreview,
    EmailPreview,
    FeedEntryPreview,
    FeedPreview,
    LinkCard,
    OtherPreview,
    PostPicture,
    PostPreview,
    PreviewFinding,
    WebPagePreview,
    find_card_link,
    group_findings,
    render_preview,
    split_post,
)
from distributor.test_mode import replace_channels
from support.rendered_emails import TEMPLATES

HOSTILE = "</iframe></pre></style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'><b onclick=alert(3)>"
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
REMARK = PreviewFinding(
    check="subject-long", blocks=False, message="it has 130 characters", where="Subject", rule="At most 120."
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
    said = words(replace(WHOLE, emails=(replace(EMAIL, findings=(REMARK,)),)))
    for expected in (
        "2 articles, 3 subscribers.", "shortened", "Ready to send, with 1 warning.", "it has 130 characters (Subject)",
        "subject-long At most 120.", "34,588 bytes", "41,687 bytes", "51,287 bytes", "34 % of 102 kB", "50 % of 102 kB",
        "Báo Bắc Sơn <tin@bacson.example>", "<https://bacson.example/u/v1>", "posts · Mastodon", "32 of 500",
        "13 entries", "2026-11-23 07:00", "and 12 more", "application/json",
    ):  # fmt: skip
        assert expected in said, expected


def test_emails_and_the_web_page_stand_in_frames_of_a_phone_and_a_desktop() -> None:
    made = render_preview(WHOLE, TEMPLATES)
    page: Any = lxml_html.document_fromstring(made["index.html"].decode())
    frames = page.findall(".//iframe")
    assert [(frame.get("data-stem"), frame.get("width")) for frame in frames] == [
        ("index_files/email-1", "375"), ("index_files/email-1", "800"),
        ("index_files/page-1", "375"), ("index_files/page-1", "800"),
    ]  # fmt: skip
    for frame in frames:
        assert frame.get("src") == frame.get("data-stem") + ".light-images.html"
        assert set(frame.get("sandbox").split()) == {
            "allow-same-origin",
            "allow-popups",
            "allow-popups-to-escape-sandbox",
        }
    wanted = {
        f"{frame.get('data-stem')}.{light}-{seen}.html"
        for frame in frames
        for light in ("light", "dark")
        for seen in ("images", "no-images")
    }
    assert set(made) == wanted | {"index.html"}


def test_what_the_switches_ask_for_is_what_is_written() -> None:
    """The script puts a file's name together from the values of the switches."""
    page = tree(WHOLE)
    light, seen = (
        [one.get("value") for one in page.findall(f".//input[@name='{name}']")] for name in ("light", "seen")
    )
    made = {path.removeprefix("index_files/page-1.") for path in render_preview(WHOLE, TEMPLATES) if "/page-1." in path}
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
        feeds=(replace(FEED, entries=(FeedEntryPreview(title="Tin", url=url, date=""),)),),
        posts=(replace(POST, card=LinkCard(url=url, image=url)),),
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


def test_the_page_wears_the_colors_and_fonts_of_the_newsroom() -> None:
    styles = tree(replace(WHOLE, theme=Theme(accent="#0b5d3b", fonts="Georgia, serif"))).find(".//style").text
    assert ".band { padding: 1rem max(1.5rem, 50% - 39.5rem); background: #0b5d3b;" in styles
    assert "Georgia, serif" in styles
    assert "prefers-color-scheme: dark" in styles


def test_with_a_keyboard_one_comes_past_the_frames_and_to_whatever_scrolls() -> None:
    page = tree(WHOLE)
    for skip in page.findall(".//a[@class='skip']"):
        (target,) = [one for one in page.iter() if one.get("id") == skip.get("href").removeprefix("#")]
        assert target.get("tabindex") == "-1"
    assert len(page.findall(".//a[@class='skip']")) == 2
    scrolled = [
        *page.iter("pre"),
        *page.findall(".//div[@class='scroll']"),
        *page.findall(".//figure[@class='desktop']"),
    ]
    assert len(scrolled) == 5
    for one in scrolled:
        role = None if one.tag == "figure" else "group"  # a figure with a caption may have no other role (ARIA in HTML)
        assert (one.get("tabindex"), one.get("role")) == ("0", role)
        assert one.get("aria-label")


def test_the_other_emails_of_an_edition_can_be_chosen() -> None:
    share = replace(EMAIL, name="mail/digest-1a2b", recipients=1, topics=("kinh tế", "y tế"), findings=(REMARK,))
    page = tree(replace(WHOLE, emails=(replace(EMAIL, recipients=0), share)))
    options = {one.get("value"): one.text for one in page.iter("option")}
    assert options == {
        "email-1": "mail/digest: nobody gets this one",
        "email-2": "mail/digest-1a2b: 1 recipient of kinh tế, y tế",
    }
    assert [one.get("id") for one in page.findall(".//article[@class='email']")] == list(options)
    assert "it has 130 characters (Subject) in 1 of 2 emails" in " ".join(page.text_content().split())


def test_one_email_alone_needs_no_choice() -> None:
    assert not tree(WHOLE).findall(".//select")


def test_of_hundreds_of_emails_the_first_ones_are_framed() -> None:
    many = tuple(replace(EMAIL, name=f"mail/digest-{number}") for number in range(MAX_FRAMES + 2))
    made = render_preview(replace(WHOLE, emails=many), TEMPLATES)
    stems = {path.split(".")[0] for path in made if "email" in path}
    assert stems == {f"index_files/email-{number}" for number in range(1, MAX_FRAMES + 1)}
    page = lxml_html.document_fromstring(made["index.html"].decode())
    assert len(page.findall(".//article[@class='email']")) == MAX_FRAMES + 2
    assert {frame.get("data-stem") for frame in page.iter("iframe")} == stems | {"index_files/page-1"}


def test_the_page_says_how_many_emails_were_examined() -> None:
    blind = replace(EMAIL, name="mail/digest-1a2b", examined=False)
    assert "It has checked 1 of 2 emails" in words(replace(WHOLE, emails=(EMAIL, blind)))
    assert "It has checked" not in words(replace(WHOLE, emails=(EMAIL, replace(blind, examined=True))))


def test_an_edition_of_nothing_says_so() -> None:
    empty = EditionPreview(
        name="tin-sang", title="Tin sáng", site="Báo", subject="Tin sáng", limit=102_000, page_fault="x is no y"
    )
    assert "Nothing would go out" in words(empty)
    assert "There is none: x is no y." in words(empty)
    assert "Nothing would go out" not in words(WHOLE)
    assert not tree(empty).findall(".//iframe")


def test_what_holds_an_edition_comes_first_and_each_fault_once() -> None:
    block = replace(REMARK, check="form", blocks=True)
    emails = [
        replace(EMAIL, findings=(REMARK, block)),
        replace(EMAIL, name="mail/b", findings=(replace(REMARK, where="line 2"), replace(REMARK, where=""))),
    ]
    first, second = group_findings(emails)
    assert (first.finding, first.places, first.emails) == (block, ("Subject",), ("mail/digest",))
    assert (second.finding, second.where, second.emails) == (REMARK, "Subject; line 2", ("mail/digest", "mail/b"))
    said = words(replace(WHOLE, emails=tuple(emails)))
    assert "would hold this edition: 1 fault, 1 warning." in said
    assert "it has 130 characters (Subject; line 2) in all of them" in said


def test_of_a_fault_in_every_story_a_few_places_are_named() -> None:
    remarks = tuple(replace(REMARK, where=f"line {number}") for number in range(5))
    (one,) = group_findings([replace(EMAIL, findings=remarks)])
    assert one.where == "line 0; line 1; line 2; and 2 more"


def test_a_email_over_the_limit_is_marked() -> None:
    heavy = tree(replace(WHOLE, emails=(replace(EMAIL, html_size=103_000),)))
    assert [one.text for one in heavy.iter("span") if "bad" in one.get("class", "")] == ["101 % of 102 kB"]


# -- posts -------------------------------------------------------------------------------------------------------------


def test_a_post_that_is_too_long_is_marked() -> None:
    said = words(replace(WHOLE, posts=(replace(POST, length=501),)))
    assert "501 of 500: too long" in said
    assert "too long" not in words(replace(WHOLE, posts=(replace(POST, length=500),)))


def test_a_post_without_a_limit_tells_its_length_only() -> None:
    assert "32 characters" in words(replace(WHOLE, posts=(replace(POST, limit=None),)))


def test_a_post_that_is_taken_back_or_replaced_says_so() -> None:
    assert "is deleted" in words(replace(WHOLE, posts=(replace(POST, action="delete"),)))
    assert "is posted anew" in words(replace(WHOLE, posts=(replace(POST, action="replace"),)))
    assert "answers the post" in words(replace(WHOLE, posts=(replace(POST, action="reply"),)))
    assert "answers the post before it" in words(replace(WHOLE, posts=(replace(POST, follows=True),)))
    assert "replaces the post" in words(replace(WHOLE, posts=(replace(POST, action="edit"),)))


@pytest.mark.parametrize("place", ["above", "below"])
def test_the_picture_of_a_post_stands_where_its_network_shows_it(place: Literal["above", "below"]) -> None:
    look = Appearance(text="Tin một", card="none", picture=place)
    shown = PostPicture(url="https://bacson.example/cau.jpg", alt="Cầu mới")
    page = index(replace(WHOLE, posts=(replace(POST, appearance=look, picture=shown, card=None),)))
    picture, text = page.index('alt="Cầu mới"'), page.index("Tin một</p>")
    assert (picture < text) is (place == "above")


def test_networks_cut_links_and_embolden_titles() -> None:
    text = "Tin một\n\nXem https://www.bacson.example/tin/mot-dia-chi-rat-dai-khong-ai-doc."
    cut = split_post(Appearance(text=text, short_links=True))
    assert [one.words for one in cut] == ["Tin một\n\nXem ", "bacson.example/tin/mot-dia-chi…", "."]
    assert cut[1].url == "https://www.bacson.example/tin/mot-dia-chi-rat-dai-khong-ai-doc"
    bold = split_post(Appearance(text=text, bold_title=True))
    assert (bold[0].words, bold[0].bold) == ("Tin một", True)
    assert bold[2].words == bold[2].url


@given(st.text(alphabet="ab \n./:htps&<>"), st.booleans())
def test_pieces_are_the_whole_text(text: str, bold: bool) -> None:
    assert "".join(one.words for one in split_post(Appearance(text=text, bold_title=bold))) == text


def test_the_card_is_of_the_articles_link_or_of_the_last_one() -> None:
    text = "https://a.example/1 và https://b.example/2"
    assert find_card_link(text, "https://a.example/1") == "https://a.example/1"
    assert find_card_link(text, "https://c.example/3") == "https://b.example/2"
    assert find_card_link("không có", "https://a.example/1") == ""


def made(type: str, **settings: Any) -> Channel:
    channel = registry.channels.find(type)(name="x", **settings)
    assert isinstance(channel, Channel)
    return channel


def test_each_network_shows_its_text_in_its_own_way() -> None:
    post = Post(variant="a1", text="Tin một\nhttps://bacson.example/tin/1")
    telegram = made("telegram", token="1:a", chat="@x", preview="small", bold_title=True)
    assert telegram.appearance(post) == Appearance(text=post.text, network="Telegram", bold_title=True, card="small")
    assert made("console").appearance(post) == Appearance(text=post.text)


def test_a_rehearsal_shows_what_the_network_would(tmp_path: Path) -> None:
    outbox = made("outbox", folder=tmp_path, network="telegram")
    stand_in = replace_channels({"x": outbox}, tmp_path)["x"]
    post = Post(variant="a1", text="[TEST] Tin")
    assert stand_in.appearance(post).text == "[TEST] Tin"
    assert stand_in.appearance(post).network == "Telegram"
