"""Plans of sources in the store: who claims one gathers it, and writes down when it is gathered next."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from distributor.gathering import gather_plans
from distributor.gathering.gather_plans import CLAIM, GatherOutcome, GatherPlan, find_due
from distributor.gathering.sources.feed import FeedSource
from distributor.source import PollingHints
from distributor.storage.database import Database
from distributor.storage.gather_tables import gather_plans as table

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOURCE = FeedSource(name="a", url="https://a.example/rss")


def load(database: Database) -> dict[str, GatherPlan]:
    with database.read() as connection:
        return gather_plans.load_plans(connection, ["a"])


def claim(database: Database, plans: dict[str, GatherPlan], now: datetime = NOW) -> int:
    with database.write() as connection:
        return gather_plans.claim(connection, [SOURCE], plans, now).get("a", 0)


def finish(database: Database, plans: dict[str, GatherPlan], now: datetime = NOW, **outcome: object) -> GatherPlan:
    with database.write() as connection:
        gather_plans.finish(connection, [GatherOutcome(source=SOURCE, **outcome)], plans, now)  # type: ignore[arg-type]
    return load(database)["a"]


def test_of_two_that_have_seen_the_same_plan_one_claims_the_source(database: Database) -> None:
    assert (claim(database, {}), claim(database, {})) == (1, 0)
    finish(database, load(database), turn=1)
    plans = load(database)
    assert (claim(database, plans), claim(database, plans)) == (2, 0)


def test_of_many_threads_each_source_goes_to_one(database: Database) -> None:
    """Both are in the middle of their transaction at the same time."""
    sources = [FeedSource(name=f"bao-{number}", url="https://a.example/rss") for number in range(30)]
    won: list[str] = []

    def take() -> None:
        with database.write(alone=False) as connection:
            won.extend(gather_plans.claim(connection, sources, {}, NOW))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(source.name for source in sources)


def test_the_end_of_a_gather_plans_the_next_one(database: Database) -> None:
    turn = claim(database, {})
    plan = finish(
        database, {}, NOW + MINUTE, turn=turn, changed=True, stored=True, hints=PollingHints(skip_hours=frozenset({5}))
    )
    assert plan.due and NOW + 8 * MINUTE <= plan.due <= NOW + 16 * MINUTE
    assert (plan.claimed_until, plan.asked, plan.changed) == (None, NOW, NOW + MINUTE)
    assert plan.read_with == plan.asked_with != ""
    assert plan.hints == PollingHints(skip_hours=frozenset({5}))


def test_a_gather_that_brought_nothing_keeps_what_was_known(database: Database) -> None:
    before = finish(database, {}, changed=True, stored=True, hints=PollingHints(fresh_for=60 * MINUTE))
    after = finish(database, {"a": before}, NOW + 60 * MINUTE)
    assert (after.changed, after.read_with, after.hints) == (before.changed, before.read_with, before.hints)
    assert after.due and after.due > NOW + 90 * MINUTE, "what it says of itself has come true so far"


def test_a_pause_that_a_server_asks_for_is_kept(database: Database) -> None:
    plan = finish(database, {}, not_before=NOW + 300 * MINUTE)
    assert plan.due == NOW + 300 * MINUTE
    soon = find_due([SOURCE], {"a": plan}, NOW + 200 * MINUTE, soon=["a"])
    assert not soon, "before an edition, too"


def test_who_has_lost_a_claim_writes_nothing(database: Database) -> None:
    late = claim(database, {})
    plans = load(database)
    assert claim(database, plans, NOW + CLAIM + MINUTE) == 2
    plan = finish(database, plans, NOW + CLAIM + 2 * MINUTE, turn=late, changed=True)
    assert plan.due is None
    assert plan.claimed_until == NOW + 2 * CLAIM + MINUTE


def test_a_claim_that_is_renewed_lasts_longer(database: Database) -> None:
    turn = claim(database, {})
    with database.write() as connection:
        gather_plans.renew(connection, {"a": turn}, NOW + 4 * MINUTE)
    assert not find_due([SOURCE], load(database), NOW + CLAIM + MINUTE)
    finish(database, {}, turn=turn)
    with database.write() as connection:
        gather_plans.renew(connection, {"a": turn}, NOW + 4 * MINUTE)
    assert load(database)["a"].claimed_until is None, "what has ended is not claimed anew"


def test_a_gather_by_hand_leaves_the_claim_of_the_service_alone(database: Database) -> None:
    turn = claim(database, {})
    plan = finish(database, load(database), NOW + MINUTE)
    assert plan.claimed_until == NOW + CLAIM
    assert plan.due and plan.due > NOW + MINUTE
    assert finish(database, {"a": plan}, NOW + 2 * MINUTE, turn=turn).claimed_until is None


def test_a_claim_that_is_given_back_is_due_as_before(database: Database) -> None:
    turn = claim(database, {})
    assert not find_due([SOURCE], load(database), NOW + MINUTE)
    with database.write() as connection:
        gather_plans.give_back(connection, {"a": turn})
    assert find_due([SOURCE], load(database), NOW + MINUTE) == [SOURCE]


@pytest.mark.parametrize("column", ["due", "claimed_until"])
def test_a_time_of_a_clock_that_was_ahead_keeps_nobody_waiting(database: Database, column: str) -> None:
    finish(database, {})
    with database.write() as connection:
        connection.execute(sa.update(table).values({column: NOW + timedelta(days=30)}))
    assert find_due([SOURCE], load(database), NOW + 20 * MINUTE) == [SOURCE]


def test_those_that_have_waited_longest_come_first(database: Database) -> None:
    plan = finish(database, {})
    other = FeedSource(name="b", url="https://b.example/rss")
    new = FeedSource(name="c", url="https://c.example/rss")
    assert plan.due
    plans = {"a": plan, "b": replace(plan, name="b", due=plan.due - MINUTE)}
    assert find_due([SOURCE, other, new], plans, NOW + 20 * MINUTE) == [new, other, SOURCE]
    assert gather_plans.find_next([SOURCE, other], plans, NOW) == plan.due - MINUTE
