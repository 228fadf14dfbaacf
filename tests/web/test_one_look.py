"""All who ask at the same time share one look at the store, and none of them waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from distributor.errors import StoreError, StoreLost
from distributor.web import one_look
from distributor.web.one_look import OneLook


class Store:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.looks = 0
        self.answering = asyncio.Event()
        self.error: Exception | None = None

    async def look(self) -> int:
        self.looks += 1
        number = self.looks
        await self.answering.wait()
        if self.error:
            raise self.error
        return number


async def test_who_asks_at_the_same_time_shares_a_look_and_who_asks_later_has_a_new_one() -> None:
    store = Store()
    one = OneLook(store.look)
    asking = [asyncio.create_task(one.take()) for _ in range(3)]
    await asyncio.sleep(0)
    store.answering.set()
    assert await asyncio.gather(*asking) == [1, 1, 1]
    assert (await one.take(), store.looks) == (2, 2)


async def test_a_store_that_does_not_answer_is_asked_once_and_said_to_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_look, "PATIENCE", 0.01)
    store = Store()
    one = OneLook(store.look)
    for _ in range(3):
        with pytest.raises(StoreError, match="has not answered within"):
            await one.take()
    assert store.looks == 1
    store.answering.set()
    assert await one.take() == 1


async def test_all_hear_of_an_error_and_the_next_one_looks_again() -> None:
    store = Store()
    store.error = StoreLost("store x: was deleted")
    store.answering.set()
    one = OneLook(store.look)
    assert [type(error) for error in await asyncio.gather(one.take(), one.take(), return_exceptions=True)] == [
        StoreLost, StoreLost
    ]  # fmt: skip
    store.error = None
    assert await one.take() == 2


async def test_who_goes_away_takes_the_look_from_nobody() -> None:
    store = Store()
    one = OneLook(store.look)
    leaving, staying = asyncio.create_task(one.take()), asyncio.create_task(one.take())
    await asyncio.sleep(0)
    leaving.cancel()
    store.answering.set()
    assert await staying == 1
