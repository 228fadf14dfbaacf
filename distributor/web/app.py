"""The web application: the routes of every area, and what holds for all of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from ..errors import DistributorError
from . import (
    archive,
    archived,
    assets,
    confirmation,
    feeds,
    health,
    home,
    hooks,
    images,
    mailbox,
    metrics,
    new_address,
    own_link,
    preferences,
    review,
    search,
    signup,
    sitemaps,
    unsubscribe,
)
from .access_log import known_path
from .api import routes as api
from .api.feed_refresh import FEEDS, FeedRefresh
from .api.route import ROOT as API_ROOT
from .context import CONTEXT, WebContext
from .request_checks import find_fault, has_unsafe_characters, known_hosts
from .responses import error_page

log = logging.getLogger("distributor.web")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Middleware(Protocol):
    def __call__(self, request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]: ...


_REFUSED = {405: "not_allowed", 408: "too_slow", 413: "too_long"}  # what pages say: translations
MAX_BODY = 2 * 1024 * 1024  # octets; forms have a smaller limit of their own
_AREAS = (
    assets,
    home,
    signup,
    confirmation,
    own_link,
    preferences,
    new_address,
    unsubscribe,
    archive,
    archived,
    search,
    feeds,
    sitemaps,
    review,
    hooks,
    images,
    mailbox,
    health,
    metrics,
    api,
)


def build_app(context: WebContext) -> web.Application:
    """The application of a newsroom."""
    app = web.Application(middlewares=[_refusals(context), _safe_headers, _errors], client_max_size=MAX_BODY)
    app[CONTEXT] = context
    app[FEEDS] = FeedRefresh()
    app.on_cleanup.append(app[FEEDS].finish)
    routes = [route for area in _AREAS for route in area.routes()]
    app.add_routes([*routes, *_with_slash(routes)])
    return app


def _with_slash(routes: Sequence[web.RouteDef]) -> list[web.RouteDef]:
    """The same paths with a slash at the end: they are answered, not redirected, because a redirected POST becomes a GET."""
    known = {(route.method, route.path) for route in routes}
    return [
        web.route(route.method, f"{route.path}/", route.handler)
        for route in routes
        if not route.path.endswith("/") and (route.method, f"{route.path}/") not in known
    ]


def _refusals(context: WebContext) -> Middleware:
    settings = context.newsroom.settings
    hosts = known_hosts((settings.links_url, *settings.web_settings.other_urls), settings.web_settings.listen)

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what no page should see, in plain words that repeat nothing of it."""
        status = find_fault(request.method, request.raw_path, request.version, request.headers, hosts)
        if status and not (status == 421 and _unsubscribes(request)):
            response = web.Response(status=status, text=f"{status}\n", headers={"Server": "distributor"})
            response.force_close()
            return response
        return await handler(request)

    return refuse


def _unsubscribes(request: web.Request) -> bool:
    """Whoever unsubscribes is let in under any name of the server and with any token: RFC 8058 knows no refusal."""
    return request.method == "POST" and request.path.startswith("/u/")


@web.middleware
async def _safe_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that are right for every answer; a handler may have set its own."""
    response = await handler(request)
    if not response.prepared:
        settings = request.app[CONTEXT].newsroom.settings.web_settings
        headers = response.headers
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
        headers["Server"] = "distributor"
        if settings.https_only:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as pages. Paths of the API and of hooks answer in their own form before they come here."""
    try:
        if not (_unsubscribes(request) or request.path.startswith(f"{API_ROOT}/")):
            if has_unsafe_characters(request.path):
                raise web.HTTPNotFound
            if has_unsafe_characters(*request.query, *request.query.values()):
                raise web.HTTPBadRequest
        return await handler(request)
    except web.HTTPNotFound:
        return error_page(request, 404, "not_found", "not_found_help")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        key = _REFUSED.get(error.status, "bad_request")
        response = error_page(request, error.status, key, f"{key}_help")
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except DistributorError as error:
        log.error("%s %s: %s", request.method, known_path(request), error)
        return _unavailable(request)
    except Exception:
        log.exception("%s %s failed", request.method, known_path(request))
        return _unavailable(request)


def _unavailable(request: web.Request) -> web.Response:
    response = error_page(request, 503, "went_wrong", "went_wrong_help")
    response.headers["Retry-After"] = "300"
    return response
