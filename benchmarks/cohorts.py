"""How long selecting and cohorting takes, and how it grows: 10 topics, 3 frequencies, 40 articles.

Each size runs in a process of its own, so that its peak memory is its own. Making the store is not measured. Besides
the decision itself (select the articles, count the readers by choice, divide them) the promise is measured: one row of
the ledger for each letter, in one transaction.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from distributor.config.schema import Newsletter
from distributor.delivery.enqueue import enqueue_deliveries
from distributor.editions import article_status
from distributor.editions import repository as edition_repository
from distributor.editions.segments import AnnouncedArticle, Segmentation, build_segments, topics_key
from distributor.editions.selection import Candidate, Selection, select_articles
from distributor.model import Article, Edition, EditionKind, Rendition
from distributor.storage.database import Database
from distributor.storage.tables import subscribers, subscriptions
from distributor.subscribers import recipients
from distributor.subscribers.recipients import FREQUENCIES, RecipientQuery, build_edition_recipients

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SIZES = (10_000, 100_000, 1_000_000)
TOPICS = tuple(f"Chủ đề {number}" for number in range(10))
FREQUENCY = ("each", "each", "each", "daily", "weekly")
BATCH = 10_000


def people(count: int) -> Iterator[dict[str, Any]]:
    """Half of them read everything; the others have chosen one to five topics. The same people at every run."""
    chance = random.Random(count)
    for number in range(count):
        topics = [] if chance.random() < 0.5 else chance.sample(TOPICS, chance.randint(1, 5))
        yield {
            "id": f"{number:016x}", "address": f"reader{number}@example.com", "address_key": f"reader{number}@example.com",
            "name": "", "language": "vi", "topics": topics, "topics_key": topics_key(topics),
            "frequency": chance.choice(FREQUENCY), "consent": "", "created": NOW,
        }  # fmt: skip


def fill(database: Database, count: int) -> None:
    batch: list[dict[str, Any]] = []
    for person in people(count):
        batch.append(person)
        if len(batch) == BATCH or person["id"] == f"{count - 1:016x}":
            with database.write() as connection:
                connection.execute(sa.insert(subscribers), batch)
                lists = [{"subscriber_id": one["id"], "newsletter": "tin-sang", "since": NOW} for one in batch]
                connection.execute(sa.insert(subscriptions), lists)
            batch = []


def articles() -> list[Article]:
    chance = random.Random(40)
    return [
        Article(
            id=f"a{number}", feed_id=f"tag:x,2026:{number}", source="cong", title=f"Tin số {number} trong ngày của tỉnh",
            published=NOW - timedelta(minutes=number), first_seen=NOW, topics=tuple(chance.sample(TOPICS, 2)),
        )
        for number in range(40)
    ]  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def decide(
    database: Database, newsletter: Newsletter
) -> tuple[Selection, dict[EditionKind, tuple[RecipientQuery, Segmentation]]]:
    """What is measured: the selection, and for each frequency the count by preference and the segments."""
    selection = select_articles(newsletter, [Candidate(article=article) for article in articles()], NOW)
    edition = _edition(selection)
    pool = [AnnouncedArticle(article, NOW) for article in selection.chosen]
    made = {}
    with database.read() as connection:
        for kind, frequency in FREQUENCIES.items():
            order = RecipientQuery(newsletter=newsletter.id, at=NOW, frequency=frequency, cap=3, day=NOW)
            made[kind] = (
                order,
                build_segments(
                    edition, pool, recipients.count_by_preference(connection, order), start=NOW - timedelta(days=1),
                    maximum=newsletter.max_articles, mark_known=False, subject=lambda chosen: chosen[0].title,
                ),
            )  # fmt: skip
    return selection, made


def _edition(selection: Selection) -> Edition:
    return Edition(
        id="tin-sang-1", newsletter="tin-sang", slot="s", number=1, subject="Tin sáng", articles=selection.chosen,
        frozen_at=NOW, expires_at=NOW + timedelta(days=1),
    )  # fmt: skip


def measure(count: int) -> dict[str, Any]:
    newsletter = Newsletter(id="tin-sang", title="Tin sáng", channels=("mail",), max_articles=40)
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open("sqlite:///store.db", Path(folder))
        database.migrate()
        article_status.record_decisions = lambda *_: None  # the articles themselves are not in this store
        fill(database, count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, (selection, made) = timed(lambda: decide(database, newsletter))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        order, division = made[EditionKind.DIGEST]
        edition = _edition(selection)
        letter = Rendition(channel="mail", variant="digest", media_type="text/plain", body=b"", edition=edition.id)

        def promised() -> int:
            with database.write() as connection:
                edition_repository.save(connection, edition, [letter], "bench", segments=division.segments)
                return enqueue_deliveries(
                    connection, edition, [letter], build_edition_recipients(order, division), frozenset({"mail"})
                )

        promising, letters = timed(promised)
        database.close()
    return {
        "subscribers": count,
        "seconds": round(seconds, 3),
        "cohorts": sum(len(one.segments) for _, one in made.values()),
        "readers": sum(one.size + one.excluded_count for _, one in made.values()),
        "peak_mb": round(peak / 1024),
        "peak_before_mb": round(before / 1024),
        "promise_seconds": round(promising, 3),
        "letters_promised": letters,
        "peak_after_promise_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    rows = []
    heads = (("subscribers", 12), ("decide s", 9), ("cohorts", 8), ("peak MB", 8), ("µs each", 8), ("promise s", 10))
    print(" ".join(f"{head:>{width}}" for head, width in (*heads, ("letters", 9))))
    for size in sizes:
        run = [sys.executable, __file__, "--one", str(size)]
        row = json.loads(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
        rows.append(row)
        print(
            f"{row['subscribers']:>12,} {row['seconds']:>9.2f} {row['cohorts']:>8,} {row['peak_mb']:>8} "
            f"{row['seconds'] / size * 1e6:>8.2f} {row['promise_seconds']:>10.2f} {row['letters_promised']:>9,}"
        )
    first, last = rows[0], rows[-1]
    growth = (last["seconds"] / first["seconds"]) / (last["subscribers"] / first["subscribers"])
    print(
        f"From {first['subscribers']:,} to {last['subscribers']:,} the time per subscriber changes by a factor of "
        f"{growth:.2f}, the peak memory by {last['peak_mb'] / first['peak_mb']:.2f}."
    )
    target = Path("var/bench-cohorts.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main()
