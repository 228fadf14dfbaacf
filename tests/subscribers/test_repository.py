"""Subscribers, their signed links, and lists as CSV."""

from __future__ import annotations

from typing import Any

import pytest

from distributor.model import Language, Subscriber
from distributor.storage.database import Database
from distributor.subscribers import repository as subscriber_repository
from distributor.subscribers import subscribe
from distributor.subscribers.requests import parse_request
from distributor.subscribers.subscribe import SubscriptionChange
from support.builders import KEYS, NOW

KNOWN = ("tin-sang", "kinh-te")


class TestRegister:
    def add(
        self, database: Database, address: str, *newsletters: str, **more: Any
    ) -> tuple[Subscriber, SubscriptionChange]:
        wanted = parse_request(address, newsletters or ("tin-sang",), known=KNOWN, **more)
        with database.write() as connection:
            person, change, _ = subscribe.add(connection, wanted, NOW, keys=KEYS)
        assert person
        return person, change

    def test_one_person_is_one_however_the_address_is_written(self, database: Database) -> None:
        first, change = self.add(database, "Lan <lan@Example.com>")
        again, repeated = self.add(database, "LAN@example.COM")
        assert (change, repeated, first.id) == (SubscriptionChange.ADDED, SubscriptionChange.UNCHANGED, again.id)
        assert again.name == "Lan"

    def test_asking_for_another_newsletter_keeps_the_first(self, database: Database) -> None:
        self.add(database, "lan@example.com")
        person, change = self.add(database, "lan@example.com", "kinh-te")
        assert (change, sorted(person.newsletters)) == (SubscriptionChange.UPDATED, ["kinh-te", "tin-sang"])

    def test_who_leaves_stays_known_but_on_no_list(self, database: Database) -> None:
        person, _ = self.add(database, "lan@example.com", "tin-sang", "kinh-te")
        with database.write() as connection:
            assert subscriber_repository.unsubscribe(connection, person, "tin-sang", now=NOW, via="staff") == 1
            assert subscriber_repository.unsubscribe(connection, person, now=NOW, via="staff") == 1
            found = subscriber_repository.find(connection, "lan@example.com")
        assert found is not None
        assert (found.active, found.newsletters) == (False, ())

    def test_all_are_listed_whatever_the_batch(self, database: Database) -> None:
        for number in range(7):
            self.add(database, f"s{number}@example.com", *(["kinh-te"] if number % 2 else ["tin-sang"]))
        with database.read() as connection:
            assert len(list(subscriber_repository.list_subscribers(connection, batch=3))) == 7
            assert len(list(subscriber_repository.list_subscribers(connection, "kinh-te", batch=2))) == 3

    def test_thousands_come_in_together_and_each_keeps_what_is_not_named(self, database: Database) -> None:
        old, _ = self.add(database, "lan@example.com", "kinh-te", name="Lan", language="en", topics=["Y tế"])
        same, _ = self.add(database, "mai@example.com", name="Mai")
        addresses = ["LAN@example.com", "mai@example.com", *(f"s{number}@example.com" for number in range(2500))]
        wanted = [
            parse_request(address, ["tin-sang"], known=KNOWN, topics=["Kinh tế"] if number % 2 else [])
            for number, address in enumerate(addresses)
        ]
        wanted[1] = parse_request("mai@example.com", ["tin-sang"], known=KNOWN)
        with database.write() as connection:
            made = subscribe.add_all(connection, wanted, NOW, keys=KEYS)
            found = {person.address: person for person in subscriber_repository.list_subscribers(connection)}
        assert [one.change for one in made[:3]] == [
            SubscriptionChange.UPDATED,
            SubscriptionChange.UNCHANGED,
            SubscriptionChange.ADDED,
        ]
        lan = found["lan@example.com"]
        assert (lan.id, lan.name, lan.language, lan.topics) == (old.id, "Lan", Language.EN, ("Y tế",))
        assert lan.newsletters == ("kinh-te", "tin-sang")
        assert found["mai@example.com"] == same
        assert len(found) == 2502
        assert found["s1@example.com"].topics == ("Kinh tế",)

    @pytest.mark.parametrize(
        ("address", "newsletters", "language", "reason"),
        [
            ("lan", ("tin-sang",), "", "@"),
            ("lan@example.com", ("tin-toi",), "", "newsletter 'tin-toi' is not known; there are: tin-sang, kinh-te"),
            ("lan@example.com", (), "", "no newsletter is named"),
            ("lan@example.com", ("tin-sang",), "fr", "language 'fr' is not known; there are: vi, en"),
            ("lan@example.com\nBcc: x@y.z", ("tin-sang",), "", "line ends or control characters"),
        ],
    )
    def test_what_cannot_be_is_refused_in_words(
        self, address: str, newsletters: tuple[str, ...], language: str, reason: str
    ) -> None:
        with pytest.raises(ValueError, match=reason):
            parse_request(address, newsletters, known=KNOWN, language=language)
