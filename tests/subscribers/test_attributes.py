"""Attributes of subscribers: what is taken, how it is kept, and what is refused with the name of the field."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.config.web import Attribute
from distributor.model import AttributeValue, Language
from distributor.storage.database import Database
from distributor.subscribers import repository, subscribe
from distributor.subscribers.attributes import InvalidAttribute, parse_attributes, parse_value, write_value
from distributor.subscribers.requests import parse_request
from distributor.subscribers.subscribe import SubscriptionChange
from support.builders import KEYS, NOW

LABEL = {Language.VI: "Xã/phường", Language.EN: "Commune"}
DECLARED = {
    "commune": Attribute(label=LABEL, choices=("Bắc Sơn", "Hữu Lũng")),
    "job": Attribute(label=LABEL),
    "children": Attribute(label=LABEL, type="number"),
    "born": Attribute(label=LABEL, type="date"),
    "farmer": Attribute(label=LABEL, type="yes_no"),
}


@pytest.mark.parametrize(
    ("name", "given_", "kept"),
    [
        ("commune", "BẮC SƠN ", "Bắc Sơn"),
        ("commune", "Hu\u031b\u0303u Lũng", "Hữu Lũng"),
        ("job", "  kỹ\tsư \n", "kỹ sư"),
        ("children", "2", 2),
        ("children", "2.0", 2),
        ("children", "-1,5", -1.5),
        ("children", 3, 3),
        ("born", "2026-11-23", "2026-11-23"),
        ("born", "2026-11-23 07:00:00", "2026-11-23"),
        ("born", "3/2/1990", "1990-02-03"),
        ("born", date(1990, 2, 3), "1990-02-03"),
        ("farmer", "Có", True),
        ("farmer", "không", False),
        ("farmer", 0, False),
        ("job", " ", None),
        ("children", "", None),
    ],
)
def test_values_are_kept_in_one_form(name: str, given_: object, kept: object) -> None:
    found = parse_value(name, given_, DECLARED[name])
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("name", "given_", "reason"),
    [
        ("commun", "Bắc Sơn", "commun: is not an attribute in config.yaml; did you mean 'commune'?"),
        ("commune", "Lạng Giang", "commune: 'Lạng Giang' is not one of its choices: Bắc Sơn, Hữu Lũng"),
        ("job", "x" * 201, "job: is longer than 200 characters: "),
        ("job", ["a"], "job: write a text"),
        ("children", "hai", "children: 'hai' is not a number; write 12 or 12.5"),
        ("children", "1.234", "children: '1.234' can be read in two ways"),
        ("children", "NaN", "children: 'NaN' is not a number"),
        ("children", float("inf"), "children: inf is too large a number"),
        ("children", "9999999999999999", "children: '9999999999999999' is too large a number"),
        ("children", True, "children: True is not a number"),
        ("born", "2026-02-30", "born: '2026-02-30' is not a date; write 2026-11-23 or 23/11/2026"),
        ("born", "11/24/2026", "born: '11/24/2026' is not a date"),
        ("born", 20261123, "born: 20261123 is not a date"),
        ("farmer", "vielleicht", "farmer: 'vielleicht' is neither yes nor no"),
    ],
)
def test_another_value_is_refused_with_the_field(name: str, given_: object, reason: str) -> None:
    with pytest.raises(InvalidAttribute) as error:
        parse_attributes({name: given_}, DECLARED)
    assert str(error.value).startswith(reason)
    assert error.value.attribute == name


@example(1.125)
@example(-999.001)
@given(st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9).map(lambda one: round(one, 6)) | st.booleans() | st.dates())
def test_a_value_that_is_written_is_read_back(value: object) -> None:
    name = "farmer" if isinstance(value, bool) else "born" if isinstance(value, date) else "children"
    kept = parse_value(name, value, DECLARED[name])
    assert kept is not None
    assert parse_value(name, write_value(kept), DECLARED[name]) == kept


class TestStored:
    def ask(self, database: Database, **attributes: object) -> tuple[SubscriptionChange, dict[str, AttributeValue]]:
        wanted = parse_request(
            "lan@example.com", ["tin-sang"], known=["tin-sang"], attributes=attributes, declared=DECLARED
        )
        with database.write() as connection:
            change = subscribe.add(connection, wanted, NOW, keys=KEYS).change
            found = repository.find(connection, "lan@example.com")
        assert found
        return change, dict(found.attributes)

    def test_they_are_kept_and_those_that_are_not_named_stay(self, database: Database) -> None:
        first = {"commune": "Bắc Sơn", "children": 2, "born": "1990-02-03", "farmer": True}
        assert self.ask(database, **first) == (SubscriptionChange.ADDED, first)
        assert self.ask(database, **first) == (SubscriptionChange.UNCHANGED, first)
        assert self.ask(database) == (SubscriptionChange.UNCHANGED, first)
        changed = {"commune": "Bắc Sơn", "children": 2.5, "farmer": False}
        assert self.ask(database, children="2.5", farmer="no", born="") == (SubscriptionChange.UPDATED, changed)

    def test_many_come_in_together_some_with_attributes(self, database: Database) -> None:
        wanted = [
            parse_request(
                f"s{number}@example.com",
                ["tin-sang"],
                known=["tin-sang"],
                attributes={"children": number} if number % 2 else {},
                declared=DECLARED,
            )
            for number in range(4)
        ]
        with database.write() as connection:
            subscribe.add_all(connection, wanted, NOW, keys=KEYS)
            people = repository.list_subscribers(connection)
            assert [person.attributes for person in people] == [{}, {"children": 1}, {}, {"children": 3}]
