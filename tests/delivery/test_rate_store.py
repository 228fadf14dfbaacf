"""Rates in the store: whoever leases, in whatever process, takes from one row."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from distributor.clock import steady
from distributor.delivery.rate_store import RateStore
from distributor.rate_leases import RateKey, RateLease, RateLimit, RateRefusal
from distributor.storage.database import Database
from distributor.storage.host_tables import send_rates
from support.builders import NOW
from support.scripted_channels import Clock

SECOND = RateKey("smtp.example:25", (RateLimit(200, 1),))
HOUR = RateKey("smtp.example:25", (RateLimit(4, 3600),), share=0.5)


def nothing(*_: object) -> Sequence[datetime]:
    return ()


class Processes:
    """Stores as several processes have them, by one clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.stores: list[RateStore] = []

    def one_more(self, tried: Sequence[datetime] = ()) -> RateStore:
        self.stores.append(RateStore(self.database, lambda *_: tried, self.clock))
        return self.stores[-1]

    def lease(self, store: RateStore, key: RateKey, wanted: int = 1000) -> RateLease:
        _, answer = store.lease("mail", key, wanted, (), False)
        assert isinstance(answer, RateLease)
        return answer


@pytest.fixture
def processes(database: Database) -> Processes:
    return Processes(database)


def test_pieces_of_different_processes_follow_each_other(processes: Processes) -> None:
    one, other = processes.one_more(), processes.one_more()
    begun = [processes.lease(store, SECOND).start - NOW.timestamp() for store in (one, other, other, one)]
    assert begun == pytest.approx([-0.1 + 0.1 * number for number in range(4)])


def test_channels_and_servers_have_rows_of_their_own(processes: Processes) -> None:
    store = processes.one_more()
    for _ in range(4):
        processes.lease(store, HOUR)
    other_server = RateKey("other.example:25", HOUR.limits)
    assert isinstance(store.lease("mail", HOUR, 1, (), False)[1], RateRefusal)
    assert isinstance(store.lease("mail", other_server, 1, (), False)[1], RateLease)
    assert isinstance(store.lease("alerts", HOUR, 1, (), False)[1], RateLease)


def test_a_long_window_holds_from_process_to_process(processes: Processes) -> None:
    for _ in range(4):
        processes.lease(processes.one_more(), HOUR)
    processes.clock.now += timedelta(minutes=59)
    assert isinstance(processes.one_more().lease("mail", HOUR, 1, (), False)[1], RateRefusal)
    processes.clock.now += timedelta(minutes=2)
    processes.lease(processes.one_more(), HOUR)


def test_a_long_window_begins_with_the_share_of_what_was_tried_before(processes: Processes) -> None:
    store = processes.one_more([NOW - timedelta(minutes=minutes) for minutes in range(8, 0, -1)])
    assert isinstance(store.lease("mail", HOUR, 1, (), False)[1], RateRefusal)
    assert isinstance(store.lease("mail", HOUR, 1, (), True)[1], RateLease)  # what must not wait
    later = processes.one_more([NOW] * 100)  # which is asked no more
    processes.clock.now += timedelta(minutes=59)
    processes.lease(later, HOUR)


def test_permits_that_were_not_used_come_back(processes: Processes) -> None:
    store = processes.one_more()
    leases = [processes.lease(store, HOUR) for _ in range(4)]
    processes.clock.now += timedelta(seconds=10)
    store.give_back("mail", HOUR, [(leases[0].at, 1)])
    processes.lease(store, HOUR)
    assert isinstance(store.lease("mail", HOUR, 1, (), False)[1], RateRefusal)


def test_a_row_that_cannot_be_read_begins_anew(processes: Processes) -> None:
    store = processes.one_more()
    processes.lease(store, SECOND)
    damages: list[object] = [{}, [], {"free_at": "soon", "leased": {}}, {"free_at": 0, "leased": {"60": [[1]]}}]
    for damage in damages:
        with processes.database.write() as connection:
            connection.execute(sa.update(send_rates).values(state=damage))
        processes.lease(store, SECOND)


def test_many_at_once_get_what_the_rate_allows_and_no_more(database: Database) -> None:
    key, granted = RateKey("smtp.example:25", (RateLimit(30, 3600),)), list[int]()

    def work() -> None:
        store = RateStore(database, nothing)
        for _ in range(20):
            _, answer = store.lease("mail", key, 1, (), False)
            granted.extend([answer.count] if isinstance(answer, RateLease) else [])
        store.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 30


async def test_times_are_told_by_the_clock_of_the_process(database: Database) -> None:
    store = RateStore(database, nothing)
    rates, before = store.of("mail"), steady()
    answer = await rates.lease(SECOND, 20)
    store.close()
    assert isinstance(answer, RateLease)
    assert before - 0.11 <= answer.start <= steady()
    assert answer.until <= before + 0.5


# -- pauses ------------------------------------------------------------------------------------------------------------


def test_a_pause_is_seen_by_all_and_ends_for_all(processes: Processes) -> None:
    one, other = processes.one_more(), processes.one_more()
    assert one.pause_domain("mail", "gmail.com") == 30
    processes.clock.now += timedelta(seconds=10)
    assert other.paused_domains("mail") == {"gmail.com": pytest.approx(20)}
    assert other.pause_domain("mail", "gmail.com") == pytest.approx(20)  # one pause, whoever is refused
    assert other.paused_domains("alerts") == {}
    other.resume_domain("mail", "gmail.com")
    assert one.paused_domains("mail") == {}


def test_pauses_grow_until_they_are_history(processes: Processes) -> None:
    store, lengths = processes.one_more(), []
    for hours in (0.0, 0.1, 0.1, 3.0):
        processes.clock.now += timedelta(hours=hours)
        lengths.append(store.pause_domain("mail", "gmail.com"))
    assert lengths == [30, 60, 120, 30]


def test_a_pause_by_a_clock_that_was_ahead_ends(processes: Processes) -> None:
    store = processes.one_more()
    processes.clock.now += timedelta(days=1)
    store.pause_domain("mail", "gmail.com")
    processes.clock.now -= timedelta(days=1)
    assert store.pause_domain("mail", "gmail.com") == 30


def test_a_pause_leaves_the_permits_of_its_domain_as_they_are(processes: Processes) -> None:
    store, domain = processes.one_more(), RateKey("@gmail.com", (RateLimit(1, 60),), "gmail.com")
    processes.lease(store, domain)
    store.pause_domain("mail", "gmail.com")
    store.resume_domain("mail", "gmail.com")
    assert isinstance(store.lease("mail", domain, 1, (), False)[1], RateRefusal)
