"""Views: images as templates see them."""

from __future__ import annotations

import pytest

from distributor.model import ImageFile
from distributor.rendering.views import ImageView


def view(width: int = 0, height: int = 0, *variants: tuple[int, int]) -> ImageView:
    files = tuple(ImageFile(url=f"https://b.example/{wide}.jpg", width=wide, height=high) for wide, high in variants)
    return ImageView("https://a.example/1.jpg", "", "", width, height, files)


def test_each_place_has_the_file_that_was_made_for_it() -> None:
    image = view(800, 1200, (160, 107), (536, 402))
    shown = {width: image.at(width) for width in (120, 160, 240, 241, 536, 600)}
    assert [one.url[-7:-4] for one in shown.values()] == ["160", "160", "160", "536", "536", "536"]
    assert [(one.width, one.height) for one in shown.values()] == [
        (120, 80), (160, 107), (240, 160), (241, 181), (536, 402), (600, 450)
    ]  # fmt: skip
    assert image.wide


@pytest.mark.parametrize(
    ("size", "wide", "shown"),
    [
        ((0, 0), False, (536, 0)),
        ((1200, 800), True, (536, 357)),
        ((1200, 300), False, (536, 134)),
        ((800, 800), False, (536, 536)),
        ((800, 1600), False, (268, 536)),
    ],
)
def test_the_source_s_own_file_keeps_its_ratio_and_is_never_higher_than_its_place_is_wide(
    size: tuple[int, int], wide: bool, shown: tuple[int, int]
) -> None:
    file = view(*size).at(536)
    assert (file.url, file.width, file.height) == ("https://a.example/1.jpg", *shown)
    assert view(*size).wide is wide
