"""A folder source and the articles that a store has made of its files; it never asks the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from distributor.articles import repository as article_repository
from distributor.gathering.sources.folder import FolderSource
from distributor.model import Article
from distributor.source import Availability
from distributor.storage.database import Database
from support.builders import NO_NETWORK, NOW


@dataclass(frozen=True)
class FolderNewsroom:
    """A folder of articles, and the articles that the store has made of it."""

    database: Database
    source: FolderSource

    def write(self, name: str, text: str) -> Path:
        file = self.source.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    async def gather(self) -> dict[str, Article]:
        """The stored articles by title, after a gather."""
        harvest = await self.source.gather(NO_NETWORK, NOW)
        with self.database.write() as connection:
            article_repository.store_articles(connection, self.source, harvest, authority="bacson.example", now=NOW)
            return {one.title: one for one in article_repository.list_newest_articles(connection, 100)}

    async def asks(self, article: Article) -> Availability:
        return await self.source.check_availability(NO_NETWORK, article)


@pytest.fixture
def folder_newsroom(database: Database, tmp_path: Path) -> FolderNewsroom:
    folder = tmp_path / "articles"
    folder.mkdir()
    url = "https://bacson.example/tin/{slug}"
    made = FolderNewsroom(database, FolderSource(name="bai-viet", folder=folder, url=url, topics=("Tin tỉnh",)))
    made.write("2026/duong.md", "---\ntitle: Khởi công đường tỉnh\ndate: 2026-11-23\n---\nTuyến đường.\n")
    made.write("che.md", "---\ntitle: Chè Tân Lập\nid: 'B-254'\ndate: 2026-11-23\n---\nChè ngon.\n")
    made.write("hop.txt", "23/11/2026\n\nHội nghị giao ban\n\nSáng 23/11, hội nghị đã họp.\n")
    return made
