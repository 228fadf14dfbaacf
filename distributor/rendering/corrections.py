"""An article that was wrong, as it is shown from then on: with a visible note, or as a note alone. Pure."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from .. import i18n
from ..model import Article, Language, Notice, NoticeKind
from .views import clean_text


def with_notices(article: Article, notices: Sequence[Notice], language: Language, zone: ZoneInfo) -> Article:
    """A corrected article begins with its notes, newest first; of a withdrawn one only the note is left."""
    if not notices:
        return article
    changed = max(notice.at for notice in notices)
    last = notices[-1]
    if last.kind is NoticeKind.WITHDRAWAL:
        words = notice_text(last, language, zone)
        title = i18n.translate(language, "withdrawn_title", title=article.title)
        return replace(
            article, title=title, lead=words, body_html=_paragraph(words), author="", image=None, updated=changed
        )
    notes = [notice_text(notice, language, zone) for notice in reversed(notices)]
    return replace(
        article,
        lead=" ".join([notes[0], article.lead]).strip(),
        body_html="".join(map(_paragraph, notes)) + article.body_html,
        updated=max(changed, article.updated) if article.updated else changed,
    )


def all_with_notices(
    articles: Sequence[Article], notices: Mapping[str, Sequence[Notice]], language: Language, zone: ZoneInfo
) -> tuple[Article, ...]:
    return tuple(with_notices(article, notices.get(article.id, ()), language, zone) for article in articles)


def notice_text(notice: Notice, language: Language, zone: ZoneInfo) -> str:
    """`Đính chính (23/11/2026): …`."""
    note = clean_text(notice.note) or i18n.translate(language, f"notice_{notice.kind}_usual")
    return i18n.translate(language, f"notice_{notice.kind}", date=i18n.short_date(notice.at, language, zone), note=note)


def _paragraph(words: str) -> str:
    return f"<p><strong>{html.escape(words)}</strong></p>"
