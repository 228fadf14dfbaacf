"""`distributor bounces`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, clock, json_option, pass_cli_context, plural, say, show_table, warn

if TYPE_CHECKING:
    from ..pipeline import HandledReport, MailboxResult


@click.command("bounces", short_help="Read the bounce mailboxes now.")
@click.option("--dry-run", is_flag=True, help="Show what each message would do; change nothing.")
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), help="Read one message from this file instead."
)
@json_option
@pass_cli_context
def command(app: CliContext, dry_run: bool, file: Path | None, as_json: bool) -> None:
    """Read the bounce mailboxes now, and suppress addresses that cannot be delivered to.

    Only reports about this newsroom's emails count; other messages stay as they are. `serve` does this by itself.

    Exit code: 1 if a mailbox could not be read.
    """
    looks = [_read_file(app, file, dry_run)] if file else _read_mailboxes(app, dry_run)
    if as_json:
        app.show_json([_plain(look) for look in looks])
    else:
        _show(app, looks, dry_run)
    for look in looks:
        for key, reason in look.unreadable:
            warn(f"{look.mailbox}: message {key} cannot be read and is left as it was: {reason}")
        if look.fault:
            warn(look.fault)
    if any(look.fault for look in looks):
        raise SystemExit(1)


def _read_file(app: CliContext, file: Path, dry_run: bool) -> MailboxResult:
    from ..bounces.mime_reader import MOST
    from ..errors import UserError
    from ..pipeline import MailboxResult, check_may_send, dry_run_report, process_report

    try:
        with file.open("rb") as message:
            raw = message.read(MOST)
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    with app.store() as database:
        if dry_run:
            handled = dry_run_report(app.newsroom, database, raw, clock())
        else:
            check_may_send(app.newsroom, database, clock())
            handled = process_report(app.newsroom, database, raw, clock())
    return MailboxResult(str(file), tuple(handled), left=0 if handled else 1)


def _read_mailboxes(app: CliContext, dry_run: bool) -> list[MailboxResult]:
    from ..errors import UserError
    from ..pipeline import process_bounces

    settings = app.newsroom.settings
    if not settings.bounces:
        raise UserError("no mailbox is named: write `bounces:` into config.yaml, or --file; docs/bounces.md shows how")
    if settings.test_mode and not dry_run:
        raise UserError(
            "test_mode is on: mailboxes are left alone, what is in them is about real letters (see --dry-run)"
        )
    with app.store() as database:
        return process_bounces(app.newsroom, database, clock, dry_run=dry_run)


def _show(app: CliContext, looks: list[MailboxResult], dry_run: bool) -> None:
    handled = [one for look in looks for one in look.handled]
    rows = [
        (one.report.kind, _address(one), _edition(one), one.report.status, in_words(app, one, dry_run))
        for one in handled
    ]
    show_table(["kind", "address", "edition", "status", "what follows"], rows, "No bounces and no complaints.")
    left = sum(look.left for look in looks)
    if left:
        say(f"{plural(left, 'message is no report', 'messages are no reports')}: left as they were.")


def _address(one: HandledReport) -> str:
    return one.effect.bounce.address if one.effect else next(iter(one.report.addresses), "")


def _edition(one: HandledReport) -> str:
    return one.effect.bounce.edition_id if one.effect else ""


def in_words(app: CliContext, one: HandledReport, dry_run: bool) -> str:
    """What follows from a report."""
    from ..bounces.parser import BounceReportKind
    from ..model import BounceType

    effect = one.effect
    if effect is None:
        said = {BounceReportKind.DELAY: "still on its way", BounceReportKind.OTHER: one.report.text}
        return f"nothing: {said.get(one.report.kind, 'it is about no letter of ours')}"
    tier = effect.bounce.type
    if effect.known:
        return f"nothing: {tier}, known already"
    if effect.pending:
        return f"{tier}: waits for staff, too many at once (`distributor suppressions pending`)"
    if effect.suppression is None:
        return f"{tier}: not the reader's fault" if tier is BounceType.POLICY else f"{tier}: counted"
    until = f" until {app.local(effect.suppression.until)}" if effect.suppression.until else ""
    return f"{tier}: {'would be' if dry_run else 'is'} suppressed{until}"


def _plain(look: MailboxResult) -> dict[str, Any]:
    return {
        "mailbox": look.mailbox,
        "fault": look.fault,
        "left": look.left,
        "unreadable": [{"message": key, "reason": reason} for key, reason in look.unreadable],
        "reports": [
            {
                "message": one.message,
                "kind": one.report.kind,
                "address": _address(one),
                "edition": _edition(one),
                "delivery": one.effect.bounce.delivery_id if one.effect else None,
                "type": one.effect.bounce.type if one.effect else None,
                "status": one.report.status,
                "text": one.report.text,
                "known": bool(one.effect and one.effect.known),
                "suppressed": bool(one.effect and one.effect.suppression),
                "until": one.effect.suppression.until if one.effect and one.effect.suppression else None,
            }
            for one in look.handled
        ],
    }
