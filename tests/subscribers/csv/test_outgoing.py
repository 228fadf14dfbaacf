"""Lists in the columns of other systems: what they take, and that it comes back as it was."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.cli import subscriber_files
from distributor.config.web import Attribute
from distributor.model import AttributeValue, Frequency, Language, OptOut, Subscriber
from distributor.subscribers.csv import outgoing
from distributor.subscribers.csv.outgoing import SYSTEMS, split_name, write_left, write_subscribed
from distributor.subscribers.csv.subscribers import SubscriberList, full_name
from distributor.subscribers.requests import SubscriptionRequest, clean_topics
from distributor.text import clean_line
from subscribers.csv.subscriber_lists import KNOWN
from support.builders import NOW
from support.newsroom import Room

DECLARED = {
    "commune": Attribute(label={Language.VI: "Xã/phường"}),
    "children": Attribute(label={Language.VI: "Số con"}, type="number"),
    "active": Attribute(label={Language.VI: "Hay đọc"}, type="yes_no"),
}
WILD = st.text(alphabet="=+-@'＝\t ;,|\\\"abcđẫ\n{}", max_size=14)
LAN = Subscriber(
    id="1", address="lan@x.vn", name="Nguyễn Thị Lan", topics=("Y tế", "a;b"), consent="form, 2021", created=NOW,
    attributes={"commune": "Bắc Sơn", "children": 2, "active": True},
)  # fmt: skip


def written(system: str, people: list[Subscriber], delimiter: str = ",") -> str:
    file = io.StringIO(newline="")
    write_subscribed(file, SYSTEMS[system], people, delimiter, tuple(DECLARED))
    return file.getvalue()


def read_back(text: str, consent: str = "") -> list[SubscriptionRequest]:
    listed = SubscriberList(
        io.StringIO(text, newline=""), known=KNOWN, newsletters=("tin-sang",), declared=DECLARED, consent=consent
    )
    found = list(listed)
    assert all(isinstance(one, SubscriptionRequest) for one in found), found
    assert list(listed.skipped) == []
    return [one for one in found if isinstance(one, SubscriptionRequest)]


def test_the_command_offers_every_system_whose_columns_are_described() -> None:
    assert tuple(SYSTEMS) == subscriber_files._SYSTEMS


@pytest.mark.parametrize(
    ("system", "header", "row"),
    [
        (
            "mailchimp",
            "Email Address,First Name,Last Name,language,topics,frequency,consent,commune,children,active",
            ["lan@x.vn", "Lan", "Nguyễn Thị", "vi", r"Y tế;a\;b", "each", "form, 2021", "Bắc Sơn", "2", "yes"],
        ),
        ("ghost", "email,name,subscribed_to_emails,created_at",
         ["lan@x.vn", "Nguyễn Thị Lan", "true", NOW.strftime("%Y-%m-%dT%H:%M:%SZ")]),
        ("substack", "email", ["lan@x.vn"]),
        (
            "buttondown",
            "email,name,language,topics,frequency,consent,commune,children,active",
            ["lan@x.vn", "Nguyễn Thị Lan", "vi", r"Y tế;a\;b", "each", "form, 2021", "Bắc Sơn", "2", "yes"],
        ),
        (
            "mailpoet",
            "Email,First name,Last name,language,topics,frequency,consent,commune,children,active",
            ["lan@x.vn", "Lan", "Nguyễn Thị", "vi", r"Y tế;a\;b", "each", "form, 2021", "Bắc Sơn", "2", "yes"],
        ),
    ],
)  # fmt: skip
def test_each_system_gets_the_columns_that_it_takes(system: str, header: str, row: list[str]) -> None:
    lines = written(system, [LAN]).splitlines()
    assert lines[0] == header
    assert next(csv.reader(lines[1:])) == row


def test_listmonk_gets_all_else_as_json() -> None:
    first, second = csv.reader(io.StringIO(written("listmonk", [LAN])))
    assert first == ["email", "name", "attributes"]
    assert second[:2] == ["lan@x.vn", "Nguyễn Thị Lan"]
    assert json.loads(second[2]) == {
        "language": "vi", "topics": ["Y tế", "a;b"], "frequency": "each", "consent": "form, 2021",
        "commune": "Bắc Sơn", "children": 2, "active": True,
    }  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
@given(
    name=WILD, topics=st.lists(WILD, max_size=3), consent=WILD, language=st.sampled_from(Language),
    frequency=st.sampled_from(Frequency), delimiter=st.sampled_from([",", ";", "\t"]), commune=WILD,
    children=st.integers(-9, 9), active=st.booleans(),
)  # fmt: skip
def test_what_a_system_takes_comes_back_as_it_was_and_is_no_formula_anywhere(
    system: str, name: str, topics: list[str], consent: str, language: Language, frequency: Frequency, delimiter: str,
    commune: str, children: int, active: bool,
) -> None:  # fmt: skip
    known: dict[str, AttributeValue] = {"children": children, "active": active, "commune": clean_line(commune)}
    person = Subscriber(
        id="1", address="lan@x.vn", name=clean_line(name), language=language, topics=clean_topics(topics),
        frequency=frequency, consent=clean_line(consent), newsletters=("tin-sang",),
        attributes={key: value for key, value in known.items() if value != ""},
    )  # fmt: skip
    text = written(system, [person], delimiter)
    (back,) = read_back(text, "our form")
    assert (back.address, back.choice.newsletters, back.keeps) == (person.address, ("tin-sang",), True)
    assert back.name == ("" if system == "substack" else person.name)
    if SYSTEMS[system].takes_values:
        assert (back.attributes, back.choice.language) == (person.attributes, language)
        assert (back.choice.topics, back.choice.frequency) == (person.topics, frequency)
        assert back.consent == (person.consent or "our form")
    for sign in ",;\t":  # however a spreadsheet parts it
        for cell in text.replace("\n", sign).split(sign):
            assert not re.match(r'\s*"?[=+\-@＝]', cell)


@given(name=WILD.map(clean_line), language=st.sampled_from(Language))
def test_a_name_in_parts_is_the_name_when_put_together(name: str, language: Language) -> None:
    given_name, family = split_name(name, language)
    assert full_name(given_name, "", family, language) == name


@pytest.mark.parametrize("system", [name for name, peer in SYSTEMS.items() if peer.left[0]])
def test_those_who_have_left_are_not_subscribed_by_any_import(system: str) -> None:
    file = io.StringIO(newline="")
    gone = [OptOut(address="ba@x.vn", newsletter="tin-sang", at=NOW, via="web")]
    assert write_left(file, SYSTEMS[system], gone).count == 1
    (back,) = read_back(file.getvalue(), "our form")
    assert (back.address, back.left, back.keeps) == ("ba@x.vn", ("tin-sang",), False)


def test_an_address_that_is_a_formula_is_left_out_and_named() -> None:
    people = [Subscriber(id="1", address="=cmd@x.vn"), LAN]
    file = io.StringIO(newline="")
    done = write_subscribed(file, SYSTEMS["ghost"], people)
    assert (done.count, done.left_out) == (1, ("=cmd@x.vn",))
    assert "cmd" not in file.getvalue()


def test_attributes_of_another_listmonk_that_look_like_ours_make_no_bad_rows() -> None:
    row = '{""language"": ""Deutsch"", ""frequency"": 7, ""topics"": ""x"", ""consent"": [1], ""children"": 3}'
    (back,) = read_back(f'email,name,attributes\na@x.vn,A,"{row}"\n', "our form")
    assert (back.attributes, back.consent, back.choice.topics) == ({"children": 3}, "our form", ())
    assert (back.choice.language, back.choice.frequency) == (None, None)


def test_what_has_no_place_is_named() -> None:
    assert outgoing.missing(SYSTEMS["listmonk"], ("commune",)) == ()
    assert outgoing.missing(SYSTEMS["substack"], ("commune",)) == (
        "name", "language", "topics", "frequency", "consent", "commune",
    )  # fmt: skip


class TestCommand:
    def test_only_those_who_get_it_go_along_and_those_who_left_in_a_file_of_their_own(
        self, room: Room, tmp_path: Path
    ) -> None:
        for address in ("hoa@example.com", "ba@example.com", "cu@example.com"):
            room.good("subscribers", "add", address)
        room.good("subscribers", "unsubscribe", "ba@example.com")
        room.good("suppressions", "add", "cu@example.com")
        stays, left = tmp_path / "stays.csv", tmp_path / "left.csv"
        said = room.good("subscribers", "export", "--for", "listmonk", "-o", str(stays))
        assert f"{stays}: when importing it into listmonk, choose the mode Subscribe" in said
        text = stays.read_text(encoding="utf-8")
        assert text.startswith("email,name,attributes\n") and "hoa@example.com" in text
        assert "ba@" not in text and "cu@" not in text
        room.good("subscribers", "export", "--for", "listmonk", "--left", "-o", str(left))
        assert left.read_text(encoding="utf-8") == (
            "email,status\nba@example.com,blocklisted\ncu@example.com,blocklisted\n"
        )
        assert stays.stat().st_mode & 0o077 == 0

    def test_what_cannot_be_is_told_in_one_line(self, room: Room) -> None:
        done = room.run("subscribers", "export", "--for", "substack", "--left")
        assert (done.code, "imports no list of those who have left" in done.err) == (2, True)
        done = room.run("subscribers", "export", "--left")
        assert (done.code, "--left needs --for" in done.err) == (2, True)
        done = room.run("subscribers", "export", "--for", "ghost")
        assert (done.code, done.out.splitlines()[0]) == (0, "email,name,subscribed_to_emails,created_at")
        assert "Ghost has no place for: language, topics, frequency, consent; the export without --for" in done.err
