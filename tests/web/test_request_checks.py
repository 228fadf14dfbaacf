"""Requests that a proxy and we might read differently, and hosts that are not ours, come to no page."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from distributor.web.request_checks import find_fault, has_unsafe_characters, host_name, known_hosts
from support.web_client import Visitor

HOSTS = frozenset({"news.bacson.example", "localhost"})
OURS = ("Host", "news.bacson.example")


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/u/x", [OURS], 0),
        ("/u/x", [("host", "NEWS.BACSON.example:8080")], 0),
        ("/u/x", [("Host", "news.bacson.example.")], 0),
        ("/u/x", [OURS, ("Transfer-Encoding", "chunked")], 0),
        ("/u/x", [OURS, ("Content-Length", "4")], 0),
        ("/" + "a" * 8000, [OURS], 414),
        ("http://news.bacson.example/u/x", [OURS], 400),
        ("news.bacson.example:443", [OURS], 400),
        ("*", [OURS], 400),
        ("/u/x", [OURS, ("Transfer-Encoding", "chunked"), ("Content-Length", "4")], 400),
        ("/u/x", [OURS, ("Transfer-Encoding", "gzip, chunked")], 400),
        ("/u/x", [OURS, ("Transfer-Encoding", "xchunked")], 400),
        ("/u/x", [OURS, ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")], 400),
        ("/u/x", [OURS, ("Content-Length", "4"), ("Content-Length", "4")], 400),
        ("/u/x", [OURS, ("Host", "evil.example")], 400),
        ("/u/x", [], 400),
        ("/u/x", [("Host", "evil.example")], 421),
        ("/u/x", [("Host", "news.bacson.example.evil.example")], 421),
        ("/u/x", [("Host", "news.bacson.example@evil.example")], 421),
        ("/u/x", [("Host", "evil.example/news.bacson.example")], 421),
        ("/u/x", [("Host", "")], 421),
    ],
)
def test_what_is_refused(target: str, headers: list[tuple[str, str]], status: int) -> None:
    given = CIMultiDictProxy(CIMultiDict(headers))
    assert find_fault("GET", target, (1, 1), given, HOSTS) == status


def test_http_1_0_needs_no_host() -> None:
    assert find_fault("POST", "/u/x", (1, 0), CIMultiDictProxy(CIMultiDict[str]()), HOSTS) == 0


@pytest.mark.parametrize(
    ("listen", "names"),
    [
        ("127.0.0.1:8080", {"news.bacson.example", "localhost", "127.0.0.1", "::1"}),
        ("[::]:80", {"news.bacson.example", "localhost", "127.0.0.1", "::1"}),
        ("10.0.0.7:8080", {"news.bacson.example", "10.0.0.7"}),
    ],
)
def test_the_hosts_are_those_of_the_public_address_and_of_the_machine(listen: str, names: set[str]) -> None:
    assert known_hosts(["https://News.bacson.example"], listen) == names


@pytest.mark.parametrize(("host", "name"), [("[::1]:8080", "::1"), ("a:b", ""), ("[", ""), ("a b", "a b")])
def test_what_a_host_header_names(host: str, name: str) -> None:
    assert host_name(host) in (name, "a")


@pytest.mark.parametrize(
    ("text", "unsafe"), [("tin sáng đầu", False), ("a\0b", True), ("a\nb", True), ("\udc80", True)]
)
def test_characters_that_no_address_has(text: str, unsafe: bool) -> None:
    assert has_unsafe_characters("well", text) is unsafe


@pytest.mark.parametrize(
    ("path", "status"),
    [("/%00", 404), ("/archive/a%0d%0aSet-Cookie:x", 404), ("/search?q=%00", 400), ("/search?%01=a", 400)],
)
async def test_no_page_sees_control_characters_of_an_address(visitor: Visitor, path: str, status: int) -> None:
    answer = await visitor.get(path)
    assert answer.status == status
    assert "Set-Cookie" not in answer.headers


async def test_every_page_answers_with_and_without_a_slash_at_its_end(visitor: Visitor) -> None:
    page = await (await visitor.get("/nowhere")).text()
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await visitor.get(f"{address}/")
    assert answer.status == 200


async def test_every_page_answers_head_as_it_answers_get(visitor: Visitor) -> None:
    page = await (await visitor.get("/nowhere")).text()
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    for path in (address, "/nowhere"):
        get, head = await visitor.get(path), await visitor.ask("HEAD", path)
        assert (head.status, await head.read()) == (get.status, b"")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize(
    "path",
    ["/assets/../../config.yaml", "/assets/..%2f..%2fconfig.yaml", "/assets/%2e%2e/%2e%2e/config.yaml"],
)
async def test_no_path_leads_out_of_the_pages(visitor: Visitor, path: str) -> None:
    answer = await visitor.get(path)
    assert answer.status == 404
    assert "Location" not in answer.headers


@pytest.mark.parametrize("path", ["/en//evil.example/", "/en/%5Cevil.example/"])
async def test_the_link_to_the_other_language_leads_to_no_other_server(visitor: Visitor, path: str) -> None:
    page = await (await visitor.get(path)).text()
    assert 'class="language" href="/evil.example/"' in page


@pytest.mark.parametrize("start", ["OPTIONS *", "CONNECT /", "CONNECT news.bacson.example:443"])
async def test_a_target_that_is_no_path_is_refused_and_no_fault_of_ours(visitor: Visitor, start: str) -> None:
    host, port = visitor.address
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"{start} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    assert 400 <= status < 500
