"""Signed links: for whom, for what, until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.subscribers.merge_values import build_recipient
from distributor.subscribers.tokens import BadToken, Claim, ExpiredToken, Purpose, read, sign
from support.builders import edition

SECRET = b"0123456789abcdef"


class TestLinks:
    claim = Claim(Purpose.UNSUBSCRIBE, "s1", "tin-sang")

    def test_a_signed_link_says_what_was_signed(self) -> None:
        assert read((SECRET,), sign(SECRET, self.claim), Purpose.UNSUBSCRIBE) == self.claim

    def test_an_older_secret_still_reads_its_links(self) -> None:
        token = sign(b"the old secret, long", self.claim)
        assert read((SECRET, b"the old secret, long"), token, Purpose.UNSUBSCRIBE) == self.claim

    @given(position=st.integers(0, 200), letter=st.sampled_from("abcXYZ019-_."))
    def test_a_link_that_was_tampered_with_is_refused(self, position: int, letter: str) -> None:
        token = sign(SECRET, self.claim)
        at = position % len(token)
        forged = token[:at] + letter + token[at + 1 :]
        if forged != token:
            with pytest.raises(BadToken):
                read((SECRET,), forged, Purpose.UNSUBSCRIBE)

    def test_a_link_is_good_for_its_own_purpose_only(self) -> None:
        with pytest.raises(BadToken):
            read((SECRET,), sign(SECRET, self.claim), Purpose.PREFERENCES)

    def test_each_purpose_has_a_key_of_its_own(self) -> None:
        token = sign(SECRET, self.claim).replace("v1.u.", "v1.p.")
        with pytest.raises(BadToken):
            read((SECRET,), token, Purpose.PREFERENCES)

    def test_a_link_with_an_end_works_until_then(self) -> None:
        end = datetime(2026, 11, 23, 7, tzinfo=UTC)
        claim = Claim(Purpose.CONFIRM, "s1", expires=end)
        token = sign(SECRET, claim)
        assert read((SECRET,), token, Purpose.CONFIRM, end - timedelta(seconds=1)) == claim
        with pytest.raises(ExpiredToken) as told:
            read((SECRET,), token, Purpose.CONFIRM, end)
        assert told.value.claim == claim

    def test_no_field_can_hold_the_sign_that_parts_them(self) -> None:
        with pytest.raises(ValueError, match="dot"):
            sign(SECRET, Claim(Purpose.UNSUBSCRIBE, "a.b", "tin-sang"))

    @pytest.mark.parametrize("token", ["", ".", "v1.u.s1.tin-sang", "v1.u.s1.tin-sang.", "ắ" * 50])
    def test_nonsense_is_refused(self, token: str) -> None:
        with pytest.raises(BadToken):
            read((SECRET,), token, Purpose.UNSUBSCRIBE)

    def test_a_recipient_has_a_link_of_their_own_and_a_stable_message_id(self) -> None:
        def made(subscriber: str) -> tuple[str, str]:
            person = build_recipient(
                edition(), subscriber, "a@example.com", "A", secret=SECRET, links="https://bacson.example"
            )
            return person.merge_values["unsubscribe_url"], person.message_id

        assert made("s1") == made("s1")
        assert made("s1")[0] != made("s2")[0]
        assert made("s1")[1] != made("s2")[1]
        assert made("s1")[0].startswith("https://bacson.example/u/v1.u.")
