"""The sample newsroom with many readers, and an edition of it that is frozen and promised, but not delivered yet.

It lies in `var/` of the checkout: folders for temporary files are in memory on some machines, and there a commit that
survives a power cut costs nothing. A prepared store is kept beside the one that is worked on, and put back for each run.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
import yaml

from distributor import pipeline
from distributor.mail.address import normalize
from distributor.newsroom import Newsroom, open_newsroom
from distributor.storage.database import Database
from distributor.storage.tables import subscribers, subscriptions

CHECKOUT = Path(__file__).parent.parent
NEWSLETTER = "tin-sang"
BATCH = 10_000
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Nông", "Triệu", "Hà")
MIDDLES = ("Thị", "Văn", "Minh", "Ngọc", "Đức", "Thanh", "Hữu", "Quỳnh")
GIVEN = ("Lan", "Hùng", "Phượng", "Đạt", "Thảo", "Tuấn", "Yến", "Khánh", "Sơn", "Hiền", "Việt", "Ánh")
HOSTS = ("example.com", "example.net", "example.org", "thu.example", "hopthu.example")


class Store(Protocol):
    """Where everything is remembered: at `url`. `keep` puts it aside, `restore` makes it what was put aside."""

    @property
    def url(self) -> str: ...

    def keep(self) -> None: ...

    def restore(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SqliteStore:
    """One file. It is on the disk before a run begins, so that the run does not pay for writing the copy."""

    file: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    @property
    def _kept(self) -> Path:
        return self.file.with_suffix(".kept")

    def keep(self) -> None:
        shutil.copyfile(self.file, self._kept)

    def restore(self) -> None:
        for tail in ("-wal", "-shm"):
            self.file.with_name(self.file.name + tail).unlink(missing_ok=True)
        shutil.copyfile(self._kept, self.file)
        with self.file.open("rb") as copy:
            os.fsync(copy.fileno())


@dataclass(frozen=True, slots=True)
class Way:
    """How the letters go out: the port of this machine, connections at most, and the key that signs them, if any.

    `messages_per_connection` messages go over each; None leaves that to the program.
    """

    port: int
    connections: int
    messages_per_connection: int | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class BenchmarkNewsroom:
    """The folder of a newsroom whose edition waits for `readers` readers."""

    folder: Path
    store: Store
    readers: int

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @classmethod
    def prepare(cls, folder: Path, store: Store, readers: int) -> BenchmarkNewsroom:
        """Gather the sample articles, take in readers, freeze and promise an edition, and keep all of it."""
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "samples").exists():
            (folder / "samples").symlink_to(CHECKOUT / "samples", target_is_directory=True)
        context = cls(folder, store, readers)
        context.lead(Way(port=1, connections=1))
        command = [sys.executable, "-m", "distributor", "-c", str(context.config), "gather"]
        subprocess.run(command, check=True, capture_output=True)
        newsroom = open_newsroom(context.config)
        database = newsroom.open_store()
        try:
            fill(database, readers)
            promise(newsroom, database)
        finally:
            database.close()
        store.keep()
        return context

    def lead(self, way: Way) -> None:
        """Write a config.yaml: the sample's, with one channel, which goes this way."""
        config: dict[str, Any] = yaml.safe_load((CHECKOUT / "config.yaml").read_text(encoding="utf-8"))
        sender = config["channels"]["mail"]["sender"]
        mail = {"type": "email", "sender": sender, "host": "127.0.0.1", "port": way.port, "tls": "none"}
        mail |= {"connections": way.connections}
        if way.messages_per_connection:
            mail["messages_per_connection"] = way.messages_per_connection
        if way.key:
            mail["dkim"] = [{"domain": "bacson.example", "selector": "bench", "key": str(way.key)}]
        newsletter = config["newsletters"][NEWSLETTER] | {"channels": ["mail"]}
        config |= {
            "store": {"url": self.store.url},
            "channels": {"mail": mail},
            "newsletters": {NEWSLETTER: newsletter},
        }
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")


def people(count: int) -> Iterator[dict[str, Any]]:
    """Readers with Vietnamese names. The same people at every run."""
    chance, now = random.Random(count), datetime.now(UTC)
    for number in range(count):
        address = f"ban.doc{number}@{HOSTS[number % len(HOSTS)]}"
        name = f"{chance.choice(FAMILIES)} {chance.choice(MIDDLES)} {chance.choice(GIVEN)}"
        yield {
            "id": f"{chance.getrandbits(64):016x}", "address": address, "address_key": normalize(address), "name": name,
            "language": "vi", "topics": [], "topics_key": "", "frequency": "each", "consent": "", "created": now,
        }  # fmt: skip


def fill(database: Database, count: int) -> None:
    """Take in readers. Straight into the tables, as this is not what is measured."""
    crowd = people(count)
    while batch := [person for _, person in zip(range(BATCH), crowd, strict=False)]:
        lists = [{"subscriber_id": one["id"], "newsletter": NEWSLETTER, "since": one["created"]} for one in batch]
        with database.write() as connection:
            connection.execute(sa.insert(subscribers), batch)
            connection.execute(sa.insert(subscriptions), lists)


def promise(newsroom: Newsroom, database: Database) -> None:
    """Freeze an edition of all there is: from here on nothing is left but to deliver it."""
    now = datetime.now(UTC)
    made = pipeline.publish_edition(
        pipeline.StepContext(newsroom, database, now, "bench"),
        pipeline.EditionRequest(newsletter=newsroom.newsletter(NEWSLETTER)),
    )
    if made is None or made.edition is None or made.held:
        reason = made.held or made.selection.reason if made else "the slot is taken"
        raise SystemExit(f"error: the sample newsroom made no edition to deliver: {reason}")
