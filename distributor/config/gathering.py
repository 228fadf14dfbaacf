"""The section `gathering:` of config.yaml."""

from __future__ import annotations

from pydantic import Field

from .section import Section


class Gathering(Section):
    """How servers of sources are asked, whichever source asks."""

    at_once: int = Field(64, ge=1, le=1000, description="most feeds that are asked at the same time")
    pause: float = Field(
        0.2,
        ge=0,
        le=60,
        description="seconds between two requests to one server, which gets one at a time",
        examples=[1.5],
    )
