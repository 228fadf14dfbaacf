"""Retries: whether a delivery is tried again after an outcome, and when. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..message_queue import DeliveryOutcome
from ..model import Delivery, DeliveryState, Receipt

FIRST_WAIT = timedelta(minutes=1)
AFTER_LOSS = timedelta(seconds=15)  # of an email that has nothing to do with the failure: its connection broke
LONGEST_WAIT = timedelta(hours=1)
AFTER_GREYLISTING = timedelta(minutes=5)  # most servers want to wait that long, and no longer (RFC 6647, section 5)
MOST_CRASHES = 3  # of one email
SHORTEST_BACKOFF = timedelta(seconds=5)  # of a channel, doubled with each try of a post that is refused again
LONGEST_BACKOFF = timedelta(days=1)  # of a channel: a far end that names a later time is asked again after this
AFTER_AUTH = timedelta(minutes=15)  # how long a channel backs off whose credentials were refused

_GREYLISTING = re.compile(r"(?i)\b4\d\d\b.*gr[ea]y-?list")


class Decision(NamedTuple):
    """What a row becomes: its state, when it is due again, and the reply to remember.

    A row in doubt is due when somebody is to look whether it is out; without a time it is left to staff.
    """

    state: DeliveryState
    due: datetime | None = None
    reply: str = ""
    remote_id: str = ""
    url: str = ""


def decide_next(
    outcome: DeliveryOutcome, *, attempts: int, now: datetime, expires_at: datetime, jitter: float
) -> Decision:
    """What follows from the outcome of the attempt number `attempts` (from 1).

    `jitter` is a random number from 0 to 1: the wait is between 75 % and 125 % of its nominal length, so that rows that
    failed together do not come back together.
    """
    match outcome:
        case Receipt():
            return Decision(DeliveryState.SENT, reply=outcome.reply, remote_id=outcome.remote_id, url=outcome.url)
        case Rejected():
            return Decision(DeliveryState.REJECTED, reply=outcome.reply)
        case Uncertain():
            until = backoff_until(outcome, attempts=attempts, now=now, jitter=jitter)
            return Decision(DeliveryState.UNCERTAIN, due=max(until or now, now + FIRST_WAIT), reply=outcome.reply)
        case AuthBroken():
            return _later(now + AFTER_AUTH, outcome, expires_at)
        case Unavailable(wait=timedelta() as wait) if wait:
            # An email that waits for us is tried once more before its edition's time is over.
            last = max(now + FIRST_WAIT, expires_at - FIRST_WAIT)
            return _later(min(now + wait * (1 + jitter / 4), last), outcome, expires_at)
    until = backoff_until(outcome, attempts=attempts, now=now, jitter=jitter) or named_time(outcome, attempts, now)
    return _later(until or now + _wait(outcome, attempts, jitter), outcome, expires_at)


def checked_receipt(found: object, act: str) -> Receipt:
    """What an adapter returned as a receipt. Raises TypeError where it is none that could be written down."""
    if not isinstance(found, Receipt):
        raise TypeError(f"{act} returned {type(found).__name__}, which is no Receipt")
    for name in ("remote_id", "url", "reply"):
        if not isinstance(getattr(found, name), str):
            raise TypeError(f"{act} returned a Receipt whose {name} is no text: {getattr(found, name)!r}"[:200])
    return found


def backoff_until(outcome: DeliveryOutcome, *, attempts: int, now: datetime, jitter: float) -> datetime | None:
    """Until when a whole channel backs off after an outcome; None where it was about one post only.

    It is the time that the far end named, within bounds: not sooner than some seconds, which grow with the tries, nor
    later than a day. A time that is over already names none (its clock is wrong), and then we wait as after any fault.
    """
    if not isinstance(outcome, Unavailable | Uncertain):
        return None
    all_posts = outcome.all_posts if isinstance(outcome, Unavailable) else None
    if all_posts is False or (all_posts is None and outcome.retry_at is None):
        return None
    return named_time(outcome, attempts, now) or now + _wait(outcome, attempts, jitter)


def named_time(outcome: DeliveryOutcome, attempts: int, now: datetime) -> datetime | None:
    """The time that the far end named, within bounds; None where it named none, or one that is over."""
    named: object = outcome.retry_at if isinstance(outcome, Unavailable | Uncertain) else None
    if not isinstance(named, datetime):  # an adapter may have put anything there
        return None
    named = named if named.tzinfo else named.replace(tzinfo=UTC)
    if named <= now:
        return None
    one_post = (
        isinstance(outcome, Unavailable) and outcome.all_posts is False
    )  # it is asked how far the network has got
    least = SHORTEST_BACKOFF if one_post else min(SHORTEST_BACKOFF * 2 ** min(attempts - 1, 16), LONGEST_WAIT)
    bounded: datetime = min(max(named, now + least), now + LONGEST_BACKOFF)
    return bounded


def _wait(outcome: DeliveryError, attempts: int, jitter: float) -> timedelta:
    """How long to wait where no time was named: longer with each try, and each time a little differently."""
    first = AFTER_GREYLISTING if _GREYLISTING.search(outcome.reply) else FIRST_WAIT
    counted = not isinstance(outcome, Unavailable) or outcome.counted
    wait = min(first * 2 ** min(attempts - 1, 16), LONGEST_WAIT) if counted else AFTER_LOSS
    return wait * (0.75 + jitter / 2)


def decide_uncertain(row: Delivery, *, resend: bool, now: datetime) -> Decision:
    """What becomes of an email that may be out. One at which a sender has died again and again is left to staff, so that
    it cannot take every sender with it."""
    if not resend:
        return Decision(DeliveryState.UNCERTAIN, reply=f"{row.reply}; held for staff")
    if row.crash_count >= MOST_CRASHES:
        return Decision(DeliveryState.UNCERTAIN, reply=f"{row.reply}; {row.crash_count} times: set aside for staff")
    return Decision(DeliveryState.DEFERRED, due=now, reply=row.reply)


def _later(due: datetime, error: DeliveryError, expires_at: datetime) -> Decision:
    if due >= expires_at:
        return Decision(DeliveryState.EXPIRED, reply=f"given up at the end of the edition's time; last: {error.reply}")
    return Decision(DeliveryState.DEFERRED, due=due, reply=error.reply)
