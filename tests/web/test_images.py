"""Images of emails on the web: kept for ever, shown anywhere, and nothing else of the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor import pipeline
from distributor.images.prepared import ImageVersions, ResizedImage
from distributor.model import Image, edition_to_json
from distributor.pipeline import housekeeping
from support.clocked_newsroom import Line
from support.web_client import Visitor

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 2000
SOURCE = "https://bacson.example/anh.jpg"


def put(line: Line, body: bytes = PNG) -> str:
    """An image in the cache; returns its public address."""
    assert line.newsroom.images
    cache = line.newsroom.images.cache
    return cache.put(SOURCE, ImageVersions(1200, 800, (ResizedImage(body, "png", 536, 357),)), line.now).files[0].url


async def test_an_image_is_kept_for_ever_and_shown_in_pages_of_others(visitor: Visitor) -> None:
    url = put(visitor.line)
    assert url.startswith("https://news.bacson.example/images/")
    path = url.removeprefix("https://news.bacson.example")
    for method in ("GET", "HEAD"):
        answer = await visitor.ask(method, path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == (PNG if method == "GET" else b"")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert (await visitor.get(path, headers=known)).status == 304
    assert (await visitor.ask("POST", path)).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/images/", "/images/.index", "/images/.index/x.json", "/images/../distributor.db",
        "/images/%2e%2e/%2e%2e/secret.key", "/images/..%2fsecret.key", "/images/" + "0" * 32 + ".jpg",
        "/images/" + "0" * 32 + ".png%00.jpg", "/images/" + "0" * 32 + ".svg", "/images/" + "A" * 32 + ".jpg",
    ],
)  # fmt: skip
async def test_nothing_else_of_the_disk_is_shown(visitor: Visitor, path: str) -> None:
    put(visitor.line)
    for place in ("var/public/images/x.json", "var/public/images/.index/x.json", "var/secret.key"):
        (visitor.line.folder / place).write_text("geheim")
    answer = await visitor.get(path)
    assert answer.status == 404
    assert b"geheim" not in await answer.read()


async def test_sent_emails_keep_their_images_when_no_more_are_made(visitor: Visitor) -> None:
    path = put(visitor.line).removeprefix("https://news.bacson.example")
    visitor.line.configure(".images: off")
    await visitor.restart()
    assert visitor.line.newsroom.images is None
    assert (await visitor.get(path)).status == 200


# -- which address they have -------------------------------------------------------------------------------------------

WEB = '.web: {url: "https://news.bacson.example"}'
HERE = ".web: {listen: 127.0.0.1:8080}"


@pytest.mark.parametrize(
    ("lines", "smtp", "url"),
    [
        ([], False, ""),
        ([WEB], True, "https://news.bacson.example/images"),
        ([HERE], False, "http://127.0.0.1:8080/images"),
        ([HERE], True, ""),
        ([HERE, '.images: {url: "https://anh.example"}'], True, "https://anh.example"),
        ([WEB, '.images: {url: "https://anh.example"}'], False, "https://anh.example"),
        ([WEB, ".images:"], False, "https://news.bacson.example/images"),
        ([WEB, ".images: on"], False, "https://news.bacson.example/images"),
        ([WEB, ".images: off"], False, None),
        (['.images: "off"'], False, None),
    ],
)
def test_images_have_the_address_of_the_folder_or_of_the_pages(
    tmp_path: Path, lines: list[str], smtp: bool, url: str | None
) -> None:
    line = Line(tmp_path)
    if smtp:
        line.config = line.config.replace("maildir: mail", "host: smtp.bacson.example")
    line.configure(*lines)
    images = line.newsroom.images
    assert (images.cache.url if images else None) == url


def test_what_an_edition_shows_is_never_deleted(line: Line) -> None:
    """In both stores: the text of editions is searched."""
    line.configure(WEB)
    line.arrives("a", image=Image(url=SOURCE, alt="Lễ khởi công"))
    shown = put(line)
    line.subscribe("moi")
    line.at("07:00")
    (made,) = pipeline.decide_due(line.newsroom, line.store, line.now, "test").made
    assert made.edition is not None
    assert shown in edition_to_json(made.edition).decode()
    put(line, PNG + b"never sent")
    assert line.newsroom.images
    cache = line.newsroom.images.cache
    for _ in range(3):
        line.now += housekeeping.EVERY * 24 * 31
        housekeeping.keep_house(line.newsroom, line.store, line.now)
    assert [file.name for file in cache.folder.iterdir() if file.is_file()] == [shown.rpartition("/")[2]]
