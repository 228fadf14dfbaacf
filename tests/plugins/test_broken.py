"""A channel or source whose file does not load: one fault in words, and every command goes on with all the others."""

from __future__ import annotations

import pytest

from support.newsroom import Room

pytestmark = pytest.mark.usefixtures("unread_templates")

FAULTS = {
    "syntax": ("def broken(:\n", "torn.py:1: invalid syntax"),
    "missing module": ("\nimport nothing_of_that_name\n", "torn.py:2: No module named 'nothing_of_that_name'"),
    "exception": ("x = {}\n\n\nx['a']\n", "torn.py:4: KeyError: 'a'"),
    "exit": ("import sys\nsys.exit('bye')\n", "torn.py:2: it ends the program (sys.exit('bye'))"),
    "no class": ("x = 1\n", "torn.py: must have exactly one public"),
    "unknown name": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from distributor.{kind} import {base}\n\n\n@dataclass(frozen=True)\nclass Torn({base}):\n    a: Nothing = 1\n\n"
        "    async def gather(self, fetcher, now): ...\n\n    def compose(self, edition, context): ...\n\n"
        "    async def publish(self, content, attempt): ...\n",
        "name 'Nothing' is not defined",
    ),
    "own check": (
        "from dataclasses import dataclass\nfrom distributor.{kind} import {base}\n\n\n"
        "@dataclass(frozen=True, kw_only=True)\nclass Torn({base}):\n    a: int = 1\n\n"
        "    def __post_init__(self):\n        self.a.nothing\n\n"
        "    async def gather(self, fetcher, now): ...\n\n    def compose(self, edition, context): ...\n\n"
        "    async def publish(self, content, attempt): ...\n",
        "torn.py:10: AttributeError: 'int' object has no attribute 'nothing'",
    ),
}


@pytest.fixture(params=["source", "channel"])
def kind(request: pytest.FixtureRequest, room: Room) -> str:
    """A newsroom in which a source or a channel of this kind has the type `torn`; no newsletter uses the channel."""
    where = "newsletters:\n" if request.param == "source" else "  feeds: {type: feed"
    room.configure((where, ("  xau: {type: torn}\n") + where))
    (room.folder / f"{request.param}s").mkdir()
    return str(request.param)


def tear(room: Room, kind: str, fault: str) -> None:
    text = FAULTS[fault][0].replace("{kind}", kind).replace("{base}", kind.capitalize())
    (room.folder / f"{kind}s" / "torn.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS)
def test_check_reports_it_once(room: Room, kind: str, fault: str) -> None:
    tear(room, kind, fault)
    done = room.run("check")
    assert done.code == 2
    lines = done.err.splitlines()
    assert len(lines) == 1
    assert f"{kind}s.xau.type: " in lines[0]
    assert FAULTS[fault][1] in lines[0]


@pytest.mark.parametrize("fault", ["syntax", "exit", "no class"])
def test_the_others_are_gathered_and_sent(room: Room, kind: str, fault: str) -> None:
    tear(room, kind, fault)
    done = room.run("gather")
    assert (done.code, "bai-viet: 2 new articles" in done.out) == (0, True)
    assert f"{kind}s.xau.type: " in done.err
    assert "it is left out, and everything else works" in done.err
    sent = room.run("send", "tin-sang", "--no-gather", "--yes")
    assert sent.code == 0, sent
    assert len(room.letters()) == 1
    assert len(room.posts()) == 2


@pytest.mark.parametrize("fault", ["syntax", "exit", "unknown name"])
def test_the_lists_show_the_others_and_name_it(room: Room, kind: str, fault: str) -> None:
    tear(room, kind, fault)
    done = room.run(f"{kind}s")
    assert done.code == 0
    assert "feed" in done.out
    assert f"{kind} type 'torn' cannot be loaded" in done.err
    assert f"# {kind} type 'torn' cannot be loaded" in room.good("config")
    assert room.run(f"{kind}s", "torn").code == 2


def test_a_newsletter_that_uses_the_channel_is_not_sent_and_says_why(room: Room) -> None:
    (room.folder / "channels").mkdir()
    (room.folder / "channels" / "torn.py").write_text("1 / 0\n", encoding="utf-8")
    room.configure(
        ("channels: [mail, feeds, posts]", "channels: [mail, feeds, posts, xau]"),
        ("  feeds: {type: feed", "  xau: {type: torn}\n  feeds: {type: feed"),
    )
    done = room.run("send", "tin-sang", "--yes")
    assert done.code == 1
    assert (
        "channel xau: channel type 'torn' cannot be loaded: torn.py:1: ZeroDivisionError: division by zero" in done.err
    )
    assert room.letters() == []
