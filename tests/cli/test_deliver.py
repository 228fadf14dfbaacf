"""What commands that send share: how they are stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from distributor.cli.deliver import stop_on_signals


@pytest.fixture
def handlers() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("handlers")
def test_a_second_sigterm_at_the_end_of_a_clean_stop_changes_nothing() -> None:
    async def run() -> None:
        stop = asyncio.Event()
        with stop_on_signals(stop, last=True):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(stop.wait(), 5)

    asyncio.run(run())
    os.kill(os.getpid(), signal.SIGTERM)  # while the process ends


@pytest.mark.usefixtures("handlers")
def test_after_a_run_that_is_followed_by_more_it_ends_the_process_again() -> None:
    async def run() -> None:
        with stop_on_signals(asyncio.Event()):
            pass

    asyncio.run(run())
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
