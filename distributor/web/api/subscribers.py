"""Subscribers: added, found, changed, unsubscribed, forgotten.

No address stands in a URL, where proxies log it: a subscriber is named by id, and found by address with a POST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ...api_access.tokens import ApiScope
from ...model import AttributeValue, OptOut, Subscriber
from ...pipeline.events import tell_changed, tell_joined
from ...pipeline.leaving import LeaveRequest, leave_all
from ...pipeline.preferences import erase_subscriber
from ...pipeline.signup import SignupForm, take_signup
from ...subscribers import consents, opt_outs, repository, subscribe
from ...subscribers.attributes import InvalidAttribute, merge_attributes, parse_attributes
from ...subscribers.consents import Consent
from ...subscribers.requests import SubscriptionRequest, clean_topics, parse_request
from ...subscribers.signup_limits import LimitDecision
from ...text import clean_line
from .problems import ApiProblem, invalid_field, not_found
from .route import ApiAnswer, ApiCall, ApiRoute, PathParameter
from .subscriber_values import (
    AddressRequest,
    ConsentAnswer,
    CreateAnswer,
    OptOutAnswer,
    SubscriberAnswer,
    SubscriberCreate,
    SubscriberDetail,
    SubscriberPage,
    SubscriberQuery,
    SubscriberUpdate,
    UnsubscribeRequest,
)
from .values import cut_page, read_cursor

VIA = "api"  # how somebody consented or was unsubscribed


# -- add ---------------------------------------------------------------------------------------------------------------


def create(call: ApiCall) -> ApiAnswer:
    wanted: SubscriberCreate = call.body
    for number, name in enumerate(wanted.newsletters):
        if name not in call.context.newsroom.settings.newsletters or not call.token.may_see(name):
            raise invalid_field(f"/newsletters/{number}", "is not a newsletter")
    if not wanted.confirm and not clean_line(wanted.consent):
        raise invalid_field("/consent", "say what they agreed to, when and where; or ask them to confirm")
    request = _request(call, wanted)
    return _ask_to_confirm(call, wanted, request) if wanted.confirm else _add_now(call, wanted, request)


def _request(call: ApiCall, wanted: SubscriberCreate) -> SubscriptionRequest:
    settings = call.context.newsroom.settings
    try:
        return parse_request(
            wanted.address,
            wanted.newsletters,
            known=list(settings.newsletters),
            name=wanted.name,
            language=wanted.language or "",
            topics=wanted.topics,
            frequency=wanted.frequency or "",
            consent=wanted.consent,
            default_language=settings.site.language,
            attributes=wanted.attributes,
            declared=settings.attributes,
        )
    except InvalidAttribute as error:
        raise _invalid_attribute(error) from None
    except ValueError as error:
        raise invalid_field("", str(error)[:200]) from None


def _invalid_attribute(error: InvalidAttribute) -> ApiProblem:
    name = error.attribute.replace("~", "~0").replace("/", "~1")
    return invalid_field(f"/attributes/{name}", str(error).partition(": ")[2][:200])


def _ask_to_confirm(call: ApiCall, wanted: SubscriberCreate, request: SubscriptionRequest) -> ApiAnswer:
    """The same as the sign-up form does, with its limits; the form's extra page is for people."""
    newsroom = call.context.newsroom
    form = SignupForm(
        address=request.address,
        newsletters=request.choice.newsletters,
        language=request.choice.language or newsroom.settings.site.language,
        name=request.name,
        topics=request.choice.topics,
        frequency=request.choice.frequency,
        attributes=merge_attributes({}, request.attributes),
        text=request.consent,
        url=clean_line(wanted.consent_url),
        via=VIA,
        passed_extra=True,
    )
    with call.context.database.write() as connection:
        decision = take_signup(newsroom, connection, form, call.now)
    if decision is LimitDecision.TOO_MANY:
        raise ApiProblem("too-many", "too many sign-ups in an hour", headers={"Retry-After": "3600"})
    call.context.wake()
    return ApiAnswer(CreateAnswer(state="asked", subscriber=None, not_subscribed=[]), 202)


def _add_now(call: ApiCall, wanted: SubscriberCreate, request: SubscriptionRequest) -> ApiAnswer:
    """Subscribe at once. Whoever has left a newsletter stays off it."""
    keys = call.context.newsroom.known_secrets()
    with call.context.database.write() as connection:
        before = repository.find(connection, request.address)
        if before and not all(map(call.token.may_see, before.newsletters)):
            request = _only_newsletters(request)
        made = subscribe.add(connection, request, call.now, keys=keys)
        blocked = [_opt_out_answer(replace(one, newsletter=name)) for name, one in made.blocked_by.items()]
        person = made.subscriber
        if person is None or len(blocked) == len(request.choice.newsletters):
            raise ApiProblem(
                "conflict", "they have unsubscribed or are suppressed; only `confirm: true` asks them again"
            )
        agreed = [name for name in request.choice.newsletters if name not in made.blocked_by]
        consents.record(connection, [_consent(call, wanted, person, name) for name in agreed])
        known = before.newsletters if before else ()
        new = [name for name in agreed if name not in known]
        tell_joined(call.context.newsroom, connection, person, new, call.now, via=VIA)
        shown = _show(connection, [person], call)[0]
    answer = CreateAnswer(state=str(made.change), subscriber=shown, not_subscribed=blocked)
    return ApiAnswer(answer, 201 if made.change is subscribe.SubscriptionChange.ADDED else 200)


def _only_newsletters(request: SubscriptionRequest) -> SubscriptionRequest:
    """The request without the choices that other newsletters of the person go by: they are not the token's to change."""
    choice = replace(request.choice, topics=(), frequency=None, language=None)
    return request._replace(name="", attributes={}, choice=choice)


def _consent(call: ApiCall, wanted: SubscriberCreate, person: Subscriber, newsletter: str) -> Consent:
    return Consent(
        subscriber=person.id,
        newsletter=newsletter,
        language=person.language,
        text=clean_line(wanted.consent),
        via=VIA,
        url=clean_line(wanted.consent_url),
        asked_at=call.now,
    )


# -- look up -----------------------------------------------------------------------------------------------------------


def list_subscribers(call: ApiCall) -> ApiAnswer:
    wanted: SubscriberQuery = call.query
    if wanted.newsletter:
        call.check_newsletter(wanted.newsletter)
    chosen = [wanted.newsletter] if wanted.newsletter else call.token.newsletters
    position = read_cursor(call, "subscribers")
    after = position[0] if position else ""
    with call.context.database.read() as connection:
        found = repository.list_subscribers_after(connection, wanted.limit + 1, chosen, after)
        page, cursor = cut_page(call, "subscribers", found, lambda one: (one.id,))
        return ApiAnswer(SubscriberPage(items=_show(connection, page, call), next_cursor=cursor))


def find(call: ApiCall) -> ApiAnswer:
    with call.context.database.read() as connection:
        person = repository.find(connection, call.body.address)
        return ApiAnswer(_show_detail(connection, _visible(call, person), call))


def show(call: ApiCall) -> ApiAnswer:
    with call.context.database.read() as connection:
        return ApiAnswer(_show_detail(connection, _find_by_id(connection, call), call))


def _find_by_id(connection: Connection, call: ApiCall) -> Subscriber:
    id = call.path["subscriber"]
    return _visible(call, repository.find_by_ids(connection, [id]).get(id))


def _visible(call: ApiCall, person: Subscriber | None) -> Subscriber:
    """A subscriber that the token sees: of any of its newsletters. Raises ApiProblem."""
    if person is None or (call.token.newsletters and not any(map(call.token.may_see, person.newsletters))):
        raise not_found("subscriber")
    return person


def _show(connection: Connection, people: Sequence[Subscriber], call: ApiCall) -> list[SubscriberAnswer]:
    keys = [one.address.lower() for one in people]
    left = opt_outs.find_by_keys(connection, keys)
    return [_subscriber_answer(one, left.get(key, ()), call) for one, key in zip(people, keys, strict=True)]


def _show_detail(connection: Connection, person: Subscriber, call: ApiCall) -> SubscriberDetail:
    shown = _show(connection, [person], call)[0]
    agreed = [
        ConsentAnswer(
            newsletter=one.newsletter, text=one.text, via=one.via, asked_at=one.asked_at, confirmed_at=one.confirmed_at
        )
        for one in consents.list_of(connection, person.id)
        if call.token.may_see(one.newsletter)
    ]
    suppressed = repository.suppression_reason(connection, person.address) or None
    return SubscriberDetail(**dict(shown), consents=agreed, suppressed=suppressed)


def _subscriber_answer(person: Subscriber, left: Sequence[OptOut], call: ApiCall) -> SubscriberAnswer:
    return SubscriberAnswer(
        id=person.id,
        address=person.address,
        name=person.name,
        language=person.language,
        newsletters=[name for name in person.newsletters if call.token.may_see(name)],
        topics=list(person.topics),
        frequency=person.frequency,
        attributes=dict(person.attributes),
        created=person.created,
        opt_outs=[_opt_out_answer(one) for one in left if not one.newsletter or call.token.may_see(one.newsletter)],
    )


def _opt_out_answer(one: OptOut) -> OptOutAnswer:
    return OptOutAnswer(newsletter=one.newsletter or None, at=one.at, via=one.via, reason=one.reason)


# -- change ------------------------------------------------------------------------------------------------------------


def update(call: ApiCall) -> ApiAnswer:
    wanted: SubscriberUpdate = call.body
    with call.context.database.write() as connection:
        person = _find_by_id(connection, call)
        if not all(map(call.token.may_see, person.newsletters)):
            raise ApiProblem("forbidden", "they have other newsletters, too, which the change would be about")
        new = person._replace(
            name=person.name if wanted.name is None else clean_line(wanted.name),
            language=wanted.language or person.language,
            topics=person.topics if wanted.topics is None else clean_topics(wanted.topics),
            frequency=wanted.frequency or person.frequency,
            attributes=_changed_attributes(call, person.attributes, wanted.attributes or {}),
        )
        repository.update(connection, [(person, new)], call.now)
        if new != person:
            tell_changed(call.context.newsroom, connection, new, call.now)
        return ApiAnswer(_show_detail(connection, new, call))


def _changed_attributes(
    call: ApiCall, known: Mapping[str, AttributeValue], given: Mapping[str, AttributeValue | None]
) -> dict[str, AttributeValue]:
    try:
        return merge_attributes(known, parse_attributes(given, call.context.newsroom.settings.attributes))
    except InvalidAttribute as error:
        raise _invalid_attribute(error) from None


async def unsubscribe(call: ApiCall) -> ApiAnswer:
    person, answer = await asyncio.to_thread(_unsubscribe, call)
    call.context.wake()
    await call.context.until_nothing_leaves_for(person.id)
    return answer


def _unsubscribe(call: ApiCall) -> tuple[Subscriber, ApiAnswer]:
    wanted: UnsubscribeRequest = call.body
    if wanted.newsletter is None:
        call.require_all_newsletters("unsubscribing somebody from all newsletters")
    elif wanted.newsletter not in call.context.newsroom.settings.newsletters or not call.token.may_see(
        wanted.newsletter
    ):
        raise invalid_field("/newsletter", "is not a newsletter")
    with call.context.database.write() as connection:
        person = _find_by_id(connection, call)
        request = LeaveRequest(
            subscriber=person.id,
            newsletter=wanted.newsletter or opt_outs.ALL_NEWSLETTERS,
            received_at=call.now,
            via=VIA,
            reason=clean_line(wanted.reason),
        )
        leave_all(call.context.newsroom, connection, [request], call.now)
        after = repository.find_by_ids(connection, [person.id])[person.id]
        return after, ApiAnswer(_show_detail(connection, after, call))


async def forget(call: ApiCall) -> ApiAnswer:
    call.require_all_newsletters("erasing somebody")
    person = await call.context.database.write_in_thread(_forget, call)
    await call.context.until_nothing_leaves_for(person.id)
    return ApiAnswer(None, 204)


def _forget(connection: Connection, call: ApiCall) -> Subscriber:
    person = _find_by_id(connection, call)
    erase_subscriber(call.context.newsroom, connection, person, call.now, via=VIA)
    return person


_SUBSCRIBER = {"subscriber": PathParameter("id of the subscriber", "9f2c41d07be3a865")}
ROUTES = (
    ApiRoute(
        method="POST",
        path="/subscribers",
        name="createSubscriber",
        summary="Subscribe somebody, with or without a confirmation",
        scope=ApiScope.SUBSCRIBERS_WRITE,
        handler=create,
        body=SubscriberCreate,
        answers={202: CreateAnswer, 201: CreateAnswer, 200: CreateAnswer},
    ),
    ApiRoute(
        method="GET",
        path="/subscribers",
        name="listSubscribers",
        summary="List subscribers",
        scope=ApiScope.SUBSCRIBERS_READ,
        handler=list_subscribers,
        query=SubscriberQuery,
        answers={200: SubscriberPage},
        errors=(404,),
    ),
    ApiRoute(
        method="POST",
        path="/subscribers/find",
        name="findSubscriber",
        summary="Find a subscriber by address",
        scope=ApiScope.SUBSCRIBERS_READ,
        handler=find,
        body=AddressRequest,
        answers={200: SubscriberDetail},
        errors=(404,),
    ),
    ApiRoute(
        method="GET",
        path="/subscribers/{subscriber}",
        name="getSubscriber",
        summary="Show a subscriber",
        scope=ApiScope.SUBSCRIBERS_READ,
        handler=show,
        parameters=_SUBSCRIBER,
        answers={200: SubscriberDetail},
    ),
    ApiRoute(
        method="PATCH",
        path="/subscribers/{subscriber}",
        name="updateSubscriber",
        summary="Change name, language, topics, frequency or attributes",
        scope=ApiScope.SUBSCRIBERS_WRITE,
        handler=update,
        parameters=_SUBSCRIBER,
        body=SubscriberUpdate,
        answers={200: SubscriberDetail},
    ),
    ApiRoute(
        method="POST",
        path="/subscribers/{subscriber}/unsubscribe",
        name="unsubscribe",
        summary="Unsubscribe somebody from one newsletter or from all",
        description="Emails that are still waiting to be sent to them are not sent, and no import brings them back.",
        scope=ApiScope.SUBSCRIBERS_WRITE,
        handler=unsubscribe,
        parameters=_SUBSCRIBER,
        body=UnsubscribeRequest,
        body_required=False,
        answers={200: SubscriberDetail},
    ),
    ApiRoute(
        method="DELETE",
        path="/subscribers/{subscriber}",
        name="forgetSubscriber",
        summary="Erase everything about somebody",
        description="Only a keyed hash of the address is kept, so that no import brings it back. This cannot be undone.",
        scope=ApiScope.SUBSCRIBERS_WRITE,
        handler=forget,
        parameters=_SUBSCRIBER,
        answers={204: None},
    ),
)
