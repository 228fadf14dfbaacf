"""`distributor articles correct` and `distributor articles withdraw`: shown as a plan first, then done."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from .article_argument import find_article
from .context import CliContext, clock, complete_article, confirm, pass_cli_context, say, warn

if TYPE_CHECKING:
    from ..pipeline import CorrectionPlan
    from ..storage.database import Database


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("-y", "--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing."),
        click.option(
            "--force", multiple=True, metavar="CHECK", help="Write although this check blocks it; is written down."
        ),
        click.option("--again", is_flag=True, help="Do it once more, although the same was done already."),
        click.option("--mail", is_flag=True, help="Write to the readers whose letter carried it, and to nobody else."),
    ):
        command = option(command)
    return command


@click.command("correct")
@click.argument("article", shell_complete=complete_article)
@click.option("--note", default="", help="What was wrong, for readers. [default: that it has been corrected]")
@_options
@pass_cli_context
def correct(
    app: CliContext, article: str, note: str, mail: bool, force: tuple[str, ...], again: bool, dry_run: bool, yes: bool
) -> None:
    """Put right an article that is out, once its source has the right text.

    Feeds show it with a visible note, posts are changed where the network can, and with --mail those who got it are
    written to. Gather first: the article goes out as it stands in the store now.
    """
    with app.store() as database:
        code = _run_correction(app, database, article, "correction", note, "", mail, force, again, dry_run, yes)
    if code:
        raise SystemExit(code)


@click.command("withdraw")
@click.argument("articles", nargs=-1, required=True, shell_complete=complete_article)
@click.option("-m", "--reason", default="", help="Why, for those of the newsroom who ask later.")
@click.option("--note", default="", help="What readers are told. [default: that it is no longer published]")
@_options
@pass_cli_context
def withdraw(
    app: CliContext,
    articles: tuple[str, ...],
    reason: str,
    note: str,
    mail: bool,
    force: tuple[str, ...],
    again: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take articles back: they go out nowhere any more, and what is out is changed where it can be.

    Feeds show only the note in their place, posts are taken back where the network can, and with --mail those who got
    them are written to.
    """
    with app.store() as database:
        codes = [
            _run_correction(app, database, article, "withdrawal", note, reason, mail, force, again, dry_run, yes)
            for article in articles
        ]
    if any(codes):
        raise SystemExit(1)


def _run_correction(
    app: CliContext,
    database: Database,
    article: str,
    kind: str,
    note: str,
    reason: str,
    mail: bool,
    force: Sequence[str],
    again: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Plan, ask and do it. Returns the exit code."""
    from .. import pipeline
    from ..model import Notice, NoticeKind
    from ..text import clean_line

    with database.read() as connection:
        id = find_article(connection, article).id
    notice = Notice(NoticeKind(kind), clean_line(note), clock())
    plan = pipeline.plan_correction(app.newsroom, database, id, notice, mail=mail, forced=force, again=again)
    _show(app, plan)
    if dry_run:
        say("Nothing was changed: this was a dry run.")
        return 0
    if plan.parts and not yes:
        confirm("Do it?")
    made = pipeline.apply_correction(app.newsroom, database, plan, getpass.getuser(), reason=reason)
    if made or not plan.decided:
        say(f"{'withdrawn' if kind == 'withdrawal' else 'corrected'}: {plan.article.id}  {plan.article.title}")
    # What a command that was killed has decided goes on.
    code = _deliver_correction(app, database) if made or plan.editions else 0
    for fault in asyncio.run(pipeline.refresh_feeds(app.newsroom, database, clock)):
        warn(fault)
    return code


def _show(app: CliContext, plan: CorrectionPlan) -> None:
    say(f"{plan.article.id}  {plan.article.title} (version {plan.article.version})")
    if plan.decided:
        what = "withdrawn" if plan.notice.kind == "withdrawal" else "corrected"
        when, by = app.local(plan.decided.notice.at), plan.decided.actor
        made = f" ({', '.join(plan.editions)})" if plan.editions else ""
        say(f"  {what} with the same words {when} by {by}{made}: it is not done twice, and what is open of it goes on")
        say("  --again does it once more")
    for part in plan.parts:
        say(f"  {part.newsletter.id}: {part.edition.subject}")
        for line in part.lines:
            say(f"    {line}")
    if not plan.parts and not plan.decided:
        say("  no newsletter has announced it; the feeds of all articles show the note")


def _deliver_correction(app: CliContext, database: Database) -> int:
    """Send what a correction has promised; the exit code that its end deserves."""
    from .outcome import exit_code, show_report
    from .progress import deliver_with_progress

    report = deliver_with_progress(app, database)
    show_report(app, database, report)
    return exit_code(database, report)
