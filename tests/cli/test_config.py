"""`distributor config`: prints every setting, whatever the state of config.yaml."""

from __future__ import annotations

from support.newsroom import Room


def test_it_needs_no_config_yaml_of_its_own_and_prints_one_that_is_whole(room: Room) -> None:
    (room.folder / "config.yaml").unlink()
    said = room.good("config")
    assert said.startswith("# Every setting of Distributor.")
    assert "\n# max_emails_per_day: 3 " in said


def test_one_section_is_shown_below_those_that_hold_it(room: Room) -> None:
    said = room.good("config", "review").splitlines()
    assert said[0].startswith("newsletters:")
    assert said[1] == "  tin-sang:" and said[2].startswith("    # review: ")
    assert [line.strip(" #").partition(":")[0] for line in said[3:]] == [
        "before",
        "reviewers",
        "channels",
        "if_unanswered",
    ]


def test_a_setting_that_stands_in_several_places_is_shown_in_each(room: Room) -> None:
    parts = room.good("config", "timezone").strip().split("\n\n")
    assert len(parts) > 3
    assert all(part.splitlines()[-1].lstrip(" #").startswith("timezone: ") for part in parts)
    assert len(room.good("config", "newsletters").splitlines()) > 30


def test_a_setting_that_there_is_not_is_told_with_the_nearest(room: Room) -> None:
    failed = room.run("config", "reveiw")
    assert failed.code == 2 and "config.yaml has no setting 'reveiw'; did you mean 'review'?" in failed.err
    assert "`distributor config` shows all" in room.run("config", "@@@").err
