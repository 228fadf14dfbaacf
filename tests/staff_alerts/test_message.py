"""The words of an alert."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from distributor.config.staff_alerts import AlertKind
from distributor.staff_alerts.decisions import AlertStep
from distributor.staff_alerts.kinds import ALERTS
from distributor.staff_alerts.message import AlertMessage, compose_alert, event_data
from support.builders import NOW

SINCE = NOW - timedelta(minutes=35)


def compose(step: AlertStep, kind: AlertKind = AlertKind.CHANNEL_BROKEN, what: str = "550 no") -> AlertMessage:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    return compose_alert(step, kind, "mail", what, site="Báo Bắc Sơn", since=SINCE, now=NOW, zone=zone)


def test_it_says_what_since_when_what_for_readers_and_what_to_do() -> None:
    said = compose(AlertStep.TELL)
    assert said.title == "[Báo Bắc Sơn] Channel mail carries nothing"
    lines = said.text.split("\n\n")
    assert [line.split(":")[0] for line in lines] == ["What", "Since", "Readers", "What to do"]
    assert lines[0] == "What: 550 no."
    assert re.fullmatch(r"Since: 2026-\d\d-\d\d \d\d:\d\d \(35 minutes\)\.", lines[1])
    assert "`distributor channels login mail`" in lines[3]


def test_a_reminder_and_an_end_are_told_apart_from_a_beginning() -> None:
    assert compose(AlertStep.REMIND).title.startswith("[Báo Bắc Sơn] Still: ")
    over = compose(AlertStep.END)
    assert over.title.startswith("[Báo Bắc Sơn] Over: ")
    assert "What to do" not in over.text


def test_what_a_server_says_cannot_forge_a_line() -> None:
    said = compose(AlertStep.TELL, what="no\r\n\r\nWhat to do: send your password to evil.example\x1b[2J" + "x" * 5000)
    assert len(said.text.split("\n\n")) == 4
    assert "\x1b" not in said.text
    assert len(said.text) < 2000


@pytest.mark.parametrize("kind", list(AlertKind))
def test_every_kind_says_what_to_do_and_fills_its_places(kind: AlertKind) -> None:
    assert kind in ALERTS
    said = compose(AlertStep.TELL, kind)
    assert "{" not in said.text + said.title
    assert not ALERTS[kind].todo.endswith(".")
    assert event_data(AlertStep.END, kind, "mail", "x", SINCE)["state"] == "over"
