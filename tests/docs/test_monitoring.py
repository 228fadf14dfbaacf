"""docs/monitoring.md and what it offers: every metric named there exists, every alert says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from distributor.cli.log_events import EVENTS
from distributor.cli.main import main
from distributor.web.figures import METRICS

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "monitoring.md").read_text(encoding="utf-8")
SAMPLES = CHECKOUT / "samples" / "monitoring"
DASHBOARD = json.loads((SAMPLES / "grafana-dashboard.json").read_text(encoding="utf-8"))
ALERTS = [
    rule
    for group in yaml.safe_load((SAMPLES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
LABELS = {metric.name: metric.labels for metric in METRICS}
OF_PROMETHEUS = {"instance", "job"}


def metric_table() -> str:
    """The metrics as docs/monitoring.md shows them."""
    rows = [f"| `{one.name}` | {', '.join(one.labels)} | {one.help.removesuffix('.')} |" for one in METRICS]
    return "\n".join(["| metric | labels | is |", "| --- | --- | --- |", *rows])


def alert_table() -> str:
    """The alerts as docs/monitoring.md shows them."""
    rows = [f"| {one['alert']} | {one['labels']['severity']} | {one['annotations']['action']} |" for one in ALERTS]
    return "\n".join(["| alert | severity | what to do |", "| --- | --- | --- |", *rows])


def event_table() -> str:
    """The events of the log as docs/monitoring.md shows them."""
    rows = [f"| `{one.name}` | {one.meaning} | {', '.join(one.fields.split())} |" for one in EVENTS]
    return "\n".join(["| event | means | fields |", "| --- | --- | --- |", *rows])


def expressions() -> list[str]:
    found = [str(rule["expr"]) for rule in ALERTS]
    return found + [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_the_page_shows_every_metric_and_every_alert_as_they_are() -> None:
    assert metric_table() in PAGE
    assert alert_table() in PAGE


def test_the_page_shows_every_event_of_the_log() -> None:
    assert event_table() in PAGE


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_of_an_alert_or_a_panel_exists_and_has_its_labels(expression: str) -> None:
    named = re.findall(r"distributor_\w+", re.sub(r'"[^"]*"', '""', expression))
    assert set(named) <= set(LABELS)
    known = OF_PROMETHEUS.union(*(LABELS[name] for name in named))
    used = re.findall(r"[{,]\s*(\w+)\s*=", expression)
    for listed in re.findall(r"\bby \(([^)]*)\)", expression):
        used += [label.strip() for label in listed.split(",")]
    assert set(used) <= known


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    notes = rule["annotations"]
    assert notes["summary"] and notes["action"].endswith(".")
    named = re.findall(r"distributor_\w+", rule["expr"])
    known = OF_PROMETHEUS.union(*(LABELS[name] for name in named))
    assert set(re.findall(r"\$labels\.(\w+)", notes["summary"] + notes["action"])) <= known
    assert rule["labels"]["severity"] in ("page", "ticket")


@pytest.mark.parametrize("text", sorted(set(re.findall(r"`distributor ([^`]+)`", PAGE))))
def test_every_command_that_an_alert_names_exists(text: str) -> None:
    command: click.Command = main
    for word in text.split():
        if isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            assert found is not None, word
            command = found
        elif word.startswith("--"):
            assert any(word in parameter.opts for parameter in command.params), word


def test_the_dashboard_can_be_imported() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y)
        for one in places
        for x in range(one["x"], one["x"] + one["w"])
        for y in range(one["y"], one["y"] + one["h"])
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24
