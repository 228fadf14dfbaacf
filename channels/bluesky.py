"""Posts each article to a Bluesky account, with a card that leads to the article.

Make an app password under Settings, Privacy and security, App passwords (never give the password of the account), and put it
here with the account's handle.

    channels:
      bluesky:
        type: bluesky
        account: bacson.bsky.social
        app_password: ${BLUESKY_APP_PASSWORD}

An account on a server of its own needs `server: https://pds.example`. A post has 300 characters at most; an address in it
counts as written, and stands in the card alone where it is too long. With `thread_posts: 4` a lead that is too long for one
post goes on in up to three answers.

The channel logs in by itself, keeps the session, and renews it when it has expired: servers allow 30 logins in five minutes
and 300 a day. A changed password or account is logged in with anew.

Bluesky goes on showing the first text of a post that is edited, so a correction deletes the post and posts anew: its likes
and replies stay with the deleted one. Nothing is posted twice: the key of a post's record is made of what it says and of its
edition, and a second record with that key is refused. After an unclear outcome the record is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlencode

import regex

from distributor.channel import (
    Appearance,
    Attempt,
    AuthBroken,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    DeliveryError,
    Edition,
    Post,
    PostLimits,
    Rate,
    Receipt,
    Rejected,
    Secret,
    Unavailable,
    Uncertain,
    Url,
)
from distributor.kit.feeds import uri
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from distributor.kit.posts import BLUESKY, Count, Tags, ThreadPosts, compose_posts, url_spans
from distributor.text import clean_line, cut_words

COLLECTION = "app.bsky.feed.post"  # lexicon of posts: 300 graphemes, 3,000 bytes, `text` and `createdAt` required
MAX_PICTURE = 1_000_000  # bytes of a card's picture (lexicon app.bsky.embed.external); pictures of a post may have more
MAX_SUMMARY = 300  # characters of a card's description; apps show two or three lines

_PUBLISH, _UPLOAD, _FIND, _DELETE = "publish", "upload", "find", "delete"
_Session = Mapping[str, Any]  # `did`, `handle`, `access`, `refresh`, and `login`: of which settings it was made


@dataclass(frozen=True, kw_only=True)
class Bluesky(Channel):
    """A Bluesky account. API: docs.bsky.app; the server's own code is at github.com/bluesky-social/atproto, packages/pds."""

    account: Annotated[str, "handle or DID of the account"]
    app_password: Annotated[Secret, "app password of the account"]
    server: Annotated[Url, "address of the account's server"] = "https://bsky.social"
    thread_posts: ThreadPosts = 1
    max_hashtags: Annotated[Tags, "most hashtags in a post, made from the topics of the article"] = 2
    max_posts: Annotated[Count, "most articles of one edition; the others are not posted"] = 10
    template: Annotated[str, "template of a post, a file in templates/"] = "post/article.txt.j2"
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    corrections = Corrections.REPLACE

    @property
    def limits(self) -> PostLimits:
        """5,000 points an hour and 35,000 a day; a new record costs three (docs.bsky.app, "Rate Limits")."""
        rates = (Rate(1_666, timedelta(hours=1)), Rate(11_666, timedelta(days=1)))
        return replace(BLUESKY, per_run=self.max_posts, pictures=1, rates=rates, spacing=timedelta(seconds=1))

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Post]:
        return compose_posts(self, edition, context, self.template, self.max_hashtags, longest=self.thread_posts)

    def appearance(self, post: Post) -> Appearance:
        return Appearance(text=post.text, network="Bluesky", card="large" if post.link else "none")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        record = await self._record(content, attempt)
        session, answer, error = await self._put(record, attempt)
        if _code(answer) == "BlobNotFound":  # servers throw away what no record has named for some hours
            await attempt.steps.forget(_UPLOAD)
            record = await self._record(content, attempt)
            session, answer, error = await self._put(record, attempt)
        if _code(answer) == "InvalidSwap":  # this key has a record: an earlier attempt at the same content
            if found := await self.find(content, attempt):
                return found
            raise Unavailable("the earlier post has just been deleted")
        if error:
            raise error
        return _receipt(answer, session, Uncertain)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        """The record with the key that only this content has."""
        key = record_key(attempt.key, attempt.edition_at)

        def call(session: _Session) -> HttpCall:
            return self._call(_FIND, "com.atproto.repo.getRecord", session, query={**_repo(session), "rkey": key})

        session, answer, error = await self._send(call, _rules(Unavailable), attempt)
        if error and _is_missing(answer):
            return None
        if error:
            raise error
        return _receipt(answer, session, Unavailable)

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        """Deleting what is gone is no fault for the server either."""
        did, key = _place(receipt)

        def call(session: _Session) -> HttpCall:
            if session["did"] != did:
                raise Rejected(f"the post belongs to {did}, and the channel is logged in as {session['did']}")
            return self._call(_DELETE, "com.atproto.repo.deleteRecord", session, {**_repo(session), "rkey": key})

        _, _, error = await self._send(call, _rules(Unavailable), attempt)
        if error:
            raise error

    async def check(self, attempt: Attempt) -> None:
        """Whether the account accepts the app password, and is in use."""
        _, answer, error = await self._send(
            partial(self._call, "account", "com.atproto.server.getSession"), _rules(Unavailable), attempt
        )
        if error:
            raise error
        if answer.data().get("active") is False:
            raise AuthBroken(f"the account {self.account} is {answer.data().get('status') or 'not active'}")

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        did, cid = "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "bafyreig2fjxi3rptqdgylg7e5hmjl6mcke7rn2b6cugzlqq3i4zu6rq52q"
        account = {"did": did, "handle": "bacson.bsky.social"}
        record = {"uri": f"at://{did}/{COLLECTION}/3k43tv4rft22g", "cid": cid}
        blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/jpeg", "size": 760898}
        answers: dict[str, object] = {
            "login": {**account, "accessJwt": "access token", "refreshJwt": "refresh token"},
            "refresh": {**account, "accessJwt": "next access token", "refreshJwt": "next refresh token"},
            "account": {**account, "active": True},
            _UPLOAD: {"blob": blob},
            _PUBLISH: {**record, "validationStatus": "valid"},
            _FIND: {**record, "value": {"$type": COLLECTION, "text": "Xin chào"}},
        }
        return answers.get(call.name, {})

    @classmethod
    def example_gone(cls, call: HttpCall) -> tuple[int, object]:
        """A record that is gone is deleted without a word (deleteRecord.ts)."""
        return (
            (200, {})
            if call.name == _DELETE
            else (400, {"error": "RecordNotFound", "message": "Could not locate record"})
        )

    # -- the record ----------------------------------------------------------------------------------------------------

    async def _record(self, post: Post, attempt: Attempt) -> Mapping[str, Any]:
        """The same bytes in every attempt: the server takes the same record again for nothing new. Its time is that of the
        first attempt, so that posts stand in the order in which they went out."""

        async def now() -> str:
            return attempt.now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

        created = await attempt.once("created at", now, again=now)
        record = {
            "$type": COLLECTION,
            "text": post.text,
            "createdAt": created,
            "langs": [post.language] if post.language else [],
            "facets": facets(post.text),
            "embed": await self._embed(post, attempt),
            "reply": {"root": _strong_ref(attempt.thread[0]), "parent": _strong_ref(attempt.thread[-1])}
            if attempt.thread
            else {},
        }
        return {name: value for name, value in record.items() if value}

    async def _embed(self, post: Post, attempt: Attempt) -> Mapping[str, Any]:
        """The card of a link, or else the picture; empty where there is neither."""
        link = uri(post.link)
        upload: Mapping[str, Any] = {}
        if post.pictures:
            act = partial(self._upload, post.pictures[0].url, attempt)
            upload = await attempt.once(_UPLOAD, act, again=act)  # the same bytes are the same blob
        if link:
            title, summary = clean_line(post.title) or link, cut_words(clean_line(post.summary), MAX_SUMMARY)
            thumb = {"thumb": upload["blob"]} if upload else {}
            external = {"uri": link, "title": title, "description": summary, **thumb}
            return {"$type": "app.bsky.embed.external", "external": external}
        if not upload:
            return {}
        image = {"image": upload["blob"], "alt": post.pictures[0].alt, "aspectRatio": upload["ratio"]}
        return {"$type": "app.bsky.embed.images", "images": [image]}

    async def _upload(self, url: str, attempt: Attempt) -> Mapping[str, Any]:
        """A picture at the server; empty where there is none, it is too large, or it is refused: the post goes without."""
        image = await attempt.read_image(url)
        if image is None or len(image.body) > MAX_PICTURE:
            return {}

        def call(session: _Session) -> HttpCall:
            made = self._call(_UPLOAD, "com.atproto.repo.uploadBlob", session, {})
            return replace(made, body=image.body, headers={**made.headers, "Content-Type": image.media_type})

        _, answer, error = await self._send(call, _rules(Unavailable), attempt)
        blob = answer.data().get("blob")
        if isinstance(error, Rejected) or (not error and not isinstance(blob, dict)):
            return {}
        if error:
            raise error
        return {"blob": blob, "ratio": {"width": image.width, "height": image.height}}

    async def _put(
        self, record: Mapping[str, Any], attempt: Attempt
    ) -> tuple[_Session, HttpResponse, DeliveryError | None]:
        """`swapRecord: null` says that there must be no record yet; the very same one is no change (putRecord.ts)."""
        key = record_key(attempt.key, attempt.edition_at)

        def call(session: _Session) -> HttpCall:
            data = {**_repo(session), "rkey": key, "record": record, "swapRecord": None}
            return self._call(_PUBLISH, "com.atproto.repo.putRecord", session, data)

        return await self._send(call, _rules(Uncertain), attempt)

    # -- the session ---------------------------------------------------------------------------------------------------

    async def _send(
        self, make: Callable[[_Session], HttpCall], rules: ResponseRules, attempt: Attempt
    ) -> tuple[_Session, HttpResponse, DeliveryError | None]:
        """An answer, with the session that asked and the error for which it stands. Servers refuse an expired session
        before they do anything."""
        session = await attempt.state.read()
        if session.get("login") != self._login_mark:
            session = await self._renewed(session, attempt)
        answer = await self._request(make, session, rules, attempt)
        if _code(answer) in _STALE:
            session = await self._renewed(session, attempt)
            answer = await self._request(make, session, rules, attempt)
        return session, answer, attempt.http.error_for(answer, make(session), rules)

    async def _request(
        self, make: Callable[[_Session], HttpCall], session: _Session, rules: ResponseRules, attempt: Attempt
    ) -> HttpResponse:
        attempt.http.hide(session["access"], session["refresh"])
        return await attempt.http.request(make(session), rules)

    async def _renewed(self, seen: _Session, attempt: Attempt) -> _Session:
        """A new session, by one process for all. Raises Unavailable and AuthBroken: nothing has been posted."""
        try:
            return await attempt.state.renew(seen, partial(self._renew, attempt))
        except Uncertain as error:
            raise error.__cause__ if isinstance(error.__cause__, DeliveryError) else Unavailable(str(error)) from None

    async def _renew(self, attempt: Attempt, session: _Session, interrupted: bool) -> _Session:
        """By the refresh token, which servers take once; by the app password where it is spent, or may be."""
        spent = interrupted
        if session.get("login") == self._login_mark and not interrupted:
            try:
                return await self._session_of("refresh", session["refresh"], None, attempt)
            except (Uncertain, Rejected, AuthBroken):
                spent = True
        password = self.app_password.get_secret_value()
        try:
            login = {"identifier": self.account.removeprefix("@"), "password": password}
            return await self._session_of("login", "", login, attempt)
        except DeliveryError as error:
            if spent:  # leave a mark, so that the next one does not try the refresh token either
                raise Uncertain(str(error)) from (Unavailable(str(error)) if isinstance(error, Uncertain) else error)
            raise

    async def _session_of(self, name: str, token: str, data: object, attempt: Attempt) -> _Session:
        method = {"refresh": "com.atproto.server.refreshSession", "login": "com.atproto.server.createSession"}[name]
        attempt.http.hide(token)
        call = replace(self._call(name, method, {"access": token}, data), method="POST")
        made = (await attempt.http.send(call, _LOGIN_RULES)).data()
        values = {"did": made.get("did"), "access": made.get("accessJwt"), "refresh": made.get("refreshJwt")}
        if not all(isinstance(value, str) and value for value in values.values()):
            raise AuthBroken(f"{self.server} gave no session: look at the address of the server", keys=("server",))
        return {**values, "handle": str(made.get("handle", "")), "login": self._login_mark}

    @property
    def _login_mark(self) -> str:
        """The same for the same settings."""
        settings = (self.server, self.account, self.app_password.get_secret_value())
        return sha256("\n".join(settings).encode()).hexdigest()[:24]

    def _call(
        self, name: str, method: str, session: _Session, data: object = None, *, query: Mapping[str, str] | None = None
    ) -> HttpCall:
        """A procedure with data, or a query (atproto.com/specs/xrpc)."""
        asked = f"?{urlencode(query)}" if query else ""
        authorization = {"Authorization": f"Bearer {session['access']}"} if session["access"] else {}
        media = {} if data is None else {"Content-Type": "application/json"}
        return HttpCall(
            method="GET" if data is None else "POST",
            url=f"{self.server}/xrpc/{method}{asked}",
            headers={**authorization, **media},
            body=None if data is None else json_bytes(data),
            name=name,
        )


# -- what a record is made of --------------------------------------------------------------------------------------------

_TID = "234567abcdefghijklmnopqrstuvwxyz"
_HASHTAG = regex.compile(r"(?<!\S)#(\p{L}[\p{L}\p{M}\p{N}_]{0,63})(?![\p{L}\p{M}\p{N}_])")
_PLACE = re.compile(rf"at://(did:[\w.:%-]+)/{re.escape(COLLECTION)}/([\w.~:-]+)#(\w+)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def record_key(key: str, at: datetime) -> str:
    """A record key in the form of a TID (atproto.com/specs/tid): microseconds since 1970, and ten bits. Forty bits are of
    `key`, so it lies up to 18 minutes before `at`; the same for equal values."""
    number = int.from_bytes(sha256(key.encode()).digest()[:5])
    value = ((at - _EPOCH) // timedelta(microseconds=1) - (number >> 10)) << 10 | number & 1023
    return "".join(_TID[value >> shift & 31] for shift in range(60, -1, -5))


def facets(text: str) -> list[Mapping[str, Any]]:
    """The links and hashtags of a text (lexicon app.bsky.richtext.facet), by offsets in UTF-8 bytes. Never a mention:
    without a facet an @ names nobody."""
    links = [
        (start, end, {"$type": "app.bsky.richtext.facet#link", "uri": uri(text[start:end])})
        for start, end in url_spans(text)
    ]
    tags = [
        (found.start(), found.end(), {"$type": "app.bsky.richtext.facet#tag", "tag": found[1]})
        for found in _HASHTAG.finditer(text)
    ]
    return [
        {
            "index": {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:end].encode())},
            "features": [feature],
        }
        for start, end, feature in sorted([*links, *tags], key=lambda one: one[0])
        if all(feature.values())
    ]


def _repo(session: _Session) -> dict[str, str]:
    return {"repo": str(session["did"]), "collection": COLLECTION}


def _receipt(answer: HttpResponse, session: _Session, doubt: type[Uncertain] | type[Unavailable]) -> Receipt:
    """`remote_id` is the record's address and, after a #, its hash: an answer to the post must name both."""
    data = answer.data()
    found = _PLACE.fullmatch(f"{data.get('uri')}#{data.get('cid')}")
    if not found:
        raise doubt(f"answered {answer.status} without the address of a post")
    handle = session["handle"] if session["handle"] not in ("", "handle.invalid") else found[1]
    return Receipt(remote_id=found[0], url=f"https://bsky.app/profile/{handle}/post/{found[2]}", reply="posted")


def _place(receipt: Receipt) -> tuple[str, str]:
    """The DID and the record key of a post. Raises Rejected."""
    if not (found := _PLACE.fullmatch(receipt.remote_id)):
        raise Rejected("the post is none of Bluesky")
    return found[1], found[2]


def _strong_ref(receipt: Receipt) -> Mapping[str, str]:
    _place(receipt)
    address, _, cid = receipt.remote_id.partition("#")
    return {"uri": address, "cid": cid}


# -- what answers mean ---------------------------------------------------------------------------------------------------

_STALE = frozenset({"ExpiredToken", "InvalidToken"})
# Errors about the account, by their name, whatever the status (packages/pds/src/auth-verifier.ts).
_ACCOUNT = _STALE | {
    *("AuthenticationRequired", "AuthMissing", "AuthFactorTokenRequired", "InvalidCredentials"),
    *("AccountTakedown", "AccountDeactivated", "AccountSuspended", "AccountNotFound"),
}
_STOP = frozenset({401, 403, 404, 405, 410, 501})  # 404, 405 and 501: at this address there is no such API


def _code(answer: HttpResponse) -> str:
    """The name of an error."""
    return str(answer.data().get("error", "")) if answer.status >= 400 else ""


def _is_missing(answer: HttpResponse) -> bool:
    """Newer servers have a name for it, older ones only words (packages/pds, getRecord.ts)."""
    located = "could not locate record" in str(answer.data().get("message", "")).lower()
    return _code(answer) == "RecordNotFound" or (_code(answer) == "InvalidRequest" and located)


def _about_the_account(answer: HttpResponse, text: str) -> DeliveryError | None:
    keys = ("app_password", "account")
    return AuthBroken(text, keys=keys) if _code(answer) in _ACCOUNT else None


def _rules(doubt: type[Uncertain] | type[Unavailable]) -> ResponseRules:
    return ResponseRules(doubt=doubt, stop=_STOP, verdict=_about_the_account)


_LOGIN_RULES = ResponseRules(doubt=Uncertain, stop=_STOP | {400}, verdict=_about_the_account)
