"""Limits of signing up: who is asked for one click more, when nobody is taken, and which address gets an email. Pure.

Anybody can enter anybody's address. So an address gets few emails until its owner clicks; a network or a domain with many
sign-ups is shown one page more, not refused, because schools and offices share an address; and if hardly anybody of many
confirms, everybody is shown that page until it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .attempts import NO_ATTEMPTS, AttemptTotals

EMAIL_EVERY = timedelta(days=1)  # at most one email to an address
EMAILS_WITHIN = timedelta(days=30)
MAX_EMAILS = 3  # within that time, until its owner clicks

PER_NETWORK_HOUR, PER_NETWORK_DAY = 5, 20
PER_DOMAIN_HOUR = 30
BREAKER_SIGNUPS, BREAKER_SHARE = 50, 0.8  # of so many within an hour, so few confirm

# Providers with so many users that many sign-ups say nothing.
LARGE_PROVIDERS = frozenset((
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.com.vn", "ymail.com", "rocketmail.com", "hotmail.com",
    "hotmail.com.vn", "outlook.com", "outlook.com.vn", "live.com", "msn.com", "icloud.com", "me.com", "mac.com", "aol.com",
    "proton.me", "protonmail.com", "gmx.de", "gmx.net", "gmx.com", "web.de", "t-online.de", "yandex.ru", "yandex.com",
    "mail.ru", "zoho.com", "zohomail.com", "fastmail.com", "yahoo.co.jp", "yahoo.fr", "yahoo.co.uk", "orange.fr",
    "free.fr", "laposte.net", "libero.it", "naver.com", "qq.com", "163.com", "126.com",
))  # fmt: skip


class LimitDecision(StrEnum):
    TAKE = "take"
    EXTRA = "extra"  # one page more, with a button
    TOO_MANY = "too many"  # nobody is taken now


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupCounts:
    """What was counted before a sign-up. `confirmed` are those of the whole site that were confirmed; `most` is how many the
    site takes in an hour."""

    network: AttemptTotals = NO_ATTEMPTS
    domain: AttemptTotals = NO_ATTEMPTS
    site: AttemptTotals = NO_ATTEMPTS
    confirmed: AttemptTotals = NO_ATTEMPTS
    most: int


def decide_limits(counts: SignupCounts) -> LimitDecision:
    """Whether a sign-up is taken now."""
    if counts.site.hour >= counts.most:
        return LimitDecision.TOO_MANY
    over = (
        counts.network.hour >= PER_NETWORK_HOUR
        or counts.network.day >= PER_NETWORK_DAY
        or counts.domain.hour >= PER_DOMAIN_HOUR
        or breaker_open(counts)
    )
    return LimitDecision.EXTRA if over else LimitDecision.TAKE


def breaker_open(counts: SignupCounts) -> bool:
    """Whether so few confirm that somebody else must be signing them up."""
    asked = counts.site.hour
    return asked >= BREAKER_SIGNUPS and (asked - counts.confirmed.hour) / asked > BREAKER_SHARE


class EmailDecision(StrEnum):
    """Whether an address is asked to confirm. Nobody but staff learns which."""

    SEND = "send"
    RECENT = "asked within a day"
    OFTEN = "asked too often without a click"
    REFUSED = "its owner does not want to be asked"
    SUPPRESSED = "must not be written to"


def decide_email(
    emailed: Sequence[datetime], *, refused: bool, forbidden: bool, bounced: bool, now: datetime
) -> EmailDecision:
    """Whether an address gets an email that asks to confirm. `emailed` are those it has got since its owner last clicked.

    `refused`: its owner does not want to be asked. `forbidden`: it is suppressed for a reason that no sign-up changes.
    `bounced`: it is suppressed as there was no such mailbox; as there may be one again, it is asked once in 30 days.
    """
    if refused:
        return EmailDecision.REFUSED
    if forbidden:
        return EmailDecision.SUPPRESSED
    lately = [moment for moment in emailed if moment > now - EMAILS_WITHIN]
    if any(moment > now - EMAIL_EVERY for moment in lately):
        return EmailDecision.RECENT
    return EmailDecision.OFTEN if len(lately) >= (1 if bounced else MAX_EMAILS) else EmailDecision.SEND
