"""The slow line of the delivery benchmark: a wrong delay would make every figure behind it wrong, and nobody would see."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SLOW_LINE = Path(__file__).parents[2] / "benchmarks" / "slow_line.py"
ROUND_TRIP = 0.05
SLACK = 0.04  # of a machine that does other things too


def echo(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)


@pytest.fixture
def line() -> Iterator[socket.socket]:
    """A connection to a server that says everything again, over a slow line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        command = [sys.executable, str(SLOW_LINE), str(listener.getsockname()[1]), str(ROUND_TRIP * 1000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            with socket.create_connection(("127.0.0.1", int(process.stdout.readline())), timeout=10) as connection:
                yield connection
            process.terminate()
        listener.shutdown(socket.SHUT_RDWR)


def all_of(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count and (piece := connection.recv(1 << 16)):
        data += piece
    return bytes(data)


def test_a_question_is_answered_after_one_round_trip_and_the_first_after_two_and_a_half(line: socket.socket) -> None:
    start = time.monotonic()
    line.sendall(b"x")
    assert all_of(line, 1) == b"x"
    first = time.monotonic() - start
    later = []
    for _ in range(5):
        start = time.monotonic()
        line.sendall(b"y")
        assert all_of(line, 1) == b"y"
        later.append(time.monotonic() - start)
    assert ROUND_TRIP <= min(later) < ROUND_TRIP + SLACK
    assert 2.5 * ROUND_TRIP <= first + 0.005 < 2.5 * ROUND_TRIP + 10 * SLACK  # it had begun to wait before us


def test_many_bytes_at_once_take_one_round_trip_together_and_arrive_in_their_order(line: socket.socket) -> None:
    line.sendall(b"warm")
    assert all_of(line, 4) == b"warm"
    sent = b"".join(b"%07d\n" % number for number in range(40_000))
    start = time.monotonic()
    threading.Thread(target=line.sendall, args=(sent,), daemon=True).start()
    assert all_of(line, len(sent)) == sent
    assert ROUND_TRIP <= time.monotonic() - start < 3 * ROUND_TRIP


def test_the_end_of_a_connection_is_passed_on(line: socket.socket) -> None:
    line.sendall(b"bye")
    line.shutdown(socket.SHUT_WR)
    assert all_of(line, 4) == b"bye"
