"""`distributor send`, with `--alert` and `--test`."""

from __future__ import annotations

import asyncio
import getpass
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from .articles import find_article
from .context import (
    CliContext,
    clock,
    complete_article,
    complete_channel,
    complete_newsletter,
    confirm,
    dry_run_option,
    force_option,
    gather_option,
    json_option,
    pass_cli_context,
    plural,
    say,
    warn,
    yes_option,
)
from .deliver import as_data, deliver_with_progress, exit_code, show_report
from .editions_edit import intro_option, preheader_option, read_words, subject_option, voice_lines
from .images import prepare_images
from .newsletters import check_channels, refuse_possible_rename, warn_of_missing_newsletters
from .plan import draft_state, recipient_lines

if TYPE_CHECKING:
    from ..config.schema import Newsletter
    from ..delivery.stats import RunStats
    from ..editorial import EditorWords
    from ..model import Article, Edition
    from ..pipeline import EditionPlan, EditionRequest
    from ..storage.database import Database


@dataclass(frozen=True, slots=True)
class SendOptions:
    """The options of `distributor send`."""

    newsletter: str | None
    alert: str | None
    missed: bool
    test_address: str | None
    channels: tuple[str, ...]
    subject: str | None
    preheader: str | None
    intro: str | None
    force: tuple[str, ...]
    dry_run: bool
    gather: bool
    yes: bool
    as_json: bool


@click.command("send", short_help="Send the next edition of a newsletter now.")
@click.argument("newsletter", required=False, shell_complete=complete_newsletter)
@click.option("--alert", metavar="ARTICLE", help="Send this article at once, alone.", shell_complete=complete_article)
@click.option(
    "--missed", is_flag=True, help="With --alert: only to subscribers who have not been sent the article yet."
)
@click.option("--test", "test_address", metavar="ADDRESS", help="Send the email to this address only; record nothing.")
@click.option(
    "--channel",
    "-C",
    "--only",
    "channels",
    multiple=True,
    metavar="CHANNEL",
    help="Send on this channel only. Repeatable.",
    shell_complete=complete_channel,
)
@subject_option
@preheader_option
@intro_option
@force_option
@dry_run_option
@gather_option
@yes_option
@json_option
@pass_cli_context
def command(app: CliContext, /, **options: Any) -> None:
    """Send the next edition of NEWSLETTER now: everything that is new since the last one.

    Asks for confirmation first. Also finishes what an interrupted run has left. Nothing is sent twice.

    With --alert ARTICLE, sends that article at once to every subscriber, whatever their topics and frequency; the next
    digest leaves it out for those who have had it. Without NEWSLETTER, the alert goes to every newsletter that the article
    belongs to.

    Exit code: 1 if a delivery is left unfinished or the edition is held by preflight.

    \b
    Examples:
      distributor send tin-sang --dry-run
      distributor send tin-sang --test me@example.com
      distributor send --alert 3f9a1c2e --missed
      distributor send tin-sang --subject "Bão số 5 đổ bộ chiều nay" --intro loi-dan.md
    """
    chosen = SendOptions(**options)
    if chosen.alert:
        _send_alert(app, chosen, chosen.alert)
    else:
        _send_digest(app, chosen)


def _send_digest(app: CliContext, options: SendOptions) -> None:
    from .. import pipeline
    from ..errors import UserError
    from .gather import gather_and_warn

    name, channels = options.newsletter, options.channels
    if options.missed:
        raise UserError("--missed needs --alert; for editions use `distributor editions resend EDITION --missed`")
    if name is None:
        raise UserError(f"name a newsletter: {', '.join(app.newsroom.settings.newsletters)}")
    newsletter = app.newsroom.newsletter(name)
    check_channels(newsletter, channels)
    words = read_words(options.subject, options.preheader, options.intro)
    refuse_possible_rename(app, name)
    if options.gather:
        gather_and_warn(app)
    with app.store() as database:
        warn_of_missing_newsletters(app, database)
        if not options.dry_run:
            prepare_images(app, database, newsletter)
        request = pipeline.EditionRequest(
            newsletter=newsletter,
            channels=channels or None,
            forced=options.force,
            words=words,
            test=options.test_address is not None,
        )
        plan = pipeline.plan_edition(pipeline.StepContext(app.newsroom, database, clock()), request)
        if options.test_address:
            _send_test(app, plan, options.test_address)
            return
        if options.dry_run:
            _show(app, plan, options.as_json)
            return
        if plan.edition is not None and asyncio.run(_recheck_sources(app, database, plan)):
            plan = pipeline.plan_edition(pipeline.StepContext(app.newsroom, database, clock()), request)
        if plan.edition is not None and not options.yes:
            _confirm_send(app, plan)
        _send(app, database, plan, request, options.as_json)


async def _recheck_sources(app: CliContext, database: Database, plan: EditionPlan) -> bool:
    """Check the articles against their sources once more; returns whether anything has changed."""
    from .. import pipeline

    wanted = await asyncio.to_thread(pipeline.list_ready_articles, database, plan.newsletter, clock())
    found = await pipeline.recheck_articles(app.newsroom, database, wanted, clock())
    for line in found:
        warn(line)
    return bool(found)


def _show(app: CliContext, plan: EditionPlan, as_json: bool) -> None:
    counts = Counter(rendition.channel for rendition in plan.renditions)
    if as_json:
        app.show_json(
            {
                "subject": plan.edition.subject if plan.edition else None,
                "articles": [article.id for article in plan.edition.articles] if plan.edition else [],
                "subscribers": plan.audience,
                "renditions": counts,
                "reason": plan.selection.reason,
            }
        )
        return
    if plan.edition is None:
        say(f"Nothing would be sent: {plan.selection.reason}.")
        return
    say(f"Would send: {plan.edition.subject}")
    for line in voice_lines(app, plan.edition):
        say(f"  {line}")
    for article in plan.edition.articles:
        say(f"  {article.id}  {article.title}")
    for name, count in counts.items():
        channel = app.newsroom.channels[name]
        carried = plural(count, "file" if channel.public_folders else "post")
        say(f"  {name}: {plural(plan.audience, 'subscriber') if channel.personal else carried}")
    say("Nothing was sent: this was a dry run.")


def _confirm_send(app: CliContext, plan: EditionPlan) -> None:
    edition = plan.edition
    assert edition is not None
    say(f"Edition {edition.number} of {plan.newsletter.title}")
    say(f"  subject      {edition.subject}")
    for line in voice_lines(app, edition):
        say(f"  {line}")
    say(f"  articles     {len(edition.articles)}")
    say(f"  subscribers  {plan.audience}")
    for line in recipient_lines(plan):
        say(f"               {line}")
    say(f"  channels     {', '.join(dict.fromkeys(rendition.channel for rendition in plan.renditions))}")
    confirm("Send it?")


def _send(app: CliContext, database: Database, plan: EditionPlan, request: EditionRequest, as_json: bool) -> None:
    from .. import pipeline

    made = None
    if plan.edition is not None:
        context = pipeline.StepContext(app.newsroom, database, clock(), getpass.getuser())
        made = pipeline.publish_edition(context, request)
    report = deliver_with_progress(app, database)
    asyncio.run(_refresh(app, database))
    code = exit_code(database, report)
    edition = made.edition if made else None
    if as_json:
        app.show_json(
            {
                "edition": edition.id if edition else None,
                "subject": edition.subject if edition else None,
                "reason": (made or plan).selection.reason,
                "held": made.held if made else "",
                **as_data(database, report),
            }
        )
    else:
        show_sent(app, database, made or plan, report)
    if code or (made and made.held):
        raise SystemExit(1)


async def _refresh(app: CliContext, database: Database) -> None:
    from .. import pipeline

    for fault in await pipeline.refresh_feeds(app.newsroom, database, clock):
        warn(fault)


def show_sent(app: CliContext, database: Database, plan: EditionPlan, report: RunStats) -> None:
    """Say what was sent and where, in a few lines."""
    if plan.edition is None:
        say(f"No new edition of {plan.newsletter.id}: {plan.selection.reason}.")
        _show_drafts(database, plan.newsletter.id)
    else:
        edition = plan.edition
        say(f"Edition {edition.id}: {edition.subject}", bold=True)
        briefs = f", {len(edition.briefs)} in brief" if edition.briefs else ""
        left = f"; {edition.overflow} left for the next edition" if edition.overflow else ""
        say(f"  {plural(len(edition.articles), 'article')}{briefs}{left}")
        for line in recipient_lines(plan):
            say(f"  {line}")
        if plan.held:
            _show_held(app, plan, edition)
    for channel in _channels_without_recipients(app, plan):
        say(f"  {channel}: no {'recipients' if plan.segmentation.excluded_count or plan.over_cap else 'subscribers'}")
    for channel, number in plan.left_out.items():
        say(f"  {channel}: {plural(number, 'article')} left out: more than its limit (max_posts)")
    show_report(app, database, report)


def _show_held(app: CliContext, plan: EditionPlan, edition: Edition) -> None:
    """Say what preflight found, one finding per line, and the commands that decide."""
    from ..pipeline import preflight_gate

    blocking = preflight_gate.list_blocking(app.newsroom, plan.findings, plan.forced)
    warn(f"{edition.id} is held by preflight:")
    for one in blocking:
        say(f"  {preflight_gate.describe_findings([one])}", err=True)
    force = " ".join(f"--force {check}" for check in dict.fromkeys((*plan.forced, *(one.check for one in blocking))))
    say(f"  `distributor editions approve {edition.id} {force}` sends it anyway")
    say(f"  `distributor editions cancel {edition.id}` leaves its articles for the next edition")


def _channels_without_recipients(app: CliContext, plan: EditionPlan) -> list[str]:
    """The channels of the edition that send to subscribers, if there is nobody to send it to."""
    if plan.edition is None or plan.audience:
        return []
    return [
        name for name in dict.fromkeys(one.channel for one in plan.renditions) if app.newsroom.channels[name].personal
    ]


def _show_drafts(database: Database, newsletter: str) -> None:
    """The drafts that already hold what is new."""
    from ..editions import repository as edition_repository

    with database.read() as connection:
        drafts = [row for row in edition_repository.list_unreleased(connection) if row.newsletter == newsletter]
    for row in drafts:
        warn(f"draft {row.id} is {draft_state(row)}: «{row.subject}»")
        say(f"  `distributor editions show {row.id}` shows it; `editions approve` and `editions cancel` decide")


def _send_test(app: CliContext, plan: EditionPlan, address: str) -> None:
    """Send the email to one address, straight through the channel: no edition is made and nothing is recorded."""
    from ..delivery.attempts import open_outside_attempt
    from ..errors import DeliveryError, DistributorError, UserError
    from ..mail.address import Mailbox
    from ..message_queue import send_one
    from ..personal_channel import PersonalChannel
    from .preview import sample_recipient

    if plan.edition is None:
        raise UserError(f"there is nothing to test: {plan.selection.reason}")
    try:
        to = Mailbox.parse(address)
    except ValueError as error:
        raise UserError(f"--test: {error}") from None
    channels = app.newsroom.channels
    renditions = [rendition for rendition in plan.renditions if channels[rendition.channel].personal]
    if not renditions:
        raise UserError(f"newsletter {plan.newsletter.id} has no channel that sends to subscribers")
    recipient = sample_recipient(app, plan.edition, to.address, to.name)

    async def run(database: Database) -> None:
        for rendition in renditions:
            channel = channels[rendition.channel]
            assert isinstance(channel, PersonalChannel)
            attempt = open_outside_attempt(database, channel, rendition, f"{recipient.id} {clock().isoformat()}")
            await send_one(channel.transport(), rendition, recipient, attempt)
            done = "sent" if channel.reaches_audience else f"saved in {channel.place}"
            say(f"Test email to {to.address} {done} by {channel.name}; nothing was recorded.")

    try:
        with app.store() as database:
            asyncio.run(run(database))
    except DeliveryError as error:
        raise DistributorError(f"the test email was not sent: {error}") from None


def _send_alert(app: CliContext, options: SendOptions, asked: str) -> None:
    """Send one article at once, in one newsletter or in all to which it belongs."""
    from ..errors import UserError

    if options.channels or options.test_address:
        raise UserError("--alert sends on the channels of `alerts.channels`; leave --channel and --test out")
    name, words = options.newsletter, read_words(options.subject, options.preheader, options.intro)
    with app.store() as database:
        article = _article(app, database, asked)
        chosen = [app.newsroom.newsletter(name)] if name else _newsletters_for(app, article)
        for newsletter in chosen:
            _show_alert(app, database, _alert_request(newsletter, article, options, words), err=options.as_json)
        if options.dry_run:
            say("Nothing was sent: this was a dry run.")
            return
        if not options.yes:
            confirm("Send it?")
        requests = [_alert_request(newsletter, article, options, words) for newsletter in chosen]
        made = [_publish_alert(app, database, request) for request in requests]
        report = deliver_with_progress(app, database)
        asyncio.run(_refresh(app, database))
        editions = [edition for edition in made if edition]
        if options.as_json:
            app.show_json({"editions": [edition.id for edition in editions], **as_data(database, report)})
        else:
            for edition in editions:
                say(f"Edition {edition.id}: {edition.subject}", bold=True)
            show_report(app, database, report)
        if exit_code(database, report):
            raise SystemExit(1)


def _alert_request(
    newsletter: Newsletter, article: Article, options: SendOptions, words: EditorWords
) -> EditionRequest:
    from .. import pipeline

    return pipeline.EditionRequest.for_alert(newsletter, article, missed_only=options.missed, words=words)


def _publish_alert(app: CliContext, database: Database, request: EditionRequest) -> Edition | None:
    """The edition that was made; None where there is nothing to send, with a warning that says why."""
    from .. import pipeline

    newsletter, article = request.newsletter, request.article
    assert article is not None
    context = pipeline.StepContext(app.newsroom, database, clock(), getpass.getuser())
    plan = pipeline.publish_edition(context, request)
    if plan is None:
        warn(f"{newsletter.id} has already sent {article.id} as an alert; nothing is sent twice")
    elif plan.edition is None:
        warn(f"{newsletter.id}: nothing was sent: {plan.selection.reason}")
    elif plan.held:
        _show_held(app, plan, plan.edition)
    return plan.edition if plan else None


def _article(app: CliContext, database: Database, asked: str) -> Article:
    """The article, if it may be sent. Raises UserError."""
    from ..articles import flags
    from ..articles.repository import load_origins
    from ..errors import UserError

    with database.read() as connection:
        found = find_article(connection, asked)
        id = found.id
        (article,) = load_origins(connection, [found])
        said = flags.flags_of_articles(connection, [id]).get(id, {})
    for mark, told in said.items():
        if mark in ("held", "withdrawn"):
            raise UserError(
                f"{id} is {mark} by {told.actor} ({told.reason}); `distributor articles release {id}` first"
            )
    if until := article.waits_until(clock()):
        why = "is under embargo" if article.publish_at == until else "is dated in the future and waits"
        raise UserError(f"{id} {why} until {app.local(until)}")
    return article


def _newsletters_for(app: CliContext, article: Article) -> list[Newsletter]:
    from ..editions.selection import belongs_to_newsletter
    from ..errors import UserError

    chosen = [one for one in app.newsroom.settings.newsletters.values() if belongs_to_newsletter(one, article)]
    if not chosen:
        raise UserError(f"{article.id} belongs to no newsletter by its source and topics; name a newsletter")
    return chosen


def _show_alert(app: CliContext, database: Database, request: EditionRequest, *, err: bool) -> None:
    """Say what would be sent, and how many subscribers already have the article."""
    from .. import pipeline
    from ..editions import repository as edition_repository
    from ..editions.build import alert_slot

    newsletter, article, missed = request.newsletter, request.article, request.missed_only
    assert article is not None
    with database.read() as connection:
        if edition_repository.is_decided(connection, newsletter.id, alert_slot(article.id)):
            say(f"{newsletter.id}: nothing to send: it was sent as an alert before", err=err)
            return
    plan = pipeline.plan_edition(pipeline.StepContext(app.newsroom, database, clock()), request)
    have = f"already {'has' if plan.already_had == 1 else 'have'} it ({', '.join(plan.already_had_in)})"
    if plan.edition is None:
        say(f"{newsletter.id}: nothing to send: {plan.selection.reason}", err=err)
        return
    channels = ", ".join(dict.fromkeys(one.channel for one in plan.renditions))
    say(f"{newsletter.id}: {plan.edition.subject}", err=err)
    whom = f" who {'has' if plan.audience == 1 else 'have'} not had it" if missed else ""
    say(f"  at once to {plural(plan.audience, 'subscriber')}{whom}, on {channels}", err=err)
    if plan.already_had and missed:
        say(f"  {plural(plan.already_had, 'subscriber')} {have}: left out", err=err)
    elif plan.already_had:
        warn(f"{plan.already_had} of them {have}, and would get it again; --missed leaves them out")
