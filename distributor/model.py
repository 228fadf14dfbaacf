"""The frozen values that travel between the steps. Each crossing has its own type.

    source ──ParsedArticle──▶ store ──Article──▶ selection ──Edition──▶ rendering ──Rendition──▶ ledger ──▶ channel
                                                                                               ◀──Receipt──

All times are aware and UTC inside the program; they become local only when shown. All text is NFC and has no character
that XML 1.0 forbids; `distributor.text` makes sure of both where text enters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from .content import Content, decode_content
from .editorial import EditionBlock, EditorWords

# How far a portal's clock may be ahead of ours: what it dates so little later than now is published now.
MAX_CLOCK_SKEW = timedelta(minutes=15)
_DAY = timedelta(days=1)


class Language(StrEnum):
    """The languages of newsletters and emails."""

    VI = "vi"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A resized image in our public folder: its address and its size in CSS pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of an article. `width` and `height` are in CSS pixels, 0 where the source does not give them.

    `url` is empty where a text has only the caption of an image. `variants` are the files that we have made of it.
    """

    url: str
    alt: str = ""
    caption: str = ""
    width: int = 0
    height: int = 0
    variants: tuple[ImageFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedArticle:
    """An article as a source gives it: cleaned, but not yet known to the store.

    `source_id` is the source's own id of it (file name, database id), `guid` the one that a feed
    carries; either may be empty. `body_html` is sanitised and has absolute URLs only. `published` is None where the
    source gives no date; `has_date` is then False once the store has put the time of the first gathering in its place.
    `published_estimated` says that it comes from a relative date ("2 giờ trước"): another gathering gives another time,
    which is no change of the article. `publish_at` is an embargo: the article must not go out before.
    `has_time` is False where only the day is known: `published` is then the midnight that begins it.
    """

    source: str
    title: str
    source_id: str = ""
    guid: str = ""
    url: str = ""
    lead: str = ""
    body_html: str = ""
    author: str = ""
    published: datetime | None = None
    has_time: bool = True
    published_estimated: bool = False
    updated: datetime | None = None
    publish_at: datetime | None = None
    topics: tuple[str, ...] = ()
    image: Image | None = None
    language: str = "vi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A published article as the store knows it.

    `id` is ours, short and permanent; `feed_id` is the permanent `tag:` URI that feeds carry (RFC 4151). `backlog`
    says that the article was already old when its source was first gathered: stored and known, but no news. `has_date` is
    False where `published` is only the time of the first gathering; `has_time` is False where only the day is known, and
    `published` is the midnight that begins it. `source` is the one whose text it is, and `source_id` its
    own id of it; `origins` are all sources that have published it, where the
    code that made this value has loaded them.
    """

    id: str
    feed_id: str
    source: str
    title: str
    published: datetime
    first_seen: datetime
    source_id: str = ""
    version: int = 1
    url: str = ""
    lead: str = ""
    body_html: str = ""
    author: str = ""
    updated: datetime | None = None
    publish_at: datetime | None = None
    topics: tuple[str, ...] = ()
    image: Image | None = None
    language: str = "vi"
    backlog: bool = False
    has_date: bool = True
    has_time: bool = True
    origins: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """The moment that stands for `published` where one is asked for: in feeds, and in the order of articles.

        Of a day without a time it is when we first saw the article, if that was on this day: feed readers sort by it, and it
        is the latest that it can have been. Otherwise it is noon, which is the same day from America to Japan.
        """
        if self.has_time:
            return self.published
        return self.first_seen if timedelta() <= self.first_seen - self.published < _DAY else self.published + _DAY / 2

    @property
    def changed(self) -> datetime:
        """When the article last changed: the time that feeds call `updated`."""
        return max(self.updated, self.moment) if self.updated else self.moment

    def waits_until(self, now: datetime) -> datetime | None:
        """The time before which it must not go out: its embargo, or its own date in the future. None: it may."""
        ahead = self.published if self.has_date and self.published > now + MAX_CLOCK_SKEW else None
        embargo = self.publish_at if self.publish_at and self.publish_at > now else None
        return max((moment for moment in (ahead, embargo) if moment), default=None)


class NoticeKind(StrEnum):
    """What was done about an article that has been published."""

    CORRECTION = "correction"  # it was corrected
    WITHDRAWAL = "withdrawal"  # it was withdrawn


@dataclass(frozen=True, slots=True)
class Notice:
    """A correction or withdrawal as its readers see it. An empty note is replaced by general words."""

    kind: NoticeKind
    note: str
    at: datetime


class EditionKind(StrEnum):
    """Why an edition exists."""

    DIGEST = "digest"  # the answer to a slot, or a one-off send of everything new
    DAILY = "daily"  # what was announced since the last one, for subscribers who want one email a day
    WEEKLY = "weekly"  # the same for those who want one a week
    ALERT = "alert"  # one urgent article, sent at once
    CORRECTION = "correction"  # one article corrected or withdrawn, for those who have received it


class EditionState(StrEnum):
    """How far an edition has come."""

    REVIEW = "review"  # frozen; waits for its slot and for its reviewers
    HELD = "held"  # frozen; waits until somebody approves it
    FROZEN = "frozen"  # content, renditions and recipients stand; deliveries are under way
    DONE = "done"  # every delivery has reached an end
    CANCELLED = "cancelled"  # staff or silence stopped it; what it had not sent stays unsent


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The frozen answer to one slot: these articles, in this order, under this subject and number.

    `slot` is the newsletter's local date and time (`2026-11-23T07:00`), or `manual-…` for a send by hand.
    `briefs` are shown as lines without a lead. `overflow` counts the articles that wait for the next edition.
    `segment` names the subscribers whose share of it this is; empty for the whole edition. `known` are the ids of articles
    that these subscribers have had as an alert already. A correction has a `notice`, and says when the article that it is
    about was carried. `preheader` is a template, the usual one where it is empty; `words` are what an editor has said in
    place of what is made by itself, `blocks` the announcements of the newsroom. A draft is `due_at` later than it is frozen;
    `issued_at` is the time that readers see.
    """

    id: str
    newsletter: str
    slot: str
    number: int
    subject: str
    articles: tuple[Article, ...]
    frozen_at: datetime
    expires_at: datetime
    language: Language = Language.VI
    kind: EditionKind = EditionKind.DIGEST
    briefs: tuple[Article, ...] = ()
    overflow: int = 0
    segment: str = ""
    known: tuple[str, ...] = ()
    notice: Notice | None = None
    carried_at: datetime | None = None
    preheader: str = ""
    words: EditorWords = EditorWords()
    blocks: tuple[EditionBlock, ...] = ()
    due_at: datetime | None = None

    @property
    def issued_at(self) -> datetime:
        """The time that it bears: when it is due, or when it was frozen where that was no draft."""
        return self.due_at or self.frozen_at

    @property
    def variant(self) -> str:
        """The variant of its email: one for each segment."""
        return f"digest-{self.segment}" if self.segment else "digest"

    @property
    def carried(self) -> tuple[Article, ...]:
        """Every article that this edition announces."""
        return self.articles + self.briefs


class RenditionAction(StrEnum):
    """What is done with a rendition at the far end."""

    POST = "post"  # carried there
    EDIT = "edit"  # put in the place of what an earlier edition has posted
    REPLACE = "replace"  # what an earlier edition has posted is deleted, and this is posted
    REPLY = "reply"  # posted as an answer to what an earlier edition has posted
    DELETE = "delete"  # what an earlier edition has posted is deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """What one channel will carry of one edition: frozen bytes, the same for preview, sending, retry and resend.

    `edition` is empty for a standing rendition, which mirrors the store and belongs to no edition. `variant` tells the
    renditions of one channel apart (`rss.xml`, an article's id, `digest`); it is a safe file name. `title` says in
    words what it is, for staff. `sha256` is of `body`. `article` is the id of the one article that a post is about, by
    which later corrections find it; empty where it carries the edition as a whole. A correction acts on a post:
    `target` and `target_variant` are then the edition and variant of the post of the same channel that is meant.
    `first_channel` is the name of the channel when it was frozen, where it has another one now.
    """

    channel: str
    variant: str
    media_type: str
    body: bytes
    edition: str = ""
    title: str = ""
    action: RenditionAction = RenditionAction.POST
    target: str = ""
    target_variant: str = ""
    article: str = ""
    first_channel: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def content(self) -> Content:
        """What is frozen in it. Raises ValueError for bytes that nobody can have frozen."""
        return decode_content(self.variant, self.media_type, self.body, title=self.title, article=self.article)

    @property
    def key(self) -> str:
        """The same for every attempt at this rendition: what idempotency keys are made of."""
        return f"{self.edition}/{self.first_channel or self.channel}/{self.variant}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One person to whom a rendition goes. `merge_values` are the values of the merge fields, unescaped.

    `message_id` is stable for (edition, recipient), with its angle brackets, so that a repeated copy can be recognised.
    `bounce_token` stands for the delivery in the address that bounces go to, `leave_token` in the one that unsubscribes who
    writes to it; both are empty for a copy outside of the ledger.
    """

    id: str
    address: str
    name: str = ""
    message_id: str = ""
    bounce_token: str = ""
    leave_token: str = ""
    merge_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The far end's word that it has taken a rendition: its own id for it, and where it can be seen."""

    remote_id: str = ""
    url: str = ""
    reply: str = ""


class DeliveryState(StrEnum):
    """Where one row of the ledger stands. The transitions are in `distributor.delivery.ledger`."""

    PENDING = "pending"  # enqueued, not tried yet
    SENDING = "sending"  # the irrevocable byte may leave, or has left, and no outcome is written yet
    SENT = "sent"  # the far end has taken it
    DEFERRED = "deferred"  # surely not out; will be tried again
    REJECTED = "rejected"  # surely not out, and never will be
    UNCERTAIN = "uncertain"  # may be out
    SUPPRESSED = "suppressed"  # not tried: the recipient must not be written to
    EXPIRED = "expired"  # not out in the edition's life time, or overtaken by a newer edition


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One row of the ledger: (edition, channel, variant, recipient), its state and the last reply.

    `recipient` is empty for a channel that carries a rendition to one place; `address` is then empty too. `attempts`
    are those that count against it, `crash_count` how often a sender died with this row in its hands.
    """

    id: int = 0
    edition: str
    channel: str
    variant: str
    recipient: str
    address: str = ""
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    crash_count: int = 0
    due: datetime | None = None
    reply: str = ""
    remote_id: str = ""
    url: str = ""
    updated: datetime | None = None


class Frequency(StrEnum):
    """How often a subscriber wants emails of one newsletter. Alerts are sent at once to all."""

    EACH = "each"  # each edition
    DAILY = "daily"  # at most one email a day, with everything since the last one
    WEEKLY = "weekly"  # at most one a week


AttributeValue = str | int | float | bool


class Subscriber(NamedTuple):
    """A person with an address. `newsletters` are the ones this person has asked for, by name.

    `topics` are what this person wants of them: everything if empty. `attributes` are what else is known, as declared in
    config.yaml: texts, numbers, true or false, and dates as text (`2026-11-23`).
    """

    id: str
    address: str
    name: str = ""
    language: Language = Language.VI
    newsletters: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    frequency: Frequency = Frequency.EACH
    created: datetime | None = None
    consent: str = ""
    active: bool = True
    attributes: Mapping[str, AttributeValue] = MappingProxyType({})


class BounceType(StrEnum):
    """What kind of reason there is not to write to an address; the first four are also what a bounce can be."""

    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # not now: the mailbox is full, the server away; it counts when it goes on
    POLICY = "policy"  # refused because of what we say or who we are: never the recipient's fault
    COMPLAINT = "complaint"  # the recipient has called it spam
    STAFF = "staff"  # staff have said so
    IMPORT = "import"  # from a list that another system has kept
    UNSUBSCRIBED = "unsubscribed"  # asked for by the recipient, for everything and for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A refusal or a complaint: whom it is about, what it means, and how we know.

    `at` is when it happened, `status` the enhanced code (RFC 3463), `text` what the far end said. `via` says how it came:
    `smtp` for the answer of a server, `dsn`, `arf` or `text` for a returned email. `delivery_id` is the row of the ledger,
    None where nobody knows it.
    """

    address: str
    type: BounceType
    at: datetime
    status: str = ""
    text: str = ""
    via: str = "smtp"
    delivery_id: int | None = None
    edition_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that must not be written to: why, since when, and until when; for good where `until` is None."""

    address: str
    type: BounceType
    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """An opt-out: somebody does not want a newsletter, or none at all where `newsletter` is empty; since when, how we know
    (`staff`, `import`), and why if anybody said so. `suppressed`: it follows from a suppression, and `via` is its type."""

    address: str
    newsletter: str
    at: datetime
    via: str
    reason: str = ""
    suppressed: bool = False


_edition = TypeAdapter(Edition)
_found = TypeAdapter(ParsedArticle)


def edition_to_json(edition: Edition) -> bytes:
    """The edition as it is kept in the store. The same edition gives the same bytes."""
    return _edition.dump_json(edition)


def edition_from_json(data: bytes | str) -> Edition:
    return _edition.validate_json(data)


def parsed_article_to_data(found: ParsedArticle) -> dict[str, Any]:
    """The article as plain JSON values, for version rows and content hashes: what its source gives, and nothing of ours."""
    data: dict[str, Any] = _found.dump_python(found, mode="json", exclude={"image": {"variants"}})
    return data
