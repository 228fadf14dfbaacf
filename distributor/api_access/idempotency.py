"""Answers to requests that carried an Idempotency-Key: the same request has one effect and gets the same answer for a day.

    claim ──▶ (the request is worked on) ──▶ keep        the answer is there for whoever repeats the request
                                         └─▶ release     it failed through our fault: a repetition begins anew

See draft-ietf-httpapi-idempotency-key-header: a key with another request is answered 422, one that is still worked on 409.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import sqlalchemy as sa
from sqlalchemy import Connection

from ..storage.statements import insert_into
from ..storage.web_tables import idempotent_answers as table

KEPT_FOR = timedelta(days=1)
_ABANDONED = timedelta(minutes=10)  # after which nobody works on a request any more: its process has died
_WORKING = 0  # in place of a status


class ClaimResult(Enum):
    """What a key is good for, where there is no answer yet."""

    CLAIMED = "claimed"  # work on the request, then `keep` or `release`
    IN_PROGRESS = "in progress"  # somebody else does
    REUSED = "reused"  # the key was used for another request


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that was given before."""

    status: int
    body: bytes


def claim(
    connection: Connection, token_id: str, key: str, request_sha256: str, now: datetime
) -> ClaimResult | KeptAnswer:
    """Claim a key for a request, or find out what became of it."""
    connection.execute(sa.delete(table).where(table.c.at <= now - KEPT_FOR))
    values = {"token_id": token_id, "key": key, "request_sha256": request_sha256}
    fresh = insert_into(connection, table).values(**values, status=_WORKING, body=b"", at=now).on_conflict_do_nothing()
    if connection.execute(fresh.returning(table.c.key)).scalar() is not None:
        return ClaimResult.CLAIMED
    row = connection.execute(sa.select(table).where(_here(token_id, key))).one()
    if row.request_sha256 != request_sha256:
        return ClaimResult.REUSED
    if row.status != _WORKING:
        return KeptAnswer(row.status, bytes(row.body))
    if now - row.at < _ABANDONED:
        return ClaimResult.IN_PROGRESS
    connection.execute(sa.update(table).where(_here(token_id, key)).values(at=now))
    return ClaimResult.CLAIMED


def keep(connection: Connection, token_id: str, key: str, answer: KeptAnswer) -> None:
    """Keep the answer to a claimed request."""
    values = {"status": answer.status, "body": answer.body}
    connection.execute(sa.update(table).where(_here(token_id, key)).values(**values))


def release(connection: Connection, token_id: str, key: str) -> None:
    """Let a claimed request be made once more."""
    connection.execute(sa.delete(table).where(_here(token_id, key), table.c.status == _WORKING))


def _here(token_id: str, key: str) -> sa.ColumnElement[bool]:
    return (table.c.token_id == token_id) & (table.c.key == key)
