"""Urgent articles go out at once; the next digest remembers who has had them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from distributor.editions.alert_rules import select_alerts
from distributor.editions.selection import Candidate
from support.builders import NOW, article, newsletter


@pytest.mark.parametrize(
    ("candidate", "goes"),
    [
        (Candidate(article=article("a", topics=("khẩn CẤP",))), True),
        (Candidate(article=article("a", topics=("Kinh tế",), source="canh-bao")), True),
        (Candidate(article=article("a", topics=("Kinh tế",))), False),
        (Candidate(article=article("a", topics=("Khẩn cấp",), published=NOW - timedelta(hours=7))), False),
        (Candidate(article=article("a", topics=("Khẩn cấp",), has_date=False)), False),
        (Candidate(article=article("a", topics=("Khẩn cấp",), publish_at=NOW + timedelta(hours=1))), False),
        (Candidate(article=article("a", topics=("Khẩn cấp",)), held="held by Lan: xem lại"), False),
        (Candidate(article=article("a", topics=("Khẩn cấp",)), withdrawn="sai"), False),
        (Candidate(article=article("a", topics=("Khẩn cấp",)), alerted="tin-sang-a1"), False),
    ],
)
def test_what_is_urgent_by_rule(candidate: Candidate, goes: bool) -> None:
    order = newsletter(alerts={"topics": ["Khẩn cấp"], "sources": ["canh-bao"]})
    assert bool(select_alerts(order, [candidate], 0, NOW)) is goes


def test_a_rule_gone_wild_rings_three_times_a_day_at_most() -> None:
    order = newsletter(alerts={"topics": ["Khẩn cấp"]})
    many = [Candidate(article=article(f"a{i}", topics=("Khẩn cấp",))) for i in range(9)]
    assert len(select_alerts(order, many, 1, NOW)) == 2
    assert select_alerts(order, many, 3, NOW) == []
