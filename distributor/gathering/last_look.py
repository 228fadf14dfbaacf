"""The last look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..config import Site
from ..model import Article
from ..source import Source
from .fetch import Hosts


async def look_again(
    sources: Mapping[str, Source],
    site: Site,
    articles: Sequence[Article],
    *,
    hosts: Hosts | None = None,
    seconds: float = 20.0,
) -> dict[str, str]:
    return {}
