"""The outbox while the service runs: at once when it is woken, each channel by itself, and nothing while it may not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from distributor.model import Language
from distributor.outbox_loop import OutboxLoop
from distributor.pipeline.transactional import EmailRequest, enqueue_email
from distributor.workers import FaultLog
from support.clocked_newsroom import Line

Ask = Callable[[str], Awaitable[None]]


@pytest.fixture
def ask(line: Line) -> Ask:
    async def ask(to: str, template: str = "email/goodbye") -> None:
        request = EmailRequest(
            template=template,
            address=to,
            newsletter="tin-sang",
            language=Language.VI,
            dedupe_key=to,
            expires_at=line.now + timedelta(days=1),
        )
        made = await line.store.write_in_thread(
            lambda connection: enqueue_email(line.newsroom, connection, request, line.now)
        )
        assert made

    return ask


async def ready(line: Line, *, blocked: bool = False) -> OutboxLoop:
    await asyncio.to_thread(lambda: line.store)

    async def is_blocked() -> bool:
        return blocked

    return await asyncio.to_thread(
        OutboxLoop, line.newsroom, line.store, line.clock, asyncio.Event(), FaultLog(), is_blocked
    )


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_it_sends_when_it_is_woken_and_ends_when_it_is_told_to(line: Line, ask: Ask) -> None:
    loop = await ready(line)
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(0.1)
    await ask("lan@example.com")
    loop.wake.set()
    await eventually(lambda: len(line.mailbox("lan")) == 1)
    await ask("minh@example.com")  # by another process, which wakes nobody
    await eventually(lambda: len(line.mailbox("minh")) == 1)
    loop.stop.set()
    await asyncio.wait_for(running, 5)


async def test_while_nothing_may_be_sent_it_waits(line: Line, ask: Ask) -> None:
    loop = await ready(line, blocked=True)
    await ask("lan@example.com")
    await loop.start_due()
    await loop.finish()
    assert line.mailbox("lan") == []


async def test_a_fault_is_logged_once_while_it_lasts(line: Line, ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    (line.folder / "templates" / "email").mkdir(parents=True)
    (line.folder / "templates" / "email" / "goodbye.html.j2").write_text("{{ nothing.like.it }}")
    loop = await ready(line)
    await ask("lan@example.com")
    for _ in range(3):
        await loop.start_due()
        await loop.finish()
        line.now += timedelta(minutes=5)
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].startswith("email/goodbye to lan@example.com cannot be made: ")


async def test_it_looks_again_after_a_look_that_failed(
    line: Line, ask: Ask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what nobody expects, too: whoever waits for a link would wait until the service is started again."""
    loop = await ready(line)
    await ask("lan@example.com")

    def broken(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(loop._collector, "collect", broken)
    await loop.start_due()
    assert "looking into the outbox failed: RuntimeError: can't start new thread" in caplog.text
    monkeypatch.undo()
    await loop.start_due()
    await loop.finish()
    assert len(line.mailbox("lan")) == 1
