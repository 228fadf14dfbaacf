"""A guard for every test: no code of the project asks the store on a thread that runs an event loop."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

import distributor

_OURS = (str(Path(distributor.__file__).parent), str(Path(__file__).parents[2] / "channels"))
_COROUTINE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@pytest.fixture(autouse=True)
def no_store_on_event_loop() -> Iterator[None]:
    """While a query waits for other writers, nothing else that the loop runs goes on. What is found fails the test at its
    end: a service would log an error and go on. Coroutines of tests may look into their store."""
    found: list[str] = []

    def check(_: Connection) -> None:
        if asyncio._get_running_loop() is not None:
            found.extend(_what_runs_on_the_loop(sys._getframe(1)))

    sa.event.listen(Engine, "engine_connect", check)
    yield
    sa.event.remove(Engine, "engine_connect", check)
    assert not found, f"the store is asked on the event loop, in {found[0]}"


def _what_runs_on_the_loop(frame: FrameType | None) -> list[str]:
    """The coroutine that asks, unless it is one of a test, with the functions that it has called."""
    functions = []
    while frame:
        code = frame.f_code
        if code.co_filename.startswith(_OURS):
            functions.append(f"{Path(code.co_filename).name}:{frame.f_lineno} {code.co_name}")
        if code.co_flags & _COROUTINE:
            return [" < ".join(functions)] if code.co_filename.startswith(_OURS) else []
        frame = frame.f_back
    return [" < ".join(functions)]  # a callback of the loop
