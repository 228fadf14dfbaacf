"""Tokens and logins that end soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distributor.doctor.expiry import check_ends

NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)
DAY = timedelta(days=1)


def test_what_ends_soon_or_has_ended_is_a_warning() -> None:
    ends = {"API token app": NOW + 20 * DAY, "API token old": NOW + DAY, "login of channel fb": NOW - DAY}
    found = [(one.where, one.fault, one.what) for one in check_ends(ends, NOW, 14 * DAY)]
    assert found == [
        ("API token app", "", "ends on 2026-12-20 07:00 UTC"),
        ("API token old", "token-ends", "ends on 2026-12-01 07:00 UTC"),
        ("login of channel fb", "token-ends", "ended on 2026-11-29 07:00 UTC"),
    ]
