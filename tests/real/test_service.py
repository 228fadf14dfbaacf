"""The service: one edition per slot, whoever asks; stopped in the middle of work, it loses and repeats nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from distributor.storage.tables import articles, deliveries, editions, instance, newsletter_since, slots
from support.newsroom import Room


def wall(room: Room) -> list[str]:
    file = room.folder / "var" / "wall.txt"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def states(room: Room) -> Counter[str]:
    store = room.store()
    with store.read() as connection:
        found = Counter(connection.execute(sa.select(deliveries.c.state)).scalars())
    store.close()
    return found


def test_a_slot_is_answered_once_and_everything_goes_out_on_every_channel(room: Room) -> None:
    room.watched_since(timedelta(minutes=1, seconds=30))
    room.serve()
    room.wait_for(lambda: states(room) == {"sent": 6})
    assert len(room.letters()) == 1
    assert len(room.posts()) == 2
    assert (room.folder / "var" / "feeds" / "tin-sang" / "rss.xml").exists()
    assert (room.folder / "var" / "feeds" / "rss.xml").exists()


def test_sigterm_in_the_middle_of_work_ends_cleanly_and_the_next_start_goes_on(slow_room: Room) -> None:
    slow_room.configure(("file: var/wall.txt", "file: var/wall.txt, seconds: 2"))  # there is a middle on any machine
    slow_room.watched_since(timedelta(minutes=1, seconds=30))
    first = slow_room.serve()
    slow_room.wait_for(lambda: len(wall(slow_room)) >= 2)
    first.send_signal(signal.SIGTERM)
    assert first.wait(120) == 0
    at_stop = states(slow_room)
    assert at_stop["sent"] == len(wall(slow_room)) < 5
    assert at_stop["pending"] == 5 - at_stop["sent"]
    second = slow_room.serve()
    slow_room.wait_for(lambda: states(slow_room) == {"sent": 5})
    second.send_signal(signal.SIGINT)
    assert second.wait(120) == 0
    assert Counter(wall(slow_room)) == dict.fromkeys(wall(slow_room), 1)
    assert "Stopped." in slow_room.log()


def test_two_services_on_one_store_make_one_edition_per_slot_and_send_it_once(slow_room: Room, store_url: str) -> None:
    slow_room.keep_in(store_url)
    slow_room.watched_since(timedelta(minutes=3))
    slow_room.good("gather")  # a busy machine could not read them before the next slot, and answer one without news
    both = [slow_room.serve(), slow_room.serve()]
    slow_room.wait_for(lambda: slow_room.log().count("Serving") == 2)  # both can be stopped cleanly by now
    slow_room.wait_for(lambda: states(slow_room) == {"sent": 5})
    for process in both:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(120) for process in both] == [0, 0]
    assert sorted(Counter(wall(slow_room)).values()) == [1] * 5
    store = slow_room.store()
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(editions)).scalar() == 1
        made = connection.execute(sa.select(slots.c.slot).where(slots.c.outcome == "edition")).scalars().all()
        merged = connection.execute(sa.select(slots.c.outcome).where(slots.c.outcome.like("missed%"))).scalars().all()
        answered = list(connection.execute(sa.select(slots.c.slot).order_by(slots.c.slot)).scalars())
    store.close()
    assert len(made) == 1
    # Two to four minutes have passed since the watch began, as the clock stood and however long both took to start.
    assert set(merged) == {f"missed; merged into {made[0]}"}
    assert sorted({*answered}) == answered, "a slot was answered twice"
    assert len(merged) == answered.index(made[0]) >= 2


def test_a_service_killed_in_the_middle_loses_nothing_and_leaves_the_doubtful_post_to_staff(
    slow_room: Room, store_url: str
) -> None:
    slow_room.keep_in(store_url)
    slow_room.watched_since(timedelta(minutes=1, seconds=30))
    first = slow_room.serve()
    slow_room.wait_for(lambda: len(wall(slow_room)) >= 2)
    first.kill()
    first.wait()
    slow_room.serve()
    slow_room.wait_for(lambda: states(slow_room) in ({"sent": 4, "uncertain": 1}, {"sent": 5}))
    assert sorted(Counter(wall(slow_room)).values()) == [1] * 5
    if states(slow_room)["uncertain"]:
        said = slow_room.good("deliveries", "--state", "uncertain")
        assert "held for staff" in said


BEGINNER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from distributor import pipeline
from distributor.newsroom import open_newsroom

room = open_newsroom(Path(sys.argv[1]))
sys.stdin.readline()  # all are ready: go
store = room.open_store()
looks = asyncio.run(pipeline.gather_sources(room, store, lambda: datetime.now(UTC)))
assert not [look.failure for look in looks if look.failure], looks
pipeline.check_may_send(room, store, datetime.now(UTC))
store.close()
"""

RACER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from distributor import pipeline
from distributor.newsroom import open_newsroom

how, at = sys.argv[2], datetime.fromisoformat(sys.argv[3])
room = open_newsroom(Path(sys.argv[1]))
store = room.open_store()
sys.stdin.readline()  # all are ready: go
if how == "serve":
    pipeline.decide_due(room, store, at, "racer")
else:
    context = pipeline.StepContext(room, store, datetime.now(UTC), "racer by hand")
    pipeline.publish_edition(context, pipeline.EditionRequest(newsletter=room.newsletter("tin-sang")))
store.close()
"""


def race(room: Room, programs: list[list[str]]) -> list[int]:
    """Start programs, which wait until all are ready; returns how they ended."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(room.folder / "config.yaml"), *arguments],
            stdin=subprocess.PIPE, cwd=room.folder, text=True,
        )
        for program, *arguments in programs
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.close()
    return [racer.wait(240) for racer in racers]


def test_processes_that_start_together_on_an_empty_store_make_it_once_and_take_each_article_in_once(
    room: Room, store_url: str
) -> None:
    room.url = store_url
    room.keep_in(store_url)
    assert race(room, [[BEGINNER]] * 6) == [0] * 6
    store = room.store()
    with store.read() as connection:
        assert len(connection.execute(sa.select(articles.c.id)).all()) == 2
        assert len(connection.execute(sa.select(instance.c.place)).all()) == 1
    store.close()


def test_processes_that_race_make_one_edition_of_the_same_articles(room: Room, store_url: str) -> None:
    """Three services that find the same slot due, and three people who press the button at that moment."""
    room.keep_in(store_url)
    room.good("gather")
    store = room.store()
    with store.write() as connection:
        connection.execute(sa.update(newsletter_since).values(since=datetime.now(UTC) - timedelta(hours=1)))
    store.close()
    at = datetime.now(UTC).isoformat()
    assert race(room, [[RACER, how, at] for how in ("serve", "send") * 3]) == [0] * 6
    made = room.run("editions", "--json").json
    assert len(made) == 1
    assert made[0]["deliveries"] == {"mail": {"pending": 1}, "feeds": {"pending": 3}, "posts": {"pending": 2}}
    store = room.store()
    with store.read() as connection:
        answered = connection.execute(sa.select(slots.c.slot).where(slots.c.slot.not_like("manual%"))).scalars().all()
    store.close()
    assert len(answered) == len(set(answered))
