"""The pages and what sends, each in a process of its own: `distributor web` beside `serve --no-web`."""

from __future__ import annotations

import signal
import socket
import urllib.error
import urllib.request

import pytest

from support.newsroom import Room


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def url(room: Room) -> str:
    port = free_port()
    room.configure(("sources:\n", f"web: {{listen: '127.0.0.1:{port}'}}\nsources:\n"))
    return f"http://127.0.0.1:{port}"


def status(url: str, data: bytes | None = None) -> int:
    """What the pages answer; 0 where nobody listens."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_pages_alone_take_a_request_and_the_other_process_sends_its_email(room: Room, url: str) -> None:
    pages = room.serve("web")
    room.wait_for(lambda: status(f"{url}/me") == 200)
    sender = room.serve("serve", "--no-web", "--tick", "30")
    assert status(f"{url}/me", b"email=lan%40example.com") == 200
    room.wait_for(lambda: len(room.letters()) == 1, seconds=25)  # before the next tick: it asks for the outbox
    for process in (pages, sender):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0, room.log()
    assert "Traceback" not in room.log()


def test_serve_without_pages_listens_to_nobody(room: Room, url: str) -> None:
    process = room.serve("serve", "--no-web", "--tick", "0.2")
    room.wait_for(lambda: "Serving" in room.log())
    assert status(url) == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0


def test_serve_may_run_its_pages_in_a_process_of_their_own(room: Room, url: str) -> None:
    room.configure(("web: {", "web: {own_process: true, "))
    process = room.serve()
    room.wait_for(lambda: status(f"{url}/") == 200)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    room.wait_for(lambda: status(f"{url}/") == 0)


def test_pages_that_are_not_configured_are_one_line(room: Room) -> None:
    done = room.run("web")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "config.yaml has no `web`" in done.err
