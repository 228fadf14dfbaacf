"""What `preview` shows of an edition: its bytes, read back as their receivers' programs read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING

from ..channel import Channel
from ..errors import RenderError
from ..gathering.dates import parse_date
from ..gathering.feeds import read_feed
from ..model import Article, Edition, Rendition
from ..pipeline import gate
from ..preflight.addresses import host_of
from ..preflight.findings import CHECKS, Finding
from ..preflight.letter import Context, examine
from ..preflight.opened import decoded, open_letter, unfolded
from ..preflight.weight import ENCODED_LIMIT
from ..preflight.words import hidden_start
from ..rendering.pages import render_edition_page
from ..rendering.showcase import (
    FRAMED,
    Card,
    EntryShown,
    FeedShown,
    LetterShown,
    OtherShown,
    PageShown,
    PostShown,
    Remark,
    Showcase,
    card_link,
)
from ..rendering.shown import story
from ..source import Fetched

if TYPE_CHECKING:
    from ..newsroom import Newsroom

ENTRIES = 10  # of a feed that are shown
PREHEADER = 160  # letters beside a subject that are shown
LONGEST = 20_000  # characters of a text of another kind that are shown
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_FIRST = ("from", "to", "reply-to", "subject", "date", "list-id", "list-unsubscribe", "list-unsubscribe-post")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The readers of one letter: how many, and the topics that they have chosen, none for everything."""

    size: int
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """An edition that is looked at. `crowds` are the readers of its letters by variant, None where nobody knows them."""

    edition: Edition
    renditions: tuple[Rendition, ...]
    crowds: Mapping[str, Crowd] | None = None
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rendition with the very bytes that go out, a sample reader's where it is personal, and the files of it.

    `files` are paths beside the page and their contents.
    """

    rendition: Rendition
    body: bytes
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(path for path, _ in self.files)


def showcase(newsroom: Newsroom, name: str, look: Look, written: Sequence[Written]) -> Showcase:
    """Everything of an edition that would go out, as it is shown to staff."""
    examined = _to_examine(newsroom, look, written)
    letters, posts, feeds, pages, others = [], [], [], [], []
    for one in sorted(written, key=lambda one: _rank(look, one.rendition)):
        channel, kind = newsroom.channels[one.rendition.channel], one.rendition.media_type.partition(";")[0]
        if channel.personal:
            letters.append(_letter(newsroom, look, one, one.rendition.key in examined))
        elif kind in _FEEDS:
            feeds.append(_feed(newsroom, one))
        elif kind == "text/plain":
            posts.append(_post(newsroom, look.edition, channel, one))
        elif kind == "text/html":
            pages.append(_carried(one))
        else:
            others.append(_other(one))
    fault = ""
    if not pages:
        pages, fault = _page(newsroom, look.edition)
    newsletter = newsroom.settings.newsletters.get(look.edition.newsletter)
    return Showcase(
        name=name,
        title=newsletter.title if newsletter else look.edition.newsletter,
        site=newsroom.settings.site.title,
        subject=look.edition.subject,
        limit=ENCODED_LIMIT,
        facts=look.facts,
        notes=look.notes,
        letters=tuple(letters),
        posts=tuple(posts),
        feeds=tuple(feeds),
        others=tuple(others),
        pages=tuple(pages),
        page_fault=fault,
    )


def _rank(look: Look, rendition: Rendition) -> tuple[bool, int]:
    """Where it stands on the page among its kind: the whole edition's letter first, then those of most readers."""
    crowd = (look.crowds or {}).get(rendition.variant)
    return rendition.variant != "digest", -crowd.size if crowd else 0


def _to_examine(newsroom: Newsroom, look: Look, written: Sequence[Written]) -> frozenset[str]:
    """The keys of the letters to examine: those that the gate looks at, and those that stand in frames.

    An edition of many cohorts has hundreds; each takes more than 50 ms.
    """
    mine = [one.rendition for one in written if newsroom.channels[one.rendition.channel].personal]
    chosen = sorted(mine, key=lambda one: _rank(look, one))[:FRAMED]
    for name in dict.fromkeys(one.channel for one in mine):
        ours = [one for one in mine if one.channel == name]
        chosen += sorted(ours, key=lambda one: (one.variant != "digest", -len(one.body)))[: gate.MOST_LETTERS]
    return frozenset(one.key for one in chosen)


def _letter(newsroom: Newsroom, look: Look, one: Written, examined: bool) -> LetterShown:
    opened = open_letter(one.body)
    crowd = None if look.crowds is None else look.crowds.get(one.rendition.variant, Crowd(size=0))
    fields = [(name, decoded(value) or unfolded(value)) for name, value in opened.fields]
    known = {name.lower(): value for name, value in reversed(fields)}
    sender = known.get("from", "")
    order = {name: place for place, name in enumerate(_FIRST)}
    return LetterShown(
        name=f"{one.rendition.channel}/{one.rendition.variant}",
        subject=known.get("subject", ""),
        sender=parseaddr(sender)[0] or sender,
        preheader=hidden_start(opened.page)[:PREHEADER] if opened.page else "",
        html=opened.html,
        text=opened.text,
        html_size=len(opened.html.encode("utf-8", "replace")),
        encoded_size=opened.encoded,
        message_size=len(one.body),
        headers=tuple(sorted(fields, key=lambda field: order.get(field[0].lower(), len(order)))),
        examined=examined,
        remarks=_remarks(newsroom, look.edition, one) if examined else (),
        readers=crowd.size if crowd else None,
        topics=crowd.topics if crowd else (),
        files=one.paths,
    )


def _remarks(newsroom: Newsroom, edition: Edition, one: Written) -> tuple[Remark, ...]:
    """What preflight says of the very bytes, and what of it would hold the edition.

    They are examined as of the day that they were made on: an edition of old is not reproached with its age.
    """
    site = newsroom.settings.site
    hosts = frozenset({host_of(site.url), host_of(site.links_url)})
    seen = examine(one.body, Context(subject=one.rendition.title, now=edition.frozen_at, hosts=hosts))
    found = gate.with_keys(newsroom, edition, seen, one.rendition.channel)
    held = gate.held_by(newsroom, found)
    return tuple(_remark(finding, finding in held) for finding in found)


def _remark(found: Finding, blocks: bool) -> Remark:
    return Remark(
        check=found.check, blocks=blocks, message=found.message, where=found.place, rule=CHECKS[found.check].sentence
    )


def _post(newsroom: Newsroom, edition: Edition, channel: Channel, one: Written) -> PostShown:
    rendition = one.rendition
    shown, limits = channel.appearance(rendition), channel.limits
    article = next(
        (article for article in edition.carried if article.id == (rendition.article or rendition.variant)), None
    )
    return PostShown(
        channel=rendition.channel,
        title=rendition.title,
        appearance=shown,
        length=limits.measure(shown.text),
        limit=limits.text,
        action=rendition.action.value,
        card=_card(newsroom, edition, article, shown.text) if shown.card != "none" else None,
        file="".join(one.paths[:1]),
    )


def _card(newsroom: Newsroom, edition: Edition, article: Article | None, text: str) -> Card | None:
    url = card_link(text, article.url if article else "")
    if not url or article is None or url != article.url:
        return Card(url=url) if url else None
    about = story(article, edition.language, newsroom.settings.site.timezone)
    picture = about.image
    return Card(
        url=url,
        title=about.title,
        lead=about.lead,
        picture=picture.url if picture else "",
        alt=(picture.alt or picture.caption) if picture else "",
    )


def _feed(newsroom: Newsroom, one: Written) -> FeedShown:
    rendition, zone = one.rendition, newsroom.settings.site.timezone

    def date(written: str) -> str:
        moment: datetime | None = parse_date(written, zone)
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else written

    try:
        entries, fault = read_feed(Fetched(url="", body=one.body, media_type=rendition.media_type)), ""
    except ValueError as error:
        entries, fault = (), str(error)
    return FeedShown(
        channel=rendition.channel,
        title=rendition.title,
        file="".join(one.paths[:1]),
        size=len(one.body),
        entries=tuple(
            EntryShown(title=entry.title, url=entry.url, date=date(entry.published)) for entry in entries[:ENTRIES]
        ),
        total=len(entries),
        fault=fault,
    )


def _other(one: Written) -> OtherShown:
    try:
        text = one.body.decode()
    except UnicodeDecodeError:
        text = ""
    return OtherShown(
        channel=one.rendition.channel,
        title=one.rendition.title or one.rendition.variant,
        media_type=one.rendition.media_type,
        file="".join(one.paths[:1]),
        size=len(one.body),
        text=text[:LONGEST] + ("…" if len(text) > LONGEST else ""),
    )


def _carried(one: Written) -> PageShown:
    title = one.rendition.title or one.rendition.variant
    return PageShown(title=title, html=one.body.decode(errors="replace"), file="".join(one.paths[:1]))


def _page(newsroom: Newsroom, edition: Edition) -> tuple[list[PageShown], str]:
    """The web copy of an edition of which no channel carries one, or why there is none.

    What fails here goes nowhere, and hides nothing else from staff.
    """
    newsletter = newsroom.settings.newsletters.get(edition.newsletter)
    if newsletter is None:
        return [], f"config.yaml has no newsletter {edition.newsletter} any more"
    site = newsroom.settings.site
    try:
        page = render_edition_page(
            edition, site=site, newsletter=newsletter, zone=newsroom.zone(newsletter), templates=newsroom.templates
        )
    except RenderError as error:
        return [], str(error)
    return [PageShown(title=edition.subject, html=page)], ""
