"""The addresses that bounces go to: a token names its delivery, and nobody else can make one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail import verp

SECRET = b"0123456789abcdef"
OLD = b"the secret of last year"
NUMBERS = st.integers(1, 2**63 - 1)


@given(number=NUMBERS, capitals=st.sets(st.integers(0, 31)))
def test_a_token_names_its_delivery_in_whatever_case_it_comes_back(number: int, capitals: set[int]) -> None:
    made = verp.token(SECRET, number)
    mixed = "".join(sign.upper() if place in capitals else sign for place, sign in enumerate(made))
    assert verp.read((SECRET,), f"Bounce+{mixed}@Bacson.EXAMPLE") == number
    assert made == made.lower() and len(made) == verp.LENGTH


@given(number=NUMBERS, place=st.integers(0, 31), sign=st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_that_was_tampered_with_is_refused(number: int, place: int, sign: str) -> None:
    made = verp.token(SECRET, number)
    forged = made[:place] + sign + made[place + 1 :]
    assert verp.read((SECRET,), forged) == (number if forged == made else None)


@given(text=st.text(max_size=400))
def test_any_text_is_read_and_none_is_ours_by_accident(text: str) -> None:
    assert verp.read((SECRET,), text) is None


def test_an_older_secret_still_reads_its_tokens_and_a_strange_one_does_not() -> None:
    made = verp.token(OLD, 7)
    assert verp.read((SECRET, OLD), made) == 7
    assert verp.read((SECRET,), made) is None


def test_the_address_keeps_to_the_length_of_a_local_part() -> None:
    made = verp.address(SECRET, 2**63 - 1, f"{'b' * 31}@bacson.example")
    assert len(made.partition("@")[0]) == 64
    with pytest.raises(ValueError, match="31 octets before the @"):
        verp.address(SECRET, 1, f"{'b' * 32}@bacson.example")


def test_a_forwarder_that_wraps_the_address_does_not_hide_the_token() -> None:
    made = verp.token(SECRET, 41)
    assert verp.read((SECRET,), f"SRS0=x1=4D=bacson.example=bounce+{made}@forward.example") == 41


@pytest.mark.parametrize("number", [0, -1, 2**63])
def test_what_is_no_number_of_a_delivery_has_no_token(number: int) -> None:
    with pytest.raises(ValueError, match="not the number"):
        verp.token(SECRET, number)
