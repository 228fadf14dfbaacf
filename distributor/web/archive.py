"""The archive of editions and articles, and the search in it."""

from __future__ import annotations

from aiohttp import web


def routes() -> list[web.RouteDef]:
    return []
