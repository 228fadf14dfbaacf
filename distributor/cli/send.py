"""`distributor send`."""

from __future__ import annotations

import asyncio
import getpass
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .alert import send_alert
from .context import (
    CliContext,
    clock,
    complete_article,
    complete_channel,
    complete_newsletter,
    confirm,
    json_option,
    pass_cli_context,
    plural,
    say,
    warn,
)
from .outcome import as_data, exit_code, location_suffix, show_report
from .recipients import draft_state, recipient_lines

if TYPE_CHECKING:
    from ..delivery.stats import RunStats
    from ..pipeline import EditionPlan
    from ..storage.database import Database


@click.command("send", short_help="Send the next edition of a newsletter now.")
@click.argument("newsletter", required=False, shell_complete=complete_newsletter)
@click.option(
    "--alert", "alert", metavar="ARTICLE", help="Send this article at once, by itself.", shell_complete=complete_article
)
@click.option("--missed", is_flag=True, help="With --alert: only to readers who have no letter with it yet.")
@click.option(
    "--test", "test_address", metavar="ADDRESS", help="Send the mail to this address only; nothing is marked."
)
@click.option(
    "--only", "only", multiple=True, metavar="CHANNEL", help="Only on this channel.", shell_complete=complete_channel
)
@click.option("--force", multiple=True, metavar="CHECK", help="Send although this check blocks it; is written down.")
@click.option("--dry-run", is_flag=True, help="Show what would go out; change nothing.")
@click.option("--gather/--no-gather", default=True, show_default=True, help="Look at the sources first.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_cli_context
def command(
    app: CliContext,
    newsletter: str | None,
    alert: str | None,
    missed: bool,
    test_address: str | None,
    only: tuple[str, ...],
    force: tuple[str, ...],
    dry_run: bool,
    gather: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send the next edition of a newsletter now: everything that is new since the last one.

    Asks before it sends. What an interrupted run has left is finished too, and what is out does not go out again: an article
    is announced once, and every mail and post is a row in the ledger before it is tried.

    With --alert ARTICLE that article goes out at once to everybody, whatever their topics and frequency; the next
    digest leaves it out for those who have had it. How many have it already is said before; --missed writes only to those
    who have not. Without NEWSLETTER it goes to every newsletter it belongs to.
    """
    from .. import pipeline
    from ..errors import UserError
    from .gather import gather as look
    from .gather import show_gathered
    from .renames import refuse_possible_rename, warn_of_missing_newsletters

    if alert:
        if only or test_address:
            raise UserError(
                "--alert goes out on the channels that `alerts.channels` names; --only and --test do not fit"
            )
        send_alert(app, newsletter, alert, missed=missed, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    if missed:
        raise UserError("--missed belongs to --alert; `distributor editions resend EDITION --missed` is for editions")
    if newsletter is None:
        raise UserError(f"say which newsletter: {', '.join(app.newsroom.settings.newsletters)}")
    known = app.newsroom.newsletter(newsletter)
    _check_only(known.channels, only, newsletter)
    refuse_possible_rename(app, newsletter)
    if gather:
        for seen in look(app):
            if seen.failure or seen.faults:
                show_gathered(seen)
    with app.store() as database:
        warn_of_missing_newsletters(app, database)
        proposal = pipeline.plan_digest(app.newsroom, database, known, "by-hand", clock(), only)
        if test_address:
            _send_test(app, proposal, test_address)
            return
        if dry_run:
            _show(app, proposal, as_json)
            return
        if proposal.edition is not None and asyncio.run(_recheck_sources(app, database, proposal)):
            proposal = pipeline.plan_digest(app.newsroom, database, known, "by-hand", clock(), only)
        if proposal.edition is not None and not yes:
            _confirm_send(proposal)
        _send(app, database, proposal, only, force, as_json)


async def _recheck_sources(app: CliContext, database: Database, proposal: EditionPlan) -> bool:
    """Ask the sources once more; returns whether anything has come of it."""
    from .. import pipeline

    wanted = await asyncio.to_thread(pipeline.list_ready_articles, database, proposal.newsletter, clock())
    pictures = await pipeline.prepare_images(app.newsroom, wanted, clock())
    for id, fault in pictures.items():
        warn(f"picture of {id}: {fault}; it is shown without")
    found = await pipeline.recheck_articles(app.newsroom, database, wanted, clock())
    for line in found:
        warn(line)
    return bool(found) or app.newsroom.image_service() is not None


def _check_only(channels: Sequence[str], only: Sequence[str], newsletter: str) -> None:
    from ..errors import UserError

    for name in only:
        if name not in channels:
            raise UserError(f"newsletter {newsletter} has no channel {name!r}; it has: {', '.join(channels)}")


def _show(app: CliContext, proposal: EditionPlan, as_json: bool) -> None:
    counts = Counter(rendition.channel for rendition in proposal.renditions)
    if as_json:
        app.show_json(
            {
                "subject": proposal.edition.subject if proposal.edition else None,
                "articles": [article.id for article in proposal.edition.articles] if proposal.edition else [],
                "subscribers": proposal.audience,
                "renditions": counts,
                "reason": proposal.selection.reason,
            }
        )
        return
    if proposal.edition is None:
        say(f"Nothing would go out: {proposal.selection.reason}.")
        return
    say(f"Would send: {proposal.edition.subject}")
    for article in proposal.edition.articles:
        say(f"  {article.id}  {article.title}")
    for name, count in counts.items():
        channel = app.newsroom.channels[name]
        carried = plural(count, "file" if channel.public_folders else "post")
        say(f"  {name}: {plural(proposal.audience, 'subscriber') if channel.personal else carried}")
    say("Nothing was sent: this was a dry run.")


def _confirm_send(proposal: EditionPlan) -> None:
    edition = proposal.edition
    assert edition is not None
    say(f"Edition {edition.number} of {proposal.newsletter.title}")
    say(f"  subject      {edition.subject}")
    say(f"  articles     {len(edition.articles)}")
    say(f"  subscribers  {proposal.audience}")
    for line in recipient_lines(proposal):
        say(f"               {line}")
    say(f"  channels     {', '.join(dict.fromkeys(rendition.channel for rendition in proposal.renditions))}")
    confirm("Send it?")


def _send(
    app: CliContext, database: Database, proposal: EditionPlan, only: Sequence[str], force: Sequence[str], as_json: bool
) -> None:
    from .. import pipeline
    from .progress import deliver_with_progress

    made = None
    if proposal.edition is not None:
        by = getpass.getuser()
        made = pipeline.publish_digest(
            app.newsroom, database, proposal.newsletter, clock(), by, only=only, forced=force
        )
    report = deliver_with_progress(app, database)
    asyncio.run(_refresh(app, database))
    code = exit_code(database, report)
    edition = made.edition if made else None
    if as_json:
        app.show_json(
            {
                "edition": edition.id if edition else None,
                "subject": edition.subject if edition else None,
                "reason": (made or proposal).selection.reason,
                "held": made.held if made else "",
                **as_data(database, report),
            }
        )
    else:
        show_sent(app, database, made or proposal, report)
    if code or (made and made.held):
        raise SystemExit(1)


async def _refresh(app: CliContext, database: Database) -> None:
    from .. import pipeline

    for fault in await pipeline.refresh_feeds(app.newsroom, database, clock):
        warn(fault)


def show_sent(app: CliContext, database: Database, proposal: EditionPlan, report: RunStats) -> None:
    """What was made and where, in a few lines."""
    if proposal.edition is None:
        say(f"No new edition of {proposal.newsletter.id}: {proposal.selection.reason}. Nothing is sent twice.")
        _show_drafts(database, proposal.newsletter.id)
    else:
        edition = proposal.edition
        say(f"Edition {edition.id}: {edition.subject}", bold=True)
        briefs = f", {len(edition.briefs)} in brief" if edition.briefs else ""
        left = f"; {edition.overflow} left for the next edition" if edition.overflow else ""
        say(f"  {plural(len(edition.articles), 'article')}{briefs}{left}")
        for line in recipient_lines(proposal):
            say(f"  {line}")
        if proposal.held:
            warn(f"{edition.id} is held by preflight: {proposal.held}")
            say(f"  `distributor editions approve {edition.id} --force CHECK` sends it all the same")
            say(f"  `distributor editions cancel {edition.id}` lets its articles go into the next edition")
    for channel, number in proposal.left_out.items():
        say(f"  {channel}: {plural(number, 'article')} left out, more than its cap (max_posts)")
    show_report(app, database, report)


def _show_drafts(database: Database, newsletter: str) -> None:
    """The editions that hold what is new already, and wait for somebody."""
    from ..editions import repository as edition_repository

    with database.read() as connection:
        drafts = [row for row in edition_repository.list_unreleased(connection) if row.newsletter == newsletter]
    for row in drafts:
        warn(f"draft {row.id} is {draft_state(row)}: «{row.subject}»")
        say(f"  `distributor editions show {row.id}` says for what; `editions approve` and `editions cancel` decide")


def _send_test(app: CliContext, proposal: EditionPlan, address: str) -> None:
    """One copy to one address, straight through the channel: no ledger, no edition, nothing marked."""
    from ..channel import PersonalChannel
    from ..errors import DeliveryError, DistributorError, UserError
    from ..mail.address import Mailbox
    from ..message_queue import send_one
    from .preview import sample_recipient

    if proposal.edition is None:
        raise UserError(f"there is nothing to test: {proposal.selection.reason}")
    try:
        to = Mailbox.parse(address)
    except ValueError as error:
        raise UserError(f"--test: {error}") from None
    channels = app.newsroom.channels
    letters = [rendition for rendition in proposal.renditions if channels[rendition.channel].personal]
    if not letters:
        raise UserError(f"newsletter {proposal.newsletter.id} has no channel that writes to people")
    person = sample_recipient(app, proposal.edition, to.address, to.name)

    async def run() -> None:
        for rendition in letters:
            channel = channels[rendition.channel]
            assert isinstance(channel, PersonalChannel)
            await send_one(channel.transport(), rendition, person)
            say(f"Test copy to {to.address} by {channel.name}{location_suffix(app, channel.name)}; nothing was marked.")

    try:
        asyncio.run(run())
    except DeliveryError as error:
        raise DistributorError(f"the test copy is not out: {error}") from None
