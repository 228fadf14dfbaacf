"""What an edition of any kind would be: its articles, its recipients, its renditions. Nothing is written.

request ──▶ material (by kind) ──▶ edition ──▶ composed for its channels ──▶ plan
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..channel import Channel
from ..config.schema import Newsletter
from ..delivery.article_reach import parts_with_article
from ..editions import article_status
from ..editions import repository as edition_repository
from ..editions.build import EditionContents, alert_slot, manual_slot
from ..editions.review import find_hold_reason
from ..editions.segments import AnnouncedArticle
from ..editions.selection import ArticleDecision, ArticleStatus, Selection, select_articles
from ..editions.snapshot import take_snapshot
from ..editorial import EditorWords
from ..model import Article, EditionKind
from ..newsroom import Newsroom
from ..preflight.findings import Finding
from ..storage.database import Database
from ..subscribers import recipients
from .compose import (
    CompositionScope,
    EditionPlan,
    NewsletterContext,
    build_next_edition,
    build_recipient_query,
    compose_edition,
)


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step of the pipeline works with: a newsroom and its store, at one time, and who asked for it."""

    newsroom: Newsroom
    database: Database
    now: datetime
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRequest:
    """An edition that is asked for.

    `slot` names the planned slot that it answers; None where it is sent by hand, or as an alert of one `article`.
    `channels` are those that carry it; None means all of the newsletter. With `missed_only` only subscribers get it who
    have no email with its article. With `due` it becomes a draft, which is released then at the earliest. `findings` are
    what preflight found before (links that are dead), `forced` the checks that do not hold it. `words` are what an editor
    says in it; a `test` is a copy for staff, and its subject says so.
    """

    newsletter: Newsletter
    kind: EditionKind = EditionKind.DIGEST
    slot: str | None = None
    article: Article | None = None
    channels: Sequence[str] | None = None
    missed_only: bool = False
    due: datetime | None = None
    findings: Sequence[Finding] = ()
    forced: Sequence[str] = ()
    words: EditorWords = EditorWords()
    test: bool = False

    @classmethod
    def for_alert(
        cls,
        newsletter: Newsletter,
        article: Article,
        *,
        missed_only: bool = False,
        forced: Sequence[str] = (),
        words: EditorWords = EditorWords(),
    ) -> EditionRequest:
        """An article sent at once, on the channels that the newsletter names for alerts."""
        channels = (newsletter.alerts.channels if newsletter.alerts else ()) or None
        return cls(
            newsletter=newsletter,
            kind=EditionKind.ALERT,
            article=article,
            channels=channels,
            missed_only=missed_only,
            forced=forced,
            words=words,
        )

    @property
    def personal_only(self) -> bool:
        """Whether nothing but emails is made of it."""
        return self.missed_only or self.kind in (EditionKind.DAILY, EditionKind.WEEKLY)


def slot_name(context: StepContext, request: EditionRequest) -> str:
    """The slot under which a request is decided: no two editions of a newsletter have the same."""
    if request.slot is not None:
        return request.slot
    if request.article:
        return alert_slot(request.article.id)
    return manual_slot(context.now, context.newsroom.zone(request.newsletter))


def plan_edition(context: StepContext, request: EditionRequest) -> EditionPlan:
    """What would go out. There is no edition where its kind finds no material, or where it would reach nobody."""
    newsletter = request.newsletter
    with context.database.read(long=True) as connection:
        based_on = take_snapshot(connection, newsletter.id)
        here = NewsletterContext(context.newsroom, connection, newsletter, context.now)
        material = _MATERIALS[request.kind](here, request)
        if material.contents is None:
            return EditionPlan(newsletter, material.selection, based_on=based_on)
        edition = build_next_edition(
            here,
            material.contents,
            request.kind,
            slot_name(context, request),
            due=request.due,
            words=request.words,
            test=request.test,
        )
        scope = CompositionScope(
            channels=_channels(context.newsroom, request),
            pool=material.pool,
            test=request.test,
            without=material.received if request.missed_only else {},
        )
        plan = compose_edition(here, edition, scope)
    if material.if_nobody and not plan.audience:
        plan = EditionPlan(newsletter, Selection((), material.if_nobody), over_cap=plan.over_cap)
    else:
        plan = replace(plan, selection=material.selection, due=request.due)
    return replace(plan, based_on=based_on, already_had=material.already_had, already_had_in=tuple(material.received))


def _channels(newsroom: Newsroom, request: EditionRequest) -> dict[str, Channel]:
    """The channels that carry what is asked for."""
    return {
        name: channel
        for name, channel in newsroom.newsletter_channels(request.newsletter).items()
        if (request.channels is None or name in request.channels) and (channel.personal or not request.personal_only)
    }


# -- what each kind is made of -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionMaterial:
    """What an edition is made of. Without `contents` there is none, and `selection.reason` says why.

    `pool` is what its subscribers may be owed, where that is more than the edition. `received` are the emails that hold
    its article already, variants by edition, and `already_had` counts who has them. `if_nobody` is why there is no edition
    where no subscriber would get it; empty where there is one all the same.
    """

    selection: Selection = Selection(())
    contents: EditionContents | None = None
    pool: Sequence[AnnouncedArticle] | None = None
    received: Mapping[str, Sequence[str]] = field(default_factory=dict)
    already_had: int = 0
    if_nobody: str = ""


def _digest_material(context: NewsletterContext, request: EditionRequest) -> EditionMaterial:
    """What the newsletter has not decided about for good."""
    candidates = article_status.list_candidates(context.connection, context.newsletter.id)
    selection = select_articles(context.newsletter, candidates, context.now, context.newsroom.zone(context.newsletter))
    contents = EditionContents.of(selection) if selection.chosen else None
    return EditionMaterial(selection=selection, contents=contents)


def _alert_material(context: NewsletterContext, request: EditionRequest) -> EditionMaterial:
    """One urgent article, for all subscribers; nothing where it may not go out now."""
    connection, newsletter, article = context.connection, context.newsletter, request.article
    assert article is not None
    (today,) = article_status.load_candidates(connection, newsletter.id, [article])
    if reason := find_hold_reason(today, context.now, context.newsroom.zone(newsletter)):
        return EditionMaterial(selection=Selection((), f"{article.id} is {reason}"))
    received = parts_with_article(connection, newsletter.id, article.id)
    query = build_recipient_query(context, EditionKind.ALERT)
    # An article that the newsletter has announced already stays announced; staff have asked for the alert all the same.
    known = article_status.is_any_decided(connection, newsletter.id, [article])
    choices = () if known else (ArticleDecision(article, ArticleStatus.ALERTED, "sent at once as an alert"),)
    return EditionMaterial(
        selection=Selection(choices),
        contents=EditionContents((article,)),
        received=received,
        already_had=recipients.count_already_received(connection, query, received),
        if_nobody="everybody whom it is for has it already" if request.missed_only else "",
    )


def _roundup_material(context: NewsletterContext, request: EditionRequest) -> EditionMaterial:
    """Everything announced since the last one, for subscribers who chose one email a day or a week."""
    connection, newsletter = context.connection, context.newsletter
    query = build_recipient_query(context, request.kind)
    over_cap = recipients.count_over_cap(connection, query)
    if not over_cap and not recipients.has_recipients(connection, query):
        return EditionMaterial(selection=Selection((), edition_repository.NO_SUBSCRIBERS))
    reach = min(filter(None, (recipients.earliest_catch_up_start(connection, query), query.start)))
    pool = article_status.list_announced_since(connection, newsletter.id, reach)
    usual = [one.article for one in pool if one.at > query.start]
    if not usual:
        return EditionMaterial(selection=Selection((), edition_repository.NOTHING_ANNOUNCED))
    if images := context.newsroom.images:
        pool = [replace(one, article=images.attach(one.article)) for one in pool]
    # Where the cap is the reason nothing counts as paid, and the next email reaches further back.
    return EditionMaterial(
        contents=EditionContents(tuple(usual[: newsletter.max_articles]), tuple(usual[newsletter.max_articles :])),
        pool=pool,
        if_nobody=edition_repository.DAILY_LIMIT_REACHED if over_cap else edition_repository.NO_MATCHING_TOPICS,
    )


_MATERIALS: Mapping[EditionKind, Callable[[NewsletterContext, EditionRequest], EditionMaterial]] = {
    EditionKind.DIGEST: _digest_material,
    EditionKind.ALERT: _alert_material,
    EditionKind.DAILY: _roundup_material,
    EditionKind.WEEKLY: _roundup_material,
}
