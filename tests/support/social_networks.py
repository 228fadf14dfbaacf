"""Servers for channels that post: networks that check what they are sent, and a context to compose with.

All of them listen on 127.0.0.1 only, on a free port.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from distributor.channel import Digest, PostLimits
from distributor.config.schema import Newsletter, Site
from distributor.model import Article, Edition
from distributor.text import count_graphemes, count_utf16, graphemes
from support.app_server import serving
from support.builders import articles, newsletter, settings
from support.misbehaving_server import TOKEN


@dataclass(frozen=True)
class FakeContext:
    """A context whose posts are title, lead and link, the lead cut so that the whole stays in the limits."""

    site: Site = field(default_factory=lambda: settings().site)
    newsletter: Newsletter = field(default_factory=newsletter)
    announced: Sequence[Article] = tuple(reversed(articles(2)))
    published: Sequence[Article] = tuple(reversed(articles(3)))

    def render(self, template: str, **values: object) -> str:
        return f"{template}: {', '.join(sorted(values))}"

    def post(
        self, article: Article, limits: PostLimits, template: str = "post/article.txt.j2", *, tags: int = 0,
        medium: str = "",
        campaign: str = "", mentions: bool = False,
    ) -> str:  # fmt: skip
        lead = graphemes(article.lead)
        if template == "post/lead.txt.j2":
            return f"{article.title}\n\n{article.lead}"
        url = article.url if limits.url is None else "u" * limits.url
        if limits.text is not None:
            room = limits.text - limits.count(f"{article.title}\n\n\n\n{url}")
            while lead and limits.count("".join(lead)) > room:
                lead = lead[: min(len(lead) - 1, room)] if room > 0 else []
        return f"{article.title}\n\n{''.join(lead)}\n\n{article.url}".strip()

    corrected: Sequence[Edition] = ()

    def edition_page(self, edition: Edition, url: str, creator: str = "") -> str:
        return f"<html>{html.escape(edition.subject)} {url} {creator}</html>"

    def article_page(self, article: Article, url: str, creator: str = "") -> str:
        return f"<html>{html.escape(article.title)} {url} {creator}</html>"

    def digest(self, edition: Edition) -> Digest:
        titles = [article.title for article in edition.articles]
        paragraphs = "".join(f"<p>{html.escape(title)}</p>" for title in titles)
        return Digest(
            subject=edition.subject,
            preheader="",
            html=f"<html><body>{paragraphs}</body></html>",
            text="\n".join(titles),
        )


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


# -- Mastodon ----------------------------------------------------------------------------------------------------------


@dataclass
class FakeMastodon:
    """Creates statuses as Mastodon does, and forgets idempotency keys when told to.

    `trouble` holds what goes wrong with the next posts: an answer instead of posting, or `after-504` for a proxy that
    gives up after the status was created.
    """

    url: str = ""
    max_characters: int = 500
    statuses: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    trouble: list[str | web.Response] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/api/v1/accounts/verify_credentials", self.me)
        app.router.add_get("/api/v1/accounts/77/statuses", self.listing)
        app.router.add_post("/api/v1/statuses", self.create)
        app.router.add_put("/api/v1/statuses/{id}", self.edit)
        app.router.add_delete("/api/v1/statuses/{id}", self.delete)
        app.router.add_get("/api/v2/instance", self.instance)
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "The access token is invalid"}, status=401)
        return await handler(request)

    async def me(self, request: web.Request) -> web.Response:
        return web.json_response({"id": "77", "username": "bacson"})

    async def instance(self, request: web.Request) -> web.Response:
        return web.json_response({"configuration": {"statuses": {"max_characters": self.max_characters}}})

    async def create(self, request: web.Request) -> web.Response:
        trouble = self.trouble.pop(0) if self.trouble else ""
        if isinstance(trouble, web.Response):
            return trouble
        data = await self._data(request)
        if data is None:
            return web.json_response({"error": "Validation failed: Text character limit exceeded"}, status=422)
        key = request.headers.get("Idempotency-Key", "")
        status = self.keys.get(key) or self._new(data)
        if key:
            self.keys[key] = status
        if trouble == "after-504":
            return web.Response(status=504, text="<h1>504 Gateway Time-out</h1>", content_type="text/html")
        return web.json_response(status)

    async def _data(self, request: web.Request) -> dict[str, str] | None:
        assert request.content_type == "application/json"
        data: dict[str, str] = await request.json()
        assert data["visibility"] in ("public", "unlisted", "private")
        assert re.fullmatch("[a-z]{2}", data["language"])
        counted = re.sub(r"https?://\S+", "u" * 23, data["status"])
        return data if 0 < count_graphemes(counted) <= self.max_characters else None

    def _new(self, data: dict[str, str]) -> dict[str, Any]:
        number = str(1000 + len(self.statuses))
        status = {
            "id": number,
            "url": f"{self.url}/@bacson/{number}",
            "content": markup(data["status"]),
            "source": data,
        }
        self.statuses.insert(0, status)
        return status

    async def listing(self, request: web.Request) -> web.Response:
        before = int(request.query.get("max_id", "999999"))
        limit = min(int(request.query["limit"]), 40)
        return web.json_response([status for status in self.statuses if int(status["id"]) < before][:limit])

    async def edit(self, request: web.Request) -> web.Response:
        data = await self._data(request)
        assert data is not None
        (status,) = [status for status in self.statuses if status["id"] == request.match_info["id"]]
        status.update(content=markup(data["status"]), source=data)
        return web.json_response(status)

    async def delete(self, request: web.Request) -> web.Response:
        for status in self.statuses:
            if status["id"] == request.match_info["id"]:
                self.statuses.remove(status)
                return web.json_response(status)
        return web.json_response({"error": "Record not found"}, status=404)


def markup(text: str) -> str:
    """A status as Mastodon shows it: paragraphs, line breaks, links with their ends hidden in spans, hashtags."""

    def link(match: re.Match[str]) -> str:
        url = match.group()
        shown = url.removeprefix("https://")
        return (
            f'<a href="{url}" target="_blank" rel="nofollow noopener" translate="no"><span class="invisible">https://</span>'
            f'<span class="ellipsis">{shown[:30]}</span><span class="invisible">{shown[30:]}</span></a>'
        )

    escaped = re.sub(r"https?://[^\s<]+", link, html.escape(text, quote=False))
    return "".join(f"<p>{part.replace(chr(10), '<br />')}</p>" for part in escaped.split("\n\n"))


@pytest.fixture
async def mastodon() -> AsyncIterator[FakeMastodon]:
    fake = FakeMastodon()
    async with serving(fake.app()) as fake.url:
        yield fake


# -- Telegram ----------------------------------------------------------------------------------------------------------


@dataclass
class FakeTelegram:
    """A bot's view of one channel, `@bacson`. `trouble` is answered instead of doing what was asked."""

    url: str = ""
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    trouble: list[web.Response] = field(default_factory=list)
    may_post: bool = True
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self.call)
        return app

    async def call(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["method"])
        if request.match_info["token"] != TOKEN:
            return self.no(401, "Unauthorized")
        if self.trouble:
            return self.trouble.pop(0)
        data = json.loads(await request.read())
        if request.match_info["method"] != "getMe" and data["chat_id"] not in ("@bacson", "-1001"):
            return self.no(400, "Bad Request: chat not found")
        answer: web.Response = getattr(self, request.match_info["method"])(data)
        return answer

    def getMe(self, data: dict[str, Any]) -> web.Response:
        return self.yes({"id": 5, "is_bot": True, "username": "bacson_bot"})

    def getChatMember(self, data: dict[str, Any]) -> web.Response:
        assert data["user_id"] == 5
        return self.yes({"status": "administrator", "can_post_messages": self.may_post})

    def sendMessage(self, data: dict[str, Any]) -> web.Response:
        if not 0 < count_utf16(data["text"]) <= 4096:
            return self.no(400, "Bad Request: message is too long")
        for entity in data.get("entities", ()):
            assert entity["offset"] >= 0 and entity["length"] > 0
            assert entity["offset"] + entity["length"] <= count_utf16(data["text"])
        number = len(self.messages) + 1
        self.messages[number] = data
        chat = {"id": -1001, **({"username": "bacson"} if data["chat_id"].startswith("@") else {})}
        return self.yes({"message_id": number, "chat": chat})

    def editMessageText(self, data: dict[str, Any]) -> web.Response:
        old = self.messages[data["message_id"]]
        if old["text"] == data["text"]:
            return self.no(400, "Bad Request: message is not modified")
        self.messages[data["message_id"]] = data
        return self.yes({"message_id": data["message_id"]})

    def deleteMessage(self, data: dict[str, Any]) -> web.Response:
        if self.messages.pop(data["message_id"], None) is None:
            return self.no(400, "Bad Request: message to delete not found")
        return self.yes(True)

    @staticmethod
    def yes(result: object) -> web.Response:
        return web.json_response({"ok": True, "result": result})

    @staticmethod
    def no(code: int, description: str, **parameters: object) -> web.Response:
        data = {"ok": False, "error_code": code, "description": description}
        return web.json_response({**data, **({"parameters": parameters} if parameters else {})}, status=code)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    fake = FakeTelegram()
    async with serving(fake.app()) as fake.url:
        yield fake


# -- Webhook -----------------------------------------------------------------------------------------------------------


@dataclass
class FakeReceiver:
    """A receiver that verifies with the Standard Webhooks library and acts once per id. `answers` come first."""

    url: str = ""
    secret: str = TOKEN
    acted: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    answers: list[web.Response] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/hook", self.hook)
        return app

    async def hook(self, request: web.Request) -> web.Response:
        self.tries += 1
        body = await request.read()
        try:
            message = Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            return web.Response(status=401, text=str(error))
        self.acted.setdefault(request.headers["webhook-id"], message)
        return self.answers.pop(0) if self.answers else web.Response(status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    fake = FakeReceiver()
    async with serving(fake.app()) as fake.url:
        yield fake
