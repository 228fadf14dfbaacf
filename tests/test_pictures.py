"""Pictures: checked, made as large as they are shown, fetched once; what is wrong with one never stops an edition."""

from __future__ import annotations

import asyncio
import base64
import io
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from builders import NOW, article, edition, newsletter, settings
from fixtures_line import Line
from fixtures_social import serving
from isolated_work import made_and_measured
from PIL import Image as Pillow

from distributor import pipeline, registry
from distributor.config import Pictures
from distributor.credentials import taken
from distributor.errors import LimitExceeded
from distributor.gathering.sources.folder import FolderSource
from distributor.isolation import ChildProcess, call_isolated
from distributor.model import Article, Image, edition_from_json, edition_to_json
from distributor.pictures.making import NoPicture, made_of_data, make, make_as_data
from distributor.pictures.shelf import Shelf
from distributor.pictures.studio import MAKING, Studio
from distributor.rendering.digest import render_digest
from distributor.rendering.environment import Templates
from distributor.source import Source

WIDTHS = (536, 120)


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


def test_a_photo_is_made_twice_as_dense_as_it_is_shown() -> None:
    wide, thumb = make(written(noisy()), WIDTHS)
    assert [(one.width, one.height) for one in (wide, thumb)] == [(536, 335), (120, 75)]
    assert [read(one.body).size for one in (wide, thumb)] == [(1072, 670), (240, 150)]
    assert wide.name.endswith(".jpg")
    assert len(thumb.body) < 30_000


def test_a_small_photo_is_never_enlarged() -> None:
    wide, _ = make(written(noisy((300, 200))), WIDTHS)
    assert (read(wide.body).size, wide.width, wide.height) == ((300, 200), 536, 357)


@pytest.mark.parametrize("exif", [b"\xff" * 3000, b"MM\0*" + b"\xff" * 3000, b"II*\0\x08\0\0\0\x01\0\x12\x01"])
def test_a_photo_whose_camera_wrote_nonsense_is_shown(exif: bytes) -> None:
    (wide, _) = make(written(noisy((1000, 600)), exif=b"Exif\0\0" + exif), WIDTHS)
    assert (wide.width, wide.height) == (536, 322)


def test_a_photo_stands_upright_and_tells_nothing_of_its_maker() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "Camera of Lan"
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    (wide, _) = make(written(noisy((1000, 600)), exif=exif), WIDTHS)
    made = read(wide.body)
    assert made.size[1] > made.size[0]
    assert not made.getexif()
    assert b"Camera" not in wide.body
    red, _, blue = made.getpixel((made.size[0] // 2, 10))[:3]  # type: ignore[index]
    assert red > blue  # what was left is on top now


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (written(noisy(mode="CMYK")), "jpg"),
        (written(noisy(mode="L")), "jpg"),
        (written(Pillow.linear_gradient("L").resize((400, 300)).convert("I;16"), "PNG"), "jpg"),
        (written(noisy(), "WEBP"), "jpg"),
        (written(noisy((400, 300)), "GIF", save_all=True, append_images=[noisy((400, 300))]), "jpg"),
        (written(Pillow.new("RGB", (600, 400), "#00ff00"), "PNG"), "png"),
        (written(Pillow.new("RGBA", (600, 400), (255, 0, 0, 100)), "PNG"), "png"),
        (written(noisy((600, 400)).convert("RGBA"), "PNG"), "jpg"),
    ],
    ids=["cmyk", "grey", "16 bit", "webp", "animation", "few colours", "transparent", "not really transparent"],
)
def test_every_kind_becomes_one_that_mail_programs_show(body: bytes, ending: str) -> None:
    for made in make(body, WIDTHS):
        assert made.name.endswith(f".{ending}")
        picture = read(made.body)
        assert picture.format == {"jpg": "JPEG", "png": "PNG"}[ending]
        assert picture.mode in ("RGB", "RGBA", "P")
        assert getattr(picture, "n_frames", 1) == 1


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb() -> bytes:
    """A PNG of a hundred octets that says it is 50,000 pixels wide and high."""

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no picture of a kind"),
        (b"<html><body>Not found</body></html>", "no picture of a kind"),
        (b"", "no picture of a kind"),
        (written(noisy())[:5000], "damaged"),
        (bomb(), "too many"),
        (written(Pillow.new("RGB", (1, 1)), "PNG"), "too small"),
        (written(Pillow.new("RGB", (700, 60)), "PNG"), "too small"),
        (written(Pillow.new("L", (100, 60_000)), "PNG"), "a strip of 100 x 60000 pixels"),
        (written(Pillow.new("L", (40_000, 100)), "PNG"), "a strip of 40000 x 100 pixels"),
    ],
    ids=["svg", "html", "nothing", "torn", "bomb", "pixel", "banner", "tower", "strip"],
)
def test_what_is_no_picture_is_refused_in_words(body: bytes, reason: str) -> None:
    with pytest.raises(NoPicture, match=reason):
        make(body, WIDTHS)


def flat(width: int, height: int, *, colour: int = 2, depth: int = 8, more: bytes = b"") -> bytes:
    """A PNG of one colour: some kilobytes, however large it is."""
    row = b"\0" * (width * depth * {0: 1, 2: 3, 6: 4}[colour] // 8 + 1)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def swollen(name: bytes) -> bytes:
    """100 kB of metadata that unpack to a hundred million octets."""
    return flat(600, 400, more=chunk(name, b"c\0\0" + zlib.compress(b"a" * 100_000_000, 9)))


def turning(frames: int) -> bytes:
    pictures = [
        Pillow.linear_gradient("L").resize((400, 300)).point(lambda v, i=i: (v + i) % 256) for i in range(frames)
    ]
    return written(pictures[0], "GIF", save_all=True, append_images=pictures[1:])


def with_profile() -> bytes:
    return written(noisy((800, 600)), icc_profile=b"\0\x4c\x4b\x40" + b"x" * 32 + b"acsp" + b"x" * 5_000_000)


HARD: dict[str, tuple[Callable[[], bytes], str]] = {
    "20,000 x 20,000": (lambda: flat(20_000, 20_000, colour=0, depth=1), "too many"),
    "49 Mpx with transparency": (lambda: flat(7_000, 7_000, colour=6), "too large to be made smaller: 7000 x 7000"),
    "24 Mpx": (lambda: flat(5_000, 4_900), ""),
    "zTXt": (lambda: swollen(b"zTXt"), "damaged"),
    "iCCP": (lambda: swollen(b"iCCP"), "damaged"),
    "frames": (lambda: turning(500), ""),
    "frames of WebP": (
        lambda: written(noisy((400, 300)), "WEBP", save_all=True, append_images=[noisy((400, 300))] * 50),
        "",
    ),
    "48 Mpx of a camera": (lambda: written(noisy((8_000, 6_000)), quality=50), ""),
    "24 Mpx, progressive": (lambda: written(noisy((6_000, 4_000)), quality=50, progressive=True), ""),
    "48 Mpx, progressive": (
        lambda: written(noisy((8_000, 6_000)), quality=30, progressive=True),
        "too large to be made smaller",
    ),
    "CMYK": (lambda: written(noisy((6_000, 4_000), "CMYK"), quality=50), ""),
    "profile": (lambda: with_profile(), ""),
    "WebP": (lambda: written(noisy((3_000, 2_000)), "WEBP"), ""),
    "torn WebP": (lambda: written(noisy((3_000, 2_000)), "WEBP")[:9_000], "damaged"),
    "torn GIF": (lambda: turning(9)[:9_000], "damaged"),
    "BMP that is none": (
        lambda: struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 100, 0, 0, 54, 40, 7000, 7000, 1, 24, *[0] * 6),
        "too large",
    ),
}


@pytest.mark.real
@pytest.mark.parametrize("name", HARD)
def test_a_picture_takes_less_than_200_mb_whatever_it_is(name: str) -> None:
    """Measured in the child process that decodes it: it is made smaller, or refused in words."""
    make_it, reason = HARD[name]
    body = make_it()
    try:
        resident, answer = call_isolated(made_and_measured, body, WIDTHS, limits=MAKING)
    except LimitExceeded as error:
        assert reason
        assert "memory" in str(error)
        return
    assert resident < 200_000  # kB
    if reason:
        with pytest.raises(NoPicture, match=reason):
            made_of_data(answer)
    else:
        wide, thumb = made_of_data(answer)
        assert [one.width for one in (wide, thumb)] == list(WIDTHS)
        assert read(wide.body).size[0] == min(WIDTHS[0] * 2, read(body).size[0])


def test_what_a_child_says_is_no_picture_until_it_is_one() -> None:
    good = make_as_data(written(noisy()), WIDTHS)
    assert [one.ending for one in made_of_data(good)] == ["jpg", "jpg"]
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    answers: tuple[Any, ...] = (
        None,
        {},
        [],
        {"files": []},
        {"files": [{"body": page, "ending": "jpg", "width": 1, "height": 1}]},
        {"files": [{**good["files"][0], "ending": "html"}]},
        {"files": [{**good["files"][0], "ending": "../../x"}]},
        {"files": [{**good["files"][0], "width": "x"}]},
        {"fault": 5},
    )
    for answer in answers:
        with pytest.raises(NoPicture, match="could not be made smaller"):
            made_of_data(answer)


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


def studio(folder: Path, **more: Any) -> Studio:
    values: dict[str, Any] = {"url": "https://bacson.example/pictures", "folder": folder / "public", **more}
    pictures = Pictures.model_validate(values)
    return Studio(Shelf(pictures.folder, pictures.url), pictures, settings().site, {"cong": source("cong")})


def source(name: str, *, allow_private: bool = True) -> Source:
    return FolderSource(name=name, folder=Path(), allow_private=allow_private)


def with_picture(id: str, url: str) -> Article:
    return article(id, image=Image(url=url, alt="Lễ khởi công"))


async def test_pictures_are_fetched_once_and_stored_once_and_faults_are_told(tmp_path: Path) -> None:
    album = Album()
    async with serving(album.app) as root:
        names = ("a.jpg", "b.jpg", "a.jpg", "gone.jpg", "page.jpg", "large.jpg", "slow.jpg")
        articles = [with_picture(f"a{i}", f"{root}/{name}") for i, name in enumerate(names)]
        here = studio(tmp_path, seconds="10s", largest=300_000)
        faults = await here.prepare(articles, NOW)
        assert sorted(set(album.asked)) == sorted(set(names))
        assert len(album.asked) == len(set(names))
        again = await here.prepare(articles[:3], NOW)
        assert (again, len(album.asked)) == ({}, len(set(names)))
        assert "gone.jpg" not in album.asked[len(set(names)) :]
        assert await here.prepare([articles[3]], NOW + timedelta(hours=1)) == {}
        await here.prepare([articles[3]], NOW + timedelta(hours=7))
        assert album.asked.count("gone.jpg") == 2
    assert set(faults) == {"a3", "a4", "a5", "a6"}
    assert faults["a3"].endswith("answered 404 Not Found")
    assert "no picture of a kind" in faults["a4"]
    assert "larger than 0.3 MB" in faults["a5"]
    files = [file for file in (tmp_path / "public").glob("*") if file.is_file()]
    assert len(files) == 2  # one photo in two sizes, under two addresses
    assert not list((tmp_path / "public").rglob("*.tmp"))
    dressed = [here.dress(one) for one in articles]
    assert [bool(one.image) for one in dressed] == [True, True, True, False, False, False, True]
    assert dressed[0].image is not None
    assert [(one.width, one.height) for one in dressed[0].image.variants] == [(536, 335), (120, 75)]
    assert dressed[6].image == articles[6].image  # nobody knows: the source's own


async def test_a_file_or_an_entry_that_somebody_deleted_or_damaged_is_made_again(tmp_path: Path) -> None:
    album = Album()
    here = studio(tmp_path)
    async with serving(album.app) as root:
        one = with_picture("a1", f"{root}/a.jpg")
        await here.prepare([one], NOW)
        for file in (tmp_path / "public").glob("*.jpg"):
            file.unlink()
        assert here.dress(one) == one
        await here.prepare([one], NOW)
        (entry,) = (tmp_path / "public" / ".index").iterdir()
        entry.write_text("{")
        await here.prepare([one], NOW)
    assert len(album.asked) == 3
    dressed = here.dress(one).image
    assert dressed is not None
    assert len(dressed.variants) == 2


async def test_a_private_address_is_not_asked(tmp_path: Path, rude: Callable[[str], Awaitable[Any]]) -> None:
    del rude
    album = Album()
    async with serving(album.app) as root:
        here = studio(tmp_path)
        guarded = replace(here, sources={})
        faults = await guarded.prepare([with_picture("a1", f"{root}/a.jpg")], NOW)
    assert album.asked == []
    assert "is not read" in faults["a1"]


async def test_the_permission_is_that_of_the_source_of_the_article(tmp_path: Path) -> None:
    """Whoever may fetch from the private network, what it was given is not given to others, and their refusal is not
    its own; an article of a source that is configured no more has no permission at all."""
    album = Album()
    async with serving(album.app) as root:
        sources = {"cong": source("cong"), "bao": source("bao", allow_private=False), "so": source("so")}
        here = replace(studio(tmp_path), sources=sources)
        url = f"{root}/a.jpg"
        mine, theirs, old, other = (
            replace(with_picture(f"of-{name}", url), source=name) for name in ("cong", "bao", "cu", "so")
        )
        refused = await here.prepare([theirs, old], NOW)
        assert (set(refused), album.asked) == ({"of-bao", "of-cu"}, [])
        assert all("is an address of a private network" in fault for fault in refused.values())
        assert await here.prepare([theirs, mine, old], NOW) == {}
        assert album.asked == ["a.jpg"]
        assert await here.prepare([other], NOW) == {}
    dressed = [here.dress(one).image for one in (mine, theirs, old, other)]
    assert [bool(image and image.variants) for image in dressed] == [True, False, False, True]


async def test_a_redirect_leads_nowhere_that_the_address_itself_may_not(tmp_path: Path) -> None:
    album = Album()

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://127.0.0.2:{request.url.port}/a.jpg")

    album.app.router.add_get("/to/private", away)
    async with serving(album.app) as root:
        guarded = replace(studio(tmp_path), sources={"cong": source("cong", allow_private=False)})
        faults = await guarded.prepare([with_picture("a1", f"{root}/to/private")], NOW)
    assert album.asked == []
    assert "private network" in faults["a1"]


async def test_a_picture_behind_its_source_s_password_is_fetched_with_it(tmp_path: Path) -> None:
    logins: list[str | None] = []
    album = Album()

    async def answer(request: web.Request) -> web.Response:
        logins.append(request.headers.get("Authorization"))
        return web.Response(body=album.photo)

    album.app.router.add_get("/behind/a.jpg", answer)
    async with serving(album.app) as root:
        login = source("cong")
        object.__setattr__(login, "credentials", taken(root.replace("://", "://lan:x@"))[1])
        here = replace(studio(tmp_path), sources={"cong": login, "bao": source("bao")})
        pictures = [replace(with_picture(name, f"{root}/behind/a.jpg"), source=name) for name in ("cong", "bao")]
        await here.prepare(pictures, NOW)
    assert sorted(logins, key=str) == ["Basic bGFuOng=", None]


async def test_a_full_disk_stops_no_edition(tmp_path: Path) -> None:
    album = Album()
    (tmp_path / "public").write_text("a file where a folder should be")
    async with serving(album.app) as root:
        faults = await studio(tmp_path).prepare([with_picture("a1", f"{root}/a.jpg")], NOW)
    assert "cannot be laid into" in faults["a1"]


async def test_a_machine_that_can_start_no_process_is_not_the_picture_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(child: ChildProcess) -> None:
        raise OSError(24, "Too many open files")

    album = Album()
    async with serving(album.app) as root:
        here, pictures = studio(tmp_path), [with_picture("a1", f"{root}/a.jpg")]
        with monkeypatch.context() as patch:
            patch.setattr(ChildProcess, "_fork", none_left)
            assert "no child process can be started" in (await here.prepare(pictures, NOW))["a1"]
        assert await here.prepare(pictures, NOW) == {}  # it is asked for again at once
    assert album.asked == ["a.jpg"]


async def test_who_is_cancelled_leaves_no_picture_being_fetched(tmp_path: Path) -> None:
    album = Album()
    async with serving(album.app) as root:
        before = asyncio.all_tasks()
        preparing = asyncio.create_task(studio(tmp_path).prepare([with_picture("a1", f"{root}/slow.jpg")], NOW))
        while not album.asked:
            await asyncio.sleep(0.05)
        ours = [task for task in asyncio.all_tasks() - before if "_one" in repr(task.get_coro())]
        preparing.cancel()
        await asyncio.wait([preparing, *ours], timeout=5)
        assert [task.done() for task in ours] == [True]


async def test_letters_show_our_files_in_numbers(tmp_path: Path) -> None:
    album = Album()
    here = studio(tmp_path)
    async with serving(album.app) as root:
        articles = [with_picture(f"a{i}", f"{root}/{i}.jpg") for i in range(3)]
        assert await here.prepare(articles, NOW) == {}
    made = edition(articles=tuple(map(here.dress, articles)))
    assert edition_from_json(edition_to_json(made)) == made
    templates = Templates(registry.template_folders(Path("/nonexistent")))
    html = render_digest(made, settings().site, newsletter(), settings().site.timezone, templates).html
    assert html.count("https://bacson.example/pictures/") == 3
    assert html.count('width="536" height="335"') == 1
    assert html.count('width="120" height="75"') == 2
    assert "127.0.0.1" not in html


async def test_the_pictures_of_an_edition_are_ready_before_it_is_frozen(line: Line) -> None:
    """As `serve` does it: `answer` looks at the articles that are about to go out, and the bytes are frozen with them."""
    album = Album()
    line.config = line.config.replace("folder: articles,", "folder: articles, allow_private: true,")
    line.configure('.pictures: {url: "https://bacson.example/pictures", folder: pictures}')
    line.subscribe("moi")
    async with serving(album.app) as root:
        line.arrives("a", image=Image(url=f"{root}/a.jpg", alt="Lễ khởi công"))
        line.arrives("b", image=Image(url=f"{root}/gone.jpg", alt="Mất"))
        line.at("07:00")
        (made,) = (await pipeline.answer(line.newsroom, line.store, line.clock, "test")).made
    assert made.edition is not None
    assert sorted(bool(one.image) for one in made.edition.articles) == [False, True]
    letter = next(one.text for one in made.renditions if one.channel == "mail")
    assert "https://bacson.example/pictures/" in letter
    assert "127.0.0.1" not in letter
