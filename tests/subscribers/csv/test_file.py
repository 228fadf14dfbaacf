"""A list of subscribers as a CSV file: read, and written so that it is read back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.model import Language, Subscriber
from distributor.subscribers.csv.records import BadRow
from distributor.subscribers.csv.subscribers import write_csv
from distributor.subscribers.requests import SubscriptionChoice, SubscriptionRequest
from distributor.text import clean_line
from subscribers.csv.subscriber_lists import rows


class TestCsv:
    def test_a_good_file_is_read(self) -> None:
        text = "address,name,language,newsletters,topics\nlan@example.com,Lan Nguyễn,en,tin-sang;kinh-te,Kinh tế;Y tế\n"
        assert rows(text, ()) == [
            SubscriptionRequest(
                address="lan@example.com",
                name="Lan Nguyễn",
                choice=SubscriptionChoice(
                    newsletters=("tin-sang", "kinh-te"), language=Language.EN, topics=("Kinh tế", "Y tế")
                ),
            )
        ]

    def test_rows_that_name_no_newsletter_get_the_one_given(self) -> None:
        (row,) = rows("email\nlan@example.com\n", ("kinh-te",))
        assert isinstance(row, SubscriptionRequest)
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
        read = rows(text, ())
        assert [row.address for row in read if isinstance(row, SubscriptionRequest)] == [
            "a@example.com", "c@example.com", "g@example.com",
        ]  # fmt: skip
        bad = {row.line: row.reason for row in read if isinstance(row, BadRow)}
        assert sorted(bad) == [3, 6, 7, 8, 10]
        assert bad[6] == "newsletter 'tin-toi' is not known; there are: tin-sang, kinh-te"
        assert "is already in line 2" in bad[7]
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
                assert row.reason.endswith(f"is already in line {first[key]}")
            else:
                assert isinstance(row, SubscriptionRequest)
                first[key] = line

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("Email,email\n", "line 1: there are two columns 'email'"),
            ("", "line 1: the file is empty"),
            (
                "\n \nname\nLan\n",
                "line 3: no column is called address or email .there are: 'name'.; fields are separated by",
            ),
            ("lan@example.com,Lan\n", "line 1: the header is missing"),
            ('"address,name\nlan@example.com,Lan\n', "line 1: a quote is opened and not closed"),
        ],
    )
    def test_a_file_without_a_usable_header_is_refused(self, text: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            rows(text, ())

    @given(name=st.text(alphabet="=+-@'\t ,\"abcđẫ", max_size=12).map(str.strip))
    def test_what_is_exported_comes_back_and_is_no_formula(self, name: str) -> None:
        person = Subscriber(id="1", address="lan@example.com", name=clean_line(name), newsletters=("tin-sang",))
        file = io.StringIO()
        assert write_csv(file, [(person, [])]) == 1
        cell = list(csv.reader(io.StringIO(file.getvalue())))[1][1]
        assert not cell.startswith(("=", "+", "-", "@"))
        (row,) = rows(file.getvalue(), ())
        assert isinstance(row, SubscriptionRequest)
        assert row.name == person.name
