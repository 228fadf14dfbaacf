"""When each source is gathered next, in the store: a restart asks nobody again, and of several processes one gathers.

    due ──claim──▶ being gathered, until the claim ends ──finish──▶ due at the next time

A claim is a conditional update: it succeeds where nobody has claimed the source since its plan was read. Each has a number,
and only its holder may finish it. Who dies in between leaves a claim that ends by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..source import PollingHints, Source
from ..storage.gather_tables import gather_plans as table
from ..storage.statements import insert_into
from .polling import Pace, plan_next
from .reader_version import reader_of
from .source_state import MAX_BACKOFF

CLAIM = timedelta(seconds=330)  # how long a claim lasts that is not renewed
SOON_SHARE = 3  # before an edition, a gather is fresh for this part of `every`
_AT_ONCE = 500  # names in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherPlan:
    """What is known of one source; see the table. `turn` is the number of the last claim."""

    name: str
    due: datetime | None
    claimed_until: datetime | None
    turn: int
    asked: datetime
    changed: datetime
    asked_with: str
    read_with: str
    hints: PollingHints


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherOutcome:
    """How the gather of one source has ended. `turn` is the claim that it was done by; 0 without one, as by hand.

    `changed`: it has brought something. `stored`: its articles and validators are in the store, as its present settings and
    reader make them. `hints` are None where nothing new is known of them. `not_before` is the end of a pause that its
    server has asked for.
    """

    source: Source
    turn: int = 0
    changed: bool = False
    stored: bool = False
    hints: PollingHints | None = None
    not_before: datetime | None = None


def load_plans(connection: Connection, names: Collection[str]) -> dict[str, GatherPlan]:
    """The plans of these sources, by name. One that was never gathered has none."""
    found = {}
    asked = sorted(names)
    for some in (asked[at : at + _AT_ONCE] for at in range(0, len(asked), _AT_ONCE)):
        for row in connection.execute(sa.select(table).where(table.c.name.in_(some))):
            hints = PollingHints(
                fresh_for=timedelta(seconds=row.fresh_for),
                skip_hours=_from_bits(row.skip_hours, 24),
                skip_days=_from_bits(row.skip_days, 7),
            )
            same = {key: getattr(row, key) for key in _SAME}
            found[row.name] = GatherPlan(**same, hints=hints)
    return found


_SAME = ("name", "due", "claimed_until", "turn", "asked", "changed", "asked_with", "read_with")


def find_due(
    sources: Iterable[Source],
    plans: Mapping[str, GatherPlan],
    now: datetime,
    *,
    soon: Collection[str] = (),
    first: bool = False,
) -> list[Source]:
    """Which of these sources are due, those first that have waited longest. `soon` are those of which an edition needs what
    is newest. With `first`, those are due as well whose settings or reader have changed. Pure."""
    due = []
    for source in sources:
        plan = plans.get(source.name)
        if plan is None or _is_due(source, plan, now, soon=source.name in soon, first=first):
            due.append((plan.due.timestamp() if plan and plan.due else 0.0, source.name, source))
    return [source for _, _, source in sorted(due, key=lambda one: one[:2])]


def find_next(sources: Iterable[Source], plans: Mapping[str, GatherPlan], now: datetime) -> datetime | None:
    """When the next of these sources is due, or its claim ends; now for one that was never gathered. None without any."""
    moments = []
    for source in sources:
        plan = plans.get(source.name)
        due = plan.due if plan and plan.due else now
        moments.append(max(due, plan.claimed_until) if plan and plan.claimed_until else due)
    return min(moments, default=None)


def _is_due(source: Source, plan: GatherPlan, now: datetime, *, soon: bool, first: bool) -> bool:
    if plan.claimed_until and now < plan.claimed_until <= now + CLAIM:
        return False
    if first and plan.asked_with != reader_of(source):
        return True
    # A time further away than any that is planned comes from a clock that was ahead.
    if plan.due is None or not now < plan.due <= now + max(MAX_BACKOFF, Pace.of(source).longest):
        return True
    return (
        soon and not plan.asked <= now < plan.asked + source.every / SOON_SHARE and not _is_asked_to_wait(source, plan)
    )


def _is_asked_to_wait(source: Source, plan: GatherPlan) -> bool:
    """Whether its server has asked for a pause: it is planned later than it would be without one."""
    return plan.due is not None and plan.due > plan.asked + Pace.of(source).longest


def claim(
    connection: Connection, sources: Sequence[Source], plans: Mapping[str, GatherPlan], now: datetime
) -> dict[str, int]:
    """Claim these sources for this process; the numbers of the claims by name, without those that another has claimed since
    the plans were read."""
    turns = {}
    for source in sorted(
        sources, key=lambda one: one.name
    ):  # in one order everywhere: two claims never wait for each other
        plan = plans.get(source.name)
        turn = (plan.turn if plan else 0) + 1
        values = {
            "claimed_until": now + CLAIM, "asked": now, "asked_with": reader_of(source), "turn": turn,
        }  # fmt: skip
        if plan is None:
            made = insert_into(connection, table).values(name=source.name, changed=now, **values)
            fresh = made.on_conflict_do_nothing().returning(table.c.name)
            won = connection.execute(fresh).scalar() is not None
        else:
            here = (table.c.name == source.name) & (table.c.turn == plan.turn)
            won = connection.execute(sa.update(table).where(here).values(values)).rowcount == 1
        if won:
            turns[source.name] = turn
    return turns


def renew(connection: Connection, turns: Mapping[str, int], now: datetime) -> None:
    """Keep claims for longer: these sources are still being gathered."""
    for name, turn in sorted(turns.items()):
        here = (table.c.name == name) & (table.c.turn == turn) & table.c.claimed_until.is_not(None)
        connection.execute(sa.update(table).where(here).values(claimed_until=now + CLAIM))


def give_back(connection: Connection, turns: Mapping[str, int]) -> None:
    """Give up claims whose sources were not gathered: they are due as before."""
    for name, turn in sorted(turns.items()):
        here = (table.c.name == name) & (table.c.turn == turn)
        connection.execute(sa.update(table).where(here).values(claimed_until=None))


def finish(
    connection: Connection, outcomes: Iterable[GatherOutcome], plans: Mapping[str, GatherPlan], now: datetime
) -> None:
    """Write down how gathers have ended, and plan the next ones. An outcome whose claim is no longer held is not written:
    another process has taken over. `plans` are those from before the gather."""
    claimed, unclaimed = [], []
    for outcome in sorted(outcomes, key=lambda one: one.source.name):
        row = _row(outcome, plans.get(outcome.source.name), now)
        if outcome.turn:
            claimed.append({f"new_{key}": value for key, value in row.items()} | {"held": outcome.turn})
        else:
            unclaimed.append(row | {"asked": now, "asked_with": reader_of(outcome.source)})
    if claimed:
        connection.execute(_FINISH, claimed)
    if unclaimed:
        made = insert_into(connection, table)
        same = {key: made.excluded[key] for key in unclaimed[0] if key != "name"}
        connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=same), unclaimed)


_PLANNED = ("due", "changed", "read_with", "fresh_for", "skip_hours", "skip_days")
_FINISH = (
    sa.update(table)
    .where((table.c.name == sa.bindparam("new_name")) & (table.c.turn == sa.bindparam("held")))
    .values({key: sa.bindparam(f"new_{key}") for key in _PLANNED} | {"claimed_until": None})
)


def _row(outcome: GatherOutcome, plan: GatherPlan | None, now: datetime) -> dict[str, Any]:
    source, before = outcome.source, plan.hints if plan else PollingHints()
    hints = before if outcome.hints is None else outcome.hints
    changed = now if outcome.changed or plan is None else plan.changed
    due = plan_next(source.name, Pace.of(source), now, changed=changed, hints=hints)
    return {
        "name": source.name,
        "due": max(due, outcome.not_before or due),
        "changed": changed,
        "read_with": reader_of(source) if outcome.stored else plan.read_with if plan else "",
        "fresh_for": int(hints.fresh_for.total_seconds()),
        "skip_hours": _to_bits(hints.skip_hours),
        "skip_days": _to_bits(hints.skip_days),
    }


def _to_bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in set(numbers))


def _from_bits(bits: int, size: int) -> frozenset[int]:
    return frozenset(number for number in range(size) if bits >> number & 1)
