"""Suppressions and deliveries: who must not be written to, and what became of each email and post."""

from __future__ import annotations

from pydantic import Field

from ...api_access.tokens import ApiScope
from ...bounces import suppressions
from ...delivery import queries
from ...model import BounceType, Delivery, DeliveryState, Suppression
from ...text import clean_line
from .problems import ApiProblem, not_found
from .route import ApiAnswer, ApiCall, ApiRoute
from .subscriber_values import AddressRequest
from .values import AnswerModel, EmailAddress, Moment, Name, PageQuery, Reason, RequestModel, cut_page, read_cursor


class SuppressionAnswer(AnswerModel):
    """An address that must not be written to."""

    address: str
    type: BounceType
    reason: str
    since: Moment
    until: Moment | None = Field(description="null: for good")


class SuppressionPage(AnswerModel):
    """A page of suppressions."""

    items: list[SuppressionAnswer]
    next_cursor: str | None


class SuppressionQuery(PageQuery):
    """Which suppressions are wanted."""

    type: BounceType | None = Field(default=None, description="only of this type")


class SuppressionCreate(RequestModel):
    """An address that is not to be written to any more."""

    address: EmailAddress
    reason: Reason = Field(default="", examples=["asked by phone, 2026-11-28"])


class SuppressionRemove(AddressRequest):
    """An address that may be written to again."""

    complained: bool = Field(default=False, description="remove it although they have complained about spam")


class DeliveryAnswer(AnswerModel):
    """One email, post or file: where it stands, and the last reply."""

    id: int
    edition: str
    channel: str
    variant: str
    subscriber: str | None
    address: str | None
    state: DeliveryState
    attempts: int
    due: Moment | None
    reply: str
    url: str
    updated: Moment | None


class DeliveryPage(AnswerModel):
    """A page of deliveries."""

    items: list[DeliveryAnswer]
    next_cursor: str | None


class DeliveryQuery(PageQuery):
    """Which deliveries are wanted."""

    edition: str | None = Field(default=None, min_length=1, max_length=60, description="only of this edition")
    subscriber: str | None = Field(default=None, min_length=1, max_length=32, description="only to this subscriber")
    channel: Name | None = Field(default=None, description="only on this channel")
    state: DeliveryState | None = Field(default=None, description="only in this state")


_SUPPRESSIONS = "the suppression list, which is that of all newsletters,"


def list_suppressions(call: ApiCall) -> ApiAnswer:
    call.require_all_newsletters(_SUPPRESSIONS)
    wanted: SuppressionQuery = call.query
    position = read_cursor(call, "suppressions")
    types, after = [wanted.type] if wanted.type else [], position[0] if position else ""
    with call.context.database.read() as connection:
        found = suppressions.list_after(connection, wanted.limit + 1, types=types, after=after)
    page, cursor = cut_page(call, "suppressions", found, lambda one: (one.address,))
    return ApiAnswer(SuppressionPage(items=list(map(_suppression_answer, page)), next_cursor=cursor))


def add(call: ApiCall) -> ApiAnswer:
    call.require_all_newsletters(_SUPPRESSIONS)
    wanted: SuppressionCreate = call.body
    reason = clean_line(wanted.reason) or f"said by {call.by}"
    given = Suppression(address=wanted.address, type=BounceType.STAFF, reason=reason, since=call.now)
    with call.context.database.write() as connection:
        new = suppressions.suppress(connection, given)
        standing = suppressions.find_suppression(connection, wanted.address)
    assert standing is not None
    return ApiAnswer(_suppression_answer(standing), 201 if new else 200)


def find(call: ApiCall) -> ApiAnswer:
    call.require_all_newsletters(_SUPPRESSIONS)
    with call.context.database.read() as connection:
        standing = suppressions.find_suppression(connection, call.body.address)
    if standing is None:
        raise not_found("suppression")
    return ApiAnswer(_suppression_answer(standing))


def remove(call: ApiCall) -> ApiAnswer:
    call.require_all_newsletters(_SUPPRESSIONS)
    wanted: SuppressionRemove = call.body
    with call.context.database.write() as connection:
        standing = suppressions.find_suppression(connection, wanted.address)
        if standing is None:
            raise not_found("suppression")
        if standing.type is BounceType.COMPLAINT and not wanted.complained:
            raise ApiProblem(
                "conflict", "they have complained about spam; set `complained` only if they ask for emails"
            )
        suppressions.remove_suppression(connection, wanted.address)
    return ApiAnswer(_suppression_answer(standing))


def _suppression_answer(one: Suppression) -> SuppressionAnswer:
    return SuppressionAnswer(address=one.address, type=one.type, reason=one.reason, since=one.since, until=one.until)


def list_deliveries(call: ApiCall) -> ApiAnswer:
    wanted: DeliveryQuery = call.query
    position = read_cursor(call, "deliveries")
    seen = [name for name in call.context.newsroom.settings.newsletters if call.token.may_see(name)]
    with call.context.database.read() as connection:
        found = queries.list_deliveries_after(
            connection,
            seen,
            wanted.limit + 1,
            int(position[0]) if position else None,
            edition=wanted.edition,
            recipient=wanted.subscriber,
            channel=wanted.channel,
            states=[wanted.state] if wanted.state else (),
        )
    page, cursor = cut_page(call, "deliveries", found, lambda one: (str(one.id),))
    return ApiAnswer(DeliveryPage(items=list(map(_delivery_answer, page)), next_cursor=cursor))


def _delivery_answer(row: Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=row.id,
        edition=row.edition,
        channel=row.channel,
        variant=row.variant,
        subscriber=row.recipient or None,
        address=row.address or None,
        state=row.state,
        attempts=row.attempts,
        due=row.due,
        reply=row.reply,
        url=row.url,
        updated=row.updated,
    )


ROUTES = (
    ApiRoute(
        method="GET",
        path="/deliveries",
        name="listDeliveries",
        summary="List deliveries, the latest first",
        scope=ApiScope.DELIVERIES_READ,
        handler=list_deliveries,
        query=DeliveryQuery,
        answers={200: DeliveryPage},
    ),
    ApiRoute(
        method="GET",
        path="/suppressions",
        name="listSuppressions",
        summary="List suppressed addresses",
        scope=ApiScope.SUPPRESSIONS_READ,
        handler=list_suppressions,
        query=SuppressionQuery,
        answers={200: SuppressionPage},
    ),
    ApiRoute(
        method="POST",
        path="/suppressions",
        name="suppress",
        summary="Suppress an address: nothing is sent to it any more",
        scope=ApiScope.SUPPRESSIONS_WRITE,
        handler=add,
        body=SuppressionCreate,
        answers={201: SuppressionAnswer, 200: SuppressionAnswer},
    ),
    ApiRoute(
        method="POST",
        path="/suppressions/find",
        name="findSuppression",
        summary="Find the suppression of an address",
        scope=ApiScope.SUPPRESSIONS_READ,
        handler=find,
        body=AddressRequest,
        answers={200: SuppressionAnswer},
        errors=(404,),
    ),
    ApiRoute(
        method="POST",
        path="/suppressions/remove",
        name="removeSuppression",
        summary="Remove an address from the suppression list",
        description="Its bounces are forgiven; its subscriptions do not change.",
        scope=ApiScope.SUPPRESSIONS_WRITE,
        handler=remove,
        body=SuppressionRemove,
        answers={200: SuppressionAnswer},
        errors=(404,),
    ),
)
