""" "Send me my link": whoever has lost every email of ours enters their address, and gets a link there if it is known."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from ..pipeline.own_link import send_own_link
from ..subscribers.typed_address import clean_typed_address
from .client_address import client_address, network_of
from .context import CONTEXT, page_language
from .forms import first, read_form
from .pace import on_the_beat
from .responses import html_page


def routes() -> list[web.RouteDef]:
    return [
        route
        for start in ("", r"/{language:vi|en}")
        for route in (web.get(f"{start}/me", _show_form), web.post(f"{start}/me", _send_link))
    ]


async def _show_form(request: web.Request) -> web.Response:
    return _form_page(request, "", {})


def _form_page(request: web.Request, typed: str, errors: Mapping[str, str], status: int = 200) -> web.Response:
    language = page_language(request)
    texts = {
        field: request.app[CONTEXT].newsroom.settings.texts.translate(language, key) for field, key in errors.items()
    }
    return html_page(request, "own_link", language, status=status, typed=typed, errors=texts)


async def _send_link(request: web.Request) -> web.Response:
    """The same answer, in the same time, for every address."""
    typed = first(await read_form(request), "email")
    try:
        address = clean_typed_address(typed)
    except ValueError:
        wrong = "signup_email_wrong" if typed else "signup_email_empty"
        return _form_page(request, typed, {"email": wrong}, status=422)
    context, network = request.app[CONTEXT], network_of(client_address(request))
    now = context.clock()
    async with on_the_beat():
        await context.database.write_in_thread(
            lambda connection: send_own_link(context.newsroom, connection, address, network, now)
        )
    context.wake()
    return html_page(request, "message", page_language(request), key="signup_sent", help_key="own_link_sent", values={})
