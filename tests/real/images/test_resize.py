"""Image resizing in a child process: large and hostile images within the limits of memory and time."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pytest
from PIL import Image as Pillow

from distributor.errors import LimitExceeded
from distributor.images.prepared import ImageShape, UnusableImage, parse_prepared
from distributor.images.resize import prepare
from distributor.images.service import LEAD_RATIOS, RESIZE_LIMITS, THUMBNAIL
from distributor.isolation import call_isolated
from support.isolated_work import made_and_measured

SHAPES = (ImageShape(536, *LEAD_RATIOS), THUMBNAIL)
AS_VALUES = [astuple(shape) for shape in SHAPES]


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


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (written(noisy(mode="CMYK")), "jpg"),
        (written(noisy(mode="L")), "jpg"),
        (written(Pillow.linear_gradient("L").resize((400, 300)).convert("I;16"), "PNG"), "jpg"),
        (written(noisy(), "WEBP"), "jpg"),
        (written(noisy((400, 300)), "GIF", save_all=True, append_images=[noisy((400, 300))]), "jpg"),
        (written(Pillow.new("RGB", (600, 400), "#00ff00"), "PNG"), "png"),
        (written(Pillow.new("RGBA", (600, 400), (255, 0, 0, 100)), "PNG"), "png"),
        (written(noisy((600, 400)).convert("RGBA"), "PNG"), "jpg"),
    ],
    ids=["cmyk", "grey", "16 bit", "webp", "animation", "few colours", "transparent", "not really transparent"],
)
def test_every_kind_becomes_one_that_mail_programs_show(body: bytes, ending: str) -> None:
    for made in prepare(body, SHAPES).files:
        assert made.name.endswith(f".{ending}")
        picture = read(made.body)
        assert picture.format == {"jpg": "JPEG", "png": "PNG"}[ending]
        assert picture.mode in ("RGB", "RGBA", "P")
        assert getattr(picture, "n_frames", 1) == 1


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def flat(width: int, height: int, *, colour: int = 2, depth: int = 8, more: bytes = b"") -> bytes:
    """A PNG of one colour: some kilobytes, however large it is."""
    row = b"\0" * (width * depth * {0: 1, 2: 3, 6: 4}[colour] // 8 + 1)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def swollen(name: bytes) -> bytes:
    """100 kB of metadata that unpack to a hundred million octets."""
    return flat(600, 400, more=chunk(name, b"c\0\0" + zlib.compress(b"a" * 100_000_000, 9)))


def turning(frames: int) -> bytes:
    pictures = [
        Pillow.linear_gradient("L").resize((400, 300)).point(lambda v, i=i: (v + i) % 256) for i in range(frames)
    ]
    return written(pictures[0], "GIF", save_all=True, append_images=pictures[1:])


def with_profile() -> bytes:
    return written(noisy((800, 600)), icc_profile=b"\0\x4c\x4b\x40" + b"x" * 32 + b"acsp" + b"x" * 5_000_000)


HARD: dict[str, tuple[Callable[[], bytes], str]] = {
    "20,000 x 20,000": (lambda: flat(20_000, 20_000, colour=0, depth=1), "too many"),
    "49 Mpx with transparency": (lambda: flat(7_000, 7_000, colour=6), "too large to be resized: 7000 x 7000"),
    "24 Mpx": (lambda: flat(5_000, 4_900), ""),
    "zTXt": (lambda: swollen(b"zTXt"), "damaged"),
    "iCCP": (lambda: swollen(b"iCCP"), "damaged"),
    "frames": (lambda: turning(500), ""),
    "frames of WebP": (
        lambda: written(noisy((400, 300)), "WEBP", save_all=True, append_images=[noisy((400, 300))] * 50),
        "",
    ),
    "48 Mpx of a camera": (lambda: written(noisy((8_000, 6_000)), quality=50), ""),
    "24 Mpx, progressive": (lambda: written(noisy((6_000, 4_000)), quality=50, progressive=True), ""),
    "48 Mpx, progressive": (
        lambda: written(noisy((8_000, 6_000)), quality=30, progressive=True),
        "too large to be resized",
    ),
    "CMYK": (lambda: written(noisy((6_000, 4_000), "CMYK"), quality=50), ""),
    "profile": (lambda: with_profile(), ""),
    "WebP": (lambda: written(noisy((3_000, 2_000)), "WEBP"), ""),
    "torn WebP": (lambda: written(noisy((3_000, 2_000)), "WEBP")[:9_000], "damaged"),
    "torn GIF": (lambda: turning(9)[:9_000], "damaged"),
    "BMP that is none": (
        lambda: struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 100, 0, 0, 54, 40, 7000, 7000, 1, 24, *[0] * 6),
        "too large",
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_a_picture_takes_less_than_200_mb_whatever_it_is(name: str) -> None:
    """Measured in the child process that decodes it: it is resized, or refused in words."""
    make_it, reason = HARD[name]
    body = make_it()
    try:
        resident, answer = call_isolated(made_and_measured, body, AS_VALUES, limits=RESIZE_LIMITS)
    except LimitExceeded as error:
        assert reason
        assert "memory" in str(error)
        return
    assert resident < 200_000  # kB
    if reason:
        with pytest.raises(UnusableImage, match=reason):
            parse_prepared(answer, 2)
    else:
        wide, thumb = parse_prepared(answer, 2).files
        assert [one.width for one in (wide, thumb)] == [536, 160]
        assert read(wide.body).size[0] == min(536 * 2, read(body).size[0])
