"""The service, pass by pass, by a clock that only the test moves: what fails for long is logged once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from distributor import pipeline
from distributor.bounces import provider_events
from distributor.delivery import channel_state
from distributor.errors import RenderError
from distributor.gather_loop import GatherLoop
from distributor.pipeline import publish, tick
from distributor.service import Service
from distributor.storage.database import Database
from distributor.storage.renames import NameKind
from distributor.workers import ClockMonitor, DeliveryLoop
from support.clocked_newsroom import Line

Serve = Callable[[], "Passes"]


class Passes:
    """A service and its delivery loop, both run by hand."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.service = Service(line.newsroom, line.store, line.clock, asyncio.Event(), by_tasks=False)
        assert isinstance(self.service.worker, DeliveryLoop)
        self.worker = self.service.worker
        self.worker.watch = ClockMonitor(line.clock, lambda: line.now.timestamp())

    async def minute(self) -> None:
        """The next minute: the service decides what is due, and the loop delivers."""
        self.line.now += timedelta(minutes=1)
        await self.service.run_once()
        if not await self.worker.clock_is_wrong():
            await self.worker.deliver_once(self.worker.dispatcher, "delivery")
        await self.service.run_once()

    async def close(self) -> None:
        await self.service.steps.close()
        self.worker.close()


@pytest.fixture
async def serve(line: Line, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serve]:
    """Services that gather nothing: a child process that is slow on a busy machine is an error, too."""
    monkeypatch.setattr(GatherLoop, "start_due", lambda *_: None)
    made = []

    def begin() -> Passes:
        made.append(Passes(line))
        return made[-1]

    yield begin
    for passes in made:
        await passes.close()


def every_minute(line: Line) -> None:
    line.config = line.config.replace("every day at 07:00", '"* * * * *"')
    line.subscribe("lan")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_rename_in_the_middle_of_a_decision_is_reported_once_however_many_slots_pass(
    line: Line, serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_minute(line)
    line.arrives("a")
    passes = serve()

    def rename(*given: Any) -> Any:
        """Another process renames the newsletter, while its slot is decided. (Slots are also looked for beside the decision,
        by what is prepared for it; publishing is the decision's alone.)"""
        if "  tin-sang:\n" in line.config:
            line.config = line.config.replace("  tin-sang:\n", "  ban-tin:\n")
            line._newsroom = None
            kind = NameKind.NEWSLETTER
            pipeline.apply_rename(line.newsroom, line.store, kind, "tin-sang", "ban-tin", "Lan", line.now)
        return publish.publish_edition(*given)

    monkeypatch.setattr(tick, "publish_edition", rename)
    for _ in range(3):
        await passes.minute()
    assert len(errors(caplog)) == 1, errors(caplog)
    assert errors(caplog)[0].startswith(
        "newsletter tin-sang was renamed to ban-tin since this process read config.yaml"
    )


async def test_a_newsletter_that_cannot_be_rendered_is_reported_when_it_begins_and_when_it_changes(
    line: Line, serve: Serve, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_minute(line)
    line.arrives("a")
    passes = serve()
    reason = "digest.html.j2:7: 'x' is undefined"

    def broken(*_: object, **__: object) -> object:
        raise RenderError(reason)

    monkeypatch.setattr(publish, "plan_edition", broken)
    for reason in ("digest.html.j2:7: 'x' is undefined", "digest.html.j2:9: 'y' is undefined"):
        for _ in range(3):
            await passes.minute()
        assert [error for error in errors(caplog) if reason in error] == [
            f"tin-sang, digest: {reason}; tried again at the next check"
        ]
    monkeypatch.setattr(publish, "plan_edition", pipeline.plan_edition)
    await passes.minute()
    assert line.read("lan") == [["a"]]
    assert len(errors(caplog)) == 2
    monkeypatch.setattr(publish, "plan_edition", broken)
    await passes.minute()
    assert len(errors(caplog)) == 3, "it was well meanwhile"
    assert "Traceback" not in caplog.text


async def test_what_keeps_a_newsroom_from_working_is_told_to_staff_while_everything_goes_on(
    line: Line, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "server_time", lambda _: None)
    line.configure(".alerts: {to: [bien.tap@bacson.example]}")

    def break_channel() -> None:
        with line.store.write() as connection:
            channel_state.record_fault(connection, "posts", "login refused", line.now)

    await asyncio.to_thread(break_channel)
    passes = serve()
    for _ in range(9):
        await passes.minute()
        await passes.service.steps._beside["staff alerts"]
    await passes.service.outbox.start_due()
    await passes.service.outbox.finish()
    (letter,) = line.mailbox("bien.tap")
    assert letter["Subject"] == "[Báo Bắc Sơn] Channel posts carries nothing"


async def test_what_providers_report_is_worked_at_the_next_pass_and_what_cannot_be_is_named(
    line: Line, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    def store() -> None:
        with line.store.write() as connection:
            provider_events.store(connection, "smtp", "a", {}, b"Subject: Xin chao\r\n\r\n", line.now)
            provider_events.store(connection, "brevo", "b", {}, b"{", line.now)

    await asyncio.to_thread(store)
    passes = serve()
    await passes.minute()
    await passes.service.steps._beside["provider events"]
    (said,) = [one for one in errors(caplog) if one.startswith("brevo: the body is not JSON")]
    assert "`distributor bounces --set-aside` shows it" in said
    await passes.minute()
    with line.store.read() as connection:
        assert [one.provider for one in provider_events.list_aside(connection)] == ["brevo"]
        assert provider_events.list_waiting(connection, line.now + timedelta(hours=1), 10) == []


async def test_a_service_whose_delivery_has_ended_ends_as_well(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only when all that runs beside has come to its end: what is in hand is written down."""
    await asyncio.to_thread(lambda: line.store)
    service = Service(line.newsroom, line.store, line.clock, asyncio.Event(), by_tasks=False)
    ended = []

    async def break_down() -> None:
        raise RuntimeError("a bug")

    async def run_outbox() -> None:
        await service.stop.wait()
        await asyncio.sleep(0.05)
        ended.append("outbox")

    monkeypatch.setattr(service.worker, "run", break_down)
    monkeypatch.setattr(service.outbox, "run", run_outbox)
    with pytest.raises(RuntimeError, match="a bug"):
        await asyncio.wait_for(service.run(), 20)
    service.worker.close()
    assert ended == ["outbox"]


async def test_a_pass_that_fails_is_told_and_the_next_one_comes(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(lambda: line.store)
    service = Service(line.newsroom, line.store, line.clock, asyncio.Event(), tick=0.01, by_tasks=False)
    passes = []

    async def fail() -> None:
        passes.append(service)
        if len(passes) == 3:
            service.stop.set()
        raise RuntimeError("a bug")

    monkeypatch.setattr(service, "run_once", fail)
    await asyncio.wait_for(service.run(), 20)
    assert len(passes) == 3
    assert caplog.text.count("checking what is due failed: RuntimeError: a bug") == 1
