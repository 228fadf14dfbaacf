"""`distributor sources try`, run on a portal of ten pages and on what else there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.plain_portal import at_work, plain_portal, story_page
from distributor.articles import repository as article_repository
from support import sample_portal
from support.newsroom import Room
from support.sample_portal import BOX, CONTACT, SECTION, STORIES
from support.web_site import WebSite

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Tin</title><link>https://bacson.example/</link>{items}</channel></rss>"""
ITEM = """<item><title>{title}</title><link>{link}</link><guid>{link}</guid>
<pubDate>Tue, 24 Nov 2026 14:35:00 +0700</pubDate>{more}</item>"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the sample portal."""
    folder = tmp_path_factory.mktemp("portal")
    sample_portal.write(folder)
    with sample_portal.served(folder) as url:
        yield url


@pytest.fixture
def newcomer(room: Room) -> Room:
    """Somebody who has no config.yaml yet."""
    (room.folder / "config.yaml").unlink()
    return room


def tried(room: Room, address: str, *more: str) -> Any:
    done = room.run("sources", "try", address, "--allow-private", "--json", *more)
    assert done.code == 0, done
    return done.json


def pasted(room: Room, block: str) -> None:
    """The block that was proposed, in place of the newsroom's sources, as it stands."""
    file = room.folder / "config.yaml"
    text = file.read_text(encoding="utf-8")
    mine = text[text.index("sources:\n") : text.index("newsletters:\n")]
    file.write_text(text.replace(mine, block), encoding="utf-8")


def minute(article: dict[str, Any]) -> str:
    fields = {one["name"]: one["value"] for one in article["fields"]}
    return str(fields["date"])[:16]


# -- the portal of ten pages -------------------------------------------------------------------------------------------


def test_the_sample_portal_has_ten_pages() -> None:
    assert len(sample_portal.pages()) == 10


def test_the_block_for_a_listing_passes_check_online_and_reads_every_story_right(room: Room, portal: str) -> None:
    told = tried(room, portal + SECTION)
    assert told["kind"] == "listing"
    pasted(room, told["proposals"][0]["block"].replace("type: page", "type: page\n    max_pages: 2"))
    done = room.run("check", "--online", "--json")
    assert done.code == 0, done
    (read,) = done.json["read"]
    assert (read["articles"], read["text"], read["date"], read["author"]) == (7, 7, 7, 7)
    assert read["newest"] == STORIES[0].title
    room.good("gather")
    with room.store().read() as connection:
        articles = list(article_repository.iterate_articles(connection, None, None))
    assert len(articles) == 7
    for article in articles:
        story = next(story for story in STORIES if story.title == article.title)
        assert (article.author, article.lead) == (story.author, story.lead)
        assert f"{article.published.astimezone(VIETNAM):%Y-%m-%d %H:%M}" == story.minute
        assert [text for text in story.body if text not in article.body_html] == []
        assert BOX not in article.body_html
        assert CONTACT not in article.body_html


def test_each_field_stands_beside_what_it_was_made_of(newcomer: Room, portal: str) -> None:
    first = tried(newcomer, portal + SECTION)["articles"][0]
    story = next(story for story in STORIES if story.title == first["title"])
    fields = {one["name"]: one for one in first["fields"]}
    assert fields["title"]["places"][0] == "the link's words in the listing"
    assert any("moc-tg" in place for place in fields["date"]["places"])
    assert any("ky-ten" in place for place in fields["author"]["places"])
    assert any("doan-mo" in place for place in fields["lead"]["places"])
    assert minute(first) == story.minute
    assert (first["first"].split()[:5], first["paragraphs"]) == (story.body[0].split()[:5], len(story.body))


def test_an_article_leads_to_its_listing_and_is_shown_first(newcomer: Room, portal: str) -> None:
    for story in (STORIES[1], STORIES[5]):  # the second stands on a later page of the listing
        told = tried(newcomer, portal + story.path)
        assert told["kind"] == "article"
        assert told["articles"][0]["title"] == story.title
        assert minute(told["articles"][0]) == story.minute
        assert told["proposals"][0]["settings"]["url"] == portal + SECTION


def test_a_front_page_tells_its_sections(newcomer: Room, portal: str) -> None:
    told = tried(newcomer, portal + "/")
    assert told["kind"] == "listing"
    assert any("Thời sự" in hint and portal + SECTION in hint for hint in told["hints"])
    assert any("front page" in doubt for doubt in told["doubts"])


def test_what_people_read_says_the_same(newcomer: Room, portal: str) -> None:
    done = newcomer.run("sources", "try", portal + SECTION, "--allow-private")
    assert done.code == 0
    assert STORIES[0].title in done.out
    assert "sources:\n  portal:\n    type: page\n" in done.out
    assert "distributor check --online" in done.out
    assert f"reading {portal}{SECTION}" in done.err


def test_as_says_what_an_address_is(newcomer: Room, portal: str) -> None:
    told = tried(newcomer, portal + SECTION, "--as", "article", "--articles", "2")
    assert (told["kind"], told["articles"][0]["address"]) == ("article", portal + SECTION)


def test_articles_says_how_many_are_read(newcomer: Room, portal: str) -> None:
    assert len(tried(newcomer, portal + SECTION, "--articles", "2")["articles"]) == 2


def test_a_selector_of_ones_own_is_kept_and_told_where_it_finds_nothing(newcomer: Room, portal: str) -> None:
    told = tried(newcomer, portal + SECTION, "--select", "body=.khong-co", "--select", "author=.KY-TEN")
    select = told["proposals"][0]["settings"]["select"]
    assert (select["body"], select["author"]) == (".khong-co", ".KY-TEN")
    assert any("select.body: .khong-co finds nothing" in doubt for doubt in told["doubts"])


def test_the_name_is_new_in_the_newsroom(room: Room, portal: str) -> None:
    room.configure(("sources:\n", "sources:\n  portal: {type: folder, folder: articles}\n"))
    assert "sources:\n  portal-2:\n" in tried(room, portal + SECTION)["proposals"][0]["block"]
    assert "sources:\n  khe-sanh:\n" in tried(room, portal + SECTION, "--name", "khe-sanh")["proposals"][0]["block"]


# -- what else an address may be ---------------------------------------------------------------------------------------


async def test_where_automatic_extraction_is_good_the_block_has_no_selectors(newcomer: Room, site: WebSite) -> None:
    url = plain_portal(site)
    done = await at_work(newcomer, "sources", "try", url, "--allow-private", "--json")
    (proposal,) = done.json["proposals"]
    assert proposal["settings"] == {"type": "page", "url": url, "allow_private": True}
    assert done.json["found"] == 4


async def test_a_feed_is_proposed_first_where_it_has_the_whole_text(newcomer: Room, site: WebSite) -> None:
    text = "<p>" + "Một câu chuyện dài của phóng viên ở huyện vùng cao. " * 12 + "</p>"
    body = f"<description><![CDATA[{text}]]></description>"
    whole = "".join(
        ITEM.format(title=f"Công trình {n}", link=f"{site.url}/tin/{n}.html", more=body) for n in range(1, 5)
    )
    site.page("/rss", RSS.format(items=whole), Content_Type="application/rss+xml")
    url = plain_portal(site, '<link rel="alternate" type="application/rss+xml" title="RSS" href="/rss">')
    told = (await at_work(newcomer, "sources", "try", url, "--allow-private", "--json")).json
    assert [one["settings"]["type"] for one in told["proposals"]] == ["feed", "page"]
    assert told["proposals"][0]["settings"]["url"] == site.url + "/rss"


async def test_of_a_feed_with_summaries_it_is_told_that_pages_have_more(newcomer: Room, site: WebSite) -> None:
    plain_portal(site)
    items = "".join(
        ITEM.format(
            title=f"Công trình {n}", link=f"{site.url}/tin/{n}.html", more="<description>Tóm tắt.</description>"
        )
        for n in range(1, 5)
    )
    url = site.page("/rss", RSS.format(items=items), Content_Type="text/html")
    told = (await at_work(newcomer, "sources", "try", url, "--allow-private", "--json")).json
    assert (told["kind"], told["found"]) == ("feed", 4)
    assert any("summaries only" in doubt and "type page" in doubt for doubt in told["doubts"])


async def test_wordpress_is_read_by_its_feed(newcomer: Room, site: WebSite) -> None:
    posts = json.dumps([{"id": 1, "link": "https://x.example/a", "title": {"rendered": "A"}}])
    url = site.page("/wp-json/wp/v2/posts", posts, Content_Type="application/json")
    item = ITEM.format(title="Tin của WordPress", link=site.url + "/a", more="<description>Một.</description>")
    site.page("/feed/", RSS.format(items=item), Content_Type="application/rss+xml")
    told = (await at_work(newcomer, "sources", "try", url, "--allow-private", "--json")).json
    assert told["proposals"][0]["settings"]["url"] == site.url + "/feed/"


async def test_a_page_that_reads_like_a_listing_is_told_and_kept_out(newcomer: Room, site: WebSite) -> None:
    url = plain_portal(site)
    teasers = "".join(
        f'<li><h3><a href="/tin/{number}.html">Công trình số {number} đã hoàn thành</a></h3><p>Tóm tắt của công trình số '
        f"{number}, dài hơn một dòng để trông như một đoạn văn của bài báo thật sự.</p></li>"
        for number in range(1, 5)
    )
    site.page("/chuyen-de/xay-dung.html", f"<html><body><h1>Chuyên đề</h1><ul>{teasers}</ul></body></html>")
    listing = (
        '<html><body><ul class="tin">{links}</ul><p class="khac"><a href="/chuyen-de/xay-dung.html">Tất cả tin của chuyên '
        "đề xây dựng nông thôn</a></p></body></html>"
    )
    links = "".join(
        f'<li><h3><a href="/tin/{number}.html">Công trình số {number} đã hoàn thành</a></h3></li>'
        for number in range(1, 5)
    )
    site.page("/tin/", listing.format(links=links))
    told = (await at_work(newcomer, "sources", "try", url, "--allow-private", "--json")).json
    titles = [one["title"] for one in told["articles"] if not one["fault"]]
    assert "Chuyên đề" not in titles
    assert len(titles) == 4


async def test_a_listing_of_one_story_is_a_listing_and_a_short_story_with_a_link_is_none(
    newcomer: Room, site: WebSite
) -> None:
    plain_portal(site)
    teaser = (
        '<div class="tin"><a href="/tin/1.html">Công trình số 1 đã hoàn thành</a> <span>(24/11/2026)</span>'
        '<div class="tomtat">Sáng 24/11, công trình số một được bàn giao cho bà con trong niềm vui chung.</div></div>'
    )
    one = site.page("/muc/", f"<html><body>{teaser}</body></html>")
    told = (await at_work(newcomer, "sources", "try", one, "--allow-private", "--json")).json
    assert (told["kind"], told["found"]) == ("listing", 1)
    short = "<p>Tin ngắn của bản tin, chỉ một đoạn văn với hơn một trăm ký tự để người đọc nắm được điều chính yếu nhất.</p>"
    page = f"<html><body><h1>Tin ngắn trong ngày hôm nay</h1><div class=article-content>{short}</div>{teaser}</body></html>"
    told = (await at_work(newcomer, "sources", "try", site.page("/ngan.html", page), "--allow-private", "--json")).json
    assert told["kind"] == "article"


async def test_topics_that_only_the_path_of_links_names_are_told(newcomer: Room, site: WebSite) -> None:
    url = plain_portal(site)
    for number in range(1, 5):
        path = '<ul class="breadcrumb"><li><a href="/">Trang chủ</a></li><li><a href="/xd/">Xây dựng</a></li></ul>'
        site.page(f"/tin/{number}.html", story_page(number).replace("<h1>", path + "<h1>"))
    told = (await at_work(newcomer, "sources", "try", url, "--allow-private", "--json")).json
    assert any("Xây dựng" in hint and "topics: from page" in hint for hint in told["hints"])


async def test_a_map_of_the_site_and_other_things_are_named_and_the_exit_code_is_1(
    newcomer: Room, site: WebSite
) -> None:
    for path, body, word in (
        (
            "/sitemap.xml",
            '<?xml version="1.0"?><urlset><url><loc>https://x.example/</loc></url></urlset>',
            "sitemap for search engines",
        ),
        ("/a.json", '{"ok": 1}', "JSON"),
        ("/a.pdf", "%PDF-1.4\x00\x01", "neither a page nor a feed"),
        ("/a.txt", "Chỉ là chữ.", "plain text"),
    ):
        url = site.page(path, body, Content_Type="application/octet-stream")
        done = await at_work(newcomer, "sources", "try", url, "--allow-private")
        assert done.code == 1
        assert word in done.out


async def test_what_strangers_write_acts_on_no_terminal(newcomer: Room, site: WebSite) -> None:
    url = plain_portal(site)
    evil = story_page(1).replace("đã hoàn thành", "đã &#27;[2J\x9b2J\u202e hoàn\x1b]0;x\x07 thành")
    site.page("/tin/1.html", evil)
    site.page("/tin/2.html", evil.replace("article-content", 'x"; \x1b[2J'))
    for more in ((), ("--json",)):
        done = await at_work(newcomer, "sources", "try", url, "--allow-private", *more)
        assert not HARMFUL.search(done.out + done.err)


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 20_000,
        b"<a href=/x>" * 20_000,
        b"<html><body>" + b"<p class='a b c d e f'>" * 5_000 + b"\xff\xfe",
        b"\x00\x01\x02<html>",
        b"<?xml version='1.0'?><rss><channel>" + b"<item>" * 1_000,
        b"[" * 100_000,
    ],
    ids=["nested", "links", "classes", "binary", "broken feed", "deep json"],
)
async def test_wild_bytes_end_with_a_line_and_never_with_a_traceback(
    body: bytes, newcomer: Room, site: WebSite
) -> None:
    done = await at_work(newcomer, "sources", "try", site.page("/x", body), "--allow-private")
    assert done.code in (0, 1)
    assert "Traceback" not in done.out + done.err


# -- the disk ----------------------------------------------------------------------------------------------------------


def test_a_copy_of_a_portal_in_a_folder(newcomer: Room, tmp_path: Path) -> None:
    sample_portal.write(tmp_path / "copy")
    done = newcomer.run("sources", "try", str(tmp_path / "copy" / "thoi-su"), "--json")
    assert done.code == 0, done
    settings = done.json["proposals"][0]["settings"]
    assert (settings["type"], settings["folder"]) == ("page", str(tmp_path / "copy" / "thoi-su"))
    assert any("address of their site" in doubt for doubt in done.json["doubts"])


def test_a_folder_of_articles_and_one_of_its_files(room: Room) -> None:
    for path in (room.folder / "articles", room.folder / "articles" / "mot.md"):
        told = room.run("sources", "try", str(path), "--json").json
        assert told["kind"] == "folder"
        assert "Khởi công đường tỉnh 254" in [one["title"] for one in told["articles"]]
        assert told["proposals"][0]["settings"]["type"] == "folder"


def test_a_feed_on_the_disk_and_a_saved_page(newcomer: Room, tmp_path: Path) -> None:
    item = ITEM.format(title="Tin trên đĩa", link="https://x.example/a", more="<description>Một.</description>")
    (tmp_path / "tin.xml").write_text(RSS.format(items=item), encoding="utf-8")
    told = newcomer.run("sources", "try", str(tmp_path / "tin.xml"), "--json").json
    assert (told["kind"], told["proposals"][0]["settings"]["file"]) == ("feed", str(tmp_path / "tin.xml"))
    (tmp_path / "trang.html").write_text(story_page(3), encoding="utf-8")
    told = newcomer.run("sources", "try", str(tmp_path / "trang.html"), "--json").json
    assert (told["kind"], told["articles"][0]["title"]) == ("article", "Công trình số 3 đã hoàn thành")


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["khong-co"], "no such file or folder"),
        (["./khong-co.html"], "no such file or folder"),
        (["ftp://x.example/"], "begins with https://"),
        (["https://u:p@:80/"], "begins with https://"),
        (["https://x.example", "--select", "body"], "KEY=CSS"),
        (["https://x.example", "--select", "bodi=#a"], "did you mean 'body'"),
        (["https://x.example", "--select", "body=#a[["], "is not a CSS selector"),
        (["https://x.example", "--articles", "0"], "0"),
        (["https://x.example", "--as", "book"], "book"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_line(arguments: list[str], words: str, newcomer: Room) -> None:
    done = newcomer.run("sources", "try", *arguments)
    assert done.code == 2, done
    assert words in done.err
    assert "u:p" not in done.err


def test_a_private_address_is_not_read_unless_allowed(newcomer: Room, portal: str) -> None:
    done = newcomer.run("sources", "try", portal)
    assert done.code == 1
    assert "--allow-private" in done.err


async def test_what_is_not_there_ends_with_1(newcomer: Room, site: WebSite) -> None:
    done = await at_work(newcomer, "sources", "try", site.url + "/mat", "--allow-private")
    assert (done.code, "404" in done.err) == (1, True)
    done = await at_work(newcomer, "sources", "try", site.url + "/mat", "--allow-private", "--json")
    assert (done.code, done.json["ok"]) == (1, False)


def test_a_broken_config_is_told_like_everywhere(room: Room) -> None:
    room.configure(("title: Báo Bắc Sơn", "titel: Báo Bắc Sơn"))
    done = room.run("sources", "try", str(room.folder / "articles"))
    assert (done.code, "config.yaml" in done.err) == (2, True)


def test_types_are_still_shown(room: Room) -> None:
    assert "page" in room.good("sources")
    assert room.run("sources", "page", "--json").json["type"] == "page"
    assert room.run("sources", "--json").json
    assert room.run("sources", "khong-co").code == 2


def test_a_block_that_config_would_not_take_is_told_and_not_proposed(
    newcomer: Room, portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "distributor.gathering.discovery.report.find_problems", lambda text, file: ["sources.x: is wrong"]
    )
    done = newcomer.run("sources", "try", portal + SECTION, "--allow-private", "--articles", "2")
    assert "sources.x: is wrong" in done.err
    assert "For config.yaml" not in done.out
