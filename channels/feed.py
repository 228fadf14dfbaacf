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

from pydantic import Field

from distributor.channel import Attempt, Channel, ComposeContext, Content, Document, Folder, PublicUrl, SiteContext
from distributor.errors import DeliveryError, Rejected, Unavailable
from distributor.kit.feeds import FeedHead, atom, json_feed, rss
from distributor.kit.files import write_file
from distributor.kit.http import FORM, HttpCall, ResponseRules, form_bytes
from distributor.kit.posts import Count
from distributor.model import Article, Edition, Receipt

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

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Document]:
        """The three feeds of the newsletter."""
        newsletter = context.newsletter
        head = replace(
            self._head(context),
            title=newsletter.title,
            description=newsletter.description,
            language=(newsletter.language or context.site.language).value,
            zone=newsletter.timezone or context.site.timezone,
        )
        return self._feeds(head, context.announced, f"{edition.newsletter}.")

    def compose_site_wide(self, context: SiteContext) -> Sequence[Document]:
        """The three feeds of all articles."""
        return self._feeds(self._head(context), context.published, "")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Document)
        newsletter, name = _parse(content.variant)
        changed = await write_file(self.folder / newsletter / name, content.body)
        url = self._url(newsletter, name)
        told = await self._notify_hub(url, attempt) if changed and self.hub else ""
        return Receipt(remote_id=content.variant, url=url, reply=("written" if changed else "unchanged") + told)

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

    def _feeds(self, head: FeedHead, articles: Sequence[Article], prefix: str) -> list[Document]:
        shown = articles[: self.max_items]
        return [
            Document(
                variant=f"{prefix}{name}",
                media_type=media,
                body=write(replace(head, self_url=self._url(prefix.rstrip("."), name)), shown),
                title=f"{head.title} ({name})",
            )
            for name, (media, write) in _FORMATS.items()
        ]

    def _url(self, newsletter: str, name: str) -> str:
        return "/".join(part for part in (self.url, newsletter, name) if part)

    async def _notify_hub(self, topic: str, attempt: Attempt) -> str:
        """Notify the hub that a feed has changed (WebSub, section 7); what came of it, in words."""
        assert self.hub
        body = form_bytes({"hub.mode": "publish", "hub.url": topic})
        call = HttpCall(url=self.hub, headers={"Content-Type": FORM}, body=body, name="notify hub")
        try:
            await attempt.http.send(call, ResponseRules(doubt=Unavailable))
        except DeliveryError as error:
            return f"; the hub was not notified: {error.reply}"
        return "; the hub was notified"


def _parse(variant: str) -> tuple[str, str]:
    """The newsletter, empty for the feeds of all articles, and the file. Raises Rejected for a name of other making."""
    match = _NAME.fullmatch(variant)
    if not match:
        raise Rejected(f"{variant} is the name of no feed")
    return match.group(1) or "", match.group(2)
