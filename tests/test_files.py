"""Folders that others write into: a link leads nowhere else, a pipe stops nobody, a large file fills no memory."""

from __future__ import annotations

import os
import socket
import tracemalloc
from pathlib import Path

import pytest

from distributor.errors import SourceError
from distributor.files import FileTooLarge, UnsafeFile, is_within, open_ordinary, read_within
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.sources.page import PageSource
from distributor.source import Availability, FetchResult, Source
from support.builders import NO_NETWORK, NOW, article

SECRET = "the-signing-secret-of-the-newsroom"
MOST = 1000


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A folder of articles; beside it, not in it, lies a secret."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret.key").write_text(SECRET, encoding="utf-8")
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "good.md").write_text("---\ntitle: Bài hay\n---\n\nNội dung.\n", encoding="utf-8")
    return folder


def link(at: Path, to: str | Path) -> Path:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(to)
    return at


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["../var/secret.key", "../articles/../var/secret.key", "/etc/passwd", "hop", "up/var/secret.key"]
)
def test_a_link_out_of_the_folder_is_not_read(inside: Path, target: str) -> None:
    link(inside / "hop", "../var/secret.key")
    link(inside / "up", "..")
    with pytest.raises(UnsafeFile, match="is a link that leads out of"):
        read_within(inside, link(inside / "x.md", target), MOST)


def test_neither_is_a_path_with_dots_or_one_of_its_own(inside: Path) -> None:
    for path in (inside / ".." / "var" / "secret.key", inside.parent / "var" / "secret.key", inside):
        with pytest.raises(UnsafeFile):
            read_within(inside, path, MOST)
        assert not is_within(inside, path)


def test_a_folder_with_a_longer_name_is_another_folder(inside: Path) -> None:
    other = inside.with_name("articles-of-others")
    other.mkdir()
    (other / "a.md").write_text("x", encoding="utf-8")
    with pytest.raises(UnsafeFile):
        read_within(inside, other / "a.md", MOST)


def test_links_within_the_folder_are_read_as_containers_lay_them(inside: Path) -> None:
    """Kubernetes mounts a ConfigMap as `a.md -> ..data/a.md`, `..data -> ..2026_11_28`."""
    (inside / "..2026_11_28").mkdir()
    (inside / "..2026_11_28" / "a.md").write_text("from a map", encoding="utf-8")
    link(inside / "..data", "..2026_11_28")
    assert read_within(inside, link(inside / "a.md", "..data/a.md"), MOST) == b"from a map"


def test_the_folder_itself_may_be_a_link(inside: Path) -> None:
    elsewhere = link(inside.with_name("current"), inside)
    assert b"title" in read_within(elsewhere, elsewhere / "good.md", MOST)


def test_a_link_that_is_laid_between_looking_and_opening_is_not_followed(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(inside / "x.md", "../var/secret.key")
    link(inside / "up", "..")
    monkeypatch.setattr(os.path, "realpath", lambda path, strict=False: str(path))  # what it was when it was looked at
    with pytest.raises(UnsafeFile):
        read_within(inside, inside / "x.md", MOST)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        read_within(inside, inside / "up" / "var" / "secret.key", MOST)


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder"])
def test_what_is_no_ordinary_file_is_not_opened(inside: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = inside / "odd.md"
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        match kind:
            case "pipe":
                os.mkfifo(odd)
            case "socket":
                monkeypatch.chdir(inside)  # the name of a socket may be only 100 octets long
                listening.bind(odd.name)
            case _:
                odd.mkdir()
        with pytest.raises(UnsafeFile, match=r"is no ordinary file|is a folder"):
            read_within(inside, odd, MOST)


def test_sizes_are_looked_at_before_reading(inside: Path) -> None:
    sparse(inside / "large.md", 3_000_000_000)
    (inside / "fits.md").write_bytes(b"x" * MOST)
    assert len(read_within(inside, inside / "fits.md", MOST)) == MOST
    tracemalloc.start()
    try:
        with pytest.raises(FileTooLarge, match=r"is larger than 5 MB"):
            read_within(inside, inside / "large.md", 5_000_000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_says_less_than_it_holds_is_read_to_the_limit_only() -> None:
    """What lies in /proc has no size."""
    with pytest.raises(FileTooLarge):
        read_within(Path("/proc/self"), Path("/proc/self/maps"), 100)


# -- sources -----------------------------------------------------------------------------------------------------------


def sparse(file: Path, size: int) -> None:
    with file.open("wb") as out:
        out.truncate(size)


async def look(source: Source) -> FetchResult:
    return await source.gather(NO_NETWORK, NOW)


async def test_a_folder_tells_what_it_does_not_read_and_reads_the_rest(inside: Path) -> None:
    link(inside / "secret.txt", "../var/secret.key")
    link(inside / "deep" / "etc.md", "/etc/passwd")
    link(inside / "nothing.md", "not-there.md")
    link(inside / "round.md", "round.md")
    link(inside / "again.md", "good.md")
    link(inside / ".#good.md", "lan@laptop.1234")  # an editor's lock: hidden, and no article
    os.mkfifo(inside / "pipe.html")
    sparse(inside / "large.md", 3_000_000_000)
    harvest = await look(FolderSource(name="bai", folder=inside))
    assert [one.source_id for one in harvest.articles] == ["again.md", "good.md"]
    assert list(harvest.faults) == [
        f"deep/etc.md: is a link that leads out of {inside}",
        "large.md: is larger than 5 MB",
        "nothing.md: cannot be read: No such file or directory",
        "pipe.html: is no ordinary file",
        "round.md: cannot be read: Too many levels of symbolic links",
        f"secret.txt: is a link that leads out of {inside}",
    ]


async def test_an_article_whose_file_has_become_a_link_out_of_the_folder_is_gone(inside: Path) -> None:
    source = FolderSource(name="bai", folder=inside)
    link(inside / "leak.md", "../var/secret.key")
    asked = article(source="bai", source_id="leak.md", title=SECRET, url="")
    assert await source.check_availability(NO_NETWORK, asked) == Availability(False, "its file is gone from the folder")


async def test_a_copy_of_pages_is_read_only_inside_it(inside: Path) -> None:
    pages = ("ngoai.html", "ong.html", "lon.html", "muc")
    links = "".join(f'<p><a href="{name}">Một tin dài bốn chữ {name}</a></p>' for name in (*pages, "trong.html"))
    (inside / "index.html").write_text(links, encoding="utf-8")
    (inside / "trong.html").write_text(
        "<h1>Tin trong</h1><article><p>Nội dung của tin.</p></article>", encoding="utf-8"
    )
    link(inside / "ngoai.html", "../var/secret.key")
    link(inside / "muc" / "index.html", "../../var/secret.key")
    os.mkfifo(inside / "ong.html")
    sparse(inside / "lon.html", 3_000_000_000)
    source = PageSource(name="cong", url="https://bacson.example/tin/", folder=inside)
    harvest = await look(source)
    assert [one.title for one in harvest.articles] == ["Tin trong"]
    url = "https://bacson.example/tin"
    assert list(harvest.faults) == [
        f"{url}/ngoai.html leads out of {inside}",
        f"{url}/ong.html: {inside}/ong.html is no ordinary file",
        f"{url}/lon.html: {inside}/lon.html is larger than 5 MB",
        f"{url}/muc leads out of {inside}",
    ]
    assert SECRET not in repr(harvest)


@pytest.mark.parametrize("kind", ["link", "pipe", "large"])
async def test_a_feed_on_the_disk_is_an_ordinary_file_of_its_folder(inside: Path, kind: str) -> None:
    file = inside / "feed.xml"
    match kind:
        case "link":
            link(file, "../var/secret.key")
        case "pipe":
            os.mkfifo(file)
        case _:
            sparse(file, 3_000_000_000)
    words = {"link": "is a link that leads out of", "pipe": "is no ordinary file", "large": "is larger than 5 MB"}
    with pytest.raises(SourceError, match=f"feed.xml {words[kind]}"):
        await look(FeedSource(name="tin", file=file))


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_somebody_names_is_opened_only_if_it_is_an_ordinary_file(tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "odd"
    match kind:
        case "pipe":
            os.mkfifo(odd)
        case "folder":
            odd.mkdir()
        case _:
            odd.symlink_to("/dev/zero")
    for piped in (False, True):
        with pytest.raises(UnsafeFile, match=r"is no ordinary file|is a folder"):
            open_ordinary(odd, piped=piped)
    odd.rmdir() if kind == "folder" else odd.unlink()
    odd.write_bytes(b"x")
    with open_ordinary(odd) as file:
        assert file.read() == b"x"


def test_what_a_shell_hands_over_is_read() -> None:
    out, into = os.pipe()
    with os.fdopen(out), os.fdopen(into, "wb") as writer:
        writer.write(b"x")
        writer.close()
        with open_ordinary(Path(f"/dev/fd/{out}"), piped=True) as file:
            assert file.read() == b"x"
        with pytest.raises(UnsafeFile):
            open_ordinary(Path(f"/dev/fd/{out}"))
