""" "Send me my link": one email to whoever is known, at most."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from distributor.bounces import suppressions
from distributor.model import BounceType, Suppression
from distributor.pipeline.own_link import send_own_link
from distributor.storage.web_tables import outbox
from distributor.subscribers.tokens import Purpose, read
from support.clocked_newsroom import Line


def ask(line: Line, address: str = "lan@example.com", network: str = "192.0.2.1") -> list[sa.Row[Any]]:
    with line.store.write() as connection:
        send_own_link(line.newsroom, connection, address, network, line.now)
        return list(connection.execute(sa.select(outbox)))


def test_a_subscriber_gets_the_link_to_their_preferences(line: Line) -> None:
    line.subscribe("lan")
    (email,) = ask(line, "LAN@Example.com")
    url = json.loads(email.body)["values"]["link_url"]
    claim = read(line.newsroom.secrets(), url.rpartition("/p/")[2], Purpose.PREFERENCES)
    assert claim.subject == email.recipient
    assert email.address == "lan@example.com"


def test_nobody_else_gets_anything(line: Line) -> None:
    line.subscribe("lan")
    assert ask(line, "mai@example.com") == []


def test_asking_often_makes_one_email_an_hour_and_three_a_day(line: Line) -> None:
    line.subscribe("lan")
    for _ in range(20):
        found = ask(line)
    assert len(found) == 1
    for _ in range(10):
        line.now += timedelta(hours=2)
        found = ask(line)
    assert len(found) == 3


def test_a_network_cannot_write_to_everybody(line: Line) -> None:
    for number in range(70):
        line.subscribe(f"a{number}")
    for number in range(70):
        found = ask(line, f"a{number}@example.com")
    assert len(found) == 60


def test_a_mailbox_that_does_not_exist_gets_nothing(line: Line) -> None:
    line.subscribe("lan")
    gone = Suppression(address="lan@example.com", type=BounceType.HARD, reason="", since=line.now)
    with line.store.write() as connection:
        suppressions.suppress(connection, gone)
    assert ask(line) == []
