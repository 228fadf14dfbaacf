"""What a refusal or a returned mail means for its address, and what follows from it. Pure.

What a refusal is about is decided by `mail/refusals`; only what is about the recipient counts against an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..errors import Rejected, Unavailable
from ..mail.refusal_rules import About
from ..mail.refusals import code_in, judge, status_in
from ..model import Bounce, Suppression, Tier

THRESHOLD = 3.0  # soft bounces, after decay, from which an address rests
HALF_LIFE = timedelta(days=30)  # in which a soft bounce loses half of its weight
REST = timedelta(days=30)  # how long an address rests

_PERMANENT = {Tier.HARD, Tier.COMPLAINT}
_STRENGTH = (Tier.SOFT, Tier.POLICY, Tier.IMPORT, Tier.HARD, Tier.STAFF, Tier.UNSUBSCRIBED, Tier.COMPLAINT)

_BY_ABOUT = {About.NOBODY: Tier.HARD, About.MAILBOX: Tier.SOFT, About.FULL: Tier.SOFT}


def classify(
    status: str, code: int, text: str, *, recipient: str = "", sender: str = "", name: str = "", taken: bool = False
) -> Tier:
    """What a refusal says of its recipient: hard, soft or policy. The arguments are those of `refusals.judge`."""
    refusal = judge(text, status=status, code=code, recipient=recipient, sender=sender, name=name, taken=taken)
    return _BY_ABOUT.get(refusal.about, Tier.POLICY)


def bounce_of(
    outcome: Rejected | Unavailable, *, address: str, delivery_id: int, edition_id: str, now: datetime
) -> Bounce | None:
    """What a server's refusal says of an address; None where it says nothing: no server has spoken, or not of it."""
    code = code_in(outcome.reply[:4])
    if not code or (isinstance(outcome, Unavailable) and not outcome.counted):
        return None
    if isinstance(outcome, Rejected) and outcome.about:  # judged already, by who knew all names
        tier = _BY_ABOUT.get(About(outcome.about), Tier.POLICY)
    else:
        taken = isinstance(outcome, Rejected) and not outcome.recipient
        tier = classify("", code, outcome.reply, recipient=address, taken=taken)
    return Bounce(
        address=address,
        type=tier,
        at=now,
        status=status_in(outcome.reply),
        text=outcome.reply,
        via="smtp",
        delivery_id=delivery_id,
        edition_id=edition_id,
    )


# -- what follows ------------------------------------------------------------------------------------------------------


def decide(bounce: Bounce, earlier: Sequence[Bounce], now: datetime) -> Suppression | None:
    """What follows from a bounce for its address, `earlier` being the soft ones before it; None where nothing does."""
    if bounce.type in _PERMANENT:
        return Suppression(address=bounce.address, type=bounce.type, reason=reason(bounce), since=now)
    if bounce.type is not Tier.SOFT or score([*earlier, bounce], now) < THRESHOLD:
        return None
    return Suppression(
        address=bounce.address,
        type=Tier.SOFT,
        reason=f"{reason(bounce)}; not for the first time",
        since=now,
        until=now + REST,
    )


def score(bounces: Sequence[Bounce], now: datetime) -> float:
    """How much the soft bounces of an address weigh: each counts 1, halved with every half-life, one for each edition.

    Those of no known edition count one for each day.
    """
    counted: dict[object, float] = {}
    for bounce in bounces:
        if bounce.type is Tier.SOFT:
            age = max(now - bounce.at, timedelta())
            place = bounce.edition_id or bounce.at.date()
            counted[place] = max(counted.get(place, 0.0), 0.5 ** (age / HALF_LIFE))
    return sum(counted.values())


def reason(bounce: Bounce) -> str:
    """Why an address is not written to, in one line for staff."""
    if bounce.type is Tier.COMPLAINT:
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
