"""The web server against clients that mean no good, octet by octet: who is slow, too long or too many is cut off, and
nobody else notices."""

from __future__ import annotations

import asyncio
import logging
import re
import socket

import pytest

from distributor.errors import UserError
from distributor.web.server import listen
from support.raw_http import ExtraPages, Served

HOST = b"Host: news.bacson.example\r\n"


@pytest.mark.parametrize(
    "octets",
    [b"", b"GET", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n" + HOST, b"\r\n" * 10],
    ids=["nothing", "a word", "a line", "half a head", "empty lines"],
)
async def test_who_does_not_finish_a_request_is_cut_off(served: Served, octets: bytes) -> None:
    client = await served.connect()
    client.send(octets)
    assert await client.is_cut()


async def test_a_head_that_comes_octet_by_octet_is_cut_off_although_something_always_comes(served: Served) -> None:
    client = await served.connect()

    async def drip() -> None:
        for octet in b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 1000:
            client.send(bytes([octet]))
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    assert await client.is_cut()
    dripping.cancel()


@pytest.mark.parametrize("path", [b"/reads", b"/ignores"])
async def test_half_a_body_is_not_waited_for(served: Served, extra: ExtraPages, path: bytes) -> None:
    client = await served.connect()
    client.send(b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\nhalf")
    answer = await client.receive()
    assert answer == b"" or answer.endswith(b"ignored")
    assert extra.bodies == []


async def test_a_body_that_is_not_encoded_as_it_says_is_no_error_of_ours(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    client = await served.connect()
    client.send(b"POST /ignores HTTP/1.1\r\n" + HOST + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nwrong")
    assert (await client.receive()).endswith(b"ignored")
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_a_client_that_does_not_read_its_answer_is_cut_off(served: Served) -> None:
    sock = socket.create_connection(("127.0.0.1", served.port))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n")
    async with asyncio.timeout(10):
        while not served.server.connections:
            await asyncio.sleep(0.01)
        while served.server.connections:
            await asyncio.sleep(0.05)
    sock.close()


async def test_a_client_that_reads_steadily_gets_all_of_a_large_answer(served: Served) -> None:
    client = await served.connect()
    client.send(b"GET /large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    total = 0
    while chunk := await client.reader.read(1_000_000):
        total += len(chunk)
        await asyncio.sleep(0.02)
    assert total > 20_000_000


async def test_a_connection_serves_many_requests_and_ends_when_idle(served: Served) -> None:
    client = await served.connect()
    for _ in range(3):
        client.send(b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.answer())[0] == 404
        await asyncio.sleep(0.1)
    assert await client.is_cut()


async def test_a_head_that_is_too_long_is_refused(served: Served) -> None:
    status, _ = await served.ask(b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 3000 + b"\r\n")
    assert status == 431


async def test_a_long_head_comes_through_and_so_does_a_large_body_behind_it(served: Served, extra: ExtraPages) -> None:
    head = b"POST /reads HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 100 + b"Content-Length: 500000\r\n"
    status, _ = await served.ask(head + b"Connection: close\r\n\r\n" + b"y" * 500_000)
    assert status == 200
    assert extra.bodies == [b"y" * 500_000]


async def test_an_address_that_is_too_long_is_refused(served: Served) -> None:
    status, answer = await served.ask(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status in (400, 414)
    assert b"aaaa" not in answer


@pytest.mark.parametrize(
    "request_text",
    [
        b"POST /reads HTTP/1.1\r\n%sContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /slow HTTP/1.1\r\n",
        b"POST /reads HTTP/1.1\r\n%sContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /reads HTTP/1.1\r\n%sContent-Length: +4\r\n\r\nabcd",
        b"POST /reads HTTP/1.1\r\n%sTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /reads HTTP/1.1\r\n%sTransfer-Encoding: x\r\n chunked\r\n\r\n0\r\n\r\n",
        b"POST /reads HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        b"POST /reads HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
        b"POST /reads HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n4\nabcd\n0\n\n",
        b"GET /slow HTTP/1.1\n%s\n",
        b"GET /slow HTTP/9.9\r\n%s\r\n",
        b"GET http://evil.example/slow HTTP/1.1\r\n%s\r\n",
        b"GET /slow HTTP/1.1\r\n%sHost: evil.example\r\n\r\n",
        b"GET /slow HTTP/1.1\r\n%sA\0: b\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n%s\r\n",
    ],
)
async def test_what_a_proxy_and_we_might_read_differently_is_refused(
    served: Served, extra: ExtraPages, request_text: bytes
) -> None:
    status, answer = await served.ask(request_text.replace(b"%s", HOST))
    assert status in (0, 400, 405, 501)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"evil" not in answer
    assert extra.bodies == []
    assert not extra.slow_begun.is_set()


async def test_a_host_that_is_not_ours_gets_nothing_and_is_not_repeated(served: Served) -> None:
    status, answer = await served.ask(b"GET /slow HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert status == 421
    assert b"evil" not in answer
    for host in (b"tin.bacson.example", b"127.0.0.1:8080", b"localhost"):  # an earlier address, and the machine itself
        assert (await served.ask(b"GET /slow HTTP/1.1\r\nHost: %s\r\n\r\n" % host))[0] == 200


async def test_a_path_with_two_slashes_leads_to_no_other_server(served: Served) -> None:
    for path in (b"//evil.example/", b"//evil.example/nowhere/", b"/\\evil.example/"):
        status, answer = await served.ask(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert status in (400, 404)
        assert b"\r\nlocation:" not in answer.lower()


async def test_no_answer_tells_a_version_or_sets_a_cookie(served: Served) -> None:
    for octets in (
        b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"no request\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: b\r\n\r\n",
    ):
        _, answer = await served.ask(octets)
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert b"aiohttp" not in head and b"python" not in head and b"set-cookie" not in head
        assert b"server: distributor\r\n" in head + b"\r\n"


async def test_forged_addresses_and_schemes_change_nothing(served: Served) -> None:
    plain = await served.ask(b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n")
    forged = b"X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: javascript\r\nForwarded: host=evil.example\r\n"
    answer = await served.ask(b"GET /nowhere HTTP/1.1\r\n" + HOST + forged + b"X-Original-URL: /slow\r\n\r\n")
    assert answer[0] == plain[0]
    assert b"evil" not in answer[1] and b"javascript" not in answer[1]


async def test_idle_connections_make_room_for_new_ones(served: Served) -> None:
    idle = [await served.connect() for _ in range(9)]
    for client in idle:
        client.send(b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n")
        await client.answer()
    busy = await served.connect()
    busy.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (await served.ask(b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n"))[0] == 404
    assert (await busy.answer())[0] == 200


async def test_who_comes_when_all_connections_are_at_work_is_told_to_come_back(served: Served) -> None:
    busy = [await served.connect() for _ in range(10)]
    for client in busy:
        client.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
    async with asyncio.timeout(5):
        while len(served.server.connections) < 10:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    late = await served.connect()
    assert b" 503 " in await late.receive()
    assert {(await client.answer())[0] for client in busy} == {200}


async def test_requests_in_hand_are_answered_at_a_stop_and_no_new_ones(served: Served, extra: ExtraPages) -> None:
    client = await served.connect()
    client.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
    await extra.slow_begun.wait()
    served.stop.set()
    status, answer = await client.answer()
    assert (status, answer[-4:]) == (200, b"done")
    await served.running
    with pytest.raises(OSError):
        await served.connect()


async def test_the_access_log_names_the_pattern_and_no_token(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "distributor.web.access")
    await served.ask(b"GET /assets/secret-token HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 203.0.113.9\r\n\r\n")
    await served.ask(b"GET /secret-token/mistyped HTTP/1.1\r\n" + HOST + b"\r\n")
    await served.ask(b"secret-token\r\n\r\n")
    lines = [record.getMessage() for record in caplog.records if record.name == "distributor.web.access"]
    assert [re.sub(r"\d+ (bytes|ms)", r"N \1", line) for line in lines] == [
        "GET /assets/{name} 404, N bytes, N ms",
        "GET an unknown path 404, N bytes, N ms",
        "no valid request 400, N bytes, N ms",
    ]
    assert "secret-token" not in caplog.text
    assert "203.0.113.9" not in caplog.text
    assert "127.0.0.1" not in "".join(lines)


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with listen("127.0.0.1:0") as first:
        port = first.getsockname()[1]
        with pytest.raises(UserError, match=f"^web.listen: 127.0.0.1:{port}: address already in use; [^\n]*$"):
            listen(f"127.0.0.1:{port}")
    with pytest.raises(UserError, match=r"^web.listen: nowhere.invalid:80: [^\n]*$"):
        listen("nowhere.invalid:80")
