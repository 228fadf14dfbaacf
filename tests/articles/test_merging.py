"""One article as portals publish it, in four forms at once: a text dump, a page, a page inside an ASP.NET form, a page of
Liferay. Whatever is read first, it is one article with all that the four tell."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from distributor.articles import repository as article_repository
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.sources.page import PageSource
from distributor.model import Article
from distributor.source import Source
from distributor.storage.database import Database
from support.builders import NOW

TITLE = "Hội thảo ứng dụng bản đồ số trong quản lý rừng năm 2026"
LEAD = (
    "Sáng 20/11, Chi cục Kiểm lâm tổ chức hội thảo ứng dụng bản đồ số trong quản lý rừng với sự tham gia của mười hai "
    "huyện, thành phố đang có nhu cầu theo dõi diễn biến rừng bằng ảnh vệ tinh."
)
BODY = (
    "Tại hội thảo, các đại biểu nghe giới thiệu cách đọc ảnh vệ tinh để phát hiện sớm điểm mất rừng, thời gian báo về "
    "xã rút từ mười lăm ngày xuống còn hai ngày so với trước đây.",
    "Theo ban tổ chức, bản đồ số đã được thử nghiệm tại ba xã Vũ Lễ, Tân Tri và Nhất Hòa; tổ bảo vệ rừng của các thôn "
    "dùng điện thoại để ghi tọa độ, chụp ảnh hiện trường và gửi về hạt kiểm lâm.",
    "Các đại biểu đề nghị tập huấn thêm cho cán bộ thôn bản, hỗ trợ máy định vị và đường truyền ở những nơi sóng yếu, để "
    "năm 2027 toàn tỉnh dùng chung một bản đồ./.",
)
SIGNED = "Bế Thị Hoa"
PARAGRAPHS = "".join(f"<p>{paragraph}</p>" for paragraph in BODY)
MENU = '<ul id="menu"><li><a href="/">Trang chủ</a></li><li><a href="/tin-tuc">Tin tức</a></li></ul>'
STORY = (
    f'<div class="toolbar"><span class="ngay">20/11/2026</span></div><div class="tieude">{TITLE}</div>'
    f'<div class="tomtat"><b>{LEAD}</b></div><div id="noidung">{PARAGRAPHS}<p align="right"><b>{SIGNED}</b></p></div>'
)


def page(body: str) -> str:
    head = f'<meta charset="utf-8"><title>Cổng - {TITLE}</title>'
    return f'<!DOCTYPE html><html lang="vi"><head>{head}</head><body>{body}</body></html>'


def listing(href: str) -> str:
    return page(f'{MENU}<div class="danhsach"><h3><a href="{href}">{TITLE}</a></h3><span>20/11/2026</span></div>')


FORMS = {
    "page": ("/tin/index.html", listing("ban-do-so.html"), "/tin/ban-do-so.html", page(MENU + STORY)),
    "form": (
        "/sites/tin/index.html",
        listing("ban-do-so.aspx"),
        "/sites/tin/ban-do-so.aspx",
        page(
            '<form method="post" action="ban-do-so.aspx" id="aspnetForm">'
            f'<input type="hidden" name="__VIEWSTATE" value="/wEP">{MENU}{STORY}</form>'
        ),
    ),
    "liferay": (
        "/web/guest/tin/index.html",
        listing("-/asset_publisher/Ab12/content/ban-do-so?inheritRedirect=false&amp;redirect=%2Fweb%2Fguest%2Ftin"),
        "/web/guest/tin/-/asset_publisher/Ab12/content/ban-do-so",
        page(
            f'<div id="wrapper">{MENU}<div class="portlet-asset-publisher"><h2 class="asset-title">{TITLE}</h2>'
            '<div class="assetPublishDate">20/11/2026 | 09:40 AM</div><div class="journal-content-article">'
            f"<p><strong>{LEAD}</strong></p>{PARAGRAPHS}"
            f'<p style="text-align:right"><strong>{SIGNED}</strong></p></div></div></div>'
        ),
    ),
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("portal")
    for index, contents, place, article in FORMS.values():
        for path, html in ((index, contents), (place, article)):
            file = root / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(html, encoding="utf-8")
    (root / "dump").mkdir()
    dump = [
        "PublishingPortal - Block_BanTin_Toolbar",
        "",
        "20/11/2026",
        "Tăng cỡ chữ Giảm cỡ chữ",
        TITLE,
        LEAD,
        "",
        *BODY,
        SIGNED,
    ]
    (root / "dump" / "ban-do-so.txt").write_text("\n".join(dump), encoding="utf-8")
    return root


def sources(portal: Path) -> dict[str, Source]:
    pages: dict[str, Any] = {
        name: PageSource(
            name=name,
            url=f"https://bacson.example{index.removesuffix('index.html')}",
            folder=(portal / index.lstrip("/")).parent,
        )
        for name, (index, *_) in FORMS.items()
    }
    return pages | {"dump": FolderSource(name="dump", folder=portal / "dump")}


def gathered(portal: Path, folder: Path, order: tuple[str, ...]) -> list[Article]:
    """All articles of the store after the sources were looked at in this order, twice."""
    opened = Database.open("sqlite:///store.db", folder)
    opened.migrate()
    known = sources(portal)
    for name in order * 2:
        harvest = asyncio.run(known[name].gather(None, NOW))  # type: ignore[arg-type]  # read from the disk
        with opened.write() as connection:
            article_repository.store_articles(connection, known[name], harvest, authority="bacson.example", now=NOW)
    with opened.read() as connection:
        found = article_repository.load_origins(connection, article_repository.list_newest_articles(connection, 10))
    opened.close()
    return found


@pytest.mark.parametrize("order", list(permutations(["page", "form", "liferay", "dump"]))[::5], ids=" ".join)
def test_one_article_in_four_forms_is_one_article(portal: Path, tmp_path: Path, order: tuple[str, ...]) -> None:
    (article,) = gathered(portal, tmp_path, order)
    assert (article.title, article.author) == (TITLE, SIGNED)
    assert article.lead == LEAD
    assert (article.published, article.has_time) == (datetime(2026, 11, 20, 2, 40, tzinfo=UTC), True)
    assert all(paragraph.removesuffix("/.") in article.body_html for paragraph in BODY)
    assert article.origins == ("dump", "form", "liferay", "page")
