"""A copy of a portal on the disk: its pages are found under the names that wget and HTTrack give them."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import SourceError
from distributor.gathering.mirror import Mirror
from distributor.gathering.sources.page import PageSource
from distributor.source import Article, FetchedDocument, Fetcher

URL = "https://bacson.example/tin/"
NOW = datetime(2026, 11, 28, 15, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def md5(query: str) -> str:
    return hashlib.md5(query.encode()).hexdigest()[:4]


def lay(folder: Path, *names: str) -> Mirror:
    """A copy with files of these names, each holding its own name."""
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    return Mirror(folder, URL)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("bai.html", "bai.html"),
        ("bai.html", "bai"),  # wget -E
        ("bai/index.html", "bai/"),
        ("bai/index.html", "bai"),
        ("bai/default.htm", "bai/"),
        ("index.html?p=2", "?p=2"),
        ("index.html?p=2.html", "?p=2"),
        ("index.html@p=2", "?p=2"),
        ("index.html@p=2.html", "index.html?p=2"),
        ("chi-tiet.aspx?ItemID=5&c=3", "chi-tiet.aspx?ItemID=5&c=3"),
        ("chi-tiet.aspx?ItemID=5&c=3.html", "chi-tiet.aspx?ItemID=5&c=3"),
        ("chi-tiet.aspx@ItemID=5&c=3.html", "chi-tiet.aspx?ItemID=5&c=3"),
        ("chi-tiet.aspx@ItemID=5&c=3", "chi-tiet.aspx?itemid=5&C=3"),
        ("xem.php?u=%2Ftin%2Fa", "xem.php?u=/tin/a"),
        ("xem.php?u=a%3Ab", "xem.php?u=a:b"),
        ("xem.php?t=mùa lũ", "xem.php?t=m%C3%B9a%20l%C5%A9"),
        (f"trang{md5('p=2')}.html", "trang.html?p=2"),
        (f"trang{md5('p=2')}.html", "trang.php?p=2"),
        (f"index{md5('p=2')}.html", "?p=2"),
        ("Bai-Mot.HTML", "bai-mot.html"),
        ("muc/Tin/bai.html", "Muc/tin/bai.html"),
        ("mùa lũ.html", "m%C3%B9a%20l%C5%A9.html"),
        ("m%C3%B9a.html", "mùa.html"),
        ("bai.html", "bai.html?returnUrl=%2ftin"),  # copied by hand
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_a_page_is_found_under_the_names_that_copies_give_it(
    tmp_path: Path, name: str, url: str, form: Literal["NFC", "NFD"]
) -> None:
    written = unicodedata.normalize(form, name)
    mirror = lay(tmp_path, written, "khac.html", "index.html")
    assert (await mirror.get(URL + url)).body.decode() == written
    assert mirror.holds(URL + url).available is True


async def test_pages_that_differ_in_their_query_alone_are_never_taken_for_each_other(tmp_path: Path) -> None:
    mirror = lay(tmp_path, "index.html", "tin.aspx", "tin.aspx?id=5", "tin.aspx?id=6.html")
    assert (await mirror.get(f"{URL}tin.aspx?id=6")).body == b"tin.aspx?id=6.html"
    assert (await mirror.get(f"{URL}tin.aspx")).body == b"tin.aspx"
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        await mirror.get(f"{URL}tin.aspx?id=7")
    assert mirror.holds(f"{URL}tin.aspx?id=7").available is False
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        await mirror.get(f"{URL}?page=2")  # the first page again would end in a circle


async def test_a_page_of_httrack_is_known_by_what_it_says_of_itself(tmp_path: Path) -> None:
    mark = "<html>\n<!-- Mirrored from bacson.example/tin/{0} by HTTrack Website Copier/3.x [XR&CO'2014] -->"
    for name, url in (("index-2.html", "index.php?p=2"), ("index-3.html", "index.php?p=3")):
        (tmp_path / name).write_text(mark.format(url), encoding="utf-8")
    mirror = Mirror(tmp_path, URL)
    assert b"p=3" in (await mirror.get(f"{URL}index.php?p=3")).body
    # Links within such a copy lead to the names of its files; readers need the real address.
    assert (await mirror.get(f"{URL}index-2.html")).url == f"{URL}index.php?p=2"


@pytest.mark.parametrize(
    ("name", "link", "url"),
    [
        ("xem.php?id=5", "xem.php%3Fid=5", "xem.php?id=5"),  # wget -k
        ("xem.php?id=5.html", "xem.php%3Fid=5.html", "xem.php?id=5"),
        ("xem.php@id=5.html", "xem.php@id=5.html", "xem.php?id=5"),
        ("bai@bac-son.html", "bai@bac-son.html", "bai@bac-son.html"),
        ("bai.html", "bai.html", "bai.html"),
        ("bai.html?id=5", "bai.html?id=5", "bai.html?id=5"),
    ],
)
async def test_an_article_of_a_copy_has_the_address_of_the_portal(
    tmp_path: Path, name: str, link: str, url: str
) -> None:
    assert (await lay(tmp_path, name).get(URL + link)).url == URL + url


async def test_a_copy_with_paging_and_queries_is_read_whole(tmp_path: Path) -> None:
    def item(number: int) -> str:
        return f"<h3><a href='xem.php?id={number}'>Bài viết số {number} của tỉnh Bắc Sơn</a></h3>"

    pager = "<div class=pager><a href='?p=2'>2</a></div>"
    (tmp_path / "index.html").write_text(item(101) + pager, encoding="utf-8")
    (tmp_path / "index.html@p=2.html").write_text(item(102), encoding="utf-8")
    for number in (101, 102):
        text = f"<h1>Bài viết số {number} của tỉnh Bắc Sơn</h1><p class=sapo>Tóm tắt của bài {number}.</p>"
        (tmp_path / f"xem.php@id={number}.html").write_text(text, encoding="utf-8")
    source = PageSource(name="cong", url=URL, folder=tmp_path, max_pages=3)
    harvest = await source.gather(_Nothing(), NOW)
    assert [article.url for article in harvest.articles] == [f"{URL}xem.php?id=101", f"{URL}xem.php?id=102"]
    assert harvest.faults == []
    gone = Article(
        id="a", feed_id="a", source="cong", title="x", published=NOW, first_seen=NOW, url=f"{URL}xem.php?id=103"
    )
    assert (await source.check_availability(_Nothing(), gone)).available is False


@pytest.mark.parametrize("url", ["..%2fmat.html", "a/..%2f..%2fmat.html", "%2e%2e/mat.html", "lien-ket/mat.html"])
async def test_no_name_leads_out_of_a_copy(tmp_path: Path, url: str) -> None:
    (tmp_path / "mat.html").write_text("bí mật", encoding="utf-8")
    mirror = lay(tmp_path / "copy", "index.html")
    (tmp_path / "copy" / "lien-ket").symlink_to(tmp_path)
    with pytest.raises(SourceError, match="leads out of"):
        await mirror.get(URL + url)


class _Nothing(Fetcher):
    """A fetcher for what reads only the disk."""

    async def get(self, url: str, *, conditional: bool = False, accept: str = "") -> FetchedDocument:
        raise AssertionError(f"{url} was asked for over the network")
