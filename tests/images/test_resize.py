"""Image resizing: only real images, in the sizes that are shown, without metadata, within limits."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image as Pillow

from distributor.images.resize import UnusableImage, parse_resized, resize, resize_to_json

WIDTHS = (536, 120)


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


def test_a_photo_is_made_twice_as_dense_as_it_is_shown() -> None:
    wide, thumb = resize(written(noisy()), WIDTHS)
    assert [(one.width, one.height) for one in (wide, thumb)] == [(536, 335), (120, 75)]
    assert [read(one.body).size for one in (wide, thumb)] == [(1072, 670), (240, 150)]
    assert wide.name.endswith(".jpg")
    assert len(thumb.body) < 30_000


def test_a_small_photo_is_never_enlarged() -> None:
    wide, _ = resize(written(noisy((300, 200))), WIDTHS)
    assert (read(wide.body).size, wide.width, wide.height) == ((300, 200), 536, 357)


@pytest.mark.parametrize("exif", [b"\xff" * 3000, b"MM\0*" + b"\xff" * 3000, b"II*\0\x08\0\0\0\x01\0\x12\x01"])
def test_a_photo_whose_camera_wrote_nonsense_is_shown(exif: bytes) -> None:
    (wide, _) = resize(written(noisy((1000, 600)), exif=b"Exif\0\0" + exif), WIDTHS)
    assert (wide.width, wide.height) == (536, 322)


def test_a_photo_stands_upright_and_tells_nothing_of_its_maker() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Camera of Lan"
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    (wide, _) = resize(written(noisy((1000, 600)), exif=exif), WIDTHS)
    made = read(wide.body)
    assert made.size[1] > made.size[0]
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
        resize(body, WIDTHS)


def test_what_a_child_says_is_no_image_until_it_is_one() -> None:
    good = resize_to_json(written(noisy()), WIDTHS)
    assert [one.extension for one in parse_resized(good)] == ["jpg", "jpg"]
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
            parse_resized(answer)
