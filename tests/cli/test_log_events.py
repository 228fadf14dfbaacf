"""The names of log lines: every line has one, and every name has one meaning."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import distributor
from distributor.cli.log_events import EVENTS, find_event

PACKAGE = Path(distributor.__file__).parent
METHODS = {"debug", "info", "warning", "error", "exception", "log"}
NOT_CALLED_AS_LOG = {"stats.__call__", "isolation._log_here"}  # through another name than `log`


def log_lines() -> list[tuple[str, str, str]]:
    """Of every call of `log`: the text before values stand in it, the module and the function."""

    def calls(node: ast.AST, function: str) -> Iterator[tuple[ast.Call, str]]:
        for child in ast.iter_child_nodes(node):
            inner = child.name if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else function
            match child:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=method)) if method in METHODS:
                    yield child, inner
            yield from calls(child, inner)

    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if "log." not in source:
            continue
        for call, function in calls(ast.parse(source), ""):
            assert isinstance(call.func, ast.Attribute)
            text = call.args[1 if call.func.attr == "log" else 0]
            assert isinstance(text, ast.Constant) and isinstance(text.value, str), f"{file}: write the text of the line"
            found.append((text.value, file.stem, function))
    return found


LINES = log_lines()


@pytest.mark.parametrize(("text", "module", "function"), LINES, ids=lambda one: str(one)[:40])
def test_every_log_line_has_an_event_with_a_name_for_each_of_its_values(text: str, module: str, function: str) -> None:
    event = find_event(text, module, function)
    assert event is not None, "add it to distributor/cli/log_events.py, and to docs/monitoring.md"
    assert len(event.fields.split()) == text.count("%")


def test_every_event_has_a_line_and_one_meaning() -> None:
    used = {event.name for line in LINES if (event := find_event(*line))}
    elsewhere = {event.name for event in EVENTS if NOT_CALLED_AS_LOG & set(event.lines)}
    assert {event.name for event in EVENTS} == used | elsewhere
    assert len({event.name for event in EVENTS}) == len({event.meaning for event in EVENTS}) == len(EVENTS)


def test_a_line_of_nothing_but_values_is_known_by_who_logs_it() -> None:
    repaired, other = find_event("%s", "clock", "ensure_clock"), find_event("%s", "clock", "elsewhere")
    assert (repaired.name if repaired else "", other) == ("clock_repaired", None)


def test_the_longest_beginning_decides() -> None:
    names = [event.name for line in ("%s failed: %s\n%s", "channel %s: still %s", "channel %s: %s; tried again later")
             if (event := find_event(line, "", ""))]  # fmt: skip
    assert names == ["api_bug", "channel_probed", "channel_failed"]
