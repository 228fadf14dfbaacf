"""Unsubscribing: the page, the one-click POST of RFC 8058, undoing it.

`/u/<token>`: GET and HEAD show a page and change nothing, whoever fetches it. POST unsubscribes, whatever its body is: mail
programs send `List-Unsubscribe=One-Click` in one form or another, or nothing at all. It is decided by the token before any
of the body is read, and answered once it is committed and nothing more leaves. The answer is 200 and a page also for links
that are nobody's, as a program could do nothing about them, and 503 only where the store fails. There is no redirect, no
cookie, and no limit per address: large providers send from a few.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from html import escape
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from .. import i18n
from ..errors import RenderError
from ..mail.address import mask_address
from ..model import Frequency, Language
from ..pipeline import leaving
from ..pipeline.events import tell_changed
from ..pipeline.leaving import LeaveRequest, Standing
from ..subscribers import repository
from ..subscribers.merge_values import PROBE
from ..subscribers.tokens import Purpose
from .context import CONTEXT, page_language
from .forms import first, read_form
from .personal import (
    localized,
    other_language_path,
    page_path,
    preferences_path,
    probe_subscriber,
    read_claim,
    unknown_link_page,
)
from .responses import PageKind, html_page, html_response

log = logging.getLogger("distributor.web")

REASONS = ("too_many", "not_for_me", "never_subscribed", "other")
_PAUSES = {"7": 7, "30": 30, "90": 90}  # days
_RARER = {
    Frequency.EACH: (Frequency.DAILY, Frequency.WEEKLY),
    Frequency.DAILY: (Frequency.WEEKLY,),
    Frequency.WEEKLY: (),
}
_SHORT = """\
<!DOCTYPE html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/assets/{style}">
<main class="sheet">
<h1>{title}</h1>
<p>{text}</p>
<p><a href="{page}">{more}</a></p>
</main>
"""

Handler = Callable[[web.Request], Awaitable[web.Response]]
Change = Callable[[Connection, Standing, datetime], None]


def routes() -> list[web.RouteDef]:
    posts: Mapping[str, Handler] = {
        "{slash:/?}": _one_click,
        "/leave": _leave,
        "/all{slash:/?}": _leave_all,
        "/undo": _undo,
        "/all/undo": _undo,
        "/reason": _reason,
        "/all/reason": _reason,
        "/fewer": _fewer,
        "/pause": _pause,
    }
    return [
        *localized("GET", "/u/{token}{rest:(?:/.*)?}", _page),
        *localized("HEAD", "/u/{token}{rest:(?:/.*)?}", _page),
        *(
            route
            for rest, handler in posts.items()
            for route in localized("POST", "/u/{token}" + rest, handler, expect_handler=_expect_nothing)
        ),
    ]


async def _expect_nothing(request: web.Request) -> None:
    """For `Expect`: the answer does not wait for a body (RFC 9110, section 10.1.1)."""


# -- the page ----------------------------------------------------------------------------------------------------------


async def _page(request: web.Request) -> web.Response:
    standing = await _find(request)
    if standing is None:
        return unknown_link_page(request)
    return _show(request, standing)


async def _find(request: web.Request) -> Standing | None:
    """Where the subscriber of the link stands; None for a link that is nobody's."""
    context = request.app[CONTEXT]
    claim = read_claim(request, Purpose.UNSUBSCRIBE)
    if claim is None:
        return None
    newsletter = "" if _is_about_all(request) else claim.scope
    if claim.subject == PROBE:
        return _probe(request, newsletter)
    return await context.database.read_in_thread(leaving.find_standing, claim.subject, newsletter, context.clock())


def _is_about_all(request: web.Request) -> bool:
    return f"{request.path}/".startswith(f"{page_path(request, 'u')}/all/")


def _probe(request: web.Request, newsletter: str) -> Standing:
    known = request.app[CONTEXT].newsroom.settings.newsletters
    person = probe_subscriber(known, page_language(request))
    return Standing(person=person, newsletter=newsletter)


# -- leaving -----------------------------------------------------------------------------------------------------------


async def _one_click(request: web.Request) -> web.Response:
    """The POST of a mail program: a short page, as hardly anybody sees it, and there may be very many."""
    return await _leave_from(request, _short_page)


async def _leave(request: web.Request) -> web.Response:
    """The button of the page."""
    return await _leave_from(request, _left_page)


async def _leave_all(request: web.Request) -> web.Response:
    return await _leave_from(request, _left_page, everything=True)


async def _leave_from(
    request: web.Request, show: Callable[[web.Request, Standing], web.Response], *, everything: bool = False
) -> web.Response:
    context = request.app[CONTEXT]
    now = context.clock()
    claim = read_claim(request, Purpose.UNSUBSCRIBE)
    if claim is None:
        return _unknown(request, now)
    newsletter = "" if everything else claim.scope
    if claim.subject == PROBE:
        return _left_page(request, replace(_probe(request, newsletter), left_at=now, undo=True))
    standing = await context.leave(LeaveRequest(subscriber=claim.subject, newsletter=newsletter, received_at=now))
    if standing is None:
        return _unknown(request, now)
    context.wake()
    try:
        return show(request, standing)
    except RenderError as error:  # a template of the newsroom's own; the subscriber has left all the same
        log.error("the page after unsubscribing cannot be shown: %s", error)
        return _short_page(request, standing)


def _short_page(request: web.Request, standing: Standing) -> web.Response:
    """That it is done, and a link to the page with all that can follow."""
    context = request.app[CONTEXT]
    language = _language(request, standing)
    newsletter = context.newsroom.settings.newsletters.get(standing.newsletter)
    zone = context.newsroom.zone(newsletter) if newsletter else context.newsroom.settings.site.timezone
    at = standing.left_at or context.clock()
    text = context.newsroom.settings.texts.translate(
        language,
        "left_since" if standing.newsletter else "left_since_all",
        time=i18n.clock(at, zone),
        date=i18n.long_date(at, language, zone),
        newsletter=_title(request, standing),
        site=context.newsroom.settings.site.title,
        address=mask_address(standing.person.address),
    )
    page = _SHORT.format(
        language=language.value,
        style=context.pages.stylesheet_name,
        title=escape(context.newsroom.settings.texts.translate(language, "left_title")),
        text=escape(text),
        page=escape(page_path(request, "u")),
        more=escape(context.newsroom.settings.texts.translate(language, "left_more")),
    )
    return html_response(request, page.encode(), kind=PageKind.PERSONAL)


def _unknown(request: web.Request, now: datetime) -> web.Response:
    request.app[CONTEXT].unknown_links.add(now, "requests to unsubscribe")
    return unknown_link_page(request, status=200)


# -- what may do instead, and after the fact -----------------------------------------------------------------------------


async def _undo(request: web.Request) -> web.Response:
    before = await _find(request)
    if before is None:
        return unknown_link_page(request)
    newsroom = request.app[CONTEXT].newsroom
    after = await _write(
        request, before, lambda connection, one, now: leaving.undo_leaving(newsroom, connection, one, now)
    )
    key = "left_undone" if after.newsletter else "left_undone_all"
    saved = _say(request, after, key, newsletter=_title(request, after)) if after.subscribed and before.undo else ""
    return _show(request, after, saved)


async def _reason(request: web.Request) -> web.Response:
    standing = await _find(request)
    if standing is None:
        return unknown_link_page(request)
    form = await read_form(request)
    chosen = first(form, "reason")
    said = ": ".join(filter(None, (chosen if chosen in REASONS else "", first(form, "words")[:300])))
    if said:
        await _write(request, standing, lambda connection, one, now: leaving.give_reason(connection, one, said))
    return _show(request, standing, _say(request, standing, "left_reason_thanks"))


async def _fewer(request: web.Request) -> web.Response:
    standing = await _find(request)
    if standing is None:
        return unknown_link_page(request)
    wanted = first(await read_form(request), "frequency")
    rarer = [one for one in _RARER[standing.person.frequency] if one == wanted]
    if not rarer or not standing.subscribed:
        return _show(request, standing)

    def change(connection: Connection, standing: Standing, now: datetime) -> None:
        after = standing.person._replace(frequency=rarer[0])
        repository.update(connection, [(standing.person, after)], now)
        tell_changed(request.app[CONTEXT].newsroom, connection, after, now)

    after = await _write(request, standing, change)
    return _show(request, after, _say(request, after, "fewer_saved"))


async def _pause(request: web.Request) -> web.Response:
    standing = await _find(request)
    if standing is None:
        return unknown_link_page(request)
    days = _PAUSES.get(first(await read_form(request), "days"))
    if not days or not standing.subscribed or not standing.newsletter:
        return _show(request, standing)
    context = request.app[CONTEXT]
    newsletter = context.newsroom.settings.newsletters.get(standing.newsletter)
    zone = context.newsroom.zone(newsletter) if newsletter else context.newsroom.settings.site.timezone
    until = datetime.combine(context.clock().astimezone(zone).date() + timedelta(days=days), time(), zone)
    after = await _write(
        request,
        standing,
        lambda connection, one, now: repository.pause(connection, one.person.id, one.newsletter, until),
    )
    date = i18n.long_date(until, _language(request, after), zone)
    return _show(request, after, _say(request, after, "pause_saved", date=date))


async def _write(request: web.Request, standing: Standing, change: Change) -> Standing:
    """Change something, unless the link is that of a test email; returns where the subscriber stands then."""
    context = request.app[CONTEXT]
    if standing.person.id == PROBE:
        return standing

    def write(connection: Connection) -> Standing | None:
        now = context.clock()
        change(connection, standing, now)
        return leaving.find_standing(connection, standing.person.id, standing.newsletter, now)

    return await context.database.write_in_thread(write) or standing


# -- showing -----------------------------------------------------------------------------------------------------------


def _show(request: web.Request, standing: Standing, saved: str = "") -> web.Response:
    return (_leave_page if standing.subscribed else _left_page)(request, standing, saved)


def _leave_page(request: web.Request, standing: Standing, saved: str = "") -> web.Response:
    return _personal_page(request, "leave", standing, saved, rarer=_RARER[standing.person.frequency])


def _left_page(request: web.Request, standing: Standing, saved: str = "") -> web.Response:
    reasons = [(one, _say(request, standing, f"left_reason_{one}")) for one in REASONS]
    return _personal_page(
        request, "left", standing, saved, left_at=standing.left_at, undo=standing.undo, reasons=reasons
    )


def _personal_page(request: web.Request, template: str, standing: Standing, saved: str, **values: Any) -> web.Response:
    newsletter = request.app[CONTEXT].newsroom.settings.newsletters.get(standing.newsletter)
    language = _language(request, standing)
    probe = standing.person.id == PROBE
    about_all = "" if standing.newsletter else "/all"
    return html_page(
        request,
        template,
        language,
        newsletter=newsletter,
        title=_title(request, standing),
        masked=mask_address(standing.person.address),
        action=page_path(request, "u") + about_all,
        other_language_url=other_language_path(request, "u", language) + about_all,
        preferences_url=preferences_path(request, standing.person.id),
        saved=saved,
        probe=probe,
        **values,
    )


def _title(request: web.Request, standing: Standing) -> str:
    """The title of the newsletter, or its name where config.yaml has it no more; empty for all."""
    newsletter = request.app[CONTEXT].newsroom.settings.newsletters.get(standing.newsletter)
    return newsletter.title if newsletter else standing.newsletter


def _language(request: web.Request, standing: Standing) -> Language:
    newsroom = request.app[CONTEXT].newsroom
    newsletter = newsroom.settings.newsletters.get(standing.newsletter)
    return page_language(request, newsroom.language(newsletter) if newsletter else standing.person.language)


def _say(request: web.Request, standing: Standing, key: str, **values: object) -> str:
    return request.app[CONTEXT].newsroom.settings.texts.translate(_language(request, standing), key, **values)
