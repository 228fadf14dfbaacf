"""The page on adding a source tells the truth: its example is taken out of it and made to work."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from distributor.config.validation import build
from distributor.config.yaml import read
from distributor.errors import NotModified, SourceError
from distributor.gathering.fetcher import FetchLimits, HostQueue, open_fetcher
from distributor.gathering.recheck import check_articles
from distributor.gathering.source_reader import options_for
from distributor.kit.source_testing import check_promises
from distributor.model import Image
from distributor.plugins import registry
from distributor.plugins.info import describe
from distributor.source import FetchResult, Source, Validators
from support.builders import NOW, article, settings
from support.newsroom import Room
from support.web_site import WebSite

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-source.md"

ARTICLES = """\
id,title,date,lead,url
254,"Khởi công: đường tỉnh 254",23/11/2026 08:00,"Tuyến đường dài 38 km,
 nối hai huyện.",https://bacson.example/tin/254
255,,23/11/2026,,
256,Chè Tân Lập,hôm qua,,javascript:alert(1)
257,Dòng ngắn
258,Dòng dài,,,,,thừa
"""


def examples() -> list[str]:
    """The files in the order of the page, and the method that it adds to the last one later."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def example() -> str:
    """The source that reads a file."""
    return examples()[2]


@pytest.fixture
def newsroom(room: Room) -> Room:
    """A newsroom with the example file in its own folder, and its own example in the configuration."""
    own = room.folder / "sources"
    own.mkdir()
    (own / "table.py").write_text(example(), encoding="utf-8")
    registry.sources.join(own)
    pasted = describe("table", registry.sources.find("table"), "sources").example
    room.configure(("sources:\n", pasted.rstrip() + "\n"))
    return room


def made(newsroom: Room, **changes: Any) -> Source:
    """The source, built from the example of its own manual."""
    raw = read(newsroom.folder / "config.yaml", {})
    values = {key: value for key, value in raw.data["sources"]["tong-hop"].items() if key != "type"}
    source, problems = build(registry.sources.find("table"), {**values, "name": "tong-hop", **changes}, raw, ())
    assert not problems
    assert isinstance(source, Source)
    return source


async def look(newsroom: Room, articles: str | bytes, **changes: Any) -> FetchResult:
    data = articles if isinstance(articles, bytes) else articles.encode()
    (newsroom.folder / "articles.csv").write_bytes(data)
    async with open_fetcher(settings().site, HostQueue()) as fetcher:
        return await made(newsroom, **changes).gather(fetcher, NOW)


def test_the_example_is_short() -> None:
    assert len(example().splitlines()) < 40


def written(newsroom: Path, name: str, text: str) -> type[Source]:
    (newsroom / "sources").mkdir(exist_ok=True)
    (newsroom / "sources" / f"{name}.py").write_text(text, encoding="utf-8")
    registry.sources.join(newsroom / "sources")
    return registry.sources.find(name)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A newsroom with the two sources of the page that read a server."""
    for name, text in zip(("wp_rest", "newsdesk"), examples(), strict=False):
        written(tmp_path, name, text)
    yield tmp_path
    registry.sources.leave(tmp_path / "sources")


async def gathered(source: Source, known: dict[str, Validators] | None = None) -> FetchResult:
    """What a source gathers, with what it logs in with."""
    options = options_for(source, known=known or {}, limits=FetchLimits(pause=0.0))
    async with open_fetcher(settings().site, HostQueue(), options) as fetcher:
        return await source.gather(fetcher, NOW)


@pytest.mark.real
@pytest.mark.parametrize("name", ["wp_rest", "newsdesk", "table"])
def test_each_complete_example_keeps_every_promise(own: Path, name: str) -> None:
    if name == "table":
        written(own, "table", example())
    found = check_promises(name, folder=own)
    assert [str(one) for one in found if one.kept is False] == []
    skipped = [one.promise for one in found if one.kept is None]
    assert len(skipped) <= {"wp_rest": 2, "newsdesk": 1, "table": 2}[name], skipped


def wordpress(site: WebSite, *, posts: int, per_page: int) -> None:
    """A WordPress site as its REST API answers: newest first, with Link and X-WP-Total headers, an error behind the end
    (developer.wordpress.org/rest-api/using-the-rest-api/pagination/)."""
    pages = -(-posts // per_page)

    async def answer(request: web.Request) -> web.StreamResponse:
        page = int(request.query.get("page", "1"))
        if page > pages:
            return web.json_response({"code": "rest_post_invalid_page_number"}, status=400)
        if request.headers.get("If-None-Match") == f'"{posts}"' and page == 1:
            return web.Response(status=304)
        numbers = range(posts - (page - 1) * per_page, max(posts - page * per_page, 0), -1)
        headers = {"X-WP-Total": str(posts), "X-WP-TotalPages": str(pages), "ETag": f'"{posts}"'}
        if page < pages:
            headers["Link"] = f'<{request.url.update_query(page=str(page + 1))}>; rel="next"'
        return web.json_response([post(number) for number in numbers], headers=headers)

    def post(number: int) -> dict[str, Any]:
        return {
            "id": number,
            "guid": {"rendered": f"{site.url}/?p={number}"},
            "link": f"{site.url}/tin-{number}/",
            "date_gmt": f"2026-11-23T01:{number:02}:00",
            "title": {"rendered": f"Chè Tân Lập &#8211; kỳ {number}"},
            "excerpt": {"rendered": "<p>Mười tấn chè đã rời cảng.</p>"},
            "content": {"rendered": '<p>Sáng nay.</p><script>x()</script><p><a href="/x">Xem</a></p>'},
            "_embedded": {
                "author": [{"name": "Minh Hạnh"}],
                "wp:term": [[{"name": "Kinh tế"}], [{"name": "chè"}]],
                "wp:featuredmedia": [{"source_url": f"{site.url}/anh.jpg", "alt_text": "Đồi chè"}],
            },
        }

    site.at("/wp-json/wp/v2/posts", answer)


async def test_wordpress_is_read_page_after_page(own: Path, site: WebSite) -> None:
    wordpress(site, posts=7, per_page=3)
    source = registry.sources.find("wp_rest")(name="bao", url=site.url, allow_private=True, topics=("Huyện",))  # type: ignore[call-arg]
    result = await gathered(source)
    assert [one.source_id for one in result.articles] == ["7", "6", "5", "4", "3", "2", "1"]
    first = result.articles[0]
    assert (first.title, first.lead) == ("Chè Tân Lập – kỳ 7", "Mười tấn chè đã rời cảng.")
    assert first.published == datetime(2026, 11, 23, 1, 7, tzinfo=UTC)
    assert first.body_html == f'<p>Sáng nay.</p><p><a href="{site.url}/x">Xem</a></p>'
    assert (first.author, first.topics) == ("Minh Hạnh", ("Kinh tế", "Huyện"))
    assert first.image == Image(url=f"{site.url}/anh.jpg", alt="Đồi chè")
    assert (result.faults, result.notes, len(site.asked)) == ([], [], 3)
    with pytest.raises(NotModified):
        await gathered(source, dict(result.validators))
    assert len(site.asked) == 4


async def test_no_more_pages_are_read_than_are_allowed(own: Path, site: WebSite) -> None:
    wordpress(site, posts=7, per_page=1)
    source = registry.sources.find("wp_rest")(name="bao", url=site.url, allow_private=True)  # type: ignore[call-arg]
    result = await gathered(source)
    assert ([one.source_id for one in result.articles], len(site.asked)) == (["7", "6", "5"], 3)
    assert len(result.notes) == 1
    assert "there are more pages than the 3 that are read" in result.notes[0]


async def test_the_private_one_logs_in_on_its_own_server_only(own: Path, site: WebSite) -> None:
    """With the token the stories, without it 401; and a next page on another server is not asked."""
    story = {"id": "a-1", "status": "approved", "headline": "Cầu mới", "text": "Dài 120 m.", "url": "/s/1"}
    draft = {"id": "a-2", "status": "draft", "headline": "Chưa xong"}
    other = site.url.replace("127.0.0.1", "localhost")

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer canary-7":
            return web.json_response({"error": "canary-7 is not it"}, status=401)
        return web.json_response({"stories": [story, draft], "next": f"{other}/api/stories?page=2"})

    site.at("/api/stories", answer)
    cls: Any = registry.sources.find("newsdesk")
    source = cls(name="toa-soan", url=f"{site.url}/api/stories", token=SecretStr("canary-7"), allow_private=True)
    result = await gathered(source)
    assert [(one.title, one.url, one.body_html) for one in result.articles] == [
        ("Cầu mới", f"{site.url}/s/1", "<p>Dài 120 m.</p>")
    ]
    assert result.notes == ["1 stories are not approved"]
    assert result.faults == ["page 2 is not read: it is on another server than 127.0.0.1"]
    assert len(site.asked) == 1
    with pytest.raises(SourceError, match="answered 401") as caught:
        await gathered(cls(name="toa-soan", url=f"{site.url}/api/stories", token=SecretStr("x"), allow_private=True))
    assert "canary" not in str(caught.value)


async def test_the_example_keeps_what_the_page_promises(newsroom: Room) -> None:
    harvest = await look(newsroom, ARTICLES, topics=["Tin tỉnh"])
    road, tea, short, long = harvest.articles
    assert (road.source, road.source_id, road.title) == ("tong-hop", "254", "Khởi công: đường tỉnh 254")
    assert road.published == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert road.lead == "Tuyến đường dài 38 km, nối hai huyện."
    assert road.topics == ("Tin tỉnh",)
    assert (tea.published, tea.url) == (None, "")
    assert (short.title, short.lead, long.title) == ("Dòng ngắn", "", "Dòng dài")
    assert harvest.faults == ["article 2 has no title"]


async def test_the_example_takes_what_spreadsheets_write(newsroom: Room) -> None:
    (article,) = (await look(newsroom, "title,date\r\nChè,2026-11-23\r\n".encode("utf-8-sig"))).articles
    assert article.title == "Chè"
    assert (await look(newsroom, "")).articles == []
    with pytest.raises(SourceError, match=r"articles\.csv cannot be read"):
        await look(newsroom, "title\nĐường".encode("utf-16"))


def test_the_example_works_in_a_newsroom(newsroom: Room) -> None:
    """Found by its file name, checked, gathered; and a second look brings nothing new."""
    (newsroom.folder / "articles.csv").write_text(ARTICLES, encoding="utf-8")
    assert "Articles from a CSV file" in newsroom.good("sources", "table")
    first = newsroom.run("gather", "tong-hop")
    assert (first.code, "tong-hop: 4 new articles" in first.out) == (0, True)
    assert "source tong-hop: article 2 has no title" in first.err
    assert "tong-hop: 0 new articles, 4 known" in newsroom.good("gather", "tong-hop")
    (newsroom.folder / "articles.csv").unlink()
    gone = newsroom.run("gather")
    assert gone.code == 0  # the other source could be read
    assert re.search(r"source tong-hop: .*articles\.csv cannot be read", gone.err)


async def test_the_example_says_what_is_still_there(newsroom: Room) -> None:
    _, _, file, method = examples()
    whole = file.replace("import FetchResult,", "import Availability, FetchResult,") + "\n" + method
    (newsroom.folder / "sources" / "with_presence.py").write_text(whole, encoding="utf-8")
    source = registry.sources.find("with_presence")(name="tong-hop", file=newsroom.folder / "articles.csv")  # type: ignore[call-arg]
    kept, dropped, nameless = (article(id, source="tong-hop", source_id=id) for id in ("254", "9", ""))

    async def gone(text: str) -> dict[str, str]:
        (newsroom.folder / "articles.csv").write_text(text, encoding="utf-8")
        answers = await check_articles({"tong-hop": source}, settings().site, [kept, dropped, nameless])
        return {id: answer.reason for id, answer in answers.items() if answer.available is False}

    assert await gone(ARTICLES) == {"9": "its line is gone from the table"}
    assert await gone("id,title\n") == {}
    (newsroom.folder / "articles.csv").unlink()
    answers = await check_articles({"tong-hop": source}, settings().site, [kept])
    assert answers["254"].available is None


def test_wrong_settings_of_the_example_are_told_with_their_line(newsroom: Room) -> None:
    newsroom.configure(("file: articles.csv", "fiel: articles.csv"))
    done = newsroom.run("check")
    assert done.code == 2
    assert re.search(r"config\.yaml:\d+: sources\.tong-hop\.fiel: is not a known key", done.err + done.out)


def test_the_page_names_what_there_is() -> None:
    """Names in the page are names in the code."""
    page = PAGE.read_text(encoding="utf-8")
    modules: list[Any] = [
        importlib.import_module(f"distributor.{name}") for name in ("source", "kit.articles", "kit.source_testing")
    ]
    for name in (
        "clean_body",
        "clean_line",
        "html_to_text",
        "web_address",
        "parse_date",
        "read_pages",
        "next_link",
        "numbered_page",
        "articles_from_json",
        "bearer_token",
        "key_parameter",
        "load_source",
        "broken_promises",
        "SourceError",
        "NotModified",
        "FetchResult",
        "Availability",
        "check_page_availability",
        "check_file_availability",
    ):
        assert f"`{name}" in page or f"`raise {name}" in page or f"raise `{name}" in page
        assert any(hasattr(module, name) for module in modules)
    named = re.search(r"\*\*Every source has\*\*(.*?)\.\s", page, re.DOTALL)
    assert named
    settings = {field.name for field in fields(Source) if field.init} - {"name"}
    assert set(re.findall(r"`(\w+)`", named.group(1))) == settings
    for path in re.findall(r"`((?:tests|distributor)/[\w/.]+)`", page):
        assert (PAGE.parent.parent / path).is_file()
