"""Image resizing: only real images, in the sizes that are shown, without metadata, within limits."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image as Pillow

from distributor.images.prepared import ImageShape, ResizedImage, UnusableImage, parse_prepared
from distributor.images.resize import prepare, prepare_to_json
from distributor.images.service import LEAD_RATIOS, THUMBNAIL

LEAD = ImageShape(536, *LEAD_RATIOS)
SHAPES = (LEAD, THUMBNAIL)
AS_VALUES = [(536, *LEAD_RATIOS), (160, 1.5, 1.5)]


def noisy(size: tuple[int, int] = (1600, 1000), mode: str = "RGB") -> Pillow.Image:
    """A picture with many colours, red on its left half and blue on its right one."""
    picture = Pillow.effect_noise(size, 40).convert("RGB")
    half = Pillow.new("RGB", (size[0] // 2, size[1]), "#b02020")
    other = Pillow.new("RGB", (size[0] - size[0] // 2, size[1]), "#2020b0")
    ground = Pillow.new("RGB", size)
    ground.paste(half, (0, 0))
    ground.paste(other, (size[0] // 2, 0))
    return Pillow.blend(ground, picture, 0.2).convert(mode)


def written(picture: Pillow.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def read(body: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(body))


def resized(body: bytes) -> tuple[ResizedImage, ...]:
    return prepare(body, SHAPES).files


def test_a_photo_is_made_twice_as_dense_as_it_is_shown() -> None:
    wide, thumb = resized(written(noisy()))
    assert [(one.width, one.height) for one in (wide, thumb)] == [(536, 335), (160, 107)]
    assert [read(one.body).size for one in (wide, thumb)] == [(1072, 670), (320, 213)]
    assert wide.name.endswith(".jpg")
    assert len(thumb.body) < 30_000


def test_a_small_photo_is_never_enlarged() -> None:
    wide, _ = resized(written(noisy((300, 200))))
    assert (read(wide.body).size, wide.width, wide.height) == ((300, 200), 536, 357)


@pytest.mark.parametrize("exif", [b"\xff" * 3000, b"MM\0*" + b"\xff" * 3000, b"II*\0\x08\0\0\0\x01\0\x12\x01"])
def test_a_photo_whose_camera_wrote_nonsense_is_shown(exif: bytes) -> None:
    (wide, _) = resized(written(noisy((1000, 600)), exif=b"Exif\0\0" + exif))
    assert (wide.width, wide.height) == (536, 322)


def test_a_photo_stands_upright_and_tells_nothing_of_its_maker() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Camera of Lan"
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    prepared = prepare(written(noisy((1000, 600)), exif=exif), SHAPES)
    assert (prepared.width, prepared.height) == (600, 1000)
    wide, made = prepared.files[0], read(prepared.files[0].body)
    assert not made.getexif()
    assert b"Camera" not in wide.body
    red, _, blue = made.getpixel((made.size[0] // 2, 10))[:3]  # type: ignore[index]
    assert red > blue  # what was left is on top now


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb() -> bytes:
    """A PNG of a hundred octets that says it is 50,000 pixels wide and high."""

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no image of a kind"),
        (b"<html><body>Not found</body></html>", "no image of a kind"),
        (b"", "no image of a kind"),
        (written(noisy())[:5000], "damaged"),
        (bomb(), "too many"),
        (written(Pillow.new("RGB", (1, 1)), "PNG"), "too small"),
        (written(Pillow.new("RGB", (700, 60)), "PNG"), "too small"),
        (written(Pillow.new("L", (100, 60_000)), "PNG"), "a strip of 100 x 60000 pixels"),
        (written(Pillow.new("L", (40_000, 100)), "PNG"), "a strip of 40000 x 100 pixels"),
    ],
    ids=["svg", "html", "nothing", "torn", "bomb", "pixel", "banner", "tower", "strip"],
)
def test_what_is_no_picture_is_refused_in_words(body: bytes, reason: str) -> None:
    with pytest.raises(UnusableImage, match=reason):
        resized(body)


def test_what_a_child_says_is_no_image_until_it_is_one() -> None:
    good = prepare_to_json(written(noisy()), AS_VALUES)
    assert [one.extension for one in parse_prepared(good, 2).files] == ["jpg", "jpg"]
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    answers: tuple[Any, ...] = (
        None,
        {},
        [],
        {"files": []},
        {"files": [{"body": page, "extension": "jpg", "width": 1, "height": 1}]},
        {"files": [{**good["files"][0], "extension": "html"}]},
        {"files": [{**good["files"][0], "extension": "../../x"}]},
        {"files": [{**good["files"][0], "width": "x"}]},
        {"fault": 5},
    )
    for answer in answers:
        with pytest.raises(UnusableImage, match="could not be resized"):
            parse_prepared(answer, 2)


# -- shapes ------------------------------------------------------------------------------------------------------------


def photo(size: tuple[int, int], mark: tuple[float, float]) -> bytes:
    """A blue photo with a red mark, whose middle is at this part of its width and height."""
    picture = Pillow.new("RGB", size, "#2040c0")
    side = min(size) // 8
    x, y = round(size[0] * mark[0] - side / 2), round(size[1] * mark[1] - side / 2)
    picture.paste("#c02020", (x, y, x + side, y + side))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def has_mark(body: bytes) -> bool:
    picture = Pillow.open(io.BytesIO(body)).convert("RGB").resize((80, 60))
    pixels = [picture.getpixel((x, y)) for x in range(80) for y in range(60)]
    return any(isinstance(one, tuple) and one[0] > 150 and one[2] < 90 for one in pixels)


@pytest.mark.parametrize(
    ("size", "lead"),
    [
        ((1600, 1067), (536, 357)),
        ((1600, 900), (536, 302)),
        ((1200, 900), (536, 402)),
        ((900, 900), (536, 402)),
        ((800, 1200), (536, 402)),
        ((600, 5000), (536, 402)),
        ((3000, 1000), (536, 268)),
        ((5000, 600), (536, 268)),
        ((90, 80), (536, 402)),
    ],
)
def test_whatever_its_ratio_a_thumbnail_is_3_to_2_and_a_first_image_neither_tower_nor_strip(
    size: tuple[int, int], lead: tuple[int, int]
) -> None:
    made = prepare(photo(size, (0.5, 0.5)), SHAPES)
    assert (made.width, made.height) == size
    assert [(one.width, one.height) for one in made.files] == [lead, (160, 107)]
    for one in made.files:
        real = Pillow.open(io.BytesIO(one.body)).size
        assert real[0] <= 2 * one.width
        assert real[0] / real[1] == pytest.approx(one.width / one.height, rel=0.02)
    if min(size) >= 800:
        assert Pillow.open(io.BytesIO(made.files[1].body)).size == (320, 213)


@pytest.mark.parametrize("size", [(800, 1200), (900, 900), (600, 1800)])
def test_a_face_in_the_upper_third_of_a_portrait_stays_in_sight(size: tuple[int, int]) -> None:
    for one in prepare(photo(size, (0.5, 1 / 3)), SHAPES).files:
        assert has_mark(one.body)


def test_a_panorama_keeps_its_middle_in_full_sharpness() -> None:
    wide, thumb = prepare(photo((6000, 1000), (0.5, 0.5)), SHAPES).files
    assert has_mark(wide.body)
    assert has_mark(thumb.body)
    assert Pillow.open(io.BytesIO(wide.body)).size == (1072, 536)
    assert Pillow.open(io.BytesIO(thumb.body)).size == (320, 213)


def test_without_shapes_an_image_is_measured_as_it_stands_upright() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Pillow.new("RGB", (900, 600)).save(out, "JPEG", exif=exif)
    made = prepare(out.getvalue(), ())
    assert (made.width, made.height, made.files) == (600, 900, ())
