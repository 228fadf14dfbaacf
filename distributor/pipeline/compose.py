"""An edition composed: divided among its subscribers, and rendered for its channels. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from ..articles import corrections as notice_book
from ..articles import repository as article_repository
from ..channel import Channel
from ..config.schema import Newsletter
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.build import EditionContents, EditionKey, SubjectWriter, build_edition
from ..editions.segments import AnnouncedArticle, Segmentation, build_segments
from ..editions.selection import Selection
from ..editions.snapshot import Snapshot
from ..editorial import EditorWords
from ..errors import RenderError
from ..model import Article, Edition, EditionKind, Notice, Rendition
from ..newsroom import Newsroom
from ..preflight.findings import Finding
from ..rendering.context import RenderContext, SiteRenderContext
from ..rendering.page_frame import localized
from ..rendering.views import all_with_notices
from ..subscribers import recipients
from ..subscribers.recipients import (
    EPOCH,
    FREQUENCIES,
    CorrectionRecipients,
    EditionRecipients,
    RecipientQuery,
    build_edition_recipients,
)

MIN_FEED_ARTICLES = 100  # articles that a context holds for feeds, unless a channel shows more
_INSTANT = timedelta(microseconds=1)
_USUAL = {EditionKind.DAILY: timedelta(days=1), EditionKind.WEEKLY: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class EditionPlan:
    """What an edition would be. `edition` is None where there is none; `selection.reason` says why.

    `renditions` are the bytes that would go out; `segmentation` says which subscribers get which email, `over_cap` how
    many get none today because they have had enough, `outside_audience` how many subscribers are not in the audience of the
    newsletter; `left_out` is how many of its articles a channel does not carry
    because of its cap. `due` is when a draft is released. `notes` tell how emails were shortened, and what they lack.
    `findings` are what preflight says of its emails, `held` why it may not go out as it is, `forced` the checks that
    staff have forced. `based_on` is what must still be so when it is written down. `already_had` counts the recipients
    of an alert who have its article already, from the editions `already_had_in`.
    """

    newsletter: Newsletter
    selection: Selection
    edition: Edition | None = None
    renditions: tuple[Rendition, ...] = ()
    segmentation: Segmentation = Segmentation()
    readers: EditionRecipients | CorrectionRecipients | None = None
    over_cap: int = 0
    outside_audience: int = 0
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    due: datetime | None = None
    findings: tuple[Finding, ...] = ()
    held: str = ""
    forced: tuple[str, ...] = ()
    based_on: Snapshot | None = None
    already_had: int = 0
    already_had_in: tuple[str, ...] = ()

    @property
    def audience(self) -> int:
        """How many subscribers get an email."""
        return self.segmentation.size


@dataclass(frozen=True, slots=True)
class NewsletterContext:
    """One newsletter in one transaction, at one time: what planning and composing read."""

    newsroom: Newsroom
    connection: Connection
    newsletter: Newsletter
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionScope:
    """The channels that carry an edition, and whom it is for.

    `pool` is what subscribers may be owed, where it is known already; subjects are marked in a `test`. Who holds an email of
    `without`, variants by edition, is left out.
    """

    channels: Mapping[str, Channel]
    pool: Sequence[AnnouncedArticle] | None = None
    test: bool = False
    without: Mapping[str, Sequence[str]] = field(default_factory=dict)


def build_next_edition(
    context: NewsletterContext,
    contents: EditionContents,
    kind: EditionKind,
    slot: str,
    *,
    due: datetime | None = None,
    words: EditorWords = EditorWords(),
    test: bool = False,
) -> Edition:
    """The edition that answers a slot, under the next number of its kind, with the images that are ready."""
    number = edition_repository.next_number(context.connection, context.newsletter.id, kind)
    key = EditionKey(kind=kind, slot=slot, number=number, frozen_at=context.now, due=due, words=words, test=test)
    settings = context.newsroom.settings
    return build_edition(settings, context.newsletter, _with_images(context.newsroom, contents), key)


def _with_images(newsroom: Newsroom, contents: EditionContents) -> EditionContents:
    """With the images that are ready."""
    images = newsroom.images
    if images is None:
        return contents
    return replace(
        contents,
        articles=tuple(map(images.attach, contents.articles)),
        briefs=tuple(map(images.attach, contents.briefs)),
    )


def compose_edition(context: NewsletterContext, edition: Edition, scope: CompositionScope) -> EditionPlan:
    """Divide an edition among its subscribers and render it for its channels."""
    connection, newsletter, channels = context.connection, context.newsletter, scope.channels
    segmentation, readers, over_cap, outside = Segmentation(), None, 0, 0
    if any(channel.personal for channel in channels.values()):
        query = build_recipient_query(context, edition.kind, edition.id)
        query = replace(query, without=tuple((id, tuple(variants)) for id, variants in scope.without.items()))
        pool = _list_eligible(connection, query, edition) if scope.pool is None else scope.pool
        query = replace(query, alerts=_alerts(connection, query, edition, pool))
        segmentation = _build_segments(context, edition, replace(scope, pool=pool), query)
        readers = build_edition_recipients(query, segmentation)
        over_cap = recipients.count_over_cap(connection, query)
        outside = recipients.count_outside_audience(connection, query)
    render_context = build_render_context(context, edition)
    render_context = replace(render_context, web_url=_web_url(context, edition, channels))
    posted = _posts_by_alerts(connection, newsletter, edition)
    renditions = [
        rendition
        for channel in channels.values()
        for rendition in render_channel(channel, edition, segmentation, render_context)
        if (rendition.channel, rendition.article) not in posted
    ]
    caps = {name: channel.limits.per_run for name, channel in channels.items()}
    left_out = {name: len(edition.articles) - cap for name, cap in caps.items() if cap and len(edition.articles) > cap}
    return EditionPlan(
        newsletter,
        Selection(()),
        edition,
        tuple(renditions),
        segmentation,
        readers,
        over_cap=over_cap,
        outside_audience=outside,
        notes=tuple(dict.fromkeys(render_context.notes)),
        left_out=left_out,
    )


def _web_url(context: NewsletterContext, edition: Edition, channels: Mapping[str, Channel]) -> str:
    """Where the edition can be seen in a browser: where a channel puts it, or else in the archive of the web pages."""
    own = next(filter(None, (one.web_view_url(edition) for one in channels.values())), "")
    settings = context.newsroom.settings
    if own or settings.web is None or not context.newsletter.on_the_web:
        return own
    return f"{settings.links_url}/archive/{edition.newsletter}/{edition.id}"


def _subscribe_url(newsroom: Newsroom, newsletter: Newsletter) -> str:
    """Where somebody to whom an email was forwarded subscribes; empty without web pages."""
    settings = newsroom.settings
    if settings.web is None or not newsletter.on_the_web:
        return ""
    path = localized(f"/n/{newsletter.id}/subscribe", newsroom.language(newsletter), settings.site.language)
    return f"{settings.links_url}{path}"


def render_channel(
    channel: Channel, edition: Edition, segmentation: Segmentation, context: RenderContext
) -> list[Rendition]:
    """All that a channel carries of an edition: to subscribers, an email for each segment beside that of the whole."""
    made = channel.renditions(edition, context)
    if channel.personal:
        for segment in segmentation.segments:
            if segment.edition.segment:
                made += channel.renditions(segment.edition, context)
    twice = [variant for variant, number in Counter(one.variant for one in made).items() if number > 1]
    if twice:
        raise RenderError(f"channel {channel.name} makes two renditions of one name: {twice[0]}")
    return made


def build_recipient_query(context: NewsletterContext, kind: EditionKind, edition_id: str = "") -> RecipientQuery:
    """Whom an edition of this kind is for, now; or a draft that was frozen then, and is frozen anew."""
    settings, newsletter, now = context.newsroom.settings, context.newsletter, context.now
    audience = context.newsroom.audiences.get(newsletter.id)
    if kind is EditionKind.ALERT:
        return RecipientQuery(
            newsletter=newsletter.id, at=now, frequency=None, start=now - _INSTANT, last=now, audience=audience
        )
    zone = settings.site.timezone
    query = RecipientQuery(
        newsletter=newsletter.id,
        at=now,
        frequency=FREQUENCIES[kind],
        start=now - _INSTANT,
        last=edition_repository.last_frozen(context.connection, newsletter.id, kind, (edition_id, now)) or EPOCH,
        cap=settings.max_emails_per_day,
        day=datetime.combine(now.astimezone(zone), time(), zone),
        audience=audience,
    )
    return replace(query, start=_usual_start(context.connection, query, kind, now)) if kind in _USUAL else query


def _usual_start(connection: Connection, query: RecipientQuery, kind: EditionKind, now: datetime) -> datetime:
    """When the usual share of a daily or weekly email begins: with the last one. The very first has what was announced
    in the day or week before it, and further back all since the first of its subscribers came."""
    last = edition_repository.find_caught_up_until(connection, query.newsletter, kind)
    if last:
        return last
    first_reader = recipients.earliest_join_time(connection, query)
    return min(filter(None, (now - _USUAL[kind], first_reader)))


def _list_eligible(connection: Connection, query: RecipientQuery, edition: Edition) -> list[AnnouncedArticle]:
    """What subscribers of a digest or an alert may be owed: the edition itself, and earlier ones that somebody is owed."""
    own = [AnnouncedArticle(article, edition.frozen_at) for article in edition.carried]
    debt = recipients.earliest_catch_up_start(connection, query) if edition.kind is EditionKind.DIGEST else None
    if debt is None:
        return own
    ids = {article.id for article in edition.carried}
    earlier = article_status.list_announced_since(connection, query.newsletter, debt)
    return own + [one for one in earlier if one.article.id not in ids]


def _alerts(
    connection: Connection, query: RecipientQuery, edition: Edition, pool: Sequence[AnnouncedArticle]
) -> tuple[tuple[str, str], ...]:
    """The alerts that the edition repeats, as (edition, article)."""
    if edition.kind is EditionKind.ALERT:
        return ()
    sent = article_status.find_alerts(connection, query.newsletter, [one.article.id for one in pool])
    return tuple(sorted((alert, article) for article, alert in sent.items()))


def _build_segments(
    context: NewsletterContext, edition: Edition, scope: CompositionScope, query: RecipientQuery
) -> Segmentation:
    newsletter = context.newsletter
    writer = SubjectWriter.of(context.newsroom.settings, newsletter, edition, test=scope.test)
    return build_segments(
        edition,
        scope.pool or (),
        recipients.count_by_preference(context.connection, query),
        start=query.start,
        maximum=newsletter.max_articles,
        mark_known=bool(newsletter.alerts and newsletter.alerts.in_digest == "mark"),
        subject=writer.subject,
        everything=edition.kind is EditionKind.ALERT,
    )


def _posts_by_alerts(connection: Connection, newsletter: Newsletter, edition: Edition) -> set[tuple[str, str]]:
    """The posts that alerts have made of this edition's articles: (channel, article)."""
    if edition.kind is not EditionKind.DIGEST:
        return set()
    sent = article_status.find_alerts(connection, newsletter.id, [article.id for article in edition.carried])
    return {
        (channel, article)
        for article, alert in sent.items()
        for channel, about in edition_repository.list_rendition_articles(connection, alert)
        if about == article
    }


def build_render_context(
    context: NewsletterContext,
    edition: Edition | None = None,
    notices: Mapping[str, Sequence[Notice]] | None = None,
) -> RenderContext:
    """What channels compose with: the newest articles of the newsletter and of the store, as values.

    What still waits for its time is not among them. What was corrected or withdrawn carries its notes; `notices` are such
    as the store does not know yet.
    """
    newsroom, connection, newsletter = context.newsroom, context.connection, context.newsletter
    limit = _feed_length(newsroom)
    announced = article_status.list_announced(connection, newsletter.id, limit)
    if edition:
        fresh = {article.id for article in edition.carried}
        announced = [*edition.carried, *(article for article in announced if article.id not in fresh)][:limit]
    published = article_repository.list_visible_articles(connection, limit, context.now)
    known = load_notices(connection, [*announced, *published], notices)
    language, zone = newsroom.language(newsletter), newsroom.zone(newsletter)
    return RenderContext(
        site=newsroom.settings.site,
        newsletter=newsletter,
        announced=all_with_notices(announced, known, language, zone, newsroom.settings.texts),
        published=all_with_notices(published, known, language, zone, newsroom.settings.texts),
        templates=newsroom.templates,
        texts=newsroom.settings.texts,
        has_preferences=newsroom.settings.web is not None,
        subscribe_url=_subscribe_url(newsroom, newsletter),
        language=language,
        zone=zone,
        attributes=tuple(newsroom.settings.attributes),
    )


def build_site_context(newsroom: Newsroom, connection: Connection, now: datetime) -> SiteRenderContext:
    """What channels show of all articles with, whatever the newsletter."""
    site = newsroom.settings.site
    published = article_repository.list_visible_articles(connection, _feed_length(newsroom), now)
    known = load_notices(connection, published)
    return SiteRenderContext(
        site=site,
        published=all_with_notices(published, known, site.language, site.timezone, newsroom.settings.texts),
        templates=newsroom.templates,
        texts=newsroom.settings.texts,
        language=site.language,
        zone=site.timezone,
    )


def _feed_length(newsroom: Newsroom) -> int:
    """How many articles a context holds: as many as the channel that shows most."""
    return max([MIN_FEED_ARTICLES, *(channel.max_articles for channel in newsroom.channels.values())])


def load_notices(
    connection: Connection, articles: Sequence[Article], fresh: Mapping[str, Sequence[Notice]] | None = None
) -> dict[str, list[Notice]]:
    """The notes that articles carry, with those that are about to be written."""
    notices = notice_book.notices_of_articles(connection, list({article.id for article in articles}))
    for article, more in (fresh or {}).items():
        notices[article] = [*notices.get(article, []), *more]
    return notices
