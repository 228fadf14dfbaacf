"""What `check` says of the links in emails: whether somebody answers them, and as mail providers need it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from distributor.cli.check_web import ask_as_provider
from distributor.newsroom import open_newsroom
from distributor.storage import link_addresses
from support.newsroom import Room

pytestmark = pytest.mark.usefixtures("unread_templates")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("", "web is missing"),
        ("web: {}\n", "subscribers cannot reach http://127.0.0.1:8080"),
        ("web: {url: 'http://news.bacson.example'}\n", "need https"),
        ("web: {url: 'https://news.bacson.example', trusted_proxies: [127.0.0.1]}\n", ""),
    ],
)
def test_what_is_missing_is_said_where_emails_go_to_people(room: Room, settings: str, words: str) -> None:
    room.configure(("sources:\n", f"{settings}sources:\n"))
    assert "web" not in room.run("check").err, "emails go to a folder"
    room.configure(("type: email, ", "type: email, host: smtp.bacson.example, "))
    said = [line for line in room.run("check").err.splitlines() if "config.yaml: web" in line]
    assert len(said) == bool(words)
    assert words in "".join(said)


def test_what_a_proxy_and_signed_reports_need_is_said(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "0123456789abcdef0123456789abcdef"
    hooks = f"{{ses: {{key: {key}, topic_arn: 'arn:aws:sns:eu-west-1:123456789012:tin'}}}}"
    web = f"web: {{url: 'https://news.bacson.example', hooks: {hooks}}}\n"
    room.configure(("sources:\n", f"{web}sources:\n"))
    (line,) = [line for line in room.run("check").err.splitlines() if "config.yaml: web" in line]
    assert "web.trusted_proxies is missing" in line
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    room.configure(("example', hooks", "example', trusted_proxies: [127.0.0.1], hooks"))
    (line,) = [line for line in room.run("check").err.splitlines() if "config.yaml: web" in line]
    assert "web.hooks.ses: the package cryptography is missing" in line and "distributor[hooks]" in line


class Answers:
    """A server that answers as it is told."""

    def __init__(self) -> None:
        self.post: web.Response | None = None
        self.page = "<button>Leave</button>"

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            assert (await request.post())["List-Unsubscribe"] == "One-Click"
            return self.post or web.Response(text="left")
        return web.Response(text=self.page)


@pytest.fixture
async def answers() -> AsyncIterator[tuple[Answers, str]]:
    made = Answers()
    app = web.Application()
    app.router.add_route("*", "/u/x", made.answer)
    server = TestServer(app)
    await server.start_server()
    yield made, str(server.make_url("/u/x"))
    await server.close()


async def test_a_link_that_works_has_no_faults(answers: tuple[Answers, str]) -> None:
    assert await ask_as_provider(answers[1]) == []


@pytest.mark.parametrize(
    ("response", "page", "words"),
    [
        (web.Response(status=302, headers={"Location": "/"}), "<button>", ["answers 302", "redirected"]),
        (web.Response(headers={"Set-Cookie": "a=b"}), "<button>", ["sets a cookie"]),
        (web.Response(status=403), "<button>", ["answers 403"]),
        (web.Response(), "Are you a robot?", ["without a button"]),
    ],
)
async def test_what_loses_one_click_is_named(
    answers: tuple[Answers, str], response: web.Response, page: str, words: list[str]
) -> None:
    answers[0].post, answers[0].page = response, page
    found = await ask_as_provider(answers[1])
    assert len(found) == len(words)
    assert all(word in fault for word, fault in zip(words, found, strict=True))


async def test_an_address_where_nobody_answers_is_one_line(answers: tuple[Answers, str]) -> None:
    assert len(await ask_as_provider("http://127.0.0.1:1/u/x")) == 1


OLD, NEW = "https://tin.bacson.example", "https://news.bacson.example"


def sent_below(room: Room, address: str, *days: int) -> None:
    store = open_newsroom(room.folder / "config.yaml").open_store()
    with store.write() as connection:
        for day in days:
            link_addresses.record(connection, address, datetime(2026, 11, day, 3, tzinfo=UTC))
    store.close()


def said_by_check(room: Room) -> list[str]:
    return [line for line in room.run("check").err.splitlines() if "lead to" in line]


def test_links_below_an_earlier_address_are_named_until_somebody_says_that_they_are_answered(room: Room) -> None:
    room.configure(("sources:\n", f"web: {{url: '{NEW}'}}\nsources:\n"))
    sent_below(room, NEW, 20)
    assert said_by_check(room) == []
    sent_below(room, OLD, 3, 1, 9)
    sent_below(room, "http://127.0.0.1:8080", 1)
    (line,) = said_by_check(room)
    assert f"emails sent from 2026-11-03 to 2026-11-09 lead to {OLD}, now it is {NEW}: set it back, or let" in line
    assert "web.other_urls" in line
    room.configure((f"url: '{NEW}'", f"url: '{NEW}', other_urls: ['{OLD}/']"))
    assert said_by_check(room) == []


def test_it_is_said_too_where_the_web_pages_were_given_up(room: Room) -> None:
    sent_below(room, OLD, 3)
    (line,) = said_by_check(room)
    assert f"lead to {OLD}" in line
