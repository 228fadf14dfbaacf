"""What becomes of a draft: who has said what, what silence means, what has changed since it was frozen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from ..config.schema import Review
from ..model import Article, Edition
from .selection import Candidate

APPROVED, HELD, EDITED = "approved", "held", "edited"


class DraftStep(StrEnum):
    """What is to be done with a draft now."""

    WAIT = "wait"
    RELEASE = "release"
    HOLD = "hold"
    SKIP = "skip"


def last_word(said: Sequence[str]) -> str:
    """Whether a draft is approved or held, by the names of its events in order; empty where nobody has said either.

    Who edits a draft makes an approval void, as what goes out must be what was approved. Then it counts again whether it
    had been held before.
    """
    held = approved = False
    for word in said:
        if word == APPROVED:
            approved = True
        elif word == HELD:
            held, approved = True, False
        elif word == EDITED:
            approved = False
    return APPROVED if approved else HELD if held else ""


def next_step(said: Sequence[str], due: datetime, review: Review | None, now: datetime) -> tuple[DraftStep, str]:
    """What follows from what was said of a draft (the names of its events, in order), and why.

    Whoever spoke last counts, and an edit voids approvals. A draft that was approved goes out at its time, never earlier.
    """
    last = last_word(said)
    if last == HELD:
        return DraftStep.WAIT, "it is held"
    if now < due:
        return DraftStep.WAIT, "its time has not come"
    if last == APPROVED:
        return DraftStep.RELEASE, "approved"
    silence = review.if_unanswered if review else "send"
    nobody = "nobody had approved it when its time came"
    return {"send": DraftStep.RELEASE, "hold": DraftStep.HOLD, "skip": DraftStep.SKIP}[silence], nobody


# -- the recheck -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that has happened to an article since the edition was frozen. `edited` is its newer version, where that
    is all; otherwise the article must not go out now, for `reason`. `stays`: whatever the policy, it is in."""

    article: Article
    reason: str
    edited: Article | None = None
    withdrawn: bool = False
    stays: bool = False


def find_differences(edition: Edition, today: Mapping[str, Candidate], now: datetime, zone: tzinfo) -> list[Difference]:
    """What is not as it was frozen. `today` are the edition's articles as they stand now, by id."""
    found = []
    for frozen in edition.carried:
        candidate = today.get(frozen.id)
        if candidate is None:
            found.append(Difference(frozen, "its row in the store cannot be read"))
            continue
        article, reason = candidate.article, find_hold_reason(candidate, now, zone)
        if reason:
            found.append(Difference(frozen, reason, withdrawn=bool(candidate.withdrawn)))
        elif article.version != frozen.version:
            found.append(Difference(frozen, f"edited since (version {article.version})", edited=article))
    return found


def find_hold_reason(today: Candidate, now: datetime, zone: tzinfo) -> str:
    """Why an article must not go out now; nothing where it may."""
    if today.withdrawn:
        return f"withdrawn: {today.withdrawn}"
    if today.held:
        return today.held
    until = today.article.waits_until(now)
    if until is None:
        return ""
    why = "under embargo" if today.article.publish_at == until else "dated ahead, and waits"
    return f"{why} until {until.astimezone(zone):%Y-%m-%d %H:%M}"


@dataclass(frozen=True, slots=True)
class RecheckResult:
    """The result of the recheck: the articles that stay, as they are to go out, and those that are left out."""

    articles: tuple[Article, ...]
    briefs: tuple[Article, ...]
    left_out: tuple[Difference, ...]
    changed: bool


def apply_differences(edition: Edition, found: Sequence[Difference], policy: str) -> RecheckResult:
    """The edition after the recheck, for the policies `refresh` and `drop`; any other is taken as `refresh`.

    What must not go out is left out by both; an edited article goes in its newer version (`refresh`), or waits for the
    next edition (`drop`).
    """
    out = {one.article.id: one for one in found if one.edited is None or (policy == "drop" and not one.stays)}
    newer = {one.article.id: one.edited for one in found if one.edited is not None}

    def as_it_goes(articles: Sequence[Article]) -> tuple[Article, ...]:
        return tuple(newer.get(one.id) or one for one in articles if one.id not in out)

    return RecheckResult(as_it_goes(edition.articles), as_it_goes(edition.briefs), tuple(out.values()), bool(found))


def describe_differences(found: Sequence[Difference]) -> str:
    return "; ".join(f"«{one.article.title}» ({one.article.id}): {one.reason}" for one in found)
