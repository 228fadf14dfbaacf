"""Answers: pages with the headers that keep them safe and cached as they should be, and pages of errors."""

from __future__ import annotations

import hashlib
from enum import Enum

from aiohttp import web

from ..config.schema import Newsletter
from ..model import Language
from .context import CONTEXT

# No script anywhere, nothing from other servers but images, no frame around a page.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' https:; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
# The HTML of a sent email lives from styles inside it; it stands in a document of its own that can do nothing.
EMAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


class PageKind(Enum):
    """Who may see a page, and how long it may be kept."""

    PUBLIC = "public, max-age=300, stale-while-revalidate=600"
    SEARCH = "public, max-age=60"  # not for search engines
    PERSONAL = "no-store"  # behind a signed link, or the answer to a form


def html_page(
    request: web.Request,
    template: str,
    language: Language,
    *,
    kind: PageKind = PageKind.PERSONAL,
    status: int = 200,
    newsletter: Newsletter | None = None,
    policy: str = PAGE_POLICY,
    **values: object,
) -> web.Response:
    """A page from a template below `templates/page/`. A public page has a strong ETag: who has it gets 304."""
    html = request.app[CONTEXT].pages.render(template, language, path=request.path, newsletter=newsletter, **values)
    return html_response(request, html.encode(), kind=kind, status=status, policy=policy)


def html_response(
    request: web.Request, body: bytes, *, kind: PageKind, status: int = 200, policy: str = PAGE_POLICY
) -> web.Response:
    """Finished HTML with its headers."""
    response = web.Response(body=body, status=status, content_type="text/html", charset="utf-8")
    response.headers["Cache-Control"] = kind.value
    response.headers["Content-Security-Policy"] = policy
    if kind is PageKind.PERSONAL:
        response.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
    if kind is not PageKind.PUBLIC:
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    elif status == 200:
        etag = hashlib.sha256(body).hexdigest()[:32]
        known = request.if_none_match or ()
        if any(tag.value in (etag, "*") for tag in known):
            response = web.Response(status=304, headers={"Cache-Control": kind.value})
        response.etag = etag
    return response


def error_page(request: web.Request, status: int, key: str, help_key: str = "", **values: object) -> web.Response:
    """A page that says what went wrong and what to do. `key` and `help_key` are translations."""
    first = "".join(request.path.split("/")[1:2])  # nothing where the target is no path: OPTIONS *, CONNECT
    language = Language(first) if first in list(Language) else request.app[CONTEXT].newsroom.settings.site.language
    return html_page(request, "error", language, status=status, key=key, help_key=help_key, values=values)
