"""The gate before sending: the final bytes of an edition's emails are examined, and what must not go out is held.

Staff may force single checks; who forced what is written down with the edition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection

from ..editions import repository as edition_repository
from ..errors import UserError
from ..model import Edition, Rendition
from ..newsroom import Newsroom
from ..personal_channel import PersonalChannel
from ..preflight.config_keys import add_config_keys, find_sample_articles, placeholder_findings
from ..preflight.findings import CHECKS, Finding, blocking_findings, summarize_findings
from ..preflight.wording import check_edition_wording
from ..storage.database import Database
from ..subscribers.merge_values import build_recipient

if TYPE_CHECKING:
    from ..preflight.parsed_message import CheckContext  # brings the parsers of HTML and CSS along

_HREF = re.compile(r'\bhref="([^"]*)"')  # in a body, which is sanitised
MAX_EMAILS = 20  # of one edition that are examined: the whole one, and the largest of the others
# Without https of our own there can be no one-click unsubscribe (RFC 8058): that is told, and holds nothing up.
_NEEDS_HTTPS = frozenset({"missing-header", "list-unsubscribe"})


def check_emails(newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition], now: datetime) -> list[Finding]:
    """What is wrong with the emails of an edition, as one recipient would get them: a draft when it is due. Pure, but for
    the signing secret."""
    from ..preflight.checks import check_message

    then = max(now, edition.issued_at)
    found = [*_find_placeholders(newsroom, edition, renditions), *check_edition_wording(edition)]
    for channel, rendition in _emails_to_check(newsroom, renditions):
        seen = check_message(_message(newsroom, channel, edition, rendition), _context(newsroom, rendition, then))
        found += with_keys(newsroom, edition, seen, channel.name)
    return summarize_findings(found)


def with_keys(newsroom: Newsroom, edition: Edition, found: Iterable[Finding], channel: str = "") -> list[Finding]:
    """Findings, each with the key of config.yaml that is its cause, where one is."""
    return add_config_keys(found, replace(newsroom.keys, newsletter=edition.newsletter, channel=channel))


def _find_placeholders(newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition]) -> list[Finding]:
    """What nobody has filled in yet of what would go to people."""
    names = {one.channel for one in renditions if one.channel in newsroom.channels}
    if not newsroom.reaches_audience(names):
        return []
    sources = {source for article in edition.carried for source in (article.source, *article.origins)}
    reaching = {name: newsroom.channels[name].reaches_audience for name in names}
    return [
        *placeholder_findings(newsroom.placeholders, newsletter=edition.newsletter, sources=sources, channels=reaching),
        *find_sample_articles(edition.carried),
    ]


def list_links(newsroom: Newsroom, edition: Edition, renditions: Sequence[Rendition]) -> list[str]:
    """Every address that the emails of an edition link to, each once."""
    from ..preflight.checks import links_in_message

    found: dict[str, None] = {}
    for channel, rendition in _emails_to_check(newsroom, renditions):
        found |= dict.fromkeys(links_in_message(_message(newsroom, channel, edition, rendition)))
    return list(found)


def list_private_links(newsroom: Newsroom, edition: Edition, links: Iterable[str]) -> list[str]:
    """The links that may lead into a private network: those of articles whose own source is allowed to."""
    allowed: set[str] = set()
    for article in edition.carried:
        source = newsroom.sources.get(article.source)
        if source is not None and source.allow_private:
            allowed |= {article.url, *(unescape(url) for url in _HREF.findall(article.body_html))}
    return [url for url in links if url in allowed or _untagged(url) in allowed]


def _untagged(url: str) -> str:
    """An address without what says that a recipient came from us (`rendering.links`)."""
    parts = urlsplit(url)
    query = "&".join(pair for pair in parts.query.split("&") if not pair.startswith("utm_"))
    return urlunsplit(parts._replace(query=query))


def list_blocking(newsroom: Newsroom, findings: Iterable[Finding], forced: Iterable[str] = ()) -> list[Finding]:
    """The findings that keep an edition from going out. Raises UserError for a forced name that is no check."""
    forgiven = _NEEDS_HTTPS if urlsplit(newsroom.settings.links_url).scheme == "http" else frozenset[str]()
    try:
        return blocking_findings(findings, {*forced, *forgiven})
    except ValueError as error:
        raise UserError(f"--force: {error}") from None


def describe_findings(findings: Sequence[Finding]) -> str:
    return "; ".join(f"{one.check}: {one.message}" + (f" ({one.place})" if one.place else "") for one in findings)


def check_again(
    newsroom: Newsroom, database: Database, edition_id: str, by: str, now: datetime, forced: Sequence[str]
) -> None:
    """Examine a frozen edition once more before it is let go. Raises UserError where something still blocks it."""
    with database.read() as connection:
        edition = edition_repository.find(connection, edition_id)
        if edition is None:
            return
        kept = edition_repository.list_renditions(connection, edition_id)
    blocked = list_blocking(newsroom, check_emails(newsroom, edition, kept, now), forced)
    if blocked:
        options = " ".join(f"--force {check}" for check in dict.fromkeys((*forced, *(one.check for one in blocked))))
        raise UserError(
            f"{edition_id} does not pass: {describe_findings(blocked)}; with {options} it goes all the same"
        )
    if forced:
        with database.write() as connection:
            record_forced(connection, edition_id, by, now, forced)


def record_forced(connection: Connection, edition_id: str, by: str, now: datetime, forced: Sequence[str]) -> None:
    """Write down who forced which checks."""
    for check in forced:
        edition_repository.record_event(connection, edition_id, "forced", by, now, f"{check}: {CHECKS[check].sentence}")


def _emails_to_check(newsroom: Newsroom, renditions: Sequence[Rendition]) -> list[tuple[PersonalChannel, Rendition]]:
    """The emails to examine: the whole edition's, and the largest ones of its cohorts."""
    made: list[tuple[PersonalChannel, Rendition]] = []
    for name in dict.fromkeys(one.channel for one in renditions):
        channel = newsroom.channels.get(name)
        if isinstance(channel, PersonalChannel) and channel.sends_email:
            mine = [one for one in renditions if one.channel == name]
            mine.sort(key=lambda one: (one.variant != "digest", -len(one.body)))
            made += [(channel, one) for one in mine[:MAX_EMAILS]]
    return made


def emails_first(newsroom: Newsroom, renditions: Sequence[Rendition]) -> list[Rendition]:
    """The emails among what was frozen: the whole one, and the largest of the others."""
    return [rendition for _, rendition in _emails_to_check(newsroom, renditions)]


def _message(newsroom: Newsroom, channel: PersonalChannel, edition: Edition, rendition: Rendition) -> bytes:
    recipient = build_recipient(
        edition, "preflight", "ban-doc@example.com", "", secret=newsroom.secret(), links=newsroom.settings.links_url
    )
    return channel.personalize(rendition, recipient)


def _context(newsroom: Newsroom, rendition: Rendition, now: datetime) -> CheckContext:
    from ..preflight.links import host_of
    from ..preflight.parsed_message import CheckContext

    settings = newsroom.settings
    hosts = frozenset({host_of(settings.site.url), host_of(settings.links_url)})
    return CheckContext(subject=rendition.title, now=now, hosts=hosts)
