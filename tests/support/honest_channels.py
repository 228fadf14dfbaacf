"""Channels that keep every promise: one of a network, one of files.

    channels:
      wall:
        type: wall
        token: ${TOKEN}

The example is that of the channels in this file.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from distributor.channel import (
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Document,
    Edition,
    Folder,
    Post,
    PostLimits,
    Receipt,
    Secret,
)
from distributor.errors import DeliveryError, Unavailable, Uncertain
from distributor.kit.channel_testing import PromiseResult, try_channel
from distributor.kit.files import write_file
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from distributor.kit.posts import compose_posts

log = logging.getLogger("distributor.wall")


@dataclass(frozen=True, kw_only=True)
class Wall(Channel):
    """An honest channel of a network with sessions, pictures, edits and a list of one's own posts."""

    token: Annotated[Secret, "password of the account"]
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    corrections = Corrections.EDIT
    limits = PostLimits(text=300, pictures=1)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        return compose_posts(self, edition, context, "post/article.txt.j2")

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        data: dict[str, Any] = {"text": content.text, "answers": attempt.parent.remote_id if attempt.parent else ""}
        for picture in content.pictures:
            if image := await attempt.read_image(picture.url):

                async def upload(body: bytes = image.body) -> Any:
                    return (await self.ask("upload", body, attempt, Unavailable)).data().get("id")

                data["picture"] = await attempt.once("upload", upload, again=upload)
        return self.receipt(await self.ask("publish", json_bytes(data), attempt, Uncertain))

    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        assert isinstance(content, Post)
        posts = (await self.ask("list", None, attempt, Unavailable)).json()
        if not isinstance(posts, list):
            raise Unavailable("no list of posts")
        return next((Receipt(remote_id=post["id"]) for post in posts if post["text"] == content.text), None)

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        data = {"id": receipt.remote_id, "text": content.text}
        return self.receipt(await self.ask("edit", json_bytes(data), attempt, Unavailable))

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        await self.ask("delete", json_bytes({"id": receipt.remote_id}), attempt, Unavailable, gone=404)

    async def check(self, attempt: Attempt) -> None:
        await self.ask("check", None, attempt, Unavailable)

    @classmethod
    def example_state(cls) -> Mapping[str, Any]:
        return {"session_token": "an old session of the wall", "until": "2026-12-01T00:00:00+00:00"}

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        if call.name == "log in":
            return {"session_token": "a new session of the wall", "until": "2027-12-29T00:00:00+00:00"}
        return [] if call.name == "list" else {"id": "77"}

    # -- requests

    async def ask(
        self, name: str, body: bytes | None, attempt: Attempt, doubt: type[DeliveryError], gone: int = 0
    ) -> HttpResponse:
        """A request with the session; once more with a new one where that is over."""
        rules = ResponseRules(doubt=doubt)  # type: ignore[arg-type]
        seen = await attempt.state.read()
        if str(seen.get("until", "")) < attempt.now.isoformat():
            seen = await self.renew(seen, attempt)
        call = self.call(name, body, seen)
        answer = await attempt.http.request(call, rules)
        if answer.status == 401:
            call = self.call(name, body, await self.renew(seen, attempt))
            answer = await attempt.http.request(call, rules)
        error = attempt.http.error_for(answer, call, rules)
        if error and answer.status != gone:
            raise error
        return answer

    def call(self, name: str, body: bytes | None, state: Mapping[str, Any]) -> HttpCall:
        headers = {"Authorization": f"Bearer {state.get('session_token', '')}"}
        method = "GET" if body is None else "POST"
        return HttpCall(url=f"https://wall.example/{name}", method=method, headers=headers, body=body, name=name)

    async def renew(self, seen: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
        async def log_in(values: Mapping[str, Any], interrupted: bool) -> Mapping[str, Any]:
            body = json_bytes({"password": self.token.get_secret_value()})
            call = HttpCall(url="https://wall.example/login", body=body, name="log in")
            found = (await attempt.http.send(call, ResponseRules(doubt=Unavailable))).data()
            if "session_token" not in found:
                raise Unavailable("no session was given")
            return found

        return await attempt.state.renew(seen, log_in)

    def receipt(self, answer: HttpResponse) -> Receipt:
        return Receipt(remote_id=str(answer.data().get("id", "")), reply="posted")


@dataclass(frozen=True, kw_only=True)
class Shelter(Channel):
    """An honest channel of files."""

    folder: Annotated[Folder, "folder for the files"] = Path("out")

    repeatable = True

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        body = edition.subject.encode()
        return [Document(variant="subject.txt", media_type="text/plain", body=body, title=edition.subject)]

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Document)
        await write_file(self.folder / content.variant, content.body)
        return Receipt(remote_id=content.variant)


TOKEN = {"token": "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"}


def tried(cls: type[Channel], *promises: str, **more: Any) -> dict[str, PromiseResult]:
    settings = {"folder": "out"} if issubclass(cls, Shelter) else TOKEN
    results = try_channel(cls, settings, promises=promises, **more)
    return {result.promise.partition(":")[0]: result for result in results}
