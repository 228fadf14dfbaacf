"""Reading the web: every limit holds, every failure is one line in words, and nothing private is reached."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import os
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from distributor import http
from distributor.errors import Gone, NotModified, SourceError, UnreadableContent
from distributor.gathering import fetcher as gathering_fetcher
from distributor.gathering.fetcher import FetchLimits, FetchOptions, HostQueue, HttpFetcher, open_fetcher
from distributor.source import Validators
from support.builders import settings
from support.misbehaving_server import Rude
from support.web_site import OpenFetcher, WebSite

MakeRude = Callable[[str], Awaitable[Rude]]


async def fault(fetcher: HttpFetcher, url: str) -> str:
    """What is said of a page that cannot be read, without its address."""
    with pytest.raises(SourceError) as caught:
        await fetcher.get(url)
    words = str(caught.value)
    assert words.startswith(f"{url} ")
    assert words.isprintable()
    said = words.removeprefix(f"{url} ")
    kinds = {"answered 404": Gone, "answered 410": Gone, "is larger than": UnreadableContent}
    assert type(caught.value) is next((kind for start, kind in kinds.items() if said.startswith(start)), SourceError)
    return said


# -- what comes well ---------------------------------------------------------------------------------------------------


async def test_a_page_comes_with_what_its_server_said_of_it(site: WebSite, open_web: OpenFetcher) -> None:
    site.page(
        "/tin", "xin chào", Content_Type="text/html; charset=windows-1258", ETag='W/"a,b"', Last_Modified="hôm nay"
    )
    got = await (await open_web()).get(f"{site.url}/tin")
    assert (got.body, got.media_type, got.charset) == ("xin chào".encode(), "text/html", "windows-1258")
    assert (got.validators.etag, got.validators.last_modified) == ('W/"a,b"', "")  # no ASCII: it could not be sent back
    assert (got.url, got.moved_to) == (f"{site.url}/tin", "")


async def test_the_same_answer_again_is_no_news(site: WebSite, open_web: OpenFetcher) -> None:
    """Many servers know no conditional requests."""
    url = site.page("/tin", "xin chào")
    first = await (await open_web()).get(url)
    fetcher = await open_web({url: first.validators})
    assert (await fetcher.get(url)).body == first.body, "unless it is not asked whether it has changed"
    with pytest.raises(NotModified):
        await fetcher.get(url, conditional=True)
    site.page("/tin", "xin chào", Content_Type="text/html; charset=windows-1258")
    assert (await fetcher.get(url, conditional=True)).charset == "windows-1258", "it is read in another way"
    site.page("/tin", "xin chao")
    assert (await fetcher.get(url, conditional=True)).body == b"xin chao"


async def test_an_empty_page_is_a_page(site: WebSite, open_web: OpenFetcher) -> None:
    assert (await (await open_web()).get(site.page("/trong", ""))).body == b""


async def test_servers_are_told_who_reads_and_whom_to_ask(site: WebSite, open_web: OpenFetcher) -> None:
    await (await open_web()).get(site.page("/", "x"))
    agent = site.asked[0].headers["User-Agent"]
    assert agent.startswith("Distributor/")
    assert "https://bacson.example" in agent
    assert "Cookie" not in site.asked[0].headers


async def test_an_address_reaches_the_server_as_it_was_written(site: WebSite, open_web: OpenFetcher) -> None:
    """Signed addresses break when `%2C` becomes `,`."""
    site.page("/tin", "x")
    await (await open_web()).get(f"{site.url}/tin?sign=a%2Cb%2f&x=%20")
    assert site.paths == ["/tin?sign=a%2Cb%2f&x=%20"]


async def test_packed_pages_are_unpacked(site: WebSite, open_web: OpenFetcher) -> None:
    url = site.page("/", gzip.compress("đường".encode()), Content_Encoding="gzip")
    assert (await (await open_web()).get(url)).body == "đường".encode()


# -- asked again -------------------------------------------------------------------------------------------------------


async def test_what_has_not_changed_is_not_sent_again(site: WebSite, open_web: OpenFetcher) -> None:
    async def answer(request: web.Request) -> web.Response:
        same = request.headers.get("If-None-Match") == 'W/"1"'
        return web.Response(status=304 if same else 200, text="tin")

    url = site.at("/rss", answer)
    fetcher = await open_web({url: Validators(etag='W/"1"', last_modified="Mon, 23 Nov 2026 01:00:00 GMT")})
    with pytest.raises(NotModified):
        await fetcher.get(url, conditional=True)
    assert site.asked[0].headers["If-Modified-Since"] == "Mon, 23 Nov 2026 01:00:00 GMT"
    assert (await fetcher.get(url)).body == b"tin"  # not asked conditionally
    assert "If-None-Match" not in site.asked[1].headers


async def test_a_page_that_was_never_seen_is_asked_for_without_conditions(site: WebSite, open_web: OpenFetcher) -> None:
    fetcher = await open_web({f"{site.url}/khac": Validators(etag='"1"')})
    await fetcher.get(site.page("/rss", "tin"), conditional=True)
    assert not {"If-None-Match", "If-Modified-Since"} & set(site.asked[0].headers)


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (404, {}, "answered 404 Not Found"),
        (410, {}, "answered 410 Gone"),
        (500, {}, "answered 500 Internal Server Error"),
        (204, {}, "answered 204 No Content"),
        (599, {}, "answered 599"),
        (503, {"Retry_After": "Mon, 05 Jan 2026 01:00:00 GMT"}, "answered 503 Service Unavailable"),
    ],
)
async def test_a_refusal_is_told_with_its_number_and_words(
    site: WebSite, open_web: OpenFetcher, status: int, headers: dict[str, str], words: str
) -> None:
    assert await fault(await open_web(), site.page("/", "", status=status, **headers)) == words


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("refuses", "could not be reached: Connect call failed"),
        ("drops", "broke off in the middle of the answer"),
        ("answers nonsense", "gave an answer that is not HTTP"),
        ("breaks off in the answer", "broke off in the middle of the answer"),
        ("is silent", "took longer than 0.3 s"),
        ("drips", "took longer than 0.3 s"),
        ("answers without end", "is larger than 0.2 MB"),
    ],
)
async def test_a_rude_server_costs_little_and_is_told_apart(
    rude: MakeRude, open_web: OpenFetcher, manner: str, words: str
) -> None:
    server = await rude(manner)
    patient = manner == "answers without end"
    fetcher = await open_web(total=30.0 if patient else 0.3, size=200_000)
    assert (await fault(fetcher, f"{server.url}/")).startswith(words)


async def test_bytes_are_counted_after_unpacking(site: WebSite, open_web: OpenFetcher) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    assert await fault(await open_web(), site.page("/", bomb, Content_Encoding="gzip")) == "is larger than 5 MB"


ENDLESS = {
    "`100 Continue`": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "marks of chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b";name=value"),
    "chunks of one octet with long marks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1;" + b"x" * 2000 + b"\r\n.\r\n",
    ),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX-More: ", b"and more "),
    "empty lines": (b"", b"\r\n"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: and more\r\n"),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_what_never_comes_to_an_end_is_counted_whatever_it_is_made_of(what: str, open_web: OpenFetcher) -> None:
    """An answer has a size on the wire, too: its body is not all that it can be long in."""
    first, again = ENDLESS[what]
    block = again * (65536 // len(again))
    sent = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            while sent < 200_000_000:
                writer.write(block)
                await writer.drain()
                sent += len(block)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        fetcher = await open_web(size=1_000_000, total=60.0)
        said = await fault(fetcher, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert sent < 20_000_000, "all that the server wanted to say was read"
    assert "longer" not in said


async def test_a_connection_that_is_used_again_counts_anew(site: WebSite, open_web: OpenFetcher) -> None:
    page = site.page("/tin", "x" * 1_500_000)
    fetcher = await open_web(size=2_000_000)
    for _ in range(5):
        assert len((await fetcher.get(page)).body) == 1_500_000


async def test_a_damaged_package_is_a_fault(site: WebSite, open_web: OpenFetcher) -> None:
    url = site.page("/", b"this is not gzip", Content_Encoding="gzip")
    assert "cannot be unpacked" in await fault(await open_web(), url)


async def test_plain_http_behind_https_is_a_fault(site: WebSite, open_web: OpenFetcher) -> None:
    url = site.url.replace("http:", "https:") + "/"
    assert await fault(await open_web(), url) == "could not be reached: no TLS could be agreed on"


async def test_a_name_that_nobody_knows(open_web: OpenFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert await fault(await open_web(), "https://bacson.example/rss") == (
        "could not be reached: its name is not known"
    )


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://bacson.example/x", "javascript:alert(1)", "tin-tuc", ""])
async def test_what_is_no_address_of_the_web_is_not_opened(open_web: OpenFetcher, url: str) -> None:
    with pytest.raises(SourceError, match="is no address of the web"):
        await (await open_web()).get(url)


@pytest.mark.parametrize("url", ["http://[::1/", "http://a..b/", "http://bacson.example:99999/", "http://a b/"])
async def test_a_broken_address_is_a_fault_and_no_crash(open_web: OpenFetcher, url: str) -> None:
    with pytest.raises(SourceError):
        await (await open_web(allow_private=False)).get(url)


# -- redirects ---------------------------------------------------------------------------------------------------------


async def test_five_redirects_are_followed_and_a_sixth_is_not(site: WebSite, open_web: OpenFetcher) -> None:
    for number in range(6):
        site.redirect(f"/{number}", f"{number + 1}")
    site.page("/6", "here")
    fetcher = await open_web()
    got = await fetcher.get(f"{site.url}/1")
    assert (got.body, got.url) == (b"here", f"{site.url}/6")
    assert await fault(fetcher, f"{site.url}/0") == "redirects more than 5 times"


async def test_a_loop_ends(site: WebSite, open_web: OpenFetcher) -> None:
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")
    assert await fault(await open_web(), f"{site.url}/a") == "redirects more than 5 times"
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [((301,), True), ((308,), True), ((301, 308), True), ((302,), False), ((301, 302), False), ((302, 301), False)],
)
async def test_a_page_has_moved_for_good_only_if_every_step_says_so(
    site: WebSite, open_web: OpenFetcher, statuses: tuple[int, ...], moved: bool
) -> None:
    for number, status in enumerate(statuses):
        site.redirect(f"/{number}", f"/{number + 1}", status)
    last = site.page(f"/{len(statuses)}", "here")
    got = await (await open_web()).get(f"{site.url}/0")
    assert got.url == last
    assert got.moved_to == (last if moved else "")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "ftp://bacson.example/"])
async def test_a_redirect_out_of_the_web_is_not_followed(site: WebSite, open_web: OpenFetcher, target: str) -> None:
    words = await fault(await open_web(), site.redirect("/", target))
    assert words.startswith("redirects to no address of the web")


async def test_a_redirect_to_nowhere(site: WebSite, open_web: OpenFetcher) -> None:
    words = await fault(await open_web(), site.page("/", "", status=302))
    assert words == "answered 302 without saying where it has moved"


# -- the guard ---------------------------------------------------------------------------------------------------------

PRIVATE_HOSTS = [
    "127.0.0.1", "0x7f000001", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fc00::1]",
    "224.0.0.1", "0.0.0.0",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
async def test_no_spelling_of_a_private_address_is_reached(site: WebSite, open_web: OpenFetcher, host: str) -> None:
    port = site.url.rpartition(":")[2]
    site.page("/", "secret")
    words = await fault(await open_web(allow_private=False), f"http://{host}:{port}/")
    assert "is an address of a private network" in words
    assert "allow_private: true" in words
    assert site.asked == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1", "0", "127。0。0。1"])
async def test_odd_spellings_of_this_machine_lead_nowhere(site: WebSite, open_web: OpenFetcher, host: str) -> None:
    site.page("/", "secret")
    await fault(await open_web(allow_private=False), f"http://{host}:{site.url.rpartition(':')[2]}/")
    assert site.asked == []


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/", "http://169.254.169.254/latest/meta-data/", "//[::1]:{port}/"]
)
async def test_a_redirect_does_not_lead_around_the_guard(
    site: WebSite, open_web: OpenFetcher, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """The first server stands in for one on the public internet."""
    real = http.is_public
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1" or real(address))
    url = site.redirect("/", target.format(port=site.url.rpartition(":")[2]))
    assert "is an address of a private network" in await fault(await open_web(allow_private=False), url)
    assert site.paths == ["/"]


async def test_a_name_that_changes_its_answer_is_looked_at_when_connecting(
    site: WebSite, open_web: OpenFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public address when first asked, this machine when asked again (DNS rebinding)."""
    port = int(site.url.rpartition(":")[2])
    answers = iter(["127.0.0.1", "127.0.0.3"])

    def lookup(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    real = http.is_public
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1" or real(address))
    site.page("/", "x", Connection="close")
    url = f"http://rebinding.example:{port}/"
    assert (await (await open_web(allow_private=False)).get(url)).body == b"x"
    assert "127.0.0.3 is an address of a private network" in await fault(await open_web(allow_private=False), url)


# -- manners -----------------------------------------------------------------------------------------------------------


async def test_a_host_is_asked_for_one_page_at_a_time(site: WebSite, open_web: OpenFetcher) -> None:
    at_once, most = 0, 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        for _ in range(20):
            await asyncio.sleep(0)
        at_once -= 1
        return web.Response(text="x")

    fetcher = await open_web()
    await asyncio.gather(*(fetcher.get(site.at(f"/{number}", answer)) for number in range(5)))
    assert most == 1
    assert len(site.asked) == 5


async def test_processes_take_turns_at_a_host(site: WebSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each source is read by a process of its own; two `Hosts` stand for two of them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    at_once = most = 0
    times: list[float] = []

    async def answer(request: web.Request) -> web.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        times.append(time.monotonic())
        await asyncio.sleep(0.02)
        at_once -= 1
        return web.Response(text="x")

    page = site.at("/tin", answer)
    async with contextlib.AsyncExitStack() as stack:
        options = FetchOptions(allow_private=True, limits=FetchLimits(pause=0.1))
        fetchers = [
            await stack.enter_async_context(open_fetcher(settings().site, HostQueue(shared=True), options))
            for _ in range(3)
        ]
        await asyncio.gather(*(fetcher.get(page) for fetcher in fetchers))
    assert most == 1
    assert all(later - earlier > 0.08 for earlier, later in itertools.pairwise(times))


async def test_a_folder_of_turns_that_others_can_write_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert gathering_fetcher._lock_folder() == tmp_path / f"distributor-turns-{os.getuid()}"
    (tmp_path / f"distributor-turns-{os.getuid()}").chmod(0o777)
    assert gathering_fetcher._lock_folder() is None


async def test_waiting_for_a_turn_does_not_count_as_slowness(site: WebSite, open_web: OpenFetcher) -> None:
    fetcher = await open_web(total=1.0)
    async with fetcher.hosts.acquire(site.url.removeprefix("http://"), 0.0):
        waiting = asyncio.create_task(fetcher.get(site.page("/", "x")))
        await asyncio.sleep(1.2)  # another page of that host takes longer than a page may
        assert site.asked == []
    assert (await waiting).body == b"x"


async def test_the_time_of_a_page_is_counted_over_its_redirects(site: WebSite, open_web: OpenFetcher) -> None:
    async def slowly(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        number = int(request.path[1:])
        return (
            web.Response(status=302, headers={"Location": f"/{number + 1}"}) if number < 4 else web.Response(text="x")
        )

    for number in range(5):
        site.at(f"/{number}", slowly)
    assert await fault(await open_web(total=0.5), f"{site.url}/0") == "took longer than 0.5 s"
