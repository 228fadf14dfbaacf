"""The home page, and that of each newsletter."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import Connection

from ..config.schema import Newsletter
from ..editions import web_archive
from ..model import Language
from ..rendering.views import safe_text
from .context import CONTEXT, WebContext
from .public import both_languages, find_newsletter, local_path, page_file, public_newsletters, visitor_language
from .public_files import Made
from .signup_form import takes_signups
from .signup_view import SignupView, signup_view

EARLIER = 10  # editions listed below the latest
TITLES = 8  # of the latest edition


def routes() -> list[web.RouteDef]:
    return [
        *both_languages("/", _home),
        web.get("/{language:vi|en}", _home_without_slash),
        *both_languages("/n/{newsletter}", _newsletter),
    ]


async def _home_without_slash(request: web.Request) -> web.StreamResponse:
    raise web.HTTPMovedPermanently(f"/{request.match_info['language']}/")


async def _home(request: web.Request) -> web.StreamResponse:
    context, language = request.app[CONTEXT], visitor_language(request)

    def make(connection: Connection) -> Made:
        return page_file(
            context,
            "home",
            language,
            local_path(context, "/", language),
            offers=[_offer(context, connection, one) for one in public_newsletters(context).values()],
            signup=_signup(context, language),
            description=context.newsroom.settings.site.description,
            open_graph=_open_graph(context, language, context.newsroom.settings.site.title),
        )

    return await context.public_files.answer(request, ("home", language), make)


def _offer(context: WebContext, connection: Connection, newsletter: Newsletter) -> dict[str, object]:
    """A newsletter as the home page shows it."""
    latest = web_archive.list_public_editions(connection, [newsletter.id], 1)
    return {
        "id": newsletter.id,
        "title": newsletter.title,
        "description": newsletter.description,
        "language": context.newsroom.language(newsletter).value,
        "takes_signups": takes_signups(context.newsroom, newsletter),
        "latest": latest[0] if latest else None,
    }


def _signup(context: WebContext, language: Language, only: str = "") -> SignupView | None:
    """The form of one newsletter; of the home page, where there is only one."""
    view = signup_view(context.newsroom, language, context.clock(), only=only, cached=True)
    return view if len(view.newsletters) == 1 else None


async def _newsletter(request: web.Request) -> web.StreamResponse:
    context, newsletter = request.app[CONTEXT], await find_newsletter(request)
    language = visitor_language(request, newsletter)

    def make(connection: Connection) -> Made:
        editions = web_archive.list_public_editions(connection, [newsletter.id], EARLIER + 1)
        latest = editions[0] if editions else None
        found = web_archive.find_public_edition(connection, latest.id, [newsletter.id]) if latest else None
        return page_file(
            context,
            "newsletter",
            language,
            request.path,
            newsletter=newsletter,
            content_language=context.newsroom.language(newsletter).value,
            signup=_signup(context, language, newsletter.id),
            latest=latest,
            titles=[safe_text(one.title) for one in found[1].carried[:TITLES]] if found else [],
            earlier=editions[1:],
            description=newsletter.description,
            open_graph=_open_graph(context, language, newsletter.title, request.path),
        )

    return await context.public_files.answer(request, ("newsletter", newsletter.id, language, request.path), make)


def _open_graph(context: WebContext, language: Language, title: str, path: str = "/") -> dict[str, str]:
    """What networks show of the page."""
    site = context.newsroom.settings.site
    return {
        "og:type": "website",
        "og:title": title,
        "og:url": context.url + path,
        "og:site_name": site.title,
        "og:locale": "vi_VN" if language is Language.VI else "en_GB",
    }
