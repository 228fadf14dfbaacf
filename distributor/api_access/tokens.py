"""Tokens of the API: who may do what. Only a hash of each is stored.

A token is `dst_` and 256 random bits, shown once. It is found by its SHA-256: 256 bits cannot be guessed, so a slow hash
would protect nothing, and a comparison of hashes tells nothing about the token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..errors import UserError
from ..storage.renames import NameKind, current_names
from ..storage.web_tables import api_tokens

PREFIX = "dst_"  # by which secret scanners and people recognize a token
TOUCH_EVERY = timedelta(minutes=1)  # `last_used` is that exact
LONGEST_NAME = 100  # characters


class ApiScope(StrEnum):
    """What a token may do."""

    ARTICLES_READ = "articles:read"
    ARTICLES_WRITE = "articles:write"  # push, correct, withdraw
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    EDITIONS_READ = "editions:read"
    EDITIONS_WRITE = "editions:write"  # approve, hold, cancel
    EDITIONS_SEND = "editions:send"  # send a newsletter or an alert now
    DELIVERIES_READ = "deliveries:read"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"
    STATISTICS_READ = "statistics:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token as the store knows it. `newsletters` are those it may see and change; all if empty. Its `name` is the actor
    in all records."""

    id: str
    name: str
    scopes: tuple[str, ...]
    newsletters: tuple[str, ...]
    created: datetime
    actor: str
    expires_at: datetime | None = None
    last_used: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "active"

    def may_see(self, newsletter: str) -> bool:
        return not self.newsletters or newsletter in self.newsletters


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def create(
    connection: Connection,
    name: str,
    *,
    scopes: Collection[ApiScope],
    newsletters: Sequence[str] = (),
    by: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; the second value is what its user sends, and is nowhere else. Raises UserError where an active one has
    the name."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UserError(f"a token needs a name of 1 to {LONGEST_NAME} printable characters")
    if any(one.name == name and one.state(now) == "active" for one in list_tokens(connection)):
        raise UserError(f"there is an active token {name!r}; revoke it first, or choose another name")
    token = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken(
        id=secrets.token_hex(4),
        name=name,
        scopes=tuple(sorted(scopes)),
        newsletters=tuple(dict.fromkeys(newsletters)),
        created=now,
        actor=by,
        expires_at=expires_at,
    )
    values: dict[str, Any] = {column: getattr(made, column) for column in _COLUMNS}
    lists = {"scopes": list(made.scopes), "bound_to": list(made.newsletters)}
    connection.execute(sa.insert(api_tokens).values(**values | lists, sha256=hash_token(token)))
    return made, token


def list_tokens(connection: Connection) -> list[ApiToken]:
    """All tokens there have ever been, oldest first."""
    query = sa.select(api_tokens).order_by(api_tokens.c.created, api_tokens.c.id)
    renamed = current_names(connection, NameKind.NEWSLETTER)
    return [_token(row, renamed) for row in connection.execute(query)]


def find_by_token(connection: Connection, token: str) -> ApiToken | None:
    """The record of a token, whatever its state; None for one that was never given out."""
    wanted = hash_token(token)
    row = connection.execute(sa.select(api_tokens).where(api_tokens.c.sha256 == wanted)).one_or_none()
    if row is None or not hmac.compare_digest(row.sha256, wanted):
        return None
    return _token(row, current_names(connection, NameKind.NEWSLETTER) if row.bound_to else {})


def revoke(connection: Connection, asked: str, now: datetime) -> ApiToken:
    """End a token for good, by its id, or by its name where one active token has it. Raises UserError."""
    known = list_tokens(connection)
    found = [one for one in known if one.id == asked] or [
        one for one in known if one.name == asked and one.state(now) != "revoked"
    ]
    if not found:
        raise UserError(f"there is no token {asked!r}; `distributor tokens list` shows them")
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise UserError(f"several tokens are named {asked!r}; name one by its id: {ids}")
    if found[0].revoked_at is None:
        connection.execute(sa.update(api_tokens).where(api_tokens.c.id == found[0].id).values(revoked_at=now))
    return found[0]


def touch(connection: Connection, token_id: str, now: datetime) -> None:
    """Record that a token was used."""
    connection.execute(sa.update(api_tokens).where(api_tokens.c.id == token_id).values(last_used=now))


_COLUMNS = tuple(column for column in ApiToken.__slots__ if column not in ("scopes", "newsletters"))


def _token(row: sa.Row[Any], renamed: Mapping[str, str]) -> ApiToken:
    """A row as a token. The newsletters that it is bound to may have another name by now (`renamed`)."""
    values = {column: getattr(row, column) for column in _COLUMNS}
    return ApiToken(
        **values, scopes=tuple(row.scopes), newsletters=tuple(renamed.get(name, name) for name in row.bound_to)
    )
