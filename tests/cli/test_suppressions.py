"""Bounces become suppressions: at once, after a while, or never; and staff see and change the list."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor.storage.database import Database
from distributor.storage.tables import bounces
from support.bounce_cases import LAN
from support.newsroom import Room


def written(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(bounces)).scalar() or 0


# -- the command -------------------------------------------------------------------------------------------------------


def test_staff_add_see_and_lift_a_suppression(room: Room) -> None:
    assert room.good("suppressions", "list") == "No address is suppressed.\n"
    assert room.good("suppressions", "add", "LAN@example.com", "--reason", "hết hợp đồng") == f"{LAN}: suppressed\n"
    assert "is already suppressed: staff, hết hợp đồng" in room.good("suppressions", "add", LAN)
    (found,) = room.run("suppressions", "list", "--json").json
    assert (found["address"], found["type"], found["reason"]) == (LAN, "staff", "hết hợp đồng")
    said = room.good("why", LAN)
    assert "The address must not be written to since " in said and ": hết hợp đồng." in said
    assert room.good("suppressions", "list", "--type", "hard") == "No address is suppressed with this type.\n"
    assert "no longer suppressed (was: staff, hết hợp đồng)" in room.good("suppressions", "remove", LAN)
    done = room.run("suppressions", "remove", LAN)
    assert (done.code, done.err) == (2, f"error: {LAN} is not suppressed\n")


def test_who_has_complained_is_written_to_again_only_on_purpose(room: Room) -> None:
    room.good("suppressions", "add", LAN, "--type", "complaint")
    done = room.run("suppressions", "remove", LAN)
    assert done.code == 2
    assert "has complained about spam" in done.err and "--complained" in done.err
    room.good("suppressions", "remove", LAN, "--complained")
    assert room.good("suppressions", "list") == "No address is suppressed.\n"


def test_a_file_goes_in_and_comes_out(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("address,reason,type\na@example.com,=cmd,hard\nno address,,\nb@example.com,,\n", encoding="utf-8")
    dry = room.run("suppressions", "import", str(file), "--dry-run")
    assert (dry.code, dry.out) == (1, f"{file}: 2 good rows, 1 bad row; dry run\n")
    assert room.good("suppressions", "list") == "No address is suppressed.\n"
    done = room.run("suppressions", "import", str(file))
    assert (done.code, done.out) == (1, f"{file}: 2 good rows, 1 bad row; 2 suppressed\n")
    assert done.err.startswith(f"warning: {file}:3: ")
    assert "2 suppressed already" in room.run("suppressions", "import", str(file)).out
    out = tmp_path / "out.csv"
    assert room.good("suppressions", "export", "-o", str(out)) == f"{out}: 2 addresses\n"
    assert "a@example.com,'=cmd,hard," in out.read_text(encoding="utf-8")
    assert "1 more; --limit 2 or --json shows all 2" in room.good("suppressions", "list", "--limit", "1")


@pytest.mark.parametrize(
    "arguments",
    [("add", "lan"), ("remove", "lan"), ("import", "/nonexistent.csv"), ("export", "-o", "/nonexistent/x.csv")],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: tuple[str, ...], room: Room) -> None:
    done = room.run("suppressions", *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1 and done.err.startswith("error: ")
