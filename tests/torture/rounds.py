"""One round: a run is killed, again and again perhaps, started again until nothing is open, and then judged.

promised letters ─▶ deliver ─✂─▶ deliver ─✂─▶ … ─▶ deliver ─▶ the sink's log against the ledger
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from distributor import pipeline
from distributor.newsroom import open_newsroom
from distributor.storage.database import Database
from distributor.storage.tables import deliveries, subscribers, subscriptions

CONNECTIONS = 6
CONFIG = """\
instance: torture
site: {{title: Báo Bắc Sơn, url: "https://bacson.example"}}
store: {{url: "{store}"}}
sources:
  cong: {{type: folder, folder: articles, announce_since: 10}}
newsletters:
  tin-sang: {{title: Tin sáng, schedule: every day at 07:00, channels: [mail], on_uncertain: {on_uncertain}}}
channels:
  mail:
    type: email
    sender: Báo <tin@bacson.example>
    host: 127.0.0.1
    port: {port}
    tls: none
    connections: {connections}
"""


@dataclass(frozen=True)
class Verdict:
    """What came of a round. `lost` were promised and reached nobody although the ledger says nothing of it; `twice` got
    more than one copy; `unexplained` are those of them that were never in doubt; `false` are sent by the ledger alone;
    `different` copies were not the same bytes; `in_doubt` is the largest number of rows in doubt after one kill."""

    kills: int
    lost: frozenset[str]
    twice: frozenset[str]
    unexplained: frozenset[str]
    false: frozenset[str]
    different: frozenset[str]
    in_doubt: int
    held: frozenset[str]
    still_open: int

    @property
    def good(self) -> bool:
        clean = not (self.lost or self.unexplained or self.false or self.different or self.still_open)
        return clean and self.in_doubt <= CONNECTIONS


@dataclass
class Arena:
    """A prepared newsroom with a promised edition, copied for each round."""

    folder: Path
    readers: int
    on_uncertain: str = "resend"
    new_store: Callable[[], str] | None = None  # makes an empty PostgreSQL database; SQLite without it
    copy_store: Callable[[str], str] | None = None
    url: str = "sqlite:///var/distributor.db"
    rounds: int = field(default=0, init=False)

    def prepare(self) -> None:
        (self.folder / "articles").mkdir(parents=True)
        for number in range(3):
            text = f"---\ntitle: Tin số {number}\nlead: Tóm tắt\n---\n\n{'Nội dung. ' * 200}\n"
            (self.folder / "articles" / f"{number}.md").write_text(text, encoding="utf-8")
        if self.new_store:
            self.url = self.new_store()
        self._configure(self.folder, self.url, 9)
        room = open_newsroom(self.folder / "config.yaml")
        store = room.open_store()
        now = datetime.now(UTC)
        with store.write() as connection:
            people = [_person(number, now) for number in range(self.readers)]
            connection.execute(sa.insert(subscribers), people)
            lists = [{"subscriber_id": one["id"], "newsletter": "tin-sang", "since": now} for one in people]
            connection.execute(sa.insert(subscriptions), lists)
        asyncio.run(pipeline.gather_sources(room, store, lambda: datetime.now(UTC)))
        made = pipeline.publish_edition(
            pipeline.StepContext(room, store, datetime.now(UTC), "torture"),
            pipeline.EditionRequest(newsletter=room.newsletter("tin-sang")),
        )
        assert made and made.edition and made.audience == self.readers
        store.close()

    def _configure(self, folder: Path, url: str, port: int) -> None:
        text = CONFIG.format(store=url, port=port, connections=CONNECTIONS, on_uncertain=self.on_uncertain)
        (folder / "config.yaml").write_text(text, encoding="utf-8")

    @contextlib.contextmanager
    def round(self) -> Iterator[Round]:
        self.rounds += 1
        folder = self.folder.with_name(f"{self.folder.name}-{self.rounds}")
        shutil.copytree(self.folder, folder)
        url = self.copy_store(self.url) if self.copy_store else self.url
        log = folder / "sink.log"
        log.touch()
        sink = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("sink.py")), str(log)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert sink.stdout
            self._configure(folder, url, int(sink.stdout.readline()))
            yield Round(folder, Database.open(url, folder), log)
        finally:
            sink.kill()
            sink.wait()
            assert sink.stdout
            sink.stdout.close()
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Round:
    """A copy of the newsroom and the sink that it sends to."""

    folder: Path
    store: Database
    log: Path
    kills: int = 0
    in_doubt: int = 0
    doubted: set[str] = field(default_factory=set)

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributor", "-c", str(self.folder / "config.yaml"), "deliver"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)

    def seen(self) -> int:
        """How many messages the sink has taken."""
        return self.log.read_bytes().count(b"\n")

    def kill_at(self, count: int, how: signal.Signals = signal.SIGKILL, later: float = 0) -> int:
        """Start a run, kill it when the sink has seen so many messages, or so many seconds later; its exit code."""
        process = self.start()
        while process.poll() is None and self.seen() < count:
            time.sleep(0.001)
        time.sleep(later)
        process.send_signal(how)
        code = process.wait(120)
        if how == signal.SIGKILL:
            rows = self._rows("sending")
            self.kills += 1
            self.in_doubt = max(self.in_doubt, len(rows))
            self.doubted |= rows
        return code

    def finish(self) -> None:
        """Start again until nothing is open."""
        for _ in range(20):
            self.start().wait(300)
            if not self._rows("pending", "sending", "deferred"):
                return

    def _rows(self, *states: str) -> set[str]:
        with self.store.read() as connection:
            query = sa.select(deliveries.c.address).where(deliveries.c.state.in_(states))
            return set(connection.execute(query).scalars())

    def judge(self) -> Verdict:
        lines = [line.split() for line in self.log.read_text().splitlines()]
        copies = Counter(line[0] for line in lines)
        forms: dict[str, set[tuple[str, str]]] = {}
        for address, message_id, digest in lines:
            forms.setdefault(address, set()).add((message_id, digest))
        everybody = self._rows(
            "pending", "sending", "sent", "deferred", "rejected", "uncertain", "suppressed", "expired"
        )
        sent, uncertain = self._rows("sent"), self._rows("uncertain")
        twice = frozenset(address for address, number in copies.items() if number > 1)
        verdict = Verdict(
            kills=self.kills,
            lost=frozenset(everybody - copies.keys() - uncertain),
            twice=twice,
            unexplained=frozenset(twice - self.doubted),
            false=frozenset(sent - copies.keys()),
            different=frozenset(address for address, kinds in forms.items() if len(kinds) > 1),
            in_doubt=self.in_doubt,
            held=frozenset(uncertain),
            still_open=len(self._rows("pending", "sending", "deferred")),
        )
        self.store.close()
        return verdict


def instants(readers: int, chance: random.Random) -> list[tuple[int, float]]:
    """When to kill: one to three instants of a run, by messages seen and a little later."""
    kills = chance.choice((1, 1, 1, 2, 3))
    return sorted((chance.randrange(readers), chance.random() * 0.02) for _ in range(kills))


def _person(number: int, now: datetime) -> dict[str, object]:
    address = f"r{number}@example.vn"
    return {
        "id": f"{number:016x}", "address": address, "address_key": address, "name": f"Bạn đọc số {number}",
        "language": "vi", "topics": [], "topics_key": "", "frequency": "each", "consent": "", "created": now,
    }  # fmt: skip
