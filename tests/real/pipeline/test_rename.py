"""A newsletter or a channel gets another name in config.yaml: it is said, nothing goes to nobody, all is carried over."""

from __future__ import annotations

import signal

import pytest

from support.newsroom import Room

RENAMED = ("  tin-sang:\n", "  ban-tin:\n")


@pytest.fixture
def out(room: Room) -> Room:
    """Two articles are out, and a third waits; then the newsletter has another name in config.yaml."""
    room.good("send", "tin-sang", "--yes")
    room.write("ba", "Bắc Sơn mở chợ phiên mới", date="2026-11-20 10:00")
    room.configure(RENAMED)
    return room


def test_a_running_service_notices_and_says_it_once(out: Room) -> None:
    out.configure(RENAMED[::-1])
    out.serve()
    out.wait_for(lambda: "Serving" in out.log())
    out.configure(RENAMED)
    out.good("newsletters", "rename", "tin-sang", "ban-tin", "--yes")
    out.wait_for(lambda: "was renamed to ban-tin" in out.log())
    for _ in range(3):
        out.good("check")
    assert out.log().count("was renamed to ban-tin") == 1
    (service,) = out.services
    service.send_signal(signal.SIGTERM)
    assert service.wait(30) == 0


def test_a_service_that_starts_says_what_is_missing(out: Room) -> None:
    out.serve()
    out.wait_for(lambda: "newsletter tin-sang has 1 subscriber and is not in config.yaml" in out.log())
