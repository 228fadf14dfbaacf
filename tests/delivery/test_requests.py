"""What workers on other hosts are asked for: what an edition owes, once, and again what was lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from distributor.delivery import control, requests
from distributor.delivery.channel_state import begin_backoff, stop
from distributor.delivery.ledger import SHARD_SIZE, Ledger
from distributor.delivery.queries import mark_shards_idle
from distributor.model import DeliveryState, EditionKind
from distributor.storage.database import Database
from distributor.storage.tables import deliveries
from distributor.tasks import queue
from support.builders import NOW, edition, rendition
from support.ledger import freeze, subscribe

CHANNELS = ("mail", "posts")
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def promised(store: Database) -> Database:
    """Two shards of emails and two posts, of which nobody was asked for."""
    subscribe(store, SHARD_SIZE + 1)
    mail = rendition("mail", "digest", edition="tin-sang-1")
    freeze(store, edition(), [mail, rendition("posts", "a1"), rendition("posts", "a2")])
    return store


def asked(database: Database) -> tuple[list[int], list[str]]:
    """The shards of emails that somebody is asked for, and the channels with posts."""
    with database.read() as connection:
        mail, posts = (queue.list_open(connection, name) for name in (queue.MAIL, queue.POSTS))
    return sorted(int(one["shard"]) for one in mail), sorted(one["channel"] for one in posts)


def ask_again(database: Database, now: object = NOW) -> int:
    with database.write(alone=False) as connection:
        return requests.ask_again(connection, CHANNELS, NOW if now is NOW else LATER, NOW) if database.is_server else 0


def expected(database: Database, mail: list[int], posts: list[str]) -> tuple[list[int], list[str]]:
    return (mail, posts) if database.is_server else ([], [])


def forget_tasks(database: Database) -> None:
    if database.is_server:
        with database.write() as connection:
            connection.execute(sa.text("TRUNCATE procrastinate_jobs CASCADE"))


def test_all_that_an_edition_owes_is_asked_for(promised: Database) -> None:
    with promised.write() as connection:
        requests.ask_for_edition(connection, "tin-sang-1")
    assert asked(promised) == expected(promised, [2, 3], ["posts"])


def test_what_was_lost_is_asked_for_again_and_only_that(promised: Database) -> None:
    with promised.write() as connection:
        requests.ask_for_edition(connection, "tin-sang-1")
    assert ask_again(promised) == 0
    forget_tasks(promised)
    assert ask_again(promised) == (4 if promised.is_server else 0)
    assert asked(promised) == expected(promised, [2, 3], ["posts"])
    assert ask_again(promised) == 0


def test_what_somebody_works_on_is_asked_for_when_the_lease_is_over(promised: Database) -> None:
    elsewhere = Ledger(promised, owner="another-host/1/aa")
    assert elsewhere.claim("mail", NOW)
    ask_again(promised)
    assert asked(promised) == expected(promised, [3], ["posts"])
    forget_tasks(promised)
    ask_again(promised, LATER)
    assert asked(promised) == expected(promised, [2, 3], ["posts"])


def test_what_a_dead_process_of_this_host_had_is_asked_for_at_once(
    promised: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks count as open for another half a minute."""
    with promised.write() as connection:
        requests.ask_for_edition(connection, "tin-sang-1")
    assert Ledger(promised, owner="this-host/1/aa").claim("mail", NOW)
    monkeypatch.setattr(requests, "owner_is_dead", lambda owner: owner == "this-host/1/aa")
    ask_again(promised)
    assert asked(promised) == expected(promised, [2, 2, 3], ["posts"])


def test_nobody_is_asked_for_a_paused_edition_until_it_goes_on(promised: Database) -> None:
    with promised.write() as connection:
        control.pause(connection, "tin-sang-1", NOW)
    ask_again(promised)
    assert asked(promised) == ([], [])
    with promised.write() as connection:
        control.resume(connection, "tin-sang-1", NOW)
    assert asked(promised) == expected(promised, [2, 3], ["posts"])


def test_a_channel_that_backs_off_is_left_alone(promised: Database) -> None:
    begin_backoff(promised, "posts", LATER, "429", NOW)
    ask_again(promised)
    assert asked(promised) == expected(promised, [2, 3], [])


def test_a_channel_that_only_staff_can_mend_is_left_alone_until_somebody_is_started(promised: Database) -> None:
    with promised.write() as connection:
        stop(connection, "mail", LATER, NOW)
    ask_again(promised)
    assert asked(promised) == expected(promised, [], ["posts"])
    forget_tasks(promised)
    if promised.is_server:
        with promised.write() as connection:
            requests.ask_again(connection, CHANNELS, NOW, started=NOW + timedelta(seconds=1))
    assert asked(promised) == expected(promised, [2, 3], ["posts"])


def test_emails_that_are_opened_again_are_asked_for(promised: Database) -> None:
    with promised.write() as connection:
        connection.execute(sa.update(deliveries).values(state=DeliveryState.EXPIRED))
        mark_shards_idle(connection, sa.true())
        assert control.reopen(connection, "tin-sang-1", control.MISSED_STATES, NOW, LATER) == SHARD_SIZE + 1
    assert asked(promised) == expected(promised, [2, 3], [])


def test_alerts_come_first_and_what_only_tries_again_last(store: Database) -> None:
    if not store.is_server:
        return
    subscribe(store, 2)
    freeze(store, edition(), [rendition("mail", "digest", edition="tin-sang-1")])
    freeze(store, edition(2), [rendition("mail", "digest", edition="tin-sang-2")])
    alert = edition(id="alert", slot="alert-1", kind=EditionKind.ALERT)
    freeze(store, alert, [rendition("mail", "digest", edition="alert")])
    with store.write() as connection:
        connection.execute(sa.text("UPDATE shards SET due = :now WHERE edition_id = 'tin-sang-1'"), {"now": NOW})
    ask_again(store)
    with store.read() as connection:
        order = sa.text("SELECT args->>'edition' FROM procrastinate_jobs ORDER BY priority DESC, id")
        assert list(connection.execute(order).scalars()) == ["alert", "tin-sang-2", "tin-sang-1"]
