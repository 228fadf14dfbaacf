"""Child processes with limits: whatever the work in one does, it ends, and nothing else suffers."""

from __future__ import annotations

import asyncio
import functools
import logging
import multiprocessing.forkserver
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from distributor.errors import LimitExceeded, SourceError, StartFailed
from distributor.gathering.source_reader import check_availability_of_articles, read_source
from distributor.gathering.sources.folder import FolderSource
from distributor.isolated_child import ChildLimits
from distributor.isolation import ChildFailed, ChildProcess, call_isolated, call_isolated_async
from support import isolated_work as work
from support.builders import NOW, article, settings


def test_a_child_returns_json_or_bytes() -> None:
    assert call_isolated(work.double, 21) == 42
    assert call_isolated(work.name_and_bytes, b"\x00\xff") == b"\xff\x00"


def test_one_child_answers_many_calls_and_is_a_process_of_its_own() -> None:
    with ChildProcess(work.who) as child:
        first, second = child.call(), child.call()
    assert first == second != os.getpid()


def test_what_holds_the_interpreter_is_ended_by_the_clock_and_named() -> None:
    with ChildProcess(work.backtrack, limits=ChildLimits(seconds=0.5)) as child:
        with pytest.raises(LimitExceeded, match=r"^took longer than 0.5 s to read$") as caught:
            child.call()
        assert caught.value.doing == "the long word"


def test_what_only_computes_is_ended_by_its_processor_time() -> None:
    limits = ChildLimits(seconds=60, processor_seconds=1)
    with pytest.raises(LimitExceeded, match="took more than 1 s of computing"):
        call_isolated(work.backtrack, limits=limits)


def test_processor_time_counts_anew_for_each_call() -> None:
    with ChildProcess(work.backtrack_a_little, limits=ChildLimits(processor_seconds=1)) as child:
        assert {child.call() for _ in range(8)} == {"LimitExceeded: it took more than 0.2 s of computing to read"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps limits of memory")
def test_what_takes_too_much_memory_is_told_so_and_the_next_call_gets_a_new_child() -> None:
    with ChildProcess(work.take_memory, limits=ChildLimits(memory=100_000_000)) as child:
        with pytest.raises(LimitExceeded, match="needs more than 95 MB of memory"):
            child.call(400)
        assert child.call(10) == 10_000_000


def test_a_child_that_dies_is_told_with_its_exit_code() -> None:
    with pytest.raises(LimitExceeded, match="exit code 3"):
        call_isolated(work.die)


def test_an_answer_without_end_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="more than 1 MB"):
        call_isolated(work.say_much, 2_000_000, limits=ChildLimits(answer=1_000_000))


@pytest.mark.parametrize(
    ("function", "arguments", "told"),
    [(work.double, (None,), "TypeError: "), (work.say_what_json_cannot, (), "TypeError: ")],
)
def test_a_bug_comes_back_as_a_line_and_a_traceback(function: Any, arguments: tuple[object, ...], told: str) -> None:
    with pytest.raises(ChildFailed, match=told) as caught:
        call_isolated(function, *arguments)
    assert "Traceback" in caught.value.trace


def test_what_a_child_logs_stands_in_our_log_without_control_characters(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        call_isolated(work.warn)
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("distributor.somewhere", "the feed is odd: [31mred")
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_child_holds_none_of_our_files() -> None:
    before = call_isolated(work.open_files)
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    try:
        for descriptor in files:
            os.set_inheritable(descriptor, True)
        assert call_isolated(work.open_files) == before
    finally:
        for descriptor in files:
            os.close(descriptor)


def test_children_give_way_to_those_who_deliver() -> None:
    assert call_isolated(work.niceness) == os.nice(0) + 10


async def test_the_event_loop_goes_on_while_a_child_computes() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    with pytest.raises(LimitExceeded):
        await call_isolated_async(work.backtrack, limits=ChildLimits(seconds=1.0))
    ticking.cancel()
    assert ticks > 10


async def test_who_is_cancelled_ends_the_child_at_once() -> None:
    started = time.monotonic()
    task = asyncio.create_task(call_isolated_async(work.sleep, 30.0))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 10
    assert await call_isolated_async(work.double, 2) == 4


@pytest.mark.parametrize(("wait", "told"), [(False, "exit code 3"), (True, "took longer than 1 s")])
def test_what_a_child_has_started_ends_with_it_and_keeps_nobody_waiting(tmp_path: Path, wait: bool, told: str) -> None:
    started, file = time.monotonic(), tmp_path / "left"
    work_of_it = functools.partial(work.leave_a_child_behind, wait=wait)
    with pytest.raises(LimitExceeded, match=told):
        call_isolated(work_of_it, str(file), limits=ChildLimits(seconds=1))
    assert time.monotonic() - started < 10
    assert _ends(int(file.read_text(encoding="ascii")))


@pytest.mark.skipif(sys.platform != "linux", reason="macOS ignores the signal; the alarm ends the child there")
def test_a_child_ends_when_its_parent_is_killed_whatever_it_is_doing(tmp_path: Path) -> None:
    file = tmp_path / "child"
    parent = subprocess.Popen(
        [sys.executable, "-c", f"from support import isolated_work as w\nw.call_what_says_its_number({str(file)!r})"],
        cwd=Path(__file__).parents[1],
    )
    try:
        assert _comes(lambda: file.exists() and file.read_text(encoding="ascii") != "")
    finally:
        parent.kill()
        parent.wait()
    assert _ends(int(file.read_text(encoding="ascii")))


def test_sigterm_to_all_of_a_service_is_no_fault_of_what_is_being_read() -> None:
    """A service manager sends it to all processes of a service, and `timeout` to its process group."""
    with ChildProcess(work.sleep_as) as child, ThreadPoolExecutor(1) as waiting:
        number = child.call(0.0)
        answer = waiting.submit(child.call, 0.5)
        for pid in (number, _forkserver()._forkserver_pid):
            os.kill(pid, signal.SIGTERM)
        assert answer.result(20) == number


def test_a_program_that_exits_keeps_no_child_and_waits_for_none() -> None:
    program = "from support import isolated_work as w\nfrom distributor.isolation import ChildProcess\n"
    program += "child = ChildProcess(w.who)\nprint(child.call())"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[1], check=True, capture_output=True, timeout=60
    )
    assert _ends(int(ran.stdout))


def test_the_next_child_comes_from_a_new_server_when_the_server_was_killed() -> None:
    call_isolated(work.double, 1)
    os.kill(_forkserver()._forkserver_pid, signal.SIGKILL)
    assert call_isolated(work.double, 21) == 42


def test_the_next_child_comes_from_a_new_server_when_its_socket_was_cleared_away() -> None:
    call_isolated(work.double, 1)
    Path(_forkserver()._forkserver_address).unlink()
    assert call_isolated(work.double, 21) == 42


def test_a_machine_without_descriptors_is_told_as_such_and_later_all_goes_on() -> None:
    call_isolated(work.double, 1)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.dup(0)
    os.close(highest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 2, before[1]))
    try:
        with pytest.raises(StartFailed, match=r"no child process can be started: .*Too many open files"):
            call_isolated(work.double, 21)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert call_isolated(work.double, 21) == 42


def test_what_a_child_prints_is_no_part_of_our_output() -> None:
    program = "from support import isolated_work as w\nfrom distributor.isolation import call_isolated\n"
    program += "print(call_isolated(w.print_something))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[1], check=True, capture_output=True
    )
    assert ran.stdout == b"1\n"
    assert b"tells how it goes" in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_many_children_leave_no_descriptor_behind() -> None:
    call_isolated(work.double, 1)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        call_isolated(work.double, 1)
        with pytest.raises(LimitExceeded):
            call_isolated(work.die)
    assert len(os.listdir("/proc/self/fd")) == before


def _forkserver() -> Any:
    return multiprocessing.forkserver._forkserver


def _ends(pid: int) -> bool:
    """Whether a process ends within seconds."""
    return _comes(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and only not yet taken note of


def _comes(what: Callable[[], bool]) -> bool:
    for _ in range(600):  # a minute: children are of low priority, and other tests run beside
        if what():
            return True
        time.sleep(0.1)
    return False


async def test_a_machine_that_can_start_no_process_is_told_for_each_source_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(child: ChildProcess) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(ChildProcess, "_fork", none_left)
    source = FolderSource(name="cong", folder=tmp_path)
    with pytest.raises(SourceError, match="no child process can be started"):
        await read_source(source, settings().site, {}, NOW)
    answers = await check_availability_of_articles({"cong": source}, settings().site, [article("a1")])
    assert answers["a1"].available is None
