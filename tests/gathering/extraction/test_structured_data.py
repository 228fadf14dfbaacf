"""Data for machines is read however it is written."""

from __future__ import annotations

import pytest

from gathering.extraction.article_page import AT_NINE, article, ld, pictured


@pytest.mark.parametrize(
    "data",
    [
        '{"@type": "NewsArticle", "headline": "Chợ "Tân Lập" mở lại", "datePublished": "2026-11-24T09:05:00+07:00"}',
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;datePublished&quot;: &quot;2026-11-24T09:05:00+07:00&quot;}",
    ],
)
def test_data_with_quotes_that_are_not_escaped_or_escaped_twice_is_read(data: str) -> None:
    assert article(head=f'<script type="application/ld+json">{data}</script>').published == AT_NINE


@pytest.mark.parametrize(
    "image", ["/anh/1.jpg", ["/anh/1.jpg", "/anh/2.jpg"], {"url": "/anh/1.jpg"}, [{"contentUrl": "/anh/1.jpg"}]]
)
def test_the_picture_in_data_may_be_written_in_several_ways(image: object) -> None:
    assert pictured("", ld(**{"@type": "NewsArticle", "image": image})) == "/anh/1.jpg"
