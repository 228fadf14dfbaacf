"""Unsubscribing: the page, the one-click POST of RFC 8058, undoing it."""

from __future__ import annotations

from aiohttp import web


def routes() -> list[web.RouteDef]:
    return []
