"""Image service: each image fetched once, with its source's permissions; a fault never stops an edition."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image as Pillow

from distributor import pipeline
from distributor.config.images import ImageSettings
from distributor.credentials import extract_credentials
from distributor.gathering.sources.folder import FolderSource
from distributor.images.attach import ImageAttacher
from distributor.images.cache import ImageCache
from distributor.images.service import ImageService
from distributor.isolation import ChildProcess
from distributor.model import Article, Image, edition_from_json, edition_to_json
from distributor.rendering.digest import render_digest
from distributor.source import Source
from support.app_server import serving
from support.builders import NOW, article, edition, newsletter, render_settings, settings
from support.clocked_newsroom import Line


def noisy(size: tuple[int, int] = (1600, 1000), mode: str = "RGB") -> Pillow.Image:
    """A picture with many colours, red on its left half and blue on its right one."""
    picture = Pillow.effect_noise(size, 40).convert("RGB")
    half = Pillow.new("RGB", (size[0] // 2, size[1]), "#b02020")
    other = Pillow.new("RGB", (size[0] - size[0] // 2, size[1]), "#2020b0")
    ground = Pillow.new("RGB", size)
    ground.paste(half, (0, 0))
    ground.paste(other, (size[0] // 2, 0))
    return Pillow.blend(ground, picture, 0.2).convert(mode)


def written(picture: Pillow.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def read(body: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(body))


# -- fetching ----------------------------------------------------------------------------------------------------------


class Album:
    """A web server with pictures; counts what is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.photo = written(noisy())
        self.app = web.Application()
        self.app.router.add_get("/{name}", self.answer)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append(name)
        if name == "gone.jpg":
            raise web.HTTPNotFound
        if name == "slow.jpg":
            await asyncio.sleep(30)
        if name == "page.jpg":
            return web.Response(text="<html>no</html>", content_type="image/jpeg")
        if name == "large.jpg":
            return web.Response(body=b"\xff\xd8" + b"x" * 400_000)
        return web.Response(body=self.photo, content_type="text/plain")  # whatever it says


def image_service(folder: Path, **more: Any) -> ImageService:
    values: dict[str, Any] = {
        "url": "https://bacson.example/pictures",
        "folder": folder / "public",
        "time_limit": "3m",
        **more,
    }
    pictures = ImageSettings.model_validate(values)
    attacher = ImageAttacher(ImageCache(pictures.folder, pictures.url or ""), {"cong": source("cong")})
    return ImageService(attacher, pictures, settings().site)


def with_sources(service: ImageService, **sources: Source) -> ImageService:
    return replace(service, attacher=replace(service.attacher, sources=sources))


def source(name: str, *, allow_private: bool = True) -> Source:
    return FolderSource(name=name, folder=Path(), allow_private=allow_private)


def with_picture(id: str, url: str) -> Article:
    return article(id, image=Image(url=url, alt="Lễ khởi công"))


@pytest.mark.slow
async def test_pictures_are_fetched_once_and_stored_once_and_faults_are_told(tmp_path: Path) -> None:
    album = Album()
    async with serving(album.app) as root:
        names = ("a.jpg", "b.jpg", "a.jpg", "gone.jpg", "page.jpg", "large.jpg")
        *articles, slow = [with_picture(f"a{i}", f"{root}/{name}") for i, name in enumerate((*names, "slow.jpg"))]
        here = image_service(tmp_path, max_bytes=300_000)
        faults = await here.prepare(articles, NOW)
        assert sorted(album.asked) == sorted(set(names))
        again = await here.prepare(articles[:3], NOW)
        assert (again, len(album.asked)) == ({}, len(set(names)))
        assert await here.prepare([articles[3]], NOW + timedelta(hours=1)) == {}
        await here.prepare([articles[3]], NOW + timedelta(hours=7))
        assert album.asked.count("gone.jpg") == 2
        # A limit of its own: with that of the others, a busy machine would make some of them late, too.
        faults |= await image_service(tmp_path, time_limit="3s", max_bytes=300_000).prepare([slow], NOW)
    articles.append(slow)
    assert set(faults) == {"a3", "a4", "a5", "a6"}
    assert faults["a3"].text.endswith("answered 404 Not Found")
    assert "no image of a kind" in faults["a4"].text
    assert "larger than 0.3 MB" in faults["a5"].text
    files = [file for file in (tmp_path / "public").glob("*") if file.is_file()]
    assert len(files) == 2  # one photo in two sizes, under two addresses
    assert not list((tmp_path / "public").rglob("*.tmp"))
    dressed = [here.attacher.attach(one) for one in articles]
    assert [bool(one.image) for one in dressed] == [True, True, True, False, False, False, True]
    assert dressed[0].image is not None
    assert [(one.width, one.height) for one in dressed[0].image.variants] == [(536, 335), (160, 107)]
    assert dressed[6].image == articles[6].image  # nobody knows: the source's own
    assert [faults[id].unusable for id in ("a3", "a4", "a5", "a6")] == [True, True, True, False]


async def test_a_file_or_an_entry_that_somebody_deleted_or_damaged_is_made_again(tmp_path: Path) -> None:
    album = Album()
    here = image_service(tmp_path)
    async with serving(album.app) as root:
        one = with_picture("a1", f"{root}/a.jpg")
        await here.prepare([one], NOW)
        for file in (tmp_path / "public").glob("*.jpg"):
            file.unlink()
        assert here.attacher.attach(one) == one
        await here.prepare([one], NOW)
        (entry,) = (tmp_path / "public" / ".index").iterdir()
        entry.write_text("{")
        await here.prepare([one], NOW)
    assert len(album.asked) == 3
    dressed = here.attacher.attach(one).image
    assert dressed is not None
    assert len(dressed.variants) == 2


async def test_a_private_address_is_not_asked(tmp_path: Path, rude: Callable[[str], Awaitable[Any]]) -> None:
    del rude
    album = Album()
    async with serving(album.app) as root:
        here = image_service(tmp_path)
        guarded = with_sources(here)
        faults = await guarded.prepare([with_picture("a1", f"{root}/a.jpg")], NOW)
    assert album.asked == []
    assert "is not read" in faults["a1"].text


async def test_the_permission_is_that_of_the_source_of_the_article(tmp_path: Path) -> None:
    """Whoever may fetch from the private network, what it was given is not given to others, and their refusal is not
    its own; an article of a source that is configured no more has no permission at all."""
    album = Album()
    async with serving(album.app) as root:
        sources = {"cong": source("cong"), "bao": source("bao", allow_private=False), "so": source("so")}
        here = with_sources(image_service(tmp_path), **sources)
        url = f"{root}/a.jpg"
        mine, theirs, old, other = (
            replace(with_picture(f"of-{name}", url), source=name) for name in ("cong", "bao", "cu", "so")
        )
        refused = await here.prepare([theirs, old], NOW)
        assert (set(refused), album.asked) == ({"of-bao", "of-cu"}, [])
        assert all("is an address of a private network" in fault for fault in map(str, refused.values()))
        assert await here.prepare([theirs, mine, old], NOW) == {}
        assert album.asked == ["a.jpg"]
        assert await here.prepare([other], NOW) == {}
    dressed = [here.attacher.attach(one).image for one in (mine, theirs, old, other)]
    assert [bool(image and image.variants) for image in dressed] == [True, False, False, True]


async def test_a_redirect_leads_nowhere_that_the_address_itself_may_not(tmp_path: Path) -> None:
    album = Album()

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://127.0.0.2:{request.url.port}/a.jpg")

    album.app.router.add_get("/to/private", away)
    async with serving(album.app) as root:
        guarded = with_sources(image_service(tmp_path), cong=source("cong", allow_private=False))
        faults = await guarded.prepare([with_picture("a1", f"{root}/to/private")], NOW)
    assert album.asked == []
    assert "private network" in faults["a1"].text


async def test_a_picture_behind_its_source_s_password_is_fetched_with_it(tmp_path: Path) -> None:
    logins: list[str | None] = []
    album = Album()

    async def answer(request: web.Request) -> web.Response:
        logins.append(request.headers.get("Authorization"))
        return web.Response(body=album.photo)

    album.app.router.add_get("/behind/a.jpg", answer)
    async with serving(album.app) as root:
        login = source("cong")
        object.__setattr__(login, "credentials", extract_credentials(root.replace("://", "://lan:x@"))[1])
        here = with_sources(image_service(tmp_path), cong=login, bao=source("bao"))
        pictures = [replace(with_picture(name, f"{root}/behind/a.jpg"), source=name) for name in ("cong", "bao")]
        await here.prepare(pictures, NOW)
    assert sorted(logins, key=str) == ["Basic bGFuOng=", None]


async def test_without_a_public_address_the_size_alone_is_learnt(tmp_path: Path) -> None:
    album = Album()
    here = image_service(tmp_path, url=None)
    async with serving(album.app) as root:
        unknown = [with_picture("a1", f"{root}/a.jpg"), with_picture("a2", f"{root}/gone.jpg")]
        faults = await here.prepare(unknown, NOW)
        assert set(await here.prepare(unknown, NOW)) == set()
    assert set(faults) == {"a2"}
    assert album.asked.count("a.jpg") == 1
    first, second = map(here.attacher.attach, unknown)
    assert first.image == replace(unknown[0].image, width=1600, height=1000)  # type: ignore[type-var]
    assert second.image is None
    assert [file for file in (tmp_path / "public").iterdir() if file.is_file()] == []
    made = edition(articles=(first, with_picture("a3", "")))
    html = render_digest(made, render_settings(settings().site, newsletter())).html
    assert f'src="{root}/a.jpg"' in html
    assert 'width="536" height="335"' in html


async def test_a_source_that_refuses_programs_keeps_its_images(tmp_path: Path) -> None:
    """What is refused to us may be shown by mail programs; only what is gone or broken is left out."""
    album = Album()
    faults = {}

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    album.app.router.add_get("/answers/{status}", refuse)
    statuses = (403, 404, 410, 429, 500, 503)
    here = image_service(tmp_path)
    async with serving(album.app) as root:
        pictures = [with_picture(f"a{status}", f"{root}/answers/{status}") for status in statuses]
        faults = await here.prepare(pictures, NOW)
    assert [faults[one.id].unusable for one in pictures] == [False, True, True, False, False, False]
    assert [here.attacher.attach(one).image is None for one in pictures] == [False, True, True, False, False, False]
    assert "it is shown as its source gives it" in str(faults["a403"])


async def test_an_image_beside_its_article_is_read_from_the_disk(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    (articles / "2026").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(written(noisy()))
    (articles / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    for name, size in (("bia.jpg", (900, 600)), ("2026/bia.jpg", (600, 900))):
        (articles / name).write_bytes(written(noisy(size)))
    folder = FolderSource(name="cong", folder=articles, url="https://bacson.example/tin/{slug}")
    here = with_sources(image_service(tmp_path), cong=folder)

    def beside(id: str, file: str, image: str, url: str = "https://bacson.example/tin/x") -> Article:
        return replace(with_picture(id, image), source_id=file, url=url)

    base = "https://bacson.example/tin/"
    mine, other = beside("a", "a.md", f"{base}bia.jpg"), beside("b", "2026/b.md", f"{base}bia.jpg")
    strangers = [
        beside("c", "c.md", f"{base}link.jpg"),
        beside("d", "d.md", f"{base}../secret.jpg"),
        beside("e", "e.md", f"{base}%2e%2e/secret.jpg"),
        beside("f", "f.md", f"{base}/{tmp_path}/secret.jpg"),
        beside("g", "../x.md", f"{base}secret.jpg"),
        beside("h", "h.md", f"{base}%00.jpg"),
        beside("i", "i.md", "https://khac.example/tin/bia.jpg"),
    ]
    assert [here.attacher.request(one).file for one in strangers] == [None] * len(strangers)  # type: ignore[union-attr]
    assert await here.prepare([mine, other], NOW) == {}
    sizes = [here.attacher.attach(one).image for one in (mine, other)]
    assert [(one.width, one.height) for one in sizes if one] == [(900, 600), (600, 900)]
    (articles / "bia.jpg").write_bytes(written(noisy((1200, 900))))
    assert await here.prepare([mine], NOW) == {}
    assert here.attacher.attach(mine).image.width == 1200  # type: ignore[union-attr]


async def test_a_full_disk_stops_no_edition(tmp_path: Path) -> None:
    album = Album()
    (tmp_path / "public").write_text("a file where a folder should be")
    async with serving(album.app) as root:
        faults = await image_service(tmp_path).prepare([with_picture("a1", f"{root}/a.jpg")], NOW)
    assert "cannot be saved in" in faults["a1"].text


async def test_a_machine_that_can_start_no_process_is_not_the_picture_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(child: ChildProcess) -> None:
        raise OSError(24, "Too many open files")

    album = Album()
    async with serving(album.app) as root:
        here, pictures = image_service(tmp_path), [with_picture("a1", f"{root}/a.jpg")]
        with monkeypatch.context() as patch:
            patch.setattr(ChildProcess, "_fork", none_left)
            assert "no child process can be started" in (await here.prepare(pictures, NOW))["a1"].text
        assert await here.prepare(pictures, NOW) == {}  # it is asked for again at once
    assert album.asked == ["a.jpg"]


async def test_who_is_cancelled_leaves_no_picture_being_fetched(tmp_path: Path) -> None:
    album = Album()
    async with serving(album.app) as root:
        before = asyncio.all_tasks()
        preparing = asyncio.create_task(image_service(tmp_path).prepare([with_picture("a1", f"{root}/slow.jpg")], NOW))
        while not album.asked:
            await asyncio.sleep(0.05)
        ours = [task for task in asyncio.all_tasks() - before if "_cache_image" in repr(task.get_coro())]
        preparing.cancel()
        await asyncio.wait([preparing, *ours], timeout=5)
        assert [task.done() for task in ours] == [True]


async def test_letters_show_our_files_in_numbers(tmp_path: Path) -> None:
    album = Album()
    here = image_service(tmp_path)
    async with serving(album.app) as root:
        articles = [with_picture(f"a{i}", f"{root}/{i}.jpg") for i in range(3)]
        assert await here.prepare(articles, NOW) == {}
    made = edition(articles=tuple(map(here.attacher.attach, articles)))
    assert edition_from_json(edition_to_json(made)) == made
    html = render_digest(made, render_settings(settings().site, newsletter())).html
    assert html.count("https://bacson.example/pictures/") == 3
    assert html.count('width="536" height="335"') == 1
    thumbnails = [(int(w), int(h)) for w, h in re.findall(r'width="(\d+)" height="(\d+)"', html) if w != "536"]
    assert [w / h for w, h in thumbnails] == pytest.approx([1.5, 1.5], rel=0.02)
    assert "127.0.0.1" not in html


async def test_the_pictures_of_an_edition_are_ready_before_it_is_frozen(line: Line) -> None:
    """As `serve` does it: `answer` looks at the articles that are about to go out, and the bytes are frozen with them."""
    album = Album()
    line.config = line.config.replace("folder: articles,", "folder: articles, allow_private: true,")
    line.configure('.images: {url: "https://bacson.example/pictures", folder: pictures, time_limit: 3m}')
    line.subscribe("moi")
    async with serving(album.app) as root:
        line.arrives("a", image=Image(url=f"{root}/a.jpg", alt="Lễ khởi công"))
        line.arrives("b", image=Image(url=f"{root}/gone.jpg", alt="Mất"))
        line.at("07:00")
        (made,) = (await pipeline.run_tick(line.newsroom, line.store, line.clock, "test")).made
    assert made.edition is not None
    assert sorted(bool(one.image) for one in made.edition.articles) == [False, True]
    letter = next(one.body.decode() for one in made.renditions if one.channel == "mail")
    assert "https://bacson.example/pictures/" in letter
    assert "127.0.0.1" not in letter
