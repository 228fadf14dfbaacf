"""docs/alerts.md shows every alert and every setting as they are."""

from __future__ import annotations

from pathlib import Path

from distributor.config.staff_alerts import StaffAlerts
from distributor.config.types import show_duration
from distributor.staff_alerts.kinds import ALERTS

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")


def alert_table() -> str:
    """The alerts as docs/alerts.md shows them."""
    rows = [
        f"| `{kind}` | {show_duration(one.wait) if one.wait else 'at once'} | {one.title.format(subject='…')} "
        f"| {one.readers} | {one.todo.format(subject='…')} |"
        for kind, one in ALERTS.items()
    ]
    heading = "| alert | after | says | readers | what to do |\n| --- | --- | --- | --- | --- |"
    return "\n".join([heading, *rows])


def test_the_page_shows_every_alert() -> None:
    assert alert_table() in PAGE


def test_the_page_shows_every_setting() -> None:
    for name in StaffAlerts.model_fields:
        assert f"\n| `{name}` | " in PAGE
