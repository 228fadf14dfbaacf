"""Readers choose topics and how often: one merged letter, nothing twice, nothing lost."""

from __future__ import annotations

from typing import Any

from support.clocked_newsroom import Line

# -- on the line -------------------------------------------------------------------------------------------------------


def test_readers_of_topics_get_their_share_and_nobody_gets_an_empty_letter(line: Line) -> None:
    line.subscribe("tatca")
    line.subscribe("yte", "Y tế")
    line.subscribe("thethao", "THỂ THAO", "Giáo dục")
    line.arrives("a", "Y tế")
    line.arrives("b", "Kinh tế", "Y tế")
    (made,) = line.day().made
    assert (made.audience, made.segmentation.excluded_count) == (2, 1)
    assert (line.read("tatca"), line.read("yte"), line.read("thethao")) == ([["a", "b"]], [["a", "b"]], [])
    line.arrives("c", "Kinh tế")
    line.arrives("d", "Thể thao")
    line.day()
    assert (line.read("tatca")[1], line.read("yte"), line.read("thethao")) == (["c", "d"], [["a", "b"]], [["d"]])
    assert "Tin d của tỉnh nhà" in line.mailbox("thethao")[0]["Subject"]


def test_a_letter_a_day_and_a_letter_a_week_merge_what_came_since_the_last(line: Line) -> None:
    line.configure("daily: every day at 18:00", "weekly: sunday at 08:00")
    line.config = line.config.replace(
        "schedule: every day at 07:00", "schedule: [every day at 07:00, every day at 12:00]"
    )
    line.subscribe("moi")
    line.subscribe("ngay", frequency="daily")
    line.subscribe("tuan", "Y tế", frequency="weekly")
    line.arrives("a", "Y tế")
    line.day("07:00")
    line.arrives("b", "Kinh tế")
    line.day("12:00")
    line.day("18:00")
    assert (line.read("moi"), line.read("ngay"), line.read("tuan")) == ([["a"], ["b"]], [["a", "b"]], [])
    line.arrives("c", "Y tế")
    line.day("07:00")
    line.day("18:00")
    line.day("18:00")  # nothing new that day: no letter
    assert line.read("ngay") == [["a", "b"], ["c"]]
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["a", "c"]]
    assert line.mailbox("tuan")[0]["Subject"] == "Tin c của tỉnh nhà và 1 tin khác"
    line.day("2026-12-06 08:00")
    assert line.read("tuan") == [["a", "c"]]


def test_the_first_weekly_letter_has_the_whole_week_even_for_who_joined_late(line: Line) -> None:
    line.configure("weekly: sunday at 08:00")
    line.subscribe("moi")
    line.arrives("a")
    line.day()
    line.subscribe("tuan", frequency="weekly")
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["a"]]


def test_a_change_of_frequency_loses_nothing_and_repeats_nothing(line: Line) -> None:
    line.configure("daily: every day at 18:00", "weekly: sunday at 08:00")
    for name, frequency in (("moi", "each"), ("tuan", "weekly"), ("ngay", "daily")):
        line.subscribe(name, frequency=frequency)
    line.arrives("a")
    line.day("07:00")  # Monday: a
    line.day("18:00")
    line.at("20:00")
    line.subscribe("moi", frequency="weekly")
    line.subscribe("tuan", frequency="each")
    line.subscribe("ngay", frequency="each")
    line.arrives("b")
    line.day("07:00")  # Tuesday: b
    line.arrives("c")
    line.day("07:00")  # Wednesday: c
    line.day("2026-11-29 08:00")
    assert line.read("tuan") == [["a", "b"], ["c"]]
    assert line.read("ngay") == [["a"], ["b"], ["c"]]
    assert line.read("moi") == [["a"], ["b", "c"]]


def test_who_changes_twice_before_the_next_letter_is_still_owed_everything(line: Line) -> None:
    line.configure("weekly: sunday at 08:00")
    line.subscribe("tuan", frequency="weekly")
    line.arrives("a")
    line.day()
    line.subscribe("tuan", frequency="each")
    line.at("08:00")
    line.subscribe("tuan", frequency="daily")
    line.at("09:00")
    line.subscribe("tuan", frequency="each")
    line.arrives("b")
    line.day()
    assert line.read("tuan") == [["a", "b"]]


def test_a_cap_of_mails_a_day_puts_off_and_loses_nothing(line: Line) -> None:
    line.configure(".max_emails_per_day: 2")
    line.config = line.config.replace("schedule: every day at 07:00", "schedule: every 2 hours between 08:00 and 14:00")
    line.subscribe("moi")
    for name, hour in (("a", "08:00"), ("b", "10:00"), ("c", "12:00"), ("d", "14:00")):
        line.arrives(name)
        answers = line.day(hour)
    assert answers.made[0].over_cap == 1
    assert line.read("moi") == [["a"], ["b"]]
    line.arrives("e")
    line.day("08:00")
    line.arrives("f")
    line.day("10:00")
    assert line.read("moi") == [["a"], ["b"], ["c", "d", "e"], ["f"]]


def test_a_choice_made_while_an_edition_is_rendered_is_seen(line: Line, monkeypatch: Any) -> None:
    """The readers are counted again in the transaction that promises; a new choice makes the proposal anew."""
    from distributor.pipeline import compose

    line.subscribe("moi")
    line.arrives("a", "Y tế")
    line.arrives("b", "Kinh tế")
    real, joined = compose.render_channel, list[bool]()

    def slow(*arguments: Any) -> Any:
        if not joined:
            joined.append(True)
            line.subscribe("yte", "Y tế")
        return real(*arguments)

    monkeypatch.setattr(compose, "render_channel", slow)
    line.day()
    assert (line.read("moi"), line.read("yte")) == ([["a", "b"]], [["a"]])
