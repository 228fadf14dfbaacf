"""Bluesky: one post per article, however often it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from distributor.attempt import MemoryState
from distributor.channel import HttpCall
from distributor.errors import Uncertain
from distributor.http_client import HttpClient, HttpResponse, ResponseRules
from support.fake_bluesky import FakeBluesky, Trouble, error
from support.posting_on_bluesky import POST, Delivery, Killed, channel


async def test_the_same_again_is_the_same_post(bluesky: FakeBluesky) -> None:
    delivery = Delivery(channel(bluesky))
    first = await delivery.publish()
    assert await delivery.publish() == first
    assert len(bluesky.records) == 1


async def test_another_record_of_the_same_content_is_taken_for_ours(bluesky: FakeBluesky) -> None:
    """The steps are lost, and the picture cannot be had any more: the record would differ, and is refused."""
    state = MemoryState()
    first = await Delivery(channel(bluesky), state=state).publish()
    again = await Delivery(channel(bluesky), state=state, image=None).publish()
    assert again == first
    assert len(bluesky.records) == 1


async def test_looking_finds_the_own_post_and_nothing_else(bluesky: FakeBluesky) -> None:
    delivery, other = Delivery(channel(bluesky)), Delivery(channel(bluesky), key="other")
    assert await delivery.channel.find(POST, delivery.attempt()) is None
    receipt = await delivery.publish()
    assert await delivery.channel.find(POST, delivery.attempt()) == receipt
    assert await other.channel.find(POST, other.attempt()) is None
    old = error(400, "InvalidRequest", "Could not locate record: at://…")
    bluesky.trouble["getRecord"].append(Trouble(old))
    assert await delivery.channel.find(POST, delivery.attempt()) is None


@dataclass
class Mortal:
    """An HTTP client that dies at its n-th request: before it leaves, or after its answer has come."""

    inner: HttpClient
    dies_before: int = -1
    dies_after: int = -1
    number: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def send(self, call: HttpCall, rules: ResponseRules = ResponseRules()) -> HttpResponse:
        answer = await self.request(call, rules)
        if failure := self.inner.error_for(answer, call, rules):
            raise failure
        return answer

    async def request(self, call: HttpCall, rules: ResponseRules = ResponseRules()) -> HttpResponse:
        number, self.number = self.number, self.number + 1
        if number == self.dies_before:
            raise Killed
        answer = await self.inner.request(call, rules)
        if number == self.dies_after:
            raise Killed
        return answer


REQUESTS = ["createSession", "uploadBlob", "putRecord"]  # of a first post
RENEWED = ["uploadBlob", "refreshSession", "uploadBlob", "putRecord"]  # of one whose session has expired


CUTS = [
    *(("without a session", REQUESTS[:point], REQUESTS[point]) for point in range(len(REQUESTS))),
    *(("with an expired session", RENEWED[:point], RENEWED[point]) for point in range(len(RENEWED))),
]


@pytest.mark.parametrize(("begins", "before", "request_cut"), CUTS, ids=lambda value: f"{len(value)}")
@pytest.mark.parametrize("moment", ["before it leaves", "after its effect", "after its answer"])
async def test_cut_at_any_point_it_posts_once_and_spends_no_token_twice(
    bluesky: FakeBluesky, begins: str, before: list[str], request_cut: str, moment: str
) -> None:
    delivery, point = Delivery(channel(bluesky)), len(before)
    if begins == "with an expired session":
        await delivery.channel.check(delivery.attempt())
        bluesky.now += timedelta(hours=3)
        bluesky.requests.clear()
    if moment == "after its effect":
        bluesky.trouble_at[point] = Trouble(done=True)
    else:
        where = "dies_before" if moment == "before it leaves" else "dies_after"
        delivery.http = Mortal(delivery.channel.http, **{where: point})  # type: ignore[assignment]
    await delivery.until_done()
    assert bluesky.requests[:point] == before
    assert bluesky.wall == [POST.text]
    assert max(bluesky.spent.values(), default=0) <= 1
    assert len(bluesky.used["uploads"]) <= 1 + (request_cut == "uploadBlob" and moment != "before it leaves")
    (record,) = bluesky.records.values()
    assert record["value"]["embed"]["external"]["thumb"]["ref"]["$link"] in bluesky.blobs


async def test_a_saved_upload_is_not_done_again(bluesky: FakeBluesky) -> None:
    delivery = Delivery(channel(bluesky))
    for answer in (error(502, "UpstreamFailure"), None):
        bluesky.trouble["putRecord"].append(Trouble(answer))
        assert type(await delivery.failure()) is Uncertain
    await delivery.until_done()
    assert bluesky.requests.count("uploadBlob") == 1
    assert bluesky.wall == [POST.text]


async def test_silence_after_a_post_is_doubt_and_the_post_is_found(bluesky: FakeBluesky) -> None:
    delivery = Delivery(channel(bluesky))
    delivery.http = delivery.channel.http
    delivery.http.timeout = 0.3
    bluesky.trouble["putRecord"].append(Trouble(done=True, silent=True))
    assert type(await delivery.failure()) is Uncertain
    assert await delivery.channel.find(POST, delivery.attempt())
    assert bluesky.wall == [POST.text]
