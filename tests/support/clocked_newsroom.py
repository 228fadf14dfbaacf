"""A newsroom whose clock only the test moves: articles come, slots pass, letters and posts are really laid down."""

from __future__ import annotations

import asyncio
import email
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from distributor import pipeline
from distributor.articles import repository as article_repository
from distributor.delivery.stats import RunStats
from distributor.model import Article, ParsedArticle
from distributor.newsroom import Newsroom, open_newsroom
from distributor.pipeline import TickResult
from distributor.source import FetchResult
from distributor.storage.database import Database
from distributor.subscribers import subscribe as subscriber_subscribe
from distributor.subscribers.requests import parse_request
from support.builders import found

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")

CONFIG = """\
site: {title: Báo Bắc Sơn, url: "https://bacson.example"}
sources:
  cong: {type: folder, folder: articles, announce_since: 0}
  bao: {type: folder, folder: more, announce_since: 0}
newsletters:
  tin-sang:
    title: Tin sáng
    schedule: every day at 07:00
    channels: [mail, feeds, posts]
channels:
  mail: {type: email, sender: Báo <tin@bacson.example>, maildir: mail}
  feeds: {type: feed, folder: feeds, url: "https://bacson.example/feeds"}
  posts: {type: outbox, folder: outbox}
"""


def local(text: str) -> datetime:
    """`2026-11-23 07:00` in Hanoi."""
    return datetime.fromisoformat(text).replace(tzinfo=HANOI).astimezone(UTC)


@dataclass
class Line:
    """The newsroom, its store, and the hand that moves its clock. Begins on Sunday, 2026-11-22, at noon."""

    folder: Path
    now: datetime = field(default_factory=lambda: local("2026-11-22 12:00"))
    config: str = CONFIG
    new_store: Callable[[], str] | None = None  # makes the address of a store on PostgreSQL, where one is needed
    url: str = ""  # of that store
    _newsroom: Newsroom | None = None
    _store: Database | None = None

    def __post_init__(self) -> None:
        for name in ("articles", "more"):
            (self.folder / name).mkdir(exist_ok=True)

    def configure(self, *lines: str) -> None:
        """Further settings of the newsletter, in YAML's flow style, or of the whole file where they begin with a dot."""
        for line in lines:
            if line.startswith("."):
                self.config = line[1:] + "\n" + self.config
            else:
                self.config = self.config.replace("    title: Tin sáng\n", f"    title: Tin sáng\n    {line}\n")
        self._newsroom = None

    @property
    def newsroom(self) -> Newsroom:
        if self._newsroom is None:
            if self.new_store and not self.url:
                self.url = self.new_store()
                self.config = f"store: {{url: '{self.url}'}}\n{self.config}"
            file = self.folder / "config.yaml"
            file.write_text(self.config, encoding="utf-8")
            self._newsroom = open_newsroom(file)
        return self._newsroom

    @property
    def store(self) -> Database:
        if self._store is None:
            self._store = self.newsroom.open_store()
            self._take("cong", found("cu", title="Tin cũ từ trước khi bắt đầu", published=self.now))
            self._take("bao", found("cu-hon", source="bao", title="Tin còn cũ hơn thế nữa", published=self.now))
            self.answer()
        return self._store

    def open_again(self) -> None:
        """With the store as it is, and the settings as they are now."""
        self.close()
        self._newsroom = None
        self._store = self.newsroom.open_store()

    def close(self) -> None:
        if self._store:
            self._store.close()

    def clock(self) -> datetime:
        return self.now

    # -- what happens ------------------------------------------------------------------------------------------------

    def at(self, text: str) -> None:
        """Move the clock: `07:00` is the next time it shows that; a date goes there."""
        if len(text) > 5:
            self.now = local(text)
            return
        here = self.now.astimezone(HANOI)
        then = here.replace(hour=int(text[:2]), minute=int(text[3:]), second=0, microsecond=0)
        self.now = (then if then > here else then + timedelta(days=1)).astimezone(UTC)

    def subscribe(self, name: str, *topics: str, frequency: str = "") -> None:
        wanted = parse_request(
            f"{name}@example.com", ["tin-sang"], known=["tin-sang"], name=name, topics=topics, frequency=frequency
        )
        with self.store.write() as connection:
            subscriber_subscribe.add(connection, wanted, self.now, keys=self.newsroom.secrets())

    def _take(self, source: str, look: ParsedArticle) -> Article | None:
        with self._store.write() as connection:  # type: ignore[union-attr]
            intake = article_repository.store_articles(
                connection,
                self.newsroom.sources[source],
                FetchResult(articles=[look]),
                authority="bacson.example",
                now=self.now,
            )
        return next(iter(intake.new + intake.changed), None)

    def arrives(self, name: str, *topics: str, source: str = "cong", **more: Any) -> str:
        """An article, or a new version of it; returns its id."""
        _ = self.store
        values: dict[str, Any] = {"title": f"Tin {name} của tỉnh nhà", "published": self.now, "topics": topics}
        taken = self._take(source, found(name, source=source, **{**values, **more}))
        assert taken is not None
        return taken.id

    def answer(self) -> TickResult:
        return pipeline.decide_due(self.newsroom, self.store, self.now, "test")

    def deliver(self) -> RunStats:
        return asyncio.run(pipeline.deliver_due(self.newsroom, self.store, self.clock))

    def send_outbox(self) -> None:
        asyncio.run(pipeline.send_outbox(self.newsroom, self.store, self.clock, asyncio.Event()))

    def day(self, text: str = "07:00") -> TickResult:
        """Go to a time, decide what is due and carry it out."""
        self.at(text)
        answers = self.answer()
        self.deliver()
        return answers

    # -- what there is to see ----------------------------------------------------------------------------------------

    def mailbox(self, name: str) -> list[EmailMessage]:
        """The letters of one reader, oldest first."""
        letters = [
            email.message_from_bytes(file.read_bytes(), policy=policy.default)
            for file in (self.folder / "mail" / "new").glob("*")
        ]
        mine = [letter for letter in letters if f"{name}@" in letter["To"]]
        return sorted(mine, key=lambda letter: (letter["Date"].datetime, letter["Subject"]))

    def read(self, name: str) -> list[list[str]]:
        """Which articles each letter of a reader holds: `Tin a của tỉnh nhà` is `a`."""
        return [sorted(set(re.findall(r"Tin (\S+) của tỉnh nhà", text_of(one)))) for one in self.mailbox(name)]

    def posts(self) -> dict[str, str]:
        return {file.name: file.read_text(encoding="utf-8") for file in sorted((self.folder / "outbox").glob("*.txt"))}

    def feed(self) -> str:
        return (self.folder / "feeds" / "tin-sang" / "rss.xml").read_text(encoding="utf-8")


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return re.sub(r"\s+", " ", body.get_content())


@pytest.fixture(params=["sqlite", "postgresql"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """On each database that there is."""
    made = Line(tmp_path)
    if request.param == "postgresql":
        made.new_store = request.getfixturevalue("postgresql_url")
    yield made
    made.close()
