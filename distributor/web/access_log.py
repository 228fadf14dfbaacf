"""The access log: a line for each request, which names the pattern of a path and never what stands in it."""

from __future__ import annotations

import logging

from aiohttp import web

from ..config.web import Web
from .client_address import client_address

log = logging.getLogger("distributor.web.access")

PATTERN = web.ResponseKey("pattern", str)  # in an answer that was found without looking for its route


def log_request(settings: Web, request: web.BaseRequest | None, response: web.StreamResponse, seconds: float) -> None:
    """`GET /u/{token} 200, 1843 bytes, 4 ms`; with the client's address if `web.log_addresses` says so. No request: what
    came was none."""
    if not settings.access_log or not log.isEnabledFor(logging.INFO):
        return
    what, source = "no valid request", ""
    if isinstance(request, web.Request):
        what = f"{request.method} {response.get(PATTERN) or known_path(request)}"
        source = f", from {client_address(request)}" if settings.log_addresses else ""
    log.info("%s %d, %d bytes, %.0f ms%s", what, response.status, response.body_length, seconds * 1000, source)


def known_path(request: web.Request) -> str:
    """The pattern of a path, which holds no token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "an unknown path"
