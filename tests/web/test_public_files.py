"""Public answers are made once for a state of the store, and never kept beyond it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp.test_utils import make_mocked_request
from sqlalchemy import Connection

from distributor.web import public_files
from distributor.web.public_files import Made, PublicFile, PublicFiles
from support.web_client import Visitor


class Maker:
    """Makes a file, and counts how often."""

    def __init__(self, size: int = 10) -> None:
        self.times = 0
        self.size = size

    def __call__(self, _: Connection) -> Made:
        self.times += 1
        return PublicFile(b"x" * self.size, "text/plain")


async def ask(files: PublicFiles, maker: Maker, *key: str) -> None:
    await files.answer(make_mocked_request("GET", "/"), key, maker)


async def test_an_answer_is_made_once_whoever_asks(visitor: Visitor) -> None:
    files, maker = PublicFiles(visitor.line.store, visitor.line.clock), Maker()
    await asyncio.gather(*(ask(files, maker, "a") for _ in range(50)))
    assert maker.times == 1
    await ask(files, maker, "b")
    assert maker.times == 2


async def test_it_is_made_again_when_the_store_has_changed(visitor: Visitor) -> None:
    files, maker = PublicFiles(visitor.line.store, visitor.line.clock), Maker()
    files.checked_every = 0
    await ask(files, maker, "a")
    await visitor.run(visitor.line.arrives, "new")
    await ask(files, maker, "a")
    await ask(files, maker, "a")
    assert maker.times == 2


async def test_it_is_made_again_after_a_minute(visitor: Visitor) -> None:
    files, maker = PublicFiles(visitor.line.store, visitor.line.clock), Maker()
    await ask(files, maker, "a")
    visitor.line.now += timedelta(seconds=59)
    await ask(files, maker, "a")
    assert maker.times == 1
    visitor.line.now += timedelta(seconds=1)
    await ask(files, maker, "a")
    assert maker.times == 2


async def test_the_oldest_answers_make_room(visitor: Visitor) -> None:
    files, maker = PublicFiles(visitor.line.store, visitor.line.clock), Maker(public_files.MAX_KEPT // 3)
    for name in "abcd":
        await ask(files, maker, name)
    await ask(files, maker, "d")
    assert maker.times == 4
    await ask(files, maker, "a")
    assert maker.times == 5
