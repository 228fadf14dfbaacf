"""`distributor preflight`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from .app import App, clock, complete_newsletter, json_option, pass_app, plural, say, show_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model import Edition, Rendition
    from ..preflight.findings import Finding


@click.command("preflight", short_help="Examine the letters of an edition before they go out.")
@click.argument("name", metavar="NEWSLETTER|EDITION", shell_complete=complete_newsletter)
@click.option("--links/--no-links", default=True, show_default=True, help="Ask whether the links answer.")
@click.option("--seconds", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Most time for the links.")
@json_option
@pass_app
def command(app: App, name: str, links: bool, seconds: float, as_json: bool) -> None:
    """Examine the letters of the next edition of NEWSLETTER, or of an EDITION that was made, byte for byte.

    What blocks would hold the edition; the exit code is then 1. Every check is explained in docs/preflight.md.
    """
    from ..pipeline import gate

    edition, kept = _subject(app, name)
    if edition is None:
        say("Nothing to examine: there would be no edition.")
        return
    findings = gate.examine_letters(app.newsroom, edition, kept, clock())
    unclear = 0
    if links:
        more, unclear = asyncio.run(_links(app, edition, kept, seconds))
        findings = [*findings, *more]
    blocked = gate.held_by(app.newsroom, findings)
    if as_json:
        show_json(
            {
                "edition": edition.id,
                "findings": [
                    {
                        "check": one.check,
                        "severity": one.severity,
                        "message": one.message,
                        "where": one.where,
                        "key": one.key,
                    }
                    for one in findings
                ],
                "blocked": [one.check for one in blocked],
                "links_unclear": unclear,
            }
        )
    else:
        _tell(edition, findings, blocked, unclear)
    if blocked:
        raise SystemExit(1)


def _subject(app: App, name: str) -> tuple[Edition | None, Sequence[Rendition]]:
    """An edition that was made, or the next one of a newsletter."""
    from .. import pipeline
    from ..editions import book

    with app.store() as database:
        if name not in app.newsroom.settings.newsletters:
            with database.read() as connection:
                edition = book.edition(connection, name)
                if edition:
                    return edition, book.renditions_of(connection, name)
        proposal = pipeline.propose(app.newsroom, database, app.newsroom.newsletter(name), "preflight", clock())
        return proposal.edition, proposal.renditions


async def _links(app: App, edition: Edition, kept: Sequence[Rendition], seconds: float) -> tuple[list[Finding], int]:
    from ..pipeline import gate
    from ..preflight.links import check_links

    urls = gate.links_in(app.newsroom, edition, kept)
    private = gate.private_among(app.newsroom, edition, urls)
    checked = await check_links(
        urls, site=app.newsroom.settings.site, budget=seconds, cache={}, now=clock(), private=private
    )
    return gate.with_keys(app.newsroom, edition, checked.findings), len(checked.unclear)


def _tell(edition: Edition, findings: Sequence[Finding], blocked: Sequence[Finding], unclear: int) -> None:
    say(f"{edition.id}: {edition.subject}", bold=True)
    for one in findings:
        where = f" ({one.place})" if one.place else ""
        say(f"  {'BLOCK' if one in blocked else 'warn '} {one.check}: {one.message}{where}")
    if unclear:
        say(f"  of {plural(unclear, 'link')} nobody can tell whether they answer")
    if blocked:
        say(f"{plural(len(blocked), 'finding')} would hold it.")
    else:
        say("It may go out." if findings else "Clean: it may go out.")
