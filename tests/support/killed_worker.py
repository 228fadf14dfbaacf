"""A process that delivers what is due on a network and kills itself at a moment that is told to it."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from distributor.attempt import PreparedImage
from distributor.delivery.attempts import StoredSteps
from distributor.delivery.ledger import Ledger
from distributor.delivery.message_worker import DeliveryRules
from distributor.delivery.post_worker import _RenditionDelivery
from distributor.delivery.worker import DeliveryWorker
from distributor.http_client import HttpClient
from distributor.model import Edition
from distributor.storage.database import Database

JPEG = PreparedImage(b"\xff\xd8\xff\xe0" + b"x" * 2000, "image/jpeg", 1200, 630)


@dataclass(frozen=True)
class Run:
    """What a process is to do: on which store, with which channel, at what time. `killed_at` is the moment at which it kills
    itself: before each request and after each answer, and after each step and renewal that is written; 0 for never.
    `begun` is when it was `now` by time.monotonic(), which all processes of a machine share: their clocks agree."""

    store: str
    module: str
    settings: dict[str, Any]
    now: datetime
    killed_at: int = 0
    begun: float = field(default_factory=time.monotonic)


def deliver(run: Run, told: Any) -> None:
    """Run it, and tell how many moments there were."""
    moments = 0

    def moment() -> None:
        nonlocal moments
        moments += 1
        if moments == run.killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(_RenditionDelivery, "_wait_for_turn", _at_once)  # noqa: B010  its clock stands still
    _watch(HttpClient, "_exchange", moment, before=True)
    _watch(StoredSteps, "_write", moment)
    _watch(Database, "write_in_thread", moment)
    asyncio.run(_work(run))
    told.put(moments)


async def _at_once(work: object) -> bool:
    return True


def _watch(cls: type, name: str, moment: Callable[[], None], *, before: bool = False) -> None:
    inner: Callable[..., Awaitable[Any]] = getattr(cls, name)

    async def watched(*arguments: Any, **named: Any) -> Any:
        if before:
            moment()
        result = await inner(*arguments, **named)
        moment()
        return result

    setattr(cls, name, watched)


async def _work(run: Run) -> None:
    async def read_image(edition: Edition, url: str) -> PreparedImage | None:
        return JPEG

    adapters: Any = importlib.import_module(f"distributor.channels.{run.module}")
    channel = TypeAdapter(getattr(adapters, run.module.capitalize())).validate_python(run.settings)
    database = Database.open(run.store, Path("/"))
    worker = DeliveryWorker(
        ledger=Ledger(database),
        channels={channel.name: channel},
        rules=DeliveryRules(
            look_up_recipients=lambda *_: {},
            resend=lambda _: False,
            clock=lambda: run.now + timedelta(seconds=time.monotonic() - run.begun),
            chance=lambda: 0.5,
            read_image=read_image,
        ),
    )
    try:
        await worker.run()
    finally:
        worker.close()
        database.close()
