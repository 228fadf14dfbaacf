"""Posts each article to a Mastodon account (or another server that speaks its API: GoToSocial, Pleroma, Akkoma).

Make an application in the account's settings, under Development, with the scopes `read:accounts`, `read:statuses` and
`write:statuses`, and take its access token. The picture and title of the link preview come from the article's page;
nothing is sent for them.

    channels:
      mastodon:
        type: mastodon
        instance: https://mastodon.example
        token: ${MASTODON_TOKEN}

An address in a post counts 23 characters, however long it is. Some servers allow more than 500 characters;
`distributor check` says so where `max_characters` is more than the server takes. With `thread_posts: 3` a lead that is too
long for one post goes on in up to two answers.

Nothing is posted twice: after an unclear outcome (servers are known to answer 504 after they have posted) the account's
own posts are looked through first, on every server. Each attempt also carries the same Idempotency-Key, as a second guard
where servers honour it:

- Mastodon does, for an hour (docs.joinmastodon.org/methods/statuses).
- Pleroma and servers derived from it, such as Akkoma, do (its IdempotencyPlug); they give the same answer again, errors too.
- GoToSocial does not: the same key twice makes two posts (measured in 2026; its issue 2723).
- Takahē only lets the header pass (its pull request 618). Friendica does not speak of it. Of Pixelfed, reports differ (its
  pull request 4405 and issue 3581). Take it that they do not.

A post that is deleted by hand before it was looked for, or that is not among the account's last 120, cannot be found.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from distributor.channel import (
    Appearance,
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Post,
    PostLimits,
    Rate,
    Secret,
    Url,
)
from distributor.errors import Rejected, Unavailable, Uncertain
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from distributor.kit.posts import MASTODON, Count, Mentions, Tags, ThreadPosts, compose_posts, find_urls
from distributor.model import Edition, Receipt

PAGES = 3  # of 40 posts each are looked through for an earlier post


@dataclass(frozen=True, kw_only=True)
class Mastodon(Channel):
    """A Mastodon account. API: docs.joinmastodon.org/methods/statuses."""

    instance: Annotated[Url, "address of the account's server"]
    token: Annotated[Secret, "access token of an application of the account"]
    visibility: Annotated[Literal["public", "unlisted", "private"], "public, unlisted or private"] = "public"
    language: Annotated[str, "language of the posts, as an ISO 639-1 code"] = "vi"
    max_characters: Annotated[Count, "longest post that the server accepts"] = 500
    max_hashtags: Annotated[Tags, "most hashtags in a post, made from the topics of the article"] = 2
    mentions: Mentions = False
    thread_posts: ThreadPosts = 1
    max_posts: Annotated[Count, "most articles of one edition; the others are not posted"] = 10
    template: Annotated[str, "template of a post, a file in templates/"] = "post/article.txt.j2"
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    corrections = Corrections.EDIT

    @property
    def limits(self) -> PostLimits:
        """300 posts in three hours (docs.joinmastodon.org/api/rate-limits)."""
        rates = (Rate(300, timedelta(hours=3)),)
        return replace(MASTODON, text=self.max_characters, per_run=self.max_posts, rates=rates)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Post]:
        return compose_posts(
            self, edition, context, self.template, self.max_hashtags, mentions=self.mentions, longest=self.thread_posts
        )

    def appearance(self, post: Post) -> Appearance:
        return Appearance(text=post.text, network="Mastodon", short_links=True)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        status = self._status(content)
        if attempt.parent:
            status["in_reply_to_id"] = attempt.parent.remote_id
        call = self._call("POST", "v1/statuses", status, {"Idempotency-Key": attempt.key}, "publish")
        return _receipt(await attempt.http.send(call, _rules(Uncertain)))

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        """The newest of the account's last posts that has the same link and first line."""
        assert isinstance(content, Post)
        me = _id((await self._get("v1/accounts/verify_credentials", attempt)).data())
        after = ""
        for _ in range(PAGES):
            path = f"v1/accounts/{me}/statuses?limit=40&exclude_reblogs=true{after}"
            page = (await self._get(path, attempt)).json()
            statuses = [status for status in page if isinstance(status, dict)] if isinstance(page, list) else None
            if statuses is None:
                raise Unavailable(f"{self.instance} answered with something that is no list of posts")
            for status in statuses:
                if same_post(content.text, str(status.get("content", ""))):
                    return _as_receipt(status)
            if not statuses:
                break
            after = f"&max_id={_id(statuses[-1])}"
        return None

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        call = self._call("PUT", f"v1/statuses/{receipt.remote_id}", self._status(content), {}, "edit")
        return _receipt(await attempt.http.send(call, _rules(Unavailable)))

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        call = self._call("DELETE", f"v1/statuses/{receipt.remote_id}", None, {}, "delete")
        answer = await attempt.http.request(call, _rules(Unavailable))
        error = attempt.http.error_for(answer, call, _rules(Unavailable))
        if error and answer.status != 404:  # it is gone already
            raise error

    async def check(self, attempt: Attempt) -> None:
        """Whether the token is accepted, and whether the server takes posts as long as ours may be."""
        await self._get("v1/accounts/verify_credentials", attempt)
        answer = await attempt.http.request(self._call("GET", "v2/instance", None, {}, "limits"), _rules(Unavailable))
        if answer.status != 200:
            return  # an older server, which does not say
        told: Any = answer.data()
        for key in ("configuration", "statuses", "max_characters"):
            told = told.get(key) if isinstance(told, dict) else None
        if isinstance(told, int) and told < self.max_characters:
            raise Rejected(f"{self.instance} takes posts of {told} characters only: set max_characters to {told}")

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        if call.url.endswith("v2/instance"):
            return {"configuration": {"statuses": {"max_characters": 500}}}
        if "/statuses?" in call.url:
            return []
        return {"id": "103254962155278888", "url": "https://mastodon.example/@bacson/103254962155278888"}

    async def _get(self, path: str, attempt: Attempt) -> HttpResponse:
        name = "account" if path.endswith("credentials") else "find"
        return await attempt.http.send(self._call("GET", path, None, {}, name), _rules(Unavailable))

    def _status(self, post: Post) -> dict[str, str]:
        status = {"status": post.text, "visibility": self.visibility}
        return {**status, "language": self.language} if self.language else status

    def _call(self, method: str, path: str, data: object, headers: Mapping[str, str], name: str) -> HttpCall:
        body = None if data is None else json_bytes(data)
        media = {"Content-Type": "application/json"} if body is not None else {}
        authorization = {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        return HttpCall(
            method=method,
            url=f"{self.instance}/api/{path}",
            headers={**authorization, **media, **headers},
            body=body,
            name=name,
            types=("application/json",),
        )


def _rules(doubt: type[Uncertain] | type[Unavailable]) -> ResponseRules:
    """404 and 405 on the calls we make mean that there is no such API at this address."""
    return ResponseRules(doubt=doubt, stop=frozenset({401, 403, 404, 405, 410}))


def _receipt(answer: HttpResponse) -> Receipt:
    """Raises Uncertain where a 2xx does not name the post, as behind some proxies."""
    try:
        return _as_receipt(answer.data())
    except Unavailable:
        raise Uncertain(f"answered {answer.status} without the id of a post") from None


def _as_receipt(status: Mapping[str, Any]) -> Receipt:
    url = status.get("url") or status.get("uri") or ""
    return Receipt(remote_id=_id(status), url=str(url), reply="posted")


def _id(data: Mapping[str, Any]) -> str:
    """An id as it may stand in a path; ids of some servers are words, of others numbers."""
    found = str(data.get("id", ""))
    if not re.fullmatch(r"[\w-]{1,100}", found):
        raise Unavailable("answered without an id")
    return found


_HREF = re.compile(r'href="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"\s+")


def same_post(text: str, content: str) -> bool:
    """Whether the HTML that the server made of a post is that of our text: same link, same first line.

    A text without a link must be the same as a whole.
    """
    words = _SPACE.sub("", html.unescape(_TAG.sub("", content)))
    links = find_urls(text)
    if not links:
        return _SPACE.sub("", text) == words
    found = {_plain(html.unescape(link)) for link in _HREF.findall(content)}
    first = next((line for line in text.splitlines() if line.strip() and line.strip() not in links), "")
    return {_plain(link) for link in links} <= found and _SPACE.sub("", first) in words


def _plain(url: str) -> str:
    """Without what some servers leave out of a link at its end."""
    return unquote(url).rstrip("/.,;:!?)…")
