"""Health and readiness: what whoever watches the process is told, and what stays on this machine."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from distributor.errors import StoreLost
from distributor.storage.database import Database
from distributor.web import one_look
from distributor.web.ticks import Ticks
from support.clocked_newsroom import local
from support.web_client import Visitor

PROXIED = {"X-Forwarded-For": "203.0.113.9"}


async def checks(visitor: Visitor) -> tuple[int, dict[str, Any]]:
    answer = await visitor.get("/readyz")
    return answer.status, (await answer.json())["checks"]


async def test_a_process_that_answers_is_healthy(visitor: Visitor) -> None:
    answer = await visitor.get("/healthz")
    assert (answer.status, (await answer.json())["ok"]) == (200, True)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_pages_alone_are_ready_with_a_store_and_a_clock(visitor: Visitor) -> None:
    assert await checks(visitor) == (200, {"store": "ok", "clock": "ok", "ticks": "ok"})


async def test_others_are_told_yes_or_no_and_nothing_else(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await visitor.get("/readyz", headers=PROXIED)
    assert (answer.status, await answer.text()) == (200, "ok\n")
    monkeypatch.setattr(Database, "pending", lambda _: ("0002",))
    answer = await visitor.get("/readyz", headers={"Host": "news.bacson.example"})
    assert (answer.status, await answer.text()) == (503, "not ready\n")


async def test_a_store_that_needs_a_migration_or_is_gone_is_not_ready(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "pending", lambda _: ("0002",))
    status, said = await checks(visitor)
    assert (status, said["store"]) == (503, "not migrated: 0002 to be run")

    def lost(_: Database) -> None:
        raise StoreLost("store x: was deleted")

    monkeypatch.setattr(Database, "check_file", lost)
    status, said = await checks(visitor)
    assert (status, said["store"]) == (503, "store x: was deleted")
    assert (await visitor.get("/healthz")).status == 200


async def test_a_clock_that_is_behind_the_store_is_not_ready(visitor: Visitor) -> None:
    await visitor.run(visitor.line.arrives, "a")
    visitor.line.now -= timedelta(hours=1)
    status, said = await checks(visitor)
    assert status == 503 and "later than now" in said["clock"]
    visitor.line.now = local("2020-01-01 00:00")
    assert "never set" in (await checks(visitor))[1]["clock"]


async def test_a_service_is_ready_from_its_first_tick_on_and_not_when_it_stands_still(visitor: Visitor) -> None:
    visitor.ticks = Ticks()
    await visitor.restart()
    assert (await checks(visitor))[1]["ticks"] == "the service has not begun yet"
    visitor.ticks.note(visitor.line.now)
    visitor.line.now += timedelta(minutes=4)
    assert (await checks(visitor))[0] == 200
    visitor.line.now += timedelta(minutes=2)
    assert await checks(visitor) == (
        503, {"store": "ok", "clock": "ok", "ticks": "the service last checked what is due 6 min ago"}
    )  # fmt: skip


async def test_a_store_that_does_not_answer_is_not_ready_and_keeps_one_thread(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_look, "PATIENCE", 0.05)
    locked, asked = threading.Event(), []

    def check(_: Database) -> None:
        asked.append(1)
        locked.wait()

    monkeypatch.setattr(Database, "check_file", check)
    for _ in range(3):
        status, said = await checks(visitor)
        assert (status, "has not answered within" in said["store"]) == (503, True)
    locked.set()
    assert (await checks(visitor))[0] == 200
    assert len(asked) <= 2
