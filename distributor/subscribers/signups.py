"""Sign-ups on the web that wait for their confirmation, and addresses that nobody may sign up.

An address has one sign-up. Signing up again before it is confirmed adds newsletters, and what is chosen last counts; the
link in the first email stays good. A confirmed sign-up is kept until it expires, so that a second visit of its link is
answered well.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..mail.address import normalize
from ..model import Frequency, Language
from ..storage.rows import damaged_row, read_rows
from ..storage.statements import insert_into
from ..storage.web_tables import refused_signups, signups

FORM = "form"  # how somebody signs up on a page of ours
KEPT = timedelta(days=30)  # after the last request
LINK_VALID = timedelta(days=7)
REFUSED_FOR = timedelta(days=30)
REMIND_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupWish:
    """What was chosen, beside newsletters. What is empty was not chosen."""

    language: Language
    name: str = ""
    topics: tuple[str, ...] = ()
    frequency: Frequency | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupAsk:
    """One newsletter that was asked for: the text that was agreed to, when, where and how. `client_address` is empty unless
    the newsroom keeps it."""

    newsletter: str
    text: str
    language: Language
    at: datetime
    url: str = ""
    client_address: str = ""
    via: str = FORM


@dataclass(frozen=True, slots=True, kw_only=True)
class Signup:
    """Somebody who has asked to be subscribed. `emailed` are the times at which they were asked to confirm since they last
    did."""

    id: str
    address: str
    wish: SignupWish
    asks: tuple[SignupAsk, ...]
    asked_at: datetime
    expires_at: datetime
    emailed: tuple[datetime, ...] = ()
    reminded_at: datetime | None = None
    confirmed_at: datetime | None = None

    @property
    def newsletters(self) -> tuple[str, ...]:
        return tuple(ask.newsletter for ask in self.asks)


def merge_signup(
    known: Signup | None, address: str, wish: SignupWish, asks: Sequence[SignupAsk], now: datetime
) -> Signup:
    """The sign-up of an address after one more request. Pure."""
    if known is None:
        return Signup(
            id=secrets.token_hex(16), address=address, wish=wish, asks=tuple(asks), asked_at=now, expires_at=now + KEPT
        )
    open_asks = () if known.confirmed_at else known.asks
    newest = {ask.newsletter: ask for ask in (*open_asks, *asks)}
    if not known.confirmed_at:
        wish = replace(
            wish,
            name=wish.name or known.wish.name,
            topics=wish.topics or known.wish.topics,
            frequency=wish.frequency or known.wish.frequency,
            attributes={**known.wish.attributes, **wish.attributes},
        )
    return replace(
        known,
        address=address,
        wish=wish,
        asks=tuple(newest.values()),
        asked_at=now,
        expires_at=now + KEPT,
        reminded_at=None if known.confirmed_at else known.reminded_at,
        confirmed_at=None,
    )


def save(connection: Connection, signup: Signup) -> None:
    """Write a sign-up, in place of that of the same address."""
    row = {
        "id": signup.id,
        "address_key": normalize(signup.address),
        "address": signup.address,
        "wish": _wish_as_json(signup.wish),
        "asks": [_ask_as_json(ask) for ask in signup.asks],
        "asked_at": signup.asked_at,
        "expires_at": signup.expires_at,
        "emailed": [moment.isoformat() for moment in signup.emailed],
        "reminded_at": signup.reminded_at,
        "confirmed_at": signup.confirmed_at,
    }
    fresh = insert_into(connection, signups).values(row)
    changed = {name: value for name, value in row.items() if name not in ("id", "address_key")}
    connection.execute(fresh.on_conflict_do_update(index_elements=["address_key"], set_=changed))


def find(connection: Connection, signup_id: str) -> Signup | None:
    return _find(connection, signups.c.id == signup_id)


def find_by_address(connection: Connection, address: str) -> Signup | None:
    """Raises ValueError for an invalid address."""
    return _find(connection, signups.c.address_key == normalize(address))


def delete(connection: Connection, signup_id: str) -> None:
    connection.execute(sa.delete(signups).where(signups.c.id == signup_id))


def list_to_remind(connection: Connection, now: datetime, limit: int = 500) -> list[Signup]:
    """Sign-ups that are to be reminded now: asked some days ago, neither confirmed nor reminded, the oldest first."""
    query = (
        sa.select(signups)
        .where(
            signups.c.confirmed_at.is_(None),
            signups.c.reminded_at.is_(None),
            signups.c.asked_at <= now - REMIND_AFTER,
            signups.c.asked_at > now - LINK_VALID,
        )
        .order_by(signups.c.asked_at)
        .limit(limit)
    )
    return read_rows(connection, query, signups.c.id, _signup, "sign-up")


def delete_expired(connection: Connection, now: datetime) -> int:
    """Delete what nobody has confirmed in time, and refusals that are over; returns how many sign-ups."""
    connection.execute(sa.delete(refused_signups).where(refused_signups.c.until <= now))
    return connection.execute(sa.delete(signups).where(signups.c.expires_at <= now)).rowcount


# -- who does not want to be asked --------------------------------------------------------------------------------------


def refuse(connection: Connection, address_hash: str, now: datetime) -> None:
    """Nobody may sign this address up for a while. Saying so again begins anew."""
    row = {"address_hash": address_hash, "at": now, "until": now + REFUSED_FOR}
    fresh = insert_into(connection, refused_signups).values(row)
    connection.execute(fresh.on_conflict_do_update(index_elements=["address_hash"], set_=row))


def is_refused(connection: Connection, hashes: Sequence[str], now: datetime) -> bool:
    """Whether an address may not be signed up now, given its hashes under all keys."""
    here = refused_signups.c.address_hash.in_(hashes) & (refused_signups.c.until > now)
    return connection.execute(sa.select(refused_signups.c.at).where(here)).first() is not None


# -- rows --------------------------------------------------------------------------------------------------------------


def _find(connection: Connection, condition: sa.ColumnElement[bool]) -> Signup | None:
    query = sa.select(signups).where(condition)
    return next(iter(read_rows(connection, query, signups.c.id, _signup, "sign-up")), None)


def _signup(row: sa.Row[Any]) -> Signup:
    """Raises DamagedRow."""
    try:
        return Signup(
            id=row.id,
            address=row.address,
            wish=_wish_from_json(row.wish),
            asks=tuple(_ask_from_json(ask) for ask in row.asks),
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            emailed=tuple(datetime.fromisoformat(moment) for moment in row.emailed),
            reminded_at=row.reminded_at,
            confirmed_at=row.confirmed_at,
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise damaged_row("sign-up", row.id, str(error)) from None


def _wish_as_json(wish: SignupWish) -> dict[str, Any]:
    return {
        "language": wish.language,
        "name": wish.name,
        "topics": list(wish.topics),
        "frequency": wish.frequency,
        "attributes": dict(wish.attributes),
    }


def _wish_from_json(value: Mapping[str, Any]) -> SignupWish:
    return SignupWish(
        language=Language(value["language"]),
        name=value["name"],
        topics=tuple(value["topics"]),
        frequency=Frequency(value["frequency"]) if value["frequency"] else None,
        attributes=value["attributes"],
    )


def _ask_as_json(ask: SignupAsk) -> dict[str, str]:
    return {
        "newsletter": ask.newsletter,
        "text": ask.text,
        "language": ask.language,
        "at": ask.at.isoformat(),
        "url": ask.url,
        "client_address": ask.client_address,
        "via": ask.via,
    }


def _ask_from_json(value: Mapping[str, str]) -> SignupAsk:
    return SignupAsk(
        newsletter=value["newsletter"],
        text=value["text"],
        language=Language(value["language"]),
        at=datetime.fromisoformat(value["at"]),
        url=value["url"],
        client_address=value["client_address"],
        via=value["via"],
    )
