"""Corrections and withdrawals of articles that are out: first a plan that staff can read, then an edition of its own.

A correction is an edition like any other, so it is frozen, enqueued and delivered through the ledger and goes on after
a crash. It is made once: what says the same of the same version of an article as its last notice is that notice. Its
renditions replace the feeds, change or delete posts, and email, if staff wish, the subscribers whose own email
carried the article, and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from ..articles import corrections, flags, search_index
from ..articles import repository as article_repository
from ..articles.corrections import NoticeRecord
from ..articles.flags import ArticleFlag
from ..config.schema import Newsletter
from ..delivery import pruning, queries
from ..delivery.article_posts import ArticlePost, list_posts
from ..delivery.control import close_post
from ..editions import article_status
from ..editions import coverage as edition_coverage
from ..editions import repository as edition_repository
from ..editions.build import EditionContents, EditionKey, build_edition
from ..editions.selection import Selection
from ..editions.snapshot import Snapshot, take_snapshot
from ..errors import UserError
from ..model import Article, Edition, EditionKind, Notice, NoticeKind
from ..newsroom import Newsroom
from ..preflight.wording import check_wording
from ..rendering.views import with_notices
from ..storage.database import Database
from ..storage.rows import skip_damaged
from ..subscribers import recipients
from ..subscribers.recipients import CorrectionRecipients
from . import preflight_gate
from .compose import EditionPlan, NewsletterContext, build_render_context, load_notices
from .correction_plan import CorrectionPlanner
from .deliver import check_may_send
from .plan import EditionRequest
from .publish import add_findings, save_plan


@dataclass(frozen=True, slots=True)
class NewsletterCorrection:
    """What is to be done in one newsletter.

    `plan` is its edition, held where preflight blocks its note or its emails. `posts` are what there is of the article,
    `give_up` those that are not out yet and stay so. `lines` say it all in words, what cannot be done as well.
    """

    plan: EditionPlan
    posts: tuple[ArticlePost, ...]
    give_up: tuple[ArticlePost, ...]
    lines: tuple[str, ...]

    @property
    def newsletter(self) -> Newsletter:
        return self.plan.newsletter

    @property
    def edition(self) -> Edition:
        assert self.plan.edition is not None
        return self.plan.edition


@dataclass(frozen=True, slots=True)
class CorrectionPlan:
    """What a correction would do, newsletter by newsletter. `forced` are the checks that its letters need not pass;
    `rests_on` is what must still be so when it is done, by newsletter.

    `decided` is the notice that says this already of the same version of the article, with `editions` as what was made
    of it: `parts` hold then only what it has left undone (emails that were not wanted before, an edition that was
    cancelled), mostly nothing.
    """

    article: Article
    notice: Notice
    at: datetime
    parts: tuple[NewsletterCorrection, ...] = field(default_factory=tuple)
    decided: NoticeRecord | None = None
    editions: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    based_on: Mapping[str, Snapshot] = field(default_factory=dict)


def plan_correction(
    newsroom: Newsroom,
    database: Database,
    article_id: str,
    notice: Notice,
    *,
    mail: bool,
    forced: Sequence[str] = (),
    again: bool = False,
) -> CorrectionPlan:
    """What it would take to correct an article, or to withdraw it, wherever it has gone out. Nothing is written.

    `mail` emails the subscribers whose own email carried it. A notice without words says what the last one of the same
    kind said of the same version, so that it cannot replace it; `again` does once more what was decided already. Raises
    UserError where there is no such article, where a correction is asked for of one that was withdrawn, and for a forced
    name that is no check.
    """
    with database.read(long=True) as connection:
        rests_on = {name: take_snapshot(connection, name) for name in newsroom.settings.newsletters}
        article, notice, last = _find_and_check(connection, article_id, notice)
        decided = last if last and not again and _is_decided(connection, article, last, notice) else None
        asked = _CorrectionRequest(
            article, decided.notice if decided else notice, decided.number if decided else 0, mail
        )
        parts: list[NewsletterCorrection] = []
        made: list[str] = []
        for newsletter in newsroom.settings.newsletters.values():
            if not _has_announced(connection, newsletter, article, decided):
                continue
            before = edition_repository.list_editions_of_slot(connection, newsletter.id, asked.slot) if decided else []
            made += before
            here = NewsletterContext(newsroom, connection, newsletter, notice.at)
            if not before:
                parts.append(_plan_newsletter(here, asked))
            elif mail and not queries.has_personal_deliveries(connection, before):
                part = _plan_newsletter(here, asked, emails_only=True)
                parts += [part] if part.plan.renditions else []
    examined = tuple(_with_findings(newsroom, part, notice.at, forced) for part in parts)
    return CorrectionPlan(article, asked.notice, notice.at, examined, decided, tuple(made), tuple(forced), rests_on)


def _find_and_check(
    connection: Connection, article_id: str, notice: Notice
) -> tuple[Article, Notice, NoticeRecord | None]:
    """The article, the notice with its words, and the last notice of that article. Raises UserError."""
    article = article_repository.find_article(connection, article_id)
    if article is None:
        raise UserError(f"there is no article {article_id!r}; `distributor articles` lists them")
    last = corrections.find_latest_notice(connection, article_id)
    if last and last.notice.kind is NoticeKind.WITHDRAWAL and notice.kind is NoticeKind.CORRECTION:
        raise UserError(f"{article_id} has been withdrawn: there is nothing to correct")
    if last and not notice.note and (last.notice.kind, last.version) == (notice.kind, article.version):
        notice = replace(notice, note=last.notice.note)
    return article, notice, last


def _is_decided(connection: Connection, article: Article, last: NoticeRecord, notice: Notice) -> bool:
    """Whether the last notice of an article says what is asked for, and still holds: staff may have released an article
    that was withdrawn."""
    if not last.says(notice, article.version):
        return False
    still_out = ArticleFlag.WITHDRAWN not in flags.flags_of_articles(connection, [article.id]).get(article.id, {})
    return not (notice.kind is NoticeKind.WITHDRAWAL and still_out)


def _with_findings(
    newsroom: Newsroom, part: NewsletterCorrection, now: datetime, forced: Sequence[str]
) -> NewsletterCorrection:
    """A part with what preflight says of its emails."""
    request = EditionRequest(newsletter=part.newsletter, kind=EditionKind.CORRECTION, forced=forced)
    plan = add_findings(newsroom, part.plan, request, now)
    blocked = (f"preflight blocks it: {plan.held}",) if plan.held else ()
    return replace(part, plan=plan, lines=(*part.lines, *blocked))


def apply_correction(
    newsroom: Newsroom, database: Database, plan: CorrectionPlan, by: str, *, reason: str = ""
) -> list[str]:
    """Do what a plan says: all of it is enqueued in one transaction; returns the ids of the editions made of it. What was
    decided already is neither recorded nor enqueued again.

    Raises UserError, with nothing done, where preflight blocks its note or an email of it, and where something has gone out
    or was changed since the plan was made.
    """
    findings = [one for part in plan.parts if part.plan.held for one in part.plan.findings]
    said = [] if plan.decided and not plan.parts else list(check_wording(plan.notice.note, "the note"))
    if blocked := preflight_gate.list_blocking(newsroom, [*said, *findings], plan.forced):
        if blocked[0] in said:
            raise UserError(
                f"nothing was done: the note does not pass {blocked[0].check}: {blocked[0].message}; "
                f"--force {blocked[0].check} shows it all the same"
            )
        raise UserError(
            f"nothing was done: its emails do not pass {blocked[0].check}; --force {blocked[0].check} sends them all "
            "the same, and without --mail no email is sent"
        )
    now = plan.at
    check_may_send(newsroom, database, now)
    with database.write(long=True) as connection:
        if _is_outdated(connection, plan):
            raise UserError(
                "something has gone out or was changed since this plan was made: nothing was done; do it again to see "
                "what it would do now"
            )
        if plan.decided is None:
            corrections.add_notice(connection, plan.article.id, plan.notice, plan.article.version, by)
            _index_corrected(newsroom, connection, plan.article)
        if plan.decided is None and plan.notice.kind is NoticeKind.WITHDRAWAL:
            flags.set_flag(
                connection, plan.article.id, ArticleFlag.WITHDRAWN, reason=reason or "by staff", by=by, now=now
            )
        for part in plan.parts:
            for post in part.give_up:
                reply = f"given up: {part.edition.subject}"
                close_post(connection, post.edition, post.channel, post.variant, reply, now, look=post.begun)
            if part.plan.renditions:
                save_plan(newsroom, connection, part.plan, by)
    return [part.edition.id for part in plan.parts if part.plan.renditions]


def _index_corrected(newsroom: Newsroom, connection: Connection, article: Article) -> None:
    """Let the search find what is shown of an article from now on."""
    if search_index.list_missing(connection, [article.id]):
        return
    site, said = newsroom.settings.site, corrections.notices_of_articles(connection, [article.id])
    shown = with_notices(article, said[article.id], site.language, site.timezone, newsroom.settings.texts)
    search_index.index_articles(connection, [shown])


def _is_outdated(connection: Connection, plan: CorrectionPlan) -> bool:
    """Whether the world is another one than the plan was made for: what is out, and how its posts stand."""
    if any(take_snapshot(connection, name) != before for name, before in plan.based_on.items()):
        return True
    return any(tuple(list_posts(connection, part.newsletter.id, plan.article.id)) != part.posts for part in plan.parts)


# -- planning ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _CorrectionRequest:
    """What is to be said of an article. `number` is that of the notice where it is written down already, else 0; `mail`
    says whether to write to those whose email carried it."""

    article: Article
    notice: Notice
    number: int
    mail: bool

    @property
    def slot(self) -> str:
        return f"correction-{self.article.id}-{self.number}"


def _has_announced(
    connection: Connection, newsletter: Newsletter, article: Article, decided: NoticeRecord | None
) -> bool:
    """Whether a newsletter has announced it, and before what was decided: what came later carried the notice itself."""
    return any(
        item.newsletter == newsletter.id and item.edition and (not decided or item.decided_at <= decided.notice.at)
        for item in article_status.list_by_article(connection, article.id)
    )


def _plan_newsletter(
    context: NewsletterContext, asked: _CorrectionRequest, *, emails_only: bool = False
) -> NewsletterCorrection:
    newsroom, connection, newsletter = context.newsroom, context.connection, context.newsletter
    article, notice = asked.article, asked.notice
    fresh = {} if asked.number else {article.id: [notice]}
    said = load_notices(connection, [article], fresh)[article.id]
    slot = replace(asked, number=asked.number or len(said)).slot
    settings, zone = newsroom.settings, newsroom.zone(newsletter)
    shown = with_notices(article, said, newsroom.language(newsletter), zone, settings.texts)
    key = EditionKey(
        kind=EditionKind.CORRECTION,
        slot=edition_repository.find_free_slot(connection, newsletter.id, slot),
        number=edition_repository.next_number(connection, newsletter.id, EditionKind.CORRECTION),
        frozen_at=context.now,
        withdrawn=notice.kind is NoticeKind.WITHDRAWAL,
    )
    edition = build_edition(settings, newsletter, EditionContents((article,)), key)
    carried, carried_at = edition_coverage.find_emails_with(connection, newsletter.id, article)
    edition = replace(edition, articles=(shown,), notice=notice, carried_at=carried_at)
    email = replace(edition, articles=(article,))  # the email says itself what was wrong
    render_context = build_render_context(context, notices=fresh)
    corrected = _corrected_editions(connection, newsletter, article, shown)
    render_context = replace(render_context, corrected=tuple(corrected))
    work = CorrectionPlanner(connection, edition, notice, list(list_posts(connection, newsletter.id, article.id)))
    holders = CorrectionRecipients(carried)
    for channel in newsroom.newsletter_channels(newsletter).values():
        if channel.personal:
            work.emails(
                channel,
                channel.renditions(email, render_context),
                recipients.count_correction_recipients(connection, holders),
                asked.mail,
            )
        elif emails_only:
            continue
        elif channel.latest_only:
            work.replace(channel, channel.renditions(edition, render_context))
        else:
            work.posts(channel, channel.renditions(edition, render_context))
    unsent = {} if emails_only else queries.count_unsent(connection, carried)
    work.still_to_go(unsent, pruning.list_pruned(connection, carried))
    made, readers = tuple(work.renditions), holders if asked.mail else None
    plan = EditionPlan(newsletter, Selection(()), edition, made, readers=readers)
    return NewsletterCorrection(plan, tuple(work.known), tuple(work.give_up), tuple(work.lines))


def _corrected_editions(
    connection: Connection, newsletter: Newsletter, article: Article, shown: Article
) -> Iterator[Edition]:
    """The editions that carried an article, with what is to be shown of it."""
    own = [
        item.edition
        for item in article_status.list_by_article(connection, article.id)
        if item.newsletter == newsletter.id
    ]
    for edition in skip_damaged([id for id in own if id], partial(edition_repository.find, connection)):
        if edition:

            def now(articles: Sequence[Article]) -> tuple[Article, ...]:
                return tuple(shown if one.id == article.id else one for one in articles)

            yield replace(edition, articles=now(edition.articles), briefs=now(edition.briefs))
