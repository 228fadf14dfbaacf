"""Image resizing: images of sources become JPEG or PNG files in the sizes that are shown. Pure CPU work.

Nothing from the network is trusted: name and media type are ignored, pixels are counted before they are decoded, and
metadata of cameras (place, owner) is removed.
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
MAX_ASPECT_RATIO = 10  # times as high as wide, or as wide as high; more is a strip or a line
PIXEL_DENSITY = 2  # pixels of a file for each pixel that is shown
JPEG_QUALITY = 80
MAX_PNG_SIZE = 400_000  # octets; a larger one loses its transparency
MAX_DECODE_MEMORY = 120_000_000  # octets that decoding one may take
_TOO_LARGE = "is too large to be resized"
# Octets of memory for each pixel: decoders that hold it more than once, and Pillow's own modes.
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
    """Why something cannot be shown as an image, in words."""


@dataclass(frozen=True, slots=True)
class ResizedImage:
    """An image file, named by its content. `width` and `height` are those at which it is shown, in CSS pixels."""

    body: bytes
    extension: str
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{hashlib.sha256(self.body).hexdigest()[:32]}.{self.extension}"


def resize(body: bytes, widths: Sequence[int]) -> tuple[ResizedImage, ...]:
    """One file for each width in CSS pixels. Raises UnusableImage."""
    image = _decode(body, max(widths) * PIXEL_DENSITY)
    return tuple(_encode_at_width(image, width) for width in widths)


def resize_to_json(body: bytes, widths: Sequence[int]) -> dict[str, Any]:
    """`resize` for a child process: the files, or the fault, as JSON values."""
    try:
        made = resize(body, widths)
    except UnusableImage as error:
        return {"fault": str(error)}
    files = [
        {
            "body": base64.b64encode(one.body).decode(),
            "extension": one.extension,
            "width": one.width,
            "height": one.height,
        }
        for one in made
    ]
    return {"files": files}


def parse_resized(data: Any) -> tuple[ResizedImage, ...]:
    """The result of a child process, trusted no more than the bytes that it read: only JPEG and PNG files are accepted.
    Raises UnusableImage."""
    if isinstance(data, dict) and isinstance(data.get("fault"), str):
        raise UnusableImage(clean_line(data["fault"])[:200])
    try:
        files = [
            ResizedImage(
                base64.b64decode(one["body"], validate=True),
                str(one["extension"]),
                int(one["width"]),
                int(one["height"]),
            )
            for one in data["files"]
        ]
    except (KeyError, TypeError, ValueError):
        files = []
    if not files or not all(one.body.startswith(_SIGNATURES.get(one.extension, b"\0none")) for one in files):
        raise UnusableImage("could not be resized")
    return tuple(files)


def _decode(body: bytes, wide: int) -> Image.Image:
    """The image decoded no larger than needed, upright, in sRGB, without metadata. `wide` is the wanted width in pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Exif data that cannot be read, for instance
        warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow only warns of too many pixels
        try:
            image: Image.Image = Image.open(io.BytesIO(body), formats=FORMATS)
            _check_dimensions(image.size)
            size = image.size
            # A PNG is decoded to know how it is turned, so that waits until it is known to be small enough.
            turned = _orientation(image) if isinstance(image, JpegImageFile) else None
            # A JPEG can be decoded at a half, a quarter or an eighth of its size, whichever still is wide enough.
            image.draft(image.mode, (1, wide) if turned in _ROTATED else (wide, 1))
            _check_memory(image, size)
            image.seek(0)
            image.load()
            turned = _orientation(image)
            profile = image.info.get("icc_profile")
            image = _reduce(_to_reducible_mode(image), wide, rotated=turned in _ROTATED)  # frees the large one
            upright = image.transpose(_TRANSPOSITIONS[turned]) if turned in _TRANSPOSITIONS else image
            return _to_srgb_pixels(upright, profile)
        except UnidentifiedImageError:
            raise UnusableImage("is no image of a kind that mail programs show") from None
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise UnusableImage("has too many pixels") from None
        except MemoryError:
            raise UnusableImage(_TOO_LARGE) from None
        except UnusableImage:
            raise
        except Exception as error:  # decoders raise many kinds; each means that the file is damaged
            raise UnusableImage(f"is damaged: {str(error) or type(error).__name__}"[:200]) from None


def _orientation(image: Image.Image) -> int | None:
    """The Exif orientation, where it can be read: damaged Exif data does not make an image unusable."""
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # many kinds, as everything that decoders raise
        return None
    return value if isinstance(value, int) else None


def _check_dimensions(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise UnusableImage(f"has {width} x {height} pixels, which is too many")
    if min(width, height) < MIN_SIDE:
        raise UnusableImage(f"is too small to be shown: {width} x {height} pixels")
    if max(size) > MAX_ASPECT_RATIO * min(size):
        raise UnusableImage(f"is a strip of {width} x {height} pixels, which no email can show")


def _check_memory(image: Image.Image, size: tuple[int, int]) -> None:
    """Refuse, before it is decoded, an image that would take too much memory. Raises UnusableImage.

    `size` is that of the file; a JPEG may be decoded to less.
    """
    width, height = image.size
    octets = width * height * _BYTES_BY_FORMAT.get(image.format or "", _BYTES_BY_MODE.get(image.mode, 8))
    if image.info.get("progressive"):  # all its coefficients are kept, two octets each, whatever size is decoded
        layers = [h * v for _, h, v, _ in getattr(image, "layer", [])] or [1]
        octets += 2 * size[0] * size[1] * sum(layers) // max(layers)
    if octets > MAX_DECODE_MEMORY:
        raise UnusableImage(f"{_TOO_LARGE}: {size[0]} x {size[1]} pixels")


def _to_reducible_mode(image: Image.Image) -> Image.Image:
    """The image in a mode whose pixels can be reduced."""
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits and more for each pixel
        brightest: Any = image.getextrema()[1]
        scale = 255 / max(float(brightest), 255.0)
        return image.point(lambda value: value * scale).convert("L")
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("1", "P") else image


def _reduce(image: Image.Image, wide: int, *, rotated: bool) -> Image.Image:
    """The image reduced to no more than a few times the wanted width, by averaging pixels."""
    factor = (image.height if rotated else image.width) // (2 * wide)
    return image.reduce(factor) if factor > 1 else image


def _to_srgb_pixels(image: Image.Image, profile: bytes | None) -> Image.Image:
    translucent = "A" in image.getbands()
    image = image.convert("RGBA" if translucent else image.mode if profile else "RGB")
    if profile:
        image = _convert_to_srgb(image, profile)
    if translucent and image.getchannel("A").getextrema() == (255, 255):
        translucent = False
    return _strip_metadata(image.convert("RGBA" if translucent else "RGB"))


def _convert_to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The image in sRGB; a color profile that cannot be read is ignored."""
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        made: Any = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=target
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return made if isinstance(made, Image.Image) else image


def _strip_metadata(image: Image.Image) -> Image.Image:
    """The pixels alone: no EXIF, no comments, no profile."""
    image.info = {}
    return image


def _encode_at_width(image: Image.Image, width: int) -> ResizedImage:
    wide, high = image.size
    pixels = min(wide, width * PIXEL_DENSITY)
    shown = image.resize((pixels, max(1, round(high * pixels / wide))), Image.Resampling.LANCZOS, reducing_gap=3.0)
    height = max(1, round(high * width / wide))
    if shown.mode == "RGBA":
        body = _encode(shown, "PNG", optimize=True)
        if len(body) <= MAX_PNG_SIZE:
            return ResizedImage(body, "png", width, height)
        background = Image.new("RGB", shown.size, "#ffffff")
        background.paste(shown, mask=shown.getchannel("A"))
        shown = background
    photo = _encode(shown, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    drawing = _encode(shown, "PNG", optimize=True) if shown.getcolors(64) else photo
    return (
        ResizedImage(drawing, "png", width, height)
        if len(drawing) < len(photo)
        else ResizedImage(photo, "jpg", width, height)
    )


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
