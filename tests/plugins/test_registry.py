"""Channels and sources are found by name: the newsroom's own files first, then ours, then installed packages."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.config.yaml import RawConfig
from distributor.errors import UserError
from distributor.plugins import registry
from distributor.plugins.info import describe, settings_of
from distributor.plugins.registry import PluginRegistry, channels, sources

BELL = '''\
"""Rings."""

from dataclasses import dataclass
from typing import Annotated

from distributor.channel import Channel, Receipt


@dataclass(frozen=True, kw_only=True)
class Bell(Channel):
    """{what}"""

    times: Annotated[int, "how often it rings"] = 1

    def compose(self, edition, context):
        return []

    async def publish(self, content, attempt):
        return Receipt()
'''


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A newsroom's `channels/` folder."""
    folder = tmp_path / "channels"
    folder.mkdir()
    yield folder
    channels.leave(folder)


def test_ours_are_all_there() -> None:
    assert set(channels.names()) == {
        "bluesky", "console", "email", "facebook", "feed", "mastodon", "outbox", "pages", "telegram", "webhook", "zalo",
    }  # fmt: skip
    assert set(sources.names()) == {"feed", "folder", "page", "push"}


@pytest.mark.parametrize("kind", [channels, sources], ids=["channels", "sources"])
def test_each_has_a_manual_an_example_and_a_sentence_for_every_setting(kind: PluginRegistry) -> None:  # type: ignore[type-arg]
    section = f"{kind.section}s"
    for name in kind.names():
        described = describe(name, kind.find(name), section)
        assert described.summary.endswith((".", ":")), name
        assert described.example.startswith(f"{section}:"), name
        assert f"type: {name}" in described.example
        assert all(setting.help for setting in described.settings), name


def test_a_file_of_the_newsroom_is_found_by_its_name(own: Path) -> None:
    (own / "bell.py").write_text(BELL.format(what="A bell."))
    channels.join(own)
    cls = channels.find("bell")
    assert cls.__doc__ == "A bell."
    (setting,) = describe("bell", cls, "channels").settings
    assert (setting.name, setting.type, setting.default, setting.help) == ("times", "number", "1", "how often it rings")


def test_a_file_of_the_newsroom_comes_before_ours_of_the_same_name(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "console.py").write_text(BELL.format(what="Not the usual one."))
    channels.find("console")
    monkeypatch.delitem(sys.modules, "distributor.channels.console")
    channels.join(own)
    assert channels.find("console").__doc__ == "Not the usual one."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\n", "must have exactly one public Channel class"),
        (BELL.format(what="") + "\n\nclass Second(Bell):\n    pass\n", "it has 2"),
        (
            BELL.format(what="").replace("times:", "repeatable:"),
            "repeatable is no setting: it declares what a channel can do",
        ),
        ("def broken(:\n", r"torn.py:1: "),
        ("import nothing_of_that_name\n", "torn.py:1: No module named 'nothing_of_that_name'"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_place(own: Path, text: str, reason: str) -> None:
    (own / "torn.py").write_text(text)
    channels.join(own)
    with pytest.raises(UserError, match=reason):
        channels.find("torn")


def test_an_installed_package_offers_its_channel_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = importlib.metadata.EntryPoint("fax", "distributor.channels.console:Console", channels.group)

    def points(group: str, path: tuple[str, ...]) -> list[importlib.metadata.EntryPoint]:
        return [point] if group == channels.group else []

    monkeypatch.setattr(registry, "_entry_points", points)
    assert "fax" in channels.names()
    assert channels.find("fax") is channels.find("console")


def test_templates_of_the_newsroom_come_first(tmp_path: Path) -> None:
    ours = registry.template_folders(tmp_path)
    (tmp_path / "templates").mkdir()
    assert registry.template_folders(tmp_path) == [tmp_path / "templates", *ours]


@pytest.mark.parametrize("kind", [channels, sources], ids=["channels", "sources"])
def test_only_declared_settings_are_keys_and_suggestions(kind: PluginRegistry, tmp_path: Path) -> None:  # type: ignore[type-arg]
    """Whatever else a class has is neither taken nor offered."""
    for name in kind.names():
        cls = kind.find(name)
        settings = {setting.name for setting in settings_of(cls)}
        others = [other for other in dir(cls) if not other.startswith("_") and other not in settings | {"name"}]
        values = {"type": name, **dict.fromkeys(others, 1)}
        raw = RawConfig(tmp_path / "config.yaml", {f"{kind.section}s": {"one": values}}, {})
        built, problems = kind.build(raw)
        told = {problem.path.rpartition(".")[2]: problem.message for problem in problems}
        assert built == {}
        assert len(others) > 5
        for other in others:
            refused, _, offered = told[other].partition("; ")
            assert refused == "is not a known key"
            assert set(re.findall(r"\w+", offered)) - {"did", "you", "mean", "there", "are"} <= settings
