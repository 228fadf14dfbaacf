"""Two processes that serve the same store, asked at once: what is asked for twice happens once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.storage.tables import articles, subscribers, subscriptions
from distributor.storage.web_tables import consents, signups
from distributor.subscribers.tokens import Claim, Purpose, sign
from distributor.web import pace
from support.clocked_newsroom import Line
from support.web_client import Visitor
from support.web_client_api import ARTICLE, ApiClient
from support.web_signup import emails, fields_of, fill, link, send

Pair = tuple[Visitor, Visitor]


@pytest.fixture(params=["sqlite", "postgresql"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    """Two servers, each with connections of its own to one store, of either kind."""
    monkeypatch.setattr(pace, "BEAT", 0.001)
    line = Line(tmp_path)
    line.configure('.web: {url: "https://news.bacson.example", api_requests_per_minute: 100000}')
    line.config = line.config.replace("sources:\n", "sources:\n  cms: {type: push, announce_since: 30d}\n")
    if request.param == "postgresql":
        line.configure(f".store: {{url: '{request.getfixturevalue('postgresql_url')()}'}}")
    one, other = Visitor(line), Visitor(Line(tmp_path, now=line.now, config=line.config))
    await one.start()
    other.line._store = await one.run(other.line.newsroom.open_store)
    await other.start()
    yield one, other
    for visitor in (one, other):
        await visitor.close()
        await visitor.run(visitor.line.close)


async def at_once(pair: Pair, path: str, count: int, **options: Any) -> Counter[int]:
    """The statuses of as many requests, half of them to each."""
    pair[1].line.now = pair[0].line.now
    answers = await asyncio.gather(*(pair[number % 2].post(path, **options) for number in range(count)))
    return Counter(answer.status for answer in answers)


async def count(visitor: Visitor, table: sa.Table) -> int:
    def look() -> int:
        with visitor.line.store.read() as connection:
            number: int = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        return number

    return await visitor.run(look)


async def kinds(visitor: Visitor) -> list[str]:
    return [row.kind for row in await emails(visitor)]


async def test_twenty_signups_of_one_address_send_one_email(pair: Pair) -> None:
    one, _ = pair
    form = await fill(one, email="lan@example.vn")
    assert set(await at_once(pair, "/subscribe", 20, data=form)) <= {200, 303}
    assert (await kinds(one), await count(one, signups)) == (["email/confirmation"], 1)


async def test_a_victim_gets_one_email_however_it_is_written_and_whoever_presses_on(pair: Pair) -> None:
    one, other = pair
    form, chance = await fill(one), random.Random(14)
    other.line.now = one.line.now
    extra: list[dict[str, str]] = []
    for number in range(60):
        name = "".join(sign.upper() if chance.random() < 0.5 else sign for sign in "victim@example.vn")
        answer = await pair[number % 2].post("/subscribe", data={**form, "email": name})
        assert answer.status in (200, 303)
        extra += [fields_of(await answer.text())] if answer.status == 200 else []
    for fields in extra[:20]:
        await at_once(pair, "/subscribe", 2, data=fields)
    assert extra and (await kinds(one), await count(one, signups)) == (["email/confirmation"], 1)


async def test_confirming_leaving_and_undoing_at_once_happen_once(pair: Pair) -> None:
    one, _ = pair
    await send(one, "lan@example.vn")
    path = await link(one, "lan@example.vn")
    assert await at_once(pair, path, 10) == {200: 10}
    assert [await count(one, table) for table in (subscribers, subscriptions, consents)] == [1, 1, 1]
    assert await kinds(one) == ["email/confirmation", "email/welcome"]

    def find() -> str:
        with one.line.store.read() as connection:
            return str(connection.execute(sa.select(subscribers.c.id)).scalar_one())

    key, person = one.line.newsroom.secret(), await one.run(find)
    leave = f"/u/{sign(key, Claim(Purpose.UNSUBSCRIBE, person, 'tin-sang'))}"
    assert await at_once(pair, leave, 10) == {200: 10}
    assert (await count(one, subscriptions), (await kinds(one)).count("email/goodbye")) == (0, 1)
    assert await at_once(pair, f"{leave}/undo", 10) == {200: 10}
    assert await count(one, subscriptions) == 1
    change = f"/p/{sign(key, Claim(Purpose.PREFERENCES, person))}/address"
    assert await at_once(pair, change, 10, data={"email": "moi@example.vn"}) == {303: 10}
    assert (await kinds(one)).count("email/address_change") == 1


async def test_an_idempotency_key_from_ten_connections_makes_one_article(pair: Pair) -> None:
    one, other = pair
    clients = [ApiClient(one), ApiClient(other)]
    token = await clients[0].make_token()
    before = await count(one, articles)
    headers = {"Idempotency-Key": "from the CMS"}
    asked = [clients[number % 2].post("/articles", ARTICLE, token=token, headers=headers) for number in range(10)]
    found = Counter(answer.status for answer in await asyncio.gather(*asked))
    assert set(found) <= {201, 409} and found[201] >= 1
    assert await count(one, articles) == before + 1
    again = await clients[1].post("/articles", ARTICLE, token=token, headers=headers)
    assert again.status == 201


async def test_pages_of_a_list_that_grows_hold_everybody_once(pair: Pair) -> None:
    one, other = pair
    client = ApiClient(one)
    client.token = await client.make_token()
    for number in range(9):
        await one.run(one.line.subscribe, f"p{number}")
    seen: list[str] = []
    cursor = ""
    for number in range(9, 20):
        page = await client.get(f"/subscribers?limit=3{cursor}")
        seen += [item["address"] for item in page.json["items"]]
        if not page.json["next_cursor"]:
            break
        cursor = f"&cursor={page.json['next_cursor']}"
        await other.run(other.line.subscribe, f"p{number}")
    assert len(seen) == len(set(seen)) and {f"p{number}@example.com" for number in range(9)} <= set(seen)
