"""Sample pages that list editions, articles, newsletters and feeds; and that of an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ..articles.search_index import IndexedArticle
from ..articles.snippets import Piece
from ..config.schema import Newsletter
from ..editions.web_archive import ArchivedEdition
from ..model import Article, Language
from ..newsroom import Newsroom
from ..web.mailbox import MailboxEntry
from ..web.signup_form import takes_signups
from .articles import NOW, sample_articles
from .samples import Cases

_ERRORS: Mapping[tuple[str, str], Mapping[str, object]] = {
    ("not_found", "not_found_help"): {},
    ("went_wrong", "went_wrong_help"): {},
    ("too_many", ""): {"minutes": 60},
    ("link_invalid", "link_invalid_help"): {},
    ("email_gone", "email_gone_help"): {},
}
_PAGED: Mapping[str, Any] = {"list_path": "/archive/mau", "page": 2, "more": True}


def list_pages(newsroom: Newsroom, newsletter: Newsletter, language: Language) -> dict[str, Cases]:
    """The values of each page, by template and case."""
    settings = newsroom.settings
    shown = sample_articles(settings.site, newsletter, language)
    editions = _editions(newsletter, shown, language)
    found = _found(shown)
    topics = {"kinh-te": (shown[2].title[:20], 12), "y-te": ("Y tế", 1)}
    return {
        "archive": {
            "": {"listed": [{"id": newsletter.id, "title": newsletter.title, "editions": editions}], "topics": topics},
            "empty": {"listed": [], "topics": {}},
        },
        "editions": _editions_of_newsletter(newsletter, editions),
        "topic": {"": {"slug": "kinh-te", "topic": "Kinh tế", "shown": found, **_PAGED}},
        "search": _search(found),
        "feeds": {"": {"url": settings.links_url, "offers": list(settings.newsletters.values()), "topics": topics}},
        "feed": {"": _feed(newsletter, shown, settings.links_url)},
        "mailbox": {"": {"entries": _mailbox(shown)}, "empty": {"entries": []}},
        "newsletter": _newsletter(newsletter, shown, editions),
        "home": {
            "": {"offers": _offers(newsroom, editions[0]), "signup": None},
            "empty": {"offers": [], "signup": None},
        },
        "error": {
            (key if number else ""): {"key": key, "help_key": help, "values": values}
            for number, ((key, help), values) in enumerate(_ERRORS.items())
        },
    }


def _editions(newsletter: Newsletter, shown: Sequence[Article], language: Language) -> list[ArchivedEdition]:
    return [
        ArchivedEdition(
            id=f"{newsletter.id}-{number}",
            newsletter=newsletter.id,
            number=number,
            kind="alert" if number == 126 else "digest",
            subject=shown[128 - number].title,
            language=other.value,
            due_at=NOW - timedelta(days=128 - number),
            released_at=NOW - timedelta(days=128 - number),
        )
        for number, other in ((128, language), (127, Language.EN), (126, Language.VI))
    ]


def _found(shown: Sequence[Article]) -> list[IndexedArticle]:
    return [
        IndexedArticle(one.id, one.title, one.lead, one.published, one.has_date)
        for one in (*shown[:3], replace(shown[3], has_date=False))
    ]


def _editions_of_newsletter(newsletter: Newsletter, editions: Sequence[ArchivedEdition]) -> Cases:
    months = [{"id": "2026-11", "name": "11/2026", "number": 23}, {"id": "2026-10", "name": "10/2026", "number": 31}]
    page = {"newsletter": newsletter, **_PAGED, "shown": editions, "takes_signups": True, "month": "", "months": months}
    return {
        "": page,
        "of a month": {**page, "page": 1, "takes_signups": False, "month": "11/2026"},
        "empty": {**page, "page": 1, "more": False, "shown": [], "months": []},
    }


def _search(found: Sequence[IndexedArticle]) -> Cases:
    pieces = [[Piece(one.title[:9], True), Piece(one.title[9:])] for one in found]
    hits = [
        {"id": one.id, "title": words, "passage": words, "published": one.published, "has_date": one.has_date}
        for one, words in zip(found, pieces, strict=True)
    ]
    search = {"asked": "cầu Nà Mạ", "total": 43, "results": hits, "page": 2, "more": True}
    return {
        "": {"asked": "", "total": 0, "match": "phrase", "results": [], "page": 1, "more": False},
        "found": {**search, "match": "phrase"},
        "found as words": {**search, "match": "words"},
        "found as beginnings": {**search, "match": "beginnings"},
        "nothing found": {**search, "total": 0, "results": [], "match": "phrase"},
    }


def _feed(newsletter: Newsletter, shown: Sequence[Article], links_url: str) -> dict[str, Any]:
    entries = [
        {"title": one.title, "url": one.url, "summary": one.lead, "published": one.published} for one in shown[:5]
    ]
    return {
        "newsletter": newsletter,
        "feed_title": newsletter.title,
        "entries": [*entries, {**entries[0], "url": "", "summary": ""}],
        "addresses": [f"{links_url}/feeds/rss.xml"],
    }


def _mailbox(shown: Sequence[Article]) -> list[MailboxEntry]:
    return [
        MailboxEntry("0" * 32, shown[0].title, "lan@example.com", NOW),
        MailboxEntry("1" * 32, shown[1].title, "lan@example.com", None),
    ]


def _newsletter(newsletter: Newsletter, shown: Sequence[Article], editions: Sequence[ArchivedEdition]) -> Cases:
    return {
        "": {
            "newsletter": newsletter,
            "signup": None,
            "latest": editions[0],
            "titles": [one.title for one in shown],
            "earlier": editions[1:],
            "description": newsletter.description,
        },
        "without an edition": {"newsletter": newsletter, "signup": None, "latest": None, "titles": [], "earlier": []},
    }


def _offers(newsroom: Newsroom, latest: ArchivedEdition) -> list[dict[str, object]]:
    settings = newsroom.settings
    return [
        {
            "id": one.id,
            "title": one.title,
            "description": one.description,
            "language": settings.newsletter_language(one).value,
            "takes_signups": takes_signups(newsroom, one),
            "latest": latest if number == 0 else None,
        }
        for number, one in enumerate(settings.newsletters.values())
    ]
