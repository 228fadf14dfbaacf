"""Months of a newsroom's life at random: articles arrive, change, lose their ids, are held; the service stops and starts.

Whatever happens, each article is announced at most once per newsletter, none is dropped without a reason, a slot makes
at most one edition, and minimum, maximum and longest wait are kept.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from distributor import pipeline
from distributor.articles import flags
from distributor.articles import repository as article_repository
from distributor.articles.flags import ArticleFlag
from distributor.channel import Attempt, Channel, ComposeContext, Content, Document
from distributor.config.schema import Newsletter
from distributor.editions import article_status
from distributor.editions import repository as edition_repository
from distributor.editions.selection import ArticleStatus, belongs_to_newsletter
from distributor.model import Article, Edition, ParsedArticle, Receipt
from distributor.newsroom import Newsroom
from distributor.schedule.rules import parse_rule
from distributor.schedule.settings import ScheduleSettings
from distributor.schedule.slots import MissedSlotPolicy, Schedule
from distributor.source import FetchResult, Source
from distributor.storage.database import Database
from distributor.storage.tables import articles, editions, newsletter_articles, slots
from support.builders import GivenSource, found, newsletter, newsroom, settings

pytestmark = pytest.mark.timeout(900)

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
MISSED = (MissedSlotPolicy("send", timedelta(hours=2)), MissedSlotPolicy("merge"), MissedSlotPolicy("skip"))


@dataclass(frozen=True, kw_only=True)
class Note(Channel):
    """Carries the ids of an edition's articles."""

    def compose(self, edition: Edition, context: ComposeContext) -> list[Document]:
        body = " ".join(article.id for article in edition.carried).encode()
        return [Document(variant="note", media_type="text/plain", body=body)]

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        return Receipt()


class Months(RuleBasedStateMachine):
    """One store, one newsletter on weekdays at 07:00, a clock that only we move."""

    @initialize(
        minimum=st.integers(1, 4),
        maximum=st.integers(4, 8),
        longest=st.none() | st.integers(2, 5),
        overflow=st.sampled_from(["carry", "brief"]),
        max_per_source=st.none() | st.integers(1, 3),
        missed=st.sampled_from(MISSED),
    )
    def open(
        self,
        minimum: int,
        maximum: int,
        longest: int | None,
        overflow: str,
        max_per_source: int | None,
        missed: MissedSlotPolicy,
    ) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.store = Database.open("sqlite:///store.db", Path(self.folder.name))
        self.store.migrate()
        self.now = BEGIN
        self.order = newsletter(
            channels=("note",), min_articles=minimum, max_articles=maximum, overflow=overflow, max_per_source=max_per_source,
            max_wait=timedelta(days=longest) if longest else None, topics=("Tin",),
        )  # fmt: skip
        self.missed = missed
        self.stories: list[ParsedArticle] = []
        self.count = 0
        self.sources = {name: GivenSource(name=name) for name in ("cong", "bao")}
        with self.store.write() as connection:
            article_status.start_newsletter(connection, self.order, self.now)
        for source in self.sources.values():  # the first look is behind us
            self._take(source, [found(f"cu-{source.name}", source=source.name, topics=("Khác",), published=BEGIN)])

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    @property
    def newsroom(self) -> Newsroom:
        schedule = Schedule(text="", rules=(parse_rule("weekdays at 07:00"),), zone=settings().site.timezone)
        return newsroom(
            Path(self.folder.name),
            settings(),
            self.order,
            {"note": Note(name="note")},
            ScheduleSettings(schedule, self.missed),
        )

    def _take(self, source: Source, look: list[ParsedArticle]) -> None:
        with self.store.write() as connection:
            article_repository.store_articles(
                connection, source, FetchResult(articles=look), authority="bacson.example", now=self.now
            )

    # -- what happens ------------------------------------------------------------------------------------------------

    @rule(
        number=st.integers(1, 6),
        source=st.sampled_from(["cong", "bao"]),
        wanted=st.booleans(),
        embargo=st.none() | st.integers(1, 72),
        back_dated=st.integers(0, 40),
    )
    def articles_arrive(self, number: int, source: str, wanted: bool, embargo: int | None, back_dated: int) -> None:
        look = []
        for _ in range(number):
            self.count += 1
            look.append(
                found(
                    f"{self.count}", source=source, topics=("Tin" if wanted else "Khác",),
                    published=self.now - timedelta(days=back_dated),
                    publish_at=self.now + timedelta(hours=embargo) if embargo else None,
                )
            )  # fmt: skip
        self.stories += look
        self._take(self.sources[source], look)

    @rule(data=st.data(), what=st.sampled_from(["lead", "guid", "source_id", "url", "all ids"]))
    def an_article_changes(self, data: st.DataObject, what: str) -> None:
        if not self.stories:
            return
        at = data.draw(st.integers(0, len(self.stories) - 1))
        old = self.stories[at]
        self.count += 1
        fresh: dict[str, Any] = {
            "lead": {"lead": f"Đã sửa lần {self.count}."},
            "guid": {"guid": f"new-{self.count}"},
            "source_id": {"source_id": f"new-{self.count}"},
            "url": {"url": f"http://www.bacson.example/chuyen/{self.count}/"},
            "all ids": {
                "guid": f"g-{self.count}",
                "source_id": f"s-{self.count}",
                "url": f"https://bacson.example/x/{self.count}",
            },
        }[what]
        self.stories[at] = replace(old, **fresh)
        self._take(self.sources[old.source], [self.stories[at]])

    @rule(data=st.data(), mark=st.sampled_from(list(ArticleFlag)), on=st.booleans())
    def staff_mark_an_article(self, data: st.DataObject, mark: ArticleFlag, on: bool) -> None:
        known = self._known()
        if known:
            chosen = data.draw(st.sampled_from(sorted(article.id for article in known)))
            with self.store.write() as connection:
                if on:
                    flags.set_flag(connection, chosen, mark, reason="thử", by="test", now=self.now)
                else:
                    flags.remove_flag(connection, chosen, mark)

    @rule(hours=st.integers(1, 30))
    def the_service_runs(self, hours: int) -> None:
        """It looks every ten minutes."""
        for _ in range(hours * 6):
            self.now += timedelta(minutes=10)
            local = self.now.astimezone(settings().site.timezone)
            if local.hour == 7 and local.minute < 30:  # nothing can be due at other times
                self._tick()

    @rule(hours=st.integers(1, 200))
    def the_service_is_down_and_starts_again(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._tick()

    @rule()
    def staff_send_by_hand(self) -> None:
        self.now += timedelta(seconds=1)
        self._check(
            pipeline.publish_edition(
                pipeline.StepContext(self.newsroom, self.store, self.now, "test"),
                pipeline.EditionRequest(newsletter=self.order),
            )
        )

    @rule()
    def two_processes_answer_at_once(self) -> None:
        self._tick()
        self._tick()

    def _tick(self) -> None:
        for proposal in pipeline.decide_due(self.newsroom, self.store, self.now, "test").made:
            self._check(proposal)

    def _check(self, proposal: pipeline.EditionPlan | None) -> None:
        """Minimum, maximum and longest wait of one decision."""
        assert proposal is not None
        order: Newsletter = self.order
        if proposal.edition is None:
            waiting = [c.article for c in proposal.selection.choices if c.status is ArticleStatus.CARRIED]
            if order.max_wait:
                for article in waiting:
                    since = max(filter(None, (article.first_seen, article.publish_at)))
                    capped = any(
                        c.article == article and "in this edition" in c.reason for c in proposal.selection.choices
                    )
                    assert capped or self.now - since < order.max_wait
            return
        edition = proposal.edition
        assert 1 <= len(edition.articles) <= order.max_articles
        assert all(article.publish_at is None or article.publish_at <= self.now for article in edition.carried)
        ready = len(edition.carried) + len(proposal.selection.of(ArticleStatus.CARRIED))
        if ready < order.min_articles:
            assert order.max_wait is not None
            oldest = min(max(filter(None, (a.first_seen, a.publish_at))) for a in edition.carried)
            assert self.now - oldest >= order.max_wait

    # -- what must be true at any time -------------------------------------------------------------------------------

    def _known(self) -> list[Article]:
        with self.store.read() as connection:
            return article_repository.list_newest_articles(connection, 10_000)

    @invariant()
    def each_story_is_one_article(self) -> None:
        if hasattr(self, "store"):
            assert len(self._known()) == len(self.stories) + 2

    @invariant()
    def nothing_is_announced_twice_and_nothing_is_dropped(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as connection:
            content = [
                edition_repository.find(connection, row.id)
                for row in edition_repository.list_editions(connection, limit=10_000)
            ]
            announced: Counter[str] = Counter(a.id for one in content if one for a in one.carried)
            rows = {row.article_id: row for row in connection.execute(sa.select(newsletter_articles))}
            candidates = {one.article.id for one in article_status.list_candidates(connection, self.order.id)}
            all_ids = set(connection.execute(sa.select(articles.c.id).where(articles.c.backlog.is_(False))).scalars())
        assert all(number == 1 for number in announced.values())
        for id in all_ids:
            row: Any = rows.get(id)
            if row is not None and row.state in (ArticleStatus.IN, ArticleStatus.REJECTED):
                assert id not in candidates
                assert (row.state == ArticleStatus.IN) == (id in announced)
                assert row.state == ArticleStatus.IN or row.reason
            else:  # not decided for good: it must come up again
                assert id in candidates
                assert row is None or row.reason

    @invariant()
    def a_slot_makes_one_edition_at_most(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as connection:
            made = connection.execute(sa.select(editions.c.slot)).scalars().all()
            decided = connection.execute(sa.select(slots.c.slot)).scalars().all()
        assert len(made) == len(set(made))
        assert set(made) <= set(decided)

    @invariant()
    def what_was_not_wanted_is_never_announced(self) -> None:
        if not hasattr(self, "store"):
            return
        with self.store.read() as connection:
            for row in edition_repository.list_editions(connection, limit=10_000):
                edition = edition_repository.find(connection, row.id)
                assert edition is not None
                assert all(belongs_to_newsletter(self.order, article) for article in edition.carried)


TestMonths = Months.TestCase
TestMonths.settings = hypothesis_settings(
    max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
