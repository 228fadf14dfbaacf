"""Posts each article to a Facebook Page: with the card of its link, or as a photo.

You need an app at developers.facebook.com (for a Page of your own it needs no review), and a token of the Page with the
permissions `pages_manage_posts`, `pages_read_engagement` and `pages_show_list`. `page` is the number of the Page, in quotes.

    channels:
      facebook:
        type: facebook
        page: "101234567890123"
        app_id: "203456789012345"
        app_secret: ${FACEBOOK_APP_SECRET}
        token: ${FACEBOOK_TOKEN}

Or leave `token` out and run `distributor channels login facebook`: it takes the token of the Page, or that of a person who
manages it, as the Graph API Explorer gives it for an hour, and makes a lasting token of the Page from it.

A token dies when its person changes the password, leaves the Page or removes the app. The channel then waits and says what
to do. `distributor check` tells an expiry two weeks before, where `app_id` and `app_secret` are set.

Nothing is posted twice: after an unclear outcome, and where Facebook says that the last post was the same, the posts that
the Page has published since the edition was made are looked through. A post whose text somebody has changed by hand
meanwhile cannot be found.

If Facebook cannot read the page behind a link, the post is tried again twice, and then goes out without its card.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from distributor.channel import (
    Appearance,
    Ask,
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Picture,
    Post,
    PostLimits,
    Secret,
    Url,
)
from distributor.errors import AuthBroken, DistributorError, Rejected, Unavailable, Uncertain
from distributor.kit.http import HttpCall, HttpResponse, json_bytes
from distributor.kit.posts import FACEBOOK, Count, Tags, compose_posts
from distributor.kit.tokens import read_end
from distributor.model import Edition, Receipt

from ._graph import Doubt, Files, Values, app_secret_proof, graph_call, graph_rules, note_usage, object_of, rest_if_full

PERMISSIONS = ("pages_manage_posts", "pages_read_engagement")  # to post, and to look for a post
NEAR = timedelta(days=14)  # before the end of a token, `check` speaks
PAGES = 5  # of 100 posts each are looked through for an earlier post
CLOCKS = timedelta(minutes=10)  # by which Facebook's clock may be behind ours
PHOTO_LASTS = timedelta(hours=20)  # an uploaded photo that is in no post is removed after about a day
LARGEST_PHOTO = 4_000_000  # bytes
PHOTO_TYPES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}  # photo-uploads: no WebP
CARD_TRIES = 3  # attempts at a link that Facebook cannot read; the last one goes without the card
CARD_WAIT = timedelta(minutes=5)

_Number = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    Field(pattern=r"^[0-9]{1,25}$"),
]


@dataclass(frozen=True, kw_only=True)
class Facebook(Channel):
    """A Facebook Page. API: developers.facebook.com/docs/pages-api."""

    page: Annotated[_Number, "number of the Page"]
    token: Annotated[Secret | None, "access token of the Page; or log in", Field(examples=["${FACEBOOK_TOKEN}"])] = None
    app_id: Annotated[_Number | None, "number of the app", Field(examples=["203456789012345"])] = None
    app_secret: Annotated[
        Secret | None, "secret of the app: proves each request", Field(examples=["${FACEBOOK_APP_SECRET}"])
    ] = None
    style: Annotated[Literal["link", "photo"], "link: with the card of the link; photo: with the article's picture"] = (
        "link"
    )
    version: Annotated[str, "version of the Graph API", Field(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$")] = "v26.0"
    max_hashtags: Annotated[Tags, "most hashtags in a post, made from the topics of the article"] = 2
    max_posts: Annotated[Count, "most posts for one edition; the other articles are not posted"] = 10
    template: Annotated[str, "template of a post, a file in templates/"] = "post/article.txt.j2"
    api: Annotated[Url, "address of the Graph API"] = "https://graph.facebook.com"
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    corrections = Corrections.EDIT

    @property
    def limits(self) -> PostLimits:
        """Facebook names no rate for posts: 1390008 says that they come too fast. Ten seconds between them are ours."""
        pictures = 1 if self.style == "photo" else 0
        return replace(FACEBOOK, per_run=self.max_posts, pictures=pictures, spacing=timedelta(seconds=10))

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Post]:
        return compose_posts(self, edition, context, self.template, self.max_hashtags)

    def appearance(self, post: Post) -> Appearance:
        if post.pictures:
            return Appearance(text=post.text, network="Facebook", card="none", picture="below")
        return Appearance(text=post.text, network="Facebook")

    # -- posting -------------------------------------------------------------------------------------------------------

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        await rest_if_full(attempt)
        values = {"message": content.text}
        with_photo = self.style == "photo" and content.pictures
        photo = await self._photo(content.pictures[0], attempt) if with_photo else ""
        if photo:
            values["attached_media[0]"] = json_bytes({"media_fbid": photo}).decode()
        elif content.link:
            values["link"] = content.link
        try:
            answer = await self._feed(values, attempt)
        except Rejected as error:
            if error.about == "duplicate":
                return await self._same_as_last(content, attempt, error)
            raise
        receipt = _receipt(answer.data(), Uncertain)
        with contextlib.suppress(DistributorError):  # it is out, whatever becomes of the note
            await note_usage(answer, attempt)
        return receipt

    async def _feed(self, values: Values, attempt: Attempt) -> HttpResponse:
        """Often a site is only slow when the crawler comes, so the card is worth another try. A post that cannot have one
        is still worth posting where its text names the link."""
        path, link = f"{self.page}/feed", values.get("link", "")
        try:
            return await self._ask("publish", path, values, attempt, doubt=Uncertain)
        except Rejected as error:
            if error.about != "link" or (attempt.number >= CARD_TRIES and link not in values["message"]):
                raise
            if attempt.number < CARD_TRIES:
                raise Unavailable(str(error), wait=CARD_WAIT, all_posts=False) from None
        return await self._ask("publish without card", path, {"message": values["message"]}, attempt, doubt=Uncertain)

    async def _photo(self, picture: Picture, attempt: Attempt) -> str:
        """The number of the uploaded picture, which nobody sees yet; empty where it cannot be had or is not taken."""

        async def upload() -> dict[str, str]:
            image = await attempt.read_image(picture.url)
            if image is None or image.media_type not in PHOTO_TYPES or len(image.body) > LARGEST_PHOTO:
                raise Rejected("there is no picture that Facebook takes")
            file = (f"picture.{PHOTO_TYPES[image.media_type]}", image.media_type, image.body)
            values = {"published": "false", **({"alt_text_custom": picture.alt} if picture.alt else {})}
            answer = await self._ask("upload", f"{self.page}/photos", values, attempt, files={"source": file})
            return {"id": _id(answer.data(), Unavailable), "at": attempt.now.isoformat()}

        number = 0
        try:
            while True:  # one that Facebook will have removed is uploaded anew
                number += 1
                saved = await attempt.once(f"photo {number}", upload, again=upload)
                if attempt.now - datetime.fromisoformat(saved["at"]) < PHOTO_LASTS:
                    return str(saved["id"])
        except Rejected:
            return ""

    async def _same_as_last(self, post: Post, attempt: Attempt, error: Rejected) -> Receipt:
        """The last post of the Page says the same: ours, or one from before the edition was made."""
        for found in await self._published("", attempt, pages=1):
            if _same(post, found):
                if _made(found) >= attempt.edition_at - CLOCKS:
                    return _receipt(found, Uncertain)
                raise Rejected(f"{error}; it is {_receipt(found, Uncertain).url}", about=error.about)
        raise Uncertain(f"{error}; but it is not among the posts of the Page yet")

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        """The newest post since the edition was made that has the same text."""
        assert isinstance(content, Post)
        since = attempt.edition_at - CLOCKS
        posts = await self._published(str(int(since.timestamp())), attempt, pages=PAGES)
        own = (found for found in posts if _made(found) >= since and _same(content, found))
        return next((_receipt(found, Unavailable) for found in own), None)

    async def _published(self, since: str, attempt: Attempt, *, pages: int) -> list[dict[str, Any]]:
        """The Page's posts, newest first. The address of the next page that Facebook gives holds the token, so it is made
        here from the cursor. Raises Unavailable where there are more, and all since a time were asked for."""
        posts: list[dict[str, Any]] = []
        fields = "id,message,created_time,permalink_url,attachments{unshimmed_url}"
        values = {"fields": fields, "limit": "100", **({"since": since} if since else {})}
        for _ in range(pages):
            data = (await self._ask("find", f"{self.page}/published_posts", values, attempt, method="GET")).data()
            listed = data.get("data")
            if not isinstance(listed, list):
                raise Unavailable("Facebook answered with something that is no list of posts")
            posts += [post for post in listed if isinstance(post, dict)]
            paging = object_of(data.get("paging"))
            after = object_of(paging.get("cursors")).get("after")
            if not listed or not paging.get("next"):
                return posts
            if not isinstance(after, str):
                break
            values["after"] = after
        if since:
            raise Unavailable("the Page has published too many posts since to look through them")
        return posts

    # -- correcting ----------------------------------------------------------------------------------------------------

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        """Changes the text. What a link post links to, and a photo, stay as they are."""
        assert isinstance(content, Post)
        answer = await self._ask("edit", _path(receipt), {"message": content.text}, attempt, gone=True)
        _done(answer)
        return receipt

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        """A post that is gone and one that the token may not see give the same answer: then the token is looked at."""
        try:
            _done(await self._ask("delete", _path(receipt), {}, attempt, method="DELETE", gone=True))
        except Rejected as error:
            if error.about != "gone":
                raise
            await self._check_owner(attempt)

    # -- the token -----------------------------------------------------------------------------------------------------

    async def check(self, attempt: Attempt) -> None:
        """Whether the token is one of this Page, may post, and will be accepted for some time yet."""
        await self._check_owner(attempt)
        await self._check_token(await self._token(attempt), attempt)

    async def login(self, ask: Ask, attempt: Attempt) -> Mapping[str, Any]:
        if self.token:
            raise Rejected("the setting `token` comes first: take it out of config.yaml to log in instead")
        given = ask("Access token of the Page, or of a person who manages it:", secret=True)
        if not given:
            raise AuthBroken("no token was given")
        owner = await self._owner(given, attempt)
        token = given if owner == self.page else await self._page_token(given, ask, attempt)
        ends = await self._check_token(token, attempt)
        return {"token": token, "ends": ends} if ends else {"token": token}

    def login_ends(self, state: Mapping[str, Any]) -> datetime | None:
        return read_end(state.get("ends"))

    async def _page_token(self, person: str, ask: Ask, attempt: Attempt) -> str:
        """A token of the Page without an end, from one of a person: a long-lived token of the person first, then that of
        the Page (developers.facebook.com/docs/pages-api: access tokens). In the body, as addresses may be written down."""
        app = self.app_id or ask("Number of the app:")
        secret = self.app_secret.get_secret_value() if self.app_secret else ask("Secret of the app:", secret=True)
        attempt.http.hide(secret, person)
        values = {
            "grant_type": "fb_exchange_token",
            "client_id": app,
            "client_secret": secret,
            "fb_exchange_token": person,
        }
        exchanged = await self._ask("exchange", "oauth/access_token", values, attempt, token="")
        lasting = str(exchanged.data().get("access_token") or "")
        if not lasting:
            raise Unavailable("Facebook answered without a token of the person")
        fields = {"fields": "access_token"}
        answer = await self._ask("page token", self.page, fields, attempt, method="GET", token=lasting)
        token = str(answer.data().get("access_token") or "")
        if not token:
            raise AuthBroken(f"this person may not post for Page {self.page}, or has not given pages_show_list")
        attempt.http.hide(token)
        return token

    async def _token(self, attempt: Attempt) -> str:
        token = self.token.get_secret_value() if self.token else (await attempt.state.read()).get("token")
        if not isinstance(token, str) or not token:
            raise AuthBroken(f"there is no token yet: {self._renewal}", keys=("token",))
        return token

    @property
    def _renewal(self) -> str:
        return "put a new one into `token`" if self.token else f"run `distributor channels login {self.name}`"

    async def _owner(self, token: str, attempt: Attempt) -> str:
        answer = await self._ask("me", "me", {"fields": "id"}, attempt, method="GET", token=token)
        return _id(answer.data(), Unavailable)

    async def _check_owner(self, attempt: Attempt) -> None:
        if await self._owner(await self._token(attempt), attempt) != self.page:
            said = f"the token is none of Page {self.page}, but of a person or another Page: {self._renewal}"
            raise AuthBroken(said, keys=("token", "page"))

    async def _check_token(self, token: str, attempt: Attempt) -> int:
        """What Facebook knows of a token (reference/debug_token): when it ends, in seconds since 1970; 0 where it does not,
        or nobody says. It tells the app, and may refuse the Page itself. The token stands in the body of a POST that is
        meant as a GET, as Facebook's own SDKs did it, and not in the address."""
        app = f"{self.app_id}|{self.app_secret.get_secret_value()}" if self.app_id and self.app_secret else ""
        values = {"input_token": token, "method": "get"}
        try:
            answer = await self._ask("debug_token", "debug_token", values, attempt, token=app or token)
        except (Rejected, AuthBroken):
            if app:
                raise
            return 0
        data = object_of(answer.data().get("data"))
        if data.get("is_valid") is False:
            raise AuthBroken(f"Facebook does not accept the token any more: {self._renewal}", keys=("token",))
        scopes = data.get("scopes")
        if missing := [one for one in PERMISSIONS if isinstance(scopes, list) and one not in scopes]:
            raise AuthBroken(f"the token lacks the permission {', '.join(missing)}: {self._renewal}", keys=("token",))
        times = [data.get("expires_at"), data.get("data_access_expires_at")]  # seconds since 1970; 0 is never
        ends = min((time for time in times if isinstance(time, int) and time > 0), default=0)
        end = read_end(ends)
        if end and end < attempt.now + NEAR:
            raise Rejected(f"the token of the Page is good until {end:%Y-%m-%d %H:%M} UTC only: {self._renewal}")
        return ends

    # -- asking --------------------------------------------------------------------------------------------------------

    async def _ask(
        self,
        name: str,
        path: str,
        values: Values,
        attempt: Attempt,
        *,
        method: str = "POST",
        doubt: Doubt = Unavailable,
        token: str | None = None,
        files: Files | None = None,
        gone: bool = False,
    ) -> HttpResponse:
        """The answer to a request. `token` is that of the Page unless one is given; empty for none."""
        token = await self._token(attempt) if token is None else token
        secret = self.app_secret.get_secret_value() if self.app_secret else ""
        proof = app_secret_proof(token, secret) if token and secret and "|" not in token else ""
        attempt.http.hide(token, proof)
        url = f"{self.api}/{self.version}/{path}"
        call = graph_call(url, values, name=name, method=method, token=token, proof=proof, files=files)
        return await attempt.http.send(call, graph_rules(doubt, attempt.now, renewal=self._renewal, gone=gone))

    @classmethod
    def example_state(cls) -> Mapping[str, Any]:
        return {"token": "EAACEdEose0cBAExampleOfAPageToken"}

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        answers: dict[str, object] = {
            "upload": {"id": "1002088839996"},
            "find": {"data": [], "paging": {}},
            "edit": {"success": True},
            "delete": {"success": True},
            "me": {"id": "101234567890123"},
            "exchange": {"access_token": "EAACEdEose0cBAPerson", "token_type": "bearer", "expires_in": 5183944},
            "page token": {"access_token": "EAACEdEose0cBAPage", "id": "101234567890123"},
            "debug_token": {"data": {"type": "PAGE", "is_valid": True, "expires_at": 0, "scopes": [*PERMISSIONS]}},
        }
        return answers.get(call.name, {"id": "101234567890123_122101234567890"})

    @classmethod
    def example_gone(cls, call: HttpCall) -> tuple[int, object]:
        said = "Unsupported delete request. Object with ID '101234567890123_122101234567890' does not exist"
        return 400, {"error": {"message": said, "type": "GraphMethodException", "code": 100, "error_subcode": 33}}


# -- what comes back ---------------------------------------------------------------------------------------------------


def _id(data: Mapping[str, Any], missing: Doubt) -> str:
    found = str(data.get("id", ""))
    if not re.fullmatch(r"[0-9_]{1,100}", found):
        raise missing("Facebook answered without an id")
    return found


def _receipt(data: Mapping[str, Any], missing: Doubt) -> Receipt:
    number = _id(data, missing)
    url = data.get("permalink_url") or f"https://www.facebook.com/{number}"
    return Receipt(remote_id=number, url=str(url), reply="posted")


def _path(receipt: Receipt) -> str:
    return _id({"id": receipt.remote_id}, Unavailable)


def _done(answer: HttpResponse) -> None:
    if answer.data().get("success") is not True:
        raise Unavailable("Facebook answered without saying that it was done")


def _made(post: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(post.get("created_time")))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _same(post: Post, found: Mapping[str, Any]) -> bool:
    """Whether a post of the Page is ours: the same text and, if that does not name it, the same link."""
    if _plain(post.text) != _plain(str(found.get("message", ""))):
        return False
    listed = object_of(found.get("attachments")).get("data")
    links = [object_of(one).get("unshimmed_url") for one in listed] if isinstance(listed, list) else []
    known = {_place(link) for link in links if isinstance(link, str)}
    return post.link in post.text or not known or _place(post.link) in known


def _plain(text: str) -> str:
    """A text without what a network may change in it: spaces, and signs that nobody sees."""
    seen = (sign for sign in unicodedata.normalize("NFC", text) if unicodedata.category(sign) != "Cf")
    return " ".join("".join(seen).split())


def _place(url: str) -> tuple[str, str]:
    """Host and path: Facebook adds parameters of its own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/")
