"""Lists of editions, page by page."""

from __future__ import annotations

from datetime import timedelta

from distributor.editions.listing import list_editions_after
from distributor.model import EditionState
from support.clocked_newsroom import Line


def test_editions_come_newest_first_each_on_one_page(line: Line) -> None:
    for name in ("a", "b", "c"):
        line.arrives(name)
        line.day()
        line.now += timedelta(minutes=1)
    with line.store.read() as connection:
        first = list_editions_after(connection, 2, ["tin-sang"])
        last = first[-1]
        second = list_editions_after(connection, 2, ["tin-sang"], after=(last.frozen_at, last.id))
        assert [row.number for row in (*first, *second)] == [3, 2, 1]
        assert list_editions_after(connection, 9, ["other"]) == []
        assert list_editions_after(connection, 9, ["tin-sang"], [EditionState.HELD]) == []
        assert len(list_editions_after(connection, 9, ["tin-sang"], [EditionState.DONE])) == 3
