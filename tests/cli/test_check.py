"""`distributor check --online`: each source is read, and nothing is stored."""

from __future__ import annotations

from cli.plain_portal import at_work, plain_portal
from support.newsroom import Room
from support.web_site import WebSite

# -- check --online ----------------------------------------------------------------------------------------------------


async def test_check_online_reads_each_source_and_stores_nothing(room: Room, site: WebSite) -> None:
    url = plain_portal(site)
    room.configure(("sources:\n", f"sources:\n  cong-trinh: {{type: page, url: '{url}', allow_private: true}}\n"))
    done = await at_work(room, "check", "--online")
    assert done.code == 0, done
    assert "cong-trinh: 4 articles, of which with text 4, date 4, image 4, author 4, topics 0" in done.out
    assert "newest: Công trình số 4 đã hoàn thành (2026-11-24 08:04)" in done.out
    assert "  channel      mail: its settings work\n" in done.out
    assert "  channel      feeds: nothing to try beforehand\n" in done.out
    assert room.run("articles", "--json").json == []


async def test_check_online_tells_what_was_left_out_and_why(room: Room, site: WebSite) -> None:
    url = plain_portal(site)
    site.page("/tin/2.html", "", status=404)
    room.configure(("sources:\n", f"sources:\n  cong-trinh: {{type: page, url: '{url}', allow_private: true}}\n"))
    done = await at_work(room, "check", "--online")
    assert (done.code, "cong-trinh: 3 articles" in done.out) == (0, True)
    assert "/tin/2.html answered 404" in done.err


async def test_check_online_counts_the_links_that_are_no_articles_and_asks_for_each_page_once(
    room: Room, site: WebSite
) -> None:
    url = plain_portal(site)
    links = "".join(f'<li><a href="/tin/{n}.html">Công trình số {n} đã hoàn thành</a></li>' for n in range(1, 5))
    menu = '<nav><a href="/gioi-thieu">Giới thiệu</a><a href="/lien-he">Liên hệ</a></nav>'
    site.page("/tin/", f"<html><body>{menu}<ul>{links}</ul></body></html>")
    room.configure(("sources:\n", f"sources:\n  cong-trinh: {{type: page, url: '{url}', allow_private: true}}\n"))
    done = await at_work(room, "check", "--online")
    assert done.code == 0, done
    assert "2 links left out: " in done.out
    assert "gather --explain cong-trinh" in done.out
    assert sorted(site.paths) == ["/tin/", *(f"/tin/{n}.html" for n in range(1, 5))]


async def test_check_online_ends_with_1_where_a_source_cannot_be_read(room: Room, site: WebSite) -> None:
    room.configure(("sources:\n", f"sources:\n  mat: {{type: feed, url: '{site.url}/rss', allow_private: true}}\n"))
    done = await at_work(room, "check", "--online")
    assert (done.code, "source mat:" in done.err, "bai-viet: 2 articles" in done.out) == (1, True, True)
    assert "ok:" not in done.out
    done = await at_work(room, "check", "--online", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    assert [one["ok"] for one in done.json["read"]] == [False, True]


def test_check_without_online_reads_no_source(room: Room) -> None:
    room.configure(("sources:\n", "sources:\n  mat: {type: feed, url: 'https://x.invalid/rss'}\n"))
    assert "newest" not in room.good("check")


async def test_check_online_leaves_a_server_alone_that_asks_for_it(room: Room, site: WebSite) -> None:
    url = site.page("/rss", "", status=429, Retry_After="3600")
    room.configure(("sources:\n", f"sources:\n  mat: {{type: feed, url: '{url}', allow_private: true}}\n"))
    for _ in range(2):
        done = await at_work(room, "check", "--online")
        assert (done.code, "source mat:" in done.err) == (1, True)
    assert site.paths == ["/rss"]


def test_a_folder_or_file_of_a_source_that_cannot_be_read_is_a_problem(room: Room) -> None:
    room.configure(
        ("sources:\n", "sources:\n  mat: {type: folder, folder: nowhere}\n  tep: {type: feed, file: no.xml}\n")
    )
    done = room.run("check")
    assert (done.code, done.out) == (2, "")
    folder, file = done.err.splitlines()
    assert folder.startswith("error: config.yaml:6: sources.mat.folder: ")
    assert folder.endswith("nowhere cannot be read: No such file or directory")
    assert "config.yaml:7: sources.tep.file: " in file
