"""Zalo as an Official Account's application sees it: tokens, articles that are worked on for a while, broadcasts.

It refuses what Zalo refuses, and follows Zalo's own SDK for Java, its table of errors, and what users report of it. Its
clock is `now`; it moves only when a test moves it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from support.app_server import serving
from support.builders import NOW

APP_ID, SECRET, OA_ID = "3608465248940903967", "secret-of-the-application", "579745863508352884"
CALLBACK = "https://bacson.example/zalo"
_ARTICLE = {"type", "title", "author", "cover", "description", "body", "status", "comment"}
_NAMES = {
    "/v4/oa/access_token": "token",
    "/v2.0/article/create": "create",
    "/v2.0/article/update": "update",
    "/v2.0/article/verify": "verify",
    "/v2.0/article/remove": "remove",
    "/v2.0/article/getslice": "find",
    "/v2.0/article/getdetail": "detail",
    "/v2.0/oa/message": "broadcast",
    "/v2.0/oa/getoa": "account",
}


class Refusal(Exception):
    """An error of Zalo, which comes with status 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class Job:
    """An article that Zalo works on."""

    article: dict[str, Any]
    polls: int  # of article/verify that find it unfinished
    due: datetime  # when it is finished, asked or not


@dataclass
class FakeZalo:
    """One Official Account and one application.

    `trouble` says what goes wrong with the next request to an endpoint: an answer instead, or one of `cut before`,
    `cut after`, `die before`, `die after` (`kill` is called, and nothing is answered), `502 after`, `silent`.
    """

    url: str = ""
    now: datetime = NOW
    polls: int = 0
    works_for: timedelta = timedelta(minutes=10)  # on an article at most
    old_verify: bool = False  # an unfinished article has no id, instead of an error of its own
    pictures: dict[str, int] = field(default_factory=dict)  # bytes by address; 0 where there is none; else 100,000
    console_challenge: str = ""  # as saved in the settings; without one, that of the address counts
    verified: bool = True
    package: bool = True
    articles_left: int = 1000
    broadcasts_left: int = 4
    calls_left: int = 4000
    trouble: dict[str, list[web.Response | str]] = field(default_factory=dict)
    kill: Callable[[], object] = lambda: None
    access: dict[str, datetime] = field(default_factory=dict)  # until when
    refresh: dict[str, datetime] = field(default_factory=dict)
    codes: dict[str, tuple[str, datetime]] = field(default_factory=dict)  # their challenge, until when
    spent: list[str] = field(default_factory=list)  # refresh tokens and codes, each time they were sent
    jobs: dict[str, Job] = field(default_factory=dict)
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)  # newest last
    broadcasts: list[str] = field(default_factory=list)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    created: int = 0  # articles that were asked for and accepted
    given: int = 0

    # -- what people do and see ---------------------------------------------------------------------------------------

    @property
    def wall(self) -> list[dict[str, Any]]:
        """What the public sees, newest first."""
        return [one for one in reversed(self.articles.values()) if one["status"] == "show"]

    @property
    def asked(self) -> list[str]:
        """The endpoints that were asked, in order."""
        return [name for name, _ in self.requests]

    def consent(self, address: str) -> str:
        """An administrator opens the address and allows it; the address to which the browser is sent."""
        query = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
        if query.get("app_id") != APP_ID or query.get("redirect_uri") != CALLBACK:
            return f"{self.url}/v4/permission/error?error_code=-14003"
        code = self._name("code")
        self.codes[code] = (self.console_challenge or query.get("code_challenge", ""), self.now + timedelta(minutes=10))
        return f"{CALLBACK}?oa_id={OA_ID}&code={code}"

    def give_tokens(self) -> dict[str, Any]:
        """A new pair of tokens, as the token endpoint answers. Older access tokens stay good until they end."""
        access, refresh = self._name("access"), self._name("refresh")
        self.access[access] = self.now + timedelta(hours=25)
        self.refresh[refresh] = self.now + timedelta(days=90)
        return {"access_token": access, "refresh_token": refresh, "expires_in": "90000"}

    def state(self) -> dict[str, Any]:
        """The state of a channel that has just logged in."""
        given, end = self.give_tokens(), int(self.now.timestamp()) + 90_000
        return {"access_token": given["access_token"], "refresh_token": given["refresh_token"], "expires_at": end}

    def post_by_hand(self, title: str, text: str = "Bài của tòa soạn") -> str:
        """Somebody writes an article in the account's own pages."""
        return self._publish({"title": title, "description": text, "status": "show", "comment": "show", "body": []})

    # -- the server ---------------------------------------------------------------------------------------------------

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        for path, name in _NAMES.items():
            method = "GET" if name in ("find", "detail", "account") else "POST"
            app.router.add_route(method, path, getattr(self, f"_{name}"))
        app.router.add_get("/pictures/{size}.jpg", self._picture)
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        name = _NAMES.get(request.path, "picture")
        body = await request.read()
        self.finish_jobs()
        self.requests.append((name, _readable(request, body)))
        waiting = self.trouble.get(name)
        trouble = waiting.pop(0) if waiting else ""
        if isinstance(trouble, web.Response):
            return trouble
        if trouble == "silent":
            await asyncio.sleep(3600)
        if not trouble.endswith("before"):
            answer = await self._answer(name, request, handler)
            if not trouble:
                return answer
        if trouble == "502 after":
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        if trouble.startswith("die"):
            self.kill()
            await asyncio.sleep(3600)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def _answer(
        self, name: str, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            if name not in ("token", "picture"):
                self._check_call(request)
            return await handler(request)
        except Refusal as refusal:
            return web.json_response({"error": refusal.code, "message": refusal.message})

    def _check_call(self, request: web.Request) -> None:
        if "Authorization" in request.headers:
            raise Refusal(-216, "Access token is invalid")
        end = self.access.get(request.headers.get("access_token", ""))
        if end is None:
            raise Refusal(-216, "Access token is invalid")
        if end <= self.now:
            raise Refusal(-220, "access_token is expired or removed")
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Refusal(-32, "Your application reached limit call api")
        if request.method == "POST" and request.content_type != "application/json":
            raise Refusal(-201, "body is invalid!")

    # -- tokens -------------------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        if request.headers.get("secret_key") != SECRET or form.get("app_id") != APP_ID:
            raise Refusal(-14002, "Invalid appId")
        if form.get("grant_type") == "refresh_token":
            token = form.get("refresh_token", "")
            self.spent.append(token)
            if self.spent.count(token) > 1:
                raise Refusal(-14020, "Refresh token has been used")
            if self.refresh.pop(token, self.now) <= self.now:
                raise Refusal(-14014, "Invalid refresh token")
            return web.json_response(self.give_tokens())
        code = form.get("code", "")
        self.spent.append(code)
        challenge, end = self.codes.pop(code, ("", self.now))
        digest = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if end <= self.now or challenge != digest or len(form.get("code_verifier", "")) != 43:
            raise Refusal(-14010, "Invalid authorization code")
        return web.json_response(self.give_tokens())

    # -- articles -----------------------------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        article = await self._checked(request, _ARTICLE)
        if self.articles_left <= 0:
            raise Refusal(-223, "Your OA has reach the limit quota create article")
        self.articles_left -= 1
        self.created += 1
        return self._job(article)

    async def _update(self, request: web.Request) -> web.Response:
        article = await self._checked(request, {*_ARTICLE, "id"})
        if article["id"] not in self.articles:
            raise Refusal(-201, "id is invalid!")
        if any(job.article.get("id") == article["id"] for job in self.jobs.values() if job.polls > 0):
            raise Refusal(-214, "Article is being processed")
        return self._job(article)

    def _job(self, article: dict[str, Any]) -> web.Response:
        token = self._name("job")
        self.jobs[token] = Job(article, self.polls, self.now + self.works_for)
        if not self.polls:
            self._done(self.jobs[token])
        return _yes({"token": token})

    def _done(self, job: Job) -> None:
        if 0 < self._size(job.article) <= 1_000_000:
            if "id" in job.article:
                self.articles[job.article["id"]].update(job.article)
            else:
                job.article["id"] = self._publish(job.article)

    def finish_jobs(self) -> None:
        """Zalo gets on with what it works on, whether it is asked or not."""
        for job in self.jobs.values():
            if job.polls and job.due <= self.now:
                job.polls = 0
                self._done(job)

    async def _verify(self, request: web.Request) -> web.Response:
        job = self.jobs.get(str((await request.json()).get("token")))
        if job is None:
            raise Refusal(-201, "token is invalid!")
        if job.polls > 0:
            job.polls -= 1
            if not job.polls:
                self._done(job)
            if self.old_verify:
                return _yes({})
            raise Refusal(-214, "Media is being processed")
        if not 0 < self._size(job.article) <= 1_000_000:
            raise Refusal(-200, "Upload media failed")
        return _yes({"id": job.article["id"]})

    async def _remove(self, request: web.Request) -> web.Response:
        if self.articles.pop(str((await request.json()).get("id")), None) is None:
            raise Refusal(-201, "id is invalid!")
        return _yes({})

    async def _find(self, request: web.Request) -> web.Response:
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        if limit > 10:
            raise Refusal(-201, "maximum limit is 10")
        if request.query.get("type") not in ("normal", "video"):
            raise Refusal(-201, "type accept only 2 value normal and video.")
        newest = list(reversed(self.articles.values()))
        keys = ("id", "title", "status", "create_date", "link_view")
        medias = [{key: one[key] for key in keys} | {"type": "normal"} for one in newest[offset : offset + limit]]
        return _yes({"medias": medias, "total": len(newest)})

    async def _detail(self, request: web.Request) -> web.Response:
        article = self.articles.get(request.query.get("id", ""))
        if article is None:
            raise Refusal(-201, "id is invalid!")
        return _yes(article)

    async def _broadcast(self, request: web.Request) -> web.Response:
        data = await request.json()
        payload = data["message"]["attachment"]["payload"]
        ids = [one["attachment_id"] for one in payload["elements"] if one["media_type"] == "article"]
        if (
            payload["template_type"] != "media"
            or not isinstance(data["recipient"]["target"], dict)
            or not 0 < len(ids) <= 5
        ):
            raise Refusal(-201, "message is invalid!")
        if not all(id in self.articles for id in ids):
            raise Refusal(-201, "attachment_id is invalid!")
        if not self.package:
            raise Refusal(-224, "The OA needs to upgrade OA Tier Package to use this feature")
        if not 6 <= (self.now + timedelta(hours=7)).hour < 22:
            raise Refusal(-234, "This message cannot be sent at night (10:00PM - 6:00AM)")
        if self.broadcasts_left <= 0:
            raise Refusal(-211, "Out of quota")
        self.broadcasts_left -= 1
        self.broadcasts.extend(ids)
        return _yes({"message_id": self._name("message")})

    async def _account(self, request: web.Request) -> web.Response:
        return _yes({"oaid": OA_ID, "name": "Báo Bắc Sơn", "is_verified": self.verified, "package_name": "Nâng cao"})

    async def _picture(self, request: web.Request) -> web.Response:
        size = int(request.match_info["size"])
        return web.Response(body=b"x" * size, content_type="image/jpeg", status=200 if size else 404)

    async def _checked(self, request: web.Request, members: set[str]) -> dict[str, Any]:
        """What article/create and article/update insist on. Titles of exactly 150 characters are refused too."""
        data: dict[str, Any] = await request.json()
        if set(data) != members or data["type"] != "normal":
            raise Refusal(-201, f"{', '.join(sorted(set(data) ^ members)) or 'type'} is invalid!")
        for name, most in (("title", 150), ("description", 300), ("author", 50)):
            if not 0 < len(data[name].encode("utf-16-le")) // 2 < most:
                raise Refusal(-201, f"{name} allow 1 to {most} characters")
        cover = data["cover"]
        if set(cover) != {"cover_type", "photo_url", "status"} or cover["cover_type"] != "photo":
            raise Refusal(-201, "cover value is invalid")
        if not cover["photo_url"].isascii() or " " in cover["photo_url"] or not cover["photo_url"].startswith("http"):
            raise Refusal(-201, f"photo_url {cover['photo_url']} is invalid")
        if not data["body"] or any(one["type"] != "text" or not one["content"].strip() for one in data["body"]):
            raise Refusal(-201, "body is invalid!")
        if any("<" in one["content"] for one in data["body"]):
            raise Refusal(-201, "body holds markup")  # not Zalo's: no source may write any
        if data["status"] not in ("show", "hide") or data["comment"] not in ("show", "hide"):
            raise Refusal(-201, "status is invalid!")
        return data

    def _publish(self, article: dict[str, Any]) -> str:
        id = self._name("article")
        date = int(self.now.timestamp() * 1000)
        self.articles[id] = {**article, "id": id, "create_date": date, "link_view": f"https://rd.zapps.vn/detail/{id}"}
        return id

    def _size(self, article: dict[str, Any]) -> int:
        return self.pictures.get(article["cover"]["photo_url"], 100_000)

    def _name(self, kind: str) -> str:
        self.given += 1
        return f"{kind}-{self.given:06}"


def _yes(data: dict[str, Any]) -> web.Response:
    return web.json_response({"data": data, "error": 0, "message": "Success"})


def _readable(request: web.Request, body: bytes) -> Any:
    if request.content_type == "application/json":
        with contextlib.suppress(ValueError):
            return json.loads(body)
    return body.decode(errors="replace") or dict(request.query)


@pytest.fixture
async def zalo() -> AsyncIterator[FakeZalo]:
    fake = FakeZalo()
    async with serving(fake.app()) as fake.url:
        yield fake
