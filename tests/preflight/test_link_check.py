"""Link check: only certain faults are reported, each host is requested politely, and time is limited."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from distributor.newsroom import open_newsroom
from distributor.pipeline import preflight_gate
from distributor.preflight import link_check
from distributor.preflight.findings import CHECKS, Severity
from distributor.preflight.link_check import (
    CACHE_LIFETIME,
    LinkReport,
    LinkResult,
    LinkState,
    check_links,
    findings_from_results,
)
from preflight.link_answers import JUDGED
from support.builders import NOW, article, edition, settings
from support.newsroom import Room
from support.web_site import WebSite

A, G, U, X = LinkState.ANSWERS, LinkState.GONE, LinkState.UNREACHABLE, LinkState.UNCLEAR


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_check, "HOST_DELAY", 0.0)


async def checked(*urls: str, **changes: Any) -> LinkReport:
    values = {"site": settings().site, "budget": 20.0, "cache": {}, "now": NOW, "private": urls}
    return await check_links(urls, **{**values, **changes})


def test_only_the_links_of_articles_whose_source_may_lead_into_a_private_network(room: Room) -> None:
    room.configure(
        ('url: "https://bacson.example/tin/{slug}"}', "allow_private: true}\n  khac: {type: folder, folder: articles}")
    )
    newsroom = open_newsroom(room.folder / "config.yaml")
    mine, other, own = "http://10.0.0.5/tin?a=1", "http://10.0.0.5/admin", "http://10.0.0.5/tep"
    carried = [
        article("a1", source="bai-viet", url=mine, body_html=f'<p><a href="{own}?a=1&amp;b=2">Tệp</a></p>'),
        article("a2", source="khac", url=other),
        article("a3", source="het", url="http://10.0.0.6/"),
    ]
    shown = [f"{mine}&utm_source=tin", other, "http://10.0.0.6/", f"{own}?a=1&b=2", "https://bacson.example/"]
    made = edition(articles=tuple(carried))
    assert preflight_gate.list_private_links(newsroom, made, shown) == [f"{mine}&utm_source=tin", f"{own}?a=1&b=2"]


def said(found: LinkReport) -> list[tuple[str, str, str]]:
    return [(one.check, one.where, one.message.partition(";")[0]) for one in found.findings]


@pytest.mark.parametrize(("found", "states"), JUDGED)
def test_what_the_answers_of_all_links_mean(found: set[str], states: list[LinkState]) -> None:
    answers = {f"https://x.vn/{i}": LinkResult(state, NOW, "answers so") for i, state in enumerate(states)}
    assert {one.check for one in findings_from_results(answers)} == found


def test_where_nothing_can_be_reached_this_machine_is_asked_about_first() -> None:
    (found,) = findings_from_results({f"https://x{i}.vn/": LinkResult(U, NOW, "does not answer") for i in range(9)})
    assert found.message == "none of the links can be reached; is this machine on the network?"


def test_one_dead_link_does_not_hold_an_edition() -> None:
    assert CHECKS["dead-link"].severity is CHECKS["unreachable-link"].severity is Severity.WARN
    assert CHECKS["dead-links"].severity is Severity.BLOCK


URLS = st.from_regex(r"https://[a-z]{1,9}\.vn/[a-z0-9]{0,9}", fullmatch=True)


@given(st.dictionaries(URLS, st.builds(LinkResult, st.sampled_from(LinkState), st.just(NOW), st.text())))
def test_only_what_is_certain_is_told(answers: Mapping[str, LinkResult]) -> None:
    certain = {url for url, answer in answers.items() if answer.state in (G, U)}
    assert {one.where for one in findings_from_results(answers)} <= certain | {""}
    assert bool(findings_from_results(answers)) == bool(certain)


# -- what servers answer -----------------------------------------------------------------------------------------------


async def test_a_page_that_is_gone_is_told_and_one_that_answers_is_not(site: WebSite) -> None:
    good, gone = site.page("/tin/1", "tin"), site.page("/tin/2", "", status=410)
    found = await checked(good, gone, f"{site.url}/tin/3")
    assert said(found) == [
        ("dead-link", gone, "answers 410 Gone"),
        ("dead-link", f"{site.url}/tin/3", "answers 404 Not Found"),
    ]
    assert found.unclear == ()


async def test_head_is_asked_first_and_get_where_it_is_refused(site: WebSite) -> None:
    """Many servers answer HEAD wrongly: only what GET says, too, is believed."""

    async def only_get(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.method == "GET" else 404)

    await checked(site.page("/a", "tin"))
    assert [request.method for request in site.asked] == ["HEAD"]
    assert said(await checked(site.at("/b", only_get))) == []
    assert [request.method for request in site.asked[1:]] == ["HEAD", "GET"]


@pytest.mark.parametrize("status", [401, 403, 405, 429, 500, 502, 503, 504])
async def test_what_a_guard_or_a_tired_server_says_is_no_finding(site: WebSite, status: int) -> None:
    url = site.page("/", "", status=status)
    found = await checked(url)
    assert (found.findings, found.unclear) == ([], (url,))


@pytest.mark.parametrize("status", [429, 503])
async def test_who_asks_for_patience_is_left_alone(site: WebSite, status: int) -> None:
    urls = [site.page(f"/{i}", "", status=status) for i in range(5)]
    found = await checked(*urls)
    assert len(site.asked) == 1
    assert found.unclear == tuple(urls)


async def test_a_redirect_is_followed_to_its_end(site: WebSite) -> None:
    site.page("/new", "tin")
    assert said(await checked(site.redirect("/old", "/new"))) == []
    assert [one[0] for one in said(await checked(site.redirect("/lost", "/nowhere")))] == ["dead-link"]
    round_and_round = await checked(site.redirect("/round", "/round"))
    assert (round_and_round.findings, len(round_and_round.unclear)) == ([], 1)


async def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    assert said(await checked(url)) == [("unreachable-link", url, "does not answer: the connection is refused")]


@pytest.mark.parametrize(("code", "told"), [(socket.EAI_NONAME, ["unreachable-link"]), (socket.EAI_AGAIN, [])])
async def test_a_name_that_nobody_knows_is_told_unless_the_look_up_failed(
    code: int, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "no")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert [one[0] for one in said(await checked("https://bacson.example/tin"))] == told


async def test_a_private_address_is_not_asked(site: WebSite) -> None:
    """In the newsroom's own network its site may have another address than for readers."""
    found = await checked(site.page("/", "tin"), private=())
    assert (found.findings, len(found.unclear), site.asked) == ([], 1, [])


async def test_tls_that_is_none_is_unclear(site: WebSite) -> None:
    found = await checked(site.url.replace("http:", "https:") + "/")
    assert (found.findings, len(found.unclear)) == ([], 1)


@pytest.mark.parametrize("url", ["", "#", "mailto:a@b.vn", "javascript:x", "http://[", "https://a b", "ftp://x.vn/"])
async def test_what_is_no_address_of_the_web_is_not_asked(url: str) -> None:
    assert await checked(url) == LinkReport([], {})


@pytest.mark.parametrize(
    "url", ["http://a..b/", "http://x.vn:99999/", "http://\u0301.vn/", "http://" + "a" * 300 + ".vn/"]
)
async def test_an_address_that_cannot_be_asked_is_unclear_or_unknown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert {one.check for one in (await checked(url)).findings} <= {"unreachable-link"}


# -- politeness and time -----------------------------------------------------------------------------------------------


async def test_each_address_is_asked_once_and_no_more_than_so_many(site: WebSite) -> None:
    urls = [site.page(f"/{i}", "tin") for i in range(5)]
    await checked(*urls, urls[0], f"{urls[0]}#binh-luan", most=3)
    assert site.paths == ["/0", "/1", "/2"]


async def test_a_host_gets_one_request_at_a_time(site: WebSite) -> None:
    busy, most = 0, 0

    async def slowly(request: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        return web.Response()

    await checked(*(site.at(f"/{i}", slowly) for i in range(6)))
    assert (most, len(site.asked)) == (1, 6)


async def test_many_links_to_one_slow_host_do_not_keep_others_waiting(site: WebSite) -> None:
    async def never(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    slow = [site.at(f"/{i}", never) for i in range(20)]
    other = site.url.replace("127.0.0.1", "localhost") + "/gone"  # the same server under another name
    found = await checked(*slow, other, budget=0.5)
    assert said(found) == [("dead-link", other, "answers 404 Not Found")]


async def test_the_time_for_all_of_them_is_kept(site: WebSite) -> None:
    async def never(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    gone, slow = f"{site.url}/gone", site.at("/slow", never)
    start = time.monotonic()
    found = await checked(gone, slow, budget=0.3)
    assert time.monotonic() - start < 5
    assert [one[1] for one in said(found)] == [gone]  # what was learned in time is told
    assert found.unclear == (slow,)


async def test_without_time_nothing_is_known(site: WebSite) -> None:
    url = site.page("/", "tin")
    assert (await checked(url, budget=0)).unclear == (url,)


# -- what is remembered ------------------------------------------------------------------------------------------------


async def test_what_answered_lately_is_not_asked_again(site: WebSite) -> None:
    url = site.page("/", "tin")
    first = await checked(url)
    again = await checked(url, cache=first.cache, now=NOW + CACHE_LIFETIME - timedelta(seconds=1))
    assert (len(site.asked), again.findings, again.cache) == (1, [], first.cache)
    await checked(url, cache=first.cache, now=NOW + CACHE_LIFETIME)
    assert len(site.asked) == 2


async def test_a_fault_is_looked_at_again(site: WebSite) -> None:
    """Staff correct it and try again at once."""
    url = f"{site.url}/tin"
    first = await checked(url)
    assert [one[0] for one in said(first)] == ["dead-link"]
    site.page("/tin", "tin")
    assert (await checked(url, cache=first.cache)).findings == []


async def test_the_memory_keeps_what_other_editions_asked(site: WebSite) -> None:
    other = {"https://x.vn/": LinkResult(A, NOW), "https://y.vn/": LinkResult(A, NOW - CACHE_LIFETIME)}
    found = await checked(site.page("/", "tin"), cache=other)
    assert set(found.cache) == {"https://x.vn/", f"{site.url}/"}
