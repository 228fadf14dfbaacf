"""Who has joined and left; and the pages of the lists that the API shows, on each store."""

from __future__ import annotations

from datetime import timedelta

from distributor.articles import repository as article_repository
from distributor.bounces import suppressions
from distributor.delivery import queries
from distributor.model import Bounce, BounceType
from distributor.subscribers import repository
from distributor.subscribers.statistics import count_left, count_subscribed
from support.clocked_newsroom import Line


def test_who_joined_and_left_is_counted_since_a_time(line: Line) -> None:
    line.subscribe("lan")
    begun = line.now
    line.now += timedelta(days=1)
    line.subscribe("mai")
    line.subscribe("thu")
    with line.store.write() as connection:
        mai = repository.find(connection, "mai@example.com")
        assert mai is not None
        repository.unsubscribe(connection, mai, "tin-sang", now=line.now, via="link")
        assert count_subscribed(connection, "tin-sang") == 2
        assert count_subscribed(connection, "tin-sang", begun + timedelta(hours=1)) == 1
        assert count_left(connection, "tin-sang", begun) == 1
        assert count_left(connection, "tin-sang", line.now + timedelta(seconds=1)) == 0
        assert count_subscribed(connection, "other") == 0


def test_subscribers_and_suppressions_come_page_by_page(line: Line) -> None:
    for name in ("lan", "mai", "thu"):
        line.subscribe(name)
    with line.store.write() as connection:
        seen = repository.list_subscribers_after(connection, 2)
        seen += repository.list_subscribers_after(connection, 2, ["tin-sang"], seen[-1].id)
        assert sorted(one.address[:3] for one in seen) == ["lan", "mai", "thu"]
        assert repository.list_subscribers_after(connection, 2, ["other"]) == []
        for name in ("lan", "mai"):
            bounce = Bounce(address=f"{name}@example.com", type=BounceType.HARD, at=line.now, edition_id="tin-sang-1")
            suppressions.record_bounces(connection, [bounce], line.now)
        (first,) = suppressions.list_after(connection, 1)
        (second,) = suppressions.list_after(connection, 9, types=[BounceType.HARD], after=first.address)
        assert (first.address, second.address) == ("lan@example.com", "mai@example.com")
        assert suppressions.list_after(connection, 9, types=[BounceType.SOFT]) == []
        assert suppressions.count_bounces(connection, "tin-sang-1") == {"hard": 2}


def test_articles_and_deliveries_come_page_by_page(line: Line) -> None:
    line.subscribe("lan")
    line.arrives("a")
    with line.store.read() as connection:
        assert queries.growing_number(connection) == 0
    line.day()
    with line.store.read() as connection:
        every = list(article_repository.iterate_articles(connection))
        seen = article_repository.list_articles_after(connection, 2)
        seen += article_repository.list_articles_after(connection, 2, after=(seen[-1].published, seen[-1].id))
        assert [one.id for one in seen] == [one.id for one in every]
        assert [one.source for one in article_repository.list_articles_after(connection, 9, "bao")] == ["bao"]
        rows = queries.list_deliveries_after(connection, ["tin-sang"], 9, None)
        assert queries.growing_number(connection) >= rows[0].id
        later = queries.list_deliveries_after(connection, ["tin-sang"], 9, rows[0].id, channel="mail")
        assert all(row.id < rows[0].id and row.channel == "mail" for row in later)
        assert queries.list_deliveries_after(connection, ["other"], 9, None) == []
