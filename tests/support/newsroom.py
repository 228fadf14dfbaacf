"""A small newsroom in a folder, and the command line run on it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor.cli.main import _run
from distributor.plugins import registry
from distributor.storage.database import Database
from distributor.storage.tables import newsletter_since

CONFIG = """\
site:
  title: Báo Bắc Sơn
  url: https://bacson.example
  contact: toasoan@bacson.example
sources:
  bai-viet: {type: folder, folder: articles, url: "https://bacson.example/tin/{slug}"}
newsletters:
  tin-sang:
    title: Tin sáng
    schedule: "* * * * *"
    channels: [mail, feeds, posts]
channels:
  mail: {type: email, sender: Báo Bắc Sơn <tin@bacson.example>}
  feeds: {type: feed, folder: var/feeds, url: "https://bacson.example/feeds"}
  posts: {type: outbox, folder: var/outbox, network: mastodon}
"""

SLOW_CHANNEL = '''\
"""Writes each post into a file, slowly, one line for each time it is asked to."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from distributor.channel import Channel, Folder, Post, Receipt


@dataclass(frozen=True, kw_only=True)
class Slow(Channel):
    file: Annotated[Folder, "the file"]
    seconds: Annotated[float, "how slowly"] = 0.3

    def compose(self, edition, context):
        return [Post(variant=a.id, text=a.title, title=a.title, article=a.id) for a in edition.articles]

    async def publish(self, post, attempt):
        with self.file.open("a", encoding="utf-8") as out:
            out.write(post.variant + "\\n")
        await asyncio.sleep(self.seconds)
        return Receipt()
'''


READER = "Lan <lan@example.com>"


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Room:
    """A newsroom folder."""

    folder: Path
    run_here: Callable[..., Done]
    services: list[subprocess.Popen[str]] = field(default_factory=list)
    url: str = "sqlite:///var/distributor.db"

    def run(self, *arguments: str) -> Done:
        return self.run_here("-c", str(self.folder / "config.yaml"), *arguments)

    def good(self, *arguments: str) -> str:
        """What a command says that must end well."""
        done = self.run(*arguments)
        assert done.code == 0, done
        return done.out

    def configure(self, *changes: tuple[str, str]) -> None:
        file = self.folder / "config.yaml"
        text = file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    def keep_in(self, url: str) -> None:
        """Another store than the one that the folder came with, with the same reader in it."""
        file = self.folder / "config.yaml"
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "sqlite:///" not in line]
        lines = [line for line in lines if line.rstrip() != "store:" and not line.startswith("store:")]
        file.write_text("\n".join([*lines, f"store: {{url: '{url}'}}", ""]), encoding="utf-8")
        if url != self.url:
            self.url = url
            self.good("subscribers", "add", READER)

    def write(self, name: str, title: str, **more: str) -> None:
        """An article, or another version of it."""
        lines = [f"{key}: {value}" for key, value in {"title": title, "lead": f"Tóm tắt của {title}.", **more}.items()]
        file = self.folder / "articles" / f"{name}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text("---\n" + "\n".join(lines) + f"\n---\n\nNội dung của {title}.\n", encoding="utf-8")

    def letters(self) -> list[Path]:
        return sorted((self.folder / "var" / "mail" / "new").glob("*"))

    def posts(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "var" / "outbox").glob("*.txt"))

    def store(self) -> Database:
        opened = Database.open(self.url, self.folder)
        opened.migrate()
        return opened

    def watched_since(self, ago: timedelta) -> None:
        """Let the store have known the newsletter for a while, so that slots of the last minutes are due."""
        opened = self.store()
        with opened.write() as connection:
            values = {"newsletter": "tin-sang", "since": datetime.now(UTC) - ago}
            connection.execute(sa.insert(newsletter_since).values(values))
        opened.close()

    def serve(self, *arguments: str) -> subprocess.Popen[str]:
        """The service as a process of its own, or another command that goes on and on."""
        config = str(self.folder / "config.yaml")
        command = [sys.executable, "-m", "distributor", "-c", config, *(arguments or ("serve", "--tick", "0.2"))]
        log = (self.folder / f"serve-{len(self.services)}.log").open("w", encoding="utf-8")
        with log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, text=True, cwd=self.folder)
        self.services.append(process)
        return process

    def log(self) -> str:
        return "\n".join(file.read_text(encoding="utf-8") for file in sorted(self.folder.glob("serve-*.log")))

    def wait_for(self, what: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something is so; the limit is only there so that a broken test ends."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f"in vain; the service said:\n{self.log()}"
            time.sleep(0.05)


@pytest.fixture(scope="session")
def first_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`var/` of a newsroom with one subscriber, as the command line makes it; each test has a copy."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    assert _run(["-c", str(folder / "config.yaml"), "subscribers", "add", READER]) == 0
    return folder / "var"


@pytest.fixture
def room(tmp_path: Path, first_var: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Room]:
    """A newsroom with two articles and one subscriber."""

    def run_here(*arguments: str) -> Done:
        capsys.readouterr()
        try:
            code = _run(list(arguments))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    folder = tmp_path / "newsroom"
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    made = Room(folder, run_here)
    made.write("mot", "Khởi công đường tỉnh 254", date="2026-11-20 08:00")
    made.write("hai", "Chè Tân Lập sang Nhật Bản", date="2026-11-20 09:00")
    shutil.copytree(first_var, folder / "var")
    yield made
    for process in made.services:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
    registry.channels.leave(folder / "channels")
    registry.sources.leave(folder / "sources")


@pytest.fixture
def unread_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` and `doctor` do not read the templates, which takes them a second each time."""
    monkeypatch.setattr("distributor.design.check.check_templates", lambda newsroom: [])


@pytest.fixture
def slow_room(room: Room) -> Room:
    """The newsroom with a slow channel of its own instead of the others, and five articles."""
    (room.folder / "channels").mkdir()
    (room.folder / "channels" / "slow.py").write_text(SLOW_CHANNEL, encoding="utf-8")
    room.configure(
        ("channels: [mail, feeds, posts]", "channels: [wall]"),
        ("  mail: {type: email", "  wall: {type: slow, file: var/wall.txt}\n  mail: {type: email"),
    )
    for name in ("ba", "bon", "nam"):
        room.write(name, f"Tin thứ {name} trong ngày hôm nay", date="2026-11-20 10:00")
    return room


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a store, on each database that there is."""
    return "sqlite:///var/distributor.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")()
