"""Turns articles into an edition: its number, its subject, its announcements, its life time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..config.schema import Newsletter, Settings
from ..editorial import EditionBlock, EditorWords
from ..model import Article, Edition, EditionKind
from ..test_mode import mark_test
from .selection import ArticleStatus, Selection
from .subject import SubjectFacts, fill_subject, usual_subject

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

    A draft is `due` later than it is frozen; its life time and the day in its subject are counted from then. `words` are
    what an editor says in it; a `test` is a copy for staff.
    """

    kind: EditionKind = EditionKind.DIGEST
    slot: str
    number: int
    frozen_at: datetime
    due: datetime | None = None
    withdrawn: bool = False
    words: EditorWords = EditorWords()
    test: bool = False


def manual_slot(now: datetime, zone: ZoneInfo) -> str:
    """The slot of a send by hand: when it was asked for, to the microsecond, so that two are never the same one."""
    return f"manual-{now.astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}"


def alert_slot(article: str) -> str:
    """The slot of an alert: an article is an alert of a newsletter once."""
    return f"alert-{article}"


def build_edition(settings: Settings, newsletter: Newsletter, contents: EditionContents, key: EditionKey) -> Edition:
    """The edition that answers a slot."""
    language = settings.newsletter_language(newsletter)
    life = newsletter.alerts.expires_after if key.kind is EditionKind.ALERT and newsletter.alerts else None
    edition = Edition(
        id=f"{newsletter.id}-{_ID_PREFIXES[key.kind]}{key.number}",
        newsletter=newsletter.id,
        slot=key.slot,
        number=key.number,
        subject="",
        articles=contents.articles,
        frozen_at=key.frozen_at,
        expires_at=(key.due or key.frozen_at) + (life or newsletter.expires_after),
        language=language,
        kind=key.kind,
        briefs=contents.briefs,
        overflow=contents.overflow,
        words=key.words,
        due_at=key.due,
    )
    writer = SubjectWriter.of(settings, newsletter, edition, withdrawn=key.withdrawn, test=key.test)
    return replace(edition, subject=writer.subject(edition.carried), **_voice(newsletter, edition, writer.facts))


def _voice(newsletter: Newsletter, edition: Edition, facts: SubjectFacts) -> dict[str, Any]:
    """What the newsroom says itself in an edition: an alert or a correction speaks of its article only."""
    own = edition.words.preheader
    if edition.kind in (EditionKind.ALERT, EditionKind.CORRECTION):
        return {"preheader": own}
    blocks = tuple(
        EditionBlock(
            text=block.markdown,
            label=block.label or (facts.texts.translate(facts.language, "sponsored") if block.sponsor else ""),
            after=block.after,
        )
        for block in newsletter.blocks
        if block.is_shown_on(facts.day)
    )
    return {"preheader": own or newsletter.preheader, "blocks": blocks}


@dataclass(frozen=True, slots=True)
class SubjectWriter:
    """Writes the subject of an edition for whatever of its articles somebody gets."""

    newsletter: Newsletter
    facts: SubjectFacts
    words: EditorWords
    test: bool
    withdrawn: bool = False

    @classmethod
    def of(
        cls,
        settings: Settings,
        newsletter: Newsletter,
        edition: Edition,
        *,
        withdrawn: bool = False,
        test: bool = False,
    ) -> SubjectWriter:
        """Its day is that of the newsletter's time zone. A `test` is marked."""
        facts = SubjectFacts(
            newsletter=newsletter.title,
            site=settings.site.title,
            language=edition.language,
            texts=settings.texts,
            day=edition.issued_at.astimezone(settings.newsletter_zone(newsletter)).date(),
            kind=edition.kind,
            number=edition.number,
        )
        return cls(newsletter, facts, edition.words, test or settings.test_mode is not None, withdrawn)

    def subject(self, articles: Sequence[Article]) -> str:
        usual = usual_subject(self.newsletter, self.facts, articles[0].title, withdrawn=self.withdrawn)
        words = fill_subject(self.words.subject or usual, articles, self.facts)
        return mark_test(words, self.facts.language) if self.test else words
