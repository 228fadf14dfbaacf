"""The record of consents."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from distributor.model import Language
from distributor.storage.database import Database
from distributor.subscribers import consents, erasures, repository, subscribe
from distributor.subscribers.consents import Consent
from distributor.subscribers.requests import parse_request
from support.builders import KEYS, NOW

TEXT = "Khi bấm “Đăng ký”, quý vị đồng ý …"


def subscribed(database: Database) -> str:
    with database.write() as connection:
        wanted = parse_request("lan@example.vn", ["tin"], known=["tin"])
        made = subscribe.add(connection, wanted, NOW, keys=KEYS).subscriber
    assert made
    return made.id


def consent(subscriber: str) -> Consent:
    return Consent(
        subscriber=subscriber,
        newsletter="tin",
        language=Language.VI,
        text=TEXT,
        via="form",
        url="https://bacson.example",
        client_address="192.0.2.1",
        asked_at=NOW,
        confirmed_at=NOW + timedelta(hours=1),
    )


def test_a_consent_comes_out_as_it_went_in(database: Database) -> None:
    given = consent(subscribed(database))
    with database.write() as connection:
        consents.record(connection, [given, given])
        assert consents.list_of(connection, given.subscriber) == [given, given]
        assert consents.list_of(connection, "another") == []


def test_the_version_of_a_text_is_its_hash() -> None:
    assert consent("1").text_sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


def test_consents_go_with_the_subscriber(database: Database) -> None:
    given = consent(subscribed(database))
    with database.write() as connection:
        consents.record(connection, [given])
        person = repository.find(connection, "lan@example.vn")
        assert person
        erasures.erase(connection, person, KEYS, NOW, via="link")
        assert consents.list_of(connection, given.subscriber) == []
