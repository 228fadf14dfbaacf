"""The sample newsroom in a folder of its own, with an edition that was sent, a draft for reviewers, and a service."""

from __future__ import annotations

import asyncio
import contextlib
import email
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

CHECKOUT = Path(__file__).parent.parent.parent
REVIEWERS = {"vi": "bien.tap@bacson.example", "en": "editor@bacson.example"}  # each decides upon a draft of their own
_PATIENCE = 60.0  # seconds for an email to come
_DRAFTED = """\
  cho-duyet-{language}:
    title: {title}
    language: {language}
    schedule: every day at {slot}
    review: {{before: 30m, reviewers: [{reviewer}]}}
    channels: [mail]
"""
_TITLES = {"vi": "Bản tin chờ duyệt", "en": "A newsletter that is reviewed"}


@dataclass(frozen=True)
class SampleNewsroom:
    folder: Path
    url: str

    def run(self, *arguments: str) -> None:
        subprocess.run(self.command(*arguments), check=True, capture_output=True, cwd=self.folder)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "distributor", "-c", str(self.folder / "config.yaml"), *arguments]

    async def link(self, kind: str, to: str) -> str:
        """The newest link of a kind (`u`, `p`, `c` …) that was sent to an address; waits for it."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            for letter in sorted(self._letters(), key=lambda one: one.stat().st_mtime_ns, reverse=True):
                message = email.message_from_bytes(letter.read_bytes(), policy=policy.default)
                found = re.search(rf"{re.escape(self.url)}(?:/en|/vi)?/{kind}/[^\s<>)\]/]+", _text(message))
                if to in str(message["To"]) and found:
                    return found.group()
            await asyncio.sleep(0.2)
        raise SystemExit(f"error: no email with a link /{kind}/ came to {to}")

    @contextlib.contextmanager
    def crowded(self) -> Iterator[None]:
        """So many people sign up at the moment that nobody else is taken."""
        count = "UPDATE attempt_counts SET count = count {} 100000 WHERE key = 'signup'"
        self._change_store(count.format("+"))
        try:
            yield
        finally:
            self._change_store(count.format("-"))

    @contextlib.contextmanager
    def broken(self) -> Iterator[None]:
        """The store lacks something that signing up needs."""
        self._change_store("ALTER TABLE attempt_counts RENAME TO lost")
        try:
            yield
        finally:
            self._change_store("ALTER TABLE lost RENAME TO attempt_counts")

    def _change_store(self, statement: str) -> None:
        with contextlib.closing(sqlite3.connect(self.folder / "var" / "distributor.db", timeout=30)) as store:
            store.execute(statement)
            store.commit()

    def _letters(self) -> Iterator[Path]:
        return (self.folder / "var" / "mail" / "new").glob("*")


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[SampleNewsroom]:
    """`make run` and `distributor serve`, in a folder, at a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    shutil.copytree(CHECKOUT / "samples", folder / "samples")
    slot = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")) + timedelta(minutes=25)
    drafted = "".join(
        _DRAFTED.format(language=language, title=_TITLES[language], slot=f"{slot:%H:%M}", reviewer=reviewer)
        for language, reviewer in REVIEWERS.items()
    )
    config = (CHECKOUT / "config.yaml").read_text(encoding="utf-8").replace("127.0.0.1:8080", address)
    config = re.sub(r"^channels: ", f"{drafted}\nchannels: ", config, flags=re.MULTILINE)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    room = SampleNewsroom(folder, f"http://{address}")
    room.run("subscribers", "import", "samples/subscribers.csv", "--consent", "sample list")
    room.run("gather")
    room.run("send", "tin-sang", "--no-gather", "--yes")
    with (folder / "serve.log").open("w") as log:
        service = subprocess.Popen(room.command("serve", "--tick", "0.5"), stdout=log, stderr=log, cwd=folder)
    try:
        while "web pages at" not in (folder / "serve.log").read_text(encoding="utf-8"):
            if service.poll() is not None:
                raise SystemExit(f"error: the service ended: {(folder / 'serve.log').read_text(encoding='utf-8')}")
            time.sleep(0.1)
        yield room
    finally:
        service.terminate()
        service.wait()
