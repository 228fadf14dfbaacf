"""Who is shown one page more, when nobody is taken, and which address gets an email."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.subscribers.attempts import AttemptTotals
from distributor.subscribers.signup_limits import (
    EmailDecision,
    LimitDecision,
    SignupCounts,
    breaker_open,
    decide_email,
    decide_limits,
)
from support.builders import NOW

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("counts", "decision"),
    [
        ({}, LimitDecision.TAKE),
        ({"network": AttemptTotals(4, 19)}, LimitDecision.TAKE),
        ({"network": AttemptTotals(5, 5)}, LimitDecision.EXTRA),
        ({"network": AttemptTotals(0, 20)}, LimitDecision.EXTRA),
        ({"domain": AttemptTotals(29, 500)}, LimitDecision.TAKE),
        ({"domain": AttemptTotals(30, 30)}, LimitDecision.EXTRA),
        ({"site": AttemptTotals(49, 49)}, LimitDecision.TAKE),
        ({"site": AttemptTotals(50, 50)}, LimitDecision.EXTRA),  # none of 50 has confirmed
        ({"site": AttemptTotals(50, 50), "confirmed": AttemptTotals(10, 10)}, LimitDecision.TAKE),
        ({"site": AttemptTotals(50, 50), "confirmed": AttemptTotals(9, 9)}, LimitDecision.EXTRA),
        ({"site": AttemptTotals(100, 100), "confirmed": AttemptTotals(100, 100)}, LimitDecision.TOO_MANY),
        ({"site": AttemptTotals(100, 100), "network": AttemptTotals(9, 9)}, LimitDecision.TOO_MANY),
    ],
)
def test_limits(counts: dict[str, AttemptTotals], decision: LimitDecision) -> None:
    assert decide_limits(SignupCounts(**counts, most=100)) is decision


def test_more_confirmations_than_requests_open_no_breaker() -> None:
    """Of those who asked an hour ago."""
    assert not breaker_open(SignupCounts(site=AttemptTotals(50, 50), confirmed=AttemptTotals(80, 80), most=1000))


@pytest.mark.parametrize(
    ("days_ago", "bounced", "decision"),
    [
        ([], False, EmailDecision.SEND),
        ([0.5], False, EmailDecision.RECENT),
        ([1.01], False, EmailDecision.SEND),
        ([5, 3], False, EmailDecision.SEND),
        ([9, 5, 3], False, EmailDecision.OFTEN),
        ([31, 5, 3], False, EmailDecision.SEND),  # the first counts no more
        ([9, 5, 0.1], False, EmailDecision.RECENT),
        ([], True, EmailDecision.SEND),
        ([3], True, EmailDecision.OFTEN),
        ([31], True, EmailDecision.SEND),
    ],
)
def test_an_address_gets_few_emails(days_ago: list[float], bounced: bool, decision: EmailDecision) -> None:
    emailed = [NOW - DAY * ago for ago in days_ago]
    assert decide_email(emailed, refused=False, forbidden=False, bounced=bounced, now=NOW) is decision


def test_who_does_not_want_to_be_asked_is_not() -> None:
    assert decide_email([], refused=True, forbidden=False, bounced=False, now=NOW) is EmailDecision.REFUSED


def test_who_must_not_be_written_to_is_not() -> None:
    assert decide_email([], refused=False, forbidden=True, bounced=False, now=NOW) is EmailDecision.SUPPRESSED
