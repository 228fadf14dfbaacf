"""The page source: a portal without a feed gives its stories, with selectors and without, from the web and from the disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from distributor.errors import SourceError
from distributor.gathering.extraction.document import decode
from distributor.gathering.extraction.selectors import Selectors
from distributor.gathering.listings.listing import ArticleLink
from distributor.gathering.sources.page import PageSource
from distributor.model import ParsedArticle
from distributor.newsroom import open_newsroom
from distributor.source import FetchedDocument, Fetcher, FetchResult
from gathering.sources.page_cases import ARTICLE, BY_HAND, CAPTION, HANOI, LEAD, LISTING, PARAGRAPHS, TITLE
from support.builders import NOW
from support.web_site import OpenFetcher, WebSite


def assert_the_story(article: ParsedArticle, host: str) -> None:
    assert article.title == TITLE
    assert article.lead == LEAD
    assert article.published == datetime(2026, 11, 23, tzinfo=HANOI)
    assert article.author == "Thu Hương"
    assert article.url == f"{host}/tin-tuc/hoi-nghi.html"
    assert article.image is not None
    assert (article.image.url, article.image.caption) == (f"{host}/anh/1.jpg", CAPTION)
    assert (article.image.width, article.image.height) == (1200, 800)
    assert article.body_html == f"<p>{PARAGRAPHS[0]}</p><p>{PARAGRAPHS[1]}</p><p>{PARAGRAPHS[2]}.</p>"


async def look(source: PageSource, fetcher: Fetcher) -> FetchResult:
    return await source.gather(fetcher, NOW)


def portal(site: WebSite, **settings: Any) -> PageSource:
    """The source of a portal at /tin-tuc/ on the test site."""
    return PageSource(**{"name": "cong", "url": f"{site.url}/tin-tuc/", **settings})


# -- the portal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("select", [Selectors(), BY_HAND], ids=["by itself", "by selectors"])
async def test_a_portals_page_gives_the_story(site: WebSite, open_web: OpenFetcher, select: Selectors) -> None:
    site.page("/tin-tuc/", LISTING)
    site.page("/tin-tuc/hoi-nghi.html", ARTICLE)
    harvest = await look(portal(site, select=select, topics=("Tin tỉnh",)), await open_web())
    assert harvest.faults == []
    (article,) = harvest.articles
    assert_the_story(article, site.url)
    assert (article.topics, article.source, article.language) == (("Tin tỉnh",), "cong", "vi")


@pytest.mark.parametrize("select", [Selectors(), BY_HAND], ids=["by itself", "by selectors"])
async def test_a_copy_on_the_disk_gives_the_same_story(
    tmp_path: Path, open_web: OpenFetcher, select: Selectors
) -> None:
    (tmp_path / "index.html").write_text(LISTING, encoding="utf-8")
    (tmp_path / "hoi-nghi.html").write_text(ARTICLE, encoding="utf-8")
    source = PageSource(name="cong", url="https://bacson.example/tin-tuc/", folder=tmp_path, select=select)
    (article,) = (await look(source, await open_web())).articles
    assert_the_story(article, "https://bacson.example")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("../bi-mat.txt", "is not below"),
        ("..%2fbi-mat.txt", "leads out of"),
        ("%2e%2e/bi-mat.txt", "leads out of"),
        ("/tin-tuc//etc/passwd", "leads out of"),
        ("%00", "is no path"),
        ("khong-co.html", "cannot be read: No such file or directory"),
    ],
)
async def test_a_link_does_not_lead_out_of_the_copy(
    tmp_path: Path, open_web: OpenFetcher, link: str, words: str
) -> None:
    copy = tmp_path / "portal"
    copy.mkdir()
    (tmp_path / "bi-mat.txt").write_text("bí mật", encoding="utf-8")
    (copy / "index.html").write_text(
        f'<a href="{link}">Một liên kết dẫn ra ngoài</a><a href="hoi-nghi.html">{TITLE}</a>', encoding="utf-8"
    )
    (copy / "hoi-nghi.html").write_text(ARTICLE, encoding="utf-8")
    source = PageSource(name="cong", url="https://bacson.example/tin-tuc/", folder=copy)
    harvest = await look(source, await open_web())
    assert [article.title for article in harvest.articles] == [TITLE]
    (fault,) = harvest.faults
    assert words in fault


# -- other pages -------------------------------------------------------------------------------------------------------

MODERN = f"""<!doctype html><html><head><title>{TITLE} | Báo Bắc Sơn</title>
<meta property="og:title" content="Tiêu đề cho mạng xã hội"><meta name="description" content="Tóm tắt cho máy tìm kiếm.">
<meta property="og:image" content="//cdn.example/og.jpg">
<script type="application/ld+json">{{"@graph": [{{"@type": "WebPage"}}, {{"@type": ["NewsArticle"], "headline": "{TITLE}",
 "datePublished": "2026-11-23T08:00:00+07:00", "dateModified": "2026-11-23T09:30:00+07:00", "articleSection": "Số hóa",
 "author": [{{"@type": "Person", "name": "Thu Hương"}}]}}]}}</script>
<script type="application/ld+json">{{broken</script></head>
<body><nav><a href="/">Trang chủ</a></nav><main><h1>{TITLE}</h1><div class="x1">
{"".join(f"<p>{paragraph}, theo báo cáo của Sở Thông tin và Truyền thông.</p>" for paragraph in PARAGRAPHS * 2)}
</div></main><footer>Bản quyền thuộc về Báo Bắc Sơn</footer></body></html>"""


def read(page: bytes | str, select: Selectors = Selectors(), charset: str = "") -> ParsedArticle:
    """The article of one page."""
    source = PageSource(name="bao", url="https://bao.example/tin", select=select)
    data = page if isinstance(page, bytes) else page.encode()
    url = "https://bao.example/tin/1"
    return source.article(FetchedDocument(url=url, body=data, charset=charset), ArticleLink(url, ""))


def test_what_a_page_tells_machines_is_believed() -> None:
    article = read(MODERN)
    assert (article.title, article.author, article.topics) == (TITLE, "Thu Hương", ("Số hóa",))
    assert article.published == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    assert article.lead == "Tóm tắt cho máy tìm kiếm."
    assert article.image is not None
    assert article.image.url == "https://cdn.example/og.jpg"


def test_a_body_without_a_known_name_is_found_by_its_shape() -> None:
    body = read(MODERN).body_html
    assert all(paragraph in body for paragraph in PARAGRAPHS)
    assert "Trang chủ" not in body
    assert "Bản quyền" not in body


def test_a_selector_goes_before_everything_else() -> None:
    page = MODERN.replace(
        "<main>", '<main><b class="muc">Y tế</b><b class="muc">Số hóa</b><i class="sapo2">Tóm tắt khác.</i>'
    )
    article = read(page, Selectors(topic=".muc", lead=".sapo2", body="h1 + div", title="nav a"))
    assert article.topics == ("Y tế", "Số hóa")
    assert (article.lead, article.title) == ("Tóm tắt khác.", "Trang chủ")


def test_selectors_may_hold_commas() -> None:
    article = read(MODERN.replace('class="x1"', 'title="a,b"'), Selectors(body='div[title="a,b"], .khong-co'))
    assert article.body_html.startswith(f"<p>{PARAGRAPHS[0]}")


def test_a_caption_of_its_own_belongs_to_the_picture_in_the_body() -> None:
    article = read(ARTICLE.replace("<i>", "<i class=chuthich>Ảnh: "), Selectors(caption=".chuthich"))
    assert article.image is not None
    assert article.image.caption == f"Ảnh: {CAPTION}"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        pytest.param(ARTICLE.encode(), "", id="said by the page"),
        pytest.param(ARTICLE.encode(), "iso-8859-1", id="the server is wrong"),
        pytest.param(ARTICLE.replace("utf-8", "windows-1252").encode(), "", id="the page is wrong"),
        pytest.param(ARTICLE.encode("utf-8-sig"), "", id="byte order mark"),
        pytest.param(ARTICLE.encode("utf-16"), "utf-8", id="UTF-16, the server is wrong"),
        pytest.param(ARTICLE.encode("utf-16-le"), "utf-16-le", id="UTF-16, said by the server"),
        pytest.param(ARTICLE.encode(), "không có", id="a name that nobody knows"),
    ],
)
def test_a_page_is_read_in_its_real_encoding(data: bytes, charset: str) -> None:
    article = read(data, charset=charset)
    assert article.title == TITLE
    assert article.body_html.startswith(f"<p>{PARAGRAPHS[0]}</p>")


@pytest.mark.parametrize("name", ["undefined", "idna", "hex", "rot13", "utf-7", "no-such", ""])
def test_encodings_that_no_page_has_are_not_asked_of_python(name: str) -> None:
    """Some of them raise errors of their own, others take quadratic time."""
    assert decode(b"caf\xe9 \xd0en", name) == "café Đen"


def test_an_old_page_is_read_in_the_encoding_it_names() -> None:
    page = '<meta charset="windows-1258"><title>Tin cũ của tỉnh</title><h1>Café ở đây</h1><p class=sapo>Số 5.</p>'
    old = page.replace("ũ", "u").replace("ủ", "u").replace("ỉ", "i").replace("ở", "ơ").replace("ố", "ô")
    assert read(old.encode("windows-1258")).title == "Café ơ đây"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("", "is an empty page"),
        ("  \n", "is an empty page"),
        ("<html><body><p></p></body></html>", "has no title"),
        ("<title>Trang đang được bảo trì</title>", "has no text"),
        (bytes(range(256)), "has no"),
        ("<div>" * 100_000 + "x", "has no"),
        ("<title>Một tiêu đề</title>" + "<a href=x>x" * 100_000, "has no text"),
        ("<title>Một tiêu đề</title>" + "<!--" * 500_000, "has no text"),
    ],
)  # fmt: skip
def test_a_page_without_a_story_is_a_fault(page: bytes | str, words: str) -> None:
    with pytest.raises(SourceError, match=f"^https://bao.example/tin/1 {words}"):
        read(page)


def test_a_page_with_the_wrong_selector_says_which() -> None:
    with pytest.raises(SourceError, match=r"has no title; check select\.title"):
        read("<p>x</p>", Selectors(title=".khong-co"))
    with pytest.raises(SourceError, match=r"has no text; check select\.body"):
        read("<h1>Tiêu đề</h1>", Selectors(body=".khong-co"))


def test_a_hostile_page_gives_harmless_words() -> None:
    page = ARTICLE.replace(PARAGRAPHS[0], "Một<img src=data:x onerror=alert(1)><script>alert(1)</script>&#8;\x0b hai.")
    page = page.replace(f"<b>{LEAD}", "<b onclick=x()>&lt;script&gt;Lời dẫn&#11;").replace(
        "/anh/1.jpg", "javascript:alert(1)"
    )
    article = read(page)
    assert article.lead == "<script>Lời dẫn"  # words, to be escaped by whoever shows them
    assert "<p>Một" in article.body_html
    assert "alert" not in article.body_html
    assert article.image is None


@pytest.mark.parametrize(
    ("base", "seen"),
    [
        ('<base href="https://bacson.example/">', "https://bacson.example/anh/duong.jpg"),
        ('<base target="_top"><base href="//cdn.example/a/"><base href="/b/">', "https://cdn.example/a/anh/duong.jpg"),
        ('<base href="/cong/trang.aspx">', "https://bao.example/cong/anh/duong.jpg"),
        ('<base href="">', "https://bao.example/tin/anh/duong.jpg"),
        ('<base href="javascript:alert(1)">', "https://bao.example/tin/anh/duong.jpg"),
        ('<base href="http://[::1/">', "https://bao.example/tin/anh/duong.jpg"),
    ],
)
def test_addresses_on_a_page_begin_at_its_base(base: str, seen: str) -> None:
    words = "Sáng nay, lãnh đạo tỉnh đã đi kiểm tra tuyến đường nối hai huyện miền núi và động viên công nhân."
    page = f"""<html><head>{base}</head><h1>Kiểm tra tuyến đường</h1><div class=article-body><img src="anh/duong.jpg">
        <p>{words}</p><p>Xem <a href="van-ban/12.pdf">văn bản</a></p></div>"""
    article = read(page)
    assert article.image is not None
    assert article.image.url == seen
    assert f'href="{seen.replace("anh/duong.jpg", "van-ban/12.pdf")}"' in article.body_html


async def test_a_listing_with_a_base_leads_to_its_articles(site: WebSite, open_web: OpenFetcher) -> None:
    more = '<a href="tin-tuc/?page=2">2</a>'
    head = f'<html><head><base href="{site.url}/"></head>'
    site.page("/tin-tuc/", f'{head}<h3><a href="tin-tuc/a.html">Tin a của tỉnh nhà hôm nay</a></h3>{more}')
    site.page("/tin-tuc/?page=2", f'{head}<h3><a href="tin-tuc/b.html">Tin b của tỉnh nhà hôm nay</a></h3>')
    fill(site, "a", "b")
    harvest = await look(portal(site, max_pages=2), await open_web())
    assert [article.url[-6:] for article in harvest.articles] == ["a.html", "b.html"]


# -- the listing -------------------------------------------------------------------------------------------------------


def listing(*names: str, more: str = "") -> str:
    links = "".join(f'<p><a href="{name}.html">Tin {name} của tỉnh nhà hôm nay</a></p>' for name in names)
    return f"<html><body>{links}{more}</body></html>"


def story(name: str) -> str:
    return f"<h1>Tin {name} của tỉnh nhà hôm nay</h1><p class=sapo>Tóm tắt của tin {name}.</p>"


def fill(site: WebSite, *names: str) -> None:
    for name in names:
        site.page(f"/tin-tuc/{name}.html", story(name))


async def test_further_pages_are_read_up_to_the_setting_and_nothing_twice(site: WebSite, open_web: OpenFetcher) -> None:
    paging = '<div class="phantrang"><a href="?page=1">1</a><a href="?page=2">2</a><a href="?page=3">3</a></div>'
    for number, names in (("", "ab"), ("?page=2", "bc"), ("?page=3", "d")):
        site.page(f"/tin-tuc/{number}", listing(*names, more=paging))
    fill(site, *"abcd")
    harvest = await look(portal(site, max_pages=2), await open_web())
    assert [article.url[-6:] for article in harvest.articles] == ["a.html", "b.html", "c.html"]
    assert site.paths == ["/tin-tuc/", "/tin-tuc/?page=2", *(f"/tin-tuc/{name}.html" for name in "abc")]


async def test_a_selector_finds_the_next_page(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin-tuc/", listing("a", more='<a class="sau" href="trang-2">»</a>'))
    site.page("/tin-tuc/trang-2", listing("b", more='<a class="sau" href="./">»</a>'))  # and round in a circle
    fill(site, *"ab")
    harvest = await look(portal(site, max_pages=9, select=Selectors(next="a.sau")), await open_web())
    assert len(harvest.articles) == 2
    assert len(site.asked) == 4


async def test_the_limit_ends_the_look(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin-tuc/", listing(*"abcde"))
    fill(site, *"abcde")
    assert len((await look(portal(site, max_articles=2), await open_web())).articles) == 2
    assert len(site.asked) == 3


async def test_a_page_that_has_not_changed_is_passed_over(site: WebSite, open_web: OpenFetcher) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304)
        return web.Response(text=story("a"), content_type="text/html", headers={"ETag": '"1"'})

    site.page("/tin-tuc/", listing("a", "b"), ETag='"2"')
    url = site.at("/tin-tuc/a.html", answer)
    fill(site, "b")
    first = await look(portal(site), await open_web())
    assert first.validators[url].etag == '"1"'
    assert first.validators.keys() == {url, f"{site.url}/tin-tuc/b.html"}, "the listing is always read"
    site.page("/tin-tuc/b.html", story("b") + "<p>Đã sửa.</p>")
    second = await look(portal(site), await open_web(first.validators))
    assert [article.title[:5] for article in second.articles] == ["Tin b"]
    assert second.faults == []


async def test_one_broken_page_is_one_fault(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin-tuc/", listing(*"abcd"))
    fill(site, "a", "d")
    site.page("/tin-tuc/b.html", "")
    harvest = await look(portal(site), await open_web())
    assert [article.title[:5] for article in harvest.articles] == ["Tin a", "Tin d"]
    assert harvest.faults == [
        f"{site.url}/tin-tuc/b.html is an empty page",
        f"{site.url}/tin-tuc/c.html answered 404 Not Found",
    ]


async def test_a_portal_of_which_nothing_can_be_read_is_a_failure(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin-tuc/", listing("a", "b"))
    with pytest.raises(SourceError, match=r"none of the 2 articles of .*; the first: .*a\.html answered 404 Not Found"):
        await look(portal(site), await open_web())


@pytest.mark.parametrize(
    ("page", "select", "words"),
    [
        ("", Selectors(), "has no links to articles"),
        ("<p>Đang bảo trì</p>", Selectors(), "has no links to articles"),
        (LISTING, Selectors(link=".tin-moi a"), "has no links to articles; check select.link"),
        ("<ul class=menu><li><a href=a>Một mục của trình đơn chính</a></ul>", Selectors(), "has no links to articles"),
    ],
)
async def test_a_listing_without_articles_is_a_failure_and_not_no_news(
    site: WebSite, open_web: OpenFetcher, page: str, select: Selectors, words: str
) -> None:
    site.page("/tin-tuc/", page)
    with pytest.raises(SourceError) as caught:
        await look(portal(site, select=select), await open_web())
    assert str(caught.value) == f"{site.url}/tin-tuc/ {words}; `distributor gather --explain cong` shows why"


async def test_a_listing_that_cannot_be_had_is_a_failure(site: WebSite, open_web: OpenFetcher) -> None:
    with pytest.raises(SourceError, match="answered 404 Not Found"):
        await look(portal(site), await open_web())


async def test_the_date_beside_a_link_is_used_where_the_page_has_none(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin-tuc/", '<li><a href="a.html">Tin a của tỉnh nhà hôm nay</a> <i>(23/11/2026)</i></li>')
    fill(site, "a")
    (article,) = (await look(portal(site), await open_web())).articles
    assert article.published == datetime(2026, 11, 23, tzinfo=HANOI)


@pytest.mark.slow
async def test_a_listing_of_a_hundred_thousand_links_is_read_quickly(site: WebSite, open_web: OpenFetcher) -> None:
    """The words beside each link were once looked up among all the others."""
    site.page("/tin-tuc/", "<a href=a.html>Tin a của tỉnh nhà hôm nay</a>" + "<a href=b>xin chào</a>" * 100_000)
    fill(site, "a")
    assert len((await look(portal(site), await open_web())).articles) == 1


async def test_a_date_that_cannot_be_read_is_told_with_its_page(site: WebSite, open_web: OpenFetcher) -> None:
    site.page("/tin-tuc/", listing("a", "b"))
    fill(site, "b")
    site.page("/tin-tuc/a.html", story("a").replace("</h1>", '</h1><p class="publish-date">24/17/2026</p>', 1))
    harvest = await look(portal(site), await open_web())
    assert [article.published for article in harvest.articles] == [None, None]
    (note,) = [note for note in harvest.notes if "its date" in note]
    assert note.startswith(f"{site.url}/tin-tuc/a.html: its date '24/17/2026' does not exist")


# -- the settings ------------------------------------------------------------------------------------------------------

CONFIG = """\
site: {title: Báo, url: "https://bacson.example"}
sources:
  cong:
    type: page
    url: SETTING
newsletters: {tin: {title: Tin, channels: [wall]}}
channels: {wall: {type: console}}
"""


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ('https://x.example\n    select: {link: "a["}', "sources.cong.select: 'a[' is not a CSS selector"),
        (
            "https://x.example\n    select: {lnk: a}",
            "sources.cong.select.lnk: is not a known key",
        ),
        ("https://x.example\n    max_pages: 0", "sources.cong.max_pages: "),
        ("file:///etc", "sources.cong.url: "),
    ],
)
def test_wrong_settings_are_told_with_their_key_and_line(tmp_path: Path, setting: str, problem: str) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.replace("SETTING", setting), encoding="utf-8")
    with pytest.raises(Exception) as caught:
        open_newsroom(tmp_path / "config.yaml")
    assert problem in str(caught.value)
