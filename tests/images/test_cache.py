"""Image cache: what nobody needs is deleted after a month, what an edition shows never."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from distributor.images.cache import KEPT, ImageCache
from distributor.images.prepared import ImageVersions, ResizedImage
from support.builders import NOW

URL = "https://bacson.example/images"
LATER = NOW + KEPT + timedelta(days=1)


def made(sign: bytes) -> ImageVersions:
    return ImageVersions(1200, 800, (ResizedImage(b"\xff\xd8\xff" + sign, "jpg", 536, 357),))


@pytest.fixture
def cache(tmp_path: Path) -> ImageCache:
    return ImageCache(tmp_path / "images", URL)


def names(cache: ImageCache) -> set[str]:
    return {file.name for file in cache.folder.iterdir() if file.is_file()}


def nothing(asked: Collection[str]) -> Collection[str]:
    return ()


def test_an_image_has_the_address_at_which_the_folder_is_shown_now(cache: ImageCache) -> None:
    (file,) = cache.put("https://a.example/1.jpg", made(b"1"), NOW).files
    moved = replace(cache, url="https://khac.example").find("https://a.example/1.jpg")
    assert moved is not None
    assert moved.files[0].url == file.url.replace(URL, "https://khac.example")
    assert (moved.width, moved.height) == (1200, 800)


def test_without_an_address_only_the_size_is_known(cache: ImageCache) -> None:
    alone = replace(cache, url="")
    alone.put("https://a.example/1.jpg", ImageVersions(1200, 800), NOW)
    found = alone.find("https://a.example/1.jpg")
    assert found is not None
    assert (found.width, found.height, found.files, found.is_current([], NOW)) == (1200, 800, (), True)
    served = cache.find("https://a.example/1.jpg")
    assert served is not None
    assert not served.is_current([536], NOW)  # it is fetched again once there is an address


@pytest.mark.parametrize("entry", ['{"name": "../../secret.jpg"}', '{"name": "x"}', "5", "null", '{"url": "x"}'])
def test_a_damaged_entry_is_no_entry(cache: ImageCache, entry: str) -> None:
    cache.put("https://a.example/1.jpg", made(b"1"), NOW)
    (cache.folder.parent / "secret.jpg").write_bytes(b"x")
    (index,) = (cache.folder / ".index").iterdir()
    data = (
        json.loads(index.read_text()) | {"files": [{"width": 1, "height": 1} | json.loads(entry)]}
        if "{" in entry
        else {}
    )
    index.write_text(json.dumps(data))
    assert cache.find("https://a.example/1.jpg") is None


def test_only_own_addresses_have_a_file(cache: ImageCache) -> None:
    (file,) = cache.put("https://a.example/1.jpg", made(b"1"), NOW).files
    assert cache.local_file(file.url) == cache.folder / file.url.rpartition("/")[2]
    (cache.folder.parent / "x.jpg").write_bytes(b"x")
    others = (f"{URL}/../x.jpg", f"{URL}/.index", f"{URL}/", "", "https://khac.example/1.jpg", f"{URL}/{'0' * 32}.jpg")
    assert [cache.local_file(other) for other in others] == [None] * len(others)


def test_what_nobody_has_asked_for_is_deleted_unless_an_edition_shows_it(cache: ImageCache) -> None:
    old, shown, asked = (cache.put(f"https://a.example/{n}", made(n.encode()), NOW).files[0] for n in ("1", "2", "3"))
    cache.put_fault("https://a.example/4", "answered 404", NOW, unusable=True)
    (cache.folder / "logo.jpg").write_bytes(b"somebody else's")
    cache.touch("https://a.example/3", "", LATER - timedelta(days=2))
    questions = []

    def find_shown(candidates: Collection[str]) -> Collection[str]:
        questions.append(set(candidates))
        return {shown.url.rpartition("/")[2]} & set(candidates)

    assert cache.sweep(NOW + timedelta(days=29), find_shown) == 0
    assert cache.sweep(LATER, find_shown) == 1
    assert names(cache) == {file.url.rpartition("/")[2] for file in (shown, asked)} | {"logo.jpg"}
    assert [cache.find(f"https://a.example/{n}") is None for n in "1234"] == [True, False, False, True]
    assert len(questions) == 1
    assert old.url.rpartition("/")[2] in questions[0]
    assert cache.sweep(LATER + timedelta(hours=1), find_shown) == 0
    assert len(questions) == 1  # an edition that shows an image is asked again after a month


def test_a_file_of_two_addresses_stays_for_the_one_that_is_asked_for(cache: ImageCache) -> None:
    cache.put("https://a.example/1", made(b"1"), NOW)
    cache.put("https://b.example/1", made(b"1"), LATER - timedelta(days=1))
    assert cache.sweep(LATER, nothing) == 0
    assert cache.find("https://b.example/1") is not None


def test_an_empty_cache_has_nothing_to_delete(cache: ImageCache) -> None:
    def never(candidates: Collection[str]) -> Collection[str]:
        raise AssertionError(candidates)

    assert cache.sweep(datetime.max.replace(tzinfo=NOW.tzinfo), never) == 0
