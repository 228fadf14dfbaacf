"""`new` and `test` of sources: a file to start from, that keeps its promises as it stands, and never over another one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support.newsroom import Room


def test_a_new_source_is_written_with_a_test_and_says_what_is_next(room: Room) -> None:
    said = room.good("sources", "new", "tin_moi")
    assert "distributor sources test tin_moi" in said
    assert "type: tin_moi" in room.good("sources", "tin_moi")
    files = [room.folder / "sources" / "tin_moi.py", room.folder / "tests" / "test_source_tin_moi.py"]
    before = [file.read_text(encoding="utf-8") for file in files]
    again = room.run("sources", "new", "tin_moi")
    assert (again.code, "exists already: nothing was changed" in again.err) == (2, True)
    assert [file.read_text(encoding="utf-8") for file in files] == before


@pytest.mark.parametrize("name", ["feed", "test", "Tin", "1", "class", "../x", ""])
def test_a_name_that_no_type_can_have_is_refused(room: Room, name: str) -> None:
    done = room.run("sources", "new", name)
    assert done.code == 2
    assert not (room.folder / "sources").exists()


def test_the_written_test_runs_by_itself(room: Room) -> None:
    room.good("sources", "new", "tin_moi")
    command = [sys.executable, "tests/test_source_tin_moi.py"]
    done = subprocess.run(command, cwd=room.folder, capture_output=True, text=True, timeout=200, check=False)
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr


def test_a_broken_promise_is_told_and_ends_with_1(room: Room) -> None:
    room.good("sources", "new", "tin_moi")
    file = room.folder / "sources" / "tin_moi.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("return read_json_list", "return 1 / 0").replace("read_json_list(document)", "[][1]"))
    done = room.run("sources", "test", "tin_moi")
    assert done.code == 1
    assert (
        "failed  it reads its samples, without a fault: it failed with IndexError: list index out of range" in done.out
    )
    found = {one["promise"]: one["kept"] for one in room.run("sources", "test", "tin_moi", "--json").json}
    assert found["it reads its samples, without a fault"] is False
    assert found["a server that refuses: SourceError"] is True


def test_a_source_of_config_yaml_is_tried_with_its_settings(room: Room) -> None:
    done = room.run("sources", "test", "bai-viet")
    assert (done.code, "0 broken" in done.out) == (0, True)
    missing = room.run("sources", "test", "bai-vet")
    assert (missing.code, "did you mean 'bai-viet'?" in missing.err) == (2, True)
