"""A Graph API of Facebook on 127.0.0.1 for one Page, which refuses what Facebook refuses, and a wall that the public sees.

The rules are those of developers.facebook.com: docs/pages-api, graph-api/reference/page/feed and /photos,
graph-api/guides/error-handling and /secure-requests, graph-api/overview/rate-limiting, facebook-login/guides/access-tokens.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from aiohttp import web

from support.app_server import serving

PAGE, PERSON, APP, SECRET = "101234567890123", "99887766554433", "203456789012345", "5ecret0fTheApp"
PAGE_TOKEN, PERSON_TOKEN = "EAAPageTokenCanary", "EAAPersonTokenCanary"
SCOPES = ("pages_manage_posts", "pages_read_engagement", "pages_show_list")
_POST_VALUES = re.compile(r"message|link|published|attached_media\[\d+\]")
_MAGIC = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif"}

How = Literal["answer", "after", "close", "close after", "silent", "silent after"]


@dataclass
class FakeToken:
    """`dead` is the error_subcode with which it is refused; `ends` is 0 for never, or seconds since 1970."""

    owner: str
    scopes: tuple[str, ...] = SCOPES
    ends: int = 0
    data_ends: int = 0
    dead: int = 0


@dataclass
class FakePost:
    id: str
    message: str
    link: str
    photos: tuple[str, ...]
    at: datetime
    by_app: bool = True


@dataclass
class FakePhoto:
    alt: str
    at: datetime
    used: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came. `name` is the endpoint."""

    name: str
    method: str
    address: str
    values: dict[str, str]
    headers: dict[str, str]


@dataclass
class FakeFacebook:
    """One Page, its posts, photos and tokens.

    `trouble` are the next misbehaviors of an endpoint: an answer instead of doing it or after it was done, a connection that
    is closed before or after, or silence. `budget` is how many requests are answered before all are throttled until
    `regain` minutes are over; `usage` is the percentage that the headers name.
    """

    url: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    tokens: dict[str, FakeToken] = field(
        default_factory=lambda: {PAGE_TOKEN: FakeToken(PAGE), PERSON_TOKEN: FakeToken(PERSON)}
    )
    posts: list[FakePost] = field(default_factory=list)
    photos: dict[str, FakePhoto] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    trouble: dict[str, list[tuple[How, web.Response]]] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    require_proof: bool = False
    budget: int | None = None
    regain: int = 0
    usage: int = 1
    shown: int = 100
    number: int = 1000

    @property
    def wall(self) -> list[tuple[str, str, int]]:
        """Text, link and number of photos of each post that the public sees now, oldest first."""
        return [(post.message, post.link, len(post.photos)) for post in self.posts]

    def asked(self, name: str) -> int:
        return sum(one.name == name for one in self.requests)

    def misbehave(self, name: str, how: How, answer: web.Response | None = None) -> None:
        self.trouble.setdefault(name, []).append((how, answer or web.Response(status=502, text="<h1>502</h1>")))

    def app(self) -> web.Application:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/{version}/{path:.+}", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        version, path = request.match_info["version"], request.match_info["path"]
        values, file = await _read(request)
        method = values.pop("method", request.method).upper()
        name, act = self._endpoint(method, path)
        self.requests.append(Asked(name, request.method, str(request.rel_url), dict(values), dict(request.headers)))
        how, instead = self.trouble[name].pop(0) if self.trouble.get(name) else ("", web.Response())
        if "after" not in how and how:
            return await self._misbehave(request, how, instead)
        answer = self._checked(version, name, request, values) or act(path, values, file)
        return await self._misbehave(request, how, instead) if how else self._with_usage(answer)

    async def _misbehave(self, request: web.Request, how: str, instead: web.Response) -> web.Response:
        if how.startswith("silent"):
            await asyncio.sleep(30)
        if not how.startswith("a") and request.transport:
            request.transport.abort()
        return instead

    def _endpoint(self, method: str, path: str) -> tuple[str, Callable[[str, dict[str, str], bytes], web.Response]]:
        known = {
            ("POST", f"{PAGE}/feed"): ("feed", self._feed),
            ("POST", f"{PAGE}/photos"): ("photos", self._upload),
            ("GET", f"{PAGE}/published_posts"): ("published_posts", self._published),
            ("GET", "me"): ("me", self._me),
            ("GET", PAGE): ("page", self._page),
            ("GET", "debug_token"): ("debug_token", self._debug),
            ("POST", "oauth/access_token"): ("exchange", self._exchange),
        }
        if found := known.get((method, path)):
            return found
        if re.fullmatch(r"\d+_\d+", path) and method in ("POST", "DELETE"):
            return ("edit", self._edit) if method == "POST" else ("delete", self._delete)
        return "other", lambda *_: refuse(
            100, f"Unsupported {method.lower()} request. Object does not exist", subcode=33
        )

    # -- who may -------------------------------------------------------------------------------------------------------

    def _checked(self, version: str, name: str, request: web.Request, values: dict[str, str]) -> web.Response | None:
        """The refusal of a request that does not get as far as its endpoint."""
        if not re.fullmatch(r"v2[0-9]\.0", version):
            return refuse(2500, f"Unknown path components: /{version}")
        proof = values.pop("appsecret_proof", "")
        if name == "exchange":
            return None
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if name == "debug_token" and token == f"{APP}|{SECRET}":
            return None
        self.caller = self.tokens.get(token)
        if refused := self._dead(self.caller):
            return refused
        assert self.caller
        if proof and not hmac.compare_digest(proof, hmac.new(SECRET.encode(), token.encode(), "sha256").hexdigest()):
            return refuse(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")
        if self.require_proof and not proof:
            return refuse(
                100, "API calls from the server require an appsecret_proof argument", kind="GraphMethodException"
            )
        if self.budget is not None:
            self.budget -= 1
            if self.budget < 0:
                return refuse(80001, "There have been too many calls to this Page account.", subcode=2446079)
        return self._allowed(name, self.caller)

    def _dead(self, token: FakeToken | None) -> web.Response | None:
        if token is None:
            return refuse(190, "Invalid OAuth access token - Cannot parse access token")
        if token.dead:
            return refuse(190, "Error validating access token", subcode=token.dead)
        if token.ends and token.ends <= self.now.timestamp():
            return refuse(190, "Error validating access token: Session has expired", subcode=463)
        return None

    def _allowed(self, name: str, token: FakeToken) -> web.Response | None:
        if name in ("feed", "photos", "edit", "delete", "published_posts"):
            wanted = "pages_read_engagement" if name == "published_posts" else "pages_manage_posts"
            if token.owner != PAGE:
                return refuse(200, "(#200) Unpublished posts must be posted to a page as the page itself", status=403)
            if wanted not in token.scopes:
                return refuse(10, f"(#10) This endpoint requires the '{wanted}' permission", status=403)
        return None

    def _with_usage(self, answer: web.Response) -> web.Response:
        counts = {"call_count": self.usage, "total_cputime": 1, "total_time": 1}
        answer.headers["X-App-Usage"] = json.dumps(counts)
        business = {PAGE: [{"type": "pages", **counts, "estimated_time_to_regain_access": self.regain}]}
        answer.headers["X-Business-Use-Case-Usage"] = json.dumps(business)
        return answer

    # -- posts ---------------------------------------------------------------------------------------------------------

    def _feed(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        message, link = values.get("message", "").strip(), values.get("link", "")
        media = [json.loads(value)["media_fbid"] for name, value in values.items() if name.startswith("attached_media")]
        if wrong := [name for name in values if not _POST_VALUES.fullmatch(name)]:
            return refuse(100, f"(#100) Unknown parameter {wrong[0]}")
        if not (message or link or media) or len(message) > 63_206 or (link and media):
            return refuse(100, "(#100) Invalid parameter")
        if link and not re.match(r"https?://[^/\s]+\.", link):
            return refuse(100, "(#100) link URL is not properly formatted")
        if "//www.facebook.com/" in link:
            return refuse(100, "Invalid link", subcode=1609008)
        if link in self.unreadable:
            return refuse(1609005, "Error posting link")
        photos = [self.photos.get(number) for number in media]
        if any(one is None or one.used or self.now - one.at > timedelta(days=1) for one in photos):
            return refuse(100, "(#100) The photo does not exist or has been published already")
        if self.posts and (self.posts[-1].message, self.posts[-1].link) == (message, link):
            return refuse(506, "(#506) Duplicate status message")
        for photo in photos:
            assert photo
            photo.used = True
        return web.json_response({"id": self.put(message, link, tuple(media)).id})

    def put(self, message: str, link: str = "", photos: tuple[str, ...] = (), *, by_app: bool = True) -> FakePost:
        """A post, on the wall at once."""
        self.number += 1
        post = FakePost(f"{PAGE}_{self.number}", message, link, photos, self.now, by_app)
        self.posts.append(post)
        return post

    def _upload(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        if len(file) > 4_000_000 or not any(file.startswith(magic) for magic in _MAGIC):
            return refuse(100, "Your photos couldn't be uploaded. Photos should be less than 4 MB", subcode=1366046)
        self.number += 1
        number = str(self.number)
        public = values.get("published") != "false"
        self.photos[number] = FakePhoto(values.get("alt_text_custom", ""), self.now, public)
        return web.json_response({"id": number, **({"post_id": self.put("", "", (number,)).id} if public else {})})

    def _published(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        since, fields = float(values.get("since", 0)), values["fields"]
        newest = [post for post in reversed(self.posts) if post.at.timestamp() >= since]
        start, most = int(values.get("after", 0)), min(int(values.get("limit", 25)), self.shown)
        page = newest[start : start + most]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + most)}} if page else {}
        if len(newest) > start + most:
            paging["next"] = f"{self.url}/v26.0/{path}?access_token={PAGE_TOKEN}&after={start + most}"
        return web.json_response({"data": [_shown(post, fields) for post in page], "paging": paging})

    def _edit(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        post = next((post for post in self.posts if post.id == path), None)
        if post is None:
            return refuse(100, f"Unsupported post request. Object with ID '{path}' does not exist", subcode=33)
        if not post.by_app:
            return refuse(200, "(#200) This post wasn't created by the application", status=403)
        if set(values) != {"message"} or len(values["message"]) > 63_206:
            return refuse(100, "(#100) Only the message of a post can be changed")
        post.message = values["message"].strip()
        return web.json_response({"success": True})

    def _delete(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        for post in self.posts:
            if post.id == path:
                self.posts.remove(post)
                return web.json_response({"success": True})
        return refuse(100, f"Unsupported delete request. Object with ID '{path}' does not exist", subcode=33)

    # -- tokens --------------------------------------------------------------------------------------------------------

    def _me(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        assert self.caller
        return web.json_response({"id": self.caller.owner})

    def _page(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        """The token of the Page that a person manages: it ends with a token of an hour, and never with a long-lived one."""
        assert self.caller
        if values.get("fields") != "access_token" or "pages_show_list" not in self.caller.scopes:
            return web.json_response({"id": PAGE})
        self.number += 1
        token = f"EAAPageToken{self.number}"
        lasting = not self.caller.ends or self.caller.ends > (self.now + timedelta(days=1)).timestamp()
        self.tokens[token] = FakeToken(PAGE, self.caller.scopes, 0 if lasting else self.caller.ends)
        return web.json_response({"access_token": token, "id": PAGE})

    def _exchange(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        if values.get("client_id") != APP:
            return refuse(101, "Error validating application. Cannot get application info due to a system error.")
        if values.get("client_secret") != SECRET:
            return refuse(1, "Error validating client secret.")
        token = self.tokens.get(values.get("fb_exchange_token", ""))
        if refused := self._dead(token):
            return refused
        assert token
        self.number += 1
        ends = int((self.now + timedelta(days=60)).timestamp())
        self.tokens[f"EAALongToken{self.number}"] = FakeToken(token.owner, token.scopes, ends)
        found = {"access_token": f"EAALongToken{self.number}", "token_type": "bearer", "expires_in": 5_184_000}
        return web.json_response(found)

    def _debug(self, path: str, values: dict[str, str], file: bytes) -> web.Response:
        token = self.tokens.get(values.get("input_token", ""))
        if token is None:
            return web.json_response(
                {"data": {"is_valid": False, "error": {"code": 190, "message": "Malformed"}, "scopes": []}}
            )
        kind = "PAGE" if token.owner == PAGE else "USER"
        data = {"app_id": APP, "type": kind, "is_valid": self._dead(token) is None, "scopes": [*token.scopes]}
        return web.json_response(
            {"data": {**data, "expires_at": token.ends, "data_access_expires_at": token.data_ends}}
        )


def refuse(
    code: int, message: str, *, subcode: int = 0, status: int = 400, kind: str = "OAuthException"
) -> web.Response:
    """An error as the Graph API answers it."""
    error = {"message": message, "type": kind, "code": code, "fbtrace_id": "EJplcsCHuLu"}
    return web.json_response({"error": {**error, **({"error_subcode": subcode} if subcode else {})}}, status=status)


def _shown(post: FakePost, fields: str) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": post.id,
        "message": post.message,
        "created_time": f"{post.at:%Y-%m-%dT%H:%M:%S}+0000",
        "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{post.id.rpartition('_')[2]}",
    }
    if post.link:  # Facebook adds a parameter of its own
        whole["attachments"] = {"data": [{"unshimmed_url": f"{post.link}?fbclid=IwAR"}]}
    return {name: value for name, value in whole.items() if name in fields and value}


async def _read(request: web.Request) -> tuple[dict[str, str], bytes]:
    """Values of the address and the body, and a file named `source`."""
    values, file = dict(request.query), b""
    for name, value in (await request.post()).items():
        if isinstance(value, str):
            values[name] = value
        elif name == "source" and isinstance(value, web.FileField):
            with value.file:
                file = value.file.read()
    return values, file


@pytest.fixture
async def facebook() -> AsyncIterator[FakeFacebook]:
    fake = FakeFacebook()
    async with serving(fake.app()) as fake.url:
        yield fake
