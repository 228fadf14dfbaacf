"""The lead picture and its caption."""

from __future__ import annotations

import pytest

from distributor.gathering.cleaning import clean_body
from gathering.cleaned_body import PAGE

CAPTION = "Quang cảnh lễ khởi công đường tỉnh 254"


@pytest.mark.parametrize(
    "shown",
    [
        f'<figure><img src="/1.jpg"><figcaption>{CAPTION}</figcaption></figure>',
        f'<div class=anh><p align=center><img src="/1.jpg"></p><p align="center"><i>{CAPTION}</i></p></div>',
        f'<p><img src="/1.jpg"></p><p><em>{CAPTION}</em></p>',
        f'<p><img src="/1.jpg"></p><p style="text-align: center">{CAPTION}</p>',
    ],
)
def test_the_first_picture_leaves_the_body_with_its_caption(shown: str) -> None:
    made = clean_body(f"<p>Một.</p>{shown}<p>Hai.</p>", PAGE)
    assert made.html == "<p>Một.</p><p>Hai.</p>"
    assert made.image is not None
    assert (made.image.url, made.image.caption) == ("https://bacson.example/1.jpg", CAPTION)


def test_a_paragraph_behind_a_picture_is_no_caption_by_itself() -> None:
    made = clean_body('<p><img src="/1.jpg"></p><p>Hai bên <i>đã ký</i>.</p>', PAGE)
    assert made.html == "<p>Hai bên <i>đã ký</i>.</p>"
    assert made.image is not None
    assert made.image.caption == ""


def test_further_pictures_stay_in_the_body() -> None:
    made = clean_body('<p><img src="/1.jpg"></p><p>Một.</p><p><img src="/2.jpg"></p>', PAGE)
    assert made.html == '<p>Một.</p><p><img src="https://bacson.example/2.jpg" alt=""></p>'
