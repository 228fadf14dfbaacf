"""Tests of the promise suite: for each promise, a channel that lies about it is caught, and an honest one is not.

    channels:
      wall:
        type: wall
        token: ${TOKEN}

The example is that of the channels in this file.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from distributor.channel import (
    Article,
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
from distributor.errors import DeliveryError, Rejected, Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.kit.channel_testing import PROMISES, PromiseResult, check_promises, try_channel
from distributor.kit.files import write_file
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from distributor.kit.posts import compose_posts

log = logging.getLogger("distributor.wall")
NAMES = [promise.name for promise in PROMISES]


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


@pytest.mark.parametrize("cls", [Wall, Shelter])
def test_an_honest_channel_keeps_every_promise(cls: type[Channel]) -> None:
    results = tried(cls)
    assert list(results) == NAMES
    assert [str(result) for result in results.values() if result.kept is False] == []


def test_what_a_channel_does_not_promise_is_said_with_the_reason() -> None:
    wall, files = tried(Wall, requests=["check"]), tried(Shelter)
    assert [name for name in NAMES if wall[name].kept is None] == ["repeatable"]
    without = ["articles", "length", "truth", "private addresses", "interruption", "one renewal", "gone"]
    assert [name for name in NAMES if files[name].kept is None] == without
    assert all(result.why for result in (*wall.values(), *files.values()) if result.kept is None)


# -- liars -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NoSentence(Wall):
    color: str = "red"


class CannotEdit(Wall):
    corrections = Corrections.REPLY


class AsksTheClock(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        made = super().compose(edition, context)
        return [replace(post, summary=str(time.time_ns())) for post in made if isinstance(post, Post)]


class ReadsAFile(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        Path(__file__).read_bytes()
        return super().compose(edition, context)


class NamesByTitle(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        made = super().compose(edition, context)
        return [replace(post, variant=f"../{post.title}") for post in made if isinstance(post, Post)]


class ShortTitlesOnly(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        if any(len(article.title) > 200 for article in edition.articles):
            raise ValueError("a title is too long")
        return super().compose(edition, context)


class ListsForTags(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        made = super().compose(edition, context)
        return [replace(post, tags=["a"]) for post in made if isinstance(post, Post)]  # type: ignore[arg-type]


class NamesNoArticle(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        made = super().compose(edition, context)
        return [replace(post, article="") for post in made if isinstance(post, Post)]


class TooLong(Wall):
    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Content]:
        def text(article: Article) -> str:
            return article.title + article.lead

        return [Post(variant=one.id, text=text(one), article=one.id) for one in edition.articles]


class NoReceipt(Wall):
    def receipt(self, answer: HttpResponse) -> Receipt:
        return Receipt(reply="posted")


class WayOfItsOwn(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        import aiohttp

        try:
            async with aiohttp.ClientSession() as session, session.post("https://wall.example/publish") as answer:
                return Receipt(remote_id=await answer.text())
        except aiohttp.ClientError:
            return await super().publish(content, attempt)


class RaisesWhatItFinds(Wall):
    def receipt(self, answer: HttpResponse) -> Receipt:
        return Receipt(remote_id=answer.data()["id"])


class SaysSurelyNot(Wall):
    """Every doubt is Unavailable: the post goes out again."""

    async def ask(
        self, name: str, body: bytes | None, attempt: Attempt, doubt: type[DeliveryError], gone: int = 0
    ) -> HttpResponse:
        return await super().ask(name, body, attempt, Unavailable, gone)


class SaysAlwaysDone(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(content, attempt)
        except DeliveryError:
            return Receipt(remote_id="77")


class SeesNothing(Wall):
    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        try:
            return await super().find(content, attempt)
        except DeliveryError:
            return None


class IsAlwaysEdited(Wall):
    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().edit(receipt, content, attempt)
        except DeliveryError:
            return receipt


class DeletesInSilence(Wall):
    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        try:
            await super().delete(receipt, attempt)
        except DeliveryError:
            return


class ChecksNothing(Wall):
    async def check(self, attempt: Attempt) -> None:
        try:
            await super().check(attempt)
        except DeliveryError:
            return


class HearsNoTime(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(content, attempt)
        except Unavailable as error:
            raise Unavailable(str(error)) from None


class TalksTooMuch(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        log.debug("logging in with %s", self.token.get_secret_value())
        return await super().publish(content, attempt)


class TellsItsSession(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(content, attempt)
        except Rejected as error:
            raise Rejected(f"{error} with {(await attempt.state.read())['session_token']}") from None


class SleepsOnIt(Wall):
    nights: ClassVar[list[str]] = []

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(content, attempt)
        except Unavailable:
            if not self.nights:
                self.nights.append("long")
                await asyncio.sleep(3600)
            raise


class SleepsOverAll(Wall):
    nights: ClassVar[list[str]] = []

    async def check(self, attempt: Attempt) -> None:
        if not self.nights:
            self.nights.append("long")
            time.sleep(1.3)
        await super().check(attempt)


class LetsEverybodyIn(Wall):
    @property
    def http(self) -> HttpClient:
        return HttpClient(secrets=[self.token.get_secret_value()], allow_private=True)


class UploadsAgain(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        if image := await attempt.read_image(content.pictures[0].url):
            await self.ask("upload", image.body, attempt, Unavailable)
        return self.receipt(await self.ask("publish", json_bytes({"text": content.text}), attempt, Uncertain))


class GoesOnWhenCancelled(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(content, attempt)
        except asyncio.CancelledError:
            return Receipt(remote_id="77")


class PostsWhenItLooks(Wall):
    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        await self.publish(content, attempt)
        return None


class LogsInForItself(Wall):
    async def renew(self, seen: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
        body = json_bytes({"password": self.token.get_secret_value()})
        call = HttpCall(url="https://wall.example/login", body=body, name="log in")
        return (await attempt.http.send(call, ResponseRules(doubt=Unavailable))).data()


class WantsItThere(Wall):
    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        await self.ask("delete", json_bytes({"id": receipt.remote_id}), attempt, Unavailable)


class WritesAgain(Shelter):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Document)
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{attempt.number}.txt").write_bytes(content.body)
        return Receipt(remote_id=content.variant)


class BreaksOnADisk(Shelter):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Document)
        self.folder.mkdir(exist_ok=True)
        (self.folder / "a.txt").write_bytes(content.body)
        return Receipt(remote_id=content.variant)


class NewKeyEachTime(Wall):
    repeatable = True

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        body = json_bytes({"text": content.text, "key": f"{attempt.key}-{attempt.number}"})
        return self.receipt(await self.ask("publish", body, attempt, Unavailable))


class NamesSeconds(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        try:
            return await super().publish(content, attempt)
        except Unavailable as error:
            raise Unavailable(str(error), retry_at=2.5) from None  # type: ignore[arg-type]


class GivesANumber(Wall):
    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        return replace(await super().publish(content, attempt), remote_id=77)  # type: ignore[arg-type]


LIES: list[tuple[str, type[Channel], str]] = [
    ("manual", NoSentence, "setting color has no sentence"),
    ("abilities", CannotEdit, "it has an `edit`, which nobody calls"),
    ("pure", AsksTheClock, "two different contents"),
    ("pure", ReadsAFile, "composing touches open"),
    ("variants", NamesByTitle, "no safe file name"),
    ("wild texts", ShortTitlesOnly, "ValueError: a title is too long"),
    ("storable", ListsForTags, "a0 is another one after it was stored"),
    ("articles", NamesNoArticle, "a0 does not say which article"),
    ("length", TooLong, "of 300"),
    ("works", NoReceipt, "the receipt has no remote_id"),
    ("one way out", WayOfItsOwn, "publish goes to wall.example without `attempt.http`"),
    ("four errors", RaisesWhatItFinds, "publish: publish answers 200 and nothing: it raises KeyError"),
    ("works", GivesANumber, "a Receipt that is no text in remote_id=77"),
    ("four errors", NamesSeconds, "it raises Unavailable with retry_at=2.5, which is no aware datetime"),
    ("four errors", BreaksOnADisk, "to a folder that cannot be made: it raises NotADirectoryError"),
    ("truth", SaysSurelyNot, "publish: publish drops: it raises Unavailable, though the post may be out"),
    ("truth", SaysAlwaysDone, "publish: upload refuses: it returns a receipt"),
    ("truth", SeesNothing, "find: list refuses: it says that there is no post, though it could not look"),
    ("truth", IsAlwaysEdited, "edit: edit refuses: it says that all is well"),
    ("truth", DeletesInSilence, "delete: delete refuses: it says that all is well"),
    ("truth", ChecksNothing, "check: it says that all is well, though every request refuses"),
    ("truth", HearsNoTime, "(retry_at)"),
    ("secrets", TalksTooMuch, "publish shows a secret: …logging in with whsec_***"),
    ("secrets", TellsItsSession, "publish shows a secret"),
    ("no waiting", SleepsOnIt, "it took more than 0.6 s"),
    ("no waiting", SleepsOverAll, "check (with a login): it kept the loop busy for 1."),
    ("private addresses", LetsEverybodyIn, "upload reaches an address of this machine"),
    ("repeatable", WritesAgain, "subject.txt: files are written again"),
    ("repeatable", NewKeyEachTime, "publish is another request the second time"),
    ("interruption", UploadsAgain, "what was uploaded before is uploaded again"),
    ("interruption", GoesOnWhenCancelled, "it goes on although it was cancelled"),
    ("interruption", PostsWhenItLooks, "looking for the post posts"),
    ("one renewal", LogsInForItself, "ask for log in 2 times"),
    ("gone", WantsItThere, "delete raises Rejected for a post that is gone"),
]


# Those whose lie is not about publishing: one act or request is enough for the others too, and faster.
REQUESTS: dict[type[Channel], list[str]] = {
    SeesNothing: ["list"],
    IsAlwaysEdited: ["edit"],
    DeletesInSilence: ["delete"],
    ChecksNothing: ["check"],
    SleepsOverAll: ["check"],
}


def test_there_is_a_liar_for_each_promise() -> None:
    assert {promise for promise, _, _ in LIES} == set(NAMES)


@pytest.mark.parametrize(("promise", "liar", "why"), LIES, ids=[liar.__name__ for _, liar, _ in LIES])
def test_who_lies_about_a_promise_is_caught(promise: str, liar: type[Channel], why: str) -> None:
    patience = 0.6 if liar is SleepsOnIt else 5.0
    result = tried(liar, promise, requests=REQUESTS.get(liar, ["publish"]), patience=patience)[promise]
    assert result.kept is False
    assert why in result.why


# -- how it is asked ---------------------------------------------------------------------------------------------------


def test_a_manual_without_an_example_is_the_one_fault_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = types.ModuleType("bare", "No example.")
    bare.__file__ = __file__
    monkeypatch.setitem(sys.modules, "bare", bare)
    (result,) = try_channel(type("Bare", (Wall,), {"__module__": "bare"}))
    assert result.promise.startswith("manual")
    assert "no example" in result.why


def test_settings_that_are_wrong_are_told_without_a_trial() -> None:
    (result,) = try_channel(Wall, {**TOKEN, "allow_private": "perhaps"})
    assert "these settings cannot be used" in result.why
    assert "allow_private" in result.why


def test_one_request_alone_can_be_made_to_misbehave() -> None:
    told: list[str] = []
    try_channel(Wall, promises=["truth"], requests=["upload"], tell=told.append)
    assert told
    assert all(line.startswith("publish: upload ") for line in told)


def test_each_request_of_each_act_is_made_to_misbehave() -> None:
    told: list[str] = []
    (result,) = try_channel(Wall, promises=["truth"], tell=told.append)
    assert result.kept
    assert {line.split(" refuses")[0] for line in told if " refuses ->" in line} >= {
        *("publish: upload", "publish: publish", "publish (before the first login): log in"),
        *("find: list", "edit: edit", "delete: delete", "check: check"),
    }


def test_a_type_of_the_registry_is_tried_by_its_name(tmp_path: Path) -> None:
    results = check_promises("outbox", {"type": "outbox", "name": "posts", "folder": "out"}, tmp_path)
    assert not [result for result in results if result.kept is False]
    assert list(tmp_path.iterdir()) == []


class KnowsNoState(Wall):
    @classmethod
    def example_state(cls) -> Mapping[str, Any]:
        return {}


def test_a_renewal_is_tried_where_every_attempt_begins_with_one() -> None:
    assert tried(KnowsNoState, "one renewal")["one renewal"].kept is True
