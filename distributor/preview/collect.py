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
from ..pipeline import preflight_gate
from ..preflight.checks import check_message
from ..preflight.findings import CHECKS, Finding
from ..preflight.links import host_of
from ..preflight.message import MAX_ENCODED_SIZE
from ..preflight.parsed_message import CheckContext, decode_field, parse_message, unfold_field
from ..rendering.globals import RenderSettings
from ..rendering.pages import render_edition_page
from ..rendering.views import article_view
from ..source import FetchedDocument
from .page import (
    MAX_FRAMES,
    EditionPreview,
    EmailPreview,
    FeedEntryPreview,
    FeedPreview,
    LinkCard,
    OtherPreview,
    PostPreview,
    PreviewFinding,
    WebPagePreview,
    find_card_link,
)

if TYPE_CHECKING:
    from ..newsroom import Newsroom

MAX_FEED_ENTRIES = 10  # of a feed that are shown
MAX_PREHEADER = 160  # letters beside a subject that are shown
MAX_TEXT = 20_000  # characters of a text of another kind that are shown
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_HEADER_ORDER = ("from", "to", "reply-to", "subject", "date", "list-id", "list-unsubscribe", "list-unsubscribe-post")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRecipients:
    """The readers of one letter: how many, and the topics that they have chosen, none for everything."""

    size: int
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewInput:
    """An edition that is looked at. `crowds` are the readers of its letters by variant, None where nobody knows them."""

    edition: Edition
    renditions: tuple[Rendition, ...]
    recipients_by_variant: Mapping[str, EmailRecipients] | None = None
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionFiles:
    """A rendition with the very bytes that go out, a sample reader's where it is personal, and the files of it.

    `files` are paths beside the page and their contents.
    """

    rendition: Rendition
    body: bytes
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(path for path, _ in self.files)


def collect_preview(
    newsroom: Newsroom, name: str, look: PreviewInput, written: Sequence[RenditionFiles]
) -> EditionPreview:
    """Everything of an edition that would go out, as it is shown to staff."""
    examined = _emails_to_check(newsroom, look, written)
    letters, posts, feeds, pages, others = [], [], [], [], []
    for one in sorted(written, key=lambda one: _sort_key(look, one.rendition)):
        channel, kind = newsroom.channels[one.rendition.channel], one.rendition.media_type.partition(";")[0]
        if channel.personal:
            letters.append(_email_preview(newsroom, look, one, one.rendition.key in examined))
        elif kind in _FEEDS:
            feeds.append(_feed_preview(newsroom, one))
        elif kind == "text/plain":
            posts.append(_post_preview(newsroom, look.edition, channel, one))
        elif kind == "text/html":
            pages.append(_published_page(one))
        else:
            others.append(_other_preview(one))
    fault = ""
    if not pages:
        pages, fault = _page_preview(newsroom, look.edition)
    newsletter = newsroom.settings.newsletters.get(look.edition.newsletter)
    return EditionPreview(
        name=name,
        title=newsletter.title if newsletter else look.edition.newsletter,
        site=newsroom.settings.site.title,
        subject=look.edition.subject,
        limit=MAX_ENCODED_SIZE,
        facts=look.facts,
        notes=look.notes,
        letters=tuple(letters),
        posts=tuple(posts),
        feeds=tuple(feeds),
        others=tuple(others),
        pages=tuple(pages),
        page_fault=fault,
    )


def _sort_key(look: PreviewInput, rendition: Rendition) -> tuple[bool, int]:
    """Where it stands on the page among its kind: the whole edition's letter first, then those of most readers."""
    crowd = (look.recipients_by_variant or {}).get(rendition.variant)
    return rendition.variant != "digest", -crowd.size if crowd else 0


def _emails_to_check(newsroom: Newsroom, look: PreviewInput, written: Sequence[RenditionFiles]) -> frozenset[str]:
    """The keys of the letters to examine: those that the gate looks at, and those that stand in frames.

    An edition of many cohorts has hundreds; each takes more than 50 ms.
    """
    mine = [one.rendition for one in written if newsroom.channels[one.rendition.channel].personal]
    chosen = sorted(mine, key=lambda one: _sort_key(look, one))[:MAX_FRAMES]
    for name in dict.fromkeys(one.channel for one in mine):
        ours = [one for one in mine if one.channel == name]
        chosen += sorted(ours, key=lambda one: (one.variant != "digest", -len(one.body)))[: preflight_gate.MAX_EMAILS]
    return frozenset(one.key for one in chosen)


def _email_preview(newsroom: Newsroom, look: PreviewInput, one: RenditionFiles, examined: bool) -> EmailPreview:
    opened = parse_message(one.body)
    crowd = (
        None
        if look.recipients_by_variant is None
        else look.recipients_by_variant.get(one.rendition.variant, EmailRecipients(size=0))
    )
    fields = [(name, decode_field(value) or unfold_field(value)) for name, value in opened.fields]
    known = {name.lower(): value for name, value in reversed(fields)}
    sender = known.get("from", "")
    order = {name: place for place, name in enumerate(_HEADER_ORDER)}
    return EmailPreview(
        name=f"{one.rendition.channel}/{one.rendition.variant}",
        subject=known.get("subject", ""),
        sender=parseaddr(sender)[0] or sender,
        preheader=opened.page.preheader()[:MAX_PREHEADER] if opened.page else "",
        html=opened.html,
        text=opened.text,
        html_size=len(opened.html.encode("utf-8", "replace")),
        encoded_size=opened.encoded,
        message_size=len(one.body),
        headers=tuple(sorted(fields, key=lambda field: order.get(field[0].lower(), len(order)))),
        examined=examined,
        findings=_check_email(newsroom, look.edition, one) if examined else (),
        readers=crowd.size if crowd else None,
        topics=crowd.topics if crowd else (),
        files=one.paths,
    )


def _check_email(newsroom: Newsroom, edition: Edition, one: RenditionFiles) -> tuple[PreviewFinding, ...]:
    """What preflight says of the very bytes, and what of it would hold the edition.

    They are examined as of the day that they were made on: an edition of old is not reproached with its age.
    """
    site = newsroom.settings.site
    hosts = frozenset({host_of(site.url), host_of(site.links_url)})
    seen = check_message(one.body, CheckContext(subject=one.rendition.title, now=edition.frozen_at, hosts=hosts))
    found = preflight_gate.with_keys(newsroom, edition, seen, one.rendition.channel)
    held = preflight_gate.list_blocking(newsroom, found)
    return tuple(_preview_finding(finding, finding in held) for finding in found)


def _preview_finding(found: Finding, blocks: bool) -> PreviewFinding:
    return PreviewFinding(
        check=found.check, blocks=blocks, message=found.message, where=found.place, rule=CHECKS[found.check].sentence
    )


def _post_preview(newsroom: Newsroom, edition: Edition, channel: Channel, one: RenditionFiles) -> PostPreview:
    rendition = one.rendition
    shown, limits = channel.appearance(rendition), channel.limits
    article = next(
        (article for article in edition.carried if article.id == (rendition.article or rendition.variant)), None
    )
    return PostPreview(
        channel=rendition.channel,
        title=rendition.title,
        appearance=shown,
        length=limits.measure(shown.text),
        limit=limits.text,
        action=rendition.action.value,
        card=_link_card(newsroom, edition, article, shown.text) if shown.card != "none" else None,
        file="".join(one.paths[:1]),
    )


def _link_card(newsroom: Newsroom, edition: Edition, article: Article | None, text: str) -> LinkCard | None:
    url = find_card_link(text, article.url if article else "")
    if not url or article is None or url != article.url:
        return LinkCard(url=url) if url else None
    about = article_view(article, edition.language, newsroom.settings.site.timezone)
    picture = about.image
    return LinkCard(
        url=url,
        title=about.title,
        lead=about.lead,
        picture=picture.url if picture else "",
        alt=(picture.alt or picture.caption) if picture else "",
    )


def _feed_preview(newsroom: Newsroom, one: RenditionFiles) -> FeedPreview:
    rendition, zone = one.rendition, newsroom.settings.site.timezone

    def date(written: str) -> str:
        moment: datetime | None = parse_date(written, zone)
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else written

    try:
        entries, fault = read_feed(FetchedDocument(url="", body=one.body, media_type=rendition.media_type)), ""
    except ValueError as error:
        entries, fault = (), str(error)
    return FeedPreview(
        channel=rendition.channel,
        title=rendition.title,
        file="".join(one.paths[:1]),
        size=len(one.body),
        entries=tuple(
            FeedEntryPreview(title=entry.title, url=entry.url, date=date(entry.published))
            for entry in entries[:MAX_FEED_ENTRIES]
        ),
        total=len(entries),
        fault=fault,
    )


def _other_preview(one: RenditionFiles) -> OtherPreview:
    try:
        text = one.body.decode()
    except UnicodeDecodeError:
        text = ""
    return OtherPreview(
        channel=one.rendition.channel,
        title=one.rendition.title or one.rendition.variant,
        media_type=one.rendition.media_type,
        file="".join(one.paths[:1]),
        size=len(one.body),
        text=text[:MAX_TEXT] + ("…" if len(text) > MAX_TEXT else ""),
    )


def _published_page(one: RenditionFiles) -> WebPagePreview:
    title = one.rendition.title or one.rendition.variant
    return WebPagePreview(title=title, html=one.body.decode(errors="replace"), file="".join(one.paths[:1]))


def _page_preview(newsroom: Newsroom, edition: Edition) -> tuple[list[WebPagePreview], str]:
    """The web copy of an edition of which no channel carries one, or why there is none.

    What fails here goes nowhere, and hides nothing else from staff.
    """
    newsletter = newsroom.settings.newsletters.get(edition.newsletter)
    if newsletter is None:
        return [], f"config.yaml has no newsletter {edition.newsletter} any more"
    settings = RenderSettings(
        site=newsroom.settings.site,
        newsletter=newsletter,
        zone=newsroom.zone(newsletter),
        templates=newsroom.templates,
    )
    try:
        page = render_edition_page(edition, settings)
    except RenderError as error:
        return [], str(error)
    return [WebPagePreview(title=edition.subject, html=page)], ""
