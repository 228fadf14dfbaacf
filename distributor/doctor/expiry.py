"""Tokens and logins that end soon. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from .results import CheckResult, fault, passed


def check_ends(ends: Mapping[str, datetime], now: datetime, within: timedelta) -> Iterator[CheckResult]:
    """What ends within a time, or has ended; `ends` by what it is the end of."""
    for name, end in ends.items():
        what = f"{'ended' if end <= now else 'ends'} on {end:%Y-%m-%d %H:%M} UTC"
        yield fault("token-ends", name, what) if end < now + within else passed("tokens", name, what)
