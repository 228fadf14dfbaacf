"""Bounces become suppressions: at once, after a while, or never; and staff see and change the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from distributor.bounces import suppressions
from distributor.bounces.classify import SOFT_SUPPRESSION_PERIOD, outranks
from distributor.bounces.suppressions import BounceEffect
from distributor.model import Bounce, BounceType, Suppression
from distributor.storage.database import Database
from distributor.storage.tables import bounces, deliveries
from distributor.subscribers.csv.suppressions import TYPES
from support.bounce_cases import LAN
from support.builders import NOW, edition, rendition
from support.ledger import freeze, subscribe

DAY = timedelta(days=1)


def bounce(tier: BounceType = BounceType.HARD, at: datetime = NOW, **more: Any) -> Bounce:
    return Bounce(**{"address": LAN, "type": tier, "at": at, "status": "5.1.1", "text": "user unknown", **more})


def tell(database: Database, *told: Bounce, now: datetime = NOW) -> list[BounceEffect]:
    with database.write() as connection:
        return suppressions.record_bounces(connection, told, now)


def standing(database: Database, address: str = LAN) -> Suppression | None:
    with database.read() as connection:
        return suppressions.find_suppression(connection, address)


def written(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(bounces)).scalar() or 0


@pytest.mark.parametrize("tier", [BounceType.HARD, BounceType.COMPLAINT])
def test_a_hard_bounce_and_a_complaint_suppress_the_address_at_once_and_for_good(
    tier: BounceType, database: Database
) -> None:
    (effect,) = tell(database, bounce(tier, address="LAN@Example.COM"))
    found = standing(database)
    assert found and effect.suppression
    assert (found.address, found.type, found.since, found.until) == (LAN, tier, NOW, None)


def test_a_suppressed_address_gets_no_letter_of_any_newsletter(store: Database) -> None:
    subscribe(store, 2)
    tell(store, bounce(address="s0@example.com"))
    freeze(store, edition(), [rendition("mail", "digest")])
    with store.read() as connection:
        assert connection.execute(sa.select(deliveries.c.address)).scalars().all() == ["s1@example.com"]


def test_the_policy_of_a_server_never_blames_the_recipient(database: Database) -> None:
    for number in range(50):
        (effect,) = tell(database, bounce(BounceType.POLICY, delivery_id=number, edition_id=f"e-{number}"))
        assert effect == BounceEffect(effect.bounce)
    assert (standing(database), written(database)) == (None, 50)


def test_soft_bounces_of_four_daily_editions_let_the_address_rest_for_a_time(database: Database) -> None:
    for day in range(4):
        assert standing(database) is None
        now = NOW + day * DAY
        tell(database, bounce(BounceType.SOFT, now, delivery_id=day, edition_id=f"e-{day}"), now=now)
    found = standing(database)
    assert found and (found.type, found.until) == (BounceType.SOFT, now + SOFT_SUPPRESSION_PERIOD)


def test_one_edition_counts_once_however_often_it_bounces(database: Database) -> None:
    """An alert and its correction to several addresses behind one, a server that answers and a notification after it."""
    tell(database, *(bounce(BounceType.SOFT, delivery_id=number, edition_id="e-1") for number in range(20)))
    assert standing(database) is None


def test_soft_bounces_of_long_ago_do_not_count(database: Database) -> None:
    for month in range(12):
        now = NOW + month * 31 * DAY
        tell(database, bounce(BounceType.SOFT, now, delivery_id=month, edition_id=f"e-{month}"), now=now)
    assert standing(database) is None


def test_the_same_bounce_told_again_changes_nothing(database: Database) -> None:
    """By its delivery; and where nobody knows that, by its words."""
    first = bounce(BounceType.SOFT, delivery_id=7, edition_id="e-1")
    nameless = bounce(BounceType.SOFT, text="full")
    tell(database, first, nameless)
    again = [bounce(BounceType.SOFT, NOW + DAY, delivery_id=7, edition_id="e-1", text="in other words"), nameless]
    assert [effect.known for effect in tell(database, *again, now=NOW + DAY)] == [True, True]
    assert written(database) == 2


def test_a_rest_ends_by_itself_and_what_is_for_good_stays(database: Database) -> None:
    for day in range(4):
        tell(database, bounce(BounceType.SOFT, edition_id=f"e-{day}", delivery_id=day))
    tell(database, bounce(address="b@example.com"))
    with database.write() as connection:
        assert suppressions.expire_suppressions(connection, NOW + SOFT_SUPPRESSION_PERIOD - DAY) == 0
        assert suppressions.expire_suppressions(connection, NOW + SOFT_SUPPRESSION_PERIOD) == 1
    assert standing(database) is None
    assert standing(database, "b@example.com")


def test_an_address_that_still_bounces_after_its_rest_rests_again_sooner(database: Database) -> None:
    """Two are enough then, because the earlier ones still weigh half."""
    days = [0, 1, 2, 3, 34, 35]
    seen = []
    for day in days:
        now = NOW + day * DAY
        with database.write() as connection:
            suppressions.expire_suppressions(connection, now)
        tell(database, bounce(BounceType.SOFT, now, delivery_id=day, edition_id=f"e-{day}"), now=now)
        seen.append(standing(database) is not None)
    assert seen == [False, False, False, True, False, True]


def test_a_complaint_takes_the_place_of_weaker_reasons_and_nothing_takes_its(database: Database) -> None:
    for tier in (BounceType.HARD, BounceType.COMPLAINT, BounceType.HARD):
        tell(database, bounce(tier, delivery_id=TYPES.index(tier)))
    with database.write() as connection:
        assert not suppressions.suppress(
            connection, Suppression(address=LAN, type=BounceType.STAFF, reason="", since=NOW)
        )
    found = standing(database)
    assert found and found.type is BounceType.COMPLAINT


tiers = st.sampled_from(TYPES)
ends = st.none() | st.integers(1, 90).map(lambda days: NOW + days * DAY)


@given(one=tiers, other=tiers, until=ends, end=ends)
def test_of_two_suppressions_at_most_one_outranks_the_other(
    one: BounceType, other: BounceType, until: datetime | None, end: datetime | None
) -> None:
    first = Suppression(address=LAN, type=one, reason="", since=NOW, until=until)
    second = Suppression(address=LAN, type=other, reason="", since=NOW, until=end)
    assert not (outranks(first, second) and outranks(second, first))
    if until is None and end is not None:
        assert outranks(first, second)


def test_a_bounce_cannot_be_of_a_kind_that_only_staff_give(database: Database) -> None:
    with pytest.raises(ValueError, match="type staff"):
        tell(database, bounce(BounceType.STAFF))
    assert written(database) == 0
