"""Which articles an edition takes, and what becomes of every other one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.config.schema import Newsletter
from distributor.editions.build import EditionContents, EditionKey, build_edition, manual_slot
from distributor.editions.selection import Candidate, Selection, select_articles
from distributor.model import Article
from support.builders import NOW, articles, newsletter, settings


def decide(order: Newsletter, *found: Article, now: datetime = NOW, **marks: Any) -> Selection:
    return select_articles(order, [Candidate(article=one, **marks) for one in found], now)


class TestFreezing:
    def test_an_edition_is_dated_in_the_newsletters_zone(self) -> None:
        late = NOW.replace(hour=20)  # 03:00 of the next day in Hanoi
        made = build_edition(
            settings(),
            newsletter(subject="{first}, {date}"),
            EditionContents.of(decide(newsletter(), *articles(1))),
            EditionKey(slot="s", number=7, frozen_at=late),
        )
        assert made.id == "tin-sang-7"
        assert made.subject == "Tin a0, 24/11"
        assert manual_slot(late, ZoneInfo("Asia/Ho_Chi_Minh")).startswith("manual-2026-11-24T03:00:00")

    def test_briefs_and_what_waits_are_part_of_the_edition(self) -> None:
        order = newsletter(max_articles=2, overflow="brief", max_per_source=3)
        made = build_edition(
            settings(),
            order,
            EditionContents.of(decide(order, *articles(4))),
            EditionKey(slot="s", number=1, frozen_at=NOW),
        )
        assert ([a.id for a in made.articles], [a.id for a in made.briefs], made.overflow) == (["a1", "a0"], ["a2"], 1)
        assert made.subject.endswith("và 2 tin khác")
