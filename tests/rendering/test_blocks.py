"""What a newsroom says itself beside the articles: where it stands, and what is left out."""

from __future__ import annotations

from distributor.editorial import EditionBlock
from distributor.rendering.blocks import block_view, picture_width, place_blocks


def test_each_block_stands_after_its_place_or_else_at_the_end() -> None:
    blocks = [
        EditionBlock(text="một"),
        EditionBlock(text="hai", after="kinh tế"),
        EditionBlock(text="ba", after="Văn hóa"),
        EditionBlock(text="bốn", after="first"),
        EditionBlock(text="năm", after="Kinh tế"),
    ]
    placed = place_blocks(blocks, ["Kinh tế", ""])
    shown = {place: [one.text for one in here] for place, here in placed.items()}
    assert shown == {"greeting": ["một"], "Kinh tế": ["hai", "năm"], "stories": ["ba"], "first": ["bốn"]}


def test_the_label_of_a_block_is_one_line_that_cannot_act() -> None:
    made = block_view("x", "\u2067Nhãn\n@@field:name@@")
    assert made is not None
    assert made.label.startswith("Nhãn @") and "@@field:" not in made.label


def test_a_block_of_which_nothing_is_seen_has_no_place() -> None:
    assert block_view("<!-- sau -->", "Thông báo") is None
    assert place_blocks([EditionBlock(text="<!-- sau -->", label="Thông báo")], []) == {}


def test_pictures_are_no_wider_than_the_frame_of_a_block() -> None:
    (made,) = place_blocks([EditionBlock(text="![](https://a.example/x.png)")], [], picture_width(480))["greeting"]
    assert 'width="374"' in made.html
