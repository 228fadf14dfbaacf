"""Pages behind a signed link: whose it is, the address of their forms, and the page for links that are nobody's."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from ..model import Language, Subscriber
from ..subscribers.merge_values import PROBE
from ..subscribers.tokens import BadToken, Claim, Purpose, read, sign
from .context import CONTEXT, page_language
from .responses import html_page

_BEHIND = ".,;:>)]}\"'"  # what stands behind a link in a text, and was taken with it
_PREFIXES = ("", "/{language:vi|en}")


def localized(method: str, path: str, handler: object, **options: object) -> Iterable[web.RouteDef]:
    """The routes of a page in the usual language and in each."""
    return [web.route(method, prefix + path, handler, **options) for prefix in _PREFIXES]  # type: ignore[arg-type]


def read_claim(request: web.Request, purpose: Purpose) -> Claim | None:
    """What the link says; None for one that is not ours, or whose time is over."""
    context = request.app[CONTEXT]
    try:
        return read(context.secrets, request.match_info["token"].rstrip(_BEHIND), purpose, context.clock())
    except BadToken:
        return None


def probe_subscriber(newsletters: Iterable[str], language: Language) -> Subscriber:
    """Whom the links of test emails are about."""
    return Subscriber(id=PROBE, address="ban.doc@example.vn", language=language, newsletters=tuple(newsletters))


def page_path(request: web.Request, kind: str) -> str:
    """The address of this page, without what stands behind its token: `/en/u/v1.…`."""
    chosen = request.match_info.get("language", "")
    return f"{f'/{chosen}' if chosen else ''}/{kind}/{request.match_info['token']}"


def other_language_path(request: web.Request, kind: str, language: Language) -> str:
    """The same page in the other language. It always names it: the usual one of the page need not be the site's."""
    other = Language.EN if language is Language.VI else Language.VI
    return f"/{other.value}/{kind}/{request.match_info['token']}"


def preferences_path(request: web.Request, subscriber: str) -> str:
    """The preferences of a subscriber, in the language that is read."""
    chosen = request.match_info.get("language", "")
    token = sign(request.app[CONTEXT].secrets[0], Claim(Purpose.PREFERENCES, subscriber))
    return f"{f'/{chosen}' if chosen else ''}/p/{token}"


def unknown_link_page(request: web.Request, *, status: int = 404) -> web.Response:
    """The same page for every link that is nobody's, so that it tells nothing about who is on a list."""
    return html_page(request, "unknown_link", page_language(request), status=status)
