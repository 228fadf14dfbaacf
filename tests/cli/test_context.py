"""What every command shares: times in the newsroom's zone, whatever the zone of the machine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from distributor.cli.context import stopped_by_sigterm
from distributor.permissions import PRIVATE, atomic_writer
from support.newsroom import Room

ABROAD = {"TZ": "America/New_York"}
HANOI = timedelta(hours=7)


def say_abroad(room: Room, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, on a machine in another zone than the newsroom."""
    command = [sys.executable, "-m", "distributor", "-c", str(room.folder / "config.yaml"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=ABROAD, cwd=room.folder)


def test_log_lines_begin_with_the_time_in_the_newsrooms_zone_and_its_offset(room: Room) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    lines = [
        line for line in say_abroad(room, "-v", "send", "tin-sang", "--yes").stderr.splitlines() if " INFO " in line
    ]
    assert lines
    for line in lines:
        moment = datetime.fromisoformat(line.split()[0])
        assert (len(line.split()[0]), moment.utcoffset()) == (25, HANOI)
        assert before <= moment <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("command", "key"), [("editions", "frozen_at"), ("deliveries", "updated"), ("articles", "published")]
)
def test_times_in_json_are_in_the_newsrooms_zone(room: Room, command: str, key: str) -> None:
    room.good("send", "tin-sang", "--yes")
    for row in json.loads(say_abroad(room, command, "--json").stdout):
        assert datetime.fromisoformat(row[key]).utcoffset() == HANOI


def test_before_config_yaml_is_read_the_log_has_the_machines_offset(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from distributor.cli.context import CliContext; import logging;"
        "CliContext(Path('config.yaml')); logging.getLogger('distributor').warning('early')"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "Asia/Kolkata"},
        cwd=tmp_path,
    )
    assert datetime.fromisoformat(said.stderr.split()[0]).utcoffset() == timedelta(hours=5, minutes=30)


def test_sigterm_ends_a_command_as_ctrl_c_does_and_nothing_is_left_of_what_it_began(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stopped_by_sigterm(), atomic_writer(tmp_path / "a", PRIVATE) as out:
        out.write(b"half")
        signal.raise_signal(signal.SIGTERM)
    assert (list(tmp_path.iterdir()), signal.getsignal(signal.SIGTERM)) == ([], before)
