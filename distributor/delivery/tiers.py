"""What a refusal means, and what follows from it. Pure.

A refusal is read from its enhanced code (RFC 3463; the IANA registry of such codes for the later ones), then from its
SMTP code (RFC 5321, section 4.2.3), then from its words, in that order. Where code and words contradict each other, the
milder reading counts: an address that is wrongly kept costs one letter more, one that is wrongly dropped costs a reader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..errors import Rejected, Unavailable
from ..model import Bounce, Suppression, Tier
from ..text import clean_line

THRESHOLD = 3.0  # soft bounces, after decay, from which an address rests
HALF_LIFE = timedelta(days=30)  # in which a soft bounce loses half of its weight
REST = timedelta(days=30)  # how long an address rests

_PERMANENT = {Tier.HARD, Tier.COMPLAINT}
_STRENGTH = (Tier.SOFT, Tier.POLICY, Tier.IMPORT, Tier.HARD, Tier.STAFF, Tier.UNSUBSCRIBED, Tier.COMPLAINT)

# Of codes 5.y.z: by subject and detail, or else by the subject alone.
_BY_DETAIL: dict[str, Tier] = {
    "1.1": Tier.HARD,  # no such mailbox                                       RFC 3463, section 3.2
    "1.2": Tier.HARD,  # no such domain
    "1.3": Tier.HARD,  # an address that cannot be
    "1.4": Tier.SOFT,  # an address that stands for several
    "1.6": Tier.HARD,  # the mailbox has moved, and nobody knows where to
    "1.7": Tier.POLICY,  # our own address is at fault
    "1.8": Tier.POLICY,
    "1.10": Tier.HARD,  # the domain takes no mail: null MX                    RFC 7505, section 4.2
    "2.1": Tier.HARD,  # the mailbox is closed                                 RFC 3463, section 3.3
    "2.2": Tier.SOFT,  # the mailbox is full
    "2.3": Tier.POLICY,  # our letter is too long for it
    "4.4": Tier.HARD,  # no way to the domain: there is none in DNS            RFC 3463, section 3.5
    "4.310": Tier.HARD,  # the same as Exchange Online writes it
    "7.17": Tier.HARD,  # the mailbox belongs to somebody else now             RFC 7293, section 14.4
    "7.18": Tier.HARD,  # and so does the domain
}
_BY_SUBJECT: dict[str, Tier] = {
    "2": Tier.SOFT,  # something about the mailbox
    "3": Tier.POLICY,  # the far system, whoever is written to
    "4": Tier.SOFT,  # the way there
    "5": Tier.POLICY,  # the protocol
    "6": Tier.POLICY,  # what the letter is made of
    "7": Tier.POLICY,  # security and policy
}
_BY_CODE: dict[int, Tier] = {
    552: Tier.SOFT,  # exceeded storage allocation                             RFC 5321, section 4.2.3
    556: Tier.HARD,  # the domain takes no mail                                RFC 7504, section 3
}

# Words that servers use. English first, then the Vietnamese of providers in Vietnam.
_NOBODY = re.compile(
    r"(?:user|recipient|mailbox|account|address|local part|người dùng|người nhận|hộp thư|tài khoản|địa chỉ)\W{0,3}"
    r"(?:\S{1,80}\W{1,3})?(?:is |was |has been |name |này |đã )?(?:unknown|not found|no longer (?:available|valid|active)"
    r"|disabled|deactivated|does ?n.t exist|does not exist|not exist|inactive|invalid|rejected: access denied"
    r"|không tồn tại|không có thật|không hợp lệ|bị khóa|bị khoá|ngừng hoạt động)"
    r"|(?:no such|unknown|invalid|non-?existent|unrouteable|undeliverable) (?:a )?"
    r"(?:user|recipient|mailbox|account|address|person|local part|domain|e-?mail)"
    r"|you tried to reach (?:does ?n.t exist|does not exist|is disabled|is inactive)|recip(?:ient)?notfound"
    r"|no mailbox (?:here )?by that name|not a valid mailbox|does ?n.t have an? \S{1,80} account"
    r"|(?:host|domain)(?: or domain)?(?: name)? not found|null mx|does not accept mail"
    r"|không tìm thấy (?:người dùng|người nhận|hộp thư|tài khoản|địa chỉ|tên miền)",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"mailbox (?:is )?full|over ?quota|over (?:the |its |their )?(?:storage )?quota|quota (?:is |has been |was )?exceeded"
    r"|exceeded (?:its |the |their )?(?:mailbox |storage )?(?:quota|allocation)|out of storage"
    r"|insufficient (?:system )?storage|not enough (?:disk |storage )?space"
    r"|hộp thư (?:này |đã |bị )*đầy|đầy dung lượng|vượt quá dung lượng|hết dung lượng",
    re.IGNORECASE,
)
# What servers say of a mailbox that may be there: RFC 5321 has one sentence for missing, busy and forbidden ones.
_PERHAPS = re.compile(r"mailbox unavailable", re.IGNORECASE)
_OURS = re.compile(
    r"spam|phish|virus|black ?list|block ?list|blocked using|dnsbl|\brbl\b|reputation|\bdmarc\b|\bspf\b|\bdkim\b"
    r"|unsolicited|bulk mail|reverse dns|invalid dns|\bptr\b|authenticat|relay(?:ing)? (?:access )?denied|unable to relay"
    r"|policy|too (?:large|big)|exceeds? (?:the )?(?:maximum|size|fixed)|thư rác",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(
    r"try (?:again|later)|receiving mail (?:at a rate|too quickly)|too many|temporar|rate limit|tạm thời|thử lại sau",
    re.IGNORECASE,
)
_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ \-#]|$)")
_LONGEST = 2000  # characters of an answer that are read


def classify(status: str, code: int, text: str) -> Tier:
    """What a refusal says of its recipient: hard, soft or policy.

    `status` is the enhanced code (`5.1.1`), `code` that of SMTP (550), empty and 0 where there is none; what is missing
    is looked for in `text`, the words of the server.
    """
    text = clean_line(text[:_LONGEST])
    kind, subject, detail = _enhanced(status, text)
    code = code or _code_in(text)
    if kind == "4" or (not kind and 400 <= code < 500):
        # Who is told "not from you" for days is not to blame either, so 4.7.z is no soft bounce.
        return Tier.POLICY if subject == "7" else _milder(Tier.SOFT, text)
    tier = (
        _BY_DETAIL.get(f"{subject}.{detail}")
        or _by_words(text)
        or _BY_SUBJECT.get(subject)
        or _BY_CODE.get(code)
        or (Tier.SOFT if _NOT_NOW.search(text) else Tier.POLICY)
    )
    return _milder(tier, text)


def bounce_of(
    outcome: Rejected | Unavailable, *, address: str, delivery_id: int, edition_id: str, now: datetime
) -> Bounce | None:
    """What a server's refusal says of an address; None where it says nothing: no server has spoken, or not of it.

    What is refused after the recipient was taken is refused for its content, unless its code names the mailbox.
    """
    found = _CODE.match(outcome.reply)
    if not found or (isinstance(outcome, Unavailable) and not outcome.counted):
        return None
    tier = classify("", int(found[1]), outcome.reply)
    if isinstance(outcome, Rejected) and not outcome.recipient and _enhanced("", outcome.reply)[1] not in ("1", "2"):
        tier = Tier.POLICY
    code = _ENHANCED.search(outcome.reply)
    return Bounce(
        address=address,
        tier=tier,
        at=now,
        status=code[0] if code else "",
        text=outcome.reply,
        via="smtp",
        delivery_id=delivery_id,
        edition_id=edition_id,
    )


def _enhanced(status: str, text: str) -> tuple[str, str, str]:
    """Class, subject and detail; empty where nobody names them. `5.0.0` says nothing, so the words are asked as well."""
    codes = [(found[1], found[2], found[3]) for found in map(_ENHANCED.search, (status, text)) if found]
    told = [code for code in codes if code[1:] != ("0", "0")]
    if told:
        return told[0]
    return (codes[0][0], "", "") if codes else ("", "", "")


def _code_in(text: str) -> int:
    found = _CODE.search(text)
    return int(found[1]) if found else 0


def _by_words(text: str) -> Tier | None:
    if _FULL.search(text) or _PERHAPS.search(text):
        return Tier.SOFT
    return Tier.HARD if _NOBODY.search(text) else None


def _milder(tier: Tier, text: str) -> Tier:
    """The tier, unless the words speak of something milder: servers use the codes of missing mailboxes for much else."""
    if tier is Tier.HARD:
        return Tier.SOFT if _OURS.search(text) or _FULL.search(text) or _NOT_NOW.search(text) else tier
    if tier is Tier.SOFT:
        return Tier.POLICY if _OURS.search(text) and not _FULL.search(text) else tier
    return tier


# -- what follows ------------------------------------------------------------------------------------------------------


def decide(bounce: Bounce, earlier: Sequence[Bounce], now: datetime) -> Suppression | None:
    """What follows from a bounce for its address, `earlier` being the soft ones before it; None where nothing does."""
    if bounce.tier in _PERMANENT:
        return Suppression(address=bounce.address, tier=bounce.tier, reason=reason(bounce), since=now)
    if bounce.tier is not Tier.SOFT or score([*earlier, bounce], now) < THRESHOLD:
        return None
    return Suppression(
        address=bounce.address,
        tier=Tier.SOFT,
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
        if bounce.tier is Tier.SOFT:
            age = max(now - bounce.at, timedelta())
            place = bounce.edition_id or bounce.at.date()
            counted[place] = max(counted.get(place, 0.0), 0.5 ** (age / HALF_LIFE))
    return sum(counted.values())


def reason(bounce: Bounce) -> str:
    """Why an address is not written to, in one line for staff."""
    if bounce.tier is Tier.COMPLAINT:
        return "the reader has complained of spam"
    said = " ".join(part for part in (bounce.status, bounce.text) if part)
    return f"{bounce.tier} bounce: {said}"[:300] if said else f"{bounce.tier} bounce"


def outranks(new: Suppression, old: Suppression | None) -> bool:
    """Whether a suppression takes the place of the one that is there: for good before for a time, then by its tier;
    of two that end by themselves the one that ends later."""
    if old is None:
        return True
    if new.until and old.until:
        return new.until > old.until
    if bool(new.until) != bool(old.until):
        return new.until is None
    return _STRENGTH.index(new.tier) > _STRENGTH.index(old.tier)
