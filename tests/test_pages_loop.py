"""The web pages beside the service: what they know of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.pages_loop import PagesLoop
from distributor.web.ticks import Ticks
from distributor.workers import FaultLog
from support.clocked_newsroom import Line


@pytest.fixture
def make_loop(tmp_path: Path) -> Callable[..., PagesLoop]:
    def make(stop: asyncio.Event, settings: str = "{}", *, here: bool = True) -> PagesLoop:
        line = Line(tmp_path)
        line.configure(f".web: {settings}")
        return PagesLoop(line.newsroom, line.store, line.clock, stop, FaultLog(), here=here)

    return make


async def test_pages_in_the_process_of_the_service_know_its_ticks(make_loop: Callable[..., PagesLoop]) -> None:
    loop = await asyncio.to_thread(make_loop, asyncio.Event())
    loop.note_tick()
    assert loop.service_ticks().last() == loop.clock()
    assert not (loop.newsroom.state / "last-tick").exists()


@pytest.mark.parametrize(("settings", "here"), [("{own_process: true}", True), ("{}", False)])
async def test_pages_in_another_process_read_them_until_the_service_ends(
    make_loop: Callable[..., PagesLoop], settings: str, here: bool
) -> None:
    stop = asyncio.Event()
    loop = await asyncio.to_thread(make_loop, stop, settings, here=here)
    loop.note_tick()
    elsewhere = Ticks(loop.newsroom.state / "last-tick", here=False)
    assert elsewhere.last() == loop.clock()
    stop.set()
    await loop.run()
    assert elsewhere.last() is None
