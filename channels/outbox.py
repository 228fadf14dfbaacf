"""Writes each post into a file of a folder instead of posting it: the stand-in for accounts that do not exist yet.

    channels:
      posts:
        type: outbox
        folder: var/outbox
        network: mastodon

Each article becomes a file `<edition>-<article>.txt` with the text as the network would get it, and under a line what
it counts there. `network` chooses the limits: mastodon, telegram, bluesky, or plain for none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from distributor import permissions
from distributor.channel import (
    Appearance,
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Folder,
    Post,
    PostLimits,
)
from distributor.kit.files import remove_file, write_file
from distributor.kit.posts import BLUESKY, MASTODON, TELEGRAM, Count, Mentions, Tags, compose_posts
from distributor.model import Edition, Receipt

_NETWORKS = {"mastodon": MASTODON, "telegram": TELEGRAM, "bluesky": BLUESKY, "plain": PostLimits()}
_APPEARANCES = {
    "mastodon": Appearance(text="", network="Mastodon", short_links=True),
    "telegram": Appearance(text="", network="Telegram", bold_title=True),
    "bluesky": Appearance(text="", network="Bluesky", short_links=True),
    "plain": Appearance(text=""),
}
_BELOW = "\n\n-- \n"  # what stands under it in a file is for staff
_UNSAFE = re.compile(r"[^\w.-]")


@dataclass(frozen=True, kw_only=True)
class Outbox(Channel):
    """A folder of posts."""

    folder: Annotated[Folder, "folder for the posts"]
    network: Annotated[
        Literal["mastodon", "telegram", "bluesky", "plain"],
        "mastodon, telegram, bluesky or plain: whose limits apply",
    ] = "plain"
    max_hashtags: Annotated[Tags, "most hashtags in a post, made from the topics of the article"] = 2
    mentions: Mentions = False
    max_posts: Annotated[Count, "most posts for one edition; the other articles are not posted"] = 10
    template: Annotated[str, "template of a post, a file in templates/"] = "post/article.txt.j2"

    corrections = Corrections.EDIT
    repeatable = True
    reaches_audience = False  # files, for staff

    @property
    def limits(self) -> PostLimits:
        return replace(_NETWORKS[self.network], per_run=self.max_posts)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Post]:
        return compose_posts(self, edition, context, self.template, self.max_hashtags, mentions=self.mentions)

    def appearance(self, post: Post) -> Appearance:
        return replace(_APPEARANCES[self.network], text=post.text)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        file = self.folder / _UNSAFE.sub("-", f"{attempt.edition}-{content.variant}.txt")
        written = await write_file(file, self._body(content), permissions.PRIVATE)
        return Receipt(remote_id=file.name, url=file.absolute().as_uri(), reply="written" if written else "unchanged")

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        await write_file(self.folder / Path(receipt.remote_id).name, self._body(content), permissions.PRIVATE)
        return replace(receipt, reply="written anew")

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        await remove_file(self.folder / Path(receipt.remote_id).name)

    @property
    def private_folders(self) -> Sequence[Path]:
        return (self.folder,)

    @property
    def place(self) -> str:
        return str(self.folder)

    def _body(self, post: Post) -> bytes:
        return f"{post.text}{_BELOW}{self._count(post.text)}\n".encode()

    def _count(self, text: str) -> str:
        limits = self.limits
        most = f" of {limits.text}" if limits.text else ""
        return f"{self.network}: {limits.measure(text)}{most} characters"
