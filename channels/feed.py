"""Writes RSS 2.0, Atom 1.0 and JSON Feed 1.1 into a folder that the web server shows.

    channels:
      feeds:
        type: feed
        folder: var/public/feeds
        url: https://news.example/feeds

`folder` gets `rss.xml`, `atom.xml` and `feed.json` with the newest articles of all sources, and for each newsletter that
names this channel a folder of its own (`tin-sang/rss.xml` …) with the newest articles it has announced. `url` is the
address at which the web server shows the folder. It should serve the files as application/rss+xml,
application/atom+xml and application/feed+json.

Feed readers that are notified through WebSub come at once: put the address of a hub under `hub`; it is notified of each
change. A hub that does not answer holds nothing up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from distributor.channel import Channel, ComposeContext, Folder, PublicUrl, SiteContext
from distributor.errors import DeliveryError, Rejected, Unavailable
from distributor.model import Article, Edition, Receipt, Rendition

from ._feeds import FeedHead, atom, json_feed, rss
from ._files import write_file
from ._posts import Count

_FORMATS: dict[str, tuple[str, Callable[[FeedHead, Sequence[Article]], bytes]]] = {
    "rss.xml": ("application/rss+xml; charset=utf-8", rss),
    "atom.xml": ("application/atom+xml; charset=utf-8", atom),
    "feed.json": ("application/feed+json; charset=utf-8", json_feed),
}
_NAME = re.compile(r"(?:([a-z0-9][a-z0-9-]*)\.)?(rss\.xml|atom\.xml|feed\.json)")


@dataclass(frozen=True, kw_only=True)
class Feed(Channel):
    """A folder of feeds. The variant `tin-sang.rss.xml` is the file `tin-sang/rss.xml`, `rss.xml` that of all articles."""

    folder: Annotated[Folder, "folder for the feeds, shown by a web server"]
    url: Annotated[PublicUrl, "public address of that folder"]
    max_items: Annotated[Count, "most articles in a feed"] = 30
    full_text: Annotated[bool, "whole articles in the feeds, not only their leads"] = True
    hub: Annotated[
        PublicUrl | None,
        "address of a WebSub hub that is notified of changes",
        Field(examples=["https://hub.example/"]),
    ] = None
    allow_private: Annotated[bool, "allow a hub on the local machine or network"] = False

    repeatable = True
    latest_only = True
    reaches_audience = False  # files, for whoever comes for them

    @property
    def max_articles(self) -> int:
        return self.max_items

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Rendition]:
        """The three feeds of the newsletter."""
        newsletter = context.newsletter
        head = replace(
            self._head(context),
            title=newsletter.title,
            description=newsletter.description,
            language=(newsletter.language or context.site.language).value,
            zone=newsletter.timezone or context.site.timezone,
        )
        return self._feeds(head, context.announced, f"{edition.newsletter}.", edition.id)

    def compose_site_wide(self, context: SiteContext) -> Sequence[Rendition]:
        """The three feeds of all articles."""
        return self._feeds(self._head(context), context.published, "", "")

    async def deliver(self, rendition: Rendition) -> Receipt:
        newsletter, name = _parse(rendition.variant)
        changed = await write_file(self.folder / newsletter / name, rendition.body)
        url = self._url(newsletter, name)
        told = await self._notify_hub(url) if changed and self.hub else ""
        return Receipt(remote_id=rendition.variant, url=url, reply=("written" if changed else "unchanged") + told)

    @property
    def public_folders(self) -> Sequence[Path]:
        return (self.folder,)

    @property
    def place(self) -> str:
        return str(self.folder)

    def _head(self, context: SiteContext) -> FeedHead:
        site = context.site
        return FeedHead(
            title=site.title,
            description=site.description,
            site=site.url,
            self_url="",
            author=site.title,
            language=site.language.value,
            zone=site.timezone,
            hub=self.hub or "",
            full_text=self.full_text,
        )

    def _feeds(self, head: FeedHead, articles: Sequence[Article], prefix: str, edition: str) -> list[Rendition]:
        shown = articles[: self.max_items]
        return [
            Rendition(
                channel=self.name,
                variant=f"{prefix}{name}",
                media_type=media,
                body=write(replace(head, self_url=self._url(prefix.rstrip("."), name)), shown),
                edition=edition,
                title=f"{head.title} ({name})",
            )
            for name, (media, write) in _FORMATS.items()
        ]

    def _url(self, newsletter: str, name: str) -> str:
        return "/".join(part for part in (self.url, newsletter, name) if part)

    async def _notify_hub(self, topic: str) -> str:
        """Notify the hub that a feed has changed (WebSub, section 7); what came of it, in words."""
        from ._http import HttpCall, ResponseRules, send  # most feeds have no hub, and need no network

        assert self.hub
        body = urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            await send(
                HttpCall(url=self.hub, headers=headers, body=body),
                ResponseRules(doubt=Unavailable, allow_private=self.allow_private),
            )
        except DeliveryError as error:
            return f"; the hub was not notified: {error.reply}"
        return "; the hub was notified"


def _parse(variant: str) -> tuple[str, str]:
    """The newsletter, empty for the feeds of all articles, and the file. Raises Rejected for a name of other making."""
    match = _NAME.fullmatch(variant)
    if not match:
        raise Rejected(f"{variant} is the name of no feed")
    return match.group(1) or "", match.group(2)
