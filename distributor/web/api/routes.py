"""All operations of the API, and where it hangs in the application."""

from __future__ import annotations

from functools import cache

from aiohttp import web

from . import articles, edition_edit, editions, newsletters, subscribers, suppressions
from .dispatch import Api
from .openapi import document_json
from .route import ROOT, ApiRoute

TABLE: tuple[ApiRoute, ...] = (
    *articles.ROUTES,
    *subscribers.ROUTES,
    *newsletters.ROUTES,
    *editions.ROUTES,
    *edition_edit.ROUTES,
    *suppressions.ROUTES,
)


def routes() -> list[web.RouteDef]:
    """One route for all paths below the root: the API answers in its own form what it does not know."""
    api = Api(TABLE, _document())
    return [web.route("*", ROOT, api.handle), web.route("*", ROOT + r"/{rest:[\s\S]*}", api.handle)]


@cache
def _document() -> bytes:
    """Half a second of work, which is the same for every application of a process."""
    return document_json(TABLE)
