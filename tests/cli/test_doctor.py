"""`distributor doctor`: a good newsroom, and bad ones, each with its remedy and its exit code."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.plain_portal import at_work
from distributor.delivery.queries import largest_rendition
from distributor.errors import StoreLost
from distributor.mail import dkim_keys
from distributor.mail.dkim import DkimSigner
from support.dns_server import DnsZone
from support.newsroom import Done, Room
from support.smtp_servers import PIPELINING, Scripted

MakeScripted = Callable[..., Awaitable[Scripted]]


ODD_CHANNEL = '''\
"""Its check has a bug, or no end."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from distributor.channel import Channel, Receipt


@dataclass(frozen=True, kw_only=True)
class Odd(Channel):
    number: Annotated[int, "what is divided by; 1 waits for ever"] = 1

    def compose(self, edition, context):
        return []

    async def publish(self, post, attempt):
        return Receipt()

    async def check(self, attempt):
        await asyncio.sleep(3600 / self.number)
'''


def faults(done: Done) -> set[str]:
    assert all(one["remedy"] and one["where"] and one["what"] for one in done.json["results"] if one["fault"]), done
    return {one["fault"] for one in done.json["results"]} - {""}


def results(done: Done, check: str) -> list[dict[str, Any]]:
    return [one for one in done.json["results"] if one["check"] == check]


@pytest.fixture(autouse=True)
def templates_are_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering all of them takes most of the time of a command; tests of `check` do it."""
    monkeypatch.setattr("distributor.design.check.check_templates", lambda newsroom: [])


@pytest.fixture
async def sending_room(room: Room, dns_zone: DnsZone, scripted: MakeScripted) -> Room:
    """A newsroom that sends by a mail server on this machine, with everything that it needs in DNS."""
    fake = await scripted(EHLO=[PIPELINING, "again"])
    pem = dkim_keys.make_key()
    dkim_keys.write(room.folder / "dkim-a.pem", pem)
    signer = DkimSigner("bacson.example", "a", dkim_keys.parse(pem))
    dns_zone.text(signer.place, signer.key.record)
    dns_zone.records["news.bacson.example", "A"] = ["192.0.2.7"]
    dns_zone.records["7.2.0.192.in-addr.arpa", "PTR"] = ["news.bacson.example."]
    server = f"host: 127.0.0.1, port: {fake.port}, tls: none, helo_name: news.bacson.example"
    dkim = "dkim: [{domain: bacson.example, selector: a, key: dkim-a.pem}]"
    room.configure(("type: email, ", f"type: email, {server}, {dkim}, "))
    return room


def test_a_newsroom_that_sends_to_nobody_is_asked_for_nothing_outside(room: Room) -> None:
    done = room.run("doctor", "--json")
    assert (done.code, done.json["ok"], done.json["damaged"], done.json["providers"]) == (0, True, [], [])
    assert faults(done) == set()
    checks = {one["check"] for one in done.json["results"]}
    assert checks == {"config", "store", "disk", "clock", "files", "schedule", "channels"}
    assert room.good("doctor", "--offline").startswith("ok: nothing is broken")
    assert results(room.run("doctor", "--offline", "--json"), "channels") == []


def test_a_store_from_which_nothing_is_sent_is_broken(room: Room) -> None:
    room.good("store", "claim", "--yes")
    assert faults(room.run("doctor", "--offline", "--json")) == set()
    room.configure(("sources:\n", "instance: may-chu-2\nsources:\n"))
    done = room.run("doctor", "--offline", "--json")
    assert (done.code, faults(done)) == (1, {"store-elsewhere"})


async def test_a_good_sender_is_told_so_and_what_nobody_can_see_from_here(
    sending_room: Room, dns_zone: DnsZone
) -> None:
    done = await at_work(sending_room, "doctor", "--dns", dns_zone.address, "--json")
    assert (done.code, faults(done)) == (0, {"one-click-setup", "one-click-unknown"}), done
    setup = next(one for one in done.json["results"] if one["fault"] == "one-click-setup")
    assert (setup["where"], setup["what"].partition(":")[0]) == ("config.yaml", "web is missing")
    (relay,) = results(done, "relay")
    assert (relay["state"], "PIPELINING" in relay["what"]) == ("ok", True)
    assert {one["state"] for check in ("spf", "dkim", "dmarc", "mx", "ptr") for one in results(done, check)} == {"ok"}
    table = {one["rule"].split(" ")[0]: one["state"] for one in done.json["providers"]}
    assert (table["SPF"], table["DKIM"], table["DMARC"], table["Complaints"]) == ("pass", "pass", "pass", "unknown")


async def test_what_is_broken_is_named_with_what_to_do(sending_room: Room, dns_zone: DnsZone) -> None:
    dns_zone.text("_dmarc.bacson.example")
    del dns_zone.records["a._domainkey.bacson.example", "TXT"]
    done = await at_work(sending_room, "doctor", "--dns", dns_zone.address)
    first, *lines = done.out.splitlines()
    assert (done.code, first.startswith("2 things are broken; 1 warning, 1 unknown")) == (1, True), done
    assert lines[0].startswith("broken   dkim       a._domainkey.bacson.example: has no record")
    assert lines[1].strip() == "→ publish the TXT record that `distributor dkim bacson.example a --show` prints"
    assert any(line.startswith("fail     DMARC record") and "_dmarc.bacson.example" in line for line in lines), done.out


async def test_an_email_that_the_relay_will_refuse_is_seen_before(
    sending_room: Room, dns_zone: DnsZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.delivery.queries.largest_rendition", lambda connection, channel, since: 80_000_000)
    done = await at_work(sending_room, "doctor", "--dns", dns_zone.address, "--json")
    (relay,) = results(done, "relay")
    assert (done.code, relay["fault"]) == (1, "relay-size"), done
    assert "takes 99,000,000 octets, and a recent email had about 112,000,000" in relay["what"]


def test_a_wrong_configuration_ends_with_2_and_names_each_line(room: Room) -> None:
    room.configure(("schedule:", "schedul:"))
    done = room.run("doctor", "--json")
    assert (done.code, faults(done)) == (2, {"config-wrong"})
    (wrong,) = done.json["results"]
    assert wrong["where"] == "config.yaml:10" and "newsletters.tin-sang.schedul" in wrong["what"]


def test_a_store_that_is_lost_is_a_result_beside_the_others(room: Room) -> None:
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("DROP TABLE newsletter_articles")
        raw.commit()
    done = room.run("doctor", "--json")
    assert (done.code, faults(done)) == (1, {"store-lost"})
    assert "lacks what every store has (no table newsletter_articles)" in results(done, "store")[0]["what"]
    assert results(done, "schedule") and results(done, "disk")


def test_a_store_that_fails_in_the_middle_is_a_result_beside_the_others(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreLost("store x: its file is damaged")

    monkeypatch.setattr("distributor.pipeline.store_check.find_damage", fail)
    done = room.run("doctor", "--json")
    assert (done.code, faults(done)) == (1, {"store-lost"})
    assert results(done, "schedule") and results(done, "disk")


def test_what_others_have_written_begins_no_line(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "distributor.cli.check.placeholders", lambda newsroom: ["x\nok       relay      all is well\x1b[2J"]
    )
    said = room.good("doctor", "--offline")
    assert "config.yaml: x\\nok       relay      all is well\\x1b[2J" in said


def test_damaged_rows_are_named_one_by_one_and_repaired(room: Room) -> None:
    room.good("gather")
    with closing(sqlite3.connect(room.folder / "var" / "distributor.db")) as raw:
        raw.execute("UPDATE articles SET content = '[]' WHERE id = (SELECT min(id) FROM articles)")
        raw.commit()
    done = room.run("doctor", "--json")
    assert (done.code, faults(done), len(done.json["damaged"])) == (1, {"store-rows"}, 1)
    assert "repaired; the rows as they were are in" in room.good("doctor", "--repair")
    assert faults(room.run("doctor", "--json")) == set()


def test_a_config_that_everybody_can_change_and_a_week_without_an_edition_are_told(room: Room) -> None:
    (room.folder / "config.yaml").chmod(0o666)
    room.configure(
        ('schedule: "* * * * *"', 'schedule: "on the 31st at 05:00"\n    days_off: {dates: [2020-01-01..2099-01-01]}')
    )
    done = room.run("doctor", "--json")
    assert (done.code, faults(done)) == (1, {"config-writable", "schedule-empty"}), done


def test_a_feed_that_was_broken_by_hand_is_found(room: Room) -> None:
    room.good("gather")
    room.good("send", "tin-sang", "--yes")
    done = room.run("doctor", "--json")
    assert done.code == 0 and len(results(done, "feeds")) >= 2, done
    with closing(room.store()) as store, store.read() as connection:
        sizes = [
            largest_rendition(connection, name, datetime.now(UTC) - timedelta(days=days))
            for name, days in (("mail", 1), ("mail", -1), ("none", 1))
        ]
    assert sizes[0] > 5000 and sizes[1:] == [0, 0]
    feed = next((room.folder / "var" / "feeds").rglob("*.xml"))
    feed.write_text(feed.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    done = room.run("doctor", "--json")
    assert (done.code, faults(done), results(done, "feeds")[0]["remedy"][:15]) == (
        1,
        {"feed-broken"},
        "delete the file",
    )


def test_sources_are_read_only_when_asked_to(room: Room) -> None:
    done = room.run("doctor", "--online", "--json")
    assert (done.code, [one["state"] for one in results(done, "sources")]) == (0, ["ok"])
    room.configure(("sources:\n", "sources:\n  mat: {type: feed, url: 'https://127.0.0.1:1/rss'}\n"))
    assert results(room.run("doctor", "--json"), "sources") == []
    done = room.run("doctor", "--online", "--json")
    assert (done.code, faults(done)) == (1, {"source-unreadable"})


def test_options_that_make_no_sense_are_refused(room: Room) -> None:
    assert room.run("doctor", "--online", "--offline").code == 2
    done = room.run("doctor", "--dns", "ns1.bacson.example")
    assert (done.code, "--dns" in done.err) == (2, True)


async def test_json_has_no_secrets(room: Room, dns_zone: DnsZone) -> None:
    room.configure(("type: email, ", "type: email, host: 127.0.0.1, port: 1, username: tin, password: cANARY, "))
    done = await at_work(room, "doctor", "--dns", dns_zone.address, "--json")
    assert done.code == 1 and "cANARY" not in done.out
    assert "relay-unreachable" in faults(done)


async def test_servers_that_never_answer_are_waited_for_side_by_side_and_no_bug_ends_the_others(
    room: Room, dns_zone: DnsZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.doctor.probe._TOTAL", 0.3)
    monkeypatch.setattr("distributor.cli.check.PATIENCE", 0.3)
    (room.folder / "channels").mkdir()
    (room.folder / "channels" / "odd.py").write_text(ODD_CHANNEL, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        servers = (
            f"servers: [{{host: 127.0.0.1, port: {port}, tls: none}}, {{host: 127.0.0.1, port: {port}, tls: none}}]"
        )
        mailbox = f"{{type: imap, host: 127.0.0.1, port: {port}, username: a, password: b}}"
        room.configure(
            ("type: email, ", f"type: email, {servers}, "),
            ("channels:\n", "channels:\n  slow: {type: odd}\n  bug: {type: odd, number: 0}\n"),
            ("sources:\n", f"bounces:\n  - {mailbox}\nsources:\n"),
        )
        begun = time.monotonic()
        done = await at_work(room, "doctor", "--json", "--dns", dns_zone.address)
        assert time.monotonic() - begun < 10
    found = {(one["fault"], one["where"]): one["what"] for one in done.json["results"] if one["fault"]}
    said = [
        what for (fault, _), what in found.items() if fault in ("relay-unreachable", "channel-login", "mailbox-login")
    ]
    assert any("took longer than 0.3 s" in what for what in said)
    assert "fails with a bug: ZeroDivisionError" in found["channel-login", "channel bug"]
    assert "took longer than 0.3 s" in found["channel-login", "channel slow"]
