"""Turns articles into an edition: its number, its subject, its life time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..config.schema import Newsletter, Settings
from ..model import Article, Edition, EditionKind, Language
from ..test_mode import TEST_PREFIX
from .selection import ArticleStatus, Selection

_OTHERS = {Language.VI: " và {count} tin khác", Language.EN: " and {count} more"}
_ONE_OTHER = {Language.VI: " và 1 tin khác", Language.EN: " and one more"}
_WEEK = {Language.VI: "tuần {first}–{last}", Language.EN: "week of {first}"}
_LABELS = {
    "alert": {Language.VI: "Tin khẩn: {title}", Language.EN: "Breaking: {title}"},
    "correction": {Language.VI: "Đính chính: {title}", Language.EN: "Correction: {title}"},
    "withdrawal": {Language.VI: "Gỡ bài: {title}", Language.EN: "Withdrawn: {title}"},
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
# What stands before the number in an edition's id: digests count by themselves, so `tin-sang-12` is the twelfth.
_ID_PREFIXES = {
    EditionKind.DIGEST: "",
    EditionKind.DAILY: "d",
    EditionKind.WEEKLY: "w",
    EditionKind.ALERT: "a",
    EditionKind.CORRECTION: "c",
}


@dataclass(frozen=True, slots=True)
class EditionContents:
    """What goes into an edition. `overflow` counts the articles that wait for the next one."""

    articles: tuple[Article, ...]
    briefs: tuple[Article, ...] = ()
    overflow: int = 0

    @classmethod
    def of(cls, selection: Selection) -> EditionContents:
        return cls(selection.chosen, selection.briefs, len(selection.of(ArticleStatus.CARRIED)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionKey:
    """Which edition of a newsletter it is. `number` counts those of its kind from 1.

    A draft is `due` later than it is frozen; its life time and the day in its subject are counted from then.
    """

    kind: EditionKind = EditionKind.DIGEST
    slot: str
    number: int
    frozen_at: datetime
    due: datetime | None = None
    withdrawn: bool = False


def manual_slot(now: datetime, zone: ZoneInfo) -> str:
    """The slot of a send by hand: when it was asked for, to the microsecond, so that two are never the same one."""
    return f"manual-{now.astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}"


def alert_slot(article: str) -> str:
    """The slot of an alert: an article is an alert of a newsletter once."""
    return f"alert-{article}"


def format_subject(
    newsletter: Newsletter,
    articles: Sequence[Article],
    language: Language,
    day: datetime,
    kind: EditionKind = EditionKind.DIGEST,
    *,
    withdrawn: bool = False,
) -> str:
    """The subject of an edition: for a digest the newsletter, the day, the first story and how many more there are.

    `day` is local. A week is the seven days that end on it.
    """
    first = articles[0].title
    if kind in (EditionKind.ALERT, EditionKind.CORRECTION):
        return _LABELS["withdrawal" if withdrawn else kind.value][language].format(title=first)
    others = len(articles) - 1
    tail = "" if others == 0 else (_ONE_OTHER if others == 1 else _OTHERS)[language].format(count=others)
    when = _week(language, day) if kind is EditionKind.WEEKLY else _date(language, day)
    return f"{newsletter.title} {when}: {first}{tail}"


def _date(language: Language, day: datetime) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}" if language is Language.EN else f"{day:%d/%m}"


def _week(language: Language, day: datetime) -> str:
    first = day - timedelta(days=6)
    return _WEEK[language].format(first=_date(language, first), last=_date(language, day))


def build_edition(settings: Settings, newsletter: Newsletter, contents: EditionContents, key: EditionKey) -> Edition:
    """The edition that answers a slot."""
    language = settings.newsletter_language(newsletter)
    due = key.due or key.frozen_at
    day = due.astimezone(settings.newsletter_zone(newsletter))
    articles = contents.articles + contents.briefs
    words = format_subject(newsletter, articles, language, day, key.kind, withdrawn=key.withdrawn)
    life = newsletter.alerts.expires_after if key.kind is EditionKind.ALERT and newsletter.alerts else None
    return Edition(
        id=f"{newsletter.id}-{_ID_PREFIXES[key.kind]}{key.number}",
        newsletter=newsletter.id,
        slot=key.slot,
        number=key.number,
        subject=add_test_mark(settings, words),
        articles=contents.articles,
        frozen_at=key.frozen_at,
        expires_at=due + (life or newsletter.expires_after),
        language=language,
        kind=key.kind,
        briefs=contents.briefs,
        overflow=contents.overflow,
    )


def add_test_mark(settings: Settings, words: str) -> str:
    """A subject as it goes out: with the mark of test mode where that is on."""
    return f"{TEST_PREFIX} {words}" if settings.test_mode else words
