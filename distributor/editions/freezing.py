"""Turns a selection into an edition: its number, its subject, its life time. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ..config import Newsletter, Settings
from ..model import Article, Edition, Language
from ..rehearsal import MARK
from .selection import Selection, Verdict

_OTHERS = {Language.VI: " và {count} tin khác", Language.EN: " and {count} more"}
_ONE_OTHER = {Language.VI: " và 1 tin khác", Language.EN: " and one more"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def manual_slot(now: datetime, zone: ZoneInfo) -> str:
    """The slot of a send by hand: when it was asked for, to the microsecond, so that two are never the same one."""
    return f"manual-{now.astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}"


def subject(newsletter: Newsletter, articles: tuple[Article, ...], language: Language, day: datetime) -> str:
    """The subject of a digest: the newsletter, the day, the first story and how many more there are."""
    others = len(articles) - 1
    tail = "" if others == 0 else (_ONE_OTHER if others == 1 else _OTHERS)[language].format(count=others)
    date = f"{day.day} {_MONTHS[day.month - 1]}" if language is Language.EN else f"{day:%d/%m}"
    return f"{newsletter.title} {date}: {articles[0].title}{tail}"


def freeze(
    settings: Settings, newsletter: Newsletter, selection: Selection, *, slot: str, number: int, now: datetime
) -> Edition:
    """The edition that answers a slot. `number` counts the newsletter's editions from 1."""
    language = settings.newsletter_language(newsletter)
    day = now.astimezone(settings.newsletter_zone(newsletter))
    words = subject(newsletter, selection.chosen + selection.briefs, language, day)
    return Edition(
        id=f"{newsletter.id}-{number}",
        newsletter=newsletter.id,
        slot=slot,
        number=number,
        subject=f"{MARK} {words}" if settings.test_mode else words,
        articles=selection.chosen,
        frozen_at=now,
        expires_at=now + newsletter.expires_after,
        language=language,
        briefs=selection.briefs,
        overflow=len(selection.of(Verdict.CARRIED)),
    )
