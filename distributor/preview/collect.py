"""Collects what the preview page shows of an edition: its bytes, parsed as mail programs and feed readers parse them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING

from ..channel import Appearance, Channel, Post
from ..content import POST_TYPE
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
    PostPicture,
    PostPreview,
    PreviewFinding,
    WebPagePreview,
    find_card_link,
)

if TYPE_CHECKING:
    from ..newsroom import Newsroom

_CARD_WIDTH = 500  # CSS pixels of the image of a link card
MAX_FEED_ENTRIES = 10  # shown of a feed
MAX_PREHEADER = 160  # characters shown beside the subject
MAX_TEXT = 20_000  # characters shown of other texts
_FEEDS = ("application/rss+xml", "application/atom+xml", "application/feed+json")
_HEADER_ORDER = ("from", "to", "reply-to", "subject", "date", "list-id", "list-unsubscribe", "list-unsubscribe-post")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRecipients:
    """The recipients of one email: how many, and the topics that they have chosen; empty for all topics."""

    size: int
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewInput:
    """An edition to preview. `recipients_by_variant` is None where the recipients are unknown."""

    edition: Edition
    renditions: tuple[Rendition, ...]
    recipients_by_variant: Mapping[str, EmailRecipients] | None = None
    facts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionFiles:
    """A rendition with the exact bytes that go out, those of a sample recipient where it is personal.

    `files` are paths beside the page and their contents.
    """

    rendition: Rendition
    body: bytes
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(path for path, _ in self.files)


def collect_preview(
    newsroom: Newsroom, name: str, preview: PreviewInput, written: Sequence[RenditionFiles]
) -> EditionPreview:
    """The preview of an edition: everything that would go out."""
    examined = _emails_to_check(newsroom, preview, written)
    emails, posts, feeds, pages, others = [], [], [], [], []
    for one in sorted(written, key=lambda one: _sort_key(preview, one.rendition)):
        channel, kind = newsroom.channels[one.rendition.channel], one.rendition.media_type.partition(";")[0]
        if channel.personal:
            emails.append(_email_preview(newsroom, preview, one, one.rendition.key in examined))
        elif kind in _FEEDS:
            feeds.append(_feed_preview(newsroom, one))
        elif kind == POST_TYPE:
            posts.append(_post_preview(newsroom, preview.edition, channel, one))
        elif kind == "text/html":
            pages.append(_published_page(one))
        else:
            others.append(_other_preview(one))
    fault = ""
    if not pages:
        pages, fault = _page_preview(newsroom, preview.edition)
    newsletter = newsroom.settings.newsletters.get(preview.edition.newsletter)
    return EditionPreview(
        name=name,
        title=newsletter.title if newsletter else preview.edition.newsletter,
        site=newsroom.settings.site.title,
        theme=newsroom.settings.site.theme,
        subject=preview.edition.subject,
        limit=MAX_ENCODED_SIZE,
        facts=preview.facts,
        notes=preview.notes,
        emails=tuple(emails),
        posts=tuple(posts),
        feeds=tuple(feeds),
        others=tuple(others),
        pages=tuple(pages),
        page_fault=fault,
    )


def _sort_key(preview: PreviewInput, rendition: Rendition) -> tuple[bool, int]:
    """The order on the page: first the email of the whole edition, then those with the most recipients."""
    recipients = (preview.recipients_by_variant or {}).get(rendition.variant)
    return rendition.variant != "digest", -recipients.size if recipients else 0


def _emails_to_check(newsroom: Newsroom, preview: PreviewInput, written: Sequence[RenditionFiles]) -> frozenset[str]:
    """The keys of the emails to check: those that the preflight gate checks, and those that are shown in frames.

    An edition of many segments has hundreds; each takes more than 50 ms.
    """
    mine = [one.rendition for one in written if newsroom.channels[one.rendition.channel].personal]
    chosen = sorted(mine, key=lambda one: _sort_key(preview, one))[:MAX_FRAMES]
    for name in dict.fromkeys(one.channel for one in mine):
        ours = [one for one in mine if one.channel == name]
        chosen += sorted(ours, key=lambda one: (one.variant != "digest", -len(one.body)))[: preflight_gate.MAX_EMAILS]
    return frozenset(one.key for one in chosen)


def _email_preview(newsroom: Newsroom, preview: PreviewInput, one: RenditionFiles, examined: bool) -> EmailPreview:
    message = parse_message(one.body)
    recipients = (
        None
        if preview.recipients_by_variant is None
        else preview.recipients_by_variant.get(one.rendition.variant, EmailRecipients(size=0))
    )
    fields = [(name, decode_field(value) or unfold_field(value)) for name, value in message.fields]
    known = {name.lower(): value for name, value in reversed(fields)}
    sender = known.get("from", "")
    order = {name: place for place, name in enumerate(_HEADER_ORDER)}
    return EmailPreview(
        name=f"{one.rendition.channel}/{one.rendition.variant}",
        subject=known.get("subject", ""),
        sender=parseaddr(sender)[0] or sender,
        preheader=message.page.preheader()[:MAX_PREHEADER] if message.page else "",
        html=message.html,
        text=message.text,
        html_size=len(message.html.encode("utf-8", "replace")),
        encoded_size=message.encoded,
        message_size=len(one.body),
        headers=tuple(sorted(fields, key=lambda field: order.get(field[0].lower(), len(order)))),
        examined=examined,
        findings=_check_email(newsroom, preview.edition, one) if examined else (),
        recipients=recipients.size if recipients else None,
        topics=recipients.topics if recipients else (),
        files=one.paths,
    )


def _check_email(newsroom: Newsroom, edition: Edition, one: RenditionFiles) -> tuple[PreviewFinding, ...]:
    """The findings of preflight on the exact bytes, and which of them would hold the edition.

    They are checked as of the time that the edition bears, so that an old edition gets no warning for its age.
    """
    settings = newsroom.settings
    hosts = frozenset({host_of(settings.site.url), host_of(settings.links_url)})
    seen = check_message(one.body, CheckContext(subject=one.rendition.title, now=edition.issued_at, hosts=hosts))
    found = preflight_gate.with_keys(newsroom, edition, seen, one.rendition.channel)
    held = preflight_gate.list_blocking(newsroom, found)
    return tuple(_preview_finding(finding, finding in held) for finding in found)


def _preview_finding(found: Finding, blocks: bool) -> PreviewFinding:
    return PreviewFinding(
        check=found.check, blocks=blocks, message=found.message, where=found.place, rule=CHECKS[found.check].sentence
    )


def _post_preview(newsroom: Newsroom, edition: Edition, channel: Channel, one: RenditionFiles) -> PostPreview:
    rendition, limits = one.rendition, channel.limits
    post = rendition.content
    assert isinstance(post, Post)
    shown = channel.appearance(post)
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
        picture=_picture(newsroom, edition, article, shown) if shown.picture != "none" else None,
        follows=bool(post.follows),
        file="".join(one.paths[:1]),
    )


def _link_card(newsroom: Newsroom, edition: Edition, article: Article | None, text: str) -> LinkCard | None:
    url = find_card_link(text, article.url if article else "")
    if not url or article is None or url != article.url:
        return LinkCard(url=url) if url else None
    about = article_view(article, edition.language, newsroom.settings.site.timezone)
    image = about.image
    return LinkCard(
        url=url,
        title=about.title,
        lead=about.lead,
        image=image.at(_CARD_WIDTH).url if image else "",
        alt=(image.alt or image.caption) if image else "",
    )


def _picture(newsroom: Newsroom, edition: Edition, article: Article | None, shown: Appearance) -> PostPicture | None:
    """The picture of a post: its article's, or the one that stands for it."""
    about = article_view(article, edition.language, newsroom.settings.site.timezone) if article else None
    if about and about.image and about.image.url:
        image = about.image
        return PostPicture(url=image.at(_CARD_WIDTH).url, alt=image.alt or image.caption)
    return PostPicture(url=shown.cover) if shown.cover else None


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
    """The web page of an edition that no channel carries one of, or why there is none.

    It is only shown to staff, so a fault here does not stop the preview.
    """
    newsletter = newsroom.settings.newsletters.get(edition.newsletter)
    if newsletter is None:
        return [], f"config.yaml no longer has a newsletter {edition.newsletter}"
    settings = RenderSettings(
        site=newsroom.settings.site,
        newsletter=newsletter,
        zone=newsroom.zone(newsletter),
        templates=newsroom.templates,
        texts=newsroom.settings.texts,
    )
    try:
        page = render_edition_page(edition, settings)
    except RenderError as error:
        return [], str(error)
    return [WebPagePreview(title=edition.subject, html=page)], ""
