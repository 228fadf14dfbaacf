"""Editions: listed, shown, previewed, checked; drafts approved, held, cancelled."""

from __future__ import annotations

import email
from collections.abc import Callable, Sequence
from email import policy

from pydantic import Field
from sqlalchemy import Connection

from ... import pipeline
from ...api_access.tokens import ApiScope
from ...bounces.suppressions import count_bounces
from ...delivery.queries import count_by_state
from ...editions import repository as edition_repository
from ...editions.listing import list_editions_after
from ...editions.repository import EditionRow
from ...model import Edition, EditionKind, EditionState, Rendition
from ...newsroom import Newsroom
from ...personal_channel import PersonalChannel
from ...pipeline import preflight_gate
from ...pipeline.edit_draft import version_of
from ...preflight.findings import Severity
from ...subscribers.merge_values import PROBE, build_recipient
from ...text import clean_line
from ..responses import EMAIL_POLICY
from .problems import not_found
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

_SAMPLE_ADDRESS = "ban-doc@example.com"


class EditionAnswer(AnswerModel):
    """An edition. `review` and `held` are drafts; `frozen` is being delivered, `done` is."""

    id: str
    newsletter: str
    kind: EditionKind
    number: int
    slot: str
    subject: str
    state: EditionState
    frozen_at: Moment
    due_at: Moment
    released_at: Moment | None
    paused_at: Moment | None
    expires_at: Moment


class EditionArticle(AnswerModel):
    """An article in an edition."""

    id: str
    title: str
    version: int
    brief: bool = Field(description="shown as a line without a lead")


class EditionEmail(AnswerModel):
    """One of the emails of an edition: its subscribers may have chosen different topics."""

    variant: str
    articles: list[str]
    recipients: int


class EditionEventAnswer(AnswerModel):
    """What happened to an edition."""

    at: Moment
    event: str
    actor: str
    reason: str


class EditionDetail(EditionAnswer):
    """An edition with its content and history."""

    version: int = Field(description="grows with every decision about a draft and every change of it")
    preheader: str = Field(description="as an editor or config.yaml has it, with its places")
    intro: str = Field(description="an editor's introduction, in Markdown")
    articles: list[EditionArticle]
    emails: list[EditionEmail]
    deliveries: dict[str, dict[str, int]] = Field(description="how many, by channel and state")
    events: list[EditionEventAnswer]


class EditionPage(AnswerModel):
    """A page of editions."""

    items: list[EditionAnswer]
    next_cursor: str | None


class EditionQuery(PageQuery):
    """Which editions are wanted."""

    newsletter: Name | None = Field(default=None, description="only of this newsletter")
    state: EditionState | None = Field(default=None, description="only in this state")


class PreviewFormat(RequestModel):
    """Which part of the email is wanted."""

    format: str = Field(default="html", pattern="^(html|text)$", description="html or text")
    variant: str | None = Field(
        default=None, min_length=1, max_length=120, description="which of its emails; the first if left out"
    )


class FindingAnswer(AnswerModel):
    """What preflight has found."""

    check: str
    severity: Severity
    blocks: bool
    message: str
    where: str


class PreflightAnswer(AnswerModel):
    """Whether an edition may go out as it is."""

    ready: bool
    findings: list[FindingAnswer]


class ApproveRequest(RequestModel):
    """How a draft is approved."""

    force: list[CheckName] = Field(default=[], max_length=20, description="preflight checks that do not stop it")


class StopRequest(RequestModel):
    """Why an edition is stopped."""

    reason: Reason = Field(default="", examples=["waiting for the department's answer"])


class EditionStatistics(AnswerModel):
    """What became of an edition."""

    edition: str
    newsletter: str
    state: EditionState
    recipients: int
    deliveries: dict[str, dict[str, int]] = Field(description="how many, by channel and state")
    bounces: dict[str, int] = Field(description="how many, by type")


# -- looking -----------------------------------------------------------------------------------------------------------


def list_editions(call: ApiCall) -> ApiAnswer:
    wanted: EditionQuery = call.query
    if wanted.newsletter:
        call.check_newsletter(wanted.newsletter)
    known = [wanted.newsletter] if wanted.newsletter else list(call.context.newsroom.settings.newsletters)
    newsletters = [name for name in known if call.token.may_see(name)]
    states = [wanted.state] if wanted.state else []
    position = read_cursor(call, "editions", 2)
    after = (parse_position_time(position[0]), position[1]) if position else None
    with call.context.database.read() as connection:
        found = list_editions_after(connection, wanted.limit + 1, newsletters, states, after)
    page, cursor = cut_page(call, "editions", found, lambda row: (row.frozen_at.isoformat(), row.id))
    return ApiAnswer(EditionPage(items=list(map(edition_answer, page)), next_cursor=cursor))


def edition_answer(row: EditionRow) -> EditionAnswer:
    return EditionAnswer(
        id=row.id,
        newsletter=row.newsletter,
        kind=EditionKind(row.kind),
        number=row.number,
        slot=row.slot,
        subject=row.subject,
        state=EditionState(row.state),
        frozen_at=row.frozen_at,
        due_at=row.due_at,
        released_at=row.released_at,
        paused_at=row.paused_at,
        expires_at=row.expires_at,
    )


def find_row(connection: Connection, call: ApiCall) -> EditionRow:
    """The edition that a path names, if the token sees its newsletter. Raises ApiProblem."""
    row = edition_repository.find_row(connection, call.path["edition"])
    if row is None or not call.token.may_see(row.newsletter):
        raise not_found("edition")
    return row


def _find_content(connection: Connection, call: ApiCall) -> Edition:
    content = edition_repository.find(connection, find_row(connection, call).id)
    assert content is not None
    return content


def show(call: ApiCall) -> ApiAnswer:
    with call.context.database.read() as connection:
        return ApiAnswer(edition_detail(connection, call))


def edition_detail(connection: Connection, call: ApiCall) -> EditionDetail:
    row, content = find_row(connection, call), _find_content(connection, call)
    sizes = edition_repository.count_segment_sizes(connection, row.id)
    events = edition_repository.list_events(connection, row.id)
    carried = [(one, False) for one in content.articles] + [(one, True) for one in content.briefs]
    return EditionDetail(
        **dict(edition_answer(row)),
        version=version_of(events),
        preheader=content.preheader,
        intro=content.words.intro,
        articles=[
            EditionArticle(id=one.id, title=one.title, version=one.version, brief=brief) for one, brief in carried
        ],
        emails=[
            EditionEmail(variant=variant, articles=list(ids), recipients=sizes[variant])
            for variant, ids in edition_repository.list_segment_articles(connection, row.id).items()
        ],
        deliveries=_deliveries(connection, row.id),
        events=[EditionEventAnswer(at=one.at, event=one.event, actor=one.actor, reason=one.reason) for one in events],
    )


def _deliveries(connection: Connection, edition: str) -> dict[str, dict[str, int]]:
    counts = count_by_state(connection, edition)
    return {channel: {str(state): number for state, number in of.items()} for channel, of in counts.items()}


def statistics(call: ApiCall) -> ApiAnswer:
    with call.context.database.read() as connection:
        row = find_row(connection, call)
        return ApiAnswer(edition_statistics(connection, row))


def edition_statistics(connection: Connection, row: EditionRow) -> EditionStatistics:
    return EditionStatistics(
        edition=row.id,
        newsletter=row.newsletter,
        state=EditionState(row.state),
        recipients=sum(edition_repository.count_segment_sizes(connection, row.id).values()),
        deliveries=_deliveries(connection, row.id),
        bounces=count_bounces(connection, row.id),
    )


def preview(call: ApiCall) -> ApiAnswer:
    with call.context.database.read() as connection:
        content = _find_content(connection, call)
        kept = edition_repository.list_renditions(connection, content.id)
    return preview_answer(call, content, kept)


def preview_answer(call: ApiCall, edition: Edition, renditions: Sequence[Rendition]) -> ApiAnswer:
    """The very email that a subscriber would get, with links that belong to nobody. Raises ApiProblem."""
    wanted: PreviewFormat = call.query
    found = [(channel, one) for one in renditions if (channel := _email_channel(call.context.newsroom, one))]
    if wanted.variant is not None:
        found = [(channel, one) for channel, one in found if one.variant == wanted.variant]
    if not found:
        raise not_found("email of this edition")
    newsroom, (channel, rendition) = call.context.newsroom, found[0]
    links, secret = newsroom.settings.links_url, newsroom.secret()
    recipient = build_recipient(edition, PROBE, _SAMPLE_ADDRESS, "", secret=secret, links=links)
    message = email.message_from_bytes(channel.personalize(rendition, recipient), policy=policy.default)
    part = message.get_body(("html",) if wanted.format == "html" else ("plain",))
    if part is None:
        raise not_found("part of this email")
    kind = "text/html" if wanted.format == "html" else "text/plain"
    headers = {"Content-Security-Policy": EMAIL_POLICY}
    return ApiAnswer(body=str(part.get_content()).encode(), media_type=kind, headers=headers)


def _email_channel(newsroom: Newsroom, rendition: Rendition) -> PersonalChannel | None:
    channel = newsroom.channels.get(rendition.channel)
    return channel if isinstance(channel, PersonalChannel) and channel.sends_email else None


def preflight(call: ApiCall) -> ApiAnswer:
    newsroom = call.context.newsroom
    with call.context.database.read() as connection:
        content = _find_content(connection, call)
        kept = edition_repository.list_renditions(connection, content.id)
    return ApiAnswer(preflight_answer(newsroom, content, kept, call))


def preflight_answer(
    newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition], call: ApiCall
) -> PreflightAnswer:
    findings = preflight_gate.check_emails(newsroom, edition, renditions, call.now)
    blocking = preflight_gate.list_blocking(newsroom, findings)
    return PreflightAnswer(
        ready=not blocking,
        findings=[
            FindingAnswer(
                check=one.check, severity=one.severity, blocks=one in blocking, message=one.message, where=one.place
            )
            for one in findings
        ],
    )


# -- deciding ----------------------------------------------------------------------------------------------------------


def approve(call: ApiCall) -> ApiAnswer:
    """The service releases it when its time has come; it is woken now."""
    context = call.context
    wanted: ApproveRequest = call.body

    def decide(edition: str) -> None:
        pipeline.approve(context.newsroom, context.database, edition, call.by, call.now, wanted.force)

    return _decide(call, decide)


def hold(call: ApiCall) -> ApiAnswer:
    return _decide(call, lambda id: pipeline.hold(call.context.database, id, call.by, call.now, _reason(call)))


def cancel(call: ApiCall) -> ApiAnswer:
    return _decide(call, lambda id: pipeline.cancel(call.context.database, id, call.by, call.now, _reason(call)))


def pause(call: ApiCall) -> ApiAnswer:
    return _decide(call, lambda id: pipeline.pause(call.context.database, id, call.by, call.now, _reason(call)))


def resume(call: ApiCall) -> ApiAnswer:
    return _decide(call, lambda id: pipeline.resume(call.context.database, id, call.by, call.now))


def _reason(call: ApiCall) -> str:
    return clean_line(call.body.reason)


def _decide(call: ApiCall, decide: Callable[[str], object]) -> ApiAnswer:
    with call.context.database.read() as connection:
        id = find_row(connection, call).id
    decide(id)
    call.context.wake()
    with call.context.database.read() as connection:
        return ApiAnswer(edition_detail(connection, call))


EDITION_PARAMETER = {"edition": PathParameter("id of the edition", "tin-sang-1")}


def _decision(
    verb: str, summary: str, handler: Callable[[ApiCall], ApiAnswer], body: type[RequestModel] | None
) -> ApiRoute:
    return ApiRoute(
        method="POST",
        path=f"/editions/{{edition}}/{verb}",
        name=f"{verb}Edition",
        summary=summary,
        scope=ApiScope.EDITIONS_WRITE,
        handler=handler,
        parameters=EDITION_PARAMETER,
        body=body,
        body_required=False,
        answers={200: EditionDetail},
    )


ROUTES = (
    ApiRoute(
        method="GET",
        path="/editions",
        name="listEditions",
        summary="List editions, newest first",
        scope=ApiScope.EDITIONS_READ,
        handler=list_editions,
        query=EditionQuery,
        answers={200: EditionPage},
        errors=(404,),
    ),
    ApiRoute(
        method="GET",
        path="/editions/{edition}",
        name="getEdition",
        summary="Show an edition: its articles, deliveries and history",
        scope=ApiScope.EDITIONS_READ,
        handler=show,
        parameters=EDITION_PARAMETER,
        answers={200: EditionDetail},
    ),
    ApiRoute(
        method="GET",
        path="/editions/{edition}/preview",
        name="previewEdition",
        summary="The email of an edition as a subscriber gets it",
        scope=ApiScope.EDITIONS_READ,
        handler=preview,
        parameters=EDITION_PARAMETER,
        query=PreviewFormat,
        answers={200: None},
        raw=("text/html", "text/plain"),
    ),
    ApiRoute(
        method="GET",
        path="/editions/{edition}/preflight",
        name="checkEdition",
        summary="Check the emails of an edition",
        scope=ApiScope.EDITIONS_READ,
        handler=preflight,
        parameters=EDITION_PARAMETER,
        answers={200: PreflightAnswer},
    ),
    ApiRoute(
        method="GET",
        path="/editions/{edition}/statistics",
        name="getEditionStatistics",
        summary="What became of the emails of an edition",
        scope=ApiScope.STATISTICS_READ,
        handler=statistics,
        parameters=EDITION_PARAMETER,
        answers={200: EditionStatistics},
    ),
    _decision("approve", "Approve a draft: it is sent at its time, or now if that has passed", approve, ApproveRequest),
    _decision("hold", "Hold a draft until somebody approves it", hold, StopRequest),
    _decision("cancel", "Cancel an edition: what is not sent yet stays unsent", cancel, StopRequest),
    _decision("pause", "Pause an edition that is being delivered", pause, StopRequest),
    _decision("resume", "Resume a paused edition", resume, None),
)
