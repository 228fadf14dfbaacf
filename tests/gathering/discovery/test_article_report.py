"""What `sources try` decides: what bytes are, where an article stands, which selectors to propose, what the block is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from distributor.gathering.discovery.article_report import describe_article, find_doubts
from distributor.model import Image, ParsedArticle

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 28, tzinfo=UTC)


# -- how it is shown ---------------------------------------------------------------------------------------------------


def test_an_article_is_shown_by_its_ends_its_size_and_what_it_lacks() -> None:
    found = ParsedArticle(
        source="x", title="T", url="https://x.example/a", body_html="<p>Một.</p><p><img src='a'></p><p>Hai.</p>"
    )
    made = describe_article(found, {}, ZONE, NOW)
    assert (made.first, made.last, made.paragraphs, made.pictures) == ("Một.", "Hai.", 2, 1)
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
