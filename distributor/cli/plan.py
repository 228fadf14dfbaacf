"""`distributor plan`, and how an edition's recipients are described."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from .context import (
    CliContext,
    clock,
    complete_newsletter,
    json_option,
    pass_cli_context,
    plural,
    say,
    warn_of_clock,
)
from .editions_edit import shown_preheader, voice_lines

if TYPE_CHECKING:
    from ..editions.repository import EditionRow
    from ..pipeline import EditionPlan
    from ..schedule.slots import Slot


GATHERED_SO_FAR = "among the articles gathered so far; `distributor gather` reads the sources"


@click.command("plan", short_help="Show the next schedule slots and what would be sent.")
@click.argument("newsletters", nargs=-1, shell_complete=complete_newsletter)
@click.option(
    "--days",
    metavar="DAYS",
    type=click.IntRange(1, 366),
    default=7,
    show_default=True,
    help="How far to look ahead, in days.",
)
@json_option
@pass_cli_context
def command(app: CliContext, newsletters: tuple[str, ...], days: int, as_json: bool) -> None:
    """Show the next schedule slots of each newsletter and what would be sent if the next one were now.

    Changes nothing and reads no source: the articles are those gathered so far. `distributor gather` reads the sources;
    `preview` and `send` do so first.
    """
    now = clock()
    names = newsletters or tuple(app.newsroom.settings.newsletters)
    warn_of_clock(app)
    plans = [_plan(app, name, now, days) for name in names]
    left_out = {name: _left_out(app, name, now, days) for name in names}
    if as_json:
        app.show_json([_as_data(app, *plan) | {"left_out": left_out[plan[0].newsletter.id]} for plan in plans])
        return
    for number, (plan, slots) in enumerate(plans):
        if number:
            say()
        _show_plan(app, plan, slots, left_out[plan.newsletter.id])
        for line in _more(app, plan.newsletter.id, now, days):
            say(f"  {line}")


def _more(app: CliContext, name: str, now: datetime, days: int) -> list[str]:
    """The drafts that wait, who has paused, and the daily and weekly emails."""
    from ..editions import repository as edition_repository
    from ..model import Frequency
    from ..subscribers import recipients
    from ..subscribers.recipients import RecipientQuery

    timing = app.newsroom.timing[name]
    lines = []
    with app.store() as database, database.read() as connection:
        lines += [
            f"draft {row.id} is {draft_state(row)}, due {app.local(row.due_at)}: {row.subject}"
            for row in edition_repository.list_unreleased(connection)
            if row.newsletter == name
        ]
        paused = recipients.count_paused(connection, name, now)
        if paused:
            lines.append(f"paused by {plural(paused, 'subscriber')}: nothing is sent to them meanwhile")
        for frequency, schedule in ((Frequency.DAILY, timing.daily), (Frequency.WEEKLY, timing.weekly)):
            count = sum(
                one.size
                for one in recipients.count_by_preference(
                    connection,
                    RecipientQuery(
                        newsletter=name, at=now, frequency=frequency, audience=app.newsroom.audiences.get(name)
                    ),
                )
            )
            slots = list(schedule.slots(now, now + timedelta(days=days))) if schedule else []
            if count:
                names = (
                    ", ".join(slot.name.removeprefix(schedule.prefix).replace("T", " ") for slot in slots[:3])
                    if schedule
                    else ""
                )
                lines.append(f"{frequency} email for {plural(count, 'subscriber')}: {names or 'no slot in this time'}")
    return lines


def _left_out(app: CliContext, name: str, now: datetime, days: int) -> list[str]:
    """The slots that holidays and days off remove, each with its reason."""
    schedule = app.newsroom.timing[name].schedule
    skipped = schedule.skipped(now, now + timedelta(days=days)) if schedule else ()
    return [f"{one.name.replace('T', ' ')} ({one.reason})" for one in skipped]


def _plan(app: CliContext, name: str, now: datetime, days: int) -> tuple[EditionPlan, list[Slot]]:
    from .. import pipeline

    newsroom = app.newsroom
    newsletter = newsroom.newsletter(name)
    schedule = newsroom.timing[name].schedule
    slots = list(schedule.slots(now, now + timedelta(days=days))) if schedule else []
    with app.store() as database:
        request = pipeline.EditionRequest(newsletter=newsletter, slot=slots[0].name if slots else None)
        return pipeline.plan_edition(pipeline.StepContext(newsroom, database, now), request), slots


def _show_plan(app: CliContext, plan: EditionPlan, slots: list[Slot], left_out: list[str]) -> None:
    newsletter = plan.newsletter
    say(f"{newsletter.id}: {newsletter.title}", bold=True)
    if not newsletter.schedule:
        say("  no schedule: sent by hand, with `distributor send`")
    elif slots:
        more = f" and {len(slots) - 5:,} more" if len(slots) > 5 else ""
        names = ", ".join(slot.name.replace("T", " ") for slot in slots[:5])
        say(f"  next slots ({app.newsroom.zone(newsletter)}): {names}{more}")
    else:
        say(f"  no slot in this time; schedule: {'; '.join(newsletter.schedule)}")
    if left_out:
        say(f"  left out: {', '.join(left_out)}")
    if plan.edition is None:
        reason = plan.selection.reason
        say(f"  nothing would be sent now: {reason} ({GATHERED_SO_FAR})")
    else:
        what = plural(len(plan.edition.articles), "article") + _size(plan)
        say(f"  edition {plan.edition.number} would be sent to {plural(plan.audience, 'subscriber')} with {what}:")
        for line in recipient_lines(plan):
            say(f"    {line}")
        for line in (f"subject      {plan.edition.subject}", *voice_lines(app, plan.edition)):
            say(f"    {line}")
        for article in plan.edition.articles:
            say(f"    in   {article.id}  {app.local(article.published)}  {article.title}")
        for article in plan.edition.briefs:
            say(f"    brief {article.id}  {app.local(article.published)}  {article.title}")
    for choice in plan.selection.waiting:
        article = choice.article
        say(f"    {choice.status:<4} {article.id}  {app.local(article.published)}  {article.title}: {choice.reason}")


def _size(plan: EditionPlan) -> str:
    """The size of the complete email."""
    sizes = [len(one.body) for one in plan.renditions if one.variant == "digest" and one.channel in _personal(plan)]
    return f" in an email of {max(sizes) / 1000:.0f} kB" if sizes else ""


def _personal(plan: EditionPlan) -> set[str]:
    parts = {one.edition.variant for one in plan.segmentation.segments} | {"digest"}
    return {one.channel for one in plan.renditions if one.variant in parts}


def _as_data(app: CliContext, plan: EditionPlan, slots: list[Slot]) -> dict[str, Any]:
    edition = plan.edition
    return {
        "newsletter": plan.newsletter.id,
        "slots": [{"name": slot.name, "at": slot.at} for slot in slots],
        "subject": edition.subject if edition else None,
        "preheader": shown_preheader(app, edition) if edition else None,
        "blocks": [{"label": one.label, "after": one.after} for one in edition.blocks] if edition else [],
        "in": [{"id": article.id, "title": article.title} for article in edition.articles] if edition else [],
        "out": [
            {"id": choice.article.id, "title": choice.article.title, "verdict": choice.status, "reason": choice.reason}
            for choice in plan.selection.waiting
        ],
        "brief": [{"id": article.id, "title": article.title} for article in edition.briefs] if edition else [],
        "bytes": {one.variant: len(one.body) for one in plan.renditions if one.channel in _personal(plan)},
        "reason": plan.selection.reason,
        "audience": recipient_data(plan),
    }


def recipient_lines(plan: EditionPlan) -> list[str]:
    """What there is to say of the recipients beside their number; nothing if all get the same email."""
    segmentation = plan.segmentation
    emails = len(segmentation.segments)
    lines = []
    if emails > 1:
        lines.append(f"{emails} different emails, as subscribers have chosen topics or still miss earlier articles")
    if segmentation.excluded_count:
        lines.append(f"nothing in it for {plural(segmentation.excluded_count, 'subscriber')}: not their topics")
    if plan.outside_audience:
        whom = plural(plan.outside_audience, "subscriber")
        lines.append(f"not for {whom}: not in its audience ({plan.newsletter.audience.strip()})")
    if plan.over_cap:
        lines.append(
            f"{plural(plan.over_cap, 'subscriber')} got enough emails today (max_emails_per_day): it comes with the next"
        )
    lines += plan.notes
    return lines


def draft_state(row: EditionRow) -> str:
    """How the state of a draft is called in a sentence."""
    return "waiting for review" if row.state == "review" else row.state


def recipient_data(plan: EditionPlan) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "recipients": plan.audience,
        "emails": [
            {
                "variant": one.edition.variant,
                "recipients": one.size,
                "articles": [each.id for each in one.edition.carried],
            }
            for one in plan.segmentation.segments
        ],
        "nothing_in_it_for": plan.segmentation.excluded_count,
        "over_cap": plan.over_cap,
        "outside_audience": plan.outside_audience,
    }
