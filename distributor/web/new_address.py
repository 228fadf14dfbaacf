"""The page that the email to a new address leads to: its owner confirms it, and it becomes the subscriber's."""

from __future__ import annotations

from aiohttp import web

from ..mail.address import mask_address
from ..model import Subscriber
from ..pipeline import preferences as pipeline
from ..subscribers.tokens import Purpose
from .context import CONTEXT, page_language
from .personal import localized, other_language_path, page_path, preferences_path, read_claim
from .responses import html_page


def routes() -> list[web.RouteDef]:
    return [
        *localized("GET", "/a/{token}{slash:/?}", _ask_to_change),
        *localized("POST", "/a/{token}{slash:/?}", _change_address),
    ]


async def _ask_to_change(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    claim = read_claim(request, Purpose.ADDRESS)
    found = None
    if claim:
        found = await context.database.read_in_thread(pipeline.find_change, claim.subject, context.clock())
    if found is None:
        return _address_page(request, None, "over")
    change, person = found
    if change.done_at:
        return _done_page(request, person)
    return _address_page(
        request, person, "ask", masked=mask_address(change.address), before=mask_address(person.address)
    )


async def _change_address(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    claim = read_claim(request, Purpose.ADDRESS)
    person = None
    if claim:
        id = claim.subject
        person = await context.database.write_in_thread(
            lambda connection: pipeline.confirm_new_address(context.newsroom, connection, id, context.clock())
        )
    if person is None:
        return _address_page(request, None, "over")
    return _done_page(request, person)


def _done_page(request: web.Request, person: Subscriber) -> web.Response:
    link = preferences_path(request, person.id)
    return _address_page(request, person, "done", masked=mask_address(person.address), preferences_url=link)


def _address_page(request: web.Request, person: Subscriber | None, state: str, **values: str) -> web.Response:
    """The pages of a change; where there is nothing to confirm, the same whether the link is over or never was ours."""
    language = page_language(request, person.language if person else None)
    return html_page(
        request,
        "address",
        language,
        status=200 if person else 404,
        state=state,
        action=page_path(request, "a"),
        other_language_url=other_language_path(request, "a", language),
        **{"masked": "", "before": "", "preferences_url": "", **values},  # type: ignore[arg-type]
    )
