"""What belongs to the page goes; what only speaks of such things stays."""

from __future__ import annotations

import pytest

from distributor.gathering.boilerplate import is_boilerplate
from gathering.cleaned_body import BOILERPLATE, body


@pytest.mark.parametrize("piece", BOILERPLATE)
def test_a_portals_boilerplate_is_gone_and_the_story_stays(piece: str) -> None:
    assert body(f"<p>Một.</p>{piece}<p>Hai.</p>") == "<p>Một.</p><p>Hai.</p>"


@pytest.mark.parametrize(
    "words",
    [
        "Sở đã chia sẻ bài viết trên Facebook.",
        "Tin khác biệt về ngành chè",
        "Người dân có thể gửi email về tòa soạn.",
        "Cỡ chữ trên biển báo được tăng lên 20 cm.",
    ],
)
def test_sentences_that_speak_of_such_things_stay(words: str) -> None:
    assert not is_boilerplate(words)
    assert body(f"<p>{words}</p>") == f"<p>{words}</p>"


def test_a_heading_of_related_news_does_not_take_the_story_with_it() -> None:
    """The block that it opens is taken only if that is mostly links."""
    html = "<div><h3>Tin nổi bật</h3><p>Đường dài 38 km, nối hai huyện miền núi với quốc lộ.</p></div>"
    assert body(html) == "<p>Đường dài 38 km, nối hai huyện miền núi với quốc lộ.</p>"
