"""What stands in for a channel or a source of config.yaml whose file cannot be loaded.

Its name stays known, so that nothing of the store is taken for renamed or ended. Whatever is asked of it fails with the
reason: a source cannot be read, a channel composes nothing (no edition for it is frozen) and what is due waits. All
others work as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ..attempt import Attempt
from ..channel import Channel, ComposeContext, Content
from ..errors import AuthBroken, RenderError, SourceError, Unavailable
from ..model import Article, Edition, Receipt
from ..source import Availability, Fetcher, FetchResult, Source


@dataclass(frozen=True, kw_only=True)
class BrokenSource(Source):
    """A source that cannot be read; `fault` says why."""

    fault: str = ""

    remote = False

    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        raise SourceError(self.fault)

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        return Availability(None, self.fault)


@dataclass(frozen=True, kw_only=True)
class BrokenChannel(Channel):
    """A channel that carries nothing; `fault` says why. What is due on it waits until its file is mended."""

    fault: str = ""

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        raise RenderError(f"channel {self.name}: {self.fault}; nothing is made for newsletters that use it")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        raise Unavailable(self.fault)

    async def check(self, attempt: Attempt) -> None:
        raise AuthBroken(self.fault)
