"""Image resizing: images of sources become JPEG or PNG files in the shapes that are shown, or are only measured. Pure CPU
work.

What is too high or too wide for its place is cropped: at both sides alike, but more at the foot than at the top, because
faces and roofs are in the upper third of most photos. Nothing from the network is trusted: name and media type are ignored,
pixels are counted before they are decoded, and metadata of cameras (place, owner) is removed.
"""

from __future__ import annotations

import base64
import contextlib
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from .prepared import ImageShape, ImageVersions, ResizedImage, UnusableImage

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP")
MAX_PIXELS = 50_000_000
MIN_SIDE = 80  # pixels of a side; less is a tracking pixel or an icon
MAX_ASPECT_RATIO = 10  # times as high as wide, or as wide as high; more is a strip or a line
PIXEL_DENSITY = 2  # pixels of a file for each pixel that is shown
TOP_SHARE = 0.2  # of what is cropped from the height: a fifth at the top, the rest at the foot
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


def prepare(body: bytes, shapes: Sequence[ImageShape]) -> ImageVersions:
    """The size of an image, and a file for each shape. Without shapes its pixels are not decoded. Raises UnusableImage."""
    with _decoder_errors():
        if not shapes:
            image = _open(body)
            return ImageVersions(*_upright(image.size, _orientation(image)))
        upright, size = _decode(body, shapes)
        return ImageVersions(*size, tuple(_encode_in_shape(upright, shape) for shape in shapes))


def prepare_to_json(body: bytes, shapes: Sequence[tuple[int, float, float]]) -> dict[str, Any]:
    """`prepare` for a child process: the size and the files, or the fault, as JSON values."""
    try:
        made = prepare(body, [ImageShape(*shape) for shape in shapes])
    except UnusableImage as error:
        return {"fault": str(error)}
    files = [
        {
            "body": base64.b64encode(one.body).decode(),
            "extension": one.extension,
            "width": one.width,
            "height": one.height,
        }
        for one in made.files
    ]
    return {"width": made.width, "height": made.height, "files": files}


@contextlib.contextmanager
def _decoder_errors() -> Iterator[None]:
    """Whatever decoders raise as UnusableImage."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Exif data that cannot be read, for instance
        warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow only warns of too many pixels
        try:
            yield
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


def _open(body: bytes) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(body), formats=FORMATS)
    _check_dimensions(image.size)
    return image


def _decode(body: bytes, shapes: Sequence[ImageShape]) -> tuple[Image.Image, tuple[int, int]]:
    """The image decoded no larger than its shapes need, upright, in sRGB, without metadata; and its full size, upright."""
    image = _open(body)
    size = image.size
    # A PNG is decoded to know how it is turned, so that waits until it is known to be small enough.
    turned = _orientation(image) if isinstance(image, JpegImageFile) else None
    wide = _needed_width(_upright(size, turned), shapes)
    # A JPEG can be decoded at a half, a quarter or an eighth of its size, whichever still is wide enough.
    image.draft(image.mode, (1, wide) if turned in _ROTATED else (wide, 1))
    _check_memory(image, size)
    image.seek(0)
    image.load()
    turned = _orientation(image)
    wide = _needed_width(_upright(size, turned), shapes)
    profile = image.info.get("icc_profile")
    image = _reduce(_to_reducible_mode(image), wide, rotated=turned in _ROTATED)  # frees the large one
    upright = image.transpose(_TRANSPOSITIONS[turned]) if turned in _TRANSPOSITIONS else image
    return _to_srgb_pixels(upright, profile), _upright(size, turned)


def _upright(size: tuple[int, int], turned: int | None) -> tuple[int, int]:
    return (size[1], size[0]) if turned in _ROTATED else size


def _needed_width(size: tuple[int, int], shapes: Sequence[ImageShape]) -> int:
    """The width in pixels at which an image has enough of them for each shape, what is cropped included."""
    ratio = size[0] / size[1]
    return math.ceil(max(shape.width * PIXEL_DENSITY * max(1.0, ratio / shape.widest) for shape in shapes))


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


def _encode_in_shape(image: Image.Image, shape: ImageShape) -> ResizedImage:
    ratio = shape.ratio_of(image.width / image.height)
    left, top, right, foot = box = _crop_box(image.size, ratio)
    wide = min(round(right - left), shape.width * PIXEL_DENSITY)
    high = max(1, round(wide * (foot - top) / (right - left)))
    shown = image.resize((wide, high), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    width, height = shape.width, max(1, round(shape.width / ratio))
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


def _crop_box(size: tuple[int, int], ratio: float) -> tuple[float, float, float, float]:
    """The part of an image that has this ratio: left, top, right and bottom in pixels."""
    wide, high = size
    if wide > high * ratio:
        left = (wide - high * ratio) / 2
        return left, 0, wide - left, high
    top = (high - wide / ratio) * TOP_SHARE
    return 0, top, wide, top + wide / ratio


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
