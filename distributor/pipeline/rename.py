"""Renaming a newsletter or a channel in the store, and removing one that has ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from ..delivery import control, queries
from ..errors import UserError
from ..newsroom import Newsroom
from ..storage import renames
from ..storage.database import Database
from ..storage.renames import NameKind
from ..subscribers import repository as subscriber_repository

# In words, what hangs on a name: the tables of the store as staff know them.
_WORDS = {
    "subscriptions": "subscriptions", "editions": "editions", "newsletter_articles": "decisions on articles",
    "slots": "slots", "opt_outs": "opt-outs", "renditions": "frozen emails, posts and files", "deliveries": "deliveries",
}  # fmt: skip


def plan_rename(
    newsroom: Newsroom, connection: Connection, kind: NameKind, old: str, new: str, now: datetime
) -> list[str]:
    """What a rename would carry over, in words. Raises UserError where it cannot be done."""
    known: Collection[str] = newsroom.settings.newsletters if kind is NameKind.NEWSLETTER else newsroom.channels
    if old == new:
        raise UserError(f"{old} has that name already")
    if new not in known:
        raise UserError(f"{kind} {new} is not in config.yaml: put it there first, in the place of {old}")
    if old in known:
        raise UserError(f"{kind} {old} is still in config.yaml: give it its new name there first")
    held = renames.count_rows(connection, kind, old)
    if not held:
        raise UserError(f"the store knows no {kind} {old}")
    there = renames.count_rows(connection, kind, new)
    if kind is NameKind.NEWSLETTER and (there.get("subscriptions") or there.get("editions")):
        raise UserError(
            f"newsletter {new} has data of its own ({_in_words(there)}), and the two cannot be told apart again: give "
            f"{old} a name in config.yaml that was never used"
        )
    if kind is NameKind.CHANNEL:
        if there.get("deliveries") and not queries.may_be_same_channel(connection, old, new):
            raise UserError(
                f"channel {new} has data of its own from the same time ({_in_words(there)}): give {old} a name in "
                "config.yaml that was never used"
            )
        if owner := queries.find_lease_owner(connection, old, now):
            raise UserError(f"a process ({owner}) is delivering on {old} right now: stop it, and do this again")
    return [f"{_WORDS[table]}: {number}" for table, number in held.items() if table in _WORDS]


def apply_rename(
    newsroom: Newsroom, database: Database, kind: NameKind, old: str, new: str, by: str, now: datetime
) -> None:
    """Rename everywhere in one transaction. Raises UserError as `plan_rename` does, with nothing done."""
    with database.write() as connection:
        plan_rename(newsroom, connection, kind, old, new, now)
        renames.rename_everywhere(connection, kind, old, new, by, now)


def cancel_channel(newsroom: Newsroom, database: Database, name: str, by: str, now: datetime, *, dry_run: bool) -> int:
    """Give up what is open on a channel that config.yaml does not have; returns how many deliveries. Raises UserError."""
    if name in newsroom.channels:
        raise UserError(f"channel {name} is in config.yaml; `distributor editions cancel EDITION` stops an edition")
    with database.write() as connection:
        if owner := queries.find_lease_owner(connection, name, now):
            raise UserError(f"a process ({owner}) is delivering on {name} right now: stop it, and do this again")
        return control.cancel_channel(connection, name, f"given up by {by}: channel {name} is no more", now, dry_run)


def remove_newsletter(newsroom: Newsroom, database: Database, name: str, *, dry_run: bool) -> int:
    """Unsubscribe everybody from a newsletter that config.yaml does not have; returns how many. Raises UserError."""
    if name in newsroom.settings.newsletters:
        raise UserError(f"newsletter {name} is in config.yaml: take it out there first")
    with database.write() as connection:
        return (
            subscriber_repository.count_by_newsletter(connection).get(name, 0)
            if dry_run
            else subscriber_repository.clear_newsletter(connection, name)
        )


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {_WORDS[table]}" for table, number in counts.items() if table in _WORDS)
