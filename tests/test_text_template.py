"""Short texts with places: filled all at once, and what is wrong with them told in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.text_template import check_template, escape_template, fill_template

PLACES = ("first", "count", "date")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{first}, {count} tin", "Tin a, 8 tin"),
        ("{{first}} {first}", "{first} Tin a"),
        ("không có chỗ nào", "không có chỗ nào"),
        ("", ""),
    ],
)
def test_places_are_filled_and_doubled_braces_are_braces(text: str, expected: str) -> None:
    check_template(text, PLACES)
    assert fill_template(text, {"first": "Tin a", "count": "8"}) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{frist} và",
            r"\{frist\} that there is not; did you mean \{first\}\? there are: \{count\}, \{date\}, \{first\}",
        ),
        ("{}", r"has a place \{\} that there is not; there are"),
        ("{ first }", r"has a place \{ first \}"),
        ("{first!r}", r"has a place \{first!r\}"),
        ("{first.__class__}", r"has a place \{first.__class__\}"),
        ("giá {", r"has a single brace; write \{\{ for a brace"),
        ("} giá", r"has a single brace; write \}\} for a brace"),
    ],
)
def test_what_is_no_place_is_refused_with_what_there_is(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_template(text, PLACES)


@given(st.text(), st.text())
def test_a_value_is_data_whatever_it_looks_like(before: str, value: str) -> None:
    filled = fill_template(escape_template(before) + "{first}", {"first": value})
    assert filled == before + value
    check_template(escape_template(before), PLACES)
