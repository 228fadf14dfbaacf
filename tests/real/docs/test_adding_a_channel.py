"""The page on adding a channel tells the truth: its example is taken out of it and made to work."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from distributor.attempt import Attempt, outside_attempt
from distributor.channel import Channel, Post, PostLimits
from distributor.config.validation import build
from distributor.config.yaml import read
from distributor.errors import AuthBroken
from distributor.http_client import HttpClient, ResponseRules
from distributor.plugins import registry
from distributor.plugins.info import describe
from support.builders import article, edition
from support.misbehaving_server import TOKEN
from support.social_networks import FakeContext, serving

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-channel.md"


def example() -> str:
    match = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    return match.group(1)


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Path]:
    """A newsroom's own folder with the example file in it."""
    own = tmp_path / "channels"
    own.mkdir()
    (own / "ntfy.py").write_text(example(), encoding="utf-8")
    registry.channels.join(own)
    yield tmp_path
    registry.channels.leave(own)


def test_the_example_is_short() -> None:
    assert len(example().splitlines()) < 50


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


def test_the_example_keeps_the_promises_that_every_channel_makes(newsroom: Path) -> None:
    """With the very command that the page names, in a folder that is no checkout."""
    command = [sys.executable, "-P", "-m", "distributor", "channels", "test", "ntfy"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=newsroom, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"ntfy: \d\d promises kept, 0 broken", done.stdout)


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
    assert {"doubt", "stop", "wait", "verdict"} <= {field.name for field in fields(ResponseRules)}
    assert all(hasattr(HttpClient, name) for name in ("send", "request", "hide"))
