"""Signing up: the form, the email, the confirmation."""

from __future__ import annotations

from aiohttp import web


def routes() -> list[web.RouteDef]:
    return []
