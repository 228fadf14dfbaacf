"""The confirmation of a sign-up: a page with one button, as programs that scan emails open links but press no buttons.

The link in the email is the authority: no cookie, no session, and so nothing that another site could make use of. It works
until it expires, as often as it is used; a second visit shows that all is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from aiohttp import web
from sqlalchemy import Connection

from ..mail.address import mask_address
from ..model import EditionKind, Frequency
from ..newsroom import Newsroom
from ..pipeline.signup import confirm_signup, latest_edition_path, refuse_signup
from ..subscribers import repository, signups
from ..subscribers.merge_values import PROBE
from ..subscribers.signups import Signup, SignupAsk, SignupWish
from ..subscribers.tokens import BadToken, Claim, ExpiredToken, Purpose, read, sign
from .context import CONTEXT, WebContext, page_language
from .responses import error_page, html_page
from .signup import LANGUAGES, form_page
from .signup_form import TypedForm

_AHEAD = timedelta(days=35)  # in which the next edition is looked for
_KINDS = {
    None: EditionKind.DIGEST,
    Frequency.EACH: EditionKind.DIGEST,
    Frequency.DAILY: EditionKind.DAILY,
    Frequency.WEEKLY: EditionKind.WEEKLY,
}

Handler = Callable[[web.Request], Awaitable[web.Response]]
ClaimHandler = Callable[[web.Request, Claim], Awaitable[web.Response]]


def routes() -> list[web.RouteDef]:
    """Refusing works for ever: whoever did not ask must not be told that they are late."""
    found = []
    for start in ("", LANGUAGES):
        found += [
            web.get(start + "/c/{token}", _with_claim(_show_confirmation)),
            web.post(start + "/c/{token}", _with_claim(_confirm)),
            web.get(start + "/c/{token}/no", _with_claim(_show_refusal, for_ever=True)),
            web.post(start + "/c/{token}/no", _with_claim(_refuse, for_ever=True)),
        ]
    return found


def _with_claim(handler: ClaimHandler, *, for_ever: bool = False) -> Handler:
    """A handler that gets the claim of the link. A link that is nobody's, or whose time is over, has a page of its own."""

    async def answer(request: web.Request) -> web.Response:
        context = request.app[CONTEXT]
        now = None if for_ever else context.clock()
        try:
            claim = read(context.secrets, request.match_info["token"], Purpose.CONFIRM, now)
        except ExpiredToken as late:
            return _expired_page(request, await _find(context, late.claim))
        except BadToken:
            return _invalid_page(request)
        return await handler(request, claim)

    return answer


async def _show_confirmation(request: web.Request, claim: Claim) -> web.Response:
    context = request.app[CONTEXT]
    signup = await _find(context, claim)
    if signup is None:
        return _expired_page(request, None)
    if signup.confirmed_at:
        return await _result_page(request, signup)
    return _question_page(request, "confirm", signup)


async def _confirm(request: web.Request, claim: Claim) -> web.Response:
    context = request.app[CONTEXT]
    now = context.clock()
    if claim.subject == PROBE:
        return await _result_page(request, _probe_signup(context))
    signup = await context.database.write_in_thread(
        lambda connection: confirm_signup(context.newsroom, connection, claim.subject, now)
    )
    context.wake()
    return await _result_page(request, signup) if signup else _expired_page(request, None)


async def _show_refusal(request: web.Request, claim: Claim) -> web.Response:
    context = request.app[CONTEXT]
    signup = await _find(context, claim)
    return _question_page(request, "confirm_no", signup) if signup else _refused_page(request, None)


async def _refuse(request: web.Request, claim: Claim) -> web.Response:
    context = request.app[CONTEXT]
    now = context.clock()
    if claim.subject == PROBE:
        return _refused_page(request, None)
    signup = await context.database.write_in_thread(
        lambda connection: refuse_signup(context.newsroom, connection, claim.subject, now)
    )
    return _refused_page(request, signup)


async def _find(context: WebContext, claim: Claim) -> Signup | None:
    if claim.subject == PROBE:
        return _probe_signup(context)
    return await context.database.read_in_thread(signups.find, claim.subject)


def _probe_signup(context: WebContext) -> Signup:
    """What the links in emails to staff are about: nobody."""
    now, language = context.clock(), context.newsroom.settings.site.language
    name = next(iter(context.newsroom.settings.newsletters))
    return Signup(
        id=PROBE,
        address="test@example.com",
        wish=SignupWish(language=language),
        asks=(SignupAsk(newsletter=name, text="", language=language, at=now),),
        asked_at=now,
        expires_at=now,
    )


# -- pages --------------------------------------------------------------------------------------------------------------


def _invalid_page(request: web.Request) -> web.Response:
    return error_page(request, 404, "link_invalid", "link_invalid_help")


def _expired_page(request: web.Request, signup: Signup | None) -> web.Response:
    """With the form, as far as it is known how it was filled in, but without the address."""
    return form_page(
        request,
        typed=TypedForm(newsletters=signup.newsletters) if signup else None,
        language=signup.wish.language if signup else None,
        heading="signup_expired",
        lead="signup_expired_help",
        status=410,
    )


def _refused_page(request: web.Request, signup: Signup | None) -> web.Response:
    return html_page(
        request,
        "message",
        page_language(request, signup.wish.language if signup else None),
        key="signup_refused",
        help_key="signup_refused_help",
        values={},
    )


def _question_page(request: web.Request, template: str, signup: Signup) -> web.Response:
    context = request.app[CONTEXT]
    return html_page(
        request,
        template,
        page_language(request, signup.wish.language),
        token=request.match_info["token"],
        masked=mask_address(signup.address),
        titles=_titles(context.newsroom, signup.newsletters),
    )


async def _result_page(request: web.Request, signup: Signup) -> web.Response:
    """That it is done; or, where somebody has left since, that they may sign up again."""
    context = request.app[CONTEXT]
    language = page_language(request, signup.wish.language)
    if signup.id == PROBE:
        own_url, latest_url, here = "", "", set(signup.newsletters)
    else:
        own_url, latest_url, here = await context.database.read_in_thread(_subscribed, context.newsroom, signup)
    titles = _titles(context.newsroom, signup.newsletters)
    if not here & set(signup.newsletters):
        return form_page(
            request,
            typed=TypedForm(newsletters=signup.newsletters),
            language=language,
            heading="signup_left_since",
            lead="signup_left_since_help",
            newsletters=titles,
        )
    return html_page(
        request,
        "confirm_done",
        language,
        masked=mask_address(signup.address),
        titles=titles,
        own_url=own_url,
        latest_url=latest_url,
        next_at=_next_edition(context.newsroom, signup, context.clock()),
    )


def _subscribed(connection: Connection, newsroom: Newsroom, signup: Signup) -> tuple[str, str, set[str]]:
    """The link to the preferences of whoever has confirmed, the latest edition that they may read, and their newsletters."""
    person = repository.find(connection, signup.address)
    if person is None:
        return "", "", set()
    token = sign(newsroom.secret(), Claim(Purpose.PREFERENCES, person.id))
    return f"/p/{token}", latest_edition_path(newsroom, connection, signup.newsletters), set(person.newsletters)


def _titles(newsroom: Newsroom, names: tuple[str, ...]) -> str:
    known = newsroom.settings.newsletters
    return ", ".join(known[name].title for name in names if name in known)


def _next_edition(newsroom: Newsroom, signup: Signup, now: datetime) -> datetime | None:
    """When the first of these newsletters goes out next, as often as was chosen."""
    kind = _KINDS[signup.wish.frequency]
    schedules = [newsroom.timing[name].by_kind.get(kind) for name in signup.newsletters if name in newsroom.timing]
    slots = [next(iter(one.slots(now, now + _AHEAD)), None) for one in schedules if one]
    return min((slot.at for slot in slots if slot), default=None)
