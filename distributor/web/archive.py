"""The archive: editions and articles as they were sent, by newsletter, month and topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from sqlalchemy import Connection

from .. import i18n
from ..config.schema import Newsletter
from ..editions import web_archive
from ..editions.web_archive import ArchivedEdition
from ..model import Language
from .context import CONTEXT, WebContext
from .public import (
    both_languages,
    find_newsletter,
    local_path,
    page_file,
    page_number,
    public_newsletters,
    visitor_language,
)
from .public_files import Made
from .signup_form import takes_signups

ON_A_PAGE = 30
OF_EACH = 5  # editions of each newsletter on the page of all
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


def routes() -> list[web.RouteDef]:
    return [
        *both_languages("/archive", _archive),
        *both_languages("/archive/{newsletter}", _editions),
        *both_languages("/archive/{newsletter}/months/{month}", _month),
        *both_languages("/topics/{topic}", _topic),
    ]


async def _archive(request: web.Request) -> web.StreamResponse:
    context, language = request.app[CONTEXT], visitor_language(request)
    shown = public_newsletters(context)

    def make(connection: Connection) -> Made:
        latest = [(one, web_archive.list_public_editions(connection, [id], OF_EACH)) for id, one in shown.items()]
        return page_file(
            context,
            "archive",
            language,
            local_path(context, "/archive", language),
            listed=[{"id": one.id, "title": one.title, "editions": found} for one, found in latest if found],
            topics=web_archive.list_public_topics(connection, list(shown)),
        )

    return await context.public_files.answer(request, ("archive", language), make)


async def _editions(request: web.Request) -> web.StreamResponse:
    return await _list(request, "")


async def _month(request: web.Request) -> web.StreamResponse:
    if not _MONTH.fullmatch(request.match_info["month"]):
        raise web.HTTPNotFound
    return await _list(request, request.match_info["month"])


async def _list(request: web.Request, month: str) -> web.StreamResponse:
    """The editions of a newsletter, all or those of a month."""
    context, newsletter = request.app[CONTEXT], await find_newsletter(request)
    language, page, path = visitor_language(request, newsletter), page_number(request), request.path
    zone = context.newsroom.zone(newsletter)

    def make(connection: Connection) -> Made:
        between = _bounds(month, zone) if month else None
        found = web_archive.list_public_editions(
            connection, [newsletter.id], ON_A_PAGE + 1, offset=(page - 1) * ON_A_PAGE, between=between
        )
        if not found and (month or page > 1):
            return None
        return _editions_page(context, connection, newsletter, language, path, found, month=month, page=page)

    return await context.public_files.answer(request, ("editions", path, str(page)), make)


def _editions_page(
    context: WebContext,
    connection: Connection,
    newsletter: Newsletter,
    language: Language,
    path: str,
    found: Sequence[ArchivedEdition],
    *,
    month: str,
    page: int,
) -> Made:
    zone = context.newsroom.zone(newsletter)
    months = web_archive.count_by_month(connection, [newsletter.id], zone)
    return page_file(
        context,
        "editions",
        language,
        path,
        newsletter=newsletter,
        list_path=path,
        page=page,
        shown=found[:ON_A_PAGE],
        more=len(found) > ON_A_PAGE,
        takes_signups=takes_signups(context.newsroom, newsletter),
        month=_month_name(_bounds(month, zone)[0], language) if month else "",
        months=[
            {
                "id": f"{year}-{number:02}",
                "name": _month_name(datetime(year, number, 1, tzinfo=zone), language),
                "number": count,
            }
            for (year, number), count in months.items()
        ],
    )


def _bounds(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a month begins, and when the next one does."""
    year, number = map(int, month.split("-"))
    after = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=zone), datetime(*after, 1, tzinfo=zone)


def _month_name(moment: datetime, language: Language) -> str:
    return i18n.month_name(moment.year, moment.month, language)


async def _topic(request: web.Request) -> web.StreamResponse:
    context, language, page = request.app[CONTEXT], visitor_language(request), page_number(request)
    slug, shown = request.match_info["topic"], list(public_newsletters(context))

    def make(connection: Connection) -> Made:
        articles = web_archive.list_public_articles(
            connection, shown, ON_A_PAGE + 1, offset=(page - 1) * ON_A_PAGE, topic=slug
        )
        if not articles:
            return None
        path = local_path(context, f"/topics/{slug}", language)
        return page_file(
            context,
            "topic",
            language,
            path,
            slug=slug,
            topic=web_archive.list_public_topics(connection, shown)[slug][0],
            shown=articles[:ON_A_PAGE],
            more=len(articles) > ON_A_PAGE,
            page=page,
            list_path=path,
        )

    return await context.public_files.answer(request, ("topic", slug, language, str(page)), make)
