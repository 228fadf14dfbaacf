"""Classifies bounces: what a refusal or a returned message means for its address, and what follows from it. Pure.

What a refusal is about is decided by `mail/rejections`; only what is about the recipient counts against an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..errors import Rejected, Unavailable
from ..mail.rejection_rules import RejectionCause
from ..mail.rejections import classify_rejection, find_code, find_status
from ..model import Bounce, BounceType, Suppression

THRESHOLD = 3.0  # soft bounces, after decay, from which an address is suppressed for a time
HALF_LIFE = timedelta(days=30)  # in which a soft bounce loses half of its weight
SOFT_SUPPRESSION_PERIOD = timedelta(days=30)  # how long that is

_PERMANENT = {BounceType.HARD, BounceType.COMPLAINT}
_STRENGTH = (
    BounceType.SOFT,
    BounceType.POLICY,
    BounceType.IMPORT,
    BounceType.HARD,
    BounceType.STAFF,
    BounceType.UNSUBSCRIBED,
    BounceType.COMPLAINT,
)

_BY_CAUSE = {
    RejectionCause.NO_MAILBOX: BounceType.HARD,
    RejectionCause.MAILBOX: BounceType.SOFT,
    RejectionCause.FULL: BounceType.SOFT,
}


def classify_bounce(
    status: str, code: int, text: str, *, recipient: str = "", sender: str = "", name: str = "", taken: bool = False
) -> BounceType:
    """What a refusal says of its recipient: hard, soft or policy. The arguments are those of `classify_rejection`."""
    refusal = classify_rejection(
        text, status=status, code=code, recipient=recipient, sender=sender, name=name, taken=taken
    )
    return _BY_CAUSE.get(refusal.about, BounceType.POLICY)


def bounce_from_outcome(
    outcome: Rejected | Unavailable, *, address: str, delivery_id: int, edition_id: str, now: datetime
) -> Bounce | None:
    """What a server's refusal says of an address; None where it says nothing: no server has spoken, or not of it."""
    code = find_code(outcome.reply[:4])
    if not code or (isinstance(outcome, Unavailable) and not outcome.counted):
        return None
    if isinstance(outcome, Rejected) and outcome.about:  # classified already, by who knew all names
        tier = _BY_CAUSE.get(RejectionCause(outcome.about), BounceType.POLICY)
    else:
        taken = isinstance(outcome, Rejected) and not outcome.recipient
        tier = classify_bounce("", code, outcome.reply, recipient=address, taken=taken)
    return Bounce(
        address=address,
        type=tier,
        at=now,
        status=find_status(outcome.reply),
        text=outcome.reply,
        via="smtp",
        delivery_id=delivery_id,
        edition_id=edition_id,
    )


# -- what follows ------------------------------------------------------------------------------------------------------


def decide_suppression(bounce: Bounce, earlier: Sequence[Bounce], now: datetime) -> Suppression | None:
    """What follows from a bounce for its address, `earlier` being the soft ones before it; None where nothing does."""
    if bounce.type in _PERMANENT:
        return Suppression(address=bounce.address, type=bounce.type, reason=describe_bounce(bounce), since=now)
    if bounce.type is not BounceType.SOFT or soft_bounce_score([*earlier, bounce], now) < THRESHOLD:
        return None
    return Suppression(
        address=bounce.address,
        type=BounceType.SOFT,
        reason=f"{describe_bounce(bounce)}; not for the first time",
        since=now,
        until=now + SOFT_SUPPRESSION_PERIOD,
    )


def soft_bounce_score(bounces: Sequence[Bounce], now: datetime) -> float:
    """How much the soft bounces of an address weigh: each counts 1, halved with every half-life, one for each edition.

    Those of no known edition count one for each day.
    """
    counted: dict[object, float] = {}
    for bounce in bounces:
        if bounce.type is BounceType.SOFT:
            age = max(now - bounce.at, timedelta())
            place = bounce.edition_id or bounce.at.date()
            counted[place] = max(counted.get(place, 0.0), 0.5 ** (age / HALF_LIFE))
    return sum(counted.values())


def describe_bounce(bounce: Bounce) -> str:
    """Why an address is not written to, in one line for staff."""
    if bounce.type is BounceType.COMPLAINT:
        return "the reader has complained of spam"
    said = " ".join(part for part in (bounce.status, bounce.text) if part)
    return f"{bounce.type} bounce: {said}"[:300] if said else f"{bounce.type} bounce"


def outranks(new: Suppression, old: Suppression | None) -> bool:
    """Whether a suppression takes the place of the one that is there: for good before for a time, then by its tier;
    of two that end by themselves the one that ends later."""
    if old is None:
        return True
    if new.until and old.until:
        return new.until > old.until
    if bool(new.until) != bool(old.until):
        return new.until is None
    return _STRENGTH.index(new.type) > _STRENGTH.index(old.type)
