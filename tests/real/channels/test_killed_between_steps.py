"""kill -9 between each two steps of the networks with sessions, uploads and tokens: nothing happens twice."""

from __future__ import annotations

import asyncio
import importlib
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter

from distributor.channel import Channel, Picture, Post
from distributor.delivery.attempts import replace_state
from distributor.delivery.queries import list_deliveries
from distributor.model import Delivery
from distributor.model import DeliveryState as S
from distributor.storage.database import Database
from distributor.storage.tables import channel_memory
from support.builders import NOW, edition
from support.fake_bluesky import APP_PASSWORD, HANDLE, FakeBluesky
from support.fake_facebook import PAGE, PAGE_TOKEN, FakeFacebook
from support.fake_zalo import APP_ID, CALLBACK, SECRET, FakeZalo
from support.killed_worker import Run, WorkerServer
from support.ledger import freeze

pytestmark = pytest.mark.timeout(600)


@dataclass
class Network:
    """A fake network, how its channel is set up, and what happened there. `once` are the things that are good for one use,
    or made once for each post, each time they came."""

    module: str
    fake: Any
    settings: Mapping[str, Any]
    shown: Callable[[], list[str]]
    uploads: Callable[[], int]
    spent: Callable[[], list[str]] = list
    state: Callable[[], Mapping[str, Any]] = dict

    @property
    def channel(self) -> Channel:
        adapters: Any = importlib.import_module(f"distributor.channels.{self.module}")
        adapter: TypeAdapter[Channel] = TypeAdapter(getattr(adapters, self.module.capitalize()))
        return adapter.validate_python(self.named)

    @property
    def named(self) -> dict[str, Any]:
        return {"name": self.module, "allow_private": True, **self.settings}


@pytest.fixture(params=["bluesky", "facebook", "zalo"])
def network(request: pytest.FixtureRequest) -> Network:
    fake: Any = request.getfixturevalue(request.param)
    if isinstance(fake, FakeBluesky):
        settings = {"account": HANDLE, "app_password": APP_PASSWORD, "server": fake.url}
        spent = lambda: list(fake.spent.elements())  # noqa: E731
        return Network("bluesky", fake, settings, lambda: fake.wall, lambda: fake.requests.count("uploadBlob"), spent)
    if isinstance(fake, FakeFacebook):
        settings = {"page": PAGE, "token": PAGE_TOKEN, "api": fake.url, "style": "photo"}
        wall = lambda: [text for text, _, _ in fake.wall]  # noqa: E731
        return Network("facebook", fake, settings, wall, lambda: fake.asked("upload"))
    assert isinstance(fake, FakeZalo)
    fake.polls = 1
    settings = {
        "app_id": APP_ID, "secret_key": SECRET, "callback": CALLBACK, "author": "Báo Bắc Sơn", "status": "show",
        "cover": "https://bacson.example/bia.jpg", "api": fake.url, "oauth": fake.url,
    }  # fmt: skip
    titles = lambda: [one["title"] for one in fake.wall][::-1]  # noqa: E731
    return Network("zalo", fake, settings, titles, lambda: fake.created, lambda: fake.spent, fake.state)


def post(variant: str) -> Post:
    link = f"https://bacson.example/tin/{variant}"
    return Post(
        variant=variant, text=f"Tin {variant} của tỉnh\n\n{link}", title=f"Tin {variant} của tỉnh", summary="Tóm tắt.",
        link=link, pictures=(Picture(url=f"{link}.jpg", alt="Cầu mới"),), language="vi", article=variant,
    )  # fmt: skip


@dataclass
class Runs:
    """A store with an edition of two posts, and processes that deliver it, each three minutes after the last. The access
    token of Zalo has run out by then, so that it is renewed on the way."""

    database: Database
    network: Network
    workers: WorkerServer
    now: datetime = NOW
    number: int = 0
    uploads: int = 0  # before the present edition

    def owe(self) -> None:
        """Another edition of two posts, for an account that has just logged in."""
        self.number += 1
        self.uploads = self.network.uploads()
        channel = self.network.channel
        made = edition(self.number, frozen_at=self.now, expires_at=self.now + timedelta(days=3))
        freeze(self.database, made, [channel.freeze(post(variant), made.id) for variant in self.variants])
        with self.database.write() as connection:
            replace_state(connection, channel.name, self.network.state())
        self.now += timedelta(hours=26)

    @property
    def variants(self) -> list[str]:
        return [f"{letter}{self.number}" for letter in "ab"]

    async def run(self, killed_at: int = 0, among: int = 1) -> int:
        """So many processes at once; how many moments the last to end had, 0 where one was killed."""
        self.network.fake.now = self.now
        run = Run(self.database.name, self.network.module, self.network.named, self.now, killed_at)
        ended = await asyncio.to_thread(self.workers.deliver, run, among)
        assert set(ended.codes) <= {0, -signal.SIGKILL}, ended.codes
        self.now += timedelta(minutes=3)
        return 0 if any(ended.codes) else ended.moments

    async def finish(self) -> list[Delivery]:
        """Let processes run until nothing is to be done any more; staff log in where they are asked to."""
        for _ in range(30):
            with self.database.read() as connection:
                rows = list_deliveries(connection, edition=f"tin-sang-{self.number}")
                interrupted = connection.execute(sa.select(channel_memory.c.begun)).scalar()
            if {row.state for row in rows} <= {S.SENT}:
                return rows
            if interrupted and self.network.spent():
                with self.database.write() as connection:
                    replace_state(connection, self.network.module, self.network.state())
            await self.run()
            self.now += timedelta(minutes=20)  # a channel whose login is broken is left alone for a quarter of an hour
        return rows


@pytest.fixture(scope="module")
def workers() -> Iterator[WorkerServer]:
    server = WorkerServer()
    yield server
    server.close()


@pytest.fixture
def runs(store: Database, network: Network, workers: WorkerServer) -> Runs:
    return Runs(store, network, workers)


def assert_once(runs: Runs, rows: list[Delivery], most_uploads: int = 2) -> None:
    """Both posts are there, once each, in their order; no token was spent twice."""
    network = runs.network
    assert [row.state for row in rows] == [S.SENT] * 2, rows
    shown = [text for text in network.shown() if f"{runs.number} của" in text]
    assert [text.split()[1] for text in shown] == runs.variants
    assert network.uploads() - runs.uploads <= most_uploads
    assert len(set(network.spent())) == len(network.spent())


async def test_killed_at_every_moment_nothing_happens_twice(runs: Runs) -> None:
    runs.owe()
    moments = await runs.run()
    assert_once(runs, await runs.finish())
    assert moments > 8
    first, step = (1, 2) if runs.database.name.startswith("sqlite") else (2, 4)
    for killed_at in range(first, moments + 1, step):
        runs.owe()
        assert await runs.run(killed_at) == 0
        # Who dies between an answer and the writing down of it has to ask again.
        assert_once(runs, await runs.finish(), most_uploads=3)


async def test_three_processes_at_once_do_everything_once(runs: Runs) -> None:
    runs.owe()
    await runs.run(among=3)
    assert_once(runs, await runs.finish())
