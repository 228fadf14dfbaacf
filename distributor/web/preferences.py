"""Preferences of a subscriber behind a signed link, and their data: a copy, erasure, another address.

GET changes nothing. A POST is answered by a redirect to the page, so that loading it again sends nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from ..config.schema import Settings
from ..config.web import Attribute
from ..mail.address import mask_address
from ..model import Language, Subscriber
from ..pipeline import preferences as pipeline
from ..subscribers import personal_data, repository
from ..subscribers.merge_values import PROBE
from ..subscribers.tokens import Claim, Purpose, sign
from ..subscribers.typed_address import clean_typed_address
from .context import CONTEXT, page_language
from .forms import first, read_form
from .personal import (
    localized,
    other_language_path,
    page_path,
    probe_subscriber,
    read_claim,
    unknown_link_page,
)
from .preference_form import (
    LONGEST_PAUSE,
    NO_ERRORS,
    Errors,
    PreferenceOptions,
    TypedPreferences,
    check_typed,
    present_preferences,
    read_typed,
)
from .responses import html_page

_SAVED = {"1": "prefs_saved", "address": "address_sent", "data": "data_sent"}


def routes() -> list[web.RouteDef]:
    return [
        *localized("GET", "/p/{token}{slash:/?}", _show),
        *localized("HEAD", "/p/{token}{slash:/?}", _show),
        *localized("POST", "/p/{token}{slash:/?}", _save),
        *localized("POST", "/p/{token}/address", _new_address),
        *localized("POST", "/p/{token}/data", _send_data),
        *localized("GET", "/p/{token}/data.json", _show_data),
        *localized("GET", "/p/{token}/erase", _ask_to_erase),
        *localized("POST", "/p/{token}/erase", _erase),
        *localized("GET", "/p/{token}/{rest:address|data}", _show),
    ]


@dataclass(frozen=True, slots=True)
class _Visit:
    """Whose page is asked for, and what is to be seen on it. `claim` is what the link says."""

    claim: Claim
    person: Subscriber
    options: PreferenceOptions
    present: TypedPreferences
    language: Language

    @property
    def probe(self) -> bool:
        return self.person.id == PROBE


async def _visit(request: web.Request) -> _Visit | None:
    """None for a link that is nobody's (any more)."""
    context = request.app[CONTEXT]
    settings, now = context.newsroom.settings, context.clock()
    claim = read_claim(request, Purpose.PREFERENCES)
    if claim is None:
        return None
    paused: dict[str, datetime] = {}
    person: Subscriber | None = probe_subscriber(settings.newsletters, page_language(request))
    if claim.subject != PROBE:
        person, paused = await context.database.read_in_thread(_find, claim.subject)
    if person is None:
        return None
    options = PreferenceOptions.of(settings, person)
    present = present_preferences(person, paused, options, now)
    return _Visit(claim, person, options, present, page_language(request, person.language))


def _find(connection: Connection, subscriber: str) -> tuple[Subscriber | None, dict[str, datetime]]:
    person = repository.find_by_ids(connection, [subscriber]).get(subscriber)
    return person, repository.paused_until(connection, subscriber)


# -- preferences ---------------------------------------------------------------------------------------------------------


async def _show(request: web.Request) -> web.Response:
    visit = await _visit(request)
    if visit is None:
        return unknown_link_page(request)
    key = _SAVED.get(request.query.get("saved", ""), "")
    return _page(
        request,
        visit,
        visit.present,
        saved=request.app[CONTEXT].newsroom.settings.texts.translate(visit.language, key) if key else "",
    )


async def _save(request: web.Request) -> web.Response:
    visit = await _visit(request)
    if visit is None:
        return unknown_link_page(request)
    form = await read_form(request)
    if "frequency" not in form or "language" not in form:  # not our form: its missing boxes mean nothing
        raise web.HTTPBadRequest
    context = request.app[CONTEXT]
    typed = read_typed(form, visit.options)
    chosen, errors = check_typed(typed, visit.options, context.clock())
    if chosen is None:
        return _page(request, visit, typed, errors, status=422)
    text = context.newsroom.settings.texts.translate(
        visit.language, "prefs_consent", site=context.newsroom.settings.site.title
    )
    await _write(
        request,
        visit,
        lambda connection, now: pipeline.save_preferences(
            context.newsroom, connection, visit.person.id, chosen, text, now
        ),
    )
    if not set(visit.person.newsletters).issubset(chosen.newsletters):
        await context.until_nothing_leaves_for(visit.person.id)
    return _back(request, "1")


async def _write(request: web.Request, visit: _Visit, change: Callable[[Connection, datetime], None]) -> None:
    """Change something, unless the link is that of a test email."""
    context = request.app[CONTEXT]
    if not visit.probe:
        await context.database.write_in_thread(change, context.clock())
        context.wake()


def _back(request: web.Request, saved: str) -> web.Response:
    location = f"{page_path(request, 'p')}?saved={saved}"
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


def _page(
    request: web.Request,
    visit: _Visit,
    form: TypedPreferences,
    errors: Errors = NO_ERRORS,
    *,
    saved: str = "",
    new_address: str = "",
    status: int = 200,
) -> web.Response:
    context, language = request.app[CONTEXT], visit.language
    settings, options = context.newsroom.settings, visit.options
    today = context.clock().astimezone(settings.site.timezone).date()
    leave = sign(context.secrets[0], Claim(Purpose.UNSUBSCRIBE, visit.person.id))
    return html_page(
        request,
        "preferences",
        language,
        status=status,
        form=form,
        options=options,
        newsletters=[(one.name, one.title, one.description) for one in options.newsletters.values()],
        topics=[(topic, topic) for topic in options.topics],
        attributes=_attribute_views(options, language),
        pauses=[(name, one.title) for name, one in options.newsletters.items() if name in visit.person.newsletters],
        first_day=(today + timedelta(days=1)).isoformat(),
        last_day=(today + LONGEST_PAUSE).isoformat(),
        errors={name: _error_text(settings, options, name, key, language) for name, key in errors.items()},
        consent=settings.texts.translate(language, "prefs_consent", site=settings.site.title),
        new_address=new_address,
        leave_url=f"{_prefix(request)}/u/{leave}",
        **_common(request, visit, saved),
    )


def _attribute_views(options: PreferenceOptions, language: Language) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "label": _label(one, language),
            "type": one.type,
            "choices": [(text, text) for text in one.choices],
        }
        for name, one in options.attributes.items()
    ]


def _error_text(settings: Settings, options: PreferenceOptions, field: str, key: str, language: Language) -> str:
    """What is wrong with a field; with its name, where several look alike."""
    text = settings.texts.translate(language, key)
    kind, _, name = field.partition(".")
    if kind == "attribute":
        return f"{_label(options.attributes[name], language)}: {text}"
    return f"{options.newsletters[name].title}: {text}" if kind == "pause" else text


def _label(attribute: Attribute, language: Language) -> str:
    return attribute.label.get(language) or next(iter(attribute.label.values()))


def _common(request: web.Request, visit: _Visit, saved: str = "") -> dict[str, Any]:
    return {
        "masked": mask_address(visit.person.address),
        "action": page_path(request, "p"),
        "other_language_url": other_language_path(request, "p", visit.language),
        "probe": visit.probe,
        "saved": saved,
    }


def _prefix(request: web.Request) -> str:
    chosen = request.match_info.get("language", "")
    return f"/{chosen}" if chosen else ""


# -- their data ------------------------------------------------------------------------------------------------------------


async def _send_data(request: web.Request) -> web.Response:
    visit = await _visit(request)
    if visit is None:
        return unknown_link_page(request)
    newsroom = request.app[CONTEXT].newsroom
    await _write(
        request,
        visit,
        lambda connection, now: pipeline.send_data(newsroom, connection, visit.person, now, via="link"),
    )
    return _back(request, "data")


async def _show_data(request: web.Request) -> web.Response:
    """All that is held, for the link in the email with it: the one in newsletters, which get forwarded, does not show it."""
    visit = await _visit(request)
    if visit is None or visit.claim.scope != pipeline.DATA_SCOPE or visit.probe:
        return unknown_link_page(request)
    found = await request.app[CONTEXT].database.read_in_thread(personal_data.collect, visit.person)
    response = web.json_response(found, dumps=partial(json.dumps, ensure_ascii=False, indent=2))
    response.headers.update(
        {
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="data.json"',
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow",
        }
    )
    return response


async def _ask_to_erase(request: web.Request) -> web.Response:
    visit = await _visit(request)
    if visit is None:
        return unknown_link_page(request)
    return html_page(request, "erase", visit.language, erased=False, **_common(request, visit))


async def _erase(request: web.Request) -> web.Response:
    """The page stands at no address of its own: its link is nobody's afterwards."""
    visit = await _visit(request)
    if visit is None:
        return unknown_link_page(request)
    context = request.app[CONTEXT]
    await _write(
        request,
        visit,
        lambda connection, now: pipeline.erase_subscriber(context.newsroom, connection, visit.person, now, via="link"),
    )
    await context.until_nothing_leaves_for(visit.person.id)
    return html_page(request, "erase", visit.language, erased=True, **_common(request, visit))


# -- another address -------------------------------------------------------------------------------------------------------


async def _new_address(request: web.Request) -> web.Response:
    """The same answer for every address."""
    visit = await _visit(request)
    if visit is None:
        return unknown_link_page(request)
    typed = first(await read_form(request), "email")
    try:
        address = clean_typed_address(typed)
    except ValueError:
        return _page(request, visit, visit.present, {"email": "signup_email_wrong"}, new_address=typed, status=422)
    newsroom = request.app[CONTEXT].newsroom
    await _write(
        request,
        visit,
        lambda connection, now: pipeline.ask_new_address(newsroom, connection, visit.person, address, now),
    )
    return _back(request, "address")
