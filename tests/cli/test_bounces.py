"""`distributor bounces`: reports of providers that were set aside, shown and tried again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from distributor.bounces import provider_events
from distributor.cli.main import main
from support.clocked_newsroom import Line


@pytest.fixture
def line(tmp_path: Path) -> Line:
    made = Line(tmp_path)
    with made.store.write() as connection:
        for number, body in enumerate((b"{", b"\x1b[31m")):
            provider_events.store(connection, "brevo", f"key-{number}", {}, body, made.now)
        for event in provider_events.list_waiting(connection, made.now, 10):
            provider_events.set_aside(connection, event.id, f"no JSON: {event.body.decode()}", made.now)
    return made


def run(line: Line, *arguments: str) -> str:
    line.close()
    result = CliRunner().invoke(main, ["-c", str(line.folder / "config.yaml"), "bounces", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_was_set_aside_is_shown_with_its_reason(line: Line) -> None:
    shown = run(line, "--set-aside")
    assert "brevo" in shown and "no JSON" in shown and "\x1b" not in shown
    rows = json.loads(run(line, "--set-aside", "--json"))
    assert [row["provider"] for row in rows] == ["brevo", "brevo"]


def test_it_can_be_tried_again(line: Line) -> None:
    assert "2 reports are tried again" in run(line, "--retry")
    assert "No report of a provider was set aside." in run(line, "--set-aside")
