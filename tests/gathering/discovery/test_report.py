"""What `sources try` reports: how an article is shown, what is doubtful, and the block for config.yaml."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from distributor.gathering.discovery.report import (
    describe_article,
    find_doubts,
    find_problems,
    format_block,
    suggest_source_name,
    unique_name,
)
from distributor.model import Image, ParsedArticle

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, tzinfo=UTC)


# -- how it is shown ---------------------------------------------------------------------------------------------------


def test_an_article_is_shown_by_its_ends_its_size_and_what_it_lacks() -> None:
    found = ParsedArticle(
        source="x", title="T", url="https://x.example/a", body_html="<p>Một.</p><p><img src='a'></p><p>Hai.</p>"
    )
    made = describe_article(found, {}, ZONE, NOW)
    assert (made.first, made.last, made.paragraphs, made.images) == ("Một.", "Hai.", 2, 1)
    assert made.warnings == ("only 8 characters of text: perhaps a summary", "no date", "no author")
    future = describe_article(replace(found, published=datetime(2027, 1, 1, tzinfo=UTC)), {}, ZONE, NOW)
    assert "a date in the future: 2027-01-01 07:00 +0700" in future.warnings


def test_doubts_tell_what_is_missing_and_what_is_shared() -> None:
    one = ParsedArticle(
        source="x", title="Giống nhau", body_html="<p>Chung một đoạn.</p>", published=datetime(2026, 11, 23, 17, tzinfo=UTC),
        image=Image(url="https://x.example/logo.png"),
    )  # fmt: skip
    told = "\n".join(
        find_doubts([one, replace(one, published=None, body_html="<p>Chung một đoạn.</p><p>Khác.</p>")], ZONE)
    )
    assert "1 of 2 articles is without a date" in told
    assert "both articles are without an author" in told
    assert "set select.author" in told
    assert "no date has a time of day" in told
    assert "2 articles have the same title, Giống nhau" in told
    assert "logo.png: a logo?" in told
    assert "«Chung một đoạn.»" in told


# -- the block ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://www.bacson.gov.vn/tin-tuc", "bacson"),
        ("https://bacson.example/", "bacson"),
        ("https://vnexpress.net/rss", "vnexpress"),
        ("https://congthongtin.bacson.com.vn", "bacson"),
        ("http://127.0.0.1:8000/tin/", "portal"),
        ("http://localhost/", "localhost"),
        ("https://m.báo-mới.vn/", "bao-moi"),
        ("/home/lan/Bài viết/", "bai-viet"),
    ],
)
def test_a_source_is_called_after_its_site(address: str, name: str) -> None:
    assert suggest_source_name(address) == name


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert unique_name("a", {"a", "a-2"}) == "a-3"


_CSS = st.text(max_size=40).filter(lambda text: bool(text.strip()))


@given(st.dictionaries(st.sampled_from(["body", "title", "date", "link"]), _CSS, max_size=4), st.text(max_size=30))
def test_a_block_is_read_back_as_it_was_meant(chosen: dict[str, str], more: str) -> None:
    from distributor.config.yaml import parse

    settings = {"type": "page", "url": "https://x.example/?q=" + more, "allow_private": True, "select": chosen}
    text = format_block({"portal": settings})
    raw = parse(text, Path("config.yaml"), {"X": "wrong"})
    if not raw.problems:  # characters that are no text are told by their line
        assert raw.data["sources"]["portal"]["select"] == chosen or any(
            not one.isprintable() for one in chosen.values()
        )
        assert raw.data["sources"]["portal"]["url"] == settings["url"] or not more.isprintable()
    assert yaml.safe_load(text)["sources"]["portal"]["type"] == "page"


@pytest.mark.parametrize("css", ["a[href$='.html']", "#a > .b:not(.c)", "${HOME}", "$$", "- a: b", "@x", "true", "'"])
def test_signs_that_yaml_and_variables_know_are_read_back(css: str) -> None:
    from distributor.config.yaml import parse

    text = format_block({"portal": {"type": "page", "select": {"body": css}}})
    raw = parse(text, Path("config.yaml"), {})
    assert (raw.problems, raw.data["sources"]["portal"]["select"]["body"]) == ((), css)


def test_a_block_that_config_takes_has_no_problems_and_another_has(tmp_path: Path) -> None:
    good = format_block({"portal": {"type": "page", "url": "https://x.example/", "select": {"body": "#noidung"}}})
    assert find_problems(good, tmp_path / "config.yaml") == []
    bad = format_block({"portal": {"type": "page", "url": "x.example", "select": {"body": "#["}}})
    assert any("sources.portal.url" in one for one in find_problems(bad, tmp_path / "config.yaml"))


def test_what_is_missing_is_named_with_its_article() -> None:
    told = "\n".join(find_doubts([ParsedArticle(source="x", title="Trống", body_html="")], ZONE))
    for words in ("a date", "an author", "an image", "text"):
        assert f"the article is without {words}: " in told
