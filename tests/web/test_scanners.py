"""Programs that open every link of every email before its reader does: nothing changes by it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.storage.all_tables import metadata
from distributor.storage.web_tables import outbox
from distributor.subscribers import repository
from distributor.subscribers.tokens import Claim, Purpose, sign
from support.web_client import Visitor

SITE = "https://news.bacson.example"
PREFETCH: tuple[dict[str, str], ...] = (
    {},
    {"Purpose": "prefetch", "Sec-Purpose": "prefetch"},
    {"X-Moz": "prefetch", "Referer": "https://mail.example/"},
    {"User-Agent": "Mozilla/5.0 (compatible; LinkScanner)", "Cookie": "session=1"},
)


def everything(visitor: Visitor) -> dict[str, list[str]]:
    """All rows of the store."""
    with visitor.line.store.read() as connection:
        return {
            table.name: sorted(str(row) for row in connection.execute(sa.select(table)))
            for table in metadata.sorted_tables
        }


def links(visitor: Visitor) -> set[str]:
    """The addresses of our own pages in all emails: those of an edition, and those that wait in the outbox."""
    texts = [str(letter["List-Unsubscribe"]) for letter in visitor.line.mailbox("lan")]
    for letter in visitor.line.mailbox("lan"):
        texts += [part.get_content() for part in letter.walk() if part.get_content_maintype() == "text"]
    with visitor.line.store.read() as connection:
        texts += [json.dumps(json.loads(body)) for body in connection.execute(sa.select(outbox.c.body)).scalars()]
    return {found.rstrip(".,>") for text in texts for found in re.findall(rf"{SITE}/[A-Za-z0-9._~/-]+", text)}


@pytest.fixture
async def emails(visitor: Visitor) -> Any:
    def send() -> str:
        visitor.line.subscribe("lan")
        visitor.line.arrives("a")
        visitor.line.day("2026-11-23 07:00")
        with visitor.line.store.read() as connection:
            person = repository.find(connection, "lan@example.com")
        assert person
        return sign(visitor.line.newsroom.secret(), Claim(Purpose.PREFERENCES, person.id))

    token = await visitor.run(send)
    await visitor.post(f"/p/{token}/address", data={"email": "moi@example.vn"})
    await visitor.post(f"/p/{token}/data")
    await visitor.post("/subscribe", data={"email": "nam@example.vn", "newsletter": "tin-sang"})
    return token


async def test_opening_every_link_of_every_email_changes_nothing(visitor: Visitor, emails: str) -> None:
    found = await visitor.run(links, visitor)
    purposes = {link.removeprefix(SITE).split("/")[1] for link in found}
    assert purposes >= {"u", "p", "a"}
    before = await visitor.run(everything, visitor)
    for link in sorted(found):
        for number in range(10):
            headers = {**PREFETCH[number % len(PREFETCH)], "X-Forwarded-For": f"192.0.2.{number}"}
            for method in ("GET", "HEAD"):
                answer = await visitor.ask(method, link, headers=headers)
                assert answer.status in (200, 304), link
                assert "Set-Cookie" not in answer.headers
    assert await visitor.run(everything, visitor) == before


async def test_the_footer_leads_to_the_preferences(visitor: Visitor, emails: str) -> None:
    letter = (await visitor.run(visitor.line.mailbox, "lan"))[0]
    html = letter.get_body(("html",))
    assert html is not None
    assert f'href="{SITE}/p/{emails}"' in html.get_content()
