"""The source contract: where articles come from.

A source is a frozen dataclass whose fields are its settings, like a channel. A user name and a password in an address
among them are taken out before it is made; the fetcher sends them to that server, and nothing else sees them. Tokens
and keys are settings of type Secret; `login` says where they belong.

`gather` asks the given fetcher for bytes (guarded, conditional, polite) or reads files, and turns them into articles
with pure functions, so that every format can be tested from bytes alone; `kit/articles` has what they are built from.
One bad article is a fault in the result; a source that cannot be read raises SourceError.

A gather runs in a child process with limits (`gathering/source_reader`): it gets a copy of the source, blocks nobody while
it computes, and is ended when it takes too long. `processor_time` limits one item, so that it costs one item.

`docs/adding-a-source.md` has a file to start from.
"""

from __future__ import annotations

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Any, ClassVar, Literal, Protocol
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field

from .config.types import (
    AnnounceSince,
    DateFormat,
    Duration,
    FirstGatherRule,
    Folder,
    Secret,
    Url,
    Zone,
    http_url,
    web_url,
)
from .credentials import NO_CREDENTIALS, Credentials, find_secrets, redact_secrets
from .errors import ArticleError, Busy, Gone, LimitExceeded, NotModified, SourceError
from .files import is_within
from .isolated_child import processor_time
from .model import Article, ParsedArticle

__all__ = [
    "FROM_PAGE",
    "Annotated",
    "AnnounceSince",
    "Article",
    "ArticleError",
    "Availability",
    "Busy",
    "Credentials",
    "Duration",
    "FetchResult",
    "FetchedDocument",
    "Fetcher",
    "FirstGatherRule",
    "Folder",
    "Gone",
    "ItemExplanation",
    "LimitExceeded",
    "LocalFile",
    "NotModified",
    "ParsedArticle",
    "PollingHints",
    "PushedItem",
    "SampleAnswer",
    "Secret",
    "Source",
    "SourceError",
    "Url",
    "Validators",
    "check_file_availability",
    "check_page_availability",
    "credentials_of",
    "dataclass",
    "http_url",
    "processor_time",
    "web_url",
    "with_pushed",
]


FROM_PAGE = "from page"  # among `topics`: those that an article's page shows it under


def _topics(given: tuple[str, ...]) -> tuple[str, ...]:
    if FROM_PAGE in given:
        raise ValueError(f"{FROM_PAGE!r} is for sources of type page; a feed or a file names its topics itself")
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server gave us to ask "has it changed?" next time, exactly as received (RFC 9110, section 8.8).

    `digest` is the SHA-256 of its answer, in hexadecimal digits: many servers send the same bytes again with a 200, and
    those have not changed either.
    """

    etag: str = ""
    last_modified: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedDocument:
    """One answer of a server: the final address after redirects, the media type and charset it named, the bytes.

    `headers` are all of its headers, by their names in small letters; several of one name are joined by `, `.
    """

    url: str
    body: bytes
    media_type: str = ""
    charset: str = ""
    validators: Validators = Validators()
    moved_to: str = ""  # the new address, where every redirect on the way was permanent
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingHints:
    """What a server or a feed says of how often it is worth asking: how long its answer stays fresh, and the hours (UTC)
    and days (Monday is 0) in which it has nothing new. They are followed within `every` and `at_least_every`."""

    fresh_for: timedelta = timedelta()
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


class Fetcher(Protocol):
    """What fetches pages for a source. Raises SourceError with a reason in words; NotModified on 304, Gone on 404 and 410,
    Busy where the server asks for a pause."""

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        """One page. With `conditional`, the validators of the last stored gather are sent along, and an answer that is the
        same as then is NotModified, too; `accept` is the Accept header, for servers that give several formats at one
        address."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """What one gather of a source gave: articles, newest first where the source has an order, and faults in words.

    `validators` are stored together with the articles and never before them: a crash in between must not hide
    articles behind a 304. `notes` are for staff (a feed that moved), and are no faults. `unchanged` counts articles that
    were not read again because the server said that they had not changed. `waits` are the hosts that have asked for a
    pause, with until when; the caller of the source puts them in, from its fetcher. `hints` say how often to ask.
    """

    articles: Sequence[ParsedArticle] = ()
    faults: Sequence[str] = ()
    notes: Sequence[str] = ()
    unchanged: int = 0
    validators: Mapping[str, Validators] = field(default_factory=dict)
    waits: Mapping[str, datetime] = field(default_factory=dict)
    hints: PollingHints = PollingHints()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemExplanation:
    """What became of one link or item of a source in a gather that stores nothing, and why. One without words and not taken
    is a note on the source as a whole."""

    url: str
    words: str
    published: datetime | None = None
    taken: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedItem:
    """An article that another program has pushed: that program's own id of it, its fields as JSON has them, and when it
    came."""

    id: str
    fields: Mapping[str, Any]
    pushed_at: datetime


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an article is still there: True, False, or None where that is not known.

    Only False keeps an article back, so it is for what its source says clearly and of this article. `reason` says why
    it is not True, as it would follow "kept back: ": `its page answers 404 Not Found`.
    """

    available: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAnswer:
    """What the server of a source answers when all is well, for the trials of `distributor sources test`.

    Its addresses are those of the example in the source's manual. A source that reads files has the content of its file
    here; `file_name` is for one that reads a folder.
    """

    body: str
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file below the folder of a source; nothing outside of that folder is read. `path` may be a link."""

    folder: Path
    path: Path

    @classmethod
    def find(cls, folder: Path, path: Path) -> LocalFile | None:
        """The file at a path, where it is an ordinary one that lies in the folder."""
        try:
            return cls(folder, path) if path.is_file() and is_within(folder, path) else None
        except (OSError, ValueError):
            return None

    @property
    def inner(self) -> str:
        """Its path below the folder."""
        return os.path.relpath(self.path, self.folder)

    def changed_at(self) -> int:
        """When it was last changed, in nanoseconds; 0 where it is gone."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return 0


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """Where articles come from. `name` is the key under `sources:` in config.yaml; it is set by the registry."""

    __pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    name: str = ""
    language: Annotated[str, "language of the articles: vi, en-GB, fil, …"] = "vi"
    timezone: Annotated[Zone, "time zone of dates that name none"] = ZoneInfo("Asia/Ho_Chi_Minh")
    date_order: Annotated[
        Literal["day first", "month first"], "how dates such as 11/12/2026 are read: day first or month first"
    ] = "day first"
    topics: Annotated[
        tuple[str, ...],
        "topics added to every article of this source",
        AfterValidator(_topics),
        Field(examples=[["Tin trong tỉnh"]]),
    ] = ()
    preferred: Annotated[bool, "use this source's text where another source has the same story"] = False
    every: Annotated[Duration, "how often `serve` gathers: 30s, 15m, 1h, 1d"] = timedelta(minutes=15)
    at_least_every: Annotated[Duration, "how often at least, where a website has brought nothing new for hours"] = (
        timedelta(hours=1)
    )
    announce_since: Annotated[
        AnnounceSince, "what counts as new at the first gather: the newest 10, the last 3d, or both"
    ] = FirstGatherRule()
    alert_if_silent_for: Annotated[
        Duration | None, "notify staff when nothing new has come for this long", Field(examples=["3d"])
    ] = None
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False
    # Taken out of the addresses among its settings by the registry, so that those can be shown and stored.
    credentials: Credentials = field(default=NO_CREDENTIALS, init=False, repr=False, compare=False)
    # What one gather is about, of a source whose articles are pushed to it; see `with_pushed`.
    pushed: tuple[PushedItem, ...] = field(default=(), init=False, repr=False, compare=False)

    remote: ClassVar[bool] = True
    takes_pushes: ClassVar[bool] = False  # its articles come through the API, and `gather` reads `pushed`
    # What the first address that it asks is answered, the second, and so on; the last one is for all others.
    samples: ClassVar[Sequence[SampleAnswer]] = ()

    @property
    def date_format(self) -> DateFormat:
        """How dates are written here: what `gathering.dates.parse_date` reads them by."""
        return DateFormat(self.timezone, month_first=self.date_order == "month first")

    @property
    def is_local(self) -> bool:
        """Whether it is read from this machine, and not from a server."""
        return not self.remote

    @property
    def watched_url(self) -> str:
        """The address whose answer says whether there is anything to read: `gather` requests it first, with `conditional`
        and without `accept`. Many sources that have one are asked by one process, and only those whose answer has changed
        are gathered. Empty where there is no such address."""
        return ""

    @abstractmethod
    async def gather(self, fetcher: Fetcher, now: datetime) -> FetchResult:
        """One gather of the source."""

    def login(self) -> Credentials:
        """What is sent to log in, with each request to the origin that it names and with no other: see `bearer_token`,
        `api_key` and `key_parameter` of `kit/articles`. Pure."""
        return NO_CREDENTIALS

    async def explain(self, fetcher: Fetcher, now: datetime) -> Sequence[ItemExplanation]:
        """What one gather would take and what it would leave out, and why. By default it gathers."""
        result = await self.gather(fetcher, now)
        taken = [
            ItemExplanation(url=one.url, words=one.title, published=one.published, taken=True)
            for one in result.articles
        ]
        notes = [ItemExplanation(url="", words="", reason=line) for line in (*result.faults, *result.notes)]
        return [*taken, *notes]

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        """Whether an article that came from here is still there, checked just before it goes out.

        By default its web address is checked. A SourceError that gets out means that it is not known.
        """
        return await check_page_availability(fetcher, article.url)

    def image_file(self, article: Article) -> LocalFile | None:
        """The file of an article's image, where this source has it on the disk: it is read in place of the network."""
        return None


def credentials_of(source: Source) -> Credentials:
    """All that a source logs in with: what stood in its addresses, and its tokens and keys. Raises SourceError."""
    try:
        return source.credentials | source.login()
    except ValueError as error:
        reason = redact_secrets(str(error), find_secrets(source))
    raise SourceError(f"cannot log in: {reason}")


def with_pushed(source: Source, items: Sequence[PushedItem]) -> Source:
    """A copy of a source that takes pushes, which gathers these items."""
    made = copy.copy(source)
    object.__setattr__(made, "pushed", tuple(items))  # frozen, and no setting of its own
    return made


async def check_page_availability(fetcher: Fetcher, url: str) -> Availability:
    """Whether there is still a page at an address; a GET, since too many portals answer HEAD wrongly. Never raises
    SourceError.

    Only 404 and 410 at the address itself (or its twin with https, `www.` or a last slash) count as gone. A portal that
    answers 200 with a page saying "not found" cannot be distinguished from one that has the article: it counts as there.
    Whoever is sent elsewhere, to the front page for instance, learns nothing of the article.
    """
    asked = _page(url)
    if asked is None:
        return Availability(None, "it has no page of its own")
    try:
        got = await fetcher.get(url)
    except NotModified:
        return Availability(True)
    except Gone as gone:
        if gone.url and _page(gone.url) != asked:
            return Availability(None, f"its page leads to {gone.url}, which is not there")
        return Availability(False, f"its page answers {gone.answer or '404 Not Found'}")
    except SourceError as error:
        return Availability(None, str(error))
    return Availability(True) if _page(got.url) == asked else Availability(None, f"its page leads to {got.url}")


def check_file_availability(file: Path, reason: str, *, within: Path | None = None) -> Availability:
    """Whether there is still a file; `reason` says what its absence means. What cannot be read is no absence.

    With `within`, a link that leads out of that folder is as good as no file: it is not read, either.
    """
    try:
        if within and not is_within(within, file):
            return Availability(False, reason)
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Availability(False, reason)
    except (OSError, ValueError) as error:
        return Availability(None, f"{file} cannot be read: {error}")
    return Availability(True) if S_ISREG(mode) else Availability(False, reason)


def _page(url: str) -> tuple[str, int | None, str, str] | None:
    """What tells a page from others; None for a site's front page and for what is no address.

    Coarser than the address, so that a redirect to https does not count as one to elsewhere, and finer than the key
    under which articles are recognised, which also drops parts that may choose the page.
    """
    try:
        parts = urlsplit(url)
        port = None if parts.port in (80, 443) else parts.port
    except ValueError:
        return None
    path = unquote(parts.path).rstrip("/")
    if not parts.hostname or not (path or parts.query):
        return None
    return parts.hostname.removeprefix("www."), port, path, parts.query
