"""Subjects of editions, and the short texts beside them: templates filled, titles cut, labels put before them once. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from .. import i18n
from ..articles.folding import fold
from ..config.schema import Newsletter
from ..editorial import DEFAULT_SUBJECT
from ..model import Article, EditionKind, Language
from ..text import clean_line, cut_words
from ..text_template import escape_template, fill_template

# Phones show the first 33 to 43 characters of a subject, Gmail on a desktop about 70: a title is cut so that the whole
# subject has 80 at most, but never to less than what phones show.
MAX_SUBJECT = 80
MIN_TITLE = 40

_LABEL_END = re.compile(r"[\])]?\s*[:|!–—-]\s*|[\])]\s*")  # what parts a label from a title
_LONGEST_LABEL = 60  # characters of a title in which a label is looked for
# What titles of urgent articles begin with, folded, besides the label of the newsletter.
_URGENT = frozenset(
    ("khan", "khan cap", "tin khan", "tin khan cap", "tin nong", "breaking", "breaking news", "urgent", "alert")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFacts:
    """What the places of a subject are filled with, besides the articles. `day` is local."""

    newsletter: str
    site: str
    language: Language
    texts: i18n.Texts
    day: date
    kind: EditionKind = EditionKind.DIGEST
    number: int = 0

    def values(self, count: int, first: str) -> dict[str, str]:
        """What the places of a text about `count` articles hold, of which the `first` has this title."""
        others = count - 1
        tail = "" if others <= 0 else "subject_other" if others == 1 else "subject_others"
        return {
            "first": first,
            "others": self.texts.translate(self.language, tail, count=others) if tail else "",
            "count": str(count),
            "date": _week(self) if self.kind is EditionKind.WEEKLY else i18n.day_of_year(self.day, self.language),
            "newsletter": self.newsletter,
            "site": self.site,
            "number": str(self.number),
        }


def fill_subject(template: str, articles: Sequence[Article], facts: SubjectFacts) -> str:
    """The subject of an edition with these articles: its template filled, and the title in it cut at a word so that the
    whole fits."""
    title = clean_line(articles[0].title)

    def filled(first: str) -> str:
        return clean_line(fill_template(template, facts.values(len(articles), first)))

    return filled(cut_words(title, max(MAX_SUBJECT - len(filled("")) - 1, MIN_TITLE))) or title


def _week(facts: SubjectFacts) -> str:
    """The seven days that end on the day of the edition."""
    first, last = (i18n.day_of_year(day, facts.language) for day in (facts.day - timedelta(days=6), facts.day))
    return facts.texts.translate(facts.language, "subject_week", first=first, last=last)


def usual_subject(newsletter: Newsletter, facts: SubjectFacts, title: str, *, withdrawn: bool = False) -> str:
    """The template of an edition's subject where no editor has written one."""
    if facts.kind is EditionKind.ALERT:
        return escape_template(label_alert(newsletter, facts.language, title, facts.texts))
    if facts.kind is EditionKind.CORRECTION:
        key = "withdrawn_subject" if withdrawn else "correction_subject"
        return escape_template(facts.texts.translate(facts.language, key, title=title))
    return newsletter.subject or DEFAULT_SUBJECT


def alert_label(newsletter: Newsletter, language: Language, texts: i18n.Texts) -> str:
    """What marks an alert of this newsletter: "Tin khẩn"."""
    return (newsletter.alerts.label if newsletter.alerts else "") or texts.translate(language, "alert")


def label_alert(newsletter: Newsletter, language: Language, title: str, texts: i18n.Texts) -> str:
    """The title of an alert with its label, unless it begins with one: `Tin khẩn: …`, `KHẨN CẤP – …`, `[Khẩn] …`."""
    label = alert_label(newsletter, language, texts)
    return title if has_label(title, label) else f"{label}: {title}"


def has_label(title: str, label: str) -> bool:
    """Whether a title begins with a label of its own, whatever its case and its diacritics."""
    words, own = _words(title[:_LONGEST_LABEL]), _words(label)
    if " " in own and f"{words} ".startswith(f"{own} "):
        return True
    end = _LABEL_END.search(title[:_LONGEST_LABEL])
    begins = _words(title[: end.start()]) if end else ""
    return bool(begins) and (begins in _URGENT or f"{begins} ".startswith(f"{own} "))


def _words(text: str) -> str:
    """The words of a text, folded, with single spaces between them."""
    return " ".join(re.findall(r"\w+", fold(text)))
