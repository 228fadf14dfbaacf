"""`distributor subscribers show` and `requests`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.cli.context import CliContext
from distributor.cli.subscriber_data import _show_value
from distributor.subscribers import repository
from distributor.subscribers.data_requests import RequestKind, answer_due, new_request
from support.newsroom import Room

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def test_it_shows_everything_that_is_held(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")
    room.good("subscribers", "unsubscribe", "lan@example.com", "-n", "tin-sang")
    told = room.good("subscribers", "show", "LAN@example.com")
    for part in (
        "address: lan@example.com",
        "opt outs:",
        "via staff",
        "editions:",
        "edition id tin-sang-1",
        "state sent",
    ):
        assert part in told
    found = room.run("subscribers", "show", "lan@example.com", "--json").json
    assert found["address"] == "lan@example.com"
    assert [row["edition_id"] for row in found["editions"]] == ["tin-sang-1"]


def test_what_lies_within_a_row_is_shown_in_words(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    app = CliContext(config=room.folder / "config.yaml")
    chosen = {"topics": ["y tế", "giáo dục"], "since": "2026-11-30T07:00:00+07:00"}
    _show_value(app, "sign ups", [{"newsletters": ["tin-sang", "tin-tuan"], "chosen": chosen, "note": None}])
    assert capsys.readouterr().out == (
        "sign ups:\n  newsletters tin-sang, tin-tuan, chosen topics y tế, giáo dục, since 2026-11-30 07:00\n"
    )


def test_nobody_is_said_in_one_line(room: Room) -> None:
    for address in ("nam@example.com", "nam"):
        done = room.run("subscribers", "show", address)
        assert (done.code, len(done.err.splitlines())) == (2, 1)


def test_requests_are_added_listed_and_closed(room: Room) -> None:
    assert "answer by" in room.good("subscribers", "requests", "add", "access", "lan@example.com", "--note", "gọi điện")
    assert "is not a subscriber" in room.good("subscribers", "requests", "add", "erase", "nam@example.com")
    table = room.good("subscribers", "requests")
    assert "gọi điện" in table and table.index("access") < table.index("erase")
    (first, _) = room.run("subscribers", "requests", "--json").json
    assert (first["address"], first["overdue"]) == ("lan@example.com", False)
    assert room.good("subscribers", "requests", "close", str(first["id"])) == f"request {first['id']}: done\n"
    assert room.run("subscribers", "requests", "close", str(first["id"])).code == 2
    assert len(room.run("subscribers", "requests", "--json").json) == 1
    assert "done" in room.good("subscribers", "requests", "--all")


def test_one_that_is_overdue_is_said_and_ends_with_1(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.good("subscribers", "requests", "add", "access", "lan@example.com")
    later = datetime.now(UTC) + timedelta(days=11)
    monkeypatch.setattr("distributor.cli.subscriber_data.clock", lambda: later)
    done = room.run("subscribers", "requests")
    assert (done.code, "OVERDUE" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-11-23 10:00", "2026-11-25 10:00"),  # Monday
        ("2026-11-26 10:00", "2026-11-30 10:00"),  # Thursday: the weekend does not count
        ("2026-11-28 10:00", "2026-12-01 10:00"),  # Saturday
    ],
)
def test_an_answer_is_due_two_working_days_later(asked: str, due: str) -> None:
    moment = datetime.fromisoformat(asked).replace(tzinfo=HANOI)
    assert answer_due(moment, HANOI) == datetime.fromisoformat(due).replace(tzinfo=HANOI)


@pytest.mark.parametrize(("kind", "days"), [("access", 10), ("withdraw", 15), ("erase", 20)])
def test_each_kind_has_its_time(kind: str, days: int) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert new_request(RequestKind(kind), "lan@example.com", now, via="staff").due_at == now + timedelta(days=days)


def test_plan_and_why_say_who_has_paused(room: Room) -> None:
    store = room.store()
    until = datetime.now(UTC) + timedelta(days=30)
    with store.write() as connection:
        person = repository.find(connection, "lan@example.com")
        assert person
        repository.pause(connection, person.id, "tin-sang", until)
    store.close()
    assert "They have paused tin-sang until " in room.good("why", "lan@example.com")
    assert "paused by 1 subscriber" in room.run("plan", "tin-sang").out
