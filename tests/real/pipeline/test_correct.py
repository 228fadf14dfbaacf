"""What is out is put right or taken back: a plan first, then feeds, posts, and those who have got it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.model import Notice, NoticeKind
from distributor.storage.tables import corrections
from support.clocked_newsroom import Line
from support.newsroom import Room


def plan(
    line: Line, id: str, kind: str = "correction", note: str = "Số liệu đúng là 38 km.", **more: Any
) -> pipeline.CorrectionPlan:
    notice = Notice(NoticeKind(kind), note, line.now)
    return pipeline.plan_correction(line.newsroom, line.store, id, notice, **{"mail": True, **more})


def done(line: Line, id: str, kind: str = "correction", **more: Any) -> list[str]:
    made = pipeline.apply_correction(line.newsroom, line.store, plan(line, id, kind, **more), "Lan")
    line.deliver()
    return made


def _has_correction(room: Room) -> bool:
    database = room.store()
    with database.read() as connection:
        found = connection.execute(sa.select(sa.func.count()).select_from(corrections)).scalar_one()
    database.close()
    return found > 0


@pytest.mark.parametrize("letters", [0, 1, 7])
def test_a_command_that_is_killed_and_given_again_writes_to_everybody_once(room: Room, letters: int) -> None:
    """Killed with its decision just written down, with the first letter out, and amid the sending."""
    for number in range(40):
        room.good("subscribers", "add", f"doc{number}@example.com")
    room.good("send", "tin-sang", "--yes")
    (first, *_) = (one["id"] for one in room.run("articles", "--json").json)
    before = len(room.letters())
    command = ("articles", "correct", first, "--note", "Sửa tên xã.", "--mail", "--yes")
    killed = room.serve(*command)
    room.wait_for(lambda: len(room.letters()) >= before + letters and _has_correction(room))
    killed.kill()
    killed.wait()
    assert "unfinished deliveries continue" in room.good(*command)
    assert "unfinished deliveries continue" in room.good(*command)
    assert len(room.letters()) == 2 * before
