"""Articles for Zalo, and the delivery of one as the engine works on it: in several attempts."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from distributor.attempt import Attempt, MemoryState, MemorySteps
from distributor.channel import ComposeContext, Post
from distributor.errors import AuthBroken, Unavailable, Uncertain
from distributor.model import Receipt
from support.builders import NOW, article, edition
from support.fake_zalo import APP_ID, CALLBACK, SECRET, FakeZalo

module: Any = importlib.import_module("distributor.channels.zalo")
COVER = "https://bacson.example/anh/bia.jpg"
PHOTO = "https://bacson.example/anh/lũ lụt.jpg"

TROUBLES = ["cut before", "cut after", "502 after", "die before", "die after"]


def channel(fake: FakeZalo, **changes: Any) -> Any:
    values = {
        "name": "zalo",
        "app_id": APP_ID,
        "secret_key": SecretStr(SECRET),
        "callback": CALLBACK,
        "author": "Báo Bắc Sơn",
        "cover": COVER,
        "api": fake.url,
        "oauth": fake.url,
        "allow_private": True,
    }
    return module.Zalo(**{**values, **changes})


def compose(fake: FakeZalo, context: ComposeContext, **changes: Any) -> Post:
    made = channel(fake).compose(edition(articles=(article("a0", **changes),)), context)
    post: Post = made[0]
    return post


def attempt_at(fake: FakeZalo, posts: Any, state: MemoryState, **more: Any) -> Attempt:
    values = {"now": fake.now, "number": 1, "key": "k1", "edition": "tin-sang-1", "edition_at": NOW, "http": posts.http}
    return Attempt(**{**values, "steps": MemorySteps(), "state": state, **more})


class Died(BaseException):
    """The process is gone."""


@dataclass
class DyingSteps(MemorySteps):
    """Steps of a process that dies right after it has written so many of them."""

    lives: int = 1000

    async def begin(self, name: str) -> None:
        await super().begin(name)
        self._live()

    async def finish(self, name: str, result: Any) -> None:
        await super().finish(name, result)
        self._live()

    async def forget(self, name: str) -> None:
        await super().forget(name)
        self._live()

    def _live(self) -> None:
        self.lives -= 1
        if self.lives == 0:
            raise Died


@dataclass
class Row:
    """A delivery, as the engine works on it: it looks where it is in doubt, waits where it is told to, and staff log in
    where they are asked to."""

    fake: FakeZalo
    posts: Any
    post: Post
    state: MemoryState
    steps: MemorySteps = field(default_factory=MemorySteps)
    target: Receipt | None = None  # of what is corrected
    number: int = 0
    logins: int = 0
    told: list[str] = field(default_factory=list)

    async def deliver(self) -> Receipt:
        """The receipt in the end. Each attempt is one process, which `fake.kill` ends."""
        doubt = False
        for _ in range(40):
            try:
                if doubt and self.target is None and (found := await self._alone(self.posts.find)):
                    return found
                if doubt:
                    for name in [name for name, result in self.steps.results.items() if result is None]:
                        await self.steps.forget(name)
                doubt = False
                receipt = await self._alone(self._act)
                assert receipt
                return receipt
            except Unavailable as error:
                self.told.append(str(error))
                assert error.retry_at is None or error.all_posts is not None
                self.fake.now = max(error.retry_at or self.fake.now, self.fake.now + timedelta(minutes=1))
            except (Uncertain, Died, asyncio.CancelledError) as error:
                self.told.append(f"in doubt: {error}")
                doubt = True
                self.fake.now += timedelta(minutes=1)
            except AuthBroken as error:
                self.told.append(str(error))
                assert "distributor channels login zalo" in str(error)
                self.logins += 1
                self.state.values, self.state.interrupted = self.fake.state(), False
        raise AssertionError(self.told)

    async def _alone(self, act: Callable[[Post, Attempt], Awaitable[Receipt | None]]) -> Receipt | None:
        self.number += 1
        attempt = attempt_at(self.fake, self.posts, self.state, steps=self.steps, number=self.number)
        task = asyncio.ensure_future(act(self.post, attempt))
        self.fake.kill = task.cancel
        return await task

    async def _act(self, post: Post, attempt: Attempt) -> Receipt:
        done: Receipt = await (
            self.posts.edit(self.target, post, attempt) if self.target else self.posts.publish(post, attempt)
        )
        return done


def says(code: int, message: str = "No", status: int = 200) -> web.Response:
    return web.json_response({"error": code, "message": message}, status=status)
