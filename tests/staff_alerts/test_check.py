"""From the store to the staff: each alert once, whoever looks, by a channel that works."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.bounces import suppressions
from distributor.delivery import channel_state, outbox
from distributor.delivery.outbox import OutboxRow
from distributor.errors import ConfigError
from distributor.gathering import source_state
from distributor.model import BounceType, Suppression
from distributor.newsroom import open_newsroom
from distributor.staff_alerts import facts, repository
from distributor.staff_alerts.check import StaffAlertCheck
from distributor.storage.database import Database
from distributor.storage.tables import edition_events, editions
from support.clocked_newsroom import Line, text_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STAFF = '.alerts: {to: ["Lan <lan@bacson.example>"]}'


@pytest.fixture
def staffed(line: Line, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A newsroom with staff, whose store has no clock of its own."""
    monkeypatch.setattr(Database, "server_time", lambda _: None)
    monkeypatch.setattr(facts, "see_disks", lambda _: [])  # that of this machine may be full
    line.configure(STAFF)
    return line


def with_chat(line: Line) -> None:
    """Another channel, that carries no editions."""
    line.config = line.config.replace("channels:\n  mail:", "channels:\n  chat: {type: outbox, folder: chat}\n  mail:")
    line.config = line.config.replace('example>"]}', 'example>"], channels: [mail, chat]}')
    line._newsroom = None


def checker(line: Line, failing: Mapping[str, str] | None = None, host: str = "app-1") -> StaffAlertCheck:
    return StaffAlertCheck(line.newsroom, line.store, line.clock, lambda: failing or {}, host=host)


def told(line: Line) -> list[OutboxRow]:
    with line.store.read() as connection:
        return [row for row in outbox.iterate_latest(connection) if row.kind == outbox.STAFF_ALERT][::-1]


def break_mail(line: Line, text: str = "login refused") -> None:
    with line.store.write() as connection:
        channel_state.record_fault(connection, "mail", text, line.now)


def test_a_newsroom_in_which_all_is_well_tells_nobody_anything(staffed: Line) -> None:
    check = checker(staffed)
    for _ in range(5):
        assert check.run() == []
        staffed.now += 10 * MINUTE
    with staffed.store.read() as connection:
        assert repository.list_open(connection) == []


def test_a_source_that_fails_is_told_once_by_email_whoever_looks(staffed: Line) -> None:
    with staffed.store.write() as connection:
        source_state.save_fault(connection, "bao", "HTTP 404", staffed.now)
    one, other = checker(staffed), checker(staffed, host="app-2")
    staffed.now += 2 * HOUR
    assert one.run() == ["[Báo Bắc Sơn] Source bao fails"]
    assert other.run() == one.run() == []
    (row,) = told(staffed)
    assert (row.address, row.name, row.channel) == ("lan@bacson.example", "Lan", "mail")
    staffed.send_outbox()
    (letter,) = staffed.mailbox("lan")
    assert letter["Subject"] == "[Báo Bắc Sơn] Source bao fails"
    assert letter["List-Unsubscribe"] is None
    text = text_of(letter)
    assert "What: HTTP 404." in text and "distributor check --online" in text
    html = letter.get_body(("html",))
    assert html is not None and "<h1" in html.get_content()


def test_its_end_is_told_once_too(staffed: Line) -> None:
    with staffed.store.write() as connection:
        source_state.save_fault(connection, "bao", "HTTP 404", staffed.now)
    check = checker(staffed)
    staffed.now += 2 * HOUR
    check.run()
    staffed.now += HOUR
    check.run()
    with staffed.store.write() as connection:
        for name in ("bao", "cong"):
            source_state.save_fault(connection, name, "", staffed.now)
    staffed.now += 11 * MINUTE
    assert check.run() == ["[Báo Bắc Sơn] Over: Source bao fails"]
    assert check.run() == []
    with staffed.store.read() as connection:
        assert repository.list_open(connection) == []
        (over,) = repository.list_ended(connection, 10)
    assert (over.told, over.ended_at) == (2, staffed.now)


def test_what_comes_back_is_told_anew(staffed: Line) -> None:
    check = checker(staffed)
    for _ in range(2):
        break_mail(staffed)
        staffed.now += 6 * MINUTE
        assert check.run() == ["[Báo Bắc Sơn] Channel mail carries nothing"]
        with staffed.store.write() as connection:
            channel_state.clear_fault(connection, "mail")
        staffed.now += 11 * MINUTE
        assert check.run() == []
    assert len(told(staffed)) == 2


def test_a_broken_channel_does_not_carry_the_alert_about_itself(staffed: Line) -> None:
    with_chat(staffed)
    break_mail(staffed)
    staffed.now += 6 * MINUTE
    checker(staffed).run()
    assert [row.channel for row in told(staffed)] == ["chat"]
    staffed.send_outbox()
    (post,) = (staffed.folder / "chat").glob("*.txt")
    assert "[Báo Bắc Sơn] Channel mail carries nothing" in post.read_text(encoding="utf-8")
    assert "login refused" in post.read_text(encoding="utf-8")


def test_where_it_is_the_only_one_it_carries_it_once_it_can(staffed: Line) -> None:
    break_mail(staffed)
    staffed.now += 6 * MINUTE
    check = checker(staffed)
    check.run()
    assert [row.channel for row in told(staffed)] == ["mail"]
    for _ in range(4):
        staffed.now += 6 * MINUTE
        check.run()
    assert len(told(staffed)) == 1, "the one that waits is enough"


def test_what_one_channel_does_not_bring_the_next_one_does(staffed: Line) -> None:
    with_chat(staffed)
    with staffed.store.write() as connection:
        source_state.save_fault(connection, "bao", "HTTP 404", staffed.now)
        dead = Suppression(address="lan@bacson.example", type=BounceType.HARD, reason="550", since=staffed.now)
        suppressions.suppress(connection, dead)
    staffed.now += 2 * HOUR
    check = checker(staffed)
    check.run()
    staffed.send_outbox()
    assert [(row.channel, row.state) for row in told(staffed)] == [("mail", "suppressed")]
    staffed.now += 6 * MINUTE
    check.run()
    assert [row.channel for row in told(staffed)] == ["mail", "chat"]
    staffed.send_outbox()
    staffed.now += 6 * MINUTE
    check.run()
    assert len(told(staffed)) == 2


def test_who_has_left_the_newsletters_still_gets_alerts_as_config_yaml_says(staffed: Line) -> None:
    with staffed.store.write() as connection:
        source_state.save_fault(connection, "bao", "HTTP 404", staffed.now)
        left = Suppression(address="lan@bacson.example", type=BounceType.UNSUBSCRIBED, reason="", since=staffed.now)
        suppressions.suppress(connection, left)
    staffed.now += 2 * HOUR
    checker(staffed).run()
    staffed.send_outbox()
    assert len(staffed.mailbox("lan")) == 1


def test_an_edition_that_preflight_has_stopped_is_told_at_once(staffed: Line) -> None:
    staffed.subscribe("minh")
    staffed.arrives("a")
    staffed.day("07:00")
    with staffed.store.write() as connection:
        id = connection.execute(sa.select(editions.c.id)).scalar_one()
        connection.execute(sa.update(editions).values(state="held"))
        connection.execute(sa.delete(edition_events))
        values = {"edition_id": id, "seq": 1, "at": staffed.now, "event": "held", "actor": "preflight"}
        connection.execute(sa.insert(edition_events).values(**values))
    assert checker(staffed).run() == [f"[Báo Bắc Sơn] Edition {id} is blocked by preflight"]


def test_deliveries_that_stand_still_are_told_and_a_run_that_goes_on_is_not(staffed: Line) -> None:
    staffed.subscribe("minh")
    staffed.arrives("a")
    staffed.at("07:00")
    staffed.answer()  # frozen; nobody delivers
    check, titles = checker(staffed), []
    for _ in range(20):
        titles += check.run()
        staffed.now += MINUTE
    assert "[Báo Bắc Sơn] Nothing leaves on channel mail" in titles
    assert len(titles) == len(set(titles))
    staffed.deliver()
    with staffed.store.read() as connection:
        assert {one.kind for one in repository.list_open(connection)} == {"run-stalled"}
    for _ in range(12):
        staffed.now += MINUTE
        check.run()
    with staffed.store.read() as connection:
        assert repository.list_open(connection) == []


def test_steps_of_the_service_that_fail_are_told_with_the_name_of_the_machine(staffed: Line) -> None:
    failing = {"imap bounce@x": "imap: login refused", "source bao": "told elsewhere"}
    check = checker(staffed, failing)
    assert check.run() == []
    staffed.now += 11 * MINUTE
    assert check.run() == ["[Báo Bắc Sơn] A step of the service fails on app-1: imap bounce@x"]


def test_with_a_clock_that_is_not_believed_nothing_is_decided(staffed: Line) -> None:
    break_mail(staffed)
    staffed.now += HOUR
    assert checker(staffed, {"clock": "it was set by 60 minutes"}).run() == []


def test_a_machine_whose_clock_differs_from_that_of_the_store_is_told_of(
    staffed: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "server_time", lambda _: staffed.now)
    ahead = HOUR
    check = StaffAlertCheck(
        staffed.newsroom, staffed.store, staffed.clock, dict, host="app-1", local=lambda: staffed.now + ahead
    )
    assert check.run() == []
    staffed.now += 3 * MINUTE
    assert check.run() == ["[Báo Bắc Sơn] The clock of app-1 is wrong"]
    assert "differs from the store's by +3600 s" in told(staffed)[0].body.decode()
    ahead = timedelta(seconds=20)
    staffed.now += 11 * MINUTE
    check.run()
    with staffed.store.read() as connection:
        assert repository.list_open(connection) == []


def test_kinds_that_nobody_wants_are_left_out(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "server_time", lambda _: None)
    line.configure(".alerts: {to: [lan@bacson.example], leave_out: [channel-broken]}")
    break_mail(line)
    line.now += HOUR
    assert checker(line).run() == []


def test_where_nobody_is_named_it_is_logged_and_listed_all_the_same(
    line: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "server_time", lambda _: None)
    break_mail(line)
    line.now += HOUR
    check = checker(line)
    check.run()
    check.run()
    assert caplog.text.count("Channel mail carries nothing") == 1
    assert told(line) == []
    with line.store.read() as connection:
        assert [one.told for one in repository.list_open(connection)] == [1]


def test_processes_that_look_at_the_same_time_tell_it_once(staffed: Line) -> None:
    break_mail(staffed)
    staffed.now += 6 * MINUTE
    checks = [checker(staffed, host=f"app-{number}") for number in range(4)]

    async def together() -> list[list[str]]:
        return list(await asyncio.gather(*(asyncio.to_thread(one.run) for one in checks)))

    assert sum(map(len, asyncio.run(together()))) == 1
    assert len(told(staffed)) == 1


@pytest.mark.parametrize(
    ("alerts", "fault"),
    [
        ("{to: [nobody]}", "alerts.to"),
        ("{channels: [chatt]}", "there is no channel 'chatt'"),
        ("{channels: [mail]}", "to whom does channel mail write?"),
        ("{to: [lan@bacson.example], channels: [feeds]}", "alerts.to: none of its channels writes to people"),
        ("{remind_after: 1h}", "write a day or more"),
        ("{leave_out: [disk]}", "alerts.leave_out"),
        ("{through: some}", "alerts.through"),
    ],
)
def test_settings_that_cannot_work_are_refused(line: Line, alerts: str, fault: str) -> None:
    file = line.folder / "config.yaml"
    file.write_text(f"alerts: {alerts}\n{line.config}", encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        open_newsroom(file)


def test_a_channel_that_carries_editions_to_people_is_refused(line: Line) -> None:
    chat = "  tele: {type: telegram, token: '1:a', chat: '@x'}\n"
    config = line.config.replace("channels:\n  mail", f"channels:\n{chat}  mail").replace("[mail,", "[tele, mail,")
    file = line.folder / "config.yaml"
    file.write_text(f"alerts: {{channels: [tele]}}\n{config}", encoding="utf-8")
    with pytest.raises(ConfigError, match="carries editions to subscribers, who would see the alerts"):
        open_newsroom(file)
