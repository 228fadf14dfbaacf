"""The style sheet of the pages, under an address that changes with it."""

from __future__ import annotations

from aiohttp import web

from .context import CONTEXT


def routes() -> list[web.RouteDef]:
    return [web.get("/assets/{name}", _asset)]


async def _asset(request: web.Request) -> web.Response:
    pages = request.app[CONTEXT].pages
    if request.match_info["name"] != pages.stylesheet_name:
        raise web.HTTPNotFound
    response = web.Response(body=pages.stylesheet, content_type="text/css", charset="utf-8")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
