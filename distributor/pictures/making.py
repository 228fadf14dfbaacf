"""A picture of a source becomes files of ours: its kind told by its content, its size by what is shown. Pure CPU work.

What comes from the network is not believed: the name and the media type say nothing, the pixels are counted before they
are decoded, and of what a camera writes into a file (the place, the owner) nothing is kept.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")
MOST_PIXELS = 50_000_000
SMALLEST = 80  # pixels of a side; less is a tracking pixel or an icon
DENSITY = 2  # pixels of a file for each pixel that is shown
QUALITY = 80
LARGEST_PNG = 400_000  # octets; a larger one loses its transparency


class NoPicture(Exception):
    """Why something cannot be shown as a picture, in words."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file: `width` and `height` are what it is shown as, in CSS pixels; its name is made of its content."""

    body: bytes
    ending: str
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{hashlib.sha256(self.body).hexdigest()[:32]}.{self.ending}"


def make(body: bytes, widths: Sequence[int]) -> tuple[Made, ...]:
    """One file for each width in CSS pixels. Raises NoPicture."""
    picture = _opened(body)
    return tuple(_file(picture, width) for width in widths)


def _opened(body: bytes) -> Image.Image:
    """Decoded, upright, in sRGB, with nothing but its pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Pillow only warns of a picture with too many pixels
        try:
            picture: Image.Image = Image.open(io.BytesIO(body), formats=FORMATS)
            _check(picture.size)
            picture.seek(0)
            picture.load()
            return _plain(ImageOps.exif_transpose(picture))
        except UnidentifiedImageError:
            raise NoPicture("is no picture of a kind that mail programs show") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
            raise NoPicture("has too many pixels") from None
        except NoPicture:
            raise
        except Exception as error:  # decoders raise many kinds; all of them mean that the file is damaged
            raise NoPicture(f"is damaged: {str(error) or type(error).__name__}"[:200]) from None


def _check(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise NoPicture(f"has {width} x {height} pixels, which is too many")
    if min(width, height) < SMALLEST:
        raise NoPicture(f"is too small to be shown: {width} x {height} pixels")


def _plain(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I") or picture.mode == "F":  # 16 bits and more for each pixel
        brightest: Any = picture.getextrema()[1]
        scale = 255 / max(float(brightest), 255.0)
        picture = picture.point(lambda value: value * scale).convert("L")
    see_through = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if see_through else picture.mode if profile else "RGB")
    if profile:
        picture = _in_srgb(picture, profile)
    if see_through and picture.getchannel("A").getextrema() == (255, 255):
        see_through = False
    return _bare(picture.convert("RGBA" if see_through else "RGB"))


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the camera meant them; a profile that cannot be read is left out of account."""
    target = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        made: Any = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=target
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return made if isinstance(made, Image.Image) else picture


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels alone: no EXIF, no comments, no profile."""
    picture.info = {}
    return picture


def _file(picture: Image.Image, width: int) -> Made:
    wide, high = picture.size
    pixels = min(wide, width * DENSITY)
    shown = picture.resize((pixels, max(1, round(high * pixels / wide))), Image.Resampling.LANCZOS, reducing_gap=3.0)
    height = max(1, round(high * width / wide))
    if shown.mode == "RGBA":
        body = _saved(shown, "PNG", optimize=True)
        if len(body) <= LARGEST_PNG:
            return Made(body, "png", width, height)
        ground = Image.new("RGB", shown.size, "#ffffff")
        ground.paste(shown, mask=shown.getchannel("A"))
        shown = ground
    photo = _saved(shown, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    drawing = _saved(shown, "PNG", optimize=True) if shown.getcolors(64) else photo
    return Made(drawing, "png", width, height) if len(drawing) < len(photo) else Made(photo, "jpg", width, height)


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()
