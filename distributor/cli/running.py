"""`distributor editions pause`, `resume` and `resend`."""

from __future__ import annotations

import getpass

import click

from .app import App, by_option, clock, complete_edition, pass_app, plural, reason_option, say


@click.command("pause")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@reason_option
@pass_app
def pause(app: App, edition: str, by: str | None, reason: str) -> None:
    """Let nothing more of an edition leave, wherever it is being sent; what is on the wire comes to its end."""
    from .. import pipeline

    with app.store() as database:
        pipeline.pause(database, edition, by or getpass.getuser(), clock(), reason)
    say(f"{edition}: paused; `distributor editions resume {edition}` lets it go on")


@click.command("resume")
@click.argument("edition", shell_complete=complete_edition)
@by_option
@pass_app
def resume(app: App, edition: str, by: str | None) -> None:
    """Let a paused edition go on, with as much time as it had left."""
    from .. import pipeline

    with app.store() as database:
        pipeline.resume(database, edition, by or getpass.getuser(), clock())
    say(f"{edition}: goes on while `distributor serve` runs, or with the next `distributor deliver`")


@click.command("resend")
@click.argument("edition", shell_complete=complete_edition)
@click.option("--missed", is_flag=True, required=True, help="To those whom it has not reached; nobody gets it twice.")
@click.option("--uncertain", is_flag=True, help="And to those who may have it: some of them will get it twice.")
@click.option("--dry-run", is_flag=True, help="Say how many they are, and change nothing.")
@by_option
@pass_app
def resend(app: App, edition: str, missed: bool, uncertain: bool, dry_run: bool, by: str | None) -> None:
    """Send an edition again to those whom it has missed: letters that were rejected, or not out in its time."""
    from .. import pipeline

    with app.store() as database:
        who = by or getpass.getuser()
        number = pipeline.resend_missed(database, edition, who, clock(), uncertain=uncertain, dry_run=dry_run)
    if not number:
        say(f"{edition}: it has missed nobody")
    elif dry_run:
        say(f"{edition}: {plural(number, 'letter')} would be sent again. Nothing was changed: this was a dry run.")
    else:
        say(f"{edition}: {plural(number, 'letter')} promised again; `distributor serve` or `distributor deliver` sends")
