"""Whatever an adapter gives or raises, its post is in the ledger, the others go on, and no worker ends."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from distributor.channel import Attempt, Content, PostLimits
from distributor.delivery.adapter_answers import sound_outcome
from distributor.errors import AuthBroken, DeliveryError, Rejected, StoreError, Unavailable, Uncertain
from distributor.model import DeliveryState, Receipt
from support.builders import edition, rendition
from support.ledger import freeze
from support.scripted_channels import Bench, Wall

S = DeliveryState


@dataclass(frozen=True, kw_only=True)
class Odd(Wall):
    """Gives, or raises, one thing for the first post, and the same where it looks for it."""

    given: Any
    looked: Any = None
    token: SecretStr = field(default=SecretStr("sesam/öffne dich"))

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        self.pinned.append(content.variant)
        return _give(self.given) if content.variant == "a" else Receipt(remote_id="1")


@dataclass(frozen=True, kw_only=True)
class OddFinder(Odd):
    async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
        found: Receipt | None = _give(self.looked)
        return found


@dataclass(frozen=True, kw_only=True)
class Limitless(Wall):
    @property
    def limits(self) -> PostLimits:
        raise KeyError("posts")


def _give(given: Any) -> Any:
    if isinstance(given, BaseException):
        raise given
    return given


def _owe(bench: Bench, *channels: str) -> None:
    freeze(bench.database, edition(), [rendition(name, variant) for name in channels for variant in ("a", "b")])


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (None, S.UNCERTAIN),
        ("a text", S.UNCERTAIN),
        (Receipt(remote_id=5, url=None, reply=None), S.UNCERTAIN),  # type: ignore[arg-type]
        (Receipt(remote_id="\x00\ud800", reply="\x00\ud800"), S.SENT),
        (Unavailable(ValueError("no str")), S.DEFERRED),  # type: ignore[arg-type]
        (Unavailable("\x00\ud800", retry_at=5, wait="long", all_posts=1), S.DEFERRED),  # type: ignore[arg-type]
        (Rejected({"code": 4}), S.REJECTED),  # type: ignore[arg-type]
        (AuthBroken(4, keys="token"), S.DEFERRED),  # type: ignore[arg-type]
        (Uncertain("x", retry_at="soon"), S.UNCERTAIN),  # type: ignore[arg-type]
        (DeliveryError("none of the four"), S.UNCERTAIN),
        (KeyError("\x00\ud800"), S.UNCERTAIN),
        (StoreError("disk full"), S.UNCERTAIN),
        (asyncio.CancelledError(), S.UNCERTAIN),
        (SystemExit(1), S.UNCERTAIN),
    ],
)
async def test_whatever_an_adapter_gives_is_written_down(bench: Bench, given: object, state: DeliveryState) -> None:
    _owe(bench, "wall", "other")
    await bench.run(Odd(name="wall", given=given), Wall(name="other"))
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT channel, variant, state FROM deliveries").all()
    found = {(row.channel, row.variant): S(row.state) for row in rows}
    assert found["wall", "a"] is state
    assert found["other", "a"] is found["other", "b"] is S.SENT


@pytest.mark.parametrize("looked", [True, "5", [], DeliveryError("x"), KeyError("x"), asyncio.CancelledError()])
async def test_who_looks_and_gives_no_receipt_has_not_found(bench: Bench, looked: object) -> None:
    _owe(bench, "wall")
    channel = OddFinder(name="wall", given=Uncertain("504"), looked=looked)
    for _ in range(3):
        await bench.run(channel, after=timedelta(minutes=2))
    assert bench.rows()["a"].state is S.UNCERTAIN
    assert "looking failed" in bench.rows()["a"].reply
    assert channel.pinned.count("a") == 1


async def test_a_channel_that_fails_as_a_whole_leaves_the_others_alone(bench: Bench) -> None:
    _owe(bench, "wall", "other")
    report = await bench.run(Limitless(name="wall"), other := Wall(name="other"))
    assert other.pinned == ["a", "b"]
    assert report.failed == {"wall": "the adapter failed: KeyError: 'posts'"}


async def test_no_secret_of_a_channel_shows_in_what_its_bugs_say(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    _owe(bench, "wall")
    bug = ValueError("https://example.com/sesam%2f%C3%B6ffne%20dich {'token': 'sesam/öffne dich'}")
    with caplog.at_level(logging.ERROR):
        await bench.run(Odd(name="wall", given=bug))
    told = caplog.text + bench.rows()["a"].reply
    assert "ValueError" in told
    assert "sesam" not in told


async def test_we_ourselves_can_be_cancelled(bench: Bench) -> None:
    _owe(bench, "wall")

    class Slow(Wall):
        async def publish(self, content: Content, attempt: Attempt) -> Receipt:
            await asyncio.sleep(60)
            raise AssertionError

    running = asyncio.create_task(bench.run(Slow(name="wall")))
    await asyncio.sleep(0.5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_sound_outcome_stays_as_it_is() -> None:
    receipt, error = Receipt(remote_id="1", url="https://a", reply="ok"), Unavailable("503", keys=("url", "token"))
    assert sound_outcome(receipt) == receipt
    assert sound_outcome(error) is error
    assert (error.reply, error.args, error.keys) == ("503", ("503",), ("url", "token"))
