"""The channel contract: what an adapter in `channels/` must be, and what it is given.

A channel is a frozen dataclass. Its fields are its settings; each is written
`name: Annotated[type, "one sentence for staff"] = default`, and its module docstring is its manual, with an example of
`config.yaml` to paste. `compose` is pure and cheap, so that preview, dry run, approval and sending show the same bytes;
`deliver` acts. An adapter fails in four ways only, all from `distributor.errors`: Unavailable, Rejected, AuthBroken,
Uncertain. Retrying, timing and remembering are the engine's work, never the adapter's.

`docs/adding-a-channel.md` has a file to start from.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import ConfigDict

from .config.schema import Newsletter, Site
from .config.types import Duration, Folder, PublicUrl, Secret, Url, http_url
from .errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from .message_queue import DeliveryOutcome, MessageBatch, MessageQueue, OutgoingMessage, Transport
from .model import Article, Edition, Receipt, Recipient, Rendition
from .text import count_bytes, count_graphemes, count_utf16

__all__ = [
    "Annotated",
    "Appearance",
    "Article",
    "AuthBroken",
    "Channel",
    "ComposeContext",
    "DeliveryError",
    "DeliveryOutcome",
    "Digest",
    "Duration",
    "Edition",
    "Event",
    "EventType",
    "Folder",
    "MessageBatch",
    "MessageQueue",
    "Newsletter",
    "OutgoingMessage",
    "PersonalChannel",
    "PostLimits",
    "PublicUrl",
    "Receipt",
    "Recipient",
    "Rejected",
    "Rendition",
    "Secret",
    "SequentialTransport",
    "Site",
    "Transport",
    "Unavailable",
    "Uncertain",
    "Url",
    "count_bytes",
    "count_graphemes",
    "count_utf16",
    "dataclass",
    "http_url",
]


_URL = re.compile(r"https?://[^\s<>]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLimits:
    """How much one post of a network may carry, and how that network counts.

    `text` is the longest text in the units of `count`; a URL in the text counts `url` units, or as written where
    that is None. `per_run` caps the posts of one edition: the rest are left out, and staff are notified.
    """

    text: int | None = None
    count: Callable[[str], int] = count_graphemes
    url: int | None = None
    per_run: int | None = None

    def measure(self, text: str) -> int:
        """The length of a text as the network counts it."""
        if self.url is None:
            return self.count(text)
        stripped, addresses = _URL.subn("", text)
        return self.count(stripped) + addresses * self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A post as people see it on its network, for previews.

    `text` is what counts against the limit. `network` is its name in words. `bold_title`: the first line is bold.
    `short_links`: an address is shown without its scheme, and cut. `card` is the picture with which the page behind the
    link is shown, or that no page is shown.
    """

    text: str
    network: str = ""
    bold_title: bool = False
    short_links: bool = False
    card: Literal["large", "small", "none"] = "large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A rendered digest. `html` and `text` hold merge tags, which are filled at sending.

    `notes` are for staff: how it was shortened to fit, and what went wrong that it could be made without.
    """

    subject: str
    preheader: str
    html: str
    text: str
    notes: tuple[str, ...] = ()


class EventType(StrEnum):
    """What can have happened, as other programs are told of it."""

    SUBSCRIBED = "subscribed"  # an address was put on a newsletter, confirmed or not
    CONFIRMED = "confirmed"  # its owner has confirmed it
    CHANGED = "changed"  # a subscriber has changed topics, frequency, language, name, pause or address
    LEFT = "left"  # a subscriber has left a newsletter, or all
    BOUNCED = "bounced"  # an email came back, or its recipient has complained
    EDITION_FROZEN = "edition.frozen"
    EDITION_HELD = "edition.held"  # by preflight, by the recheck, by staff
    EDITION_SENT = "edition.sent"  # every delivery has come to an end
    CHANNEL_BROKEN = "channel.broken"  # a channel as a whole has failed


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened. `data` is as JSON takes it; `key` tells it from others of its type."""

    type: EventType
    at: datetime
    data: Mapping[str, Any]
    key: str


class SiteContext(Protocol):
    """What `compose_site_wide` works with: the site, the newest articles of all sources, and templates."""

    @property
    def site(self) -> Site: ...

    @property
    def published(self) -> Sequence[Article]: ...

    def render(self, template: str, **values: object) -> str:
        """A template by its name below `templates/` (`post/article.txt.j2`), the newsroom's own file first."""
        ...

    def article_page(self, article: Article, url: str, creator: str = "") -> str:
        """The web copy of an article as HTML. `url` is its own address, `creator` a name on the fediverse."""
        ...


class ComposeContext(SiteContext, Protocol):
    """What `compose` works with, all of it values and pure functions.

    `announced` are the newest articles of this newsletter, this edition's among them, newest first;
    `published` are the newest articles of all sources.
    """

    @property
    def newsletter(self) -> Newsletter: ...

    @property
    def announced(self) -> Sequence[Article]: ...

    def post(
        self,
        article: Article,
        limits: PostLimits,
        template: str = "post/article.txt.j2",
        *,
        tags: int = 0,
        medium: str = "",
        campaign: str = "",
        mentions: bool = False,
    ) -> str:
        """The text of a post about one article, cut to the network's limits at a sentence or a word.

        `tags` is how many hashtags it may have; `medium` and `campaign` are added for statistics where the newsroom has
        switched that on (`site.utm_source`). Without `mentions` no @ in what a source wrote names an account.
        """
        ...

    def digest(self, edition: Edition) -> Digest:
        """The digest of an edition, inlined, with merge tags."""
        ...

    @property
    def corrected(self) -> Sequence[Edition]:
        """Where a correction is composed: the editions that carried its article, as they are to be shown from now on."""
        ...

    def edition_page(self, edition: Edition, url: str, creator: str = "") -> str:
        """The web copy of an edition as HTML. `url` is its own address, `creator` a name on the fediverse."""
        ...


@dataclass(frozen=True, kw_only=True)
class Channel(ABC):
    """An adapter that carries renditions to one place.

    `name` is the key under `channels:` in config.yaml; it is set by the registry. What a subclass declares about itself:

    - `limits`: see Limits.
    - `repeatable`: delivering the same rendition again has no second effect (files, idempotency keys). What is not
      repeatable and cannot be looked up by `find` waits for staff after an unclear outcome.
    - `latest_only`: a newer edition overtakes an older one that is not out yet (feeds).
    """

    __pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    name: str = ""

    repeatable: ClassVar[bool] = False
    latest_only: ClassVar[bool] = False
    personal: ClassVar[bool] = False

    @property
    def limits(self) -> PostLimits:
        """A class attribute in a subclass (`limits = Limits(text=300)`), or a property where a setting decides."""
        return PostLimits()

    @property
    def max_articles(self) -> int:
        """How many articles the channel shows at most of what a context has `announced` or `published`. It has a hundred
        of each at hand, or as many as the channel that shows most."""
        return 0

    @abstractmethod
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Rendition]:
        """Everything this channel will carry of the edition. Pure: no clock, no network, no disk."""

    @abstractmethod
    async def deliver(self, rendition: Rendition) -> Receipt:
        """Carry it out, once. Raises one of the four delivery errors and nothing else on purpose."""

    def compose_site_wide(self, context: SiteContext) -> Sequence[Rendition]:
        """What this channel shows of the store whatever the edition (a feed of all articles). Rewritten when it changes.

        Only a repeatable channel may return something here.
        """
        return ()

    @property
    def event_types(self) -> frozenset[EventType]:
        """Of which events this channel tells another program."""
        return frozenset()

    def compose_event(self, event: Event) -> Rendition | None:
        """What this channel carries of an event; None where it does not tell of it. Pure. Only a repeatable channel may
        return something here: what may be out is sent again."""
        return None

    def appearance(self, rendition: Rendition) -> Appearance:
        """How the network shows a rendition of text. Pure."""
        return Appearance(text=rendition.text)

    async def find(self, rendition: Rendition) -> Receipt | None:
        """Its own earlier post of this rendition, where the network lets one look; None where there is none."""
        raise NotImplementedError(f"{type(self).__name__} cannot look for its own posts")

    async def amend(self, receipt: Receipt, rendition: Rendition) -> Receipt:
        """Replace what was posted, where the network can."""
        raise NotImplementedError(f"{type(self).__name__} cannot change what it has posted")

    async def retract(self, receipt: Receipt) -> None:
        """Take back what was posted, where the network can."""
        raise NotImplementedError(f"{type(self).__name__} cannot take back what it has posted")

    def web_view_url(self, edition: Edition) -> str:
        """The address at which subscribers see an edition in their browsers, if this channel puts it there. Emails of the
        edition link to it."""
        return ""

    @property
    def reaches_audience(self) -> bool:
        """Whether what it carries goes to subscribers. Off for what stays in folders and on this machine: there nothing that
        nobody has filled in yet does harm."""
        return True

    @property
    def place(self) -> str:
        """Where staff can look at what went out, in words: a folder or an address. Empty where there is no such place."""
        return ""

    @property
    def private_folders(self) -> Sequence[Path]:
        """Folders that only the owner may look into, because what the channel lays there holds addresses or links."""
        return ()

    @property
    def public_folders(self) -> Sequence[Path]:
        """Folders that a web server of another user must be able to read."""
        return ()

    async def check(self) -> None:
        """Try the settings without posting anything; raises a delivery error that says what is wrong."""

    @classmethod
    def can(cls, ability: str) -> bool:
        """Whether this channel has its own `find`, `amend` or `retract`."""
        return getattr(cls, ability) is not getattr(Channel, ability)


@dataclass(frozen=True, kw_only=True)
class PersonalChannel(Channel):
    """An adapter that carries a rendition to many recipients, each with their own merge fields filled (email).

    `compose` is called for the whole edition and once more for each segment's share of it; the variant of what it returns
    is `edition.variant`. `deliver_to` sends to one recipient at a time; a channel that can do better, over many connections,
    gives a `transport` of its own (see `message`).
    """

    personal: ClassVar[bool] = True
    sends_email: ClassVar[bool] = False  # `personalise` makes an RFC 5322 message: preflight examines it

    def compose_email(self, email: Digest, *, variant: str, language: str, at: datetime) -> Rendition:
        """A transactional email as this channel carries it: it belongs to no list. Pure. Only where `sends_email`."""
        raise NotImplementedError(f"{type(self).__name__} sends no emails")

    @abstractmethod
    def personalize(self, rendition: Rendition, recipient: Recipient) -> bytes:
        """The very bytes that this recipient gets, for previews and tests."""

    @abstractmethod
    async def deliver_to(self, rendition: Rendition, recipient: Recipient) -> Receipt:
        """Carry the rendition to one recipient, once. Raises one of the four delivery errors: Rejected is about this
        recipient, Unavailable and AuthBroken are about the connection and stop the run until later."""

    def transport(self, among: int = 1) -> Transport:
        """Who carries the messages of this channel; `among` processes share what rates allow."""
        return SequentialTransport(self)

    async def deliver(self, rendition: Rendition) -> Receipt:
        raise TypeError(f"{type(self).__name__} delivers to subscribers: call deliver_to")


@dataclass(frozen=True)
class SequentialTransport:
    """The plain transport: one recipient after the other."""

    channel: PersonalChannel

    async def send_all(self, messages: MessageQueue) -> None:
        while message := await messages.take():
            if not await messages.mark(message):
                continue
            try:
                messages.answer(message, await self.channel.deliver_to(message.rendition, message.recipient))
            except (Rejected, Uncertain) as outcome:
                messages.answer(message, outcome)
            except DeliveryError as failure:
                messages.answer(message, failure)
                raise
