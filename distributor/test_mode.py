"""Test mode: everything runs as it would, and nothing reaches recipients.

Emails go to one address, whoever they were for; posts, feeds and messages to other programs are saved in `var/test/`,
one folder per channel. Subjects and posts are marked, so that nobody takes a rehearsal for the real thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import permissions
from .attempt import Attempt
from .channel import (
    Appearance,
    Channel,
    ComposeContext,
    Content,
    Document,
    Event,
    EventType,
    Post,
    PostLimits,
)
from .content import encode_content
from .errors import Unavailable
from .i18n import Texts
from .model import Edition, Language, Receipt


def mark_test(text: str, language: Language) -> str:
    """A subject or a post with the mark of what is only tried: `[Thử] …`."""
    return f"{_mark(language)} {text}"


def without_mark(text: str, language: Language) -> str:
    """A text as it was before it was marked."""
    return text.removeprefix(f"{_mark(language)} ")


def all_marks() -> list[str]:
    """What marked subjects begin with, in every language."""
    return list(map(_mark, Language))


def _mark(language: Language) -> str:
    return Texts().translate(language, "test_mark")  # the same in every newsroom


@dataclass(frozen=True, kw_only=True)
class TestModeChannel(Channel):
    """Stands in for a channel: composes what it would, and writes it into a folder."""

    inner: Channel
    folder: Path

    repeatable = True
    reaches_audience = False

    @property
    def limits(self) -> PostLimits:
        return self.inner.limits

    @property
    def max_articles(self) -> int:
        return self.inner.max_articles

    def appearance(self, post: Post) -> Appearance:
        return self.inner.appearance(post)

    @property
    def private_folders(self) -> Sequence[Path]:
        return (self.folder,)

    @property
    def place(self) -> str:
        return str(self.folder)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        return [_with_prefix(content, edition.language) for content in self.inner.compose(edition, context)]

    @property
    def event_types(self) -> frozenset[EventType]:
        return self.inner.event_types

    def compose_event(self, event: Event) -> Document | None:
        return self.inner.compose_event(event)

    def compose_notice(self, variant: str, title: str, text: str) -> Content:
        return self.inner.compose_notice(variant, title, text)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        file = self.folder / f"{attempt.edition}-{content.variant}"
        body = content.text.encode() if isinstance(content, Post) else encode_content(content)[1]
        try:
            await asyncio.to_thread(permissions.write, file, body, permissions.PRIVATE)
        except OSError as error:
            raise Unavailable(f"{file} cannot be written: {error.strerror or error}") from error
        return Receipt(remote_id=file.name, reply="rehearsed")


def _with_prefix(content: Content, language: Language) -> Content:
    """Posts and plain text carry the mark; other formats must stay what their readers can parse."""
    if isinstance(content, Post):
        return replace(content, text=mark_test(content.text, language))
    if isinstance(content, Document) and content.media_type.startswith("text/plain"):
        return replace(content, body=mark_test("", language).encode() + content.body)
    return content


def replace_channels(channels: Mapping[str, Channel], folder: Path) -> dict[str, Channel]:
    """The channels of a newsroom in test mode. Those that send to subscribers stay: their addresses are rewritten."""
    return {
        name: channel if channel.personal else TestModeChannel(name=name, inner=channel, folder=folder / name)
        for name, channel in channels.items()
    }
