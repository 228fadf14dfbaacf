"""What an edition would be: selected, divided among its readers, rendered. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from sqlalchemy import Connection

from ..channel import Channel
from ..config import Newsletter
from ..delivery import audience
from ..delivery.audience import BEGINNING, FREQUENCIES, Order, Readers, readers_of
from ..delivery.reach import letters_with
from ..editions import book, items
from ..editions.attribution import attributed
from ..editions.basis import Basis, basis
from ..editions.cohorts import Announced, Division, Taste, divide
from ..editions.freezing import Contents, alert_slot, freeze, marked, subject
from ..editions.review import kept_back
from ..editions.selection import Choice, Selection, Verdict, select
from ..errors import RenderError
from ..gathering import archive
from ..gathering import notices as notice_book
from ..model import Article, Edition, EditionKind, Notice, Rendition
from ..newsroom import Newsroom
from ..preflight.findings import Finding
from ..rendering.desk import RenderingDesk
from ..rendering.notices import all_with_notices
from ..storage.database import Database

SHELF = 100  # articles that a desk has at hand for feeds, unless a channel shows more
_INSTANT = timedelta(microseconds=1)
_USUAL = {EditionKind.DAILY: timedelta(days=1), EditionKind.WEEKLY: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Proposal:
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
    division: Division = Division()
    readers: Readers | None = None
    over_cap: int = 0
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    due: datetime | None = None
    findings: tuple[Finding, ...] = ()
    held: str = ""
    forced: tuple[str, ...] = ()
    rests_on: Basis | None = None
    had: int = 0
    had_in: tuple[str, ...] = ()

    @property
    def audience(self) -> int:
        """How many subscribers get a letter."""
        return self.division.size


def propose(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    slot: str,
    now: datetime,
    only: Sequence[str] = (),
    due: datetime | None = None,
) -> Proposal:
    """The next digest. `only` names channels; all of the newsletter's if empty."""
    with database.read(long=True) as connection:
        rests_on = basis(connection, newsletter.id)
        selection = select(newsletter, items.candidates(connection, newsletter.id), now)
        if not selection.chosen:
            return Proposal(newsletter, selection, rests_on=rests_on)
        edition = _frozen(
            newsroom,
            connection,
            newsletter,
            _dressed(newsroom, Contents.of(selection)),
            EditionKind.DIGEST,
            slot,
            now,
            due,
        )
        proposal = compose(newsroom, connection, newsletter, edition, only, day=due)
    return replace(proposal, selection=selection, due=due, rests_on=rests_on)


def propose_alert(
    newsroom: Newsroom,
    database: Database,
    newsletter: Newsletter,
    article: Article,
    now: datetime,
    *,
    missed: bool = False,
) -> Proposal:
    """An edition of one urgent article, for all readers; none where the article may not go out now. `missed` leaves out
    the readers who have it from another letter already, and whatever is not written to people."""
    only = newsletter.alerts.channels if newsletter.alerts else ()
    if missed:
        letters = [name for name, channel in newsroom.carriers(newsletter).items() if channel.personal]
        only = tuple(name for name in letters if not only or name in only) or ("-",)
    with database.read(long=True) as connection:
        rests_on = basis(connection, newsletter.id)
        (today,) = items.as_candidates(connection, newsletter.id, [article])
        reason = kept_back(today, now)
        if reason:
            return Proposal(newsletter, Selection((), f"{article.id} is {reason}"), rests_on=rests_on)
        contents = _dressed(newsroom, Contents((article,)))
        edition = _frozen(newsroom, connection, newsletter, contents, EditionKind.ALERT, alert_slot(article.id), now)
        with_it = letters_with(connection, newsletter.id, article.id)
        order = _order(newsroom, connection, newsletter, EditionKind.ALERT, now)
        had = audience.holding(connection, order, with_it)
        proposal = compose(newsroom, connection, newsletter, edition, only, without=with_it if missed else {})
        proposal = replace(proposal, had=had, had_in=tuple(with_it))
        if missed and not proposal.audience:
            nobody = Selection((), "everybody whom it is for has it already")
            return Proposal(newsletter, nobody, had=had, had_in=tuple(with_it), rests_on=rests_on)
        known = items.decided(connection, newsletter.id, [article])
    # An article that the newsletter has announced already stays announced; staff have asked for the alert all the same.
    choices = () if known else (Choice(article, Verdict.ALERTED, "sent at once as an alert"),)
    return replace(proposal, selection=Selection(choices), rests_on=rests_on)


def propose_roundup(
    newsroom: Newsroom, database: Database, newsletter: Newsletter, kind: EditionKind, slot: str, now: datetime
) -> Proposal:
    """One letter of everything since the last one, for readers who chose a letter a day or a week."""
    with database.read(long=True) as connection:
        rests_on = basis(connection, newsletter.id)
        order = _order(newsroom, connection, newsletter, kind, now)
        enough = audience.over_cap(connection, order)
        if not enough and not audience.anybody(connection, order):
            return Proposal(newsletter, Selection((), book.NOBODY), rests_on=rests_on)
        reach = min(filter(None, (audience.oldest_debt(connection, order), order.start)))
        pool = items.announced_since(connection, newsletter.id, reach)
        studio = newsroom.studio()
        pool = [replace(one, article=studio.dress(one.article)) for one in pool] if studio else pool
        if not any(one.at > order.start for one in pool):
            return Proposal(newsletter, Selection((), book.NOTHING), rests_on=rests_on)
        usual = [one.article for one in pool if one.at > order.start]
        contents = Contents(tuple(usual[: newsletter.maximum]), tuple(usual[newsletter.maximum :]))
        edition = _frozen(newsroom, connection, newsletter, contents, kind, slot, now)
        only = [name for name, channel in newsroom.carriers(newsletter).items() if channel.personal]
        proposal = compose(newsroom, connection, newsletter, edition, only or ["-"], pool)
    if proposal.audience:
        return replace(proposal, rests_on=rests_on)
    # Where the cap is the reason nothing counts as paid, and the next letter reaches further back.
    reason = book.ENOUGH if enough else book.NOT_THEIRS
    return Proposal(newsletter, Selection((), reason), over_cap=enough, rests_on=rests_on)


def _dressed(newsroom: Newsroom, contents: Contents) -> Contents:
    """With the pictures that are ready."""
    studio = newsroom.studio()
    if studio is None:
        return contents
    return replace(
        contents, articles=tuple(map(studio.dress, contents.articles)), briefs=tuple(map(studio.dress, contents.briefs))
    )


def _frozen(
    newsroom: Newsroom,
    connection: Connection,
    newsletter: Newsletter,
    contents: Contents,
    kind: EditionKind,
    slot: str,
    now: datetime,
    due: datetime | None = None,
) -> Edition:
    number = book.next_number(connection, newsletter.id, kind)
    return freeze(newsroom.settings, newsletter, contents, kind=kind, slot=slot, number=number, now=now, due=due)


# -- composing ---------------------------------------------------------------------------------------------------------


def compose(
    newsroom: Newsroom,
    connection: Connection,
    newsletter: Newsletter,
    edition: Edition,
    only: Sequence[str] = (),
    pool: Sequence[Announced] | None = None,
    day: datetime | None = None,
    without: Mapping[str, Sequence[str]] | None = None,
) -> Proposal:
    """Divide an edition among its readers and render it for all its channels.

    `pool` is what readers may be owed, where it is known already; `day` is when it will be out, for its subjects. Readers
    who hold a letter of `without`, variants by edition, are left out.
    """
    carriers = {name: channel for name, channel in newsroom.carriers(newsletter).items() if not only or name in only}
    division, readers, enough = Division(), None, 0
    if any(channel.personal for channel in carriers.values()):
        order = _order(newsroom, connection, newsletter, edition.kind, edition.frozen_at)
        order = replace(order, without=tuple((id, tuple(variants)) for id, variants in (without or {}).items()))
        if pool is None:
            pool = _pool(connection, order, edition)
        order = replace(order, alerts=_alerts(connection, order, edition, pool))
        tastes = audience.census(connection, order)
        division = _divide(newsroom, newsletter, edition, pool, tastes, order.start, day or edition.frozen_at)
        readers, enough = readers_of(order, division), audience.over_cap(connection, order)
    desk = desk_for(newsroom, connection, newsletter, edition, now=edition.frozen_at)
    desk = replace(desk, web_url=next(filter(None, (one.web_copy(edition) for one in carriers.values())), ""))
    told = _told_before(connection, newsletter, edition)
    renditions = [
        rendition
        for channel in carriers.values()
        for rendition in render(channel, edition, division, desk)
        if (rendition.channel, rendition.article) not in told
    ]
    caps = {name: channel.limits.per_run for name, channel in carriers.items()}
    left_out = {name: len(edition.articles) - cap for name, cap in caps.items() if cap and len(edition.articles) > cap}
    return Proposal(
        newsletter,
        Selection(()),
        edition,
        tuple(renditions),
        division,
        readers,
        over_cap=enough,
        notes=tuple(dict.fromkeys(desk.notes)),
        left_out=left_out,
    )


def render(channel: Channel, edition: Edition, division: Division, desk: RenderingDesk) -> list[Rendition]:
    """All that a channel carries of an edition: to people, a letter for each cohort beside that of the whole."""
    made = list(channel.compose(edition, desk))
    if channel.personal:
        for cohort in division.cohorts:
            if cohort.edition.cohort:
                made += channel.compose(cohort.edition, desk)
    twice = [variant for variant, number in Counter(one.variant for one in made).items() if number > 1]
    if twice:
        raise RenderError(f"channel {channel.name} makes two renditions of one name: {twice[0]}")
    return attributed(channel, edition, made)


def _order(
    newsroom: Newsroom, connection: Connection, newsletter: Newsletter, kind: EditionKind, now: datetime
) -> Order:
    """Whom an edition of this kind is for, now."""
    if kind is EditionKind.ALERT:
        return Order(newsletter=newsletter.id, frequency=None, start=now - _INSTANT, last=now)
    midnight = datetime.combine(
        now.astimezone(newsroom.settings.site.timezone), time(), newsroom.settings.site.timezone
    )
    order = Order(
        newsletter=newsletter.id,
        frequency=FREQUENCIES[kind],
        start=now - _INSTANT,
        last=book.last_frozen(connection, newsletter.id, kind) or BEGINNING,
        cap=newsroom.settings.mails_per_day,
        day=midnight,
    )
    return replace(order, start=_begin(connection, order, kind, now)) if kind in _USUAL else order


def _begin(connection: Connection, order: Order, kind: EditionKind, now: datetime) -> datetime:
    """When the usual share of a daily or weekly letter begins: with the last one. The very first has what was announced
    in the day or week before it, and further back all since the first of its readers came."""
    last = book.last_paid(connection, order.newsletter, kind)
    if last:
        return last
    first_reader = audience.first_joined(connection, order)
    return min(filter(None, (now - _USUAL[kind], first_reader)))


def _pool(connection: Connection, order: Order, edition: Edition) -> list[Announced]:
    """What readers of a digest or an alert may be owed: the edition itself, and earlier ones that somebody is owed."""
    own = [Announced(article, edition.frozen_at) for article in edition.carried]
    debt = audience.oldest_debt(connection, order) if edition.kind is EditionKind.DIGEST else None
    if debt is None:
        return own
    ids = {article.id for article in edition.carried}
    earlier = items.announced_since(connection, order.newsletter, debt)
    return own + [one for one in earlier if one.article.id not in ids]


def _alerts(
    connection: Connection, order: Order, edition: Edition, pool: Sequence[Announced]
) -> tuple[tuple[str, str], ...]:
    """The alerts that the edition repeats, as (edition, article)."""
    if edition.kind is EditionKind.ALERT:
        return ()
    sent = items.alerts_of(connection, order.newsletter, [one.article.id for one in pool])
    return tuple(sorted((alert, article) for article, alert in sent.items()))


def _divide(
    newsroom: Newsroom,
    newsletter: Newsletter,
    edition: Edition,
    pool: Sequence[Announced],
    tastes: Sequence[Taste],
    start: datetime,
    day: datetime,
) -> Division:
    local = day.astimezone(newsroom.zone(newsletter))

    def words(articles: Sequence[Article]) -> str:
        return marked(newsroom.settings, subject(newsletter, articles, edition.language, local, edition.kind))

    return divide(
        edition,
        pool,
        tastes,
        start=start,
        maximum=newsletter.maximum,
        mark_known=bool(newsletter.alerts and newsletter.alerts.in_digest == "mark"),
        subject=words,
        everything=edition.kind is EditionKind.ALERT,
    )


def _told_before(connection: Connection, newsletter: Newsletter, edition: Edition) -> set[tuple[str, str]]:
    """The posts that alerts have made of this edition's articles: (channel, article)."""
    if edition.kind is not EditionKind.DIGEST:
        return set()
    sent = items.alerts_of(connection, newsletter.id, [article.id for article in edition.carried])
    return {
        (channel, article)
        for article, alert in sent.items()
        for channel, told in book.articles_told(connection, alert)
        if told == article
    }


def desk_for(
    newsroom: Newsroom,
    connection: Connection,
    newsletter: Newsletter,
    edition: Edition | None = None,
    notices: Mapping[str, Sequence[Notice]] | None = None,
    *,
    now: datetime,
) -> RenderingDesk:
    """What channels compose with: the newest articles of the newsletter and of the store, as values.

    What still waits for its time at `now` is not among them.
    What was corrected or withdrawn carries its notes; `notices` are such as the store does not know yet.
    """
    shelf = max([SHELF, *(channel.most_articles for channel in newsroom.channels.values())])
    announced = items.announced(connection, newsletter.id, shelf)
    if edition:
        fresh = {article.id for article in edition.carried}
        announced = [*edition.carried, *(article for article in announced if article.id not in fresh)][:shelf]
    published = archive.shown(connection, shelf, now)
    said = notices_of(connection, [*announced, *published], notices)
    language, zone = newsroom.language(newsletter), newsroom.zone(newsletter)
    return RenderingDesk(
        site=newsroom.settings.site,
        newsletter=newsletter,
        announced=all_with_notices(announced, said, language, zone),
        published=all_with_notices(published, said, language, zone),
        templates=newsroom.templates,
        language=language,
        zone=zone,
    )


def notices_of(
    connection: Connection, articles: Sequence[Article], fresh: Mapping[str, Sequence[Notice]] | None = None
) -> dict[str, list[Notice]]:
    """The notes that articles carry, with those that are about to be written."""
    said = notice_book.of(connection, list({article.id for article in articles}))
    for article, more in (fresh or {}).items():
        said[article] = [*said.get(article, []), *more]
    return said
