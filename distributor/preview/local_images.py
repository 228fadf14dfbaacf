"""Our images in a preview, as copies beside its pages: so they are seen before they are on the web, and without a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..images.cache import FILE_NAME, ImageCache
from .page import FOLDER

IMAGES = f"{FOLDER}/images"
_TAG = re.compile(rb"<[a-z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>", re.IGNORECASE)


def embed_images(pages: Mapping[str, bytes], cache: ImageCache) -> dict[str, bytes]:
    """Pages by their paths, with the public addresses of our images replaced in tags by those of copies, and the copies.
    What is in the cache no more keeps its address, and so does what a page says of an address. Raises OSError."""
    made: dict[str, bytes] = {}
    if not cache.url:
        return dict(pages)
    address = re.compile(f"{re.escape(cache.url)}/{FILE_NAME.pattern}".encode())
    for path, body in pages.items():
        here = "../" * path.count("/")

        def local(match: re.Match[bytes], here: str = here) -> bytes:
            file = cache.local_file(match[0].decode())
            if file is None:
                return match[0]
            made.setdefault(f"{IMAGES}/{file.name}", file.read_bytes())
            return f"{here}{IMAGES}/{file.name}".encode()

        def within(tag: re.Match[bytes], local: Callable[[re.Match[bytes]], bytes] = local) -> bytes:
            return address.sub(local, tag[0])

        made[path] = _TAG.sub(within, body)
    return made
