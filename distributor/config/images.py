"""Settings of the images of articles."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from .section import Section
from .types import Duration, Folder, PublicUrl

IMAGES_FOLDER = Path("var/public/images")


class ImageSettings(Section):
    """Images of articles: fetched, measured, and resized to the size that is shown, before an edition is frozen. The web
    pages serve the resized files, or another web server shows the folder at `url`. Where there is neither, images are shown
    as their sources give them. `images: off` fetches none."""

    folder: Folder = Field(IMAGES_FOLDER, validate_default=True, description="folder for resized images")
    url: PublicUrl | None = Field(
        None,
        description="public address of that folder; the web pages serve it if left out",
        examples=["https://bacson.example/images"],
    )
    max_bytes: int = Field(15_000_000, ge=10_000, description="size of the largest image that is fetched, in bytes")
    time_limit: Duration = Field(timedelta(seconds=30), description="longest time for all images of an edition")


def _switch(value: Any) -> Any:
    """`images: off` and `images: on`, as a section; an empty section has its defaults."""
    if isinstance(value, str):
        value = {"off": False, "no": False, "false": False, "on": True, "yes": True, "true": True}.get(
            value.strip().lower(), value
        )
    if value is False:
        return None
    if value is None or value is True:
        return {}
    if not isinstance(value, dict | ImageSettings):
        raise ValueError("write off, or `key: value` lines of its own")
    return value


Images = Annotated[ImageSettings | None, BeforeValidator(_switch)]
