"""`distributor config`: prints every setting, whatever the state of config.yaml."""

from __future__ import annotations

from support.newsroom import Room


def test_it_needs_no_config_yaml_of_its_own_and_prints_one_that_is_whole(room: Room) -> None:
    (room.folder / "config.yaml").unlink()
    said = room.good("config")
    assert said.startswith("# Every setting of Distributor.")
    assert "\n# max_emails_per_day: 3 " in said
