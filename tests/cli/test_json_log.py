"""The log as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from distributor.cli import context
from distributor.cli.json_log import JsonLogFormatter
from distributor.cli.main import main
from support.newsroom import Room

FORMATTER = JsonLogFormatter(ZoneInfo("Asia/Ho_Chi_Minh"))


def line(text: str, *values: object, module: str = "gather_loop", function: str = "f", bug: Any = None) -> Any:
    """What is written for a line, read back."""
    record = logging.LogRecord(
        "distributor.service", logging.WARNING, f"/x/{module}.py", 1, text, values, bug, func=function
    )
    record.created = 1795400000.25
    written = FORMATTER.format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_line_has_its_event_and_its_values_by_name() -> None:
    assert line("source %s: %d new, %d changed", "cong", 3, 1) == {
        "time": "2026-11-23T09:13:20.250+07:00",
        "level": "warning",
        "event": "source_gathered",
        "logger": "distributor.service",
        "message": "source cong: 3 new, 1 changed",
        "fields": {"source": "cong", "new": 3, "changed": 1},
    }


def test_numbers_are_rounded_as_people_would() -> None:
    assert line("%s %d, %d bytes, %.0f ms%s", "GET /", 200, 9, 3.0000000006, "")["fields"]["milliseconds"] == 3.0


def test_a_line_of_a_library_is_other() -> None:
    assert line("something of %s", "a library", module="library")["event"] == "other"


def test_a_bug_brings_its_trace_on_the_same_line() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        found = line("%s", "failed", module="workers", function="report", bug=sys.exc_info())
    assert found["event"] == "step_failed"
    assert found["trace"].endswith("ValueError: no")


def test_control_characters_reach_no_terminal() -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "a\x1b[2J\x9b\u202e\nb", (), None)
    written = FORMATTER.format(record)
    assert written.isprintable()
    assert json.loads(written)["message"] == "a\x1b[2J\x9b\u202e\nb"


def test_the_option_makes_the_whole_log_json_and_processes_beside_the_service_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISTRIBUTOR_LOG_FORMAT", "text")
    app: list[context.CliContext] = []

    @click.command()
    @context.pass_cli_context
    def command(made: context.CliContext) -> None:
        app.append(made)
        context.warn("the\nconfiguration")

    monkeypatch.setattr("distributor.cli.main.LazyGroup.get_command", lambda *_: command)
    handlers = logging.getLogger().handlers[:]
    try:
        main.main(args=["-c", str(tmp_path / "config.yaml"), "--log-format", "json", "check"], standalone_mode=False)
    finally:
        logging.getLogger().handlers[:] = handlers
    said = json.loads(capsys.readouterr().err)
    assert (said["event"], said["message"]) == ("warning", "the\nconfiguration")
    assert app[0].log_format == "json"
    assert os.environ["DISTRIBUTOR_LOG_FORMAT"] == "json"


@pytest.mark.parametrize("arguments", [("send", "tin-sag"), ("sned",), ("plan",)])
def test_the_last_words_of_a_command_that_fails_are_json_too(
    room: Room, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DISTRIBUTOR_LOG_FORMAT", "json")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    has_bug = arguments == ("plan",)
    if has_bug:

        def fail(*_: object) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr("distributor.cli.context.CliContext.newsroom", property(fail))
    done = room.run(*arguments)
    said = [json.loads(line) for line in done.err.splitlines()]
    assert done.code == (1 if has_bug else 2)
    assert [(one["event"], one["level"]) for one in said] == [("command_failed", "error")]
    assert ("trace" in said[0]) == has_bug


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [(("--log-format", "json", "sned"), 2, "there is no command"), (("--log-format", "json", "plan"), 130, "stopped")],
)
def test_so_are_those_of_one_that_never_began_and_of_one_that_is_stopped(
    room: Room, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, words: str
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("DISTRIBUTOR_LOG_FORMAT", "text")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr("distributor.cli.context.CliContext.newsroom", property(stop))
    done = room.run(*arguments)
    assert (done.code, json.loads(done.err)["event"]) == (code, "command_failed")
    assert words in json.loads(done.err)["message"]


def test_there_is_no_nan_in_json() -> None:
    nan, endless = float("nan"), float("inf")
    for number in (nan, endless, -endless):
        assert line("%s ended with %s; another one is started", "web", number)["fields"]["status"] == str(number)
    shown = context.CliContext(Path("config.yaml"))._json({"a": nan, "b": [(endless, 1.5)], "c": {"d": -endless}})
    assert json.loads(shown, parse_constant=pytest.fail) == {"a": None, "b": [[None, 1.5]], "c": {"d": None}}
