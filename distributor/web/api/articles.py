"""Articles: pushed by a CMS, listed, corrected, withdrawn."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from ... import pipeline
from ...api_access.tokens import ApiScope
from ...articles import flags, search
from ...articles import repository as article_repository
from ...editions.coverage import list_covering_editions
from ...errors import ArticleError, SourceError, UnreadableContent
from ...model import Article, Notice, NoticeKind
from ...pipeline import AlertOutcome, StepContext
from ...source import PushedItem, Source
from ...text import clean_line
from ...url_cleaning import web_address
from .problems import ApiProblem, invalid_field, not_found
from .route import ApiAnswer, ApiCall, ApiRoute, PathParameter
from .values import (
    AnswerModel,
    CheckName,
    Moment,
    Name,
    PageQuery,
    Reason,
    RequestModel,
    cut_page,
    parse_position_time,
    read_cursor,
)

Line = Annotated[str, StringConstraints(max_length=4000)]
SourceId = Annotated[str, StringConstraints(min_length=1, max_length=380, pattern=r"\S")]
Topic = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LONGEST_BODY = 1_000_000  # characters


class PushedImage(RequestModel):
    """The picture of an article."""

    url: Line = Field(examples=["https://bacson.example/anh/khoi-cong.jpg"])
    alt: Line = Field(default="", description="what it shows, for those who cannot see it")
    caption: Line = ""
    width: int = Field(default=0, ge=0, le=100_000, description="in CSS pixels; 0 if not known")
    height: int = Field(default=0, ge=0, le=100_000)


class ArticlePush(RequestModel):
    """An article as a CMS has it. The same `source` and `id` name the same article: pushing it again updates it."""

    source: Name = Field(description="a source of `type: push` in config.yaml", examples=["cms"])
    id: SourceId = Field(description="your own id of it, which never changes", examples=["4711"])
    title: Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")] = Field(
        examples=["Khởi công tuyến đường mới"]
    )
    url: Line = Field(default="", description="address of its page", examples=["https://bacson.example/tin/4711"])
    lead: Annotated[str, StringConstraints(max_length=20_000)] = Field(
        default="", description="plain text", examples=["Tuyến đường dài 38 km nối năm xã miền núi."]
    )
    body_html: Annotated[str, StringConstraints(max_length=LONGEST_BODY)] = Field(
        default="",
        description="HTML; scripts, styles and forms are removed",
        examples=["<p>Sáng nay, tỉnh khởi công tuyến đường.</p>"],
    )
    author: Line = Field(default="", examples=["Minh Hạnh"])
    published: Moment | None = Field(
        default=None,
        description="when it was published; the first push if left out",
        examples=["2026-11-29T07:00:00+07:00"],
    )
    updated: Moment | None = None
    publish_at: Moment | None = Field(default=None, description="an embargo: nothing goes out before")
    topics: Annotated[list[Topic], Field(max_length=100)] = Field(default=[], examples=[["Kinh tế"]])
    image: PushedImage | None = None
    language: Annotated[str, StringConstraints(max_length=35, pattern=r"^([A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*)?$")] = (
        Field(default="", description="the source's if left out", examples=["vi"])
    )
    urgent: bool = Field(
        default=False,
        description=(
            "send it at once in each newsletter with `alerts:` that it belongs to, within the limits of that rule (age, "
            "alerts a day); needs the scope `editions:send`, too"
        ),
    )


class CarryingEdition(AnswerModel):
    """An edition that carries an article."""

    id: str
    newsletter: str
    state: str


class ArticleAnswer(AnswerModel):
    """An article as it is stored."""

    id: str = Field(description="our id of it", examples=["3f9a1c2e"])
    source: str
    source_id: str = Field(description="the id that its source has for it")
    title: str
    url: str
    lead: str
    author: str
    published: Moment
    updated: Moment | None
    publish_at: Moment | None
    topics: list[str]
    language: str
    version: int = Field(description="counts the versions that subscribers see a difference in")
    flags: list[str] = Field(description="held, pinned, withdrawn")
    editions: list[CarryingEdition]


class ArticleDetail(ArticleAnswer):
    """The same with its text as it will be sent."""

    body_html: str


class AlertAnswer(AnswerModel):
    """What became of an urgent article in a newsletter."""

    newsletter: str
    edition: str | None = Field(description="the alert that was made")
    held: str = Field(description="why preflight holds the alert; empty if it goes out")
    reason: str = Field(description="why there is no alert")


class PushAnswer(AnswerModel):
    """What became of a pushed article."""

    change: str = Field(description="`new`, `changed`, or `known` if nothing is different", examples=["new"])
    article: ArticleAnswer
    alerts: list[AlertAnswer]
    notes: list[str] = Field(description="what staff should know of it")


class ArticlePage(AnswerModel):
    """A page of articles."""

    items: list[ArticleAnswer]
    next_cursor: str | None


class ArticleQuery(PageQuery):
    """Which articles are wanted."""

    source: Name | None = Field(default=None, description="only of this source")
    source_id: SourceId | None = Field(default=None, description="only the one that `source` has under this id")


class NoticeRequest(RequestModel):
    """What is said about an article that is out."""

    note: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="what readers see", examples=["Tuyến đường dài 38 km, không phải 83 km."]
    )
    email: bool = Field(
        default=False,
        description="also email the subscribers who were sent the article; needs the scope `editions:send`, too",
    )
    force: list[CheckName] = Field(
        default=[], max_length=20, description="preflight checks that do not stop the emails"
    )


class WithdrawalRequest(NoticeRequest):
    """The same for a withdrawal."""

    reason: Reason = Field(default="", description="why, for your own records")


class NoticeAnswer(AnswerModel):
    """What a correction or a withdrawal has made."""

    article: ArticleAnswer
    editions: list[str] = Field(description="the corrections that go out because of it")
    lines: list[str] = Field(description="what is done where, in words")


# -- push --------------------------------------------------------------------------------------------------------------

_AT_FAULT = re.compile(
    r"(?:^|: )(?P<field>title|url|lead|body_html|author|topics|image(?:\.\w+)?|language|published|updated|publish_at) "
    r"(?P<words>.+)$"
)


async def push(call: ApiCall) -> ApiAnswer:
    wanted: ArticlePush = call.body
    if wanted.urgent:
        _require_sending(call, "an urgent article")
    source, item = _source(call, wanted.source), _item(call, wanted)
    context = call.context
    try:
        done = await pipeline.push_article(context.newsroom, context.database, source, item)
    except ArticleError as error:
        raise _invalid_article(str(error)) from None
    except UnreadableContent as error:
        raise invalid_field("/body_html", str(error)) from None
    except SourceError as error:
        raise ApiProblem("unavailable", f"it could not be read: {error}", headers={"Retry-After": "10"}) from None
    alerts = await _decide_alerts(call, done.article, urgent=wanted.urgent)
    context.wake()  # the service delivers now
    if done.change != "known" or alerts:
        call.refresh_feeds()
    shown = await context.database.read_in_thread(_show_one, done.article, call)
    answer = PushAnswer(
        change=done.change, article=shown, alerts=[_alert_answer(one) for one in alerts], notes=list(done.notes)
    )
    return ApiAnswer(answer, 201 if done.change == "new" else 200)


def _invalid_article(fault: str) -> ApiProblem:
    """What is wrong with an article that was taken in no further: the words begin with its field."""
    found = _AT_FAULT.search(fault)
    if found:
        return invalid_field("/" + found["field"].replace(".", "/"), found["words"].strip())
    said = fault.partition(": ")[2] or fault
    return invalid_field("/body_html", said) if "of computing" in said else ApiProblem("invalid", said)


def _require_sending(call: ApiCall, what: str) -> None:
    if ApiScope.EDITIONS_SEND not in call.token.scopes:
        raise ApiProblem("forbidden", f"{what} needs the scope {ApiScope.EDITIONS_SEND}, too")


def _source(call: ApiCall, name: str) -> Source:
    source = call.context.newsroom.sources.get(name)
    if source is None or not source.takes_pushes:
        raise invalid_field("/source", "is not a source of type push in config.yaml")
    return source


def _item(call: ApiCall, wanted: ArticlePush) -> PushedItem:
    """What is stored of a request. Raises ApiProblem for addresses that are none."""
    for field, value in (("/url", wanted.url), ("/image/url", wanted.image.url if wanted.image else "")):
        if value.strip() and not web_address(clean_line(value), ""):
            raise invalid_field(field, "is not an absolute address of the web")
    if wanted.image and not wanted.image.url.strip():
        raise invalid_field("/image/url", "is empty")
    fields = wanted.model_dump(mode="json", exclude={"source", "id", "urgent"})
    return PushedItem(id=clean_line(wanted.id), fields=fields, pushed_at=call.now)


async def _decide_alerts(call: ApiCall, article: Article, *, urgent: bool) -> Sequence[AlertOutcome]:
    context = call.context
    newsletters = [name for name in context.newsroom.settings.newsletters if call.token.may_see(name)]
    step = StepContext(context.newsroom, context.database, call.now, call.by)
    decide = partial(pipeline.decide_alerts, step, article, newsletters, urgent=urgent)
    return await asyncio.to_thread(decide)


def _alert_answer(one: AlertOutcome) -> AlertAnswer:
    return AlertAnswer(newsletter=one.newsletter, edition=one.edition or None, held=one.held, reason=one.reason)


# -- looking up --------------------------------------------------------------------------------------------------------


def list_articles(call: ApiCall) -> ApiAnswer:
    wanted: ArticleQuery = call.query
    if wanted.source_id is not None and wanted.source is None:
        raise invalid_field("source", "is needed with source_id", "query")
    position = read_cursor(call, "articles", 2)
    after = (parse_position_time(position[0]), position[1]) if position else None
    with call.context.database.read() as connection:
        if wanted.source and wanted.source_id is not None:
            one = search.find_by_source_id(connection, wanted.source, clean_line(wanted.source_id))
            found = [one] if one else []
        else:
            found = article_repository.list_articles_after(connection, wanted.limit + 1, wanted.source, after)
        page, cursor = cut_page(call, "articles", found, lambda one: (one.published.isoformat(), one.id))
        items = _show(connection, page, call)
    return ApiAnswer(ArticlePage(items=items, next_cursor=cursor))


def show_article(call: ApiCall) -> ApiAnswer:
    with call.context.database.read() as connection:
        article = _find(connection, call)
        shown = _show_one(connection, article, call)
    return ApiAnswer(ArticleDetail(**dict(shown), body_html=article.body_html))


def _find(connection: Connection, call: ApiCall) -> Article:
    """The article that a path names: our id, or `source:id` with that of its source."""
    source, colon, source_id = call.path["article"].partition(":")
    if colon:
        found = search.find_by_source_id(connection, source, clean_line(source_id))
    else:
        found = article_repository.find_article(connection, source)
    if found is None:
        raise not_found("article")
    return found


def _show_one(connection: Connection, article: Article, call: ApiCall) -> ArticleAnswer:
    return _show(connection, [article], call)[0]


def _show(connection: Connection, found: Sequence[Article], call: ApiCall) -> list[ArticleAnswer]:
    """Articles as they are answered, with the editions that the token sees."""
    ids = [one.id for one in found]
    carried, said = list_covering_editions(connection, ids), flags.flags_of_articles(connection, ids)
    return [
        ArticleAnswer(
            id=one.id,
            source=one.source,
            source_id=one.source_id,
            title=one.title,
            url=one.url,
            lead=one.lead,
            author=one.author,
            published=one.published,
            updated=one.updated,
            publish_at=one.publish_at,
            topics=list(one.topics),
            language=one.language,
            version=one.version,
            flags=sorted(said.get(one.id, {})),
            editions=[
                CarryingEdition(id=edition.edition, newsletter=edition.newsletter, state=edition.state)
                for edition in carried.get(one.id, ())
                if call.token.may_see(edition.newsletter)
            ],
        )
        for one in found
    ]


# -- corrections -------------------------------------------------------------------------------------------------------


async def correct(call: ApiCall) -> ApiAnswer:
    return await _notice(call, NoticeKind.CORRECTION, "")


async def withdraw(call: ApiCall) -> ApiAnswer:
    return await _notice(call, NoticeKind.WITHDRAWAL, call.body.reason)


async def _notice(call: ApiCall, kind: NoticeKind, reason: str) -> ApiAnswer:
    call.require_all_newsletters("a correction or a withdrawal, which is made wherever the article was,")
    if call.body.email:
        _require_sending(call, "a notice with emails")
    answer = await asyncio.to_thread(_apply_notice, call, kind, clean_line(reason))
    call.context.wake()
    call.refresh_feeds()
    return ApiAnswer(answer)


def _apply_notice(call: ApiCall, kind: NoticeKind, reason: str) -> NoticeAnswer:
    wanted: NoticeRequest = call.body
    newsroom, database = call.context.newsroom, call.context.database
    with database.read() as connection:
        id = _find(connection, call).id
    notice = Notice(kind, clean_line(wanted.note), call.now)
    plan = pipeline.plan_correction(newsroom, database, id, notice, mail=wanted.email, forced=wanted.force)
    made = pipeline.apply_correction(newsroom, database, plan, call.by, reason=reason)
    lines = [f"{part.newsletter.id}: {line}" for part in plan.parts for line in part.lines]
    with database.read() as connection:
        return NoticeAnswer(
            article=_show_one(connection, _find(connection, call), call),
            editions=[*made, *(one for one in plan.editions if one not in made)],
            lines=lines,
        )


_ARTICLE = {
    "article": PathParameter("our id of the article, or `source:id` with the id that its source has", "cms:4711")
}
ROUTES = (
    ApiRoute(
        method="POST",
        path="/articles",
        name="pushArticle",
        summary="Push an article, or a new version of it",
        description=(
            "It is taken in before the answer. An article that a newsletter's `alerts:` calls urgent, by its topics or "
            "because of `urgent`, is handed to the mail servers at once."
        ),
        scope=ApiScope.ARTICLES_WRITE,
        handler=push,
        body=ArticlePush,
        answers={201: PushAnswer, 200: PushAnswer},
    ),
    ApiRoute(
        method="GET",
        path="/articles",
        name="listArticles",
        summary="List articles, newest first",
        scope=ApiScope.ARTICLES_READ,
        handler=list_articles,
        query=ArticleQuery,
        answers={200: ArticlePage},
    ),
    ApiRoute(
        method="GET",
        path="/articles/{article}",
        name="getArticle",
        summary="Show an article",
        scope=ApiScope.ARTICLES_READ,
        handler=show_article,
        parameters=_ARTICLE,
        answers={200: ArticleDetail},
    ),
    ApiRoute(
        method="POST",
        path="/articles/{article}/correct",
        name="correctArticle",
        summary="Correct an article that is out",
        description="Push its new text first. Feeds show it with the note, and posts are edited where a network allows it.",
        scope=ApiScope.ARTICLES_WRITE,
        handler=correct,
        parameters=_ARTICLE,
        body=NoticeRequest,
        body_required=False,
        answers={200: NoticeAnswer},
    ),
    ApiRoute(
        method="POST",
        path="/articles/{article}/withdraw",
        name="withdrawArticle",
        summary="Withdraw an article",
        description="No edition carries it any more; feeds show the note in its place, and posts are deleted.",
        scope=ApiScope.ARTICLES_WRITE,
        handler=withdraw,
        parameters=_ARTICLE,
        body=WithdrawalRequest,
        body_required=False,
        answers={200: NoticeAnswer},
    ),
)
