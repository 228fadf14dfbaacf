"""Months of readers at random: they join, choose topics, change how often; articles come, some at once, some withdrawn.

Whatever happens, no reader gets an article twice, none misses one that is theirs, and nobody gets more mails a day than
the cap.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from distributor import pipeline
from distributor.articles import flags
from distributor.articles import flags as mark_book
from distributor.articles import repository as article_repository
from distributor.channel import Attempt, ComposeContext, Document
from distributor.editions import article_status
from distributor.model import Edition, Receipt, Recipient, Rendition
from distributor.newsroom import Newsroom
from distributor.personal_channel import PersonalChannel
from distributor.schedule.rules import parse_rule
from distributor.schedule.settings import ScheduleSettings
from distributor.schedule.slots import MissedSlotPolicy, Schedule
from distributor.source import FetchResult
from distributor.storage.database import Database
from distributor.subscribers import subscribe
from distributor.subscribers.requests import parse_request
from support.builders import KEYS, GivenSource, found, newsletter, newsroom, settings

pytestmark = pytest.mark.timeout(900)

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
TOPICS = ("Kinh tế", "Y tế", "Giáo dục")
CAP = 2


@dataclass(frozen=True, kw_only=True)
class Letters(PersonalChannel):
    """Remembers who got which articles, and when."""

    got: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def compose(self, edition: Edition, context: ComposeContext) -> list[Document]:
        body = " ".join(article.id for article in edition.carried if article.id not in edition.known).encode()
        return [Document(variant=edition.variant, media_type="text/plain", body=body)]

    def personalize(self, rendition: Rendition, recipient: Recipient) -> bytes:
        return rendition.body

    async def deliver_to(self, rendition: Rendition, recipient: Recipient, attempt: Attempt) -> Receipt:
        self.got.append((recipient.address, rendition.edition, tuple(rendition.body.decode().split())))
        return Receipt()


class Months(RuleBasedStateMachine):
    """One newsletter three times a day, one letter a day, one a week; a clock that only we move."""

    @initialize(mark=st.booleans(), capped=st.booleans())
    def open(self, mark: bool, capped: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Database.open("sqlite:///store.db", Path(self.folder.name))
        self.store.migrate()
        self.now = BEGIN  # 07:00 in Hanoi
        self.order = newsletter(alerts={"in_digest": "mark" if mark else "leave_out", "expires_after": "400d"})
        self.settings = settings(**({"max_emails_per_day": CAP} if capped else {}))
        self.capped = capped
        self.letters = Letters(name="mail")
        self.source = GivenSource(name="cong")
        self.count = 0
        self.topics: dict[str, frozenset[str]] = {}
        self.joined: dict[str, datetime] = {}
        self.withdrawn: set[str] = set()
        self.asked_for: set[str] = set()
        self.days: Counter[tuple[str, date]] = Counter()
        with self.store.write() as connection:
            article_status.start_newsletter(connection, self.order, self.now)
        self._take(found("cu", published=BEGIN - timedelta(days=99)))
        for frequency in ("each", "daily", "weekly"):
            self.somebody_joins(set(), frequency)
            self.somebody_joins({"Y tế"}, frequency)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self._in_the_end()
            self.store.close()
            self.folder.cleanup()

    @property
    def newsroom(self) -> Newsroom:
        def schedule(line: str, prefix: str = "") -> Schedule:
            return Schedule(text="", rules=(parse_rule(line),), zone=self.settings.site.timezone, prefix=prefix)

        timing = ScheduleSettings(
            schedule("every 5 hours between 07:00 and 17:00"),
            MissedSlotPolicy("merge"),
            schedule("every day at 18:00", "daily-"),
            schedule("sunday at 08:00", "weekly-"),
        )
        return newsroom(Path(self.folder.name), self.settings, self.order, {"mail": self.letters}, timing)

    def _take(self, *look: Any) -> list[str]:
        with self.store.write() as connection:
            taken = article_repository.store_articles(
                connection, self.source, FetchResult(articles=list(look)), authority="bacson.example", now=self.now
            )
        return [article.id for article in taken.new]

    def _work(self) -> None:
        before = len(self.letters.got)
        pipeline.decide_due(self.newsroom, self.store, self.now, "test")
        asyncio.run(pipeline.deliver_due(self.newsroom, self.store, lambda: self.now))
        day = self.now.astimezone(self.settings.site.timezone).date()
        self.days.update((address, day) for address, edition, _ in self.letters.got[before:] if "-a" not in edition)

    # -- what happens ------------------------------------------------------------------------------------------------

    @rule(topics=st.lists(st.sets(st.sampled_from(TOPICS), max_size=2), min_size=1, max_size=4))
    def articles_arrive(self, topics: list[set[str]]) -> None:
        look = []
        for chosen in topics:
            self.count += 1
            look.append(found(f"{self.count}", topics=tuple(sorted(chosen)), published=self.now))
        self._take(*look)

    @rule(topics=st.sets(st.sampled_from(TOPICS)), frequency=st.sampled_from(["each", "daily", "weekly"]))
    def one_more_joins(self, topics: set[str], frequency: str) -> None:
        self.somebody_joins(topics, frequency)

    def somebody_joins(self, topics: set[str], frequency: str) -> None:
        address = f"reader{len(self.topics)}@example.com"
        self.topics[address], self.joined[address] = frozenset(topics), self.now
        self._register(address, frequency, tuple(topics))

    @rule(data=st.data(), frequency=st.sampled_from(["each", "daily", "weekly"]))
    def somebody_changes_how_often(self, data: st.DataObject, frequency: str) -> None:
        self.articles_arrive([set(), {"Y tế"}])  # so that something is owed on either side of the change
        self._hours(data.draw(st.integers(0, 30)))
        self._register(data.draw(st.sampled_from(sorted(self.topics))), frequency)

    def _register(self, address: str, frequency: str, topics: tuple[str, ...] = ()) -> None:
        wanted = parse_request(address, ["tin-sang"], known=["tin-sang"], topics=topics, frequency=frequency)
        with self.store.write() as connection:
            subscribe.add(connection, wanted, self.now, keys=KEYS)

    @rule(data=st.data())
    def staff_send_an_article_at_once(self, data: st.DataObject) -> None:
        """One that has not been announced yet."""
        self.articles_arrive([{"Y tế"}])
        with self.store.read() as connection:
            waiting = [one for one in article_status.list_candidates(connection, "tin-sang") if not one.withdrawn]
        chosen = data.draw(st.sampled_from([one.article for one in waiting]))
        pipeline.publish_edition(
            pipeline.StepContext(self.newsroom, self.store, self.now, "staff"),
            pipeline.EditionRequest.for_alert(self.order, chosen),
        )
        self._work()

    @rule(data=st.data())
    def an_article_is_withdrawn(self, data: st.DataObject) -> None:
        with self.store.read() as connection:
            known = sorted(article.id for article in article_repository.list_newest_articles(connection, 1000))
        chosen = data.draw(st.sampled_from(known))
        self.withdrawn.add(chosen)
        with self.store.write() as connection:
            mark_book.set_flag(connection, chosen, flags.ArticleFlag.WITHDRAWN, reason="sai", by="test", now=self.now)

    @rule(hours=st.integers(1, 40))
    def the_service_runs(self, hours: int) -> None:
        self._hours(hours)

    def _hours(self, number: int) -> None:
        """Nothing can be due at other hours than those of the schedules."""
        for _ in range(number):
            self.now += timedelta(hours=1)
            if self.now.astimezone(self.settings.site.timezone).hour in (7, 8, 12, 17, 18):
                self._work()

    @rule(hours=st.integers(2, 300))
    def the_service_is_down_and_starts_again(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._work()

    # -- what must be true -------------------------------------------------------------------------------------------

    @invariant()
    def nobody_gets_an_article_twice(self) -> None:
        if hasattr(self, "store"):
            got = Counter((address, id) for address, _, ids in self.letters.got for id in ids)
            assert all(number == 1 for number in got.values()), [key for key, number in got.items() if number > 1]

    @invariant()
    def nobody_gets_more_mails_a_day_than_the_cap(self) -> None:
        if hasattr(self, "store") and self.capped:
            assert all(number <= CAP for number in self.days.values())

    def _in_the_end(self) -> None:
        """Let weeks pass, each day with an article of every topic, until everybody has been served; then count."""
        for _ in range(3 * 24):  # days with more editions than the cap allows
            self.articles_arrive([set(TOPICS)])
            self._hours(1)
        for _ in range(14):
            self.articles_arrive([set(TOPICS)])
            self._hours(24)
        self.nobody_gets_an_article_twice()
        with self.store.read() as connection:
            announced = {
                one.article.id: one for one in article_status.list_announced_since(connection, "tin-sang", BEGIN)
            }
        until = self.now - timedelta(days=9)  # whoever gets one letter a week has had everything up to here
        for address, topics in self.topics.items():
            mine = {id for reader, _, ids in self.letters.got if reader == address for id in ids}
            owed = {
                id
                for id, one in announced.items()
                if self.joined[address] < one.at < until
                and (not topics or topics & set(one.article.topics))
                and id not in self.withdrawn
            }
            assert owed <= mine, (address, sorted(owed - mine))


TestReaders = Months.TestCase
TestReaders.settings = hypothesis_settings(
    max_examples=3,  # each takes up to half a minute
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
