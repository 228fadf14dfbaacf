"""Alerts to staff in the store: each one row while it lasts, whichever process or host has seen it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..config.staff_alerts import AlertKind
from ..delivery.outbox import OPEN_STATES, STAFF_ALERT
from ..storage.rows import enum_member, read_rows
from ..storage.statements import insert_into
from ..storage.tables import articles, deliveries, staff_alerts
from ..storage.web_tables import outbox
from .decisions import OpenAlert
from .kinds import Condition

KEPT = timedelta(days=180)  # how long alerts that are over are listed
_MOST_ARRIVALS = 5000  # rows that are looked at for when sources had something new


@dataclass(frozen=True, slots=True)
class ToldAlert(OpenAlert):
    """An alert as it is listed; `ended_at` is None while it lasts."""

    ended_at: datetime | None = None


def list_open(connection: Connection) -> list[ToldAlert]:
    """The alerts that are not over, oldest first; those of which nobody has been told yet among them."""
    query = sa.select(staff_alerts).where(staff_alerts.c.open_key.is_not(None))
    return read_rows(connection, query.order_by(staff_alerts.c.since), staff_alerts.c.id, _alert, "staff alert")


def list_ended(connection: Connection, limit: int) -> list[ToldAlert]:
    """Those that are over, the latest first."""
    query = sa.select(staff_alerts).where(staff_alerts.c.ended_at.is_not(None))
    query = query.order_by(staff_alerts.c.ended_at.desc(), staff_alerts.c.id.desc()).limit(limit)
    return read_rows(connection, query, staff_alerts.c.id, _alert, "staff alert")


def note(connection: Connection, condition: Condition, now: datetime) -> OpenAlert:
    """Write down that something was seen now; returns the alert as it is from then on."""
    values = {"what": condition.what[:2000], "seen_at": now}
    fresh = insert_into(connection, staff_alerts).values(
        open_key=condition.key, kind=condition.kind, subject=condition.subject, host=condition.host,
        about=condition.channel, since=min(condition.since or now, now), messages=[], **values,
    )  # fmt: skip
    kept = fresh.on_conflict_do_update(index_elements=[staff_alerts.c.open_key], set_=values)
    return _alert(connection.execute(kept.returning(*staff_alerts.c)).one())


def record_told(connection: Connection, alert: OpenAlert, messages: Sequence[str], now: datetime) -> None:
    """Write down that an alert was told, by these messages of the outbox."""
    values = {
        "told": alert.told + 1,
        "told_at": now,
        "first_told_at": alert.first_told_at or now,
        "messages": list(messages),
    }
    connection.execute(sa.update(staff_alerts).where(staff_alerts.c.id == alert.id).values(values))


def end(connection: Connection, alert: OpenAlert, now: datetime) -> None:
    """An alert is over. What was over long ago is deleted."""
    here = staff_alerts.c.id == alert.id
    connection.execute(sa.update(staff_alerts).where(here).values(open_key=None, ended_at=now))
    connection.execute(sa.delete(staff_alerts).where(staff_alerts.c.ended_at < now - KEPT))


def forget(connection: Connection, alert: OpenAlert) -> None:
    """An alert was over before anybody was told."""
    connection.execute(sa.delete(staff_alerts).where(staff_alerts.c.id == alert.id))


def _alert(row: sa.Row[Any]) -> ToldAlert:
    names = ToldAlert.__dataclass_fields__
    values = {name: value for name, value in row._mapping.items() if name in names}
    return ToldAlert(**{**values, "kind": enum_member(AlertKind, row.kind, "staff alert", row.id)})


# -- what alerts are about ---------------------------------------------------------------------------------------------


def list_arrivals(connection: Connection, since: datetime) -> dict[str, list[datetime]]:
    """When each source had something new since a time, oldest first; of the newest articles only."""
    query = (
        sa.select(articles.c.source, articles.c.first_seen)
        .where(articles.c.first_seen >= since)
        .order_by(articles.c.first_seen.desc())
        .limit(_MOST_ARRIVALS)
    )
    found: dict[str, dict[datetime, None]] = {}
    for source, seen in connection.execute(query):
        found.setdefault(source, {})[seen] = None
    return {source: sorted(times) for source, times in found.items()}


def list_late_messages(connection: Connection) -> dict[str, datetime]:
    """Since when the oldest message of the outbox has waited on each channel, alerts themselves left out."""
    waits = outbox.c.state.in_(OPEN_STATES) & (outbox.c.kind != STAFF_ALERT)
    query = sa.select(outbox.c.channel, sa.func.min(outbox.c.created)).where(waits).group_by(outbox.c.channel)
    return {row[0]: row[1] for row in connection.execute(query)}


def last_progress(connection: Connection, edition: str, channel: str) -> datetime | None:
    """When a delivery of an edition was last tried on a channel. Reads all of its rows: ask seldom."""
    here = (deliveries.c.edition_id == edition) & (deliveries.c.channel == channel) & (deliveries.c.attempts > 0)
    moment: datetime | None = connection.execute(sa.select(sa.func.max(deliveries.c.updated)).where(here)).scalar()
    return moment
