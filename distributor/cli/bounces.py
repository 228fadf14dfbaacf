"""`distributor bounces`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .app import App, clock, json_option, pass_app, plural, say, show_json, show_table, warn

if TYPE_CHECKING:
    from ..pipeline import Handled, Taken


@click.command("bounces", short_help="Read the mailboxes that bounces go to, now.")
@click.option("--dry-run", is_flag=True, help="Show what each message would do; change and mark nothing.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="One message in a file, instead.")
@json_option
@pass_app
def command(app: App, dry_run: bool, file: Path | None, as_json: bool) -> None:
    """Read the mailboxes that bounces go to, now, and suppress the addresses that are no good.

    A mail counts where it is about a letter of ours. What is no report stays as it was. `serve` does this by itself.
    """
    looks = [_read_file(app, file, dry_run)] if file else _read_mailboxes(app, dry_run)
    if as_json:
        show_json([_plain(look) for look in looks])
    else:
        _show(app, looks, dry_run)
    for look in looks:
        for key, reason in look.unreadable:
            warn(f"{look.mailbox}: message {key} cannot be read and is left as it was: {reason}")
        if look.fault:
            warn(look.fault)
    if any(look.fault for look in looks):
        raise SystemExit(1)


def _read_file(app: App, file: Path, dry_run: bool) -> Taken:
    from ..errors import UserError
    from ..mail.unpacked import MOST
    from ..pipeline import Taken, accept_report, at_home, rehearse_report

    try:
        with file.open("rb") as message:
            raw = message.read(MOST)
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    with app.store() as database:
        if dry_run:
            handled = rehearse_report(app.newsroom, database, raw, clock())
        else:
            at_home(app.newsroom, database, clock())
            handled = accept_report(app.newsroom, database, raw, clock())
    return Taken(str(file), tuple(handled), left=0 if handled else 1)


def _read_mailboxes(app: App, dry_run: bool) -> list[Taken]:
    from ..errors import UserError
    from ..pipeline import take_bounces

    settings = app.newsroom.settings
    if not settings.bounces:
        raise UserError("no mailbox is named: write `bounces:` into config.yaml, or --file; docs/bounces.md shows how")
    if settings.test_mode and not dry_run:
        raise UserError(
            "test_mode is on: mailboxes are left alone, what is in them is about real letters (see --dry-run)"
        )
    with app.store() as database:
        return take_bounces(app.newsroom, database, clock, dry_run=dry_run)


def _show(app: App, looks: list[Taken], dry_run: bool) -> None:
    handled = [one for look in looks for one in look.handled]
    rows = [
        (one.report.kind, _address(one), _edition(one), one.report.status, in_words(app, one, dry_run))
        for one in handled
    ]
    show_table(["kind", "address", "edition", "status", "what follows"], rows, "No bounces and no complaints.")
    left = sum(look.left for look in looks)
    if left:
        say(f"{plural(left, 'message is no report', 'messages are no reports')}: left as they were.")


def _address(one: Handled) -> str:
    return one.effect.bounce.address if one.effect else next(iter(one.report.addresses), "")


def _edition(one: Handled) -> str:
    return one.effect.bounce.edition_id if one.effect else ""


def in_words(app: App, one: Handled, dry_run: bool) -> str:
    """What follows from a report."""
    from ..mail.bounces import Kind
    from ..model import Tier

    effect = one.effect
    if effect is None:
        said = {Kind.DELAY: "still on its way", Kind.OTHER: one.report.text}
        return f"nothing: {said.get(one.report.kind, 'it is about no letter of ours')}"
    tier = effect.bounce.type
    if effect.known:
        return f"nothing: {tier}, known already"
    if effect.pending:
        return f"{tier}: waits for staff, too many at once (`distributor suppressions pending`)"
    if effect.suppression is None:
        return f"{tier}: not the reader's fault" if tier is Tier.POLICY else f"{tier}: counted"
    until = f" until {app.local(effect.suppression.until)}" if effect.suppression.until else ""
    return f"{tier}: {'would be' if dry_run else 'is'} suppressed{until}"


def _plain(look: Taken) -> dict[str, Any]:
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
