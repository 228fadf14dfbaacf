"""Returned mail: read whatever wrote it, sorted by what it means, traced to a letter of ours, and never believed blindly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.bounces.classify import THRESHOLD, classify_bounce, soft_bounce_score
from distributor.model import Bounce, BounceType
from support.bounce_cases import LAN
from support.builders import NOW

NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(5000))


# -- what an answer means ----------------------------------------------------------------------------------------------

ANSWERS = {
    ("5.1.1", 550, "User unknown"): BounceType.HARD,
    ("5.1.2", 550, "Host unknown"): BounceType.HARD,
    ("5.1.3", 501, "Bad address syntax"): BounceType.HARD,
    ("5.1.6", 550, "The mailbox has moved"): BounceType.HARD,
    ("5.1.8", 550, "Sender address rejected: Domain not found"): BounceType.POLICY,
    ("5.1.1", 550, "User unknown; your IP is on a blocklist"): BounceType.POLICY,
    ("5.2.1", 550, "Mailbox disabled"): BounceType.HARD,
    ("", 550, "No such user here"): BounceType.HARD,
    ("", 550, "Địa chỉ email này không tồn tại"): BounceType.HARD,
    ("", 550, "Access denied"): BounceType.POLICY,
    ("", 550, "Message rejected as spam"): BounceType.POLICY,
    ("", 554, "Transaction failed"): BounceType.POLICY,
    ("", 554, "5.1.1 no such person"): BounceType.HARD,
    ("", 552, "Mailbox full"): BounceType.SOFT,
    ("", 552, "Message size exceeds fixed limit"): BounceType.POLICY,
    ("", 451, "Greylisted, try again later"): BounceType.POLICY,
    ("", 0, "450 4.2.2 over quota"): BounceType.SOFT,
    ("4.7.28", 421, "unusual rate of mail"): BounceType.POLICY,
    ("5.7.1", 550, "Relay access denied"): BounceType.POLICY,
    ("5.7.1", 550, "Recipient address rejected: User unknown"): BounceType.HARD,
    ("5.7.17", 550, "Mailbox owner has changed"): BounceType.HARD,
    ("5.3.4", 552, "Message too big for system"): BounceType.POLICY,
    ("5.4.6", 554, "Too many hops"): BounceType.POLICY,
    ("5.6.7", 550, "UTF-8 addresses not supported"): BounceType.POLICY,
    ("", 0, ""): BounceType.POLICY,
    ("", 0, "host 5.1.1.1 said 10.5.1.1"): BounceType.POLICY,
    ("nonsense", 999, "\x00"): BounceType.POLICY,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_blames_the_recipient_only_where_it_is_clear(answer: tuple[str, int, str]) -> None:
    assert classify_bounce(*answer) is ANSWERS[answer]


@given(status=st.text(max_size=12), code=st.integers(-1, 999), text=st.text(max_size=300))
def test_any_answer_has_a_meaning_and_none_is_a_complaint(status: str, code: int, text: str) -> None:
    assert classify_bounce(status, code, text) in (BounceType.HARD, BounceType.SOFT, BounceType.POLICY)


@given(ages=st.lists(st.integers(0, 400), max_size=30), editions=st.integers(1, 30))
def test_the_score_never_counts_an_edition_twice_and_falls_with_time(ages: list[int], editions: int) -> None:
    soft = [
        Bounce(address=LAN, type=BounceType.SOFT, at=NOW - timedelta(days=age), edition_id=f"e-{number % editions}")
        for number, age in enumerate(ages)
    ]
    now = soft_bounce_score(soft, NOW)
    assert now <= min(len(soft), editions)
    assert soft_bounce_score(soft, NOW + timedelta(days=30)) == pytest.approx(now / 2)


@pytest.mark.parametrize(("every", "needed"), [(1, 4), (7, 4), (30, None)])
def test_how_many_editions_in_a_row_must_fail(every: int, needed: int | None) -> None:
    """Four, daily or weekly; a monthly one never does it alone."""
    fails = [
        Bounce(address=LAN, type=BounceType.SOFT, at=NOW - timedelta(days=every * n), edition_id=str(n))
        for n in range(40)
    ]
    reached = next((count for count in range(1, 41) if soft_bounce_score(fails[:count], NOW) >= THRESHOLD), None)
    assert reached == needed
