"""Tests of `distributor channels new`, `test` and `login` in a newsroom folder without a checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from distributor.cli.main import main
from distributor.delivery.attempts import read_state
from distributor.newsroom import open_newsroom
from distributor.plugins import registry

CONFIG = """\
site:
  title: Báo Bắc Sơn
  url: https://bacson.example
sources:
  cong:
    type: folder
    folder: articles
channels:
  board:
    type: board
    url: https://board.example
  quiet:
    type: console
newsletters:
  tin-sang:
    title: Tin sáng
    channels: [board]
"""

BOARD = '''\
"""A board.

    channels:
      board:
        type: board
        url: https://board.example

Log in to it.
"""

from dataclasses import dataclass
from typing import Annotated

from distributor.channel import Channel, Document, Receipt, Url
from distributor.errors import AuthBroken


@dataclass(frozen=True, kw_only=True)
class Board(Channel):
    url: Annotated[Url, "address of the board"]

    def compose(self, edition, context):
        return [Document(variant="a", media_type="text/plain", body=edition.subject.encode())]

    async def publish(self, content, attempt):
        return Receipt(remote_id="1")

    async def login(self, ask, attempt):
        name, word = ask("Name:"), ask("Password:", secret=True)
        if word != "sesame":
            raise AuthBroken("the password is wrong")
        return {"session": f"{name}'s session"}
'''


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "articles").mkdir()
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "board.py").write_text(BOARD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    registry.channels.leave(tmp_path / "channels")


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["channels", *arguments], input=typed)


def test_a_skeleton_keeps_every_promise_as_it_stands(newsroom: Path) -> None:
    made = run("new", "my_net")
    assert made.exit_code == 0, made.output
    assert "distributor channels test my_net" in made.output
    tried = run("test", "my_net")
    assert tried.exit_code == 0, tried.output
    assert "17 promises kept, 0 broken" in tried.output
    done = subprocess.run(
        [sys.executable, "tests/test_channel_my_net.py"], cwd=newsroom, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "ok\n", done.stderr


def test_a_skeleton_overwrites_nothing(newsroom: Path) -> None:
    assert run("new", "my_net").exit_code == 0
    written = (newsroom / "channels" / "my_net.py").read_bytes()
    again = run("new", "my_net")
    assert "exists already: nothing was changed" in str(again.exception)
    assert (newsroom / "channels" / "my_net.py").read_bytes() == written
    assert "already; take another name" in str(run("new", "mastodon").exception)


def test_a_channel_of_config_yaml_is_tried_with_its_settings(newsroom: Path) -> None:
    tried = run("test", "quiet", "--json")
    assert tried.exit_code == 0, tried.output
    assert {one["kept"] for one in json.loads(tried.output)} == {True, None}


def test_a_channel_of_config_yaml_is_tried_without_its_secrets(newsroom: Path) -> None:
    run("new", "my_net")
    config = newsroom / "config.yaml"
    settings = "{type: my_net, url: 'https://my.example', token: '${MY_NET_TOKEN}'}"
    config.write_text(CONFIG.replace("  quiet:", f"  mine: {settings}\n  quiet:"), encoding="utf-8")
    tried = run("test", "mine", "--request", "check")
    assert tried.exit_code == 0, tried.output


def test_a_broken_promise_is_a_line_and_an_exit_code(newsroom: Path) -> None:
    board = newsroom / "channels" / "board.py"
    board.write_text(BOARD.replace('raise AuthBroken("the password is wrong")', "raise ValueError"), encoding="utf-8")
    tried = run("test", "board")
    assert tried.exit_code == 1
    (line,) = [line for line in tried.output.splitlines() if line.startswith("failed")]
    assert line.startswith("failed  works: every act succeeds when all is well: login: it raises ValueError")


def test_one_request_can_be_tried_alone_and_looked_at(newsroom: Path) -> None:
    run("new", "my_net")
    tried = run("test", "my_net", "--request", "find", "--verbose")
    assert tried.exit_code == 0, tried.output
    assert "find: find answers 500 -> Unavailable: api.network.example answered 500" in tried.output
    assert "publish: " not in tried.output


def test_a_login_is_stored_and_forgotten(newsroom: Path) -> None:
    done = run("login", "board", typed="lan\nsesame\n")
    assert done.exit_code == 0, done.output
    assert "board: logged in" in done.output
    assert "sesame" not in done.output
    assert remembered(newsroom) == {"session": "lan's session"}
    assert "its session and tokens are forgotten" in run("login", "board", "--forget").output
    assert remembered(newsroom) == {}
    assert "board was not logged in" in run("login", "board", "--forget").output


def test_a_login_that_is_refused_changes_nothing(newsroom: Path) -> None:
    assert run("login", "board", typed="lan\nsesame\n").exit_code == 0
    refused = run("login", "board", typed="eve\nopen\n")
    assert refused.exit_code == 1
    assert "board: not logged in: the password is wrong" in refused.output
    assert remembered(newsroom) == {"session": "lan's session"}


def test_who_needs_no_login_is_told(newsroom: Path) -> None:
    assert "channel quiet needs no login" in str(run("login", "quiet").exception)
    assert "channel wall is not in config.yaml" in str(run("login", "wall").exception)


def remembered(newsroom: Path) -> object:
    """What the store holds of the board's login."""
    database = open_newsroom(newsroom / "config.yaml").open_store()
    try:
        with database.read() as connection:
            return read_state(connection, "board")
    finally:
        database.close()
