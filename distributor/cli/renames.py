"""Names of newsletters and channels: what is missing in config.yaml, and carrying it over to another name."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from .context import CliContext, clock, confirm, say, warn

if TYPE_CHECKING:
    from ..storage.database import Database


def confirm_and_rename(app: CliContext, kind: str, old: str, new: str, dry_run: bool, yes: bool) -> None:
    """Show what would be carried over, ask, and do it."""
    from .. import pipeline
    from ..storage.renames import NameKind

    named = NameKind(kind)
    with app.store() as database:
        with database.read() as connection:
            lines = pipeline.plan_rename(app.newsroom, connection, named, old, new, clock())
        say(f"{kind} {old} becomes {new}:")
        for line in lines:
            say(f"  {line}")
        if dry_run:
            say("Nothing was changed: this was a dry run.")
            return
        if not yes:
            confirm("Carry it over?")
        pipeline.apply_rename(app.newsroom, database, named, old, new, getpass.getuser(), clock())
    say(f"{old} is {new} now. A `serve` that was started before must be started again; it sends nothing until then.")


def warn_of_missing_newsletters(app: CliContext, database: Database) -> None:
    """Say which newsletters with subscribers config.yaml does not have. Channels are told by the run that owes them."""
    from .. import pipeline

    with database.read() as connection:
        found = pipeline.list_missing_newsletters(app.newsroom, connection)
    for one in found:
        warn(one.in_words())


def refuse_possible_rename(app: CliContext, newsletter: str) -> None:
    """Raises UserError where a newsletter may be one with subscribers under another name."""
    from .. import pipeline
    from ..errors import UserError

    with app.store() as database, database.read() as connection:
        reason = pipeline.list_blocked_newsletters(app.newsroom, connection).get(newsletter)
    if reason:
        raise UserError(reason)
