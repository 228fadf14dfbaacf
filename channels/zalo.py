"""Posts each article to a Zalo Official Account (OA), as an article of the account.

You need a verified Official Account and an application that may manage its articles (developers.zalo.me);
docs/channels/zalo.md shows the way step by step. Then:

    channels:
      zalo:
        type: zalo
        app_id: "1234567890123456789"
        secret_key: ${ZALO_SECRET_KEY}
        callback: https://bacson.example/zalo
        author: Báo Bắc Sơn
        cover: https://bacson.example/anh/bia-zalo.jpg
        status: hide

`distributor channels login zalo` prints the address to open and takes what comes back. From then on the access token
(25 hours) and the refresh token (three months, good for one use) renew themselves. Try it with `status: hide`: the articles
stand in the account's list, and nobody else sees them. `show` publishes them at once.

Zalo fetches the cover from a public address, and takes 1 MB at most. Where an article has no picture, or Zalo cannot fetch
it, `cover` is used. Zalo works on each article for a while (`article/verify`): meanwhile the post is deferred, and goes on
where it was. `broadcast` also sends each new article to the followers, as often as the package of the account allows, which
is a few times a month: keep it to a channel with `max_posts: 1`.

Nothing is posted twice: after an unclear outcome the account's last 50 articles are looked through, for half an hour at
least, before one is created anew. A refresh token whose use was cut off may be spent: the channel stops then, and asks for
a new login. Where it is not known whether a broadcast went out, it is not repeated; the delivery says so.

Corrections change the article in place, and keep it hidden or shown as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, quote, urlencode

from pydantic import BeforeValidator, Field

from distributor.channel import (
    Appearance,
    Article,
    Ask,
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Post,
    PostLimits,
    PublicUrl,
    Secret,
    Url,
    count_utf16,
)
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.kit.http import HttpCall, ResponseRules
from distributor.kit.posts import Count, compose_posts
from distributor.kit.tokens import read_end
from distributor.model import Edition, Receipt
from distributor.text import clean_line, cut_words, html_to_text

from ._zalo import INVALID, CoverRefused, Doubt, Refused, ZaloAccount, number

# Titles to 150 and descriptions to 300 characters (Zalo's page on article/create); but users report that exactly as many are
# refused ("title allow 1 to 150 characters"), and how it counts is not said: so less, in UTF-16 code units.
TITLE, DESCRIPTION = 140, 250
LARGEST_PICTURE = 1_000_000  # bytes of a cover (Zalo: "1 MB")
PAGES = 5  # of 10 articles, the most that article/getslice gives at once, are looked through
SETTLING = timedelta(minutes=30)  # after that, an article that was asked for stands in the list, or never will

_BLOCK_END = re.compile(r"</(?:p|h[1-6]|li|blockquote|figcaption|pre|td|div)>|<br ?/?>", re.IGNORECASE)
_REFRESH_LASTS = timedelta(
    days=88
)  # after the end of an access token; its documentation says three months after a renewal
_Number = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]
_Author = Annotated[str, Field(min_length=1, max_length=49)]


@dataclass(frozen=True, kw_only=True)
class Zalo(Channel):
    """A Zalo Official Account. API: developers.zalo.me/docs/official-account (article), and Zalo's own SDK for Java."""

    app_id: Annotated[_Number, "id of the application"]
    secret_key: Annotated[Secret, "secret key of the application"]
    callback: Annotated[Url, "Official Account Callback URL, as it stands in the settings of the application"]
    author: Annotated[_Author, "name under which the articles stand"]
    cover: Annotated[PublicUrl, "picture for articles without one, JPEG or PNG of 1 MB at most"]
    account: Annotated[_Number, "id of the Official Account; a login to another one is refused"] = ""
    status: Annotated[Literal["show", "hide"], "show: everybody sees new articles; hide: only the account's staff"] = (
        "show"
    )
    comments: Annotated[bool, "readers may comment on the articles"] = False
    full_text: Annotated[bool, "the whole text of the article instead of its lead"] = False
    broadcast: Annotated[bool, "send each new article to the followers"] = False
    max_posts: Annotated[Count, "most posts for one edition; the other articles are not posted"] = 10
    template: Annotated[str, "template of the text, a file in templates/"] = "post/article.txt.j2"
    api: Annotated[Url, "address of the API"] = "https://openapi.zalo.me"
    oauth: Annotated[Url, "address where tokens are given out"] = "https://oauth.zaloapp.com"
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    corrections = Corrections.EDIT

    @property
    def _zalo(self) -> ZaloAccount:
        secret = self.secret_key.get_secret_value()
        return ZaloAccount(channel=self.name, app_id=self.app_id, secret=secret, api=self.api, oauth=self.oauth)

    @property
    def limits(self) -> PostLimits:
        """No limit of the text is documented; 4,000 requests a minute need no rate."""
        return PostLimits(per_run=self.max_posts, pictures=1)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Post]:
        """A post's text is the body: paragraphs parted by an empty line, the link to the article last."""
        posts = compose_posts(self, edition, context, self.template, mentions=True)
        return [self._with_body(post, article) for post, article in zip(posts, edition.articles, strict=True)]

    def appearance(self, post: Post) -> Appearance:
        text = f"{post.title}\n\n{post.text}"
        return Appearance(text=text, network="Zalo", bold_title=True, card="none", picture="above", cover=self.cover)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        create, again = partial(self._create, content, attempt), partial(self._create_again, content, attempt)
        id = await self._finished(create, again, attempt)
        reply = await self._broadcast(id, attempt) if self.broadcast and self.status == "show" else "posted"
        return Receipt(remote_id=id, url=await self._address(id, attempt), reply=reply)

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        """By the token of its creation, or else among the account's last articles: same title, and our link in its text."""
        assert isinstance(content, Post)
        _, step = await attempt.steps.read("article")
        if step:
            try:
                id = step.get("id") or await self._verify(step["token"], attempt, "job", Unavailable)
                return Receipt(remote_id=id, url=await self._address(id, attempt), reply="posted")
            except Rejected:
                return None
            except Uncertain:  # Zalo does not know the token any more
                pass
        if not (found := await self._look(content, attempt)):
            await self._settle(attempt)
        return found

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        """article/update takes the whole article and works on it like article/create. Sending it twice does no harm."""
        assert isinstance(content, Post)
        id = receipt.remote_id

        async def update() -> dict[str, str]:
            stands = await self._detail(id, attempt)
            kept = {key: stands[key] for key in ("status", "comment") if stands.get(key) in ("show", "hide")}
            return await self._submit("update", content, attempt, Unavailable, id=id, **kept)

        return replace(receipt, remote_id=await self._finished(update, update, attempt), reply="corrected")

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        """An id that is refused is that of an article that is gone. Zalo documents no code for that, so after any other
        refusal it is looked at."""
        try:
            await self._zalo.ask("remove", "article/remove", attempt, Unavailable, {"id": receipt.remote_id})
        except Refused as refusal:
            if refusal.code == INVALID:
                return
            try:
                await self._detail(receipt.remote_id, attempt)
            except Rejected:
                return
            raise refusal from None

    async def check(self, attempt: Attempt) -> None:
        """Whether there is a login to the right account, whether it may manage articles, and whether `cover` can be used."""
        account = await self._zalo.ask("account", "oa/getoa", attempt, Unavailable)
        self._same_account(str(account.get("oaid") or account.get("oa_id") or ""))
        if account.get("is_verified") is False:
            raise AuthBroken("the Official Account is not verified: Zalo lets only verified accounts publish articles")
        await self._slice(0, attempt)
        call = HttpCall(url=_address(self.cover), method="GET", largest=LARGEST_PICTURE, name="cover")
        answer = await attempt.http.request(call, ResponseRules(doubt=Unavailable))
        if answer.status != 200 or not answer.complete:
            told = "is larger than 1 MB" if answer.status == 200 else f"cannot be fetched: status {answer.status}"
            raise Rejected(f"the picture of the setting `cover` {told}")

    async def login(self, ask: Ask, attempt: Attempt) -> Mapping[str, Any]:
        verifier, challenge = self._zalo.pkce()
        query = {"app_id": self.app_id, "redirect_uri": self.callback, "code_challenge": challenge}
        pasted = ask(
            f"Code challenge for the settings of the application: {challenge}\n"
            f"As an administrator of the Official Account, open\n\n{self.oauth}/v4/oa/permission?{urlencode(query)}\n\n"
            "and allow it. Paste the address to which you are sent then, within ten minutes (or nothing, to paste a refresh "
            "token instead)",
            secret=True,
        )
        if not pasted:
            token = ask("Refresh token (it is used up by this)", secret=True)
            attempt.http.hide(token)
            return await self._zalo.grant(attempt, {"refresh_token": token, "grant_type": "refresh_token"})
        told = parse_qs(pasted.rpartition("?")[2])
        if "code" not in told and "://" in pasted:
            raise AuthBroken(
                "there is no code in this address: take the one that the browser shows once you have allowed it"
            )
        self._same_account(told.get("oa_id", [""])[0])
        code = told.get("code", [pasted])[0]
        attempt.http.hide(code, verifier)
        form = {"code": code, "grant_type": "authorization_code", "code_verifier": verifier}
        return await self._zalo.grant(attempt, form)

    def login_ends(self, state: Mapping[str, Any]) -> datetime | None:
        """A refresh token is good for three months; each renewal, at every article, brings a new one."""
        renewed = read_end(state.get("expires_at"))
        return renewed + _REFRESH_LASTS if renewed else None

    @classmethod
    def example_state(cls) -> Mapping[str, Any]:
        return {"access_token": "access-example", "refresh_token": "refresh-example", "expires_at": 4_102_444_800}

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        if call.name == "token":
            return {"access_token": "access-next", "refresh_token": "refresh-next", "expires_in": "90000"}
        id = {"id": "4402c73f7e7a9724ce6b"}
        known: dict[str, dict[str, Any]] = {
            "create": {"token": "fvXiHxFn+7lOd2E1LxOxh3cs2cu0Kqww"},
            "update": {"token": "fvXiHxFn+7lOd2E1LxOxh3cs2cu0Kqww"},
            "verify": id,
            "job": id,
            "detail": {**id, "status": "show", "comment": "show"},
            "find": {"medias": [], "total": 0},
            "account": {"oaid": "579745863508352884", "is_verified": True},
            "broadcast": {"message_id": "a4d0243feee163bd3af2"},
        }
        return {"data": known.get(call.name, {}), "error": 0, "message": "Success"}

    @classmethod
    def example_gone(cls, call: HttpCall) -> tuple[int, object]:
        return 200, {"error": INVALID, "message": "id is invalid!"}

    # -- an article --------------------------------------------------------------------------------------------------------

    def _with_body(self, post: Post, article: Article) -> Post:
        parts = [part.strip() for part in post.text.split("\n\n") if part.strip()]
        if len(parts) > 1 and parts[0] == article.title.strip():
            parts = parts[1:]  # Zalo shows the title by itself
        if self.full_text and (whole := _paragraphs(article.body_html)):
            parts = [*whole, post.link]
        title, summary = _cut(post.title, TITLE), _cut(post.summary, DESCRIPTION) or _cut(post.title, DESCRIPTION)
        return replace(post, title=title, summary=summary, text="\n\n".join(part for part in parts if part))

    def _article(self, post: Post, cover: str) -> dict[str, Any]:
        parts = [part for part in post.text.split("\n\n") if part.strip()] or [post.title]
        return {
            "type": "normal",
            "title": _cut(post.title, TITLE),
            "author": self.author,
            "cover": {"cover_type": "photo", "photo_url": _address(cover), "status": "show"},
            "description": _cut(post.summary, DESCRIPTION) or _cut(post.title, DESCRIPTION),
            "body": [{"type": "text", "content": part.replace("<", "&lt;").replace(">", "&gt;")} for part in parts],
            "status": self.status,
            "comment": "show" if self.comments else "hide",
        }

    async def _cover(self, post: Post, attempt: Attempt) -> str:
        """A public address: Zalo takes no uploads for covers, and says itself whether it could fetch one."""
        refused, _ = await attempt.steps.read("own picture refused")
        for picture in () if refused else post.pictures[:1]:
            image = await attempt.read_image(picture.url)
            if image is None or len(image.body) <= LARGEST_PICTURE:
                return (image.url if image else "") or picture.url
        return self.cover

    async def _create(self, post: Post, attempt: Attempt) -> dict[str, str]:
        """From `asked` on an article may come of it."""
        await attempt.steps.forget("asked")
        await attempt.once("asked", partial(_value, attempt.now.isoformat()))
        try:
            return await self._submit("create", post, attempt, Uncertain)
        except Uncertain:
            raise
        except DeliveryError:
            await attempt.steps.forget("asked")
            raise

    async def _create_again(self, post: Post, attempt: Attempt) -> dict[str, str]:
        """Where nobody knows whether it was created: look first, until it would surely be there."""
        if found := await self._look(post, attempt):
            return {"id": found.remote_id}
        await self._settle(attempt)
        return await self._create(post, attempt)

    async def _settle(self, attempt: Attempt) -> None:
        """Raises Unavailable while Zalo may still be working on an article that was asked for."""
        _, asked = await attempt.steps.read("asked")
        if asked and attempt.now < (until := datetime.fromisoformat(asked) + SETTLING):
            raise Unavailable("an article was asked for, and may still appear on Zalo", retry_at=until, all_posts=False)

    async def _submit(self, name: str, post: Post, attempt: Attempt, doubt: Doubt, **changes: str) -> dict[str, str]:
        """The token with which Zalo tells what becomes of an article (article/create, article/update)."""
        cover = await self._cover(post, attempt)
        body = {**self._article(post, cover), **changes}
        try:
            data = await self._zalo.ask(name, f"article/{name}", attempt, doubt, body)
        except CoverRefused as error:
            await self._refuse_picture(cover, error, attempt)
            return await self._submit(name, post, attempt, doubt, **changes)
        if not (token := str(data.get("token") or "")):
            raise doubt("Zalo answered without the token of an article")
        return {"token": token, "cover": cover}

    async def _refuse_picture(self, cover: str, error: CoverRefused, attempt: Attempt) -> None:
        """Take the setting `cover` from now on. Raises Rejected where that was what Zalo could not use."""
        if cover == self.cover:
            raise Rejected(f"the picture of the setting `cover`: {error}", reply=error.reply)
        await attempt.once("own picture refused", partial(_value, True), again=partial(_value, True))

    async def _finished(
        self,
        act: Callable[[], Awaitable[dict[str, str]]],
        again: Callable[[], Awaitable[dict[str, str]]],
        attempt: Attempt,
    ) -> str:
        """The id of an article once Zalo is done with it; Unavailable, for this post only, until then."""
        step = await attempt.once("article", act, again=again)
        if "id" in step:
            return str(step["id"])
        verify = partial(self._verify, step["token"], attempt)
        try:
            return str(await attempt.once("id", verify, again=verify))
        except CoverRefused as error:  # nothing has come of it
            await self._refuse_picture(step["cover"], error, attempt)
            await attempt.steps.forget("article")
        return await self._finished(act, again, attempt)

    async def _verify(self, token: str, attempt: Attempt, name: str = "verify", doubt: Doubt = Uncertain) -> str:
        """The id of an article. Without an answer it may be out by now, whatever Zalo was still doing."""
        attempt.http.hide(token)
        wait = min(timedelta(seconds=15) * attempt.number, timedelta(minutes=5))
        try:
            data = await self._zalo.ask(name, "article/verify", attempt, doubt, {"token": token})
        except Refused as error:
            if not isinstance(error, CoverRefused) and error.code in (INVALID, -210):
                raise Uncertain(f"Zalo does not know the token of an article any more: {error}") from None
            raise
        if not (id := str(data.get("id") or "")):
            raise Unavailable("Zalo is still working on the article", retry_at=attempt.now + wait, all_posts=False)
        return id

    async def _broadcast(self, id: str, attempt: Attempt) -> str:
        """What became of it, in words: the article is out in any case. Zalo's SDK for Java: v3/SendBroadcastMessage."""
        payload = {"template_type": "media", "elements": [{"media_type": "article", "attachment_id": id}]}
        message = {"attachment": {"type": "template", "payload": payload}}
        body = {"recipient": {"target": {"gender": "0"}}, "message": message}  # 0: all
        send = partial(self._zalo.ask, "broadcast", "oa/message", attempt, Uncertain, body)
        try:
            await attempt.once("broadcast", send)
        except Uncertain as error:
            return f"posted; nobody knows whether it was sent to the followers: {error}"
        except DeliveryError as error:
            return f"posted, but not sent to the followers: {error}"
        return "posted, and sent to the followers"

    # -- looking -----------------------------------------------------------------------------------------------------------

    async def _look(self, post: Post, attempt: Attempt) -> Receipt | None:
        since = (attempt.edition_at - timedelta(minutes=15)).timestamp() * 1000
        for page in range(PAGES):
            medias = await self._slice(page, attempt)
            for media in medias:
                same = _plain(media.get("title")) == _plain(_cut(post.title, TITLE))
                if (
                    same
                    and number(media.get("create_date"), since) >= since
                    and await self._is_ours(media, post, attempt)
                ):
                    return Receipt(remote_id=str(media["id"]), url=str(media.get("link_view") or ""), reply="posted")
            if len(medias) < 10:
                break
        return None

    async def _is_ours(self, media: Mapping[str, Any], post: Post, attempt: Attempt) -> bool:
        """An article of the same title by hand has another text."""
        detail = await self._detail(str(media["id"]), attempt)
        if not post.link:
            return _plain(detail.get("description")) == _plain(self._article(post, "")["description"])
        blocks = detail.get("body")
        return any(post.link in _plain(block) for block in (blocks if isinstance(blocks, list) else ()))

    async def _slice(self, page: int, attempt: Attempt) -> list[dict[str, Any]]:
        path = f"article/getslice?offset={page * 10}&limit=10&type=normal"
        medias = (await self._zalo.ask("find", path, attempt, Unavailable)).get("medias")
        return [one for one in medias if isinstance(one, dict) and one.get("id")] if isinstance(medias, list) else []

    async def _detail(self, id: str, attempt: Attempt) -> dict[str, Any]:
        return await self._zalo.ask("detail", f"article/getdetail?{urlencode({'id': id})}", attempt, Unavailable)

    async def _address(self, id: str, attempt: Attempt) -> str:
        """Where readers see an article; empty where the list does not tell."""
        try:
            found = [media for media in await self._slice(0, attempt) if str(media["id"]) == id]
        except DeliveryError:
            return ""
        return str(found[0].get("link_view") or "") if found else ""

    # -- the account -------------------------------------------------------------------------------------------------------

    def _same_account(self, id: str) -> None:
        if self.account and id and id != self.account:
            raise AuthBroken(
                f"the login is for the Official Account {id}, not {self.account}: {self._zalo.login_again}"
            )


async def _value(value: Any) -> Any:
    return value


def _cut(text: str, most: int) -> str:
    """The first words that fit into so many UTF-16 code units, in NFC."""
    text = made = clean_line(text)
    room = most
    while count_utf16(made) > most:
        made, room = cut_words(text, room), room - 1
    return made


def _plain(value: object) -> str:
    """What Zalo gives back of a text, as it was sent; of a block of a body, its text."""
    text = value.get("content") if isinstance(value, dict) else value
    return clean_line(html.unescape(str(text or "")))


def _paragraphs(body: str) -> list[str]:
    return [text for part in _BLOCK_END.split(body) if (text := html_to_text(part))]


def _address(url: str) -> str:
    """Zalo refuses addresses with spaces or Vietnamese letters ("photo_url is invalid", users report)."""
    return quote(url.strip(), safe="%/:=&?~#+!$,;'@()*[]")
