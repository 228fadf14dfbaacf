"""The mailbox of a newsroom without a mail server: the emails that were saved in a Maildir, to be read in the browser on the
same machine. So somebody new to the program can sign up, confirm and leave.

It shows everybody's letters with their personal links, so it is there only where nothing of it is public: the channel
writes to a folder, the pages have no public address, and the request came from this machine by itself, not through a proxy.
"""

from __future__ import annotations

import asyncio
import email
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from ..personal_channel import PersonalChannel
from .context import CONTEXT, WebContext, page_language
from .responses import EMAIL_POLICY, PageKind, html_page, html_response
from .this_machine import is_from_this_machine, is_loopback

_MOST = 200  # messages in the list, newest first
_NAME = "{name:[0-9a-f]{32}}"


def routes() -> list[web.RouteDef]:
    return [
        web.get("/mailbox", _list),
        web.get("/{language:vi|en}/mailbox", _list),
        web.get(f"/mailbox/{_NAME}", _show),
        web.get(f"/mailbox/{_NAME}/text", _show_text),
    ]


@dataclass(frozen=True, slots=True)
class MailboxEntry:
    """One message of the list."""

    name: str
    subject: str
    to: str
    at: datetime | None


def maildirs(context: WebContext) -> Sequence[Path]:
    """The folders that emails of this newsroom go to; none where they go to people."""
    channels = [
        one for one in context.newsroom.channels.values() if isinstance(one, PersonalChannel) and one.sends_email
    ]
    return [folder for one in channels if not one.reaches_audience for folder in one.private_folders]


def is_for_this_machine(context: WebContext) -> bool:
    """Whether the pages have no public address, and there is a mailbox to show."""
    return is_loopback(urlsplit(context.url).hostname or "") and bool(maildirs(context))


def _check(request: web.Request) -> WebContext:
    """Raises HTTPNotFound for everybody who does not sit at this machine: there is nothing to be found."""
    context = request.app[CONTEXT]
    if not (is_from_this_machine(request) and is_for_this_machine(context)):
        raise web.HTTPNotFound
    return context


async def _list(request: web.Request) -> web.Response:
    context = _check(request)
    entries = await asyncio.to_thread(list_entries, maildirs(context))
    return html_page(request, "mailbox", page_language(request), entries=entries)


async def _show(request: web.Request) -> web.Response:
    """The HTML of a letter, as a document that can do nothing but be followed from."""
    context = _check(request)
    message = await asyncio.to_thread(read_message, maildirs(context), request.match_info["name"])
    part = message.get_body(("html",)) if message else None
    if part is None:
        raise web.HTTPNotFound
    return html_response(request, part.get_content().encode(), kind=PageKind.PERSONAL, policy=EMAIL_POLICY)


async def _show_text(request: web.Request) -> web.Response:
    """Its headers and its plain text."""
    context = _check(request)
    message = await asyncio.to_thread(read_message, maildirs(context), request.match_info["name"])
    if message is None:
        raise web.HTTPNotFound
    shown = [(name, recipient(message) if name == "To" else value) for name, value in message.items()]
    head = "".join(f"{name}: {value}\n" for name, value in shown)
    part = message.get_body(("plain",))
    response = web.Response(text=f"{head}\n{part.get_content() if part else ''}")
    response.headers["Cache-Control"] = "no-store"
    return response


def list_entries(folders: Sequence[Path]) -> list[MailboxEntry]:
    """The newest messages of Maildirs."""
    files = sorted(_files(folders, ""), key=lambda file: file.stat().st_mtime, reverse=True)[:_MOST]
    entries = []
    for file in files:
        message = _parse(file)
        date = message["Date"]
        at = date.datetime if date is not None else None
        entries.append(MailboxEntry(file.name[:32], str(message["Subject"]), recipient(message), at))
    return entries


def recipient(message: EmailMessage) -> str:
    """The name and address in `To`. The library's parser leaves a blank in a name of two encoded-words, where none is shown
    (RFC 2047, section 6.2)."""
    written = next((value for name, value in message.raw_items() if name == "To"), "")
    name, address = parseaddr(str(written))
    return f"{make_header(decode_header(name))} <{address}>" if name else address


def read_message(folders: Sequence[Path], name: str) -> EmailMessage | None:
    """The message of a name; None where there is none."""
    return next((_parse(file) for file in _files(folders, name)), None)


def _files(folders: Sequence[Path], name: str) -> list[Path]:
    return [
        file for folder in folders for part in ("new", "cur") for file in (folder / part).glob(f"{name}*.distributor*")
    ]


def _parse(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=policy.default)
