"""`distributor subscribers import` with the lists of other systems."""

from __future__ import annotations

import resource

from subscribers.csv.subscriber_lists import windows_1258
from support.newsroom import Room


class TestCommand:
    def test_who_has_left_elsewhere_is_counted_and_comes_with_no_later_list(self, room: Room) -> None:
        first, later = room.folder / "mc.csv", room.folder / "later.csv"
        first.write_text(
            "Email Address,First Name,Status\nlan@example.com,Lan,cleaned\nb@x.vn,B,Unsubscribed\nc@x.vn,C,pending\n"
            "d@x.vn,D,subscribed\n",
            encoding="utf-8",
        )
        done = room.run("subscribers", "import", "--consent", "form", str(first))
        assert (done.code, done.err) == (0, "")
        assert "1 suppressed because of the list, 1 unsubscribed in the list, " in done.out
        assert "1 unconfirmed in the list, 1 added" in done.out
        later.write_text("email\nb@x.vn\nlan@example.com\nc@x.vn\n", encoding="utf-8")
        assert (
            "2 unsubscribed before, 1 added" in room.run("subscribers", "import", "--consent", "form", str(later)).out
        )
        on = {one["address"] for one in room.run("subscribers", "list", "tin-sang", "--json").json}
        assert on == {"c@x.vn", "d@x.vn", "lan@example.com"}, "Lan's address has bounced: suppressed, not unsubscribed"

    def test_columns_that_matter_to_nobody_are_named_once(self, room: Room) -> None:
        file = room.folder / "mc.csv"
        file.write_text("Email Address,TIMEZONE,TAGS\nb@x.vn,Asia/Saigon,\n", encoding="utf-8")
        said = room.good("subscribers", "import", "--consent", "form", str(file)).splitlines()
        assert said == [
            f"{file}: reads address from Email Address",
            f"{file}: skips 2 columns: TIMEZONE, TAGS",
            f"{file}: 1 good row, 0 bad rows; 1 added",
        ]

    def test_an_encoding_can_be_named_and_a_guess_is_told(self, room: Room) -> None:
        file = room.folder / "old.csv"
        file.write_bytes(windows_1258("address,name\nb@x.vn,Nguyễn Hưởng\n"))
        assert "read as windows-1258; if letters look wrong" in room.good(
            "subscribers", "import", "--consent", "form", str(file)
        )
        file.write_bytes("address,name\nc@x.vn,Żółć\n".encode("iso-8859-2"))
        room.good("subscribers", "import", "--consent", "form", str(file), "--encoding", "iso-8859-2")
        names = {one["address"]: one["name"] for one in room.run("subscribers", "list", "--json").json}
        assert (names["b@x.vn"], names["c@x.vn"]) == ("Nguyễn Hưởng", "Żółć")
        refused = room.run("subscribers", "import", "--consent", "form", str(file), "--encoding", "klingon")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)

    def test_a_line_that_never_ends_takes_no_memory(self, room: Room) -> None:
        file = room.folder / "long.csv"
        with file.open("wb") as out:
            out.write(b"address,name\na@x.vn,A\n")
            out.seek(300_000_000, 1)  # NULs, none of them on the disk
            out.write(b"\nb@x.vn,B\n")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = room.run("subscribers", "import", "--consent", "form", str(file))
        assert (done.code, "2 good rows, 1 bad row" in done.out) == (1, True)
        assert f"{file}:3: is longer than" in done.err
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes
