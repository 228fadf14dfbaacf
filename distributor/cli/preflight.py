"""`distributor preflight`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from .context import CliContext, clock, complete_newsletter, json_option, pass_cli_context, plural, say
from .newsletters import newsletter_or_edition
from .plan import GATHERED_SO_FAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model import Edition, Rendition
    from ..preflight.findings import Finding


@click.command("preflight", short_help="Check the emails of an edition before they are sent.")
@click.argument("name", metavar="NEWSLETTER|EDITION", shell_complete=complete_newsletter)
@click.option("--links/--no-links", default=True, show_default=True, help="Check that the links work.")
@click.option(
    "--seconds",
    metavar="SECONDS",
    type=click.FloatRange(0.1),
    default=30.0,
    show_default=True,
    help="Time limit for checking the links.",
)
@json_option
@pass_cli_context
def command(app: CliContext, name: str, links: bool, seconds: float, as_json: bool) -> None:
    """Check the emails of the next edition of NEWSLETTER, or of an existing EDITION, byte for byte.

    Reads no source: the next edition is that of the articles gathered so far. docs/preflight.md explains every check.

    Exit code: 1 if a check blocks the edition.
    """
    from ..pipeline import preflight_gate

    edition, kept, reason = _edition_to_check(app, name)
    if edition is None:
        say(f"Nothing to check: {reason} ({GATHERED_SO_FAR})")
        return
    findings = preflight_gate.check_emails(app.newsroom, edition, kept, clock())
    unclear = 0
    if links:
        more, unclear = asyncio.run(_check_links(app, edition, kept, seconds))
        findings = [*findings, *more]
    blocked = preflight_gate.list_blocking(app.newsroom, findings)
    if as_json:
        app.show_json(
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
        _print_findings(edition, findings, blocked, unclear)
    if blocked:
        raise SystemExit(1)


def _edition_to_check(app: CliContext, name: str) -> tuple[Edition | None, Sequence[Rendition], str]:
    """An existing edition, or the next one of a newsletter; or None and why there would be none."""
    from .. import pipeline
    from ..editions import repository as edition_repository

    with app.store() as database:
        if name not in app.newsroom.settings.newsletters:
            with database.read() as connection:
                edition = edition_repository.find(connection, name)
                if edition:
                    return edition, edition_repository.list_renditions(connection, name), ""
        request = pipeline.EditionRequest(newsletter=newsletter_or_edition(app, name))
        proposal = pipeline.plan_edition(pipeline.StepContext(app.newsroom, database, clock()), request)
        return proposal.edition, proposal.renditions, proposal.selection.reason


async def _check_links(
    app: CliContext, edition: Edition, kept: Sequence[Rendition], seconds: float
) -> tuple[list[Finding], int]:
    from ..pipeline import preflight_gate
    from ..preflight.link_check import check_links

    urls = preflight_gate.list_links(app.newsroom, edition, kept)
    private = preflight_gate.list_private_links(app.newsroom, edition, urls)
    checked = await check_links(
        urls, site=app.newsroom.settings.site, budget=seconds, cache={}, now=clock(), private=private
    )
    return preflight_gate.with_keys(app.newsroom, edition, checked.findings), len(checked.unclear)


def _print_findings(edition: Edition, findings: Sequence[Finding], blocked: Sequence[Finding], unclear: int) -> None:
    say(f"{edition.id}: {edition.subject}", bold=True)
    for one in findings:
        where = f" ({one.place})" if one.place else ""
        say(f"  {'BLOCK' if one in blocked else 'warn '} {one.check}: {one.message}{where}")
    if unclear:
        say(f"  {plural(unclear, 'link')} could not be checked")
    if blocked:
        say(f"Not ready to send: {plural(len(blocked), 'check')} would hold it.")
    else:
        say(f"Ready to send ({plural(len(findings), 'warning')}).")
