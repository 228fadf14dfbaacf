"""docs/tutorial.md, followed from the first command to the last in a fresh copy of the checkout: every command is run in its
order, every section is put into config.yaml, and what the page says that is printed is compared.

The blocks of the page: `sh` is commands, and `text` behind it what they print, with `…` for what differs; a title
`you answer` says that the block has what is typed as well, behind each question. `yaml` is a section of config.yaml as it
then is. The two ports are others here, as somebody else may have those of the page, and the time of the newsletter is half
a day away, so that `serve` does not send it by itself.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest
from lxml import html

from distributor.cli import init
from distributor.plugins import registry
from support.newsroom import Room

pytestmark = pytest.mark.timeout(900)

CHECKOUT = Path(__file__).parents[3]
PAGE = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
INSTALLED = ("distributor", "channels", "templates", "samples", "pyproject.toml", "README.md", "LICENSE")
SITE, PAGES, SLOT = "127.0.0.1:8000", "127.0.0.1:8080", "06:30"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_QUESTION = re.compile(r"(.*(?:\]|address|name)):(?: (.*))?")


@dataclass(frozen=True)
class Block:
    """A block of the page: its language, its title, and what is in it."""

    kind: str
    title: str
    text: str


BLOCKS = [Block(*found) for found in _BLOCK.findall(PAGE)]


class Typed(io.StringIO):
    """What somebody types on a terminal, which shows it."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        line = super().readline()
        sys.stdout.write(line)
        return line


def expected(text: str) -> re.Pattern[str]:
    """What an output looks like: `…` is anything within a line, or any lines if it stands alone."""
    lines = [line.rstrip() for line in text.rstrip("\n").splitlines()]
    parts = ["(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*?") + " *\n" for line in lines]
    return re.compile("".join(parts))


def answers(text: str) -> list[str]:
    """What is typed in a block: behind each question."""
    return [found[2] or "" for line in text.splitlines() if (found := _QUESTION.fullmatch(line))]


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass
class Follower:
    """Somebody who does what the page says, and the places where they are."""

    checkout: Path
    room: Room
    monkeypatch: pytest.MonkeyPatch
    running: ExitStack
    ports: dict[str, str] = field(default_factory=lambda: {one: f"127.0.0.1:{free_port()}" for one in (SITE, PAGES)})
    slot: str = field(default_factory=lambda: f"{datetime.now(ZONE) + timedelta(hours=12):%H:%M}")
    opened: list[str] = field(default_factory=list)

    @property
    def newsroom(self) -> Room:
        return Room(self.checkout / "my-newsroom", self.room.run_here, self.room.services)

    def here(self, text: str) -> str:
        """The page's words with our ports and time."""
        for theirs, ours in self.ports.items():
            text = text.replace(theirs, ours).replace(f" {theirs[-4:]}\n", f" {ours.partition(':')[2]}\n")
        return text.replace(SLOT, self.slot)

    def there(self, text: str) -> str:
        """Our words with the page's ports and time."""
        for theirs, ours in self.ports.items():
            text = text.replace(ours, theirs)
        return text.replace(self.slot, SLOT)

    def follow(self) -> Iterator[str]:
        """Do everything, and tell the title of each block that was done."""
        for number, block in enumerate(BLOCKS):
            after = BLOCKS[number + 1] if number + 1 < len(BLOCKS) else None
            said = ""
            if block.kind == "sh":
                said = self.there(self.commands(block, after))
            elif block.kind == "yaml":
                self.put_into_config(block.text)
            if block.kind == "sh" and after and after.kind == "text":
                assert expected(after.text).fullmatch(said), f"{block.text}\n--- printed ---\n{said}"
            yield block.text

    def commands(self, block: Block, after: Block | None) -> str:
        """What the commands of a block print."""
        if "pip install" in block.text:
            return self.install(block.text)
        if block.title.startswith("second terminal"):
            return self.start_the_site(block.text)
        typed = answers(after.text) if after and after.title == "you answer" else []
        with self.monkeypatch.context() as patch:
            patch.setattr("sys.stdin", Typed("".join(f"{line}\n" for line in typed)))
            patch.setattr(init, "on_terminal", lambda: True)
            return "".join(self.one(line) for line in self.here(block.text).splitlines())

    def one(self, line: str) -> str:
        """One command of a terminal, in this process; what it prints."""
        first, *words = re.findall(r'"[^"]*"|\S+', line)
        words = [word.strip('"') for word in words]
        if first == "cd":
            os.chdir(words[0])
        elif first == "export":
            name, _, value = words[0].partition("=")
            if name != "PATH":
                self.monkeypatch.setenv(name, value)
        elif words == ["serve"]:
            return self.serve()
        else:
            assert first == "distributor", line
            done = self.room.run_here(*words)
            assert done.code == 0, (line, done)
            if words[0] == "init":
                self.put_into_config(self.here(f"web:\n  listen: {PAGES}\n"))
            if words[0] == "send":  # the service may still be at its share
                self.newsroom.wait_for(self.all_is_sent)
            return done.out
        return ""

    def all_is_sent(self) -> bool:
        listed = self.room.run_here("deliveries", "--json")
        return all(one["state"] == "sent" for one in listed.json)

    def install(self, text: str) -> str:
        """As on the page, but the libraries are those that the tests have, not asked of a registry."""
        given = {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_BUILD_ISOLATION": "false", "PIP_NO_DEPS": "1"}
        given |= {"PIP_NO_INDEX": "1", "PIP_QUIET": "1", "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        command = ["bash", "-eu", "-c", text.replace("python3", sys.executable, 1)]
        done = subprocess.run(
            command, cwd=self.checkout, env={**os.environ, **given}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_the_site(self, text: str) -> str:
        command = ["bash", "-c", f"exec {self.here(text).replace('python3', sys.executable)}"]
        site = subprocess.Popen(command, cwd=self.checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.running.callback(site.wait)
        self.running.callback(site.kill)
        self.wait_until_answered(self.ports[SITE])
        return ""

    def wait_until_answered(self, address: str) -> None:
        host, port = address.split(":")

        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex((host, int(port))) == 0

        self.newsroom.wait_for(answers)

    def serve(self) -> str:
        self.newsroom.serve("serve")
        self.wait_until_answered(self.ports[PAGES])
        self.subscribe("you@example.com")
        return self.newsroom.log()

    def put_into_config(self, text: str) -> None:
        """A section in the place of the one of this name."""
        file = self.newsroom.folder / "config.yaml"
        name = text.partition(":")[0]
        old = file.read_text(encoding="utf-8")
        section = re.compile(rf"^{name}:.*\n(?:(?:[ #].*)?\n)*", re.MULTILINE)
        assert section.search(old)
        file.write_text(section.sub(lambda _: self.here(text) + "\n", old), encoding="utf-8")

    # -- the browser ---------------------------------------------------------------------------------------------------

    def subscribe(self, address: str) -> None:
        """What step 7 does in a browser: the form, the email in the mailbox, the button behind its link."""
        url = f"http://{self.ports[PAGES]}"
        answer = self.press(f"{url}/subscribe", email=address)
        if b"<form" in answer:  # who is as quick as a program is asked for one more click
            self.press(f"{url}/subscribe", answer)
        self.newsroom.wait_for(lambda: bool(self.newsroom.letters()))
        assert b"you@example.com" in self.get(f"{url}/mailbox")
        text = self.newsroom.letters()[0].read_text(encoding="utf-8").replace("=\n", "")
        found = re.search(rf"{re.escape(url)}/(?:en/)?c/[^\s<>\"]+", text.replace("=3D", "="))
        assert found, text
        assert b"subscribed" in self.press(found[0])

    def get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def press(self, url: str, page: bytes = b"", **filled: str) -> bytes:
        """Fill in the form of a page and send it; the answer."""
        answered: Any = html.fromstring(page or self.get(url))
        form = answered.forms[0]
        values = {name: "" if value == "on" else value for name, value in form.form_values()} | filled  # lxml's on
        address = urllib.parse.urljoin(url, form.action or url)
        data = urllib.parse.urlencode(values).encode()
        with urllib.request.urlopen(address, data, timeout=30) as answer:
            body: bytes = answer.read()
            return body


@pytest.fixture
def follower(tmp_path: Path, room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in INSTALLED:
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, checkout / name)
    monkeypatch.chdir(checkout)
    with ExitStack() as running:
        made = Follower(checkout, room, monkeypatch, running)
        monkeypatch.setattr(click, "launch", lambda url: made.opened.append(url))
        yield made
        for registered in (registry.channels, registry.sources):
            registered.leave(checkout / "my-newsroom" / registered.section)


def test_the_tutorial_works_as_it_is_written(follower: Follower) -> None:
    done = list(follower.follow())
    assert done == [block.text for block in BLOCKS]
    assert follower.opened == [str(follower.newsroom.folder / "var/preview/morning/index.html")]
    assert len(follower.newsroom.letters()) == 1 + 1 + 1 + 2  # confirmation, welcome, test, edition


def test_what_is_printed_is_compared() -> None:
    assert expected("a … c\n…\nend\n").fullmatch("a b c\nmore\nand more\nend\n")
    assert not expected("a … c\nend\n").fullmatch("a b c\nmore\nend\n")
    assert not expected("a\n").fullmatch("a\nb\n")
    assert answers("Name [x]: Lan\nIts address:\nSend it? [y/N]: y\nsubject: x\n") == ["Lan", "", "y"]
