"""The page on adding a channel tells the truth: its example is taken out of it and made to work."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from distributor import pipeline
from distributor.attempt import Attempt, outside_attempt
from distributor.channel import Channel, Post, PostLimits
from distributor.config.validation import build
from distributor.config.yaml import read
from distributor.delivery.queries import list_deliveries
from distributor.errors import AuthBroken, Unavailable
from distributor.http_client import HttpClient, ResponseRules
from distributor.kit.trials.samples import Subject
from distributor.model import Receipt
from distributor.plugins import registry
from distributor.plugins.info import describe
from support.app_server import serving
from support.builders import article, edition
from support.clocked_newsroom import Line
from support.misbehaving_server import TOKEN
from support.social_networks import FakeContext

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-channel.md"


def example(number: int = 0) -> str:
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found[number])


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Path]:
    """A newsroom's own folder with the example file in it."""
    own = tmp_path / "channels"
    own.mkdir()
    (own / "ntfy.py").write_text(example(), encoding="utf-8")
    (own / "notices.py").write_text(example(1), encoding="utf-8")
    with_login = example(1).replace("    @classmethod\n", f"{example(2)}\n    @classmethod\n", 1)
    (own / "codes.py").write_text(with_login.replace("type: notices", "type: codes"), encoding="utf-8")
    (own / "letters.py").write_text(example(3), encoding="utf-8")
    registry.channels.join(own)
    yield tmp_path
    registry.channels.leave(own)


def test_the_example_is_short() -> None:
    assert len(example().splitlines()) < 50
    assert len(example(1).splitlines()) < 125
    assert len(example(3).splitlines()) < 95


async def test_the_example_works_as_it_stands(newsroom: Path, context: FakeContext) -> None:
    """Found by its file name, built from its own example, delivered to a server that checks what it gets."""
    got: list[dict[str, Any]] = []

    async def notify(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"code": 40101, "error": "unauthorized"}, status=401)
        got.append(await request.json())
        assert len(got[-1]["message"].encode()) < 4096
        return web.json_response({"id": "sPs71M8A2T", "event": "message"})

    app = web.Application()
    app.router.add_post("/", notify)
    async with serving(app) as url:
        phones = made(newsroom, TOKEN, url)
        news = [article(f"a{i}", title="Tin ạ ế", lead="ẫ" * 3000) for i in range(7)]
        assert len(phones.renditions(edition(articles=tuple(news)), context)) == 5
        post = phones.compose(edition(articles=tuple(news)), context)[0]
        assert isinstance(post, Post)
        assert (await phones.publish(post, outside_attempt(phones.http))).remote_id == "sPs71M8A2T"
        assert got == [{"topic": "bacson-news", "title": "Tin ạ ế", "message": post.text}]
        other = made(newsroom, "other", url)
        with pytest.raises(AuthBroken, match="unauthorized"):
            await other.publish(post, outside_attempt(other.http))


def made(newsroom: Path, token: str, url: str) -> Channel:
    cls = registry.channels.find("ntfy")
    file = newsroom / "config.yaml"
    file.write_text(describe("ntfy", cls, "channels").example, encoding="utf-8")
    raw = read(file, {"NTFY_TOKEN": token})
    values = {key: value for key, value in raw.data["channels"]["phones"].items() if key != "type"}
    channel, problems = build(cls, {**values, "name": "phones", "server": url, "allow_private": True}, raw, ())
    assert not problems
    assert isinstance(channel, Channel)
    return channel


class Town:
    """The notice board of the second example: it lets in who has a session, and keeps what it is sent."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.sessions = 0
        self.busy = False

    @property
    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/session", self.log_in)
        app.router.add_post("/items", self.post)
        app.router.add_get("/items", self.look)
        app.router.add_patch("/items/{id}", self.change)
        app.router.add_delete("/items/{id}", self.remove)
        return app

    async def log_in(self, request: web.Request) -> web.Response:
        assert await request.json() == {"user": "bacson", "password": TOKEN}
        self.sessions += 1
        return web.json_response({"session_token": f"session {self.sessions}", "expires_in": 600})

    def refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer session {self.sessions}":
            return web.json_response({"error": "no session"}, status=401)
        return web.json_response({"retry_after": 90.5}, status=429) if self.busy else None

    async def post(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        self.items[id := str(len(self.items) + 1)] = await request.json()
        return web.json_response({"id": int(id), "url": f"https://board.example/{id}"}, status=201)

    async def look(self, request: web.Request) -> web.Response:
        found = [{"id": id} for id, one in self.items.items() if one["key"] == request.query["key"]]
        return self.refused(request) or web.json_response(found)

    async def change(self, request: web.Request) -> web.Response:
        self.items[request.match_info["id"]] |= await request.json()
        return self.refused(request) or web.json_response({})

    async def remove(self, request: web.Request) -> web.Response:
        gone = self.items.pop(request.match_info["id"], None) is None
        return self.refused(request) or web.Response(status=404 if gone else 204)


async def test_the_example_with_a_session_opens_one_when_it_must(newsroom: Path, context: FakeContext) -> None:
    town = Town()
    async with serving(town.app) as url:
        board = Subject(registry.channels.find("notices"), settings(url)).build(newsroom)
        news = article("a1", title="Tin ạ ế", lead="Ba huyện.")
        post = board.compose(edition(articles=(news,)), context)[0]
        attempt = outside_attempt(board.http, key="k1")
        assert await board.find(post, attempt) is None
        receipt = await board.publish(post, attempt)
        assert (receipt.remote_id, receipt.url, town.sessions) == ("1", "https://board.example/1", 1)
        assert town.items["1"] == {"key": "k1", "title": "Tin ạ ế", "text": "Ba huyện.", "link": news.url}
        town.sessions += 1  # the last one is over
        assert await board.find(post, attempt) == Receipt(remote_id="1", reply="posted")
        assert town.sessions == 3
        await board.edit(receipt, Post(variant="a1", text="x", summary="Bốn huyện."), attempt)
        assert town.items["1"]["text"] == "Bốn huyện."
        for _ in range(2):
            await board.delete(receipt, attempt)
        assert town.items == {}
        town.busy = True
        with pytest.raises(Unavailable) as busy:
            await board.publish(post, attempt)
        assert busy.value.retry_at
        assert 60 < (busy.value.retry_at - attempt.now).total_seconds() < 120


def settings(url: str) -> dict[str, Any]:
    return {"url": url, "user": "bacson", "password": TOKEN, "allow_private": True}


@pytest.mark.parametrize("name", ["ntfy", "notices", "codes", "letters"])
def test_the_examples_keep_the_promises_that_every_channel_makes(newsroom: Path, name: str) -> None:
    """With the very command that the page names, in a folder that is no checkout."""
    command = [sys.executable, "-P", "-m", "distributor", "channels", "test", name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=newsroom, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"{name}: \d\d promises kept, 0 broken", done.stdout)


def test_the_page_names_what_there_is() -> None:
    """Names from the code in the page are names in the code."""
    page = PAGE.read_text(encoding="utf-8")
    methods = re.findall(r"^\| .*?`[^|]*", page, re.MULTILINE)
    named = set(re.findall(r"`(?:await )?(\w+)\(", "\n".join(methods)))
    assert {"compose", "publish", "find", "edit", "delete", "check", "login", "compose_site_wide"} <= named
    errors = {"Unavailable", "Rejected", "AuthBroken", "Uncertain"}
    assert {name for name in named - errors if not hasattr(Channel, name)} == set()
    attempt = {field.name for field in fields(Attempt)} | set(dir(Attempt))
    assert set(re.findall(r"`attempt\.(\w+)", page)) <= attempt
    for module in re.findall(r"`(distributor\.kit\.\w+)`", page):
        importlib.import_module(module)
    limits = {field.name for field in fields(PostLimits)}
    assert {"text", "count", "url", "pictures", "per_run", "rates", "spacing"} <= limits
    assert {"doubt", "fine", "stop", "wait", "said", "verdict"} == {field.name for field in fields(ResponseRules)}
    assert all(hasattr(HttpClient, name) for name in ("send", "request", "error_for", "hide"))
    members = re.findall(r"`(\w+)`", page.partition("| of a `Post` |")[2].partition("\n\n")[0])
    assert {field.name for field in fields(Post)} - {"variant", "follows"} <= set(members)


# -- emails through an API -----------------------------------------------------------------------------------------------


@dataclass
class LettersApi:
    """A provider: takes an email once for each idempotency key, and refuses an address. `lost` are answers that get lost
    after the email was taken."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    lost: int = 0

    @property
    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/send", self.send)
        return app

    async def send(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        self.asked += 1
        body, key = await request.json(), request.headers["Idempotency-Key"]
        if body["to"]["email"] == "tu.choi@example.com":
            return web.json_response({"error": "unknown recipient"}, status=422)
        if key not in self.keys:
            self.sent.append(body)
            self.keys[key] = f"m{len(self.sent)}"
        if self.lost:
            self.lost -= 1
            return web.Response(status=504)
        return web.json_response({"id": self.keys[key]})


@pytest.fixture
def letters(line: Line) -> Iterator[Line]:
    """A newsroom whose emails go out through the provider of the page."""
    own = line.folder / "channels"
    own.mkdir(exist_ok=True)
    (own / "letters.py").write_text(example(3), encoding="utf-8")
    yield line
    registry.channels.leave(own)


async def test_a_provider_of_emails_is_one_file_and_writes_to_everybody_once(letters: Line) -> None:
    """Through the whole engine: each recipient has an email, a key and a one-click address of their own; an answer that got
    lost leads to no second email; who is refused is refused alone."""
    api = LettersApi(lost=1)
    async with serving(api.app) as url:
        letters.config = letters.config.replace(
            "mail: {type: email, sender: Báo <tin@bacson.example>, maildir: mail}",
            f"mail: {{type: letters, sender: Báo <tin@bacson.example>, token: {TOKEN}, url: '{url}/send', "
            "allow_private: true}",
        )
        for name in ("lan", "binh", "tu.choi"):
            letters.subscribe(name)
        letters.arrives("a")
        letters.at("07:00")
        (made,) = (await pipeline.run_tick(letters.newsroom, letters.store, letters.clock, "test")).made
        for _ in range(3):
            await pipeline.deliver_due(letters.newsroom, letters.store, letters.clock)
            letters.now += timedelta(minutes=5)
    assert sorted(one["to"]["email"] for one in api.sent) == ["binh@example.com", "lan@example.com"]
    assert api.asked == 4, "the one whose answer got lost was asked again, under the same key"
    first, second = api.sent
    assert first["headers"]["List-Unsubscribe"] != second["headers"]["List-Unsubscribe"]
    assert first["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first["headers"]["List-Id"].endswith("<tin-sang.bacson.example>")
    assert {"From", "To", "Subject", "Date", "Message-ID"}.isdisjoint(first["headers"])
    assert "@@field" not in first["html"] + first["text"] + first["subject"]
    assert made.edition is not None and first["subject"] == made.edition.subject
    with letters.store.read() as connection:
        rows = {row.address: row for row in list_deliveries(connection, channel="mail")}
    assert {address: row.state for address, row in rows.items()} == {
        "lan@example.com": "sent", "binh@example.com": "sent", "tu.choi@example.com": "rejected",
    }  # fmt: skip
