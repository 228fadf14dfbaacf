"""What is sealed can be read by us alone, for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.subscribers.sealed import seal, unseal
from distributor.subscribers.tokens import BadToken
from support.builders import NOW

KEY, OTHER = b"k" * 32, b"o" * 32
SENT = "sent"
LATER = NOW + timedelta(hours=1)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=300), max_size=4))
def test_what_is_sealed_comes_out_again(values: dict[str, str]) -> None:
    assert unseal((KEY,), SENT, seal(KEY, SENT, values, LATER), NOW) == values


def test_an_earlier_key_still_opens() -> None:
    assert unseal((OTHER, KEY), SENT, seal(KEY, SENT, {"a": "b"}, LATER), NOW) == {"a": "b"}


def test_nothing_of_it_can_be_read() -> None:
    word = seal(KEY, SENT, {"address": "lan@example.vn"}, LATER)
    assert "lan" not in word and "example" not in word
    assert word.isascii() and "/" not in word and "." not in word


def test_after_its_time_it_is_closed() -> None:
    with pytest.raises(BadToken):
        unseal((KEY,), SENT, seal(KEY, SENT, {"a": "b"}, LATER), LATER)


def test_whatever_is_changed_in_it_is_noticed() -> None:
    word = seal(KEY, SENT, {"address": "lan@example.vn"}, LATER)
    for place in range(len(word) - 1):  # the last letter holds bits that mean nothing
        changed = word[:place] + ("A" if word[place] != "A" else "B") + word[place + 1 :]
        with pytest.raises(BadToken):
            unseal((KEY,), SENT, changed, NOW)


@pytest.mark.parametrize("word", ["", "A", "đ", "AAAA", "A" * 22, "A" * 500, "!!!!", "..", "\0"])
def test_anything_else_is_refused(word: str) -> None:
    with pytest.raises(BadToken):
        unseal((KEY,), SENT, word, NOW)


def test_another_key_does_not_open() -> None:
    with pytest.raises(BadToken):
        unseal((OTHER,), SENT, seal(KEY, SENT, {"a": "b"}, LATER), NOW)


def test_for_another_purpose_it_is_closed() -> None:
    with pytest.raises(BadToken):
        unseal((KEY,), "cursor", seal(KEY, SENT, {"a": "b"}, LATER), NOW)
