"""Editions being delivered: paused, resumed, and sent again to recipients they did not reach."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from ..bounces import guard, suppressions
from ..delivery import control
from ..delivery import settle as delivery_settle
from ..delivery.settle import Verdict, list_doubtful_posts, list_posts_without_id
from ..editions import repository as edition_repository
from ..editions.repository import EditionRow
from ..errors import UserError
from ..model import Delivery, DeliveryState, EditionState, Receipt
from ..storage.database import Database

_VERDICTS = {Verdict.OUT: "out", Verdict.AGAIN: "posted again", Verdict.GIVE_UP: "given up"}


def pause(database: Database, edition_id: str, by: str, now: datetime, why: str) -> None:
    """Let nothing more of an edition leave until `resume`. Raises UserError where nothing of it is on its way."""
    with database.write() as connection:
        row = _row(connection, edition_id)
        if not control.pause(connection, edition_id, now):
            state = "paused already" if row.paused_at else f"{row.state}: nothing of it is on its way"
            raise UserError(f"{edition_id} is {state}")
        edition_repository.record_event(connection, edition_id, "paused", by, now, why)


def resume(database: Database, edition_id: str, by: str, now: datetime) -> None:
    """Let a paused edition go on. Raises UserError where it is not paused."""
    with database.write() as connection:
        _row(connection, edition_id)
        if not control.resume(connection, edition_id, now):
            raise UserError(f"{edition_id} is not paused")
        edition_repository.record_event(connection, edition_id, "resumed", by, now)


def resend_missed(
    database: Database, edition_id: str, by: str, now: datetime, *, uncertain: bool = False, dry_run: bool = False
) -> int:
    """Enqueue an edition again for recipients it did not reach: rejected and expired emails, and uncertain ones if
    `uncertain`. Returns how many. Raises UserError for an edition that is not out, or was cancelled."""
    states = [*control.MISSED_STATES, *([DeliveryState.UNCERTAIN] if uncertain else [])]
    with database.write(long=True) as connection:
        row = _row(connection, edition_id)
        if row.released_at is None or row.state == EditionState.CANCELLED:
            raise UserError(f"{edition_id} is {row.state}: only what has gone out can be sent again")
        if dry_run:
            return control.count_missed(connection, edition_id, states, now)
        opened = control.reopen(connection, edition_id, states, now, now + (row.expires_at - row.released_at))
        if opened:
            edition_repository.record_event(
                connection, edition_id, "reopened", by, now, f"{opened} emails that had not reached their recipients"
            )
        return opened


def settle_posts(
    database: Database,
    edition_id: str,
    channel: str,
    variant: str,
    verdict: Verdict,
    receipt: Receipt,
    by: str,
    now: datetime,
) -> tuple[list[Delivery], int]:
    """Write down what staff have found of posts that may be out; returns these posts, and how many go out because of it. The
    id of one that staff have said to be out can be given later.

    Raises UserError where there is none, where one receipt is given for several, and for an edition that was cancelled.
    """
    with database.write() as connection:
        row = _row(connection, edition_id)
        found = list_doubtful_posts(connection, edition_id, channel, variant)
        if not found and receipt.remote_id:
            found = list_posts_without_id(connection, edition_id, channel, variant)
        if not found:
            raise UserError(f"no post of {edition_id} on {channel} is in doubt and left to you")
        if len(found) > 1 and (receipt.remote_id or receipt.url):
            names = ", ".join(one.variant for one in found)
            raise UserError(f"an id or address is that of one post: say which, with --post ({names})")
        if row.state == EditionState.CANCELLED and verdict is Verdict.AGAIN:
            raise UserError(f"{edition_id} was cancelled: nothing more of it is posted")
        expires_at = max(row.expires_at, now + (row.expires_at - (row.released_at or now)))
        woken = delivery_settle.settle_posts(connection, found, verdict, receipt, by, now, expires_at)
        what = f"{channel}: {len(found)} posts are {_VERDICTS[verdict]}"
        edition_repository.record_event(connection, edition_id, "settled", by, now, what)
        return found, woken


def confirm_suppressions(database: Database, edition_id: str, by: str, now: datetime) -> int:
    """Suppress the addresses that wait because so many were refused, and let the edition go on; returns how many.
    Raises UserError where none wait."""
    with database.write() as connection:
        _held(connection, edition_id)
        found = guard.confirm(connection, edition_id)
        suppressions.suppress_all(connection, found)
        if edition_id:
            edition_repository.record_event(
                connection, edition_id, "confirmed", by, now, f"{len(found)} addresses are suppressed"
            )
            control.resume(connection, edition_id, now)
        return len(found)


def discard_suppressions(database: Database, edition_id: str, by: str, now: datetime) -> tuple[int, int]:
    """Discard these suppressions: we were the cause. The emails are enqueued again, and the edition goes on,
    unless it was cancelled meanwhile. Returns how many addresses, and how many emails. Raises UserError where none wait."""
    with database.write() as connection:
        _held(connection, edition_id)
        emails = 0
        row = _row(connection, edition_id) if edition_id else None
        if row and row.state != EditionState.CANCELLED:
            control.resume(connection, edition_id, now)
            until = now + (row.expires_at - (row.released_at or row.frozen_at))
            refused = guard.hard_bounced_deliveries(edition_id)
            emails = control.reopen(connection, edition_id, [DeliveryState.REJECTED], now, until, refused)
        found = guard.discard(connection, edition_id)
        if edition_id:
            edition_repository.record_event(
                connection, edition_id, "discarded", by, now, f"refusals of {found} addresses were about us"
            )
        return found, emails


def _held(connection: Connection, edition_id: str) -> None:
    if not any(held.edition == edition_id for held in guard.list_held(connection)):
        raise UserError(f"no suppressions of {edition_id or 'emails of no known edition'} wait for a decision")


def _row(connection: Connection, edition_id: str) -> EditionRow:
    row = edition_repository.find_row(connection, edition_id)
    if row is None:
        raise UserError(f"there is no edition {edition_id!r}; `distributor editions` lists them")
    return row
