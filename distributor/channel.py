"""The channel contract: what an adapter in `channels/` must be, and what it is given.

A channel is a frozen dataclass. Its fields are its settings; each is written
`name: Annotated[type, "one sentence for staff"] = default`, and its module docstring is its manual, with an example of
`config.yaml` to paste. `compose` is pure and cheap and returns values (`content`), so that preview, dry run, approval and
sending show the same; `publish` asks the far end to carry one of them, with what an `Attempt` has at hand. An adapter fails
in four ways only, all from `distributor.errors`: Unavailable, Rejected, AuthBroken, Uncertain. Retrying, timing, order,
rates and remembering are the engine's work, never the adapter's.

`distributor channels new NAME` writes a file to start from; `docs/adding-a-channel.md` explains it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import ConfigDict, SecretStr

from .attempt import Attempt, PreparedImage
from .config.schema import Newsletter, Site
from .config.types import Duration, Folder, PublicUrl, Secret, Url, http_url
from .content import Content, Document, Email, Picture, Post, check_contents, encode_content
from .errors import AuthBroken, DeliveryError, DistributorError, Rejected, RenderError, Unavailable, Uncertain
from .http_client import HttpCall, HttpClient
from .model import Article, Edition, Receipt, Rendition
from .text import count_bytes, count_graphemes, count_utf16

__all__ = [
    "Annotated",
    "Appearance",
    "Article",
    "Attempt",
    "AuthBroken",
    "Channel",
    "ComposeContext",
    "Content",
    "Corrections",
    "DeliveryError",
    "Digest",
    "Document",
    "Duration",
    "Edition",
    "Email",
    "Event",
    "EventType",
    "Folder",
    "HttpCall",
    "Newsletter",
    "Picture",
    "Post",
    "PostLimits",
    "PreparedImage",
    "PublicUrl",
    "Rate",
    "Receipt",
    "Rejected",
    "Rendition",
    "Secret",
    "Site",
    "Unavailable",
    "Uncertain",
    "Url",
    "count_bytes",
    "count_graphemes",
    "count_utf16",
    "dataclass",
    "http_url",
]


# What Mastodon and X take for an address, or less of it (twitter-text; twitter_regex.rb of Mastodon). The
# beginning of any other counts as one too, and the rest as it is written, so that a text is never longer than it seems.
_URL = re.compile(
    r"(?<![\w@＠$#＃])https?://(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}(?![\w-])(?::\d+)?"
    r"(?:/(?:[^\s<>()?]|\([^\s<>()?]+\))*)?(?:\?[^\s<>(){}\"\\`]*)?(?<=[\w/&=#)-])|https?://",
    re.IGNORECASE,
)


class Corrections(StrEnum):
    """How a channel makes known that an article which it has posted was corrected."""

    EDIT = "edit"  # its post is changed in place
    REPLACE = "replace"  # its post is deleted, and posted anew
    REPLY = "reply"  # the correction answers its post
    NONE = "none"  # not at all: staff are told to see to it


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many posts in any stretch of a length."""

    most: int
    per: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLimits:
    """How much one post of a network may carry, how that network counts, and how often it may be posted to.

    `text` is the longest text in the units of `count`; a URL in the text counts `url` units, or as written where
    that is None. `per_run` caps the threads of one edition (a post by itself is one): the rest are left out, and staff are
    notified. `pictures` is how many a post may have: the engine leaves out the rest. `rates` and `spacing` (from one post
    to the next) are kept over all processes.
    """

    text: int | None = None
    count: Callable[[str], int] = count_graphemes
    url: int | None = None
    per_run: int | None = None
    pictures: int = 0
    rates: tuple[Rate, ...] = ()
    spacing: timedelta = timedelta()

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
    link is shown, or that no page is shown. `picture`: where the post's own picture stands, and `cover` is the address of
    the one that stands there if it has none.
    """

    text: str
    network: str = ""
    bold_title: bool = False
    short_links: bool = False
    card: Literal["large", "small", "none"] = "large"
    picture: Literal["above", "below", "none"] = "none"
    cover: str = ""


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
    STAFF_ALERT = "staff.alert"  # what staff are told of: it began, it lasts, it is over


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
    """An adapter that carries contents to one place.

    `name` is the key under `channels:` in config.yaml; it is set by the registry. What a subclass declares about itself:

    - `limits`: see PostLimits.
    - `corrections`: how it corrects what it has posted, see Corrections. EDIT needs `edit`, REPLACE needs `delete`.
    - `repeatable`: publishing the same content again has no second effect (files, idempotency keys). What is not
      repeatable and cannot be looked up by `find` waits for staff after an unclear outcome.
    - `latest_only`: a newer edition overtakes an older one that is not out yet (feeds).
    """

    __pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True, validate_default=True)

    name: str = ""

    corrections: ClassVar[Corrections] = Corrections.NONE
    repeatable: ClassVar[bool] = False
    latest_only: ClassVar[bool] = False
    personal: ClassVar[bool] = False

    @property
    def limits(self) -> PostLimits:
        """A class attribute in a subclass (`limits = PostLimits(text=300)`), or a property where a setting decides."""
        return PostLimits()

    @property
    def max_articles(self) -> int:
        """How many articles the channel shows at most of what a context has `announced` or `published`. It has a hundred
        of each at hand, or as many as the channel that shows most."""
        return 0

    @abstractmethod
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        """Everything this channel could carry of the edition, in its order. Pure: no clock, no network, no disk. The
        engine leaves out what is over `limits.per_run`."""

    @abstractmethod
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        """Carry it out, once. Raises one of the four delivery errors and nothing else on purpose."""

    def compose_site_wide(self, context: SiteContext) -> Sequence[Document]:
        """What this channel shows of the store whatever the edition (a feed of all articles). Rewritten when it changes.

        Only a repeatable channel may return something here.
        """
        return ()

    @property
    def event_types(self) -> frozenset[EventType]:
        """Of which events this channel tells another program."""
        return frozenset()

    def compose_event(self, event: Event) -> Document | None:
        """What this channel carries of an event; None where it does not tell of it. Pure. Only a repeatable channel may
        return something here: what may be out is sent again."""
        return None

    def compose_notice(self, variant: str, title: str, text: str) -> Content:
        """A message to staff, as this channel carries it: that a draft waits for them, for instance. Pure."""
        return Post(variant=variant, text=text, title=title)

    def appearance(self, post: Post) -> Appearance:
        """How the network shows a post. Pure."""
        return Appearance(text=post.text)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        """Its own earlier post of this content, where the network lets one look; None where there is surely none."""
        raise NotImplementedError(f"{type(self).__name__} cannot look for its own posts")

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        """Change what was posted, where the network can. The receipt that is returned counts from then on."""
        raise NotImplementedError(f"{type(self).__name__} cannot change what it has posted")

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        """Delete what was posted, where the network can. What is gone already is no fault."""
        raise NotImplementedError(f"{type(self).__name__} cannot delete what it has posted")

    async def login(self, ask: Ask, attempt: Attempt) -> Mapping[str, Any]:
        """The values of `attempt.state` with which it works from then on, for `distributor channels login`. `ask` puts a
        question to staff, and hides what they type where it is secret. Raises a delivery error."""
        raise NotImplementedError(f"{type(self).__name__} needs no login")

    def login_ends(self, state: Mapping[str, Any]) -> datetime | None:
        """When staff have to log in again at the latest, by what `login` has left in `attempt.state`; None where it does not
        end, or nobody can know. What the channel renews by itself does not end. Pure."""
        return None

    @classmethod
    def example_state(cls) -> Mapping[str, Any]:
        """Values of `attempt.state` as a login gives them, for the trials of `distributor channels test`."""
        return {}

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        """What the far end answers to a call when all is well, as JSON takes it, for the trials. It is built from the
        examples in the network's documentation."""
        return {}

    @classmethod
    def example_gone(cls, call: HttpCall) -> tuple[int, object]:
        """Status and body with which the far end answers a call about a post that is no longer there, for the trials."""
        return 404, {}

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

    async def check(self, attempt: Attempt) -> None:
        """Try the settings without posting anything; raises a delivery error that says what is wrong."""

    @classmethod
    def can(cls, ability: str) -> bool:
        """Whether this channel has its own `find`, `edit`, `delete` or `login`."""
        return getattr(cls, ability) is not getattr(Channel, ability)

    @property
    def http(self) -> HttpClient:
        """The way out for this channel: no secret of its settings shows in what it says."""
        values = (getattr(self, field.name) for field in fields(self))
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return HttpClient(secrets=secrets, allow_private=bool(getattr(self, "allow_private", False)))

    # -- what the engine makes of it -----------------------------------------------------------------------------------

    def freeze(self, content: Content, edition: str = "") -> Rendition:
        """A content in the form in which it is stored and hashed. Pure."""
        media_type, body = encode_content(content)
        article = "" if isinstance(content, Email) else content.article
        return Rendition(
            channel=self.name, variant=content.variant, media_type=media_type, body=body, edition=edition,
            title=content.title, article=article,
        )  # fmt: skip

    def renditions(self, edition: Edition, context: ComposeContext) -> list[Rendition]:
        """What `compose` returns, in stored form, without the threads over `limits.per_run` and the pictures over
        `limits.pictures`. Pure. Raises RenderError, also for what can be neither frozen nor sent."""
        try:
            return self._frozen(edition, check_contents(self.compose(edition, context)))
        except DistributorError:
            raise
        except Exception as bug:
            raise RenderError(f"channel {self.name} cannot compose {edition.id}: {type(bug).__name__}: {bug}") from bug

    def _frozen(self, edition: Edition, contents: Sequence[Content]) -> list[Rendition]:
        limits = self.limits
        made, threads, left_out = [], 0, set()
        for content in contents:
            if isinstance(content, Post):
                threads += not content.follows
                over = limits.per_run is not None and threads > limits.per_run and not content.follows
                if over or content.follows in left_out:
                    left_out.add(content.variant)
                    continue
                content = replace(content, pictures=content.pictures[: limits.pictures])
            made.append(self.freeze(content, edition.id))
        return made


class Ask(Protocol):
    """A question to staff, and what they answer, without spaces around it."""

    def __call__(self, question: str, *, secret: bool = False) -> str: ...
