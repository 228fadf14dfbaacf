"""Articles that another program pushes through the API: a CMS, a script.

    sources:
      cms:
        type: push

The program sends each article to `POST /api/v1/articles` with `"source": "cms"` and its own id of it, and the same again
when it changes; docs/api.md shows how. From there on a pushed article is like any other: its HTML is made safe, it is
recognised where another source has it too, and newsletters take it by source and topics. An article under an embargo is
pushed with `publish_at`. What was published longer ago than `announce_since` when it is first pushed is stored and no
news, so a whole archive can be pushed. What is pushed stays until it is withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from distributor.model import Image
from distributor.source import (
    Article,
    ArticleError,
    Availability,
    Fetcher,
    FetchResult,
    LimitExceeded,
    ParsedArticle,
    PushedItem,
    Source,
    processor_time,
)
from distributor.text import clean_line, deduplicate, language_tag
from distributor.url_cleaning import web_address

_MOST_COMPUTING = 20.0  # seconds for one article; hostile HTML can keep a parser busy for hours


@dataclass(frozen=True, kw_only=True)
class PushSource(Source):
    """Articles pushed through the API."""

    remote = False
    takes_pushes = True

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        articles, faults = [], []
        for item in self.pushed:
            try:
                with processor_time(_MOST_COMPUTING):
                    articles.append(self.article(item))
            except (ArticleError, LimitExceeded) as error:
                faults.append(f"{clean_line(item.id)[:200]}: {error}")
        return FetchResult(articles=articles, faults=faults)

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        """Who pushes an article also withdraws it; its page may appear later than the article."""
        return Availability(True)

    def article(self, item: PushedItem) -> ParsedArticle:
        """The article of an item. Raises ArticleError in words."""
        from distributor.gathering.cleaning import clean_body  # loaded in the child process that reads what is pushed

        given = item.fields
        url = web_address(str(given.get("url") or ""), "")
        title, lead = clean_line(str(given["title"])), clean_line(str(given.get("lead") or ""))
        cleaned = clean_body(str(given.get("body_html") or ""), url, lead=lead, title=title)
        named = [clean_line(str(topic)) for topic in given.get("topics") or ()]
        return ParsedArticle(
            source=self.name,
            source_id=clean_line(item.id),
            title=title,
            lead=lead,
            url=url,
            body_html=cleaned.html,
            author=clean_line(str(given.get("author") or "")) or cleaned.author,
            published=_moment(given, "published"),
            updated=_moment(given, "updated"),
            publish_at=_moment(given, "publish_at"),
            topics=deduplicate(filter(None, [*named, *self.topics])),
            image=_image(given.get("image"), url) or cleaned.image,
            language=language_tag(str(given.get("language") or "")) or self.language,
        )


def _moment(given: Mapping[str, Any], name: str) -> datetime | None:
    text = given.get(name)
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        raise ArticleError(f"{name} is not a time") from None


def _image(given: Mapping[str, Any] | None, base: str) -> Image | None:
    address = web_address(str(given.get("url") or ""), base) if given else ""
    if not given or not address:
        return None
    caption = clean_line(str(given.get("caption") or ""))
    return Image(
        url=address,
        alt=clean_line(str(given.get("alt") or "")) or caption,
        caption=caption,
        width=int(given.get("width") or 0),
        height=int(given.get("height") or 0),
    )
