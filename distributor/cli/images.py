"""The images of an edition on the command line: made ready before it is planned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .context import CliContext, clock, warn

if TYPE_CHECKING:
    from ..config.schema import Newsletter
    from ..storage.database import Database


def prepare_images(app: CliContext, database: Database, newsletter: Newsletter) -> None:
    """Fetch the images of what the newsletter would send next, and tell which could not be had."""
    from .. import pipeline

    if app.newsroom.images is None:
        return
    wanted = pipeline.list_ready_articles(database, newsletter, clock())
    for id, fault in asyncio.run(pipeline.prepare_images(app.newsroom, wanted, clock())).items():
        warn(f"image of {id}: {fault}")
