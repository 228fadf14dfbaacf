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
@click.option("--set-aside", is_flag=True, help="Show reports of providers that could not be read instead.")
@click.option("--retry", is_flag=True, help="Let `serve` try these reports again.")
@json_option
@pass_cli_context
def command(app: CliContext, dry_run: bool, file: Path | None, set_aside: bool, retry: bool, as_json: bool) -> None:
    """Read the bounce mailboxes now, and suppress addresses that cannot be delivered to.

    Only reports about this newsroom's emails count; other messages stay as they are. `serve` does this by itself. It also
    works what providers report to `/hooks/…`; --set-aside shows which of it could not be worked, and why.

    Exit code: 1 if a mailbox could not be read.
    """
    if set_aside or retry:
        _show_set_aside(app, retry, as_json)
        return
    results = [_read_file(app, file, dry_run)] if file else _read_mailboxes(app, dry_run)
    if as_json:
        app.show_json([_plain(result) for result in results])
    else:
        _show(app, results, dry_run)
    for result in results:
        for key, reason in result.unreadable:
            warn(f"{result.mailbox}: message {key} cannot be read and is left as it was: {reason}")
        if result.fault:
            warn(result.fault)
    if any(result.fault for result in results):
        raise SystemExit(1)


def _show_set_aside(app: CliContext, retry: bool, as_json: bool) -> None:
    from ..bounces import provider_events

    with app.store() as database:
        with database.read() as connection:
            found = provider_events.list_aside(connection)
        if retry:
            with database.write() as connection:
                count = provider_events.retry_aside(connection)
    if as_json:
        app.show_json(
            [{"provider": one.provider, "received": one.received_at, "reason": one.note, "id": one.id} for one in found]
        )
    else:
        rows = [(str(one.id), one.provider, app.local(one.received_at), one.note) for one in found]
        show_table(["id", "provider", "received", "reason"], rows, "No report of a provider was set aside.")
        if retry and count:
            say(f"{plural(count, 'report is', 'reports are')} tried again by `serve`.")


def _read_file(app: CliContext, file: Path, dry_run: bool) -> MailboxResult:
    from ..bounces.mime_reader import MOST
    from ..errors import UserError
    from ..files import UnsafeFile, open_ordinary
    from ..pipeline import MailboxResult, check_may_send, dry_run_report, process_report

    try:
        with open_ordinary(file, piped=True) as message:
            raw = message.read(MOST)
    except UnsafeFile as error:
        raise UserError(f"{file}: {error}") from None
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
        raise UserError(
            "no mailbox is configured: add `bounces:` to config.yaml, or give --file; docs/bounces.md shows how"
        )
    if settings.test_mode and not dry_run:
        raise UserError(
            "test_mode is on: mailboxes are not read, as they hold reports about real emails (--dry-run shows them)"
        )
    with app.store() as database:
        return process_bounces(app.newsroom, database, clock, dry_run=dry_run)


def _show(app: CliContext, results: list[MailboxResult], dry_run: bool) -> None:
    handled = [one for result in results for one in result.handled]
    rows = [
        (one.report.kind, _address(one), _edition(one), one.report.status, in_words(app, one, dry_run))
        for one in handled
    ]
    show_table(["kind", "address", "edition", "status", "result"], rows, "No bounces and no complaints.")
    left = sum(result.left for result in results)
    if left:
        say(f"{plural(left, 'message is not a report', 'messages are not reports')}: left as they were.")


def _address(one: HandledReport) -> str:
    if one.left:
        return one.left.person.address
    return one.effect.bounce.address if one.effect else next(iter(one.report.addresses), "")


def _edition(one: HandledReport) -> str:
    return one.effect.bounce.edition_id if one.effect else ""


def in_words(app: CliContext, one: HandledReport, dry_run: bool) -> str:
    """The result of a report, for staff."""
    from ..bounces.parser import BounceReportKind
    from ..model import BounceType

    effect = one.effect
    if one.left:
        return f"{'would be' if dry_run else 'is'} unsubscribed from {one.left.newsletter}"
    if effect is None:
        said = {BounceReportKind.DELAY: "still on its way", BounceReportKind.OTHER: one.report.text}
        return f"nothing: {said.get(one.report.kind, 'it is about none of our emails')}"
    type = effect.bounce.type
    if effect.known:
        return f"nothing: {type}, already known"
    if effect.pending:
        return f"{type}: waits for your decision, as there are too many at once (`distributor suppressions pending`)"
    if effect.suppression is None:
        return f"{type}: not the recipient's fault" if type is BounceType.POLICY else f"{type}: counted"
    until = f" until {app.local(effect.suppression.until)}" if effect.suppression.until else ""
    return f"{type}: {'would be' if dry_run else 'is'} suppressed{until}"


def _plain(result: MailboxResult) -> dict[str, Any]:
    return {
        "mailbox": result.mailbox,
        "fault": result.fault,
        "left": result.left,
        "unreadable": [{"message": key, "reason": reason} for key, reason in result.unreadable],
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
            for one in result.handled
        ],
    }
