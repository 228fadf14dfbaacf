"""The pictures of posts, as networks take them: fetched like those of emails, and made smaller."""

from __future__ import annotations

import asyncio
import logging

from ..attempt import PreparedImage
from ..delivery.attempts import ImageReader
from ..errors import DistributorError
from ..model import Edition
from ..newsroom import Newsroom

log = logging.getLogger("distributor.pipeline")

_MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


def image_reader(newsroom: Newsroom) -> ImageReader:
    """A reader of the pictures of articles. What cannot be had is None: a picture never stops a post."""

    async def read(edition: Edition, url: str) -> PreparedImage | None:
        service = newsroom.image_service()
        article = next((one for one in edition.carried if one.image and one.image.url == url), None)
        if service is None or article is None:
            return None
        try:
            made = await service.resize_for_post(article)
            if made is None:
                return None
            address = await asyncio.to_thread(service.attacher.cache.publish, made)
        except (DistributorError, OSError) as fault:
            log.warning("image %s: %s; the post goes without it", url, fault)
            return None
        return PreparedImage(made.body, _MEDIA_TYPES[made.extension], made.width * 2, made.height * 2, address)

    return read
