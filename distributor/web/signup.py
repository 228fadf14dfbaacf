"""Signing up: the form, one page more for whoever looks like a program, and the page that says what comes next.

The form may stand on the newsroom's own site: it needs no cookie and no token of a session, because a request from another
site can do no more than anybody can do by hand. Every address gets the same page, status and time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from aiohttp import web

from ..config.schema import Newsletter
from ..model import Language
from ..pipeline.signup import SignupForm, check_limits, take_signup
from ..rendering.page_frame import localized
from ..subscribers.sealed import seal, unseal
from ..subscribers.signup_limits import LimitDecision
from ..subscribers.signups import LINK_VALID
from ..subscribers.tokens import BadToken
from ..subscribers.typed_address import suggest_address
from .client_address import client_address, network_of
from .consent_text import FIELD as CONSENT
from .consent_text import seen_text, version_of
from .context import CONTEXT, WebContext, page_language
from .forms import first, read_form
from .pace import on_the_beat
from .responses import error_page, html_page
from .signup_form import (
    FORM_TIME,
    PASSED,
    PASSED_VALID,
    SURE,
    CheckedForm,
    Errors,
    FormOptions,
    Sender,
    TypedForm,
    check_typed,
    judge_sender,
    passed_token,
    read_typed,
    takes_signups,
)
from .signup_view import NO_ERRORS, signup_view

LANGUAGES = r"/{language:vi|en}"
_SENT = "sent"  # the purpose of what is sealed for the page that comes next
_LONGEST_URL = 500  # characters of the address of a form that are kept


def routes() -> list[web.RouteDef]:
    found = []
    for start in ("", LANGUAGES):
        found += [
            web.get(f"{start}/subscribe", _show_form),
            web.get(start + "/n/{newsletter}/subscribe", _show_form),
            web.post(f"{start}/subscribe", _sign_up),
            web.get(f"{start}/subscribe/sent", _show_sent),
            web.get(start + "/subscribe/sent/{sealed}", _show_sent),
        ]
    return found


async def _show_form(request: web.Request) -> web.Response:
    only = request.match_info.get("newsletter", "")
    newsletter = _newsletter_on_the_web(request, only) if only else None
    named = request.query.getall("newsletter", [])
    typed = TypedForm(newsletters=tuple(named)) if named else None
    response = form_page(request, typed=typed, newsletter=newsletter)
    del response.headers["X-Robots-Tag"]  # a page that strangers are to find
    return response


def _newsletter_on_the_web(request: web.Request, name: str) -> Newsletter:
    newsroom = request.app[CONTEXT].newsroom
    found = newsroom.settings.newsletters.get(name)
    if found is None or not takes_signups(newsroom, found):
        raise web.HTTPNotFound
    return found


def form_page(
    request: web.Request,
    *,
    typed: TypedForm | None = None,
    errors: Errors = NO_ERRORS,
    newsletter: Newsletter | None = None,
    language: Language | None = None,
    heading: str = "",
    lead: str = "",
    status: int = 200,
    **values: str,
) -> web.Response:
    """The form on a page of its own, in `language` unless the visitor has chosen another. `heading` and `lead` are
    translations, with `values`, of what is said in place of the usual title."""
    context = request.app[CONTEXT]
    settings = context.newsroom.settings
    usual = language or (settings.newsletter_language(newsletter) if newsletter else None)
    language = page_language(request, usual)
    view = signup_view(
        context.newsroom,
        language,
        context.clock(),
        only=newsletter.id if newsletter else "",
        typed=typed,
        errors=errors,
    )
    return html_page(
        request,
        "subscribe",
        language,
        status=status,
        newsletter=newsletter,
        signup=view,
        heading=settings.texts.translate(language, heading, **values) if heading else "",
        lead=settings.texts.translate(language, lead) if lead else "",
    )


async def _sign_up(request: web.Request) -> web.Response:
    """Every answer from the first look into the store on comes on the beat."""
    form = await read_form(request)
    context, language = request.app[CONTEXT], page_language(request)
    options = FormOptions.of(context.newsroom)
    typed = read_typed(form, options)
    checked, errors = check_typed(typed, options, language)
    if checked is None:
        return form_page(request, typed=typed, errors=errors, status=422)
    now = context.clock()
    settings = context.newsroom.settings
    text = seen_text(form, language, settings.site.title, context.secrets, now, settings.texts)
    kept = [*typed.pairs(), (FORM_TIME, first(form, FORM_TIME)), (CONSENT, version_of(context.secrets[0], text))]
    suggestion = "" if first(form, SURE) else suggest_address(checked.address)
    if suggestion:
        return _ask_which_address(request, language, checked.address, suggestion, kept)
    sender = judge_sender(form, checked.address, context.secrets, now)
    if sender is Sender.LATE:
        return form_page(request, typed=typed, heading="signup_late", lead="signup_late_help")
    if sender is Sender.DOUBTFUL:
        return _extra_page(request, language, checked, kept, now)
    async with on_the_beat():
        decision = await _take(request, checked, text, now, passed=sender is Sender.PASSED)
    if decision is LimitDecision.EXTRA:
        return _extra_page(request, language, checked, kept, now)
    if decision is LimitDecision.TOO_MANY:
        response = error_page(request, 429, "too_many", "too_many_help", minutes=60)
        response.headers["Retry-After"] = "3600"
        return response
    context.wake()
    where = _sent_url(context, checked, language, now)
    return web.Response(status=303, headers={"Location": where, "Cache-Control": "no-store"})


async def _take(request: web.Request, checked: CheckedForm, text: str, now: datetime, *, passed: bool) -> LimitDecision:
    context = request.app[CONTEXT]
    settings = context.newsroom.settings
    client = client_address(request)
    form = SignupForm(
        address=checked.address,
        newsletters=checked.newsletters,
        language=checked.language,
        name=checked.name,
        topics=checked.topics,
        frequency=checked.frequency,
        attributes=checked.attributes,
        text=text,
        url=_url_of_form(request),
        network=network_of(client),
        client_address=client if settings.web_settings.log_addresses else "",
        passed_extra=passed,
    )
    newsroom, database = context.newsroom, context.database
    decision = await database.read_in_thread(lambda connection: check_limits(newsroom, connection, form, now))
    if decision is not LimitDecision.TAKE:
        return decision
    return await database.write_in_thread(lambda connection: take_signup(newsroom, connection, form, now))


def _url_of_form(request: web.Request) -> str:
    """Where the form stands, as far as browsers say: the site that embeds it, or our own page."""
    own = f"{request.app[CONTEXT].url}{request.path}"
    origin = request.headers.get("Origin", "")
    there = urlsplit(origin) if origin.isascii() and origin.isprintable() else urlsplit("")
    if there.scheme not in ("http", "https") or not there.netloc or own.startswith(f"{origin}/"):
        return own[:_LONGEST_URL]
    return origin[:_LONGEST_URL]


def _ask_which_address(
    request: web.Request, language: Language, address: str, suggestion: str, kept: Iterable[tuple[str, str]]
) -> web.Response:
    fields = [(name, value) for name, value in kept if name != "email"]
    return html_page(
        request,
        "subscribe_suggestion",
        language,
        address=address,
        suggestion=suggestion,
        fields=[*fields, (SURE, "1")],
    )


def _extra_page(
    request: web.Request, language: Language, checked: CheckedForm, kept: Iterable[tuple[str, str]], now: datetime
) -> web.Response:
    token = passed_token(request.app[CONTEXT].secrets[0], checked.address, now)
    fields = [(name, value) for name, value in kept if name != FORM_TIME]
    return html_page(request, "subscribe_extra", language, fields=[*fields, (SURE, "1"), (PASSED, token)])


# -- what comes next ----------------------------------------------------------------------------------------------------


def _sent_url(context: WebContext, checked: CheckedForm, language: Language, now: datetime) -> str:
    """The page that names the address back, so that a slip is noticed, in an address that does not show it."""
    settings = context.newsroom.settings
    single = all(settings.newsletters[name].confirm == "single" for name in checked.newsletters)
    values = {"address": checked.address, "single": "1" if single else "", "until": (now + LINK_VALID).isoformat()}
    sealed = seal(context.secrets[0], _SENT, values, now + PASSED_VALID)
    return localized(f"/subscribe/sent/{sealed}", language, settings.site.language)


async def _show_sent(request: web.Request) -> web.Response:
    context = request.app[CONTEXT]
    values = {"address": "", "single": "", "until": context.clock().isoformat()}
    if "sealed" in request.match_info:
        with contextlib.suppress(BadToken):  # an hour later, it says the same without the address
            values = unseal(context.secrets, _SENT, request.match_info["sealed"], context.clock())
    return html_page(
        request,
        "subscribe_sent",
        page_language(request),
        address=values["address"],
        single=bool(values["single"]),
        valid_until=datetime.fromisoformat(values["until"]),
    )
