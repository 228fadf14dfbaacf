"""The source contract: where articles come from.

A source is a frozen dataclass whose fields are its settings, like a channel. `gather` asks the given fetcher for bytes
(guarded, conditional, polite) or reads files, and turns them into articles with pure functions, so that every format
can be tested from bytes alone. One bad article is a fault in the harvest; a source that cannot be read raises SourceError.

`docs/adding-a-source.md` has a file to start from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Protocol
from zoneinfo import ZoneInfo

from pydantic import ConfigDict

from .config import AnnounceSince, Duration, FirstLook, Folder, Url, Zone, http_url
from .errors import ArticleError, NotModified, SourceError
from .model import FoundArticle

__all__ = [
    "Annotated",
    "AnnounceSince",
    "ArticleError",
    "Duration",
    "Fetched",
    "Fetcher",
    "FirstLook",
    "Folder",
    "FoundArticle",
    "Harvest",
    "NotModified",
    "Source",
    "SourceError",
    "Url",
    "Validators",
    "dataclass",
    "http_url",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave us to ask "has it changed?" next time, exactly as received (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One answer of a server: the final address after redirects, the media type and charset it named, the bytes."""

    url: str
    body: bytes
    media_type: str = ""
    charset: str = ""
    validators: Validators = Validators()
    moved_to: str = ""  # the new address, where every redirect on the way was permanent


class Fetcher(Protocol):
    """The guarded way out. Raises SourceError with a reason in words; NotModified on 304."""

    async def get(self, url: str, *, conditional: bool = False) -> Fetched:
        """One page. With `conditional`, the validators of the last stored look are sent along."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What one look at a source gave: articles, newest first where the source has an order, and faults in words.

    `validators` are stored together with the articles and never before them: a crash in between must not hide
    articles behind a 304. `notes` are for staff (a feed that moved), and are no faults. `unchanged` counts articles that
    were not read again because the server said that they had not changed.
    """

    articles: Sequence[FoundArticle] = ()
    faults: Sequence[str] = ()
    notes: Sequence[str] = ()
    unchanged: int = 0
    validators: Mapping[str, Validators] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """Where articles come from. `name` is the key under `sources:` in config.yaml; it is set by the registry."""

    __pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    name: str = ""
    language: Annotated[str, "language of the articles, as an ISO 639-1 code"] = "vi"
    timezone: Annotated[Zone, "zone of dates that come without one"] = ZoneInfo("Asia/Ho_Chi_Minh")
    topics: Annotated[tuple[str, ...], "topics given to every article of this source, beside its own"] = ()
    every: Annotated[Duration, "how often `serve` looks: 30s, 15m, 1h, 1d"] = timedelta(minutes=15)
    announce_since: Annotated[
        AnnounceSince, "what is news at the first look: the newest articles (10), the youngest (3d), or both (10 or 3d)"
    ] = FirstLook()
    silent_after: Annotated[Duration | None, "tell staff when nothing new has come for this long"] = None
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    remote: ClassVar[bool] = True

    @abstractmethod
    async def gather(self, fetcher: Fetcher, now: datetime) -> Harvest:
        """One look at the source."""
