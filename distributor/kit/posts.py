"""Posts: one for each article of an edition, and the limits of the networks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from ..channel import Channel, ComposeContext, Picture, Post, PostLimits
from ..model import Article, Edition
from ..text import count_bytes, count_graphemes, count_utf16

Count = Annotated[int, Field(ge=1)]
Tags = Annotated[int, Field(ge=0, le=10)]

Mentions = Annotated[bool, "an @name in a headline or lead mentions that account"]

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
) -> Sequence[Post]:
    """One post per article in the order of the edition, with as many `tags`. Pure.

    With `mentions` an @ in a headline may name an account.
    """
    return [
        compose_post_of(channel, article, edition, context, template, tags, mentions=mentions)
        for article in edition.articles
    ]


def compose_post_of(
    channel: Channel,
    article: Article,
    edition: Edition,
    context: ComposeContext,
    template: str,
    tags: int = 0,
    *,
    mentions: bool = False,
) -> Post:
    """The post about one article, within the limits of the channel. Pure."""
    text = context.post(
        article,
        channel.limits,
        template,
        tags=tags,
        medium=channel.name,
        campaign=edition.id,
        mentions=mentions,
    ).strip()
    links = find_urls(text)
    image = article.image
    return Post(
        variant=article.id,
        text=text,
        title=article.title,
        summary=article.lead,
        link=links[-1] if links else article.url,
        pictures=(Picture(url=image.url, alt=image.alt or image.caption),) if image and image.url else (),
        tags=tuple(article.topics[:tags]),
        language=article.language or edition.language.value,
        article=article.id,
    )


def find_urls(text: str) -> list[str]:
    """The addresses in a text, in their order."""
    return [found.rstrip(".,;:!?)") for found in _URL.findall(text)]
