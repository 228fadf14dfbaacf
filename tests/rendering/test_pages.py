"""Web pages: found by search engines and networks, readable without a script, and nothing in them acts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from lxml import html as document

from distributor.model import Article, Edition, EditionKind, Image, Language
from distributor.rendering.digest import DigestOptions
from distributor.rendering.pages import render_article_page, render_edition_page
from distributor.text import clean_line
from support import reference_editions as reference
from support.builders import NOW, article, edition, render_settings
from support.rendered_emails import TEMPLATES, voices

HERE = "https://bacson.example/ban-tin/tin-sang/128"


def edition_page(value: Edition = reference.ORDINARY, language: str = "vi", **more: Any) -> str:
    site, newsletter = voices(language)
    options = DigestOptions(**{name: more.pop(name) for name in ("kind", "notes") if name in more})
    return render_edition_page(value, render_settings(site, newsletter, TEMPLATES), options, **{"url": HERE, **more})


def article_page(value: Article = reference.ORDINARY.articles[0], **more: Any) -> str:
    site, newsletter = voices("vi")
    return render_article_page(value, render_settings(site, newsletter, TEMPLATES), Language.VI, **more)


def tree(page: str) -> Any:
    return document.document_fromstring(page)


def meta(page: str) -> dict[str, str]:
    found = tree(page).xpath("//meta[@property or @name]")
    return {one.get("property") or one.get("name"): one.get("content") for one in found}


def structured(page: str) -> dict[str, Any]:
    (script,) = tree(page).xpath("//script")
    assert script.get("type") == "application/ld+json"
    data: dict[str, Any] = json.loads(script.text)
    return data


def words(page: str) -> str:
    return clean_line(tree(page).find(".//body").text_content())


PAGES = {
    "edition": edition_page(),
    "one": edition_page(reference.ONE),
    "english": edition_page(reference.ENGLISH, "en"),
    "alert": edition_page(reference.ALERT),
    "article": article_page(),
    "bare article": article_page(article(url="", author="", lead="", topics=(), has_date=False)),
}
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


def test_a_page_of_forty_long_stories_is_light() -> None:
    long = [replace(one, lead=one.lead * 8) for one in reference.FORTY.articles]
    assert len(long) == 40
    assert len(edition_page(replace(reference.FORTY, articles=tuple(long))).encode()) < 52_000


@every_page
def test_a_page_is_in_order_and_has_no_script(page: str) -> None:
    made = tree(page)
    assert page.startswith("<!DOCTYPE html>")
    assert made.get("lang") in ("vi", "en")
    assert made.findtext(".//title")
    levels = [int(one.tag[1]) for one in made.xpath("//h1 | //h2 | //h3 | //h4")]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after <= before + 1 for before, after in pairwise(levels))
    structured(page)  # the only script element there is
    assert made.xpath("//@*[starts-with(name(), 'on')] | //link[@rel='stylesheet'] | //iframe | //form") == []
    assert all(one.get("alt") for one in made.xpath("//img"))
    assert "prefers-color-scheme: dark" in page
    assert "@@field:" not in page


@every_page
def test_the_policy_of_a_page_lets_nothing_act(page: str) -> None:
    """It stands before everything that it is to hold back; there is no `script-src`, so none is let in."""
    (policy,) = tree(page).xpath("//meta[@http-equiv='Content-Security-Policy']")
    assert policy.getprevious().get("charset") == "utf-8"
    allowed = dict(rule.split(maxsplit=1) for rule in policy.get("content").split("; "))
    assert allowed == {
        "default-src": "'none'",
        "img-src": "'self' https: http:",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_an_edition_carries_its_stories_with_their_links_and_notes() -> None:
    page = edition_page(notes={"a02": "Đính chính", "a09": "Cập nhật"}, subscribe_url="https://bacson.example/dang-ky")
    for one in reference.ORDINARY.carried:
        assert one.title in words(page)
        assert one.url in tree(page).xpath("//a/@href")
    assert [one.text for one in tree(page).xpath("//*[contains(@class, 'badge')]")] == ["Đính chính", "Cập nhật"]
    assert "Thứ Hai, ngày 23 tháng 11 năm 2026 · Số 128" in words(page)
    assert "https://bacson.example/dang-ky" in tree(page).xpath("//a/@href")
    assert "Đăng ký nhận bản tin qua" not in words(edition_page())


def test_the_kind_of_an_edition_is_told() -> None:
    assert "Bản tin tuần" in words(edition_page(kind="weekly"))
    assert "Tin khẩn" in words(edition_page(reference.ALERT))
    assert "Tin khẩn" not in words(edition_page(edition(count=1, kind=EditionKind.DIGEST)))


def test_networks_and_search_engines_find_what_they_read() -> None:
    page = article_page(creator="@tin@social.example")
    one = reference.ORDINARY.articles[0]
    found = meta(page)
    assert one.image is not None
    expected = {
        "og:type": "article", "og:title": one.title, "og:url": one.url, "og:locale": "vi_VN",
        "og:site_name": "Cổng thông tin điện tử tỉnh Bắc Sơn", "og:image": one.image.url, "og:image:width": "1200",
        "og:image:height": "800", "og:image:alt": one.image.alt, "article:section": "Tin trong tỉnh",
        "article:published_time": one.published.isoformat(), "twitter:card": "summary_large_image",
        "fediverse:creator": "@tin@social.example", "description": one.lead,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected
    assert tree(page).xpath("//link[@rel='canonical']/@href") == [one.url]
    data = structured(page)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == one.title
    assert data["datePublished"] == one.published.isoformat()
    assert data["author"] == {"@type": "Person", "name": "Thu Hà"}
    assert data["publisher"]["name"] == "Cổng thông tin điện tử tỉnh Bắc Sơn"
    assert data["image"] == [one.image.url]


def test_what_is_unknown_is_left_out() -> None:
    page = PAGES["bare article"]
    assert all(meta(page).values())
    assert "datePublished" not in structured(page)
    assert tree(page).xpath("//link[@rel='canonical']") == []
    assert "fediverse:creator" not in meta(page)
    assert meta(page)["twitter:card"] == "summary"
    assert [one for one in tree(page).xpath("//p") if not one.text_content().strip()] == []


def test_an_article_s_own_address_is_the_canonical_one() -> None:
    assert tree(article_page(url=HERE)).xpath("//link[@rel='canonical']/@href") == ["https://bacson.example/tin/1"]
    homeless = replace(reference.ORDINARY.articles[0], url="")
    assert tree(article_page(homeless, url=HERE)).xpath("//link[@rel='canonical']/@href") == [HERE]
    assert tree(edition_page()).xpath("//link[@rel='canonical']/@href") == [HERE]


def test_the_stories_of_an_edition_are_listed_for_machines() -> None:
    items = structured(edition_page())["mainEntity"]["itemListElement"]
    assert [one["name"] for one in items] == [one.title for one in reference.ORDINARY.carried]
    assert [one["position"] for one in items] == list(range(1, 12))


def test_the_body_of_an_article_is_html_and_a_note_in_it_is_seen() -> None:
    body = "<p><strong>Đính chính:</strong> 18 tấn.</p><p>Tin <em>mới</em>.</p>"
    page = article_page(article(body_html=body, updated=NOW), note="Đính chính")
    assert body in page
    assert "Đính chính: 18 tấn." in words(page)
    assert "Cập nhật 07:00, thứ Hai, ngày 23 tháng 11 năm 2026" in words(page)


@pytest.mark.parametrize(("body", "times"), [("<p>Câu <b>một</b>. Câu hai.</p>", 1), ("<p>Chuyện khác.</p>", 1)])
def test_a_lead_is_told_once(body: str, times: int) -> None:
    assert words(article_page(article(lead="Câu một.", body_html=body))).count("Câu một.") == times


HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '" onload="alert(1)',
    "</title><img src=x onerror=alert(1)>",
    "</style><b>",
    "{{ 7 * 7 }}",
    "\u2028 & ' \\u003c",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_source_writes_is_words_only(text: str) -> None:
    image = Image(url="https://x.example/a.jpg", alt=text, caption=text)

    def both(text: str) -> list[str]:
        one = article(title=text, lead=text, author=text, topics=(text,), body_html="", image=image)
        return [article_page(one, note=text), edition_page(edition(subject=text, articles=(one,)))]

    for made, harmless in zip(both(text), both("Tin"), strict=True):
        assert [one.tag for one in tree(made).iter()] == [one.tag for one in tree(harmless).iter()]
        assert [sorted(one.attrib) for one in tree(made).iter()] == [
            sorted(one.attrib) for one in tree(harmless).iter()
        ]
        assert clean_line(text) in words(made)
        data = structured(made)
        assert clean_line(text) in (data.get("headline"), data.get("name"))
        assert re.search(r"</?script", made.split("ld+json", 1)[1].split("</script>", 1)[0]) is None


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", 'https://x"y'])
def test_only_addresses_of_the_web_are_linked(url: str) -> None:
    page = article_page(article(url=url), url=url, subscribe_url=url)
    assert url not in page


def test_a_day_without_a_time_is_shown_as_a_day() -> None:
    midnight = datetime(2026, 11, 22, 17, tzinfo=UTC)  # the 23rd in Hà Nội
    page = article_page(article(published=midnight, has_time=False, first_seen=midnight + timedelta(days=5)))
    assert tree(page).xpath("//time") == []  # that element is for what programs can read
    lines = [one.text_content() for one in tree(page).xpath("//p[@class='meta']")]
    (day,) = [line for line in lines if "2026" in line]
    assert "23" in day
    assert ":" not in day
    assert structured(page)["datePublished"] == structured(page)["dateModified"] == "2026-11-23"
    assert meta(page)["article:published_time"] == "2026-11-23"
