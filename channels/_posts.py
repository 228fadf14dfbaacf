"""What the channels that post share: one rendition per article, and the limits of the networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from distributor.channel import Channel, ComposeContext, PostLimits
from distributor.model import Article, Edition, Rendition
from distributor.text import count_bytes, count_graphemes, count_utf16

Count = Annotated[int, Field(ge=1)]
Tags = Annotated[int, Field(ge=0, le=10)]

Mentions = Annotated[bool, "an @name in a headline or lead mentions that account"]

TEXT = "text/plain; charset=utf-8"

# Mastodon: grapheme clusters, 23 for each address; 500 unless the instance says otherwise (its API, v2/instance).
MASTODON = PostLimits(text=500, count=count_graphemes, url=23)
# Telegram: 4,096 "characters after entities parsing", which its entities measure in UTF-16 code units.
TELEGRAM = PostLimits(text=4096, count=count_utf16)
# Bluesky: 300 graphemes and 3,000 bytes, both at once (lexicon app.bsky.feed.post); an address counts as written.
BLUESKY = PostLimits(text=300, count=lambda text: max(count_graphemes(text), -(-count_bytes(text) // 10)))

# X: 280 weighted units, an address 23. Code points to 4351 and three ranges of punctuation weigh one, all others two
# (twitter-text, configuration 3): emoji, Chinese, and the Vietnamese letters from U+1EA0 on (ạ, ế, ự).
X = PostLimits(text=280, count=lambda text: sum(_weight_on_x(sign) for sign in text), url=23)
# Pages of Facebook: 63,206 characters (its own limit for a post's message).
FACEBOOK = PostLimits(text=63_206, count=len)


def _weight_on_x(sign: str) -> int:
    code = ord(sign)
    light = code <= 0x10FF or 0x2000 <= code <= 0x200D or 0x2010 <= code <= 0x201F or 0x2032 <= code <= 0x2037
    return 1 if light else 2


_URL = re.compile(r"https?://[^\s<>]+")


def compose_posts(
    channel: Channel, edition: Edition, context: ComposeContext, template: str, tags: int = 0, *, mentions: bool = False
) -> Sequence[Rendition]:
    """One post per article in the order of the edition, at most `limits.per_run` of them, with as many `tags`. Pure.

    With `mentions` an @ in a headline may name an account.
    """

    def text(article: Article) -> str:
        medium, campaign = channel.name, edition.id
        return context.post(
            article, channel.limits, template, tags=tags, medium=medium, campaign=campaign, mentions=mentions
        )

    return [
        Rendition(
            channel=channel.name,
            variant=article.id,
            article=article.id,
            media_type=TEXT,
            body=text(article).strip().encode(),
            edition=edition.id,
            title=article.title,
        )
        for article in edition.articles[: channel.limits.per_run]
    ]


def find_urls(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return [found.rstrip(".,;:!?)") for found in _URL.findall(text)]
