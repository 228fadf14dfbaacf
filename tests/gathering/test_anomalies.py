"""A source that looks wrong is held, and staff are told, instead of mailing a mess."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distributor.gathering.anomalies import AnomalyReport, SourceActivity, describe_doubtful_dates, detect_anomalies
from support.builders import NOW, articles
from support.newsroom import Room

DAY = timedelta(days=1)


def look(**changes: Any) -> SourceActivity:
    usual = SourceActivity(new=(), known=20, stored=200, last_count=20, last_new=NOW - DAY)
    return replace(usual, **changes)


def ask(seen: SourceActivity, alert_if_silent_for: timedelta | None = 3 * DAY) -> AnomalyReport:
    return detect_anomalies(seen, NOW + timedelta(hours=1), alert_if_silent_for)


def test_an_ordinary_look_is_nothing_to_speak_of() -> None:
    assert ask(look()) == AnomalyReport()
    assert ask(look(new=articles(8))) == AnomalyReport()
    assert ask(look(new=articles(4), known=0, last_count=4)) == AnomalyReport()


def test_a_source_of_which_little_is_known_may_bring_only_new_articles() -> None:
    assert ask(look(new=articles(9), known=0, stored=3, last_count=3)) == AnomalyReport()


def test_when_everything_is_suddenly_new_all_of_it_is_held() -> None:
    judged = ask(look(new=articles(9), known=0))
    assert len(judged.hold) == 9
    assert set(judged.hold.values()) == {
        "all 9 articles of one gather are unknown, as if the source had renumbered or moved"
    }
    assert judged.tell.endswith("they are held: check them, then `distributor articles release --source …`")


def test_when_the_dates_are_gone_all_new_ones_are_held() -> None:
    assert "none of 6 new articles has a date" in ask(look(new=articles(6, has_date=False))).tell


def test_articles_dated_ahead_are_told_each_with_what_becomes_of_it() -> None:
    young, soon, late = articles(3)
    soon, late = replace(soon, published=NOW + 2 * DAY), replace(late, published=NOW, has_date=False)
    assert describe_doubtful_dates(
        [young, soon, late], {late.id: NOW + 365 * DAY}, NOW, ZoneInfo("Asia/Ho_Chi_Minh")
    ) == [
        f"«Tin {soon.id}» ({soon.id}) is dated ahead and waits until 2026-11-25 07:00",
        f"«Tin {late.id}» ({late.id}) is held: its date, 2027-11-23 07:00, lies too far in the future to be meant",
    ]


def test_a_count_that_collapses_is_told() -> None:
    assert ask(look(known=2, last_count=30)).tell == "gives 2 articles where it gave 30: is its page or feed broken?"


@pytest.mark.parametrize(("days", "told"), [(2, ""), (4, "has had nothing new for more than 3d")])
def test_a_silence_is_told(days: int, told: str) -> None:
    assert ask(look(last_new=NOW - days * DAY)).tell == told
    assert ask(look(last_new=NOW - days * DAY), alert_if_silent_for=None).tell == ""


def test_a_source_that_renumbers_reaches_no_reader_until_staff_release_it(room: Room) -> None:
    for number in range(7):
        room.write(f"tin-{number}", f"Tin tức số {number} trong tuần của tỉnh", date=f"2026-11-1{number} 08:00")
    room.good("send", "tin-sang", "--yes")
    for file in (room.folder / "articles").glob("*.md"):  # other names, other titles: nothing can be recognised
        text = file.read_text(encoding="utf-8").replace("title: ", "title: Bản tin ").replace("2026-11-1", "2026-10-1")
        file.with_name(f"new-{file.name}").write_text(text, encoding="utf-8")
        file.unlink()
    room.configure(("/tin/{slug}", "/moi/{slug}"))
    done = room.run("gather")
    assert "note: all 9 articles of one gather are unknown" in done.out
    assert "note" not in room.good("gather")
    assert "No new edition" in room.good("send", "tin-sang", "--yes")
    assert "held by a guard: all 9 articles" in room.good("plan")
    room.good("articles", "release", "--source", "bai-viet")
    assert "Edition tin-sang-2" in room.good("send", "tin-sang", "--yes")
