"""An answer that means the account lets the whole channel rest, in every process, and what comes afterwards is spread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from distributor.channel import Attempt, Content
from distributor.delivery import channel_state
from distributor.delivery.retry import LONGEST_BACKOFF, backoff_until
from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain
from distributor.model import DeliveryState, Receipt
from support.builders import NOW, edition, rendition
from support.ledger import freeze, states
from support.misbehaving_server import TOKEN
from support.newsroom import Room
from support.scripted_channels import Bench, LookingWall, Wall, posts
from support.social_networks import FakeMastodon

S = DeliveryState
EIGHT = [f"a{number}" for number in range(8)]
IN_TEN_MINUTES = NOW + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The space between posts, in hundredths of a second."""
    monkeypatch.setattr(channel_state, "SPACING", timedelta(seconds=0.02))


REFUSALS: list[Callable[[], Exception]] = [
    lambda: Unavailable("429", retry_at=IN_TEN_MINUTES),
    lambda: Unavailable("429", all_posts=True),
    lambda: Uncertain("503", retry_at=IN_TEN_MINUTES),
]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_one_post_runs_into_it_and_the_others_wait(bench: Bench, refusal: Callable[[], Exception]) -> None:
    posts(bench, *EIGHT)
    wall = Wall(name="wall", answers=[refusal()])
    await bench.run(wall)
    await bench.run(wall, after=timedelta(seconds=40))
    assert wall.pinned == ["a0"]
    await bench.run(wall, after=timedelta(minutes=10))
    assert sorted(set(wall.pinned)) == EIGHT


async def test_a_post_that_was_refused_alone_keeps_no_other_edition_waiting(bench: Bench) -> None:
    """Those of its own edition wait, for the sake of their order."""
    posts(bench, *EIGHT)
    later = edition(2, frozen_at=NOW + timedelta(minutes=1))
    freeze(bench.database, later, [rendition("wall", "b1", edition=later.id)])
    wall = Wall(name="wall", answers=[Unavailable("connection refused")])
    await bench.run(wall)
    assert states(bench.database) == {S.DEFERRED: 1, S.PENDING: 7, S.SENT: 1}
    await bench.run(wall, after=timedelta(minutes=2))
    assert states(bench.database) == {S.SENT: 9}


async def test_another_process_and_a_later_start_respect_the_rest(bench: Bench) -> None:
    """Each run here is a worker of its own that knows nothing but the store."""
    posts(bench, *EIGHT)
    await bench.run(Wall(name="wall", answers=[Unavailable("429", retry_at=IN_TEN_MINUTES)]))
    other = Wall(name="wall")
    await bench.run(other, after=timedelta(minutes=9, seconds=59))
    assert other.pinned == []
    await bench.run(other, after=timedelta(seconds=1))
    assert sorted(other.pinned) == EIGHT


async def test_other_channels_and_letters_go_on_meanwhile(bench: Bench) -> None:
    freeze(bench.database, edition(), [rendition(name, variant) for name in ("busy", "wall") for variant in EIGHT])
    busy = Wall(name="busy", answers=[Unavailable("429", retry_at=IN_TEN_MINUTES)])
    wall = Wall(name="wall")
    await bench.run(busy, wall)
    assert (len(busy.pinned), sorted(wall.pinned)) == (1, EIGHT)


async def test_staff_are_told_once_until_when_and_why(bench: Bench) -> None:
    posts(bench, *EIGHT)
    wall = Wall(name="wall", answers=[Unavailable("429 slow down", retry_at=IN_TEN_MINUTES)])
    report = await bench.run(wall)
    assert report.notes == ["channel wall backs off until 2026-11-23 00:10:00: 429 slow down"]
    assert (await bench.run(wall, after=timedelta(minutes=1))).notes == []
    wall.answers[:] = [Unavailable("429", retry_at=NOW + timedelta(minutes=30))]
    assert (await bench.run(wall, after=timedelta(minutes=10))).notes == [], "it is the same trouble"


async def test_posts_after_a_rest_are_spread(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_state, "SPACING", timedelta(seconds=0.2))
    posts(bench, *EIGHT)
    await bench.run(Wall(name="wall", answers=[Unavailable("429", retry_at=IN_TEN_MINUTES)]))
    times: list[float] = []

    class Watched(Wall):
        async def publish(self, content: Content, attempt: Attempt) -> Receipt:
            times.append(asyncio.get_running_loop().time())
            return Receipt()

    await bench.run(Watched(name="wall"), after=timedelta(minutes=10))
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert len(gaps) == 7
    assert min(gaps) > 0.1


async def test_posts_long_after_a_rest_go_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    posts(bench, *EIGHT)
    await bench.run(Wall(name="wall", answers=[Unavailable("429", retry_at=IN_TEN_MINUTES)]))
    monkeypatch.setattr(channel_state, "SPACING", timedelta(hours=1))
    wall = Wall(name="wall")
    await asyncio.wait_for(bench.run(wall, after=timedelta(hours=2)), 60)
    assert sorted(wall.pinned) == EIGHT


async def test_two_processes_take_turns_after_a_rest(bench: Bench) -> None:
    channel_state.begin_backoff(bench.database, "wall", NOW, "429", NOW - timedelta(minutes=5))
    turns = [channel_state.reserve_turn(bench.database, "wall", NOW, 0.5).at for _ in range(4)]
    assert turns == [NOW + n * channel_state.SPACING for n in range(4)]


async def test_a_longer_rest_is_not_shortened_by_a_later_answer(bench: Bench) -> None:
    channel_state.begin_backoff(bench.database, "wall", NOW + timedelta(hours=2), "429", NOW)
    channel_state.begin_backoff(bench.database, "wall", NOW + timedelta(minutes=2), "429", NOW)
    turn = channel_state.reserve_turn(bench.database, "wall", NOW, 0.5)
    assert turn.backing_off and turn.at == NOW + timedelta(hours=2)


async def test_looking_for_a_post_can_put_the_channel_to_rest(bench: Bench) -> None:
    posts(bench, *EIGHT)

    class Busy(LookingWall):
        async def find(self, content: Content, attempt: Attempt) -> Receipt | None:
            raise Unavailable("429 while looking", retry_at=IN_TEN_MINUTES)

    wall = Busy(name="wall", answers=[Uncertain("504"), *[Receipt()] * 7])
    await bench.run(wall)
    report = await bench.run(wall, after=timedelta(minutes=2))
    assert report.notes == ["channel wall backs off until 2026-11-23 00:10:00: 429 while looking"]
    assert len(wall.pinned) == 1


class TestTheTimeThatWasNamed:
    def until(self, outcome: Any, attempts: int = 1) -> datetime | None:
        return backoff_until(outcome, attempts=attempts, now=NOW, jitter=0.5)

    def test_is_kept_to_exactly(self) -> None:
        assert self.until(Unavailable("429", retry_at=IN_TEN_MINUTES)) == IN_TEN_MINUTES

    @pytest.mark.parametrize("years", [1, 7000])
    def test_is_bounded_by_a_day(self, years: int) -> None:
        assert self.until(Unavailable("429", retry_at=NOW.replace(year=NOW.year + years))) == NOW + LONGEST_BACKOFF

    def test_counts_for_none_when_it_is_over(self) -> None:
        late = Unavailable("429", retry_at=NOW - timedelta(hours=7))
        assert self.until(late) == NOW + timedelta(minutes=1)
        assert self.until(late, attempts=3) == NOW + timedelta(minutes=4)

    def test_without_a_zone_is_taken_for_utc(self) -> None:
        assert self.until(Unavailable("429", retry_at=IN_TEN_MINUTES.replace(tzinfo=None))) == IN_TEN_MINUTES

    def test_of_a_second_is_stretched_when_it_comes_again_and_again(self) -> None:
        soon = Unavailable("429", retry_at=NOW + timedelta(seconds=1))
        waits = [(self.until(soon, attempts) or NOW) - NOW for attempts in (1, 2, 3, 40)]
        assert waits == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20), timedelta(hours=1)]

    @pytest.mark.parametrize(
        "outcome", [Receipt(), Rejected("422"), AuthBroken("401"), Uncertain("504"), Unavailable("x")]
    )
    def test_is_asked_of_no_other_outcome(self, outcome: Any) -> None:
        assert self.until(outcome) is None

    @given(st.integers(-(10**10), 10**11), st.integers(1, 10**6))
    def test_is_always_within_a_day(self, seconds: int, attempts: int) -> None:
        until = self.until(Unavailable("429", retry_at=NOW + timedelta(seconds=seconds)), attempts)
        assert until and NOW < until <= NOW + LONGEST_BACKOFF


# -- from the answer to the command line -------------------------------------------------------------------------------

SOON = timedelta(minutes=20)


def _answers() -> dict[str, Callable[[], web.Response]]:
    then = datetime.now(UTC) + SOON
    return {
        "429, Retry-After in seconds": lambda: web.Response(status=429, headers={"Retry-After": "1200"}),
        "429, Retry-After as a date": lambda: web.Response(
            status=429, headers={"Retry-After": then.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        ),
        "503, Retry-After": lambda: web.Response(status=503, headers={"Retry-After": "1200"}),
        "429, reset as ISO 8601": lambda: web.Response(
            status=429, headers={"X-RateLimit-Reset": then.isoformat().replace("+00:00", "Z")}
        ),
        "429, reset in seconds since 1970": lambda: web.Response(
            status=429, headers={"X-RateLimit-Reset": str(int(then.timestamp()))}
        ),
        "429, reset in seconds from now": lambda: web.Response(status=429, headers={"RateLimit-Reset": "1200"}),
        "429, years": lambda: web.Response(status=429, headers={"Retry-After": "999999999"}),
        "429, negative": lambda: web.Response(status=429, headers={"Retry-After": "-999"}),
        "429, a word": lambda: web.Response(status=429, headers={"Retry-After": "later"}),
        "429 alone": lambda: web.Response(status=429),
    }


@contextlib.contextmanager
def in_a_thread(app: web.Application) -> Iterator[str]:
    """The address of a server beside the command line, which needs this thread for itself."""
    loop = asyncio.new_event_loop()
    server = TestServer(app, host="127.0.0.1")
    loop.run_until_complete(server.start_server(loop=loop))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize("manner", list(_answers()))
def test_eight_posts_and_one_refusal_are_one_request(room: Room, manner: str) -> None:
    fake = FakeMastodon(trouble=[_answers()[manner]()])
    asked: list[str] = []

    @web.middleware
    async def counting(request: web.Request, handler: Any) -> Any:
        asked.append(f"{request.method} {request.path}")
        return await handler(request)

    app = fake.app()
    app.middlewares.append(counting)
    with in_a_thread(app) as fake.url:
        masto = f"{{type: mastodon, instance: '{fake.url}', token: '{TOKEN}', allow_private: true}}"
        room.configure(
            ("channels: [mail, feeds, posts]", "channels: [mail, masto]"),
            ("  posts: {type: outbox", f"  masto: {masto}\n  posts: {{type: outbox"),
        )
        for number in range(6):
            room.write(f"tin{number}", f"Tin thứ {number} của ngày hôm nay", date="2026-11-20 10:00")
        sent = room.run("send", "tin-sang", "--yes")
        again = room.run("deliver")
        rows = room.run("deliveries", "--channel", "masto", "--json").json
        listed = room.run("deliveries", "--channel", "masto").out
        why = room.run("why", rows[0]["variant"]).out
    assert len(rows) == 8
    assert asked == ["POST /api/v1/statuses"]
    assert len(room.letters()) == 1, "e-mail was not held up"
    assert sent.err.count("channel masto backs off until") == 1
    assert "channel masto backs off until" not in again.err
    assert "channel masto backs off until" in again.out
    untils = {row["channel_backoff_until"] for row in rows if row["state"] == "pending"}
    assert len(untils) == 1
    wait = datetime.fromisoformat(untils.pop()) - datetime.now(UTC)
    if manner.endswith(("negative", "word", "alone")):
        assert timedelta() < wait < timedelta(seconds=80)
    elif manner.endswith("years"):
        assert timedelta(hours=23) < wait <= timedelta(days=1)
    else:
        assert timedelta(minutes=15) < wait <= timedelta(minutes=20)
    assert "the channel backs off: " in listed
    assert "Channel masto backs off until" in why
