"""Newsletters: what the next edition would be, sent now or as an alert, and their statistics."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from pydantic import Field
from sqlalchemy import Connection

from ... import pipeline
from ...api_access.tokens import ApiScope
from ...articles import flags
from ...articles import repository as article_repository
from ...articles.flags import ArticleFlag
from ...editions import repository as edition_repository
from ...editions.listing import list_editions_after
from ...model import Article, Language
from ...pipeline import EditionPlan, EditionRequest, StepContext
from ...subscribers.repository import count_by_newsletter
from ...subscribers.statistics import count_left, count_subscribed
from .editions import (
    EditionAnswer,
    EditionStatistics,
    PreflightAnswer,
    PreviewFormat,
    edition_answer,
    edition_statistics,
    preflight_answer,
    preview_answer,
)
from .problems import ApiProblem, invalid_field
from .route import ApiAnswer, ApiCall, ApiRoute, PathParameter
from .values import AnswerModel, CheckName, Moment, Name, RequestModel

_LATEST = 10  # editions in the statistics of a newsletter


class NewsletterAnswer(AnswerModel):
    """A newsletter."""

    id: str
    title: str
    description: str
    language: Language
    schedule: list[str]
    channels: list[str]
    subscribers: int


class NewsletterList(AnswerModel):
    """All newsletters that the token sees."""

    items: list[NewsletterAnswer]


class NextArticle(AnswerModel):
    """An article of the next edition."""

    id: str
    title: str


class NextEdition(AnswerModel):
    """What would be sent now. Without articles, `reason` says why nothing would."""

    subject: str | None
    articles: list[NextArticle]
    recipients: int
    reason: str
    preflight: PreflightAnswer | None


class SendRequest(RequestModel):
    """How a newsletter is sent now."""

    channels: list[Name] = Field(default=[], max_length=50, description="channels that carry it; all if empty")
    force: list[CheckName] = Field(default=[], max_length=20, description="preflight checks that do not hold it")


class AlertRequest(RequestModel):
    """An article that is sent at once."""

    article: str = Field(min_length=1, max_length=16, description="our id of it", examples=["3f9a1c2e"])
    missed_only: bool = Field(default=False, description="only to subscribers who have not been sent it yet")
    force: list[CheckName] = Field(default=[], max_length=20, description="preflight checks that do not hold it")


class SendAnswer(AnswerModel):
    """What became of it. Without an edition, `reason` says why there is none."""

    edition: EditionAnswer | None
    reason: str
    held: str = Field(description="why preflight holds it until it is approved; empty if it goes out")
    recipients: int
    notes: list[str] = Field(description="what the recheck of its articles has found")


class NewsletterStatistics(AnswerModel):
    """How a newsletter does."""

    newsletter: str
    since: Moment = Field(description="the last 30 days")
    subscribers: int
    joined: int = Field(description="of the subscribers, those who have joined since then")
    left: int = Field(description="who have unsubscribed from it since then")
    editions: list[EditionStatistics] = Field(description="the latest ones")


def list_newsletters(call: ApiCall) -> ApiAnswer:
    newsroom = call.context.newsroom
    with call.context.database.read() as connection:
        counts = count_by_newsletter(connection)
    items = [
        NewsletterAnswer(
            id=one.id,
            title=one.title,
            description=one.description,
            language=newsroom.language(one),
            schedule=list(one.schedule),
            channels=list(one.channels),
            subscribers=counts.get(one.id, 0),
        )
        for one in newsroom.settings.newsletters.values()
        if call.token.may_see(one.id)
    ]
    return ApiAnswer(NewsletterList(items=items))


def show_next(call: ApiCall) -> ApiAnswer:
    plan, checked = _plan(call), None
    if plan.edition:
        checked = preflight_answer(call.context.newsroom, plan.edition, plan.renditions, call)
    articles = plan.edition.carried if plan.edition else ()
    answer = NextEdition(
        subject=plan.edition.subject if plan.edition else None,
        articles=[NextArticle(id=one.id, title=one.title) for one in articles],
        recipients=plan.audience if plan.edition else 0,
        reason=plan.selection.reason,
        preflight=checked,
    )
    return ApiAnswer(answer)


def preview_next(call: ApiCall) -> ApiAnswer:
    plan = _plan(call)
    if plan.edition is None:
        raise ApiProblem("conflict", f"there is nothing to send: {plan.selection.reason}")
    return preview_answer(call, plan.edition, plan.renditions)


def _plan(call: ApiCall) -> EditionPlan:
    """What would go out now, of the articles that have been taken in so far."""
    call.check_newsletter(call.path["newsletter"])
    newsletter = call.context.newsroom.newsletter(call.path["newsletter"])
    return pipeline.plan_edition(_step(call), EditionRequest(newsletter=newsletter))


def _step(call: ApiCall) -> StepContext:
    return StepContext(call.context.newsroom, call.context.database, call.now, call.by)


# -- sent now ----------------------------------------------------------------------------------------------------------


async def send(call: ApiCall) -> ApiAnswer:
    wanted: SendRequest = call.body
    call.check_newsletter(call.path["newsletter"])
    newsletter = call.context.newsroom.newsletter(call.path["newsletter"])
    for number, name in enumerate(wanted.channels):
        if name not in newsletter.channels:
            raise invalid_field(f"/channels/{number}", "is not a channel of this newsletter")
    plan, notes = await pipeline.send_now(_step(call), newsletter, channels=wanted.channels, forced=wanted.force)
    return await _sent(call, plan, notes)


async def send_alert(call: ApiCall) -> ApiAnswer:
    call.check_newsletter(call.path["newsletter"])
    plan = await asyncio.to_thread(_publish_alert, call)
    return await _sent(call, plan, [])


def _publish_alert(call: ApiCall) -> EditionPlan:
    wanted: AlertRequest = call.body
    newsletter = call.context.newsroom.newsletter(call.path["newsletter"])
    with call.context.database.read() as connection:
        article = _sendable(connection, call, wanted.article)
    request = EditionRequest.for_alert(newsletter, article, missed_only=wanted.missed_only, forced=wanted.force)
    plan = pipeline.publish_edition(_step(call), request)
    if plan is None:
        raise ApiProblem(
            "conflict", f"{newsletter.id} has already sent {article.id} as an alert; nothing is sent twice"
        )
    return plan


def _sendable(connection: Connection, call: ApiCall, id: str) -> Article:
    """The article, if it may be sent now. Raises ApiProblem."""
    found = article_repository.find_article(connection, id)
    if found is None:
        raise invalid_field("/article", "is not the id of an article")
    said = flags.flags_of_articles(connection, [id]).get(id, {})
    for flag in (ArticleFlag.HELD, ArticleFlag.WITHDRAWN):
        if flag in said:
            raise ApiProblem("conflict", f"{id} is {flag}: {said[flag].reason}")
    if until := found.waits_until(call.now):
        raise ApiProblem("conflict", f"{id} waits until {until.isoformat()}")
    return article_repository.load_origins(connection, [found])[0]


async def _sent(call: ApiCall, plan: EditionPlan, notes: list[str]) -> ApiAnswer:
    call.context.wake()  # the service delivers now
    row = None
    if plan.edition:
        row = await call.context.database.read_in_thread(edition_repository.find_row, plan.edition.id)
        call.refresh_feeds()
    answer = SendAnswer(
        edition=edition_answer(row) if row else None,
        reason=plan.selection.reason if row is None else "",
        held=plan.held,
        recipients=plan.audience if row else 0,
        notes=notes,
    )
    return ApiAnswer(answer, 201 if row else 200)


# -- statistics --------------------------------------------------------------------------------------------------------


def statistics(call: ApiCall) -> ApiAnswer:
    name = call.path["newsletter"]
    call.check_newsletter(name)
    since = call.now - timedelta(days=30)
    with call.context.database.read() as connection:
        answer = NewsletterStatistics(
            newsletter=name,
            since=since,
            subscribers=count_subscribed(connection, name),
            joined=count_subscribed(connection, name, since),
            left=count_left(connection, name, since),
            editions=[edition_statistics(connection, row) for row in list_editions_after(connection, _LATEST, [name])],
        )
    return ApiAnswer(answer)


_NEWSLETTER = {"newsletter": PathParameter("name of the newsletter in config.yaml", "tin-sang")}
ROUTES = (
    ApiRoute(
        method="GET",
        path="/newsletters",
        name="listNewsletters",
        summary="List the newsletters",
        scope=ApiScope.EDITIONS_READ,
        handler=list_newsletters,
        answers={200: NewsletterList},
    ),
    ApiRoute(
        method="GET",
        path="/newsletters/{newsletter}/next",
        name="getNextEdition",
        summary="What would be sent now",
        scope=ApiScope.EDITIONS_READ,
        handler=show_next,
        parameters=_NEWSLETTER,
        answers={200: NextEdition},
    ),
    ApiRoute(
        method="GET",
        path="/newsletters/{newsletter}/next/preview",
        name="previewNextEdition",
        summary="The email that would be sent now",
        scope=ApiScope.EDITIONS_READ,
        handler=preview_next,
        parameters=_NEWSLETTER,
        query=PreviewFormat,
        answers={200: None},
        raw=("text/html", "text/plain"),
        errors=(409,),
    ),
    ApiRoute(
        method="POST",
        path="/newsletters/{newsletter}/send",
        name="sendNewsletter",
        summary="Send everything that is new now",
        description=(
            "Its articles are rechecked first, and preflight may hold it. Nothing is sent twice: without anything new there "
            "is no edition. Use an Idempotency-Key."
        ),
        scope=ApiScope.EDITIONS_SEND,
        handler=send,
        parameters=_NEWSLETTER,
        body=SendRequest,
        body_required=False,
        answers={201: SendAnswer, 200: SendAnswer},
    ),
    ApiRoute(
        method="POST",
        path="/newsletters/{newsletter}/alerts",
        name="sendAlert",
        summary="Send one article at once to every subscriber",
        scope=ApiScope.EDITIONS_SEND,
        handler=send_alert,
        parameters=_NEWSLETTER,
        body=AlertRequest,
        answers={201: SendAnswer, 200: SendAnswer},
    ),
    ApiRoute(
        method="GET",
        path="/newsletters/{newsletter}/statistics",
        name="getNewsletterStatistics",
        summary="Subscribers who joined and left, and the latest editions",
        scope=ApiScope.STATISTICS_READ,
        handler=statistics,
        parameters=_NEWSLETTER,
        answers={200: NewsletterStatistics},
    ),
)
