"""The figures of a store, on each database that there is."""

from __future__ import annotations

from datetime import timedelta

from distributor.delivery import monitoring
from distributor.web.delivery_counts import DeliveryCounts
from distributor.web.figures import (
    BOUNCE_RATIO,
    DELIVERIES,
    DISK_FREE,
    METRICS,
    OVERDUE,
    SHARDS,
    SOURCE_EVERY,
    STORE_SIZE,
    edition_figures,
    host_figures,
    store_figures,
)
from support.clocked_newsroom import Line


def read(line: Line) -> dict[str, dict[tuple[str, ...], float]]:
    """The values by name and labels."""
    counts = DeliveryCounts()
    with line.store.read() as connection:
        editions = monitoring.list_editions_since(connection, line.now - timedelta(days=2))
        counts.refresh(line.store, editions)
        samples = [
            *host_figures(line.newsroom, line.now),
            *store_figures(line.newsroom, line.store, connection, line.now),
            *edition_figures(line.newsroom, connection, editions, counts, line.now),
        ]
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for sample in samples:
        found.setdefault(sample.metric.name, {})[sample.labels] = sample.value
    return found


def test_figures_of_an_edition_that_waits_and_then_is_sent(line: Line) -> None:
    line.subscribe("lan")
    line.arrives("a")
    line.at("2026-11-23 07:00")
    line.answer()
    line.now += timedelta(minutes=10)
    waiting = read(line)
    assert waiting[SHARDS.name][("mail",)] == 1
    assert waiting[OVERDUE.name][("mail",)] == 600
    assert waiting[DELIVERIES.name]["tin-sang", "mail", "pending"] == 1
    assert BOUNCE_RATIO.name not in waiting  # nothing was tried yet
    line.deliver()
    sent = read(line)
    assert sent[SHARDS.name][("mail",)] == 0
    assert sent[DELIVERIES.name]["tin-sang", "mail", "sent"] == 1
    assert sent[BOUNCE_RATIO.name][("tin-sang",)] == 0
    assert sent[STORE_SIZE.name][()] > 10_000
    assert sent[DISK_FREE.name][()] > 0
    assert sent[SOURCE_EVERY.name][("cong",)] == 900
    assert set(sent) <= {metric.name for metric in METRICS}
