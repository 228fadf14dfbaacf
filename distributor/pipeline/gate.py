"""The gate before sending: the final bytes of an edition's letters are examined, and what must not go out is held.

Staff may force single checks; who forced what is written down with the edition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from html import unescape
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection

from ..channel import PersonalChannel
from ..editions import book
from ..errors import UserError
from ..model import Edition, Rendition
from ..newsroom import Newsroom
from ..preflight.addresses import host_of
from ..preflight.causes import with_causes
from ..preflight.findings import CHECKS, Finding, blocking, told
from ..preflight.letter import Context, examine, links_of
from ..preflight.placeholders import in_the_way, sample_articles
from ..storage.database import Database
from ..subscribers.mailing import recipient

_HREF = re.compile(r'\bhref="([^"]*)"')  # in a body, which is sanitised
MOST_LETTERS = 20  # of one edition that are examined: the whole one, and the largest of the others
# Without https of our own there can be no one-click unsubscribe (RFC 8058): that is told, and holds nothing up.
_NEEDS_HTTPS = frozenset({"header-missing", "list-unsubscribe"})


def examine_letters(
    newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition], now: datetime
) -> list[Finding]:
    """What is wrong with the letters of an edition, as one reader would get them. Pure, but for the signing secret."""
    found = _unfinished(newsroom, edition, renditions)
    for channel, letter in _letters(newsroom, renditions):
        seen = examine(_message(newsroom, channel, edition, letter), _context(newsroom, letter, now))
        found += with_keys(newsroom, edition, seen, channel.name)
    return told(found)


def with_keys(newsroom: Newsroom, edition: Edition, found: Iterable[Finding], channel: str = "") -> list[Finding]:
    """Findings, each with the key of config.yaml that is its cause, where one is."""
    return with_causes(found, replace(newsroom.keys, newsletter=edition.newsletter, channel=channel))


def _unfinished(newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition]) -> list[Finding]:
    """What nobody has filled in yet of what would go to people."""
    names = {one.channel for one in renditions if one.channel in newsroom.channels}
    if not newsroom.reaches_people(names):
        return []
    sources = {source for article in edition.carried for source in (article.source, *article.origins)}
    reaching = {name: newsroom.channels[name].reaches_people for name in names}
    return [
        *in_the_way(newsroom.placeholders, newsletter=edition.newsletter, sources=sources, channels=reaching),
        *sample_articles(edition.carried),
    ]


def links_in(newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition]) -> list[str]:
    """Every address that the letters of an edition link to, each once."""
    found: dict[str, None] = {}
    for channel, letter in _letters(newsroom, renditions):
        found |= dict.fromkeys(links_of(_message(newsroom, channel, edition, letter)))
    return list(found)


def private_among(newsroom: Newsroom, edition: Edition, links: Iterable[str]) -> list[str]:
    """The links that may lead into a private network: those of articles whose own source is allowed to."""
    allowed: set[str] = set()
    for article in edition.carried:
        source = newsroom.sources.get(article.source)
        if source is not None and source.allow_private:
            allowed |= {article.url, *(unescape(url) for url in _HREF.findall(article.body_html))}
    return [url for url in links if url in allowed or _untagged(url) in allowed]


def _untagged(url: str) -> str:
    """An address without what says that a reader came from us (`rendering.links`)."""
    parts = urlsplit(url)
    query = "&".join(pair for pair in parts.query.split("&") if not pair.startswith("utm_"))
    return urlunsplit(parts._replace(query=query))


def held_by(newsroom: Newsroom, findings: Iterable[Finding], forced: Iterable[str] = ()) -> list[Finding]:
    """The findings that keep an edition from going out. Raises UserError for a forced name that is no check."""
    forgiven = _NEEDS_HTTPS if urlsplit(newsroom.settings.site.links_url).scheme == "http" else frozenset[str]()
    try:
        return blocking(findings, {*forced, *forgiven})
    except ValueError as error:
        raise UserError(f"--force: {error}") from None


def in_words(findings: Sequence[Finding]) -> str:
    return "; ".join(f"{one.check}: {one.message}" + (f" ({one.place})" if one.place else "") for one in findings)


def pass_again(
    newsroom: Newsroom, database: Database, edition_id: str, by: str, now: datetime, forced: Sequence[str]
) -> None:
    """Examine a frozen edition once more before it is let go. Raises UserError where something still blocks it."""
    with database.read() as connection:
        edition = book.edition(connection, edition_id)
        if edition is None:
            return
        kept = book.renditions_of(connection, edition_id)
    blocked = held_by(newsroom, examine_letters(newsroom, edition, kept, now), forced)
    if blocked:
        options = " ".join(f"--force {check}" for check in dict.fromkeys((*forced, *(one.check for one in blocked))))
        raise UserError(f"{edition_id} does not pass: {in_words(blocked)}; with {options} it goes all the same")
    if forced:
        with database.write() as connection:
            note_forced(connection, edition_id, by, now, forced)


def note_forced(connection: Connection, edition_id: str, by: str, now: datetime, forced: Sequence[str]) -> None:
    """Write down who forced which checks."""
    for check in forced:
        book.record(connection, edition_id, "forced", by, now, f"{check}: {CHECKS[check].sentence}")


def _letters(newsroom: Newsroom, renditions: Sequence[Rendition]) -> list[tuple[PersonalChannel, Rendition]]:
    """The letters to examine: the whole edition's, and the largest ones of its cohorts."""
    made: list[tuple[PersonalChannel, Rendition]] = []
    for name in dict.fromkeys(one.channel for one in renditions):
        channel = newsroom.channels.get(name)
        if isinstance(channel, PersonalChannel) and channel.writes_mail:
            mine = [one for one in renditions if one.channel == name]
            mine.sort(key=lambda one: (one.variant != "digest", -len(one.body)))
            made += [(channel, one) for one in mine[:MOST_LETTERS]]
    return made


def _message(newsroom: Newsroom, channel: PersonalChannel, edition: Edition, letter: Rendition) -> bytes:
    site = newsroom.settings.site
    reader = recipient(edition, "preflight", "ban-doc@example.com", "", secret=newsroom.secret(), links=site.links_url)
    return channel.personalise(letter, reader)


def _context(newsroom: Newsroom, letter: Rendition, now: datetime) -> Context:
    site = newsroom.settings.site
    return Context(subject=letter.title, now=now, hosts=frozenset({host_of(site.url), host_of(site.links_url)}))
