"""The sign-up form, filled in and sent as visitors do."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import sqlalchemy as sa
from aiohttp import ClientResponse

from distributor.storage.web_tables import outbox
from distributor.subscribers import signups
from distributor.subscribers.signups import Signup
from support.web_client import Visitor

LAN = "lan@example.vn"


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


async def fill(visitor: Visitor, path: str = "/subscribe", **typed: str) -> dict[str, str]:
    """The form as somebody fills it in who takes five seconds."""
    page = await (await visitor.get(path)).text()
    visitor.line.now += timedelta(seconds=5)
    return {**fields_of(page), **typed}


async def send(visitor: Visitor, address: str = LAN, **typed: str) -> ClientResponse:
    return await visitor.post("/subscribe", data=await fill(visitor, email=address, **typed))


async def waiting(visitor: Visitor, address: str = LAN) -> Signup | None:
    def look() -> Signup | None:
        with visitor.line.store.read() as connection:
            return signups.find_by_address(connection, address)

    return await visitor.run(look)


async def emails(visitor: Visitor) -> list[Any]:
    def look() -> list[Any]:
        with visitor.line.store.read() as connection:
            return list(connection.execute(sa.select(outbox).order_by(outbox.c.id)))

    return await visitor.run(look)


async def text_of(answer: ClientResponse) -> str:
    return unescape(await answer.text())


async def link(visitor: Visitor, address: str = LAN) -> str:
    """The path of the link that somebody has got who has signed up."""
    rows = [row for row in await emails(visitor) if row.address == address]
    url: str = json.loads(rows[-1].body)["values"]["confirm_url"]
    return url.removeprefix("https://news.bacson.example")
