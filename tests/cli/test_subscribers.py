"""The command line, as staff use it: what it says, what it leaves, how it ends."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from distributor.bounces.suppressions import record_bounces
from distributor.delivery import outbox, queries
from distributor.errors import StoreError
from distributor.model import Bounce, BounceType
from distributor.storage.all_tables import metadata
from distributor.subscribers.requests import SubscriptionRequest
from distributor.subscribers.subscribe import add_all
from support.builders import NOW
from support.newsroom import Room
from support.told_events import CHANNEL


class TestSubscribers:
    def test_attributes_are_set_changed_listed_and_exported(self, room: Room) -> None:
        config = room.folder / "config.yaml"
        declared = (
            "attributes: {commune: {label: {vi: Xã/phường}, choices: [Bắc Sơn, Hữu Lũng]}, job: {label: {vi: Nghề}}}\n"
        )
        config.write_text(declared + config.read_text(encoding="utf-8"), encoding="utf-8")
        room.good("subscribers", "add", "an@example.com", "--attribute", "commune=bắc sơn", "--attribute", "job=a=b")
        said = room.good("subscribers", "update", "an@example.com", "--attribute", "commune=Hữu Lũng")
        assert "frequency each, commune: Hữu Lũng, job: a=b" in said
        room.good("subscribers", "update", "an@example.com", "--attribute", "job=")
        listed = {one["address"]: one["attributes"] for one in room.run("subscribers", "list", "--json").json}
        assert listed["an@example.com"] == {"commune": "Hữu Lũng"}
        assert "left,commune,job\n" in room.good("subscribers", "export")
        for wrong, code, why in (("commun=x", 2, "did you mean 'commune'?"), ("commune", 2, "write NAME=VALUE"),
                                 ("commune=Huế", 2, "an@example.com: commune: 'Huế' is not one of")):  # fmt: skip
            done = room.run("subscribers", "update", "an@example.com", "--attribute", wrong)
            assert (done.code, why in done.err) == (code, True), done.err

    def test_a_file_is_taken_in_and_every_bad_row_told_with_its_line(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_text("address,name\na@example.com,A\nnonsense,B\nc@example.com,C\n", encoding="utf-8")
        done = room.run("subscribers", "import", "--consent", "form", str(file))
        assert done.code == 1
        assert f"warning: {file}:3: 'nonsense' is not an address" in done.err
        assert "2 good rows, 1 bad row; 2 added" in done.out
        assert "nothing changed" not in room.run("subscribers", "import", "--consent", "form", str(file)).out
        assert "3" in str(len(room.run("subscribers", "list", "--json").json))

    def test_bytes_that_are_no_text_cost_their_row_and_no_other(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_bytes(
            b"address\n" + b"".join(b"s%d@example.com\n" % number for number in range(3000)) + b"\xff@x.vn\n"
        )
        done = room.run("subscribers", "import", "--consent", "form", str(file))
        assert (done.code, done.err) == (
            1, f"warning: {file}:3002: contains bytes that are invalid in the encoding of the file; save it as CSV UTF-8\n",
        )  # fmt: skip
        assert "3000 good rows, 1 bad row" in done.out

    def test_a_file_in_an_encoding_that_cannot_be_told_changes_nothing(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_bytes(b"address,name\n" + b"".join(b"s%d@x.vn,Nguy\xd4n\n" % number for number in range(9)))
        done = room.run("subscribers", "import", "--consent", "form", str(file))
        assert (done.code, "is not UTF-8 text; save it as CSV UTF-8" in done.err) == (2, True)
        assert len(room.run("subscribers", "list", "--json").json) == 1

    def test_an_import_that_the_store_ends_keeps_whole_turns_and_goes_on_the_next_time(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("distributor.cli.csv_files._CHUNK", 10)
        monkeypatch.setattr("distributor.cli.csv_files._ROWS_PER_TRANSACTION", 20)
        calls = itertools.count(1)

        def failing(
            connection: Connection, wanted: Sequence[SubscriptionRequest], now: datetime, *, keys: tuple[bytes, ...]
        ) -> list[object]:
            if next(calls) == 4:
                raise StoreError("the disk is full; free some space, nothing is lost")
            return list(add_all(connection, wanted, now, keys=keys))

        file = room.folder / "people.csv"
        file.write_text("address\n" + "".join(f"s{number}@example.com\n" for number in range(50)), encoding="utf-8")
        with monkeypatch.context() as faulty:
            faulty.setattr("distributor.subscribers.subscribe.add_all", failing)
            done = room.run("subscribers", "import", "--consent", "form", str(file))
        assert (done.code, done.err.splitlines()) == (
            1,
            [
                f"warning: {file}: 20 rows are already imported; import the file again for the rest",
                "error: the disk is full; free some space, nothing is lost",
            ],
        )
        assert "50 good rows, 0 bad rows; 20 unchanged, 30 added" in room.good(
            "subscribers", "import", "--consent", "form", str(file)
        )

    def test_what_is_exported_can_be_imported(self, room: Room, tmp_path: Path) -> None:
        file = tmp_path / "out.csv"
        room.good("subscribers", "export", "-o", str(file))
        assert file.read_text(encoding="utf-8-sig").splitlines()[1] == "lan@example.com,Lan,vi,tin-sang,,each,,"
        assert "1 unchanged" in room.good("subscribers", "import", str(file))

    def test_who_is_unsubscribed_gets_nothing_more(self, room: Room) -> None:
        assert "unsubscribed from 1 newsletter" in room.good("subscribers", "unsubscribe", "LAN@example.com")
        room.good("send", "tin-sang", "--yes")
        assert room.letters() == []

    def test_other_programs_are_told_what_staff_do_and_nobody_gets_a_goodbye(self, room: Room) -> None:
        room.configure(("channels:\n  mail:", f"channels:\n{CHANNEL}  mail:"))
        for words in ("update lan@example.com --frequency daily", "update lan@example.com --frequency daily",
                      "unsubscribe lan@example.com", "unsubscribe lan@example.com", "add lan@example.com --again",
                      "add lan@example.com", "add hoa@example.com", "forget hoa@example.com --yes"):  # fmt: skip
            room.good("subscribers", *words.split())
        store = room.store()
        with store.read() as connection:
            rows = [(row.kind, row.address, row.values["data"]) for row in outbox.iterate_latest(connection)]
        store.close()
        assert [(kind, address, data["address"], data.get("via")) for kind, address, data in reversed(rows)] == [
            ("changed", "", "lan@example.com", None),
            ("left", "", "lan@example.com", "staff"),
            ("subscribed", "", "lan@example.com", "staff"),
            ("left", "", "", "erased"),
        ]

    def test_no_import_brings_back_who_was_unsubscribed_and_each_is_named(self, room: Room) -> None:
        file = room.folder / "people.csv"
        file.write_text("address,name,frequency\nLAN@Example.com,Lan,weekly\nhoa@example.com,Hoa,\n", encoding="utf-8")
        room.good("subscribers", "unsubscribe", "lan@example.com")
        for added in ("1 unsubscribed before, 1 added", "1 unsubscribed before, 1 unchanged"):
            done = room.run("subscribers", "import", "--consent", "form", str(file))
            assert (done.code, done.out.splitlines()) == (
                0,
                [
                    f"{file}: reads address from address, name from name, frequency from frequency",
                    f"{file}: 2 good rows, 0 bad rows; {added}",
                    f"{file}: 1 not subscribed, because they unsubscribed before; "
                    "if they ask: `subscribers add ADDRESS --again`",
                ],
            )
            assert (
                f"warning: {file}: LAN@example.com is not subscribed to tin-sang: unsubscribed from all newsletters on "
                in done.err
            )
        room.good("send", "tin-sang", "--yes")
        assert ["hoa@example.com" in letter.read_text(encoding="utf-8") for letter in room.letters()] == [True]
        assert "They unsubscribed from all newsletters on " in room.good("why", "lan@example.com")

    def test_of_who_is_forgotten_no_table_holds_the_address(self, room: Room) -> None:
        room.good("send", "tin-sang", "--yes")
        store = room.store()
        with store.write() as connection:
            (row,) = queries.list_deliveries(connection, channel="mail", limit=1)
            bounce = Bounce(
                address="lan@example.com", type=BounceType.SOFT, at=NOW, text="lan@example.com is full",
                via="dsn", delivery_id=row.id, edition_id=row.edition,
            )  # fmt: skip
            record_bounces(connection, [bounce], NOW)
        store.close()
        assert "forgotten" in room.good("subscribers", "forget", "LAN@example.com", "--yes")
        store = room.store()
        with store.read() as connection:
            found = [
                (each.name, dict(one._mapping))
                for each in metadata.sorted_tables
                for one in connection.execute(sa.select(each))
                if "lan@example.com" in str(one).lower()
            ]
            (kept,) = queries.list_deliveries(connection, channel="mail", limit=1)
        store.close()
        assert found == []
        assert (kept.id, kept.state, kept.address) == (row.id, "sent", "")
        assert "(forgotten)" in room.good("deliveries", "--channel", "mail")
        assert "lan@example.com is not a subscriber" in room.run("subscribers", "forget", "lan@example.com", "-y").err
        file = room.folder / "people.csv"
        file.write_text("address,name\nlan@example.com,Lan\n", encoding="utf-8")
        assert "1 unsubscribed before" in room.good("subscribers", "import", "--consent", "form", str(file))
        refused = room.run("subscribers", "add", "lan@example.com")
        assert "lan@example.com is not subscribed to tin-sang: erased on" in refused.err
        assert "added" in room.good("subscribers", "add", "lan@example.com", "--again")

    def test_an_email_that_waits_for_who_is_forgotten_is_not_sent(self, room: Room) -> None:
        room.configure(("  mail: {type: email,", "  mail: {type: email, host: 127.0.0.1, port: 9, tls: none,"))
        assert room.run("send", "tin-sang", "--yes").code == 1
        room.good("subscribers", "forget", "lan@example.com", "--yes")
        room.configure(("  mail: {type: email, host: 127.0.0.1, port: 9, tls: none,", "  mail: {type: email,"))
        room.good("deliver")
        assert room.letters() == []
        assert room.run("deliveries", "--channel", "mail", "--json").json[0]["state"] == "suppressed"

    def test_staff_bring_back_one_who_asks_by_name_and_on_purpose_only(self, room: Room) -> None:
        room.good("subscribers", "unsubscribe", "lan@example.com")
        room.good("suppressions", "add", "lan@example.com", "--type", "complaint", "--reason", "spam")
        refused = room.run("subscribers", "add", "lan@example.com")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "is not subscribed to tin-sang: unsubscribed" in refused.err and "--again" in refused.err
        done = room.good("subscribers", "add", "lan@example.com", "--again")
        assert done == "updated: lan@example.com (tin-sang)\nno longer suppressed (was: complaint, spam)\n"
        assert "unchanged" in room.good("subscribers", "add", "lan@example.com")

    def test_who_is_suppressed_is_put_on_no_list_by_a_file(self, room: Room) -> None:
        room.good("suppressions", "add", "hoa@example.com", "--reason", "gọi điện")
        file = room.folder / "people.csv"
        file.write_text("address\nhoa@example.com\n", encoding="utf-8")
        done = room.run("subscribers", "import", "--consent", "form", str(file))
        assert "1 unsubscribed before" in done.out
        assert (
            "hoa@example.com is not subscribed to tin-sang: suppressed since" in done.err
            and "(staff: gọi điện)" in done.err
        )
        assert "hoa@example.com" not in room.good("subscribers", "list")


def test_an_update_says_what_is_stored_now(room: Room) -> None:
    room.good("subscribers", "add", "binh@example.com")
    said = room.good("subscribers", "update", "binh@example.com", "--topic", "Y tế", "--frequency", "daily")
    assert said.startswith("updated: binh@example.com: ")
    assert said.endswith(", topics Y tế, frequency daily\n")
