"""The images of a preview: copies beside its pages, which need no server."""

from __future__ import annotations

from pathlib import Path

from distributor.images.cache import ImageCache
from distributor.images.prepared import ImageVersions, ResizedImage
from distributor.preview.local_images import embed_images
from support.builders import NOW

BODY = b"\xff\xd8\xff photo"


def test_each_page_leads_to_the_copies_from_where_it_lies(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, "https://news.bacson.example/images")
    (file,) = cache.put("x", ImageVersions(9, 9, (ResizedImage(BODY, "jpg", 536, 357),)), NOW).files
    name, gone = file.url.rpartition("/")[2], f"{cache.url}/{'0' * 32}.jpg"
    said = f"<p>{file.url} is not https</p>"
    page = f'<img src="{file.url}"><img src="{gone}"><img src="https://khac.example/images/{name}">{said}'
    made = embed_images({"index.html": page.encode(), "index_files/email-1.html": page.encode()}, cache)
    assert made[f"index_files/images/{name}"] == BODY
    kept = f'<img src="{gone}"><img src="https://khac.example/images/{name}">{said}'
    assert made["index.html"].decode() == f'<img src="index_files/images/{name}">{kept}'
    assert made["index_files/email-1.html"].decode() == f'<img src="../index_files/images/{name}">{kept}'
    assert len(made) == 3


def test_without_an_address_of_ours_pages_stay_as_they_are(tmp_path: Path) -> None:
    pages = {"index.html": b'<img src="/1.jpg">'}
    assert embed_images(pages, ImageCache(tmp_path, "")) == pages
