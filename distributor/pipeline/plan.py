"""What an edition would be: selected, divided among its readers, rendered. Nothing is written."""

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
from ..delivery.article_reach import parts_with_article
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.attribution import assign_articles
from ..editions.build import EditionContents, add_test_mark, alert_slot, build_edition, format_subject
from ..editions.review import find_hold_reason
from ..editions.segments import AnnouncedArticle, Preference, Segmentation, build_segments
from ..editions.selection import ArticleDecision, ArticleStatus, Selection, select_articles
from ..editions.snapshot import Snapshot, take_snapshot
from ..errors import RenderError
from ..model import Article, Edition, EditionKind, Notice, Rendition
from ..newsroom import Newsroom
from ..preflight.findings import Finding
from ..rendering.context import RenderContext
from ..rendering.views import all_with_notices
from ..storage.database import Database
from ..subscribers import recipients
from ..subscribers.recipients import EPOCH, FREQUENCIES, EditionRecipients, RecipientQuery, build_edition_recipients

MIN_FEED_ARTICLES = 100  # articles that a context holds for feeds, unless a channel shows more
_INSTANT = timedelta(microseconds=1)
_USUAL = {EditionKind.DAILY: timedelta(days=1), EditionKind.WEEKLY: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class EditionPlan:
    """What an edition would be. `edition` is None where there is none; `selection.reason` says why.

    `renditions` are the bytes that would go out; `division` says which readers get which letter, `over_cap` how many get
    none today because they have had enough; `left_out` is how many of its articles a channel does not carry because of
    its cap. `due` is when a draft is released. `notes` tell how letters were shortened, and what they had to do without.
    `findings` are what preflight says of its letters, `held` why it may not go out as it is, `forced` the checks that
    staff have forced. `rests_on` is what must still be so when it is written down. `had` counts the readers of an alert
    who have its article already, from the editions `had_in`.
    """

    newsletter: Newsletter
    selection: Selection
    edition: Edition | None = None
    renditions: tuple[Rendition, ...] = ()
    segmentation: Segmentation = Segmentation()
    readers: EditionRecipients | None = None
    over_cap: int = 0
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
        """How many subscribers get a letter."""
        return self.segmentation.size


def plan_digest(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    slot: str,
    now: datetime,
    only: Sequence[str] = (),
    due: datetime | None = None,
) -> EditionPlan:
    """The next digest. `only` names channels; all of the newsletter's if empty."""
    with database.read(long=True) as connection:
        rests_on = take_snapshot(connection, newsletter.id)
        selection = select_articles(newsletter, article_status.list_candidates(connection, newsletter.id), now)
        if not selection.chosen:
            return EditionPlan(newsletter, selection, based_on=rests_on)
        edition = _build_numbered(
            newsroom,
            connection,
            newsletter,
            _with_images(newsroom, EditionContents.of(selection)),
            EditionKind.DIGEST,
            slot,
            now,
            due,
        )
        proposal = compose_edition(newsroom, connection, newsletter, edition, only, day=due)
    return replace(proposal, selection=selection, due=due, based_on=rests_on)


def plan_alert(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    article: Article,
    now: datetime,
    *,
    missed: bool = False,
) -> EditionPlan:
    """An edition of one urgent article, for all readers; none where the article may not go out now. `missed` leaves out
    the readers who have it from another letter already, and whatever is not written to people."""
    only = newsletter.alerts.channels if newsletter.alerts else ()
    if missed:
        letters = [name for name, channel in newsroom.newsletter_channels(newsletter).items() if channel.personal]
        only = tuple(name for name in letters if not only or name in only) or ("-",)
    with database.read(long=True) as connection:
        rests_on = take_snapshot(connection, newsletter.id)
        (today,) = article_status.load_candidates(connection, newsletter.id, [article])
        reason = find_hold_reason(today, now)
        if reason:
            return EditionPlan(newsletter, Selection((), f"{article.id} is {reason}"), based_on=rests_on)
        contents = _with_images(newsroom, EditionContents((article,)))
        edition = _build_numbered(
            newsroom, connection, newsletter, contents, EditionKind.ALERT, alert_slot(article.id), now
        )
        with_it = parts_with_article(connection, newsletter.id, article.id)
        order = _recipient_query(newsroom, connection, newsletter, EditionKind.ALERT, now)
        had = recipients.count_already_received(connection, order, with_it)
        proposal = compose_edition(newsroom, connection, newsletter, edition, only, without=with_it if missed else {})
        proposal = replace(proposal, already_had=had, already_had_in=tuple(with_it))
        if missed and not proposal.audience:
            nobody = Selection((), "everybody whom it is for has it already")
            return EditionPlan(newsletter, nobody, already_had=had, already_had_in=tuple(with_it), based_on=rests_on)
        known = article_status.is_any_decided(connection, newsletter.id, [article])
    # An article that the newsletter has announced already stays announced; staff have asked for the alert all the same.
    choices = () if known else (ArticleDecision(article, ArticleStatus.ALERTED, "sent at once as an alert"),)
    return replace(proposal, selection=Selection(choices), based_on=rests_on)


def plan_roundup(
    newsroom: Newsroom, database: Database, newsletter: Newsletter, kind: EditionKind, slot: str, now: datetime
) -> EditionPlan:
    """One letter of everything since the last one, for readers who chose a letter a day or a week."""
    with database.read(long=True) as connection:
        rests_on = take_snapshot(connection, newsletter.id)
        order = _recipient_query(newsroom, connection, newsletter, kind, now)
        enough = recipients.count_over_cap(connection, order)
        if not enough and not recipients.has_recipients(connection, order):
            return EditionPlan(newsletter, Selection((), edition_repository.NO_SUBSCRIBERS), based_on=rests_on)
        reach = min(filter(None, (recipients.earliest_catch_up_start(connection, order), order.start)))
        pool = article_status.list_announced_since(connection, newsletter.id, reach)
        image_service = newsroom.image_service()
        pool = (
            [replace(one, article=image_service.attach_images(one.article)) for one in pool] if image_service else pool
        )
        if not any(one.at > order.start for one in pool):
            return EditionPlan(newsletter, Selection((), edition_repository.NOTHING_ANNOUNCED), based_on=rests_on)
        usual = [one.article for one in pool if one.at > order.start]
        contents = EditionContents(tuple(usual[: newsletter.max_articles]), tuple(usual[newsletter.max_articles :]))
        edition = _build_numbered(newsroom, connection, newsletter, contents, kind, slot, now)
        only = [name for name, channel in newsroom.newsletter_channels(newsletter).items() if channel.personal]
        proposal = compose_edition(newsroom, connection, newsletter, edition, only or ["-"], pool)
    if proposal.audience:
        return replace(proposal, based_on=rests_on)
    # Where the cap is the reason nothing counts as paid, and the next letter reaches further back.
    reason = edition_repository.DAILY_LIMIT_REACHED if enough else edition_repository.NO_MATCHING_TOPICS
    return EditionPlan(newsletter, Selection((), reason), over_cap=enough, based_on=rests_on)


def _with_images(newsroom: Newsroom, contents: EditionContents) -> EditionContents:
    """With the pictures that are ready."""
    image_service = newsroom.image_service()
    if image_service is None:
        return contents
    return replace(
        contents,
        articles=tuple(map(image_service.attach_images, contents.articles)),
        briefs=tuple(map(image_service.attach_images, contents.briefs)),
    )


def _build_numbered(
    newsroom: Newsroom,
    connection: Connection,
    newsletter: Newsletter,
    contents: EditionContents,
    kind: EditionKind,
    slot: str,
    now: datetime,
    due: datetime | None = None,
) -> Edition:
    number = edition_repository.next_number(connection, newsletter.id, kind)
    return build_edition(newsroom.settings, newsletter, contents, kind=kind, slot=slot, number=number, now=now, due=due)


# -- composing ---------------------------------------------------------------------------------------------------------


def compose_edition(
    newsroom: Newsroom,
    connection: Connection,
    newsletter: Newsletter,
    edition: Edition,
    only: Sequence[str] = (),
    pool: Sequence[AnnouncedArticle] | None = None,
    day: datetime | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> EditionPlan:
    """Divide an edition among its readers and render it for all its channels.

    `pool` is what readers may be owed, where it is known already; `day` is when it will be out, for its subjects. Readers
    who hold a letter of `without`, variants by edition, are left out.
    """
    channels = {
        name: channel for name, channel in newsroom.newsletter_channels(newsletter).items() if not only or name in only
    }
    division, readers, enough = Segmentation(), None, 0
    if any(channel.personal for channel in channels.values()):
        order = _recipient_query(newsroom, connection, newsletter, edition.kind, edition.frozen_at)
        order = replace(order, without=tuple((id, tuple(variants)) for id, variants in (without or {}).items()))
        if pool is None:
            pool = _list_eligible(connection, order, edition)
        order = replace(order, alerts=_alerts(connection, order, edition, pool))
        preferences = recipients.count_by_preference(connection, order)
        division = _build_segments(
            newsroom, newsletter, edition, pool, preferences, order.start, day or edition.frozen_at
        )
        readers, enough = build_edition_recipients(order, division), recipients.count_over_cap(connection, order)
    context = build_render_context(newsroom, connection, newsletter, edition, now=edition.frozen_at)
    context = replace(context, web_url=next(filter(None, (one.web_view_url(edition) for one in channels.values())), ""))
    told = _posts_by_alerts(connection, newsletter, edition)
    renditions = [
        rendition
        for channel in channels.values()
        for rendition in render_channel(channel, edition, division, context)
        if (rendition.channel, rendition.article) not in told
    ]
    caps = {name: channel.limits.per_run for name, channel in channels.items()}
    left_out = {name: len(edition.articles) - cap for name, cap in caps.items() if cap and len(edition.articles) > cap}
    return EditionPlan(
        newsletter,
        Selection(()),
        edition,
        tuple(renditions),
        division,
        readers,
        over_cap=enough,
        notes=tuple(dict.fromkeys(context.notes)),
        left_out=left_out,
    )


def render_channel(
    channel: Channel, edition: Edition, division: Segmentation, context: RenderContext
) -> list[Rendition]:
    """All that a channel carries of an edition: to people, a letter for each cohort beside that of the whole."""
    made = list(channel.compose(edition, context))
    if channel.personal:
        for cohort in division.segments:
            if cohort.edition.segment:
                made += channel.compose(cohort.edition, context)
    twice = [variant for variant, number in Counter(one.variant for one in made).items() if number > 1]
    if twice:
        raise RenderError(f"channel {channel.name} makes two renditions of one name: {twice[0]}")
    return assign_articles(channel, edition, made)


def _recipient_query(
    newsroom: Newsroom, connection: Connection, newsletter: Newsletter, kind: EditionKind, now: datetime
) -> RecipientQuery:
    """Whom an edition of this kind is for, now."""
    if kind is EditionKind.ALERT:
        return RecipientQuery(newsletter=newsletter.id, frequency=None, start=now - _INSTANT, last=now)
    midnight = datetime.combine(
        now.astimezone(newsroom.settings.site.timezone), time(), newsroom.settings.site.timezone
    )
    order = RecipientQuery(
        newsletter=newsletter.id,
        frequency=FREQUENCIES[kind],
        start=now - _INSTANT,
        last=edition_repository.last_frozen(connection, newsletter.id, kind) or EPOCH,
        cap=newsroom.settings.max_emails_per_day,
        day=midnight,
    )
    return replace(order, start=_usual_start(connection, order, kind, now)) if kind in _USUAL else order


def _usual_start(connection: Connection, order: RecipientQuery, kind: EditionKind, now: datetime) -> datetime:
    """When the usual share of a daily or weekly letter begins: with the last one. The very first has what was announced
    in the day or week before it, and further back all since the first of its readers came."""
    last = edition_repository.find_caught_up_until(connection, order.newsletter, kind)
    if last:
        return last
    first_reader = recipients.earliest_join_time(connection, order)
    return min(filter(None, (now - _USUAL[kind], first_reader)))


def _list_eligible(connection: Connection, order: RecipientQuery, edition: Edition) -> list[AnnouncedArticle]:
    """What readers of a digest or an alert may be owed: the edition itself, and earlier ones that somebody is owed."""
    own = [AnnouncedArticle(article, edition.frozen_at) for article in edition.carried]
    debt = recipients.earliest_catch_up_start(connection, order) if edition.kind is EditionKind.DIGEST else None
    if debt is None:
        return own
    ids = {article.id for article in edition.carried}
    earlier = article_status.list_announced_since(connection, order.newsletter, debt)
    return own + [one for one in earlier if one.article.id not in ids]


def _alerts(
    connection: Connection, order: RecipientQuery, edition: Edition, pool: Sequence[AnnouncedArticle]
) -> tuple[tuple[str, str], ...]:
    """The alerts that the edition repeats, as (edition, article)."""
    if edition.kind is EditionKind.ALERT:
        return ()
    sent = article_status.find_alerts(connection, order.newsletter, [one.article.id for one in pool])
    return tuple(sorted((alert, article) for article, alert in sent.items()))


def _build_segments(
    newsroom: Newsroom,
    newsletter: Newsletter,
    edition: Edition,
    pool: Sequence[AnnouncedArticle],
    preferences: Sequence[Preference],
    start: datetime,
    day: datetime,
) -> Segmentation:
    local = day.astimezone(newsroom.zone(newsletter))

    def words(articles: Sequence[Article]) -> str:
        return add_test_mark(
            newsroom.settings, format_subject(newsletter, articles, edition.language, local, edition.kind)
        )

    return build_segments(
        edition,
        pool,
        preferences,
        start=start,
        maximum=newsletter.max_articles,
        mark_known=bool(newsletter.alerts and newsletter.alerts.in_digest == "mark"),
        subject=words,
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
        for channel, told in edition_repository.list_rendition_articles(connection, alert)
        if told == article
    }


def build_render_context(
    newsroom: Newsroom,
    connection: Connection,
    newsletter: Newsletter,
    edition: Edition | None = None,
    notices: Mapping[str, Sequence[Notice]] | None = None,
    *,
    now: datetime,
) -> RenderContext:
    """What channels compose with: the newest articles of the newsletter and of the store, as values.

    What still waits for its time at `now` is not among them.
    What was corrected or withdrawn carries its notes; `notices` are such as the store does not know yet.
    """
    image_cache = max([MIN_FEED_ARTICLES, *(channel.max_articles for channel in newsroom.channels.values())])
    announced = article_status.list_announced(connection, newsletter.id, image_cache)
    if edition:
        fresh = {article.id for article in edition.carried}
        announced = [*edition.carried, *(article for article in announced if article.id not in fresh)][:image_cache]
    published = article_repository.list_visible_articles(connection, image_cache, now)
    said = load_notices(connection, [*announced, *published], notices)
    language, zone = newsroom.language(newsletter), newsroom.zone(newsletter)
    return RenderContext(
        site=newsroom.settings.site,
        newsletter=newsletter,
        announced=all_with_notices(announced, said, language, zone),
        published=all_with_notices(published, said, language, zone),
        templates=newsroom.templates,
        language=language,
        zone=zone,
    )


def load_notices(
    connection: Connection, articles: Sequence[Article], fresh: Mapping[str, Sequence[Notice]] | None = None
) -> dict[str, list[Notice]]:
    """The notes that articles carry, with those that are about to be written."""
    said = notice_book.notices_of_articles(connection, list({article.id for article in articles}))
    for article, more in (fresh or {}).items():
        said[article] = [*said.get(article, []), *more]
    return said
