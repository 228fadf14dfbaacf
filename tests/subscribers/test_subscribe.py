"""Subscribers, their signed links, and lists as CSV."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.bounces import suppressions
from distributor.model import BounceType, Frequency, Suppression
from distributor.storage.database import Database
from distributor.subscribers import repository as subscriber_repository
from distributor.subscribers import subscribe
from distributor.subscribers.requests import parse_request
from distributor.subscribers.subscribe import SubscribeResult, SubscriptionChange
from support.builders import KEYS, NOW

KNOWN = ("tin-sang", "kinh-te")


class TestLeaving:
    """Whoever has left comes back by their own wish, or by staff who name them, and by nothing else."""

    both = ("tin-sang", "kinh-te")

    def join(self, database: Database, address: str, *newsletters: str) -> SubscribeResult:
        with database.write() as connection:
            return subscribe.add(
                connection, parse_request(address, newsletters or self.both, known=KNOWN), NOW, keys=KEYS
            )

    def leave(self, database: Database, address: str, newsletter: str | None = None) -> None:
        with database.write() as connection:
            person = subscriber_repository.find(connection, address)
            assert person
            subscriber_repository.unsubscribe(connection, person, newsletter, now=NOW, via="link")

    def lists(self, database: Database, address: str) -> tuple[str, ...]:
        with database.read() as connection:
            person = subscriber_repository.find(connection, address)
        return person.newsletters if person else ()

    @pytest.mark.parametrize("written", ["lan@bücher.example", "LAN@BÜCHER.EXAMPLE", "Lan <Lan@xn--bcher-kva.Example>"])
    def test_who_has_left_stays_off_however_the_address_is_written(self, written: str, database: Database) -> None:
        self.join(database, "lan@bücher.example")
        self.leave(database, "lan@bücher.example")
        made = self.join(database, written)
        assert (made.change, list(made.blocked_by)) == (SubscriptionChange.KEPT_OFF, ["tin-sang", "kinh-te"])
        assert made.blocked_by["tin-sang"].via == "link"
        assert self.lists(database, "lan@bücher.example") == ()

    def test_dots_and_tags_make_another_address_as_everywhere(self, database: Database) -> None:
        self.join(database, "la.n@example.com")
        self.leave(database, "la.n@example.com")
        assert self.join(database, "lan@example.com").change is SubscriptionChange.ADDED
        assert self.join(database, "la.n+tin@example.com").change is SubscriptionChange.ADDED

    def test_who_has_left_one_newsletter_may_be_put_on_another(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com", "tin-sang")
        made = self.join(database, "lan@example.com")
        assert (made.change, list(made.blocked_by)) == (SubscriptionChange.UPDATED, ["tin-sang"])
        assert self.lists(database, "lan@example.com") == ("kinh-te",)

    def test_who_has_left_everything_stays_off_newsletters_that_come_later(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com")
        assert self.join(database, "lan@example.com", "kinh-te").change is SubscriptionChange.KEPT_OFF

    def test_nothing_else_of_who_stays_off_is_changed(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com")
        wanted = parse_request(
            "lan@example.com", ["tin-sang"], known=KNOWN, name="Lan", topics=["Y tế"], frequency="weekly"
        )
        with database.write() as connection:
            before = subscriber_repository.find(connection, "lan@example.com")
            assert subscribe.add(connection, wanted, NOW, keys=KEYS).subscriber == before
            assert subscriber_repository.find(connection, "lan@example.com") == before

    def test_a_choice_changed_afterwards_puts_nobody_back(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com")
        with database.write() as connection:
            person = subscriber_repository.find(connection, "lan@example.com")
            assert person
            subscriber_repository.update(
                connection, [(person, person._replace(frequency=Frequency.WEEKLY, topics=("Y tế",)))], NOW
            )
        assert self.lists(database, "lan@example.com") == ()

    def test_leaving_what_one_was_not_on_counts_as_well(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com", "kinh-te")
        assert list(self.join(database, "lan@example.com").blocked_by) == ["kinh-te"]
        assert self.lists(database, "lan@example.com") == ("tin-sang",)

    @pytest.mark.parametrize(
        "tier", [BounceType.COMPLAINT, BounceType.STAFF, BounceType.UNSUBSCRIBED, BounceType.IMPORT, BounceType.HARD]
    )
    def test_who_is_suppressed_for_good_is_put_on_no_list(self, tier: BounceType, database: Database) -> None:
        one = Suppression(address="lan@example.com", type=tier, reason="x", since=NOW)
        with database.write() as connection:
            suppressions.suppress(connection, one)
        made = self.join(database, "LAN@example.com")
        assert (made.subscriber, made.change, made.blocked_by["tin-sang"].via) == (
            None,
            SubscriptionChange.KEPT_OFF,
            tier,
        )

    def test_who_is_on_a_list_and_suppressed_for_good_is_told_and_not_called_unchanged(
        self, database: Database
    ) -> None:
        """Nothing is sent to them: "unchanged" would be taken for "gets it"."""
        self.join(database, "lan@example.com", "tin-sang")
        one = Suppression(address="lan@example.com", type=BounceType.COMPLAINT, reason="spam", since=NOW)
        with database.write() as connection:
            suppressions.suppress(connection, one)
        made = self.join(database, "lan@example.com", "tin-sang")
        assert (made.change, made.blocked_by["tin-sang"].via) == (SubscriptionChange.KEPT_OFF, BounceType.COMPLAINT)
        assert self.lists(database, "lan@example.com") == ("tin-sang",)

    def test_a_mailbox_that_is_full_for_now_is_no_wish_to_leave(self, database: Database) -> None:
        one = Suppression(
            address="lan@example.com", type=BounceType.SOFT, reason="x", since=NOW, until=NOW + timedelta(30)
        )
        with database.write() as connection:
            suppressions.suppress(connection, one)
        assert self.join(database, "lan@example.com").change is SubscriptionChange.ADDED

    def test_who_asks_to_come_back_comes_back_to_that_and_stays_off_the_rest(self, database: Database) -> None:
        self.join(database, "lan@example.com")
        self.leave(database, "lan@example.com")
        with database.write() as connection:
            suppressions.suppress(
                connection, Suppression(address="lan@example.com", type=BounceType.COMPLAINT, reason="spam", since=NOW)
            )
            wanted = parse_request("Lan@example.com", ["tin-sang"], known=KNOWN)
            made, lifted = subscribe.resubscribe(connection, wanted, NOW, keys=KEYS)
            assert suppressions.find_suppression(connection, "lan@example.com") is None
        assert (made.change, made.blocked_by, lifted and lifted.type) == (
            SubscriptionChange.UPDATED,
            {},
            BounceType.COMPLAINT,
        )
        again = self.join(database, "lan@example.com")
        assert (again.change, list(again.blocked_by)) == (SubscriptionChange.UNCHANGED, ["kinh-te"])
        assert self.lists(database, "lan@example.com") == ("tin-sang",)

    def test_leaving_again_after_coming_back_counts_again(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        for _ in range(2):
            self.leave(database, "lan@example.com", "tin-sang")
            assert self.join(database, "lan@example.com", "tin-sang").change is SubscriptionChange.KEPT_OFF
            with database.write() as connection:
                subscribe.resubscribe(
                    connection, parse_request("lan@example.com", ["tin-sang"], known=KNOWN), NOW, keys=KEYS
                )
            assert self.lists(database, "lan@example.com") == ("tin-sang",)

    def test_thousands_are_told_apart(self, database: Database) -> None:
        with database.write() as connection:
            wanted = [parse_request(f"s{number}@example.com", ["tin-sang"], known=KNOWN) for number in range(2500)]
            subscribe.add_all(connection, wanted, NOW, keys=KEYS)
            people = subscriber_repository.find_by_keys(connection, [one.key for one in wanted[::5]])
            for one in people.values():
                subscriber_repository.unsubscribe(connection, one, now=NOW, via="staff")
            made = subscribe.add_all(connection, wanted, NOW, keys=KEYS)
        assert [one.change is SubscriptionChange.KEPT_OFF for one in made] == [
            number % 5 == 0 for number in range(2500)
        ]
