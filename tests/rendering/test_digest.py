"""Digest: articles in order, readable, the same in both parts, and nothing a source writes can act in it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from lxml import html as document

from distributor import merge_fields
from distributor.channel import Digest
from distributor.color import build_palette, contrast
from distributor.config.schema import Newsletter
from distributor.editorial import EditionBlock
from distributor.i18n import Texts
from distributor.model import Article, Edition, Image, Language
from distributor.plugins import registry
from distributor.rendering.digest import DigestOptions, group_into_sections, render_digest
from distributor.rendering.templates import Templates
from distributor.rendering.views import article_view
from distributor.text import clean_line
from support.builders import article, articles, edition, newsletter, render_settings, settings
from support.effort import examples

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOWHERE = Path("/nonexistent")
TEMPLATES = Templates(registry.template_folders(NOWHERE))
READER = {"name": "Lan", "address": "lan@example.com", "unsubscribe_url": "https://bacson.example/u/abc"}
SITE = {
    "title": "Báo Bắc Sơn",
    "url": "https://bacson.example",
    "contact": "toasoan@bacson.example",
    "postal_address": "Số 12 phố Hồ Xuân Hương, Bắc Sơn",
}
PICTURE = Image(url="https://bacson.example/a.jpg", alt="Lễ khởi công", caption="Ảnh: Hà", width=1200, height=800)


def made(value: Edition, standing: Newsletter | None = None, **site: Any) -> Digest:
    room = settings(site={**SITE, **site})
    return render_digest(value, render_settings(room.site, standing or newsletter(), TEMPLATES))


def of(*carried: Article, **changes: Any) -> Digest:
    return made(edition(articles=carried, **changes))


def elements(html: str, path: str) -> list[Any]:
    found: Any = document.fromstring(html).xpath(path)
    return list(found)


def seen(html: str) -> str:
    """The words a reader sees, without the hidden preheader."""
    (body,) = elements(html, "//body")
    for hidden in body.xpath(".//*[@aria-hidden]"):
        hidden.drop_tree()
    return clean_line(body.text_content())


def test_both_parts_carry_the_same_stories_in_the_same_order() -> None:
    carried = tuple(article(f"a{i}", title=f"Tin thứ {i}.", topics=("Kinh tế", "Y tế")[i % 2 :][:1]) for i in range(7))
    digest = made(edition(articles=carried, briefs=(article("b", title="Tin thứ 8."),), overflow=2))
    html = re.findall(r"Tin thứ \d\.", seen(digest.html))
    text = re.findall(r"Tin thứ \d\.", digest.text)
    assert html == text
    assert sorted(set(text)) == [f"Tin thứ {i}." for i in (0, 1, 2, 3, 4, 5, 6, 8)]
    assert [int(number) for number in re.findall(r"^(\d+)\. ", digest.text, re.MULTILINE)] == list(range(1, 9))
    for part in (seen(digest.html), digest.text):
        assert "2 tin khác sẽ được gửi trong số tiếp theo." in part
        assert "có 8 tin" in part
    for one in (*carried, article("b")):
        assert f'href="{one.url}"' in digest.html
        assert f"\n{one.url}\n" in digest.text


def test_the_footer_tells_why_by_whom_and_how_to_leave() -> None:
    digest = made(edition())
    (link,) = elements(digest.html, "//a[contains(@href, 'unsubscribe_url')]")
    assert link.text == "Hủy đăng ký nhận bản tin"
    assert f"Hủy đăng ký nhận bản tin:\n{merge_fields.merge_tag('unsubscribe_url')}\n" in digest.text
    html = seen(merge_fields.fill_html(digest.html, READER))
    text = " ".join(merge_fields.fill_text(digest.text, READER).split())
    for part in (html, text):
        assert (
            "nhận được thư này tại địa chỉ lan@example.com vì đã đăng ký nhận bản tin “Tin sáng” của Báo Bắc Sơn"
            in part
        )
        assert "Số 12 phố Hồ Xuân Hương, Bắc Sơn" in part
        assert "toasoan@bacson.example" in part
        assert "Kính chào Lan!" in part


def test_an_english_edition_has_not_one_vietnamese_word_of_ours() -> None:
    carried = [replace(one, title=f"Story {one.id}", lead="A lead.", topics=()) for one in articles(3)]
    value = edition(articles=tuple(carried), language=Language.EN, overflow=1, subject="Morning 23 November")
    english = {"title": "Bac Son News", "postal_address": "12 Street", "language": "en"}
    digest = made(value, newsletter(title="Morning", language="en"), **english)
    assert digest.text.replace("·", "").isascii()
    assert re.sub("[·→\xa0]", "", seen(digest.html)).isascii()
    assert "Monday 23 November 2026" in digest.text
    assert set(elements(digest.html, "//@lang")) == {"en"}


def test_headings_are_in_order_and_every_table_is_for_looks_only() -> None:
    carried = tuple(article(f"a{i}", topics=("Kinh tế", "Y tế")[i % 2 :][:1], image=PICTURE) for i in range(5))
    html = of(*carried, briefs=(article("b"),)).html
    levels = [int(heading.tag[1]) for heading in elements(html, "//h1 | //h2 | //h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert set(elements(html, "//table/@role")) == {"presentation"}
    assert len(elements(html, "//table")) == len(elements(html, "//table/@role"))
    assert elements(html, "//@lang") == ["vi", "vi"]  # some webmails drop the first one


def test_the_preheader_comes_first_and_is_filled_up() -> None:
    digest = of(article("a", title="Tin đầu"), article("b", title="Tin hai"), article("c", title="Tin ba"))
    assert digest.preheader == "Tin hai • Tin ba"
    first = elements(digest.html, "//body/*[1]")[0]
    assert first.text.startswith("Tin hai • Tin ba\u034f\u200c")
    assert "display:none" in first.get("style")


def test_pictures_have_words_and_their_sizes_as_numbers() -> None:
    tall = replace(PICTURE, url="https://bacson.example/tall.jpg", width=800, height=1200)
    unknown = replace(PICTURE, url="https://bacson.example/unknown.jpg", width=0, height=0)
    html = of(*(article(f"a{i}", image=image) for i, image in enumerate([PICTURE, PICTURE, tall, unknown, None]))).html
    shown = [(one.get("src")[23:], one.get("width"), one.get("height")) for one in elements(html, "//img")]
    assert shown == [("a.jpg", "536", "357"), ("a.jpg", "160", "107")]
    assert set(elements(html, "//img/@alt")) == {"Lễ khởi công"}
    assert "Ảnh: Hà" in seen(html)


def test_a_picture_of_unknown_size_stands_at_the_top_without_a_height() -> None:
    (picture,) = elements(of(article(image=Image(url="https://bacson.example/a.jpg"))).html, "//img")
    assert (picture.get("width"), picture.get("height"), picture.get("alt")) == ("536", None, "Tin a1")


def test_what_is_unknown_leaves_no_empty_place() -> None:
    bare = article(url="", lead="", body_html="", author="", topics=(), image=None, has_date=False)
    digest = of(bare, replace(bare, id="b"))
    assert elements(digest.html, "//img") == []
    assert [link for link in elements(digest.html, "//a/@href") if "field:" not in link] == [
        "https://bacson.example",
        "mailto:toasoan@bacson.example",
    ]
    assert [one for one in elements(digest.html, "//p") if not one.text_content().strip()] == []
    assert "1. Tin a1\n\n2. Tin a1\n" in digest.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/tin/1", 'https://x"y']
)
def test_only_addresses_of_the_web_become_links_and_pictures(url: str) -> None:
    digest = of(article(url=url, image=Image(url=url)))
    assert url not in digest.html
    assert url not in digest.text


def test_a_missing_lead_is_made_of_the_first_sentences() -> None:
    body = f"<script>x()</script><p>Câu một, ở TP. Bắc Sơn.</p><p>{'Câu hai dài. ' * 60}</p>"
    lead = article_view(article(lead="", body_html=body), Language.VI, ZONE).lead
    assert lead.startswith("Câu một, ở TP. Bắc Sơn. Câu hai dài. Câu hai")
    assert lead.endswith("dài.")
    assert 380 < len(lead) <= 420


def later(hours: int, **more: Any) -> Article:
    day = edition().frozen_at - timedelta(hours=hours)
    return article(f"a{hours}", url=f"https://bacson.example/{hours}", published=day, first_seen=day, **more)


def bylines(*carried: Article) -> list[str]:
    html = of(*carried).html
    return [one.text for one in elements(html, "//p[@class='meta']")]


def test_author_and_day_stand_where_they_tell_something() -> None:
    today, before, long_ago = later(0, author="Hà"), later(48, author="Hà"), later(96, author="Lan")
    assert bylines(today, replace(today, id="b")) == ["Hà"]  # the day is the edition's, the author of all is told once
    assert bylines(today, before, long_ago) == ["Hà", "Hà · 21/11/2026", "Lan · 19/11/2026"]
    assert bylines(before, replace(before, id="b"), replace(before, id="c")) == ["Hà · 21/11/2026"]
    assert bylines(later(0), later(1, author="Hà")) == ["Hà"]


def test_an_email_of_six_articles_begins_with_what_is_in_it() -> None:
    def titles(count: int) -> list[str]:
        carried = [article(f"a{i}", title=f"Tin {i}", topics=("A", "B", "C")[i % 3 :][:1]) for i in range(count)]
        digest = of(*carried)
        shown = elements(digest.html, "//td[@class='box']//li/a/text()")
        assert all(f"- {title}\n" in digest.text for title in shown)
        return list(map(str, shown))

    assert titles(5) == []
    assert titles(6) == ["Tin 1", "Tin 4", "Tin 2", "Tin 5", "Tin 3"]  # in the order of the email
    assert titles(30) == ["Tin 1", "Tin 4", "Tin 2", "Tin 5", "Tin 3"]  # each section is there
    long_title = "Ủy ban nhân dân tỉnh ban hành kế hoạch " * 6
    (first, *_) = elements(of(*[article(f"a{i}", title=long_title) for i in range(6)]).html, "//td[@class='box']//li/a")
    assert len(first.text) <= 110 and first.text.endswith("…")


def test_the_footer_links_to_the_pages_of_the_newsroom() -> None:
    options = DigestOptions(web_url="https://bacson.example/so/1", subscribe_url="https://bacson.example/n/a/subscribe")
    room = settings(
        site={**SITE, "links": {"Facebook": "https://www.facebook.com/bacson", "Zalo": "https://zalo.me/1"}}
    )
    digest = render_digest(edition(subject="Lũ & bão"), render_settings(room.site, newsletter(), TEMPLATES), options)
    links = {one.text: one.get("href") for one in elements(digest.html, "//td[contains(@class, 'sender')]//a")}
    assert links["Trang chủ"] == "https://bacson.example"
    assert (links["Facebook"], links["Zalo"]) == ("https://www.facebook.com/bacson", "https://zalo.me/1")
    assert links["Đăng ký nhận bản tin"] == options.subscribe_url
    forward = urlsplit(links["Chuyển tiếp thư này"])
    assert (forward.scheme, forward.path) == ("mailto", "")
    assert parse_qs(forward.query) == {"subject": ["Lũ & bão"], "body": [options.web_url]}
    assert "Zalo:\nhttps://zalo.me/1\n" in digest.text
    alone = made(edition()).html  # without web pages nothing is offered that would lead nowhere
    assert "mailto:?" not in alone and "Đăng ký nhận bản tin" not in alone


def test_a_sponsor_stands_in_a_frame_under_its_label_and_its_picture_is_no_wider() -> None:
    block = EditionBlock(text="![Chè](https://x.example/wide.jpg)\n\nMua [chè](https://x.example).", label="Tài trợ")
    (frame,) = elements(made(edition(blocks=(block,))).html, "//td[@class='notice']")
    assert frame[0].text == "Tài trợ"
    (picture,), (link,) = frame.xpath(".//img"), frame.xpath(".//a")
    assert "max-width:100%" in picture.get("style")
    assert f"color:{build_palette('#9b1c1c').on_light}" in link.get("style")


def test_the_day_and_number_of_an_edition_stay_together() -> None:
    assert f"Số\xa0{edition().number}" in made(edition()).html


@pytest.mark.parametrize(
    ("greeting", "line"),
    [
        ("Chào {name}, hôm nay có {count} tin:", "Chào @@field:name@@, hôm nay có 2 tin:"),
        ("Chào {name}! {{count}}", "Chào @@field:name@@! {count} Bản tin số này có 2 tin."),
    ],
)
def test_a_greeting_that_counts_is_not_counted_twice(greeting: str, line: str) -> None:
    digest = made(edition(), newsletter(greeting=greeting))
    assert line in digest.text
    assert re.search(rf"<p[^>]*>{re.escape(line)}</p>", digest.html)
    assert digest.html.count("2 tin") == 1


# -- grouping ----------------------------------------------------------------------------------------------------------


def grouped(*topics: str, sections: tuple[str, ...] = ()) -> list[tuple[str, str, int]]:
    stories = [
        article_view(article(f"a{i}", topics=(topic,) if topic else ()), Language.VI, ZONE, sections)
        for i, topic in enumerate(topics)
    ]
    made = group_into_sections(stories, Language.VI, sections, texts=Texts())
    return [(block.heading, " ".join(story.id for story in block.stories), block.start) for block in made]


def test_two_topics_with_two_stories_each_become_headings() -> None:
    assert grouped("A", "B", "A", "C", "B", "") == [("A", "a0 a2", 2), ("B", "a1 a4", 4), ("Tin khác", "a3 a5", 6)]


@pytest.mark.parametrize("topics", [("A", "A", "A"), ("A", "A", "B"), ("A", "B", "C"), ("", "")])
def test_where_there_is_nothing_to_tell_apart_there_is_no_heading(topics: tuple[str, ...]) -> None:
    assert grouped(*topics) == [("", " ".join(f"a{i}" for i in range(len(topics))), 2)]


def test_a_newsletter_s_sections_are_its_headings_in_their_order() -> None:
    assert grouped("C", "A", "B", sections=("B", "C", "D")) == [("B", "a2", 2), ("C", "a0", 3), ("Tin khác", "a1", 4)]
    assert grouped() == []


def test_an_article_stands_in_the_first_section_it_belongs_to() -> None:
    one = article_view(article(topics=("Y tế", "KINH TẾ")), Language.VI, ZONE, ("Giáo dục", "Kinh tế"))
    assert one.topic == "Kinh tế"


# -- nothing acts ------------------------------------------------------------------------------------------------------

HOSTILE = [
    "{{ 7 * 7 }}{% for x in y %}",
    "<script>alert(1)</script>",
    "</table></td></body><h1>Lớn</h1>",
    '" onmouseover="alert(1)',
    "<!--[if mso]><b>",
    "--><b>",
    "]]></style><style>*{}",
    "@@field:unsubscribe_url@@ @@field:name@@",
    "@@field:@@field:name@@",
    "an toàn \u202elẹm nàot\u2066\u200f",
    "&lt;b&gt; &amp; &nbsp;",
    "%(name)s {name} ${name}",
    "a\u0301\u0323\u0302" * 3,
]


def skeleton(html: str) -> list[tuple[str, list[str]]]:
    return [(str(one.tag), sorted(map(str, one.attrib))) for one in document.fromstring(html).iter()]


def hostile(text: str, i: int) -> Article:
    return article(
        f"a{i}", title=text, lead=text, author=text, topics=(text,),
        url=f"https://x.example/?q={i}", image=replace(PICTURE, alt=text, caption=text),
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_source_writes_is_words_only(text: str) -> None:
    """The page has the very elements and attributes of a harmless one, and the words stand in it as they were."""
    digest = of(hostile(text, 0), hostile(text, 1), subject=text)
    harmless = of(hostile("Tin", 0), hostile("Tin", 1), subject="Tin")
    assert skeleton(digest.html) == skeleton(harmless.html)
    expected = clean_line(re.sub("[\u202a-\u202e\u2066-\u2069\u200f]", "", text))
    for part in (
        seen(merge_fields.fill_html(digest.html, READER)),
        " ".join(merge_fields.fill_text(digest.text, READER).split()),
    ):
        assert expected in part.replace(merge_fields.WORD_JOINER, "")
    assert re.search("[\u202a-\u202e\u2066-\u2069]", digest.html + digest.text + digest.subject) is None


def test_an_address_cannot_carry_the_reader_s_data_away() -> None:
    """A mark in an article's address would send each reader's own address to its site."""
    url = f"https://x.example/?who={merge_fields.merge_tag('address')}"
    digest = of(article(url=url, image=Image(url=url)))
    assert "lan@example.com" not in "".join(
        elements(merge_fields.fill_html(digest.html, READER), "//@href | //@src")
    ) + "".join(line for line in merge_fields.fill_text(digest.text, READER).splitlines() if "x.example" in line)


@effort(max_examples=examples(30), deadline=None)
@given(st.text(min_size=1).filter(lambda text: clean_line(text)))
def test_any_text_at_all_leaves_the_page_as_it_is(text: str) -> None:
    digest = of(hostile(text, 0), hostile(text, 1))
    assert skeleton(digest.html) == skeleton(of(hostile("Tin", 0), hostile("Tin", 1)).html)
    assert digest.html.count("@@field:") == 3  # the greeting, the reason and the way out


# -- looks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accent", ["#9b1c1c", "#ffd400", "#0057b8", "#ffffff", "#000000", "#777777"])
def test_all_words_are_large_enough_and_stand_out_from_their_ground(accent: str) -> None:
    carried = tuple(article(f"a{i}", author="Hà", image=PICTURE, topics=("A", "B")[i % 2 :][:1]) for i in range(6))
    html = made(edition(articles=carried, briefs=(article("b"),), overflow=1), theme={"accent": accent}).html
    checked = 0
    for one in elements(html, "//body//*[@style]"):
        rules = dict(rule.strip().split(":", 1) for rule in one.get("style").split(";") if ":" in rule)
        if "hidden" in one.get("class", "") or not one.text_content().strip():
            continue
        if "font-size" in rules:
            assert int(rules["font-size"].strip().removesuffix("px")) >= 14
        if "color" in rules:
            colour = rules["color"].strip()
            colour = "#" + "".join(c * 2 for c in colour[1:]) if len(colour) == 4 else colour
            ground = accent if re.search("button|band", one.get("class", "")) else "#ffffff"
            assert contrast(colour, ground) >= 4.5, (one.get("class"), colour)
            checked += 1
    assert checked > 20


def test_dark_mode_and_outlook_find_what_they_need() -> None:
    html = made(edition(), theme={"accent": "#0057b8"}).html
    assert "@media (prefers-color-scheme: dark)" in html
    night = build_palette("#0057b8").on_dark
    assert re.search(rf"  \.intro a, [^{{}}]+\.section {{ color: {night} !important; }}", html)
    assert re.search(rf"\[data-ogsc\] \.intro a, [^{{}}]+\.section {{ color: {night} !important; }}", html)
    assert '<!--[if mso]><table role="presentation" width="600"' in html
    assert html.startswith("<!DOCTYPE html>")


def test_the_same_edition_gives_the_same_bytes() -> None:
    assert made(edition(count=5)) == made(edition(count=5))
