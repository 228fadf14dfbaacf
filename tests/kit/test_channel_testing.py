"""Tests of the promise suite: for each promise, a channel that lies about it is caught, and an honest one is not."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from distributor.channel import Channel
from distributor.kit.channel_testing import PROMISES, check_promises, try_channel
from support.honest_channels import TOKEN, Shelter, Wall, tried
from support.lying_channels import LIES, REQUESTS, SleepsOnIt

NAMES = [promise.name for promise in PROMISES]


@pytest.mark.parametrize("cls", [Wall, Shelter])
def test_an_honest_channel_keeps_every_promise(cls: type[Channel]) -> None:
    results = tried(cls)
    assert list(results) == NAMES
    assert [str(result) for result in results.values() if result.kept is False] == []


def test_what_a_channel_does_not_promise_is_said_with_the_reason() -> None:
    wall, files = tried(Wall, requests=["check"]), tried(Shelter)
    assert [name for name in NAMES if wall[name].kept is None] == ["repeatable"]
    without = ["articles", "length", "truth", "private addresses", "interruption", "one renewal", "gone"]
    assert [name for name in NAMES if files[name].kept is None] == without
    assert all(result.why for result in (*wall.values(), *files.values()) if result.kept is None)


# -- liars -------------------------------------------------------------------------------------------------------------


def test_there_is_a_liar_for_each_promise() -> None:
    assert {promise for promise, _, _ in LIES} == set(NAMES)


@pytest.mark.parametrize(("promise", "liar", "why"), LIES, ids=[liar.__name__ for _, liar, _ in LIES])
def test_who_lies_about_a_promise_is_caught(promise: str, liar: type[Channel], why: str) -> None:
    patience = 0.6 if liar is SleepsOnIt else 5.0
    result = tried(liar, promise, requests=REQUESTS.get(liar, ["publish"]), patience=patience)[promise]
    assert result.kept is False
    assert why in result.why


# -- how it is asked ---------------------------------------------------------------------------------------------------


def test_a_manual_without_an_example_is_the_one_fault_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = types.ModuleType("bare", "No example.")
    bare.__file__ = __file__
    monkeypatch.setitem(sys.modules, "bare", bare)
    (result,) = try_channel(type("Bare", (Wall,), {"__module__": "bare"}))
    assert result.promise.startswith("manual")
    assert "no example" in result.why


def test_settings_that_are_wrong_are_told_without_a_trial() -> None:
    (result,) = try_channel(Wall, {**TOKEN, "allow_private": "perhaps"})
    assert "these settings cannot be used" in result.why
    assert "allow_private" in result.why


def test_one_request_alone_can_be_made_to_misbehave() -> None:
    told: list[str] = []
    try_channel(Wall, promises=["truth"], requests=["upload"], tell=told.append)
    assert told
    assert all(line.startswith("publish: upload ") for line in told)


def test_each_request_of_each_act_is_made_to_misbehave() -> None:
    told: list[str] = []
    (result,) = try_channel(Wall, promises=["truth"], tell=told.append)
    assert result.kept
    assert {line.split(" refuses")[0] for line in told if " refuses ->" in line} >= {
        *("publish: upload", "publish: publish", "publish (before the first login): log in"),
        *("find: list", "edit: edit", "delete: delete", "check: check"),
    }


def test_a_type_of_the_registry_is_tried_by_its_name(tmp_path: Path) -> None:
    results = check_promises("outbox", {"type": "outbox", "name": "posts", "folder": "out"}, tmp_path)
    assert not [result for result in results if result.kept is False]
    assert list(tmp_path.iterdir()) == []


class KnowsNoState(Wall):
    @classmethod
    def example_state(cls) -> Mapping[str, Any]:
        return {}


def test_a_renewal_is_tried_where_every_attempt_begins_with_one() -> None:
    assert tried(KnowsNoState, "one renewal")["one renewal"].kept is True
