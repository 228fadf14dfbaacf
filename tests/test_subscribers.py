"""Subscribers, their signed links, and lists as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, edition
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery import suppression
from distributor.model import Frequency, Language, Subscriber, Suppression, Tier
from distributor.storage.database import Database
from distributor.subscribers import enrolment, register
from distributor.subscribers.application import Application, Choice, application
from distributor.subscribers.enrolment import Change, Enrolled
from distributor.subscribers.exchange import SubscriberList, write_csv
from distributor.subscribers.listfile import BadRow
from distributor.subscribers.mailing import recipient
from distributor.subscribers.tokens import BadToken, Claim, read, sign
from distributor.text import clean_line

KNOWN = ("tin-sang", "kinh-te")
SECRET = b"0123456789abcdef"


def rows(text: str, newsletters: tuple[str, ...] = ()) -> list[Application | BadRow]:
    return list(SubscriberList(io.StringIO(text, newline=""), known=KNOWN, newsletters=newsletters))


class TestRegister:
    def add(self, database: Database, address: str, *newsletters: str, **more: Any) -> tuple[Subscriber, Change]:
        wanted = application(address, newsletters or ("tin-sang",), known=KNOWN, **more)
        with database.write() as connection:
            person, change, _ = enrolment.add(connection, wanted, NOW)
        assert person
        return person, change

    def test_one_person_is_one_however_the_address_is_written(self, database: Database) -> None:
        first, change = self.add(database, "Lan <lan@Example.com>")
        again, repeated = self.add(database, "LAN@example.COM")
        assert (change, repeated, first.id) == (Change.ADDED, Change.UNCHANGED, again.id)
        assert again.name == "Lan"

    def test_asking_for_another_newsletter_keeps_the_first(self, database: Database) -> None:
        self.add(database, "lan@example.com")
        person, change = self.add(database, "lan@example.com", "kinh-te")
        assert (change, person.newsletters) == (Change.UPDATED, ("tin-sang", "kinh-te"))

    def test_who_leaves_stays_known_but_on_no_list(self, database: Database) -> None:
        person, _ = self.add(database, "lan@example.com", "tin-sang", "kinh-te")
        with database.write() as connection:
            assert register.leave(connection, person, "tin-sang", now=NOW, via="staff") == 1
            assert register.leave(connection, person, now=NOW, via="staff") == 1
            found = register.find(connection, "lan@example.com")
        assert found is not None
        assert (found.active, found.newsletters) == (False, ())

    def test_all_are_listed_whatever_the_batch(self, database: Database) -> None:
        for number in range(7):
            self.add(database, f"s{number}@example.com", *(["kinh-te"] if number % 2 else ["tin-sang"]))
        with database.read() as connection:
            assert len(list(register.each(connection, batch=3))) == 7
            assert len(list(register.each(connection, "kinh-te", batch=2))) == 3

    def test_thousands_come_in_together_and_each_keeps_what_is_not_named(self, database: Database) -> None:
        old, _ = self.add(database, "lan@example.com", "kinh-te", name="Lan", language="en", topics=["Y tế"])
        same, _ = self.add(database, "mai@example.com", name="Mai")
        addresses = ["LAN@example.com", "mai@example.com", *(f"s{number}@example.com" for number in range(2500))]
        wanted = [
            application(address, ["tin-sang"], known=KNOWN, topics=["Kinh tế"] if number % 2 else [])
            for number, address in enumerate(addresses)
        ]
        wanted[1] = application("mai@example.com", ["tin-sang"], known=KNOWN)
        with database.write() as connection:
            made = enrolment.add_all(connection, wanted, NOW)
            found = {person.address: person for person in register.each(connection)}
        assert [one.change for one in made[:3]] == [Change.UPDATED, Change.UNCHANGED, Change.ADDED]
        lan = found["lan@example.com"]
        assert (lan.id, lan.name, lan.language, lan.topics) == (old.id, "Lan", Language.EN, ("Y tế",))
        assert lan.newsletters == ("kinh-te", "tin-sang")
        assert found["mai@example.com"] == same
        assert len(found) == 2502
        assert found["s1@example.com"] == next(
            one.subscriber for one in made if one.subscriber and one.subscriber.address == "s1@example.com"
        )
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
            application(address, newsletters, known=KNOWN, language=language)


class TestLeaving:
    """Whoever has left comes back by their own wish, or by staff who name them, and by nothing else."""

    both = ("tin-sang", "kinh-te")

    def join(self, database: Database, address: str, *newsletters: str) -> Enrolled:
        with database.write() as connection:
            return enrolment.add(connection, application(address, newsletters or self.both, known=KNOWN), NOW)

    def leave(self, database: Database, address: str, newsletter: str | None = None) -> None:
        with database.write() as connection:
            person = register.find(connection, address)
            assert person
            register.leave(connection, person, newsletter, now=NOW, via="link")

    def lists(self, database: Database, address: str) -> tuple[str, ...]:
        with database.read() as connection:
            person = register.find(connection, address)
        return person.newsletters if person else ()

    @pytest.mark.parametrize("written", ["lan@bücher.example", "LAN@BÜCHER.EXAMPLE", "Lan <Lan@xn--bcher-kva.Example>"])
    def test_who_has_left_stays_off_however_the_address_is_written(self, written: str, database: Database) -> None:
        self.join(database, "lan@bücher.example")
        self.leave(database, "lan@bücher.example")
        made = self.join(database, written)
        assert (made.change, list(made.kept_off)) == (Change.KEPT_OFF, ["tin-sang", "kinh-te"])
        assert made.kept_off["tin-sang"].via == "link"
        assert self.lists(database, "lan@bücher.example") == ()

    def test_dots_and_tags_make_another_address_as_everywhere(self, database: Database) -> None:
        self.join(database, "la.n@example.com")
        self.leave(database, "la.n@example.com")
        assert self.join(database, "lan@example.com").change is Change.ADDED
        assert self.join(database, "la.n+tin@example.com").change is Change.ADDED

    def test_who_has_left_one_newsletter_may_be_put_on_another(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com", "tin-sang")
        made = self.join(database, "lan@example.com")
        assert (made.change, list(made.kept_off)) == (Change.UPDATED, ["tin-sang"])
        assert self.lists(database, "lan@example.com") == ("kinh-te",)

    def test_who_has_left_everything_stays_off_newsletters_that_come_later(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com")
        assert self.join(database, "lan@example.com", "kinh-te").change is Change.KEPT_OFF

    def test_nothing_else_of_who_stays_off_is_changed(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com")
        wanted = application(
            "lan@example.com", ["tin-sang"], known=KNOWN, name="Lan", topics=["Y tế"], frequency="weekly"
        )
        with database.write() as connection:
            before = register.find(connection, "lan@example.com")
            assert enrolment.add(connection, wanted, NOW).subscriber == before
            assert register.find(connection, "lan@example.com") == before

    def test_a_choice_changed_afterwards_puts_nobody_back(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com")
        with database.write() as connection:
            person = register.find(connection, "lan@example.com")
            assert person
            register.change(connection, [(person, replace(person, frequency=Frequency.WEEKLY, topics=("Y tế",)))], NOW)
        assert self.lists(database, "lan@example.com") == ()

    def test_leaving_what_one_was_not_on_counts_as_well(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        self.leave(database, "lan@example.com", "kinh-te")
        assert list(self.join(database, "lan@example.com").kept_off) == ["kinh-te"]
        assert self.lists(database, "lan@example.com") == ("tin-sang",)

    @pytest.mark.parametrize("tier", [Tier.COMPLAINT, Tier.STAFF, Tier.UNSUBSCRIBED, Tier.IMPORT, Tier.HARD])
    def test_who_is_suppressed_for_good_is_put_on_no_list(self, tier: Tier, database: Database) -> None:
        one = Suppression(address="lan@example.com", type=tier, reason="x", since=NOW)
        with database.write() as connection:
            suppression.suppress(connection, one)
        made = self.join(database, "LAN@example.com")
        assert (made.subscriber, made.change, made.kept_off["tin-sang"].via) == (None, Change.KEPT_OFF, tier)

    def test_who_is_on_a_list_and_suppressed_for_good_is_told_and_not_called_unchanged(
        self, database: Database
    ) -> None:
        """Nothing is sent to them: "unchanged" would be taken for "gets it"."""
        self.join(database, "lan@example.com", "tin-sang")
        one = Suppression(address="lan@example.com", type=Tier.COMPLAINT, reason="spam", since=NOW)
        with database.write() as connection:
            suppression.suppress(connection, one)
        made = self.join(database, "lan@example.com", "tin-sang")
        assert (made.change, made.kept_off["tin-sang"].via) == (Change.KEPT_OFF, Tier.COMPLAINT)
        assert self.lists(database, "lan@example.com") == ("tin-sang",)

    def test_a_mailbox_that_is_full_for_now_is_no_wish_to_leave(self, database: Database) -> None:
        one = Suppression(address="lan@example.com", type=Tier.SOFT, reason="x", since=NOW, until=NOW + timedelta(30))
        with database.write() as connection:
            suppression.suppress(connection, one)
        assert self.join(database, "lan@example.com").change is Change.ADDED

    def test_who_asks_to_come_back_comes_back_to_that_and_stays_off_the_rest(self, database: Database) -> None:
        self.join(database, "lan@example.com")
        self.leave(database, "lan@example.com")
        with database.write() as connection:
            suppression.suppress(
                connection, Suppression(address="lan@example.com", type=Tier.COMPLAINT, reason="spam", since=NOW)
            )
            wanted = application("Lan@example.com", ["tin-sang"], known=KNOWN)
            made, lifted = enrolment.come_back(connection, wanted, NOW)
            assert suppression.find(connection, "lan@example.com") is None
        assert (made.change, made.kept_off, lifted and lifted.type) == (Change.UPDATED, {}, Tier.COMPLAINT)
        again = self.join(database, "lan@example.com")
        assert (again.change, list(again.kept_off)) == (Change.UNCHANGED, ["kinh-te"])
        assert self.lists(database, "lan@example.com") == ("tin-sang",)

    def test_leaving_again_after_coming_back_counts_again(self, database: Database) -> None:
        self.join(database, "lan@example.com", "tin-sang")
        for _ in range(2):
            self.leave(database, "lan@example.com", "tin-sang")
            assert self.join(database, "lan@example.com", "tin-sang").change is Change.KEPT_OFF
            with database.write() as connection:
                enrolment.come_back(connection, application("lan@example.com", ["tin-sang"], known=KNOWN), NOW)
            assert self.lists(database, "lan@example.com") == ("tin-sang",)

    def test_thousands_are_told_apart(self, database: Database) -> None:
        with database.write() as connection:
            wanted = [application(f"s{number}@example.com", ["tin-sang"], known=KNOWN) for number in range(2500)]
            enrolment.add_all(connection, wanted, NOW)
            for one in enrolment.add_all(connection, wanted[::5], NOW):
                assert one.subscriber
                register.leave(connection, one.subscriber, now=NOW, via="staff")
            made = enrolment.add_all(connection, wanted, NOW)
        assert [one.change is Change.KEPT_OFF for one in made] == [number % 5 == 0 for number in range(2500)]


class TestCsv:
    def test_a_good_file_is_read(self) -> None:
        text = "address,name,language,newsletters,topics\nlan@example.com,Lan Nguyễn,en,tin-sang;kinh-te,Kinh tế;Y tế\n"
        assert rows(text) == [
            Application(
                address="lan@example.com",
                name="Lan Nguyễn",
                choice=Choice(newsletters=("tin-sang", "kinh-te"), language=Language.EN, topics=("Kinh tế", "Y tế")),
            )
        ]

    def test_rows_that_name_no_newsletter_get_the_one_given(self) -> None:
        (row,) = rows("email\nlan@example.com\n", ("kinh-te",))
        assert isinstance(row, Application)
        assert row.choice.newsletters == ("kinh-te",)

    def test_every_bad_row_is_told_with_its_line_and_the_good_ones_go_on(self) -> None:
        text = (
            "address,name,newsletters\n"
            "a@example.com,A,tin-sang\n"
            "no address,B,tin-sang\n"
            '"c@example.com","C",tin-sang\n'
            "\n"
            "d@example.com,D,tin-toi\n"
            "A@example.com,A again,tin-sang\n"
            "e@example.com,E,tin-sang,too much\n"
            "\n"
            "f@example.com,F,\n"
            "g@example.com,G,tin-sang\n"
        )
        read = rows(text)
        assert [row.address for row in read if isinstance(row, Application)] == [
            "a@example.com", "c@example.com", "g@example.com",
        ]  # fmt: skip
        bad = {row.line: row.reason for row in read if isinstance(row, BadRow)}
        assert sorted(bad) == [3, 6, 7, 8, 10]
        assert bad[6] == "newsletter 'tin-toi' is not known; there are: tin-sang, kinh-te"
        assert "stands in line 2 already" in bad[7]
        assert "has 4 fields, but the header has 3" in bad[8]
        assert bad[10] == "no newsletter is named"

    @given(
        st.lists(st.sampled_from(["a@x.vn", "A@X.vn", "b@x.vn", "Bình <b@x.vn>", "straße@x.vn", "strasse@x.vn", "no"]))
    )
    def test_an_address_is_taken_once_and_its_repeats_name_the_line_of_the_first(self, cells: list[str]) -> None:
        read = rows("address\n" + "".join(f"{cell}\n" for cell in cells), ("tin-sang",))
        first: dict[str, int] = {}
        for line, (cell, row) in enumerate(zip(cells, read, strict=True), start=2):
            key = cell.removeprefix("Bình <").removesuffix(">").lower()
            if cell == "no":
                assert isinstance(row, BadRow)
            elif key in first:
                assert isinstance(row, BadRow)
                assert row.reason.endswith(f"stands in line {first[key]} already")
            else:
                assert isinstance(row, Application)
                first[key] = line

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("Email,email\n", "line 1: there are two columns 'email'"),
            ("", "line 1: the file is empty"),
            (
                "\n \nname\nLan\n",
                "line 3: no column is called address or email .there are: 'name'.; fields are parted by",
            ),
            ("lan@example.com,Lan\n", "line 1: the header is missing"),
            ('"address,name\nlan@example.com,Lan\n', "line 1: a quote is opened and not closed"),
        ],
    )
    def test_a_file_without_a_usable_header_is_refused(self, text: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            rows(text)

    @given(name=st.text(alphabet="=+-@'\t ,\"abcđẫ", max_size=12).map(str.strip))
    def test_what_is_exported_comes_back_and_is_no_formula(self, name: str) -> None:
        person = Subscriber(id="1", address="lan@example.com", name=clean_line(name), newsletters=("tin-sang",))
        file = io.StringIO()
        assert write_csv(file, [(person, [])]) == 1
        cell = list(csv.reader(io.StringIO(file.getvalue())))[1][1]
        assert not cell.startswith(("=", "+", "-", "@"))
        (row,) = rows(file.getvalue())
        assert isinstance(row, Application)
        assert row.name == person.name


class TestLinks:
    claim = Claim("unsubscribe", "s1", "tin-sang")

    def test_a_signed_link_says_what_was_signed(self) -> None:
        assert read((SECRET,), sign(SECRET, self.claim), "unsubscribe") == self.claim

    def test_an_older_secret_still_reads_its_links(self) -> None:
        token = sign(b"the old secret, long", self.claim)
        assert read((SECRET, b"the old secret, long"), token, "unsubscribe") == self.claim

    @given(position=st.integers(0, 200), letter=st.sampled_from("abcXYZ019-_."))
    def test_a_link_that_was_tampered_with_is_refused(self, position: int, letter: str) -> None:
        token = sign(SECRET, self.claim)
        at = position % len(token)
        forged = token[:at] + letter + token[at + 1 :]
        if forged != token:
            with pytest.raises(BadToken):
                read((SECRET,), forged, "unsubscribe")

    def test_a_link_is_good_for_its_own_purpose_only(self) -> None:
        with pytest.raises(BadToken):
            read((SECRET,), sign(SECRET, self.claim), "preferences")

    @pytest.mark.parametrize("token", ["", ".", "v1.u.s1.tin-sang", "v1.u.s1.tin-sang.", "ắ" * 50])
    def test_nonsense_is_refused(self, token: str) -> None:
        with pytest.raises(BadToken):
            read((SECRET,), token, "unsubscribe")

    def test_a_recipient_has_a_link_of_their_own_and_a_stable_message_id(self) -> None:
        def made(subscriber: str) -> tuple[str, str]:
            person = recipient(
                edition(), subscriber, "a@example.com", "A", secret=SECRET, links="https://bacson.example"
            )
            return person.slots["unsubscribe_url"], person.message_id

        assert made("s1") == made("s1")
        assert made("s1")[0] != made("s2")[0]
        assert made("s1")[1] != made("s2")[1]
        assert made("s1")[0].startswith("https://bacson.example/u/v1.u.s1.tin-sang.")
