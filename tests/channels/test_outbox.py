"""Outbox and console, and the way in which files are written."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from distributor.errors import Unavailable
from support.attempts import attempt, publish
from support.builders import article, edition
from support.social_networks import FakeContext

outbox: Any = importlib.import_module("distributor.channels.outbox")
console: Any = importlib.import_module("distributor.channels.console")
files: Any = importlib.import_module("distributor.kit.files")


async def test_the_outbox_shows_each_post_as_the_network_would_get_it(tmp_path: Path, context: FakeContext) -> None:
    """With what it counts there: the address 23 on Mastodon, as written on Telegram."""
    posts = outbox.Outbox(name="posts", folder=tmp_path / "out", network="mastodon")
    news = (article("a1", title="Tin", lead="ẫ" * 9, url="https://bacson.example/" + "x" * 400),)
    (rendition,) = posts.compose(edition(articles=news), context)
    receipt = await publish(posts, rendition)
    file = tmp_path / "out" / "tin-sang-1-a1.txt"
    assert receipt.url == file.as_uri()
    assert file.read_text().startswith("Tin\n\nẫẫẫẫẫẫẫẫẫ\n\nhttps://bacson.example/xxx")
    assert file.read_text().endswith(f"\n-- \nmastodon: {3 + 2 + 9 + 2 + 23} of 500 characters\n")
    telegram = outbox.Outbox(name="posts", folder=tmp_path / "out", network="telegram")
    await publish(telegram, telegram.compose(edition(articles=news), context)[0])
    assert file.read_text().endswith("telegram: 439 of 4096 characters\n")


async def test_a_post_in_the_outbox_can_be_corrected_and_taken_back(tmp_path: Path, context: FakeContext) -> None:
    posts = outbox.Outbox(name="posts", folder=tmp_path)
    receipt = await publish(posts, posts.compose(edition(), context)[0])
    (corrected,) = posts.compose(edition(articles=(article("a0", title="Đính chính"),)), context)
    await posts.edit(receipt, corrected, attempt(posts, corrected))
    assert [file.read_text()[:10] for file in tmp_path.iterdir()] == ["Đính chính"]
    await posts.delete(receipt, attempt(posts))
    await posts.delete(receipt, attempt(posts))
    assert not list(tmp_path.iterdir())


async def test_a_folder_that_cannot_be_written_is_told_with_its_path_and_reason(
    tmp_path: Path, context: FakeContext
) -> None:
    (tmp_path / "out").write_text("a file is in the way")
    posts = outbox.Outbox(name="posts", folder=tmp_path / "out")
    with pytest.raises(Unavailable, match=r"out/tin-sang-1-a0\.txt cannot be written: Not a directory"):
        await publish(posts, posts.compose(edition(), context)[0])
