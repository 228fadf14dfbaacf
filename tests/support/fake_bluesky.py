"""A server of Bluesky accounts (PDS) that enforces what the real one does, and shows what the public sees.

Sources: the lexicons of github.com/bluesky-social/atproto and packages/pds of the same repository, read in 2026. Two things
are stricter than there: a refresh token works once (the real server takes it again for two hours), and a time may be set.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from distributor.text import count_bytes, count_graphemes
from support.app_server import serving
from support.builders import NOW

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
HANDLE = "bacson.example"
APP_PASSWORD = "xkcd-f4ke-word-only"
POSTS = "app.bsky.feed.post"

LOGINS = ((30, timedelta(minutes=5)), (300, timedelta(days=1)))
POINTS = ((5_000, timedelta(hours=1)), (35_000, timedelta(days=1)))
UPLOADS = ((1_000, timedelta(days=1)),)
ACCESS_LASTS, REFRESH_LASTS = timedelta(hours=2), timedelta(days=60)

TID = re.compile(r"[234567abcdefghij][234567a-z]{12}")
DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """An XRPC error: status, name, message."""

    def __init__(self, status: int, name: str, message: str, wait: timedelta | None = None) -> None:
        super().__init__(status, name, message)
        self.status, self.name, self.message, self.wait = status, name, message, wait


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one request: an answer, or none, before or after the server has done what was asked."""

    answer: web.Response | None = None
    done: bool = False
    silent: bool = False


def error(status: int, name: str, message: str = "", **headers: str) -> web.Response:
    return web.json_response({"error": name, "message": message or name}, status=status, headers=headers)


@dataclass
class FakeBluesky:
    """One account, `HANDLE`. `trouble` is by method (`putRecord`), first come first served; `tokens` are the access and
    refresh tokens with their ends; `requests` are all that came, by method."""

    url: str = ""
    now: datetime = NOW
    records: dict[str, dict[str, Any]] = field(default_factory=dict)  # by record key
    blobs: dict[str, dict[str, Any]] = field(default_factory=dict)  # by cid
    access: dict[str, datetime] = field(default_factory=dict)
    refresh: dict[str, datetime] = field(default_factory=dict)
    spent: Counter[str] = field(default_factory=Counter)  # how often each refresh token was given
    trouble: dict[str, list[Trouble]] = field(default_factory=lambda: defaultdict(list))
    trouble_at: dict[int, Trouble] = field(default_factory=dict)  # by the number of the request
    requests: list[str] = field(default_factory=list)
    bodies: list[tuple[str, Any]] = field(default_factory=list)
    used: dict[str, list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    active: bool = True
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._misbehave, self._errors], client_max_size=60_000_000)
        app.router.add_post("/xrpc/com.atproto.server.createSession", self.create_session)
        app.router.add_post("/xrpc/com.atproto.server.refreshSession", self.refresh_session)
        app.router.add_get("/xrpc/com.atproto.server.getSession", self.get_session)
        app.router.add_post("/xrpc/com.atproto.repo.uploadBlob", self.upload_blob)
        app.router.add_post("/xrpc/com.atproto.repo.putRecord", self.put_record)
        app.router.add_get("/xrpc/com.atproto.repo.getRecord", self.get_record)
        app.router.add_post("/xrpc/com.atproto.repo.deleteRecord", self.delete_record)
        return app

    # -- what the public sees ----------------------------------------------------------------------------------------

    @property
    def wall(self) -> list[str]:
        """The texts of all posts, the oldest first, each after as many > as it stands deep in a thread. An answer whose
        thread is not there, or that names another root than its parent, stands by itself after a ?."""
        return [f"{self._depth(one)}{one['value']['text']}" for one in sorted(self.records.values(), key=_age)]

    def _depth(self, record: dict[str, Any]) -> str:
        reply = record["value"].get("reply")
        if not reply:
            return ""
        parent = next((one for one in self.records.values() if _ref(one) == reply["parent"]), None)
        if parent is None:
            return "?"
        root = parent["value"].get("reply", {}).get("root", _ref(parent))
        return ">" + self._depth(parent) if root == reply["root"] else "?"

    # -- manners -----------------------------------------------------------------------------------------------------

    @web.middleware
    async def _misbehave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        method = request.path.rpartition(".")[2]
        trouble = self.trouble_at.pop(len(self.requests), None)
        self.requests.append(method)
        if trouble is None and self.trouble[method]:
            trouble = self.trouble[method].pop(0)
        if trouble is None:
            return await handler(request)
        if trouble.done:
            await handler(request)
        if trouble.silent:
            await self.ended.wait()
        if trouble.answer is not None and not trouble.silent:
            return trouble.answer
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            answer = error(refused.status, refused.name, refused.message)
            if refused.wait is not None:
                answer.headers["RateLimit-Reset"] = str(int((datetime.now(NOW.tzinfo) + refused.wait).timestamp()))
            return answer
        except web.HTTPNotFound:
            return error(501, "MethodNotImplemented", "Method Not Implemented")

    def _limit(self, what: str, limits: tuple[tuple[int, timedelta], ...], points: int = 1) -> None:
        for most, per in limits:
            recent = [(at, some) for at, some in self.used[what] if at > self.now - per]
            if sum(some for _, some in recent) + points > most:
                raise Refused(429, "RateLimitExceeded", "Rate Limit Exceeded", recent[0][0] + per - self.now)
        self.used[what].append((self.now, points))

    # -- sessions ----------------------------------------------------------------------------------------------------

    async def create_session(self, request: web.Request) -> web.Response:
        data = await _json(request)
        self._limit("logins", LOGINS)
        known = str(data.get("identifier", "")).lower() in (HANDLE, DID)
        if not known or data.get("password") != APP_PASSWORD:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    async def refresh_session(self, request: web.Request) -> web.Response:
        """packages/pds, refreshSession.ts: no body is allowed."""
        if request.can_read_body and await request.read():
            raise Refused(400, "InvalidRequest", "A request body was provided when none was expected")
        token = _bearer(request)
        if token not in self.refresh:
            raise Refused(400, "InvalidToken", "Token could not be verified")
        self.spent[token] += 1
        if self.spent[token] > 1 or self.refresh[token] <= self.now:
            raise Refused(400, "ExpiredToken", "Token has been revoked")
        return self._session()

    async def get_session(self, request: web.Request) -> web.Response:
        self._authorize(request)
        status = {} if self.active else {"status": "deactivated"}
        return web.json_response({"did": DID, "handle": HANDLE, "active": self.active, **status})

    def _session(self) -> web.Response:
        number = len(self.access) + 1
        access, refresh = f"eyJ.access-{number}.sig", f"eyJ.refresh-{number}.sig"
        self.access[access], self.refresh[refresh] = self.now + ACCESS_LASTS, self.now + REFRESH_LASTS
        return web.json_response(
            {"did": DID, "handle": HANDLE, "accessJwt": access, "refreshJwt": refresh, "active": True}
        )

    def _authorize(self, request: web.Request) -> None:
        token = _bearer(request)
        if token not in self.access:
            raise Refused(400, "InvalidToken", "Token could not be verified")
        if self.access[token] <= self.now:
            raise Refused(400, "ExpiredToken", "Token has expired")

    # -- records -----------------------------------------------------------------------------------------------------

    async def upload_blob(self, request: web.Request) -> web.Response:
        self._authorize(request)
        self._limit("uploads", UPLOADS)
        body = await request.read()
        if len(body) > 50_000_000:
            raise Refused(413, "PayloadTooLarge", "request entity too large")
        blob = {"$type": "blob", "ref": {"$link": _cid(body)}, "mimeType": request.content_type, "size": len(body)}
        self.blobs[_cid(body)] = blob
        return web.json_response({"blob": blob})

    async def put_record(self, request: web.Request) -> web.Response:
        self._authorize(request)
        self._limit("points", POINTS, 2)
        data = await _json(request)
        self.bodies.append(("putRecord", data))
        self._own(data)
        key, record = data["rkey"], data["record"]
        if not TID.fullmatch(key):
            raise Refused(400, "InvalidRequest", f"Invalid record key: {key}")
        if record.get("$type") != POSTS:
            raise Refused(400, "InvalidRequest", "Invalid $type")
        self._check(record)
        cid, current = _cid(json.dumps(record, sort_keys=True).encode()), self.records.get(key)
        uri = f"at://{DID}/{POSTS}/{key}"
        if current and current["cid"] == cid:  # no change, whatever swapRecord says
            return web.json_response({"uri": uri, "cid": cid, "validationStatus": "valid"})
        if "swapRecord" in data and data["swapRecord"] != (current["cid"] if current else None):
            raise Refused(400, "InvalidSwap", f"Record was at {current['cid'] if current else None}")
        self.records[key] = {"uri": uri, "cid": cid, "value": record}
        return web.json_response({"uri": uri, "cid": cid, "validationStatus": "valid"})

    async def get_record(self, request: web.Request) -> web.Response:
        if request.query["repo"] not in (DID, HANDLE) or request.query["collection"] != POSTS:
            raise Refused(400, "InvalidRequest", "Could not find repo")
        found = self.records.get(request.query["rkey"])
        if found is None:
            uri = f"at://{DID}/{POSTS}/{request.query['rkey']}"
            raise Refused(400, "RecordNotFound", f"Could not locate record: {uri}")
        return web.json_response(found)

    async def delete_record(self, request: web.Request) -> web.Response:
        self._authorize(request)
        self._limit("points", POINTS, 1)
        data = await _json(request)
        self._own(data)
        self.records.pop(data["rkey"], None)
        return web.json_response({})

    def _own(self, data: dict[str, Any]) -> None:
        if data["repo"] not in (DID, HANDLE):
            raise Refused(401, "AuthenticationRequired", "Authentication Required")
        if not self.active:
            raise Refused(401, "AccountDeactivated", "Account is deactivated")
        assert data["collection"] == POSTS

    # -- lexicons ----------------------------------------------------------------------------------------------------

    def _check(self, record: dict[str, Any]) -> None:
        text = record.get("text")
        if not isinstance(text, str) or not DATETIME.fullmatch(str(record.get("createdAt"))):
            raise _invalid("text and createdAt")
        if count_graphemes(text) > 300:
            raise _invalid("text must not be longer than 300 graphemes")
        if count_bytes(text) > 3_000:
            raise _invalid("text must not be longer than 3000 characters")
        if len(record.get("langs", ())) > 3 or not all(
            re.fullmatch(r"[a-z]{2,3}(-\w+)*", one) for one in record.get("langs", ())
        ):
            raise _invalid("langs")
        for facet in record.get("facets", ()):
            _check_facet(facet, text.encode())
        for ref in record.get("reply", {}).values():
            if not re.fullmatch(r"at://did:[a-z]+:[\w.]+/[\w.]+/[\w.~-]+", ref["uri"]) or not re.fullmatch(
                "baf[a-z2-7]+", ref["cid"]
            ):
                raise _invalid("reply")
        if "reply" in record and set(record["reply"]) != {"root", "parent"}:
            raise _invalid("reply must have root and parent")
        if "embed" in record:
            self._check_embed(record["embed"])

    def _check_embed(self, embed: dict[str, Any]) -> None:
        if embed["$type"] == "app.bsky.embed.external":
            card = embed["external"]
            if not all(isinstance(card.get(key), str) for key in ("uri", "title", "description")) or not _is_uri(
                card["uri"]
            ):
                raise _invalid("external must have uri, title and description")
            pictures = [card["thumb"]] if "thumb" in card else []
        elif embed["$type"] == "app.bsky.embed.images":
            if not 0 < len(embed["images"]) <= 4 or not all(isinstance(one.get("alt"), str) for one in embed["images"]):
                raise _invalid("images")
            pictures = [one["image"] for one in embed["images"]]
        else:
            raise _invalid("embed")
        for blob in pictures:
            cid = blob["ref"]["$link"]
            if cid not in self.blobs:
                raise Refused(400, "BlobNotFound", f"Could not find blob: {cid}")
            if blob != self.blobs[cid]:
                raise Refused(400, "InvalidMimeType", "Referenced blob differs")
            if blob["size"] > 1_000_000:
                raise Refused(400, "BlobTooLarge", "This file is too large.")
            if not blob["mimeType"].startswith("image/"):
                raise Refused(400, "InvalidMimeType", "Wrong mimetype of file")


def _check_facet(facet: dict[str, Any], text: bytes) -> None:
    start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
    if not 0 <= start < end <= len(text) or not facet["features"]:
        raise _invalid("facet index")
    try:
        text[:start].decode(), text[start:end].decode()
    except UnicodeDecodeError:
        raise _invalid("a facet must not cut a character") from None
    for feature in facet["features"]:
        match feature["$type"].partition("#")[2]:
            case "link" if not _is_uri(feature["uri"]):
                raise _invalid("uri must be a uri")
            case "tag" if count_graphemes(feature["tag"]) > 64 or count_bytes(feature["tag"]) > 640:
                raise _invalid("tag must not be longer than 64 graphemes")
            case "mention" if not feature["did"].startswith("did:"):
                raise _invalid("did must be a valid did")


def _invalid(what: str) -> Refused:
    return Refused(400, "InvalidRequest", f"Invalid {POSTS} record: Record/{what}")


def _is_uri(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9+.-]*:(//)?[!-~]+", text))


def _cid(body: bytes) -> str:
    return "bafyrei" + base64.b32encode(hashlib.sha256(body).digest()).decode().lower().rstrip("=")


def _ref(record: dict[str, Any]) -> dict[str, str]:
    return {"uri": record["uri"], "cid": record["cid"]}


def _age(record: dict[str, Any]) -> tuple[str, str]:
    return record["value"]["createdAt"], record["uri"]


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise Refused(401, "AuthMissing", "Authentication Required")
    return token


async def _json(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise Refused(400, "InvalidRequest", "Wrong request encoding (Content-Type)")
    data = await request.json()
    assert isinstance(data, dict)
    return data


@pytest.fixture
async def bluesky() -> AsyncIterator[FakeBluesky]:
    fake = FakeBluesky()
    async with serving(fake.app()) as fake.url:
        try:
            yield fake
        finally:
            fake.ended.set()
