"""What the channels that post share: one rendition per article, and the limits of the networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from distributor.channel import Channel, Desk, Limits
from distributor.model import Edition, Rendition
from distributor.text import count_bytes, count_graphemes, count_utf16

Count = Annotated[int, Field(ge=1)]

TEXT = "text/plain; charset=utf-8"

# Mastodon: grapheme clusters, 23 for each address; 500 unless the instance says otherwise (its API, v2/instance).
MASTODON = Limits(text=500, count=count_graphemes, url=23)
# Telegram: 4,096 "characters after entities parsing", which its entities measure in UTF-16 code units.
TELEGRAM = Limits(text=4096, count=count_utf16)
# Bluesky: 300 graphemes and 3,000 bytes, both at once (lexicon app.bsky.feed.post); an address counts as written.
BLUESKY = Limits(text=300, count=lambda text: max(count_graphemes(text), -(-count_bytes(text) // 10)))

_URL = re.compile(r"https?://[^\s<>]+")


def posts(channel: Channel, edition: Edition, desk: Desk, template: str) -> Sequence[Rendition]:
    """One post per article in the order of the edition, at most `limits.per_run` of them. Pure."""
    return [
        Rendition(
            channel=channel.name,
            part=article.id,
            media_type=TEXT,
            body=desk.post(article, channel.limits, template).strip().encode(),
            edition=edition.id,
            title=article.title,
        )
        for article in edition.articles[: channel.limits.per_run]
    ]


def addresses(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return [found.rstrip(".,;:!?)") for found in _URL.findall(text)]
