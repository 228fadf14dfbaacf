"""The page on adding a source tells the truth: its example is taken out of it and made to work."""

from __future__ import annotations

import importlib
import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from distributor.config.validation import build
from distributor.config.yaml import read
from distributor.errors import SourceError
from distributor.gathering.fetcher import HostQueue, open_fetcher
from distributor.gathering.recheck import check_articles
from distributor.plugins import registry
from distributor.plugins.info import describe
from distributor.source import FetchResult, Source
from support.builders import NOW, article, settings
from support.newsroom import Room

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
    """The file, and the method that the page adds to it later."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def example() -> str:
    return examples()[0]


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
    file, method = examples()
    whole = file.replace("FetchResult, Source,", "FetchResult, Availability, Source,") + "\n" + method
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
        importlib.import_module(f"distributor.{name}")
        for name in ("source", "text", "url_cleaning", "gathering.cleaning", "gathering.dates")
    ]
    for name in (
        "clean_body",
        "clean_line",
        "html_to_text",
        "web_address",
        "parse_date",
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
