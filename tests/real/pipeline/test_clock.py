"""A clock that was ahead leaves nothing behind but what it has really sent; one that is behind decides nothing."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from distributor import pipeline
from distributor.articles import repository as article_repository
from distributor.bounces import suppressions as bounce_suppressions
from distributor.editions import article_status
from distributor.errors import ClockError
from distributor.model import BounceType, DeliveryState, EditionState, ParsedArticle, Suppression
from distributor.newsroom import open_newsroom
from distributor.source import FetchResult
from distributor.storage import future_times
from distributor.storage.all_tables import metadata
from distributor.storage.database import Database
from distributor.storage.rows import UtcTime
from distributor.storage.tables import (
    articles,
    deliveries,
    editions,
    newsletter_articles,
    newsletter_since,
    shards,
    slots,
    sources,
    suppressions,
)
from support.builders import found
from support.newsroom import CONFIG, Room

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@dataclass
class ClockedStore:
    """A newsroom whose clock can be set."""

    folder: Path
    now: datetime
    url: str = "sqlite:///var/distributor.db"
    extra: str = ""
    changes: Sequence[tuple[str, str]] = ()
    offset: timedelta = timedelta()
    articles: list[ParsedArticle] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        text = CONFIG.replace("channels: [mail, feeds, posts]", f"channels: [posts]{self.extra}")
        for old, new in self.changes:
            text = text.replace(old, new)
        (self.folder / "config.yaml").write_text(f"{text}store: {{url: '{self.url}'}}\n", encoding="utf-8")
        self.newsroom = open_newsroom(self.folder / "config.yaml")
        self.write()

    def clock(self) -> datetime:
        return self.now + self.offset

    def write(self, date: datetime | None = None) -> None:
        name = f"bai-{len(self.articles) + 1}"
        title = f"Bài thứ {len(self.articles) + 1} của toà soạn hôm nay"
        self.articles.append(found(name, source="bai-viet", title=title, published=date))

    def start(self, ticks: int = 3, *, send: bool = True) -> None:
        """A program that is started, looks at its clock once a minute, and ends."""
        store = self.store()
        try:
            self.told += pipeline.ensure_clock(self.newsroom, store, self.clock(), again=True)
            for _ in range(ticks):
                self._gather(store)
                pipeline.decide_due(self.newsroom, store, self.clock(), "test")
                if send:
                    asyncio.run(pipeline.deliver_due(self.newsroom, store, self.clock))
                self.now += MINUTE
        finally:
            store.close()

    def _gather(self, store: Database) -> None:
        """As `pipeline.gather_sources` does it, without the processes that read."""
        source, harvest = self.newsroom.sources["bai-viet"], FetchResult(articles=self.articles)
        with store.write() as connection:
            article_status.start_newsletter(connection, self.newsroom.newsletter("tin-sang"), self.clock())
            article_repository.store_articles(connection, source, harvest, authority="bacson.example", now=self.clock())

    def store(self) -> Database:
        return self.newsroom.open_store()

    def posts(self) -> Counter[str]:
        """How often each article is out."""
        found = (file.read_text(encoding="utf-8") for file in (self.folder / "var" / "outbox").glob("*.txt"))
        return Counter(text.splitlines()[0] for text in found)


@pytest.fixture
def clocked(tmp_path: Path, store_url: str) -> Iterator[ClockedStore]:
    folder = tmp_path / "newsroom"
    folder.mkdir()
    yield ClockedStore(folder, datetime.now(UTC).replace(microsecond=0), store_url)


def later(clocked: ClockedStore) -> list[str]:
    """What the store says has happened later than now."""
    store = clocked.store()
    with store.read() as connection:
        found = [
            str(column)
            for table in metadata.tables.values()
            for column in table.columns
            if isinstance(column.type, UtcTime)
            and str(column) not in future_times.PLANNED_COLUMNS
            and connection.execute(sa.select(column).where(column > clocked.clock()).limit(1)).first()
        ]
    store.close()
    return found


def test_every_planned_time_is_a_column_that_there_is() -> None:
    columns = {str(column) for table in metadata.tables.values() for column in table.columns}
    assert columns >= future_times.PLANNED_COLUMNS


def test_slots_that_a_clock_a_day_ahead_has_missed_come(clocked: ClockedStore) -> None:
    clocked.start()
    clocked.offset = DAY
    clocked.start()
    store = clocked.store()
    with store.read() as connection:
        early = sa.select(sa.func.count()).where(slots.c.decided_at > clocked.now).select_from(slots)
        assert connection.execute(early).scalar_one() > 1000
    store.close()
    clocked.offset = timedelta()
    clocked.write()
    clocked.start(2)
    assert later(clocked) == []
    assert any("slots decided before their time" in line for line in clocked.told)
    assert set(clocked.posts().values()) == {1}
    assert len(clocked.posts()) == 2


def test_a_newsletter_that_a_first_start_a_year_ahead_has_begun_begins_now_and_its_news_are_news(
    clocked: ClockedStore,
) -> None:
    for hours in range(15):
        clocked.write(clocked.now - timedelta(hours=hours + 1))
    clocked.offset = 365 * DAY
    clocked.start(1)
    clocked.offset = timedelta()
    clocked.start(3)
    assert later(clocked) == []
    assert any("was noted as begun on" in line for line in clocked.told)
    assert any("taken for old ones" in line for line in clocked.told)
    assert set(clocked.posts().values()) == {1}
    store = clocked.store()
    with store.read() as connection:
        states = connection.execute(sa.select(newsletter_articles.c.state)).scalars().all()
        assert states == ["announced"] * 15  # all that have a date; the channel carries ten of them
        assert connection.execute(sa.select(newsletter_since.c.since)).scalar_one() <= clocked.now
        assert (
            connection.execute(sa.select(articles.c.published).where(articles.c.has_date.is_(False))).scalar_one()
            <= clocked.now
        )
        assert connection.execute(sa.select(sources.c.first_read)).scalar_one() <= clocked.now
    store.close()


def test_an_edition_made_ahead_and_not_sent_is_taken_back_with_its_slot(clocked: ClockedStore) -> None:
    clocked.start(1)
    clocked.offset = DAY
    clocked.start(2, send=False)
    store = clocked.store()
    with store.read() as connection:
        assert len(connection.execute(sa.select(editions.c.id)).all()) == 1
    store.close()
    clocked.offset = timedelta()
    clocked.start(2)
    assert any("was made before its time" in line for line in clocked.told)
    assert list(clocked.posts().values()) == [1]
    assert later(clocked) == []


def test_an_edition_sent_ahead_stays_and_is_told_and_its_slot_does_not_come_again(clocked: ClockedStore) -> None:
    clocked.start(1)
    clocked.offset = timedelta(minutes=30)
    clocked.start(2)
    assert len(clocked.posts()) == 1
    clocked.offset = timedelta()
    clocked.write()
    clocked.start(40)
    (line,) = (line for line in clocked.told if "was sent by a clock that was ahead" in line)
    store = clocked.store()
    with store.read() as connection:
        query = sa.select(editions.c.slot, editions.c.frozen_at, editions.c.released_at).order_by(editions.c.number)
        made = connection.execute(query).all()
    store.close()
    assert len(made) == 2
    assert made[0].slot in line
    assert made[0].frozen_at < made[1].frozen_at
    assert list(clocked.posts().values()) == [1, 1]


def test_what_was_given_up_put_off_or_suppressed_by_a_clock_ahead_is_put_right(clocked: ClockedStore) -> None:
    clocked.start(2, send=False)
    clocked.offset = 3 * DAY
    store = clocked.store()
    with store.write() as connection:
        bounce_suppressions.suppress(
            connection,
            Suppression(
                address="lan@example.com",
                type=BounceType.SOFT,
                reason="full",
                since=clocked.clock(),
                until=clocked.clock() + 30 * DAY,
            ),
        )
        connection.execute(sa.update(shards).values(lease_until=clocked.clock(), owner="elsewhere/1/x"))
    store.close()
    clocked.start(1)
    store = clocked.store()
    with store.read() as connection:
        assert set(connection.execute(sa.select(deliveries.c.state)).scalars()) == {DeliveryState.EXPIRED}
    clocked.offset = timedelta()
    with store.write() as connection:
        assert connection.execute(sa.select(editions.c.state)).scalars().all()
    store.close()
    clocked.start(1, send=False)
    clocked.now += timedelta(minutes=2)  # a lease is over by then
    clocked.start(1)
    assert any("given up before their time" in line for line in clocked.told)
    assert list(clocked.posts().values()) == [1]
    store = clocked.store()
    with store.read() as connection:
        ends = connection.execute(sa.select(suppressions.c.until)).scalar_one()
        assert ends <= clocked.now + 30 * DAY
    store.close()


def test_a_draft_that_a_clock_ahead_has_decided_about_is_a_draft_again(tmp_path: Path) -> None:
    """Silence at the slot sends it, and the slot has not come."""
    folder = tmp_path / "newsroom"
    folder.mkdir()
    made = ClockedStore(
        folder,
        datetime(2026, 11, 27, 1, tzinfo=UTC),
        extra="\n    review: {before: 2h, if_unanswered: hold}",
        changes=[('"* * * * *"', "every day at 09:00")],
    )
    made.start(1)  # 08:00 in Hà Nội: the draft is made
    made.offset = timedelta(hours=3)
    made.start(1)
    store = made.store()
    with store.read() as connection:
        assert connection.execute(sa.select(editions.c.state)).scalar_one() == EditionState.HELD
    made.offset = timedelta()
    made.start(1)
    with store.read() as connection:
        assert connection.execute(sa.select(editions.c.state)).scalar_one() == EditionState.REVIEW
    store.close()
    assert any("is a draft again" in line for line in made.told)


@pytest.mark.parametrize("skew", [timedelta(seconds=2), timedelta(minutes=4), timedelta(minutes=-4)])
def test_a_clock_that_is_off_by_little_causes_no_noise(clocked: ClockedStore, skew: timedelta) -> None:
    clocked.offset = skew
    clocked.start(3)
    clocked.offset = timedelta()
    clocked.write()
    clocked.start(8)
    assert clocked.told == []
    assert list(clocked.posts().values()) == [1, 1]


@pytest.mark.parametrize("year", [1970, 2015])
def test_nothing_is_decided_or_sent_by_a_clock_that_was_never_set(clocked: ClockedStore, year: int) -> None:
    clocked.start(2)
    clocked.write()
    real, clocked.now = clocked.now, datetime(year, 1, 2, tzinfo=UTC)
    with pytest.raises(ClockError, match="was never set"):
        clocked.start(2)
    clocked.now = real
    assert later(clocked) == []
    assert len(clocked.posts()) == 1


def test_a_clock_that_is_behind_what_the_sources_say_decides_nothing(clocked: ClockedStore) -> None:
    for hours in range(4):
        clocked.write(clocked.now - timedelta(hours=hours + 1))
    clocked.start(2)
    before = clocked.posts()
    clocked.write()
    clocked.offset = -30 * DAY
    with pytest.raises(ClockError, match=r"the clock is behind.*store claim --clock"):
        clocked.start(2)
    clocked.offset = timedelta()
    assert clocked.posts() == before
    clocked.start(2)
    assert clocked.told == []
    assert len(clocked.posts()) == len(before) + 1


def test_plan_and_check_tell_what_lies_ahead_and_change_nothing(room: Room) -> None:
    store = room.store()
    ahead = datetime.now(UTC) + DAY
    with store.write() as connection:
        connection.execute(sa.insert(newsletter_since).values(newsletter="tin-sang", since=ahead))
        rows = [
            {
                "newsletter": "tin-sang",
                "slot": f"2031-01-01T00:{minute:02}",
                "decided_at": ahead,
                "decided_by": "x",
                "outcome": "-",
            }
            for minute in range(30)
        ]
        connection.execute(sa.insert(slots), rows)
    for command in ("plan", "check"):
        done = room.run(command)
        assert done.code == 0, done
        assert "later than now" in done.err
        assert "slots decided before their time: 30 (the last: 2031-01-01T00:29)" in done.err
        assert "newsletter tin-sang was noted as begun on" in done.err
        assert len(done.err.splitlines()) == 3
    with store.read() as connection:
        assert len(connection.execute(sa.select(slots.c.slot)).all()) == 30
    room.good("send", "tin-sang", "--yes")
    with store.read() as connection:
        assert connection.execute(sa.select(slots.c.slot).where(slots.c.slot.startswith("2031"))).all() == []
    store.close()
    assert room.run("check").err == ""


class ClockThatIsSet(RuleBasedStateMachine):
    """Whatever the clock was set to while programs ran for a while: when it is right again, all that was not sent comes,
    and nothing comes twice."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clocked = ClockedStore(Path(self.folder.name), datetime(2026, 11, 27, 1, 0, tzinfo=UTC))
        self.unsent = False

    def teardown(self) -> None:
        self.clocked.offset = timedelta()
        self.clocked.write()
        self.clocked.start(
            5
        )  # a clock that was three minutes ahead is no fault: the slots that it has decided stay decided
        store = self.clocked.store()
        with store.read() as connection:
            waiting = connection.execute(sa.select(newsletter_articles.c.state, newsletter_articles.c.reason)).all()
        store.close()
        try:
            assert later(self.clocked) == []
            assert len(self.clocked.posts()) == len(self.clocked.articles), waiting
            assert set(self.clocked.posts().values()) == {1}
            self._slots_come()
        finally:
            self.folder.cleanup()

    def _slots_come(self) -> None:
        """The next slot to which nothing was sent before is answered within its minute."""
        store = self.clocked.store()
        with store.read() as connection:
            sent = set(connection.execute(sa.select(editions.c.slot)).scalars())
            decided = set(connection.execute(sa.select(slots.c.slot).where(slots.c.edition_id.is_(None))).scalars())
        store.close()
        local = self.clocked.now.astimezone(self.clocked.newsroom.settings.site.timezone)
        coming = {(local + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M") for number in range(1, 2000)}
        assert not coming & decided
        assert len(coming & sent) <= len(sent)

    @rule(
        minutes=st.sampled_from([-600, -20, 0, 0, 3, 60, 1440, 20000, 525600]),
        ticks=st.integers(1, 2),
        send=st.booleans(),
        news=st.booleans(),
    )
    def runs(self, minutes: int, ticks: int, send: bool, news: bool) -> None:
        self.clocked.offset = timedelta(minutes=minutes)
        if news:
            self.clocked.write()
        self.clocked.start(ticks, send=send)
        self.unsent = not send or (self.unsent and minutes != 0)

    @precondition(lambda self: not self.unsent)  # what nobody sends in its time is rightly given up
    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.clocked.now += timedelta(hours=hours)

    @invariant()
    def nothing_is_out_twice(self) -> None:
        assert set(self.clocked.posts().values()) <= {1}


TestClockThatIsSet = ClockThatIsSet.TestCase
TestClockThatIsSet.settings = settings(
    max_examples=5,
    stateful_step_count=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
