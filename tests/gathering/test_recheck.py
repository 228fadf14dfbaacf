"""The recheck: only what its source clearly says is gone counts, everything else goes out in time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from distributor.errors import SourceError
from distributor.gathering.fetcher import FetchLimits, HostQueue
from distributor.gathering.recheck import RecheckOptions, check_articles
from distributor.gathering.source_reader import check_availability_of_articles
from distributor.gathering.sources.feed import FeedSource
from distributor.gathering.sources.folder import FolderSource
from distributor.gathering.sources.page import PageSource
from distributor.model import Article
from distributor.source import Availability, Fetcher, Source
from support.builders import NO_NETWORK, GivenSource, article, articles, settings
from support.folder_newsroom import FolderNewsroom
from support.isolated_work import Answering
from support.misbehaving_server import Rude
from support.web_site import WebSite

SITE = settings().site
AT_ONCE = FetchLimits(total=5.0, pause=0.0)
NOT_FOUND = "its page answers 404 Not Found"
NO_FILE = "its file is gone from the folder"

MakeRude = Callable[[str], Awaitable[Rude]]


@dataclass(frozen=True, kw_only=True)
class LocalSource(GivenSource):
    """A source whose articles are rechecked as any source's are."""

    allow_private: bool = True


def one_source(**settings: Any) -> Mapping[str, Source]:
    return {"cong": LocalSource(name="cong", **settings)}


async def gone(sources: Mapping[str, Source], *asked: Article, **options: Any) -> dict[str, str]:
    answers = await check_articles(sources, SITE, asked, RecheckOptions(**{"limits": AT_ONCE, **options}))
    return {id: answer.reason for id, answer in answers.items() if answer.available is False}


async def availability(sources: Mapping[str, Source], asked: Article, **options: Any) -> Availability:
    """The answer for one article; whatever it is, only a clear "gone" is a reason to keep it back."""
    answer = (await check_articles(sources, SITE, [asked], RecheckOptions(**{"limits": AT_ONCE, **options})))[asked.id]
    held = await gone(sources, asked, **options)
    assert held == ({asked.id: answer.reason} if answer.available is False else {})
    return answer


async def forever(request: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    raise AssertionError


# -- the article's page ------------------------------------------------------------------------------------------------


async def test_an_article_whose_page_is_there_is_there(site: WebSite) -> None:
    assert await availability(one_source(), article(url=site.page("/tin/1", "Tin"))) == Availability(True)


@pytest.mark.parametrize(("status", "reason"), [(404, NOT_FOUND), (410, "its page answers 410 Gone")])
async def test_a_page_that_is_gone_is_told_in_words(site: WebSite, status: int, reason: str) -> None:
    url = site.page("/tin/1", "Không tìm thấy", status=status)
    assert await availability(one_source(), article(url=url)) == Availability(False, reason)


@pytest.mark.parametrize("status", [204, 304, 401, 403, 429, 451, 500, 502, 503])
async def test_any_other_refusal_says_nothing(site: WebSite, status: int) -> None:
    answer = await availability(one_source(), article(url=site.page("/tin/1", "", status=status)))
    assert answer.available is (True if status == 304 else None)
    assert bool(answer.reason) is (status != 304)


async def test_a_page_that_says_not_found_with_200_cannot_be_told_from_an_article(site: WebSite) -> None:
    url = site.page("/tin/1", "<h1>Không tìm thấy trang</h1>")
    assert (await availability(one_source(), article(url=url))).available is True


@pytest.mark.parametrize("manner", ["refuses", "drops", "answers nonsense", "breaks off in the answer", "is silent"])
async def test_a_server_in_trouble_says_nothing(rude: MakeRude, manner: str) -> None:
    server = await rude(manner)
    answer = await availability(one_source(), article(url=f"{server.url}/tin/1"), limits=replace(AT_ONCE, total=0.2))
    assert answer.available is None
    assert answer.reason.startswith(f"{server.url}/tin/1 ")


@pytest.mark.parametrize(
    "url",
    ["", "tin/1", "javascript:alert(1)", "https://", "http://[::1/tin", "http://a:x/tin", "file:///etc/passwd", "SITE",
     "SITE/", "SITE/#/tin/1"],
)  # fmt: skip
async def test_without_an_address_of_its_own_nobody_is_asked(site: WebSite, url: str) -> None:
    assert (await availability(one_source(), article(url=url.replace("SITE", site.url)))).available is None
    assert site.asked == []


# -- redirects ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/", "/tin", "/dang-nhap?returnUrl=/tin/1", "/tin/1/khoi-cong", "/tin/2"])
async def test_who_is_sent_elsewhere_learns_nothing(site: WebSite, target: str) -> None:
    site.page(target.partition("?")[0], "Trang chủ")
    url = site.redirect("/tin/1", target)
    assert await availability(one_source(), article(url=url)) == Availability(
        None, f"its page leads to {site.url}{target}"
    )


async def test_who_is_sent_to_a_page_that_is_not_there_learns_nothing_either(site: WebSite) -> None:
    answer = await availability(one_source(), article(url=site.redirect("/tin/1", "/loi/404")))
    assert answer == Availability(None, f"its page leads to {site.url}/loi/404, which is not there")


@pytest.mark.parametrize("there", [True, False])
async def test_the_same_page_with_a_last_slash_is_the_same_page(site: WebSite, there: bool) -> None:
    url = site.redirect("/tin/b%C3%A0i", "/tin/bài/", 301)
    site.page("/tin/bài/", "Tin", status=200 if there else 404)
    assert await availability(one_source(), article(url=url)) == (
        Availability(True) if there else Availability(False, NOT_FOUND)
    )


# -- whose setting counts ----------------------------------------------------------------------------------------------


async def test_a_private_address_is_not_asked_unless_its_source_may(site: WebSite) -> None:
    asked = article(url=f"{site.url}/tin/1")
    answer = await availability(one_source(allow_private=False), asked)
    assert answer.available is None
    assert "is an address of a private network" in answer.reason
    assert site.asked == []
    assert await gone(one_source(), asked) == {"a1": NOT_FOUND}


async def test_an_article_of_a_source_that_is_not_configured_any_more_is_asked_by_its_address(
    site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = article(source="cu", url=f"{site.url}/tin/1")
    assert "private network" in (await availability({}, asked)).reason
    monkeypatch.setattr("distributor.http.is_public", lambda address: True)
    assert await gone({}, asked) == {"a1": NOT_FOUND}


# -- manners and time --------------------------------------------------------------------------------------------------


async def test_a_hundred_articles_are_asked_after_in_one_look(site: WebSite) -> None:
    """Two spellings of this machine stand for two hosts; each is asked for one page at a time, and the other meanwhile."""
    busy: dict[str, int] = {}
    most: dict[str, int] = {}
    at_once = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal at_once
        busy[request.host] = busy.get(request.host, 0) + 1
        most[request.host] = max(most.get(request.host, 0), busy[request.host])
        at_once = max(at_once, sum(busy.values()))
        await asyncio.sleep(0.002)
        busy[request.host] -= 1
        return web.Response(status=404 if request.path.endswith("7") else 200)

    port = site.url.rpartition(":")[2]
    hosts = [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
    asked = [replace(one, url=f"{hosts[i % 2]}/tin/{i // 2}") for i, one in enumerate(articles(100))]
    for number in range(50):
        site.at(f"/tin/{number}", answer)
    found = await gone(one_source(), *asked)
    assert found == {f"a{i}": NOT_FOUND for i in range(100) if (i // 2) % 10 == 7}
    assert len(site.asked) == 100
    assert set(most.values()) == {1}
    assert at_once == 2


async def test_looks_that_share_their_hosts_take_turns(site: WebSite) -> None:
    hosts = HostQueue()
    asked = article(url=f"{site.url}/tin/1")
    async with hosts.acquire(site.url.removeprefix("http://"), 0.0):
        assert (await availability(one_source(), asked, hosts=hosts, seconds=0.1)).available is None
        assert site.asked == []
    assert await gone(one_source(), asked, hosts=hosts) == {"a1": NOT_FOUND}


async def test_who_is_not_answered_in_time_is_not_kept_back(
    site: WebSite, rude: MakeRude, caplog: pytest.LogCaptureFixture
) -> None:
    """And what was found out until then counts."""
    slow = site.at("/cham", forever)
    elsewhere = (await rude("410")).url
    asked = [
        article("a1", url=f"{site.url}/tin/1"),
        article("a2", url=slow),
        article("a3", url=f"{site.url}/tin/3"),
        article("a4", url=f"{elsewhere}/tin/4"),
    ]
    began = time.monotonic()
    answers = await check_articles(
        one_source(), SITE, asked, RecheckOptions(seconds=0.5, limits=replace(AT_ONCE, total=60.0))
    )
    assert 0.4 < time.monotonic() - began < 3.0
    assert [answers[one.id].available for one in asked] == [False, None, None, False]
    assert answers["a3"].reason == "there was no answer in time"
    assert site.paths == ["/tin/1", "/cham"]
    assert "2 of 4 articles had no answer within 0.5 s" in caplog.text


async def test_a_host_that_fails_three_times_in_a_row_is_left_alone(site: WebSite) -> None:
    def serving(number: int) -> int:
        return {2: 500, 3: 500, 4: 404, 5: 503, 6: 503, 7: 503}.get(number, 404)

    asked = [replace(one, url=f"{site.url}/tin/{number}") for number, one in enumerate(articles(10))]
    for number in range(10):
        site.page(f"/tin/{number}", "", status=serving(number))
    answers = await check_articles(one_source(), SITE, asked, RecheckOptions(limits=AT_ONCE))
    assert [answer.available for answer in answers.values()] == [False, False, None, None, False, *[None] * 5]
    assert site.paths == [f"/tin/{number}" for number in range(8)]
    assert answers["a9"].reason.endswith("had failed 3 times in a row")


async def test_good_answers_in_between_keep_a_host_in_favour(site: WebSite) -> None:
    asked = [replace(one, url=f"{site.url}/tin/{number}") for number, one in enumerate(articles(10))]
    for number in range(9):
        site.page(f"/tin/{number}", "", status=403 if number % 3 else 200)
    assert await gone(one_source(), *asked) == {"a9": NOT_FOUND}


async def test_without_articles_or_time_nobody_is_asked(site: WebSite) -> None:
    asked = article(url=f"{site.url}/tin/1")
    assert await gone(one_source()) == {}
    assert (await availability(one_source(), asked, seconds=0.0)).available is None
    assert site.asked == []


async def test_a_look_that_is_broken_off_leaves_nothing_running(site: WebSite) -> None:
    look = asyncio.create_task(gone(one_source(), article(url=site.at("/cham", forever))))
    while not site.asked:
        await asyncio.sleep(0.01)
    before = len(asyncio.all_tasks())
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    assert len(asyncio.all_tasks()) < before - 1  # the look and the question in it, at least


# -- sources that break their contract ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Own(LocalSource):
    """Answers as it was told to, by article id."""

    answers: Mapping[str, object] = field(default_factory=dict)

    async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
        answer = self.answers[article.id]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]  # somebody's own file may do anything


async def test_a_source_that_raises_keeps_nothing_back_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    told: dict[str, object] = {
        "a0": RuntimeError("oops"),
        "a1": False,
        "a2": None,
        "a3": TimeoutError(),
        "a4": SourceError("the editors' system is down"),
        "a5": Availability(False, "it was withdrawn by the editors"),
        "a6": Availability(False),
    }
    answers = await check_articles({"cong": Own(name="cong", answers=told)}, SITE, articles(7))
    assert [answer.available for answer in answers.values()] == [None] * 5 + [False] * 2
    assert answers["a4"].reason == "the editors' system is down"
    assert (answers["a5"].reason, answers["a6"].reason) == (
        "it was withdrawn by the editors",
        "its source says that it is gone",
    )
    errors = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert [error.split(" when ")[0] for error in errors] == [
        "source cong failed",
        "source cong answered False for a1, which is no Availability",
        "source cong answered None for a2, which is no Availability",
        "source cong failed",
    ]


async def test_a_source_that_ends_its_process_costs_the_answers_of_no_other() -> None:
    sources = {how: Answering(name=how, how=how) for how in ("dies", "leaves", "says nonsense", "answers")}
    many = [*(article(f"a{n}", source=name) for n, name in enumerate(sources)), article("a9", source="not-configured")]
    answers = await check_availability_of_articles(sources, SITE, many, seconds=5)
    assert {id: answer.available for id, answer in answers.items()} == {
        "a0": None, "a1": None, "a2": None, "a3": False, "a9": None,
    }  # fmt: skip
    assert answers["a3"].reason == "it was withdrawn by the editors"


async def test_very_many_sources_are_all_asked() -> None:
    sources = {f"s{n}": Answering(name=f"s{n}") for n in range(40)}
    many = [article(f"a{n}", source=f"s{n}") for n in range(40)]
    answers = await check_availability_of_articles(sources, SITE, many, seconds=10)
    assert {answer.available for answer in answers.values()} == {False}
    assert len(answers) == 40


async def test_a_source_that_will_not_stop_does_not_hold_up_the_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Stubborn(LocalSource):
        async def check_availability(self, fetcher: Fetcher, article: Article) -> Availability:
            try:
                await done.wait()
            except asyncio.CancelledError:
                await done.wait()
            return Availability(False, "too late")

    monkeypatch.setattr("distributor.gathering.recheck._CANCEL_SECONDS", 0.1)
    done = asyncio.Event()
    began = time.monotonic()
    assert await gone({"cong": Stubborn(name="cong")}, article(), seconds=0.1) == {}
    assert time.monotonic() - began < 2.0
    done.set()


# -- folders -----------------------------------------------------------------------------------------------------------


async def test_a_file_that_is_gone_is_told(folder_newsroom: FolderNewsroom) -> None:
    """By its name, and by its `id` where its first lines give one."""
    known = await folder_newsroom.gather()
    (folder_newsroom.source.folder / "2026" / "duong.md").unlink()
    (folder_newsroom.source.folder / "che.md").unlink()
    assert await folder_newsroom.asks(known["Khởi công đường tỉnh"]) == Availability(False, NO_FILE)
    assert await folder_newsroom.asks(known["Chè Tân Lập"]) == Availability(False, NO_FILE)
    assert await folder_newsroom.asks(known["Hội nghị giao ban"]) == Availability(True)
    assert await gone({"bai-viet": folder_newsroom.source}, *known.values()) == {
        known[title].id: NO_FILE for title in ("Khởi công đường tỉnh", "Chè Tân Lập")
    }


async def test_a_large_folder_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = FolderSource.article

    def counting(self: FolderSource, name: str, data: bytes) -> Any:
        read.append(name)
        return real(self, name, data)

    monkeypatch.setattr(FolderSource, "article", counting)
    for number in range(100):
        text = f"---\ntitle: Tin số {number}\nid: n{number}\n---\nNội dung.\n"
        (tmp_path / f"{number}.md").write_text(text, encoding="utf-8")
    sources = {"cong": FolderSource(name="cong", folder=tmp_path)}
    asked = [
        replace(one, source_id=f"n{i + 5}", title=f"Tin số {i + 5}", url="") for i, one in enumerate(articles(100))
    ]
    assert await gone(sources, *asked) == {f"a{i}": NO_FILE for i in range(95, 100)}
    assert sorted(read) == sorted(set(read))


# -- copies and files of pages and feeds -------------------------------------------------------------------------------


def copied(folder: Path) -> PageSource:
    (folder / "tin").mkdir(parents=True)
    (folder / "index.html").write_text("<a href=tin/1.html>Tin</a>", encoding="utf-8")
    (folder / "tin" / "bài.html").write_text("Tin", encoding="utf-8")
    return PageSource(name="cong", url="https://bacson.example/", folder=folder)


async def test_a_page_of_a_copy_is_looked_for_on_the_disk(tmp_path: Path) -> None:
    source = copied(tmp_path / "portal")
    sources = {"cong": source}
    asked = article(url="https://bacson.example/tin/b%C3%A0i.html?returnUrl=/")
    assert await source.check_availability(NO_NETWORK, asked) == Availability(True)
    (tmp_path / "portal" / "tin" / "bài.html").unlink()
    assert await source.check_availability(NO_NETWORK, asked) == Availability(
        False, "its page is gone from the copy on the disk"
    )
    assert await gone(sources, asked) == {"a1": "its page is gone from the copy on the disk"}
    for url in ("", "https://bacson.example/../../x.html", "https://bacson.example/%00"):
        assert (await availability(sources, article(url=url))).available is None


async def test_a_copy_without_its_listing_says_nothing(tmp_path: Path) -> None:
    source = copied(tmp_path / "portal")
    (tmp_path / "portal" / "index.html").unlink()
    answer = await source.check_availability(NO_NETWORK, article(url="https://bacson.example/tin/1.html"))
    assert answer == Availability(None, f"the listing is not in {tmp_path / 'portal'}")


async def test_pages_and_feeds_of_the_web_are_asked_for_their_articles(site: WebSite) -> None:
    asked = article(url=f"{site.url}/tin/1")
    for source in (
        PageSource(name="cong", url=f"{site.url}/tin", allow_private=True),
        FeedSource(name="cong", url=f"{site.url}/rss", allow_private=True),
    ):
        assert await gone({"cong": source}, asked) == {"a1": NOT_FOUND}
    assert site.paths == ["/tin/1"] * 2


async def test_a_feed_on_the_disk_does_not_say_what_is_gone(tmp_path: Path) -> None:
    source = FeedSource(name="cong", file=tmp_path / "rss.xml")
    assert (await source.check_availability(NO_NETWORK, article())).available is None
