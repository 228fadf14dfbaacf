"""Channels that lie, each about one promise.

    channels:
      wall:
        type: wall
        token: ${TOKEN}

The example is that of the channels in this file.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from distributor.channel import (
    Article,
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Document,
    Edition,
    Post,
    Receipt,
)
from distributor.errors import DeliveryError, Rejected, Unavailable, Uncertain
from distributor.http_client import HttpClient
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from support.honest_channels import Shelter, Wall, log


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


# Each with the promise that it breaks and what is said of it.
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
