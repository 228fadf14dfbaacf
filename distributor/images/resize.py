"""A picture of a source becomes files of ours: its kind told by its content, its size by what is shown. Pure CPU work.

What comes from the network is not believed: the name and the media type say nothing, the pixels are counted before they
are decoded, and of what a camera writes into a file (the place, the owner) nothing is kept.
"""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from ..text import clean_line

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")
MAX_PIXELS = 50_000_000
MIN_SIDE = 80  # pixels of a side; less is a tracking pixel or an icon
MAX_ASPECT_RATIO = 10  # times as high as wide, or as wide as high; more fills a letter with a strip, or is a line in it
PIXEL_DENSITY = 2  # pixels of a file for each pixel that is shown
JPEG_QUALITY = 80
MAX_PNG_SIZE = 400_000  # octets; a larger one loses its transparency
MAX_DECODE_MEMORY = 120_000_000  # octets that decoding one may take
_TOO_LARGE = "is too large to be made smaller"
# Octets of memory for each pixel: of decoders that hold it more than once, and of Pillow's own modes.
_BYTES_BY_FORMAT = {"WEBP": 16, "AVIF": 10}
_BYTES_BY_MODE = {"1": 5, "P": 5, "L": 1, "LA": 8, "PA": 8, "RGB": 4, "RGBA": 4, "CMYK": 4, "YCbCr": 4, "I;16": 8}
_ORIENTATION = 0x0112  # Exif 2.3, section 4.6.4
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ROTATED = (5, 6, 7, 8)  # their width is their height when they stand upright
_SIGNATURES = {"jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}


class UnusableImage(Exception):
    """Why something cannot be shown as a picture, in words."""


@dataclass(frozen=True, slots=True)
class ResizedImage:
    """A file: `width` and `height` are what it is shown as, in CSS pixels; its name is made of its content."""

    body: bytes
    extension: str
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{hashlib.sha256(self.body).hexdigest()[:32]}.{self.extension}"


def resize(body: bytes, widths: Sequence[int]) -> tuple[ResizedImage, ...]:
    """One file for each width in CSS pixels. Raises NoPicture."""
    picture = _decode(body, max(widths) * PIXEL_DENSITY)
    return tuple(_encode_at_width(picture, width) for width in widths)


def resize_to_json(body: bytes, widths: Sequence[int]) -> dict[str, Any]:
    """`make` for a child process: the files, or the fault, as what JSON can say."""
    try:
        made = resize(body, widths)
    except UnusableImage as error:
        return {"fault": str(error)}
    files = [
        {"body": base64.b64encode(one.body).decode(), "ending": one.extension, "width": one.width, "height": one.height}
        for one in made
    ]
    return {"files": files}


def parse_resized(data: Any) -> tuple[ResizedImage, ...]:
    """What a child process has made. It is believed no more than the bytes that it was given: only pictures of the two
    kinds that are made here come out. Raises NoPicture."""
    if isinstance(data, dict) and isinstance(data.get("fault"), str):
        raise UnusableImage(clean_line(data["fault"])[:200])
    try:
        files = [
            ResizedImage(
                base64.b64decode(one["body"], validate=True), str(one["ending"]), int(one["width"]), int(one["height"])
            )
            for one in data["files"]
        ]
    except (KeyError, TypeError, ValueError):
        files = []
    if not files or not all(one.body.startswith(_SIGNATURES.get(one.extension, b"\0none")) for one in files):
        raise UnusableImage("could not be made smaller")
    return tuple(files)


def _decode(body: bytes, wide: int) -> Image.Image:
    """Decoded no larger than needed, upright, in sRGB, with nothing but its pixels. `wide` is the width that is wanted
    of it, in pixels of a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a camera wrote that cannot be read, for instance
        warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow only warns of too many pixels
        try:
            picture: Image.Image = Image.open(io.BytesIO(body), formats=FORMATS)
            _check_dimensions(picture.size)
            size = picture.size
            # A PNG is decoded to know how it is turned, so that waits until it is known to be small enough.
            turned = _orientation(picture) if isinstance(picture, JpegImageFile) else None
            # A JPEG can be decoded at a half, a quarter or an eighth of its size, whichever still is wide enough.
            picture.draft(picture.mode, (1, wide) if turned in _ROTATED else (wide, 1))
            _check_memory(picture, size)
            picture.seek(0)
            picture.load()
            turned = _orientation(picture)
            profile = picture.info.get("icc_profile")
            picture = _reduce(_to_reducible_mode(picture), wide, lying=turned in _ROTATED)  # the large one is let go of
            upright = picture.transpose(_TRANSPOSITIONS[turned]) if turned in _TRANSPOSITIONS else picture
            return _to_srgb_pixels(upright, profile)
        except UnidentifiedImageError:
            raise UnusableImage("is no picture of a kind that mail programs show") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise UnusableImage("has too many pixels") from None
        except MemoryError:
            raise UnusableImage(_TOO_LARGE) from None
        except UnusableImage:
            raise
        except Exception as error:  # decoders raise many kinds; all of them mean that the file is damaged
            raise UnusableImage(f"is damaged: {str(error) or type(error).__name__}"[:200]) from None


def _orientation(picture: Image.Image) -> int | None:
    """How a camera was held, as far as what it wrote can be read: a picture is not damaged because that is."""
    try:
        value = picture.getexif().get(_ORIENTATION)
    except Exception:  # of many kinds, as all that decoders raise
        return None
    return value if isinstance(value, int) else None


def _check_dimensions(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise UnusableImage(f"has {width} x {height} pixels, which is too many")
    if min(width, height) < MIN_SIDE:
        raise UnusableImage(f"is too small to be shown: {width} x {height} pixels")
    if max(size) > MAX_ASPECT_RATIO * min(size):
        raise UnusableImage(f"is a strip of {width} x {height} pixels, which no letter can show")


def _check_memory(picture: Image.Image, size: tuple[int, int]) -> None:
    """Refuse what would take more memory than there is for it, before it is decoded. Raises NoPicture.

    `size` is that of the file; a JPEG may be decoded to less.
    """
    width, height = picture.size
    octets = width * height * _BYTES_BY_FORMAT.get(picture.format or "", _BYTES_BY_MODE.get(picture.mode, 8))
    if picture.info.get("progressive"):  # all its coefficients are kept, two octets each, whatever size is decoded
        layers = [h * v for _, h, v, _ in getattr(picture, "layer", [])] or [1]
        octets += 2 * size[0] * size[1] * sum(layers) // max(layers)
    if octets > MAX_DECODE_MEMORY:
        raise UnusableImage(f"{_TOO_LARGE}: {size[0]} x {size[1]} pixels")


def _to_reducible_mode(picture: Image.Image) -> Image.Image:
    """In a mode whose pixels can be reduced."""
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more for each pixel
        brightest: Any = picture.getextrema()[1]
        scale = 255 / max(float(brightest), 255.0)
        return picture.point(lambda value: value * scale).convert("L")
    if "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa"):
        return picture.convert("RGBA")
    return picture.convert("RGB") if picture.mode in ("1", "P") else picture


def _reduce(picture: Image.Image, wide: int, *, lying: bool) -> Image.Image:
    """At most some times as wide as is wanted: averaged, not picked."""
    factor = (picture.height if lying else picture.width) // (2 * wide)
    return picture.reduce(factor) if factor > 1 else picture


def _to_srgb_pixels(picture: Image.Image, profile: bytes | None) -> Image.Image:
    see_through = "A" in picture.getbands()
    picture = picture.convert("RGBA" if see_through else picture.mode if profile else "RGB")
    if profile:
        picture = _convert_to_srgb(picture, profile)
    if see_through and picture.getchannel("A").getextrema() == (255, 255):
        see_through = False
    return _strip_metadata(picture.convert("RGBA" if see_through else "RGB"))


def _convert_to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the camera meant them; a profile that cannot be read is left out of account."""
    target = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        made: Any = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=target
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return made if isinstance(made, Image.Image) else picture


def _strip_metadata(picture: Image.Image) -> Image.Image:
    """The pixels alone: no EXIF, no comments, no profile."""
    picture.info = {}
    return picture


def _encode_at_width(picture: Image.Image, width: int) -> ResizedImage:
    wide, high = picture.size
    pixels = min(wide, width * PIXEL_DENSITY)
    shown = picture.resize((pixels, max(1, round(high * pixels / wide))), Image.Resampling.LANCZOS, reducing_gap=3.0)
    height = max(1, round(high * width / wide))
    if shown.mode == "RGBA":
        body = _encode(shown, "PNG", optimize=True)
        if len(body) <= MAX_PNG_SIZE:
            return ResizedImage(body, "png", width, height)
        ground = Image.new("RGB", shown.size, "#ffffff")
        ground.paste(shown, mask=shown.getchannel("A"))
        shown = ground
    photo = _encode(shown, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    drawing = _encode(shown, "PNG", optimize=True) if shown.getcolors(64) else photo
    return (
        ResizedImage(drawing, "png", width, height)
        if len(drawing) < len(photo)
        else ResizedImage(photo, "jpg", width, height)
    )


def _encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
