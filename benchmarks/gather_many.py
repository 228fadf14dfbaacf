"""What a gather of many sources costs: seconds, processor time and memory of all its processes.

    python benchmarks/gather_many.py [--sources 1000] [--items 50] [--hosts 250] [--rounds 3]
        [--beside OTHER/.venv/bin/python]

A server on this machine has so many feeds with so many items, on so many ports, each of which is a host of its own to the
program. `distributor gather` reads all of them: for the first time; when nothing has changed and the server says so (304);
when nothing has changed and the server sends the same body again (200, without validators); and when one in ten has a new
item. `--beside` names the interpreter of another version of this program; the two take turns, and the ratio is printed.
Processor time is that of the command and of all that it starts; `all` is the largest sum of their memory (PSS), taken ten
times a second, `parent` the peak of the command alone. Writes var/bench-gather-many.json. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import hashlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import web

CASES = ("first look", "unchanged, 304", "unchanged, 200", "one in ten changed")
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2): orphans of the command become children of this program
WORDS = (
    "Sáng 23/11, Ủy ban nhân dân tỉnh tổ chức <b>lễ khởi công</b> đường tỉnh {n}, dài 38 km, nối năm xã miền núi, theo "
    '<a href="/van-ban/{n}.pdf">quyết định {n}</a> với tổng vốn 412 tỷ đồng.'
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one gather: seconds by the clock, seconds of processors, MB of the command alone and of all processes together,
    and requests that the server has answered."""

    seconds: float
    processor: float
    parent: float
    all: float
    requests: int


# -- the server --------------------------------------------------------------------------------------------------------


def feed(number: int, items: int, edition: int) -> bytes:
    """One feed. Each edition has one more item in front, and one less at its end."""
    site = f"https://bao-{number}.example"
    made = "".join(
        f"<item><title>Khởi công đường tỉnh {number}, đoạn {at}</title><link>{site}/tin/{at}</link>"
        f"<guid>{site}/?p={at}</guid><pubDate>Mon, 23 Nov 2026 {at % 24:02}:{at % 60:02}:00 +0700</pubDate>"
        f"<category>Kinh tế</category><description>Tuyến đường dài {at} km nối hai huyện.</description>"
        f"<content:encoded><![CDATA[{''.join(f'<p>{WORDS.format(n=number * 100 + at)}</p>' for _ in range(4))}]]>"
        "</content:encoded></item>"
        for at in range(edition + items, edition, -1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Báo {number}</title><link>{site}</link>{made}</channel></rss>"
    ).encode()


class Portal:
    """All the feeds. `validators`: whether it sends them, and answers 304."""

    def __init__(self, sources: int, items: int) -> None:
        self.items = items
        self.editions = [0] * sources
        self.bodies = [feed(number, items, 0) for number in range(sources)]
        self.validators = True
        self.requests = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.requests += 1
        body = self.bodies[int(request.match_info["number"])]
        headers = {"Content-Type": "application/rss+xml; charset=utf-8"}
        if self.validators:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    async def set_up(self, request: web.Request) -> web.Response:
        """`validators=0|1`, and `change`: one in so many feeds gets a new item. Answers how many requests there were."""
        self.validators = request.query["validators"] == "1"
        for number in range(0, len(self.bodies), int(request.query.get("change", len(self.bodies) + 1))):
            if "change" in request.query:
                self.editions[number] += 1
                self.bodies[number] = feed(number, self.items, self.editions[number])
        return web.Response(text=str(self.requests))


async def serve(sources: int, items: int, hosts: int) -> None:
    portal, application = Portal(sources, items), web.Application()
    application.router.add_get("/feed/{number}", portal.answer)
    application.router.add_get("/set", portal.set_up)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    ports = []
    for _ in range(hosts):
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ports.append(site._server.sockets[0].getsockname()[1])  # type: ignore[union-attr]
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


@contextlib.contextmanager
def serving(arguments: argparse.Namespace) -> Iterator[list[int]]:
    command = [sys.executable, __file__, "--serve", "--sources", str(arguments.sources)]
    command += ["--items", str(arguments.items), "--hosts", str(arguments.hosts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield json.loads(server.stdout.readline())
        finally:
            server.kill()


def tell(port: int, settings: str) -> int:
    """Tell the server what to answer from now on; how many requests it has had."""
    from urllib.request import urlopen

    with urlopen(f"http://127.0.0.1:{port}/set?{settings}") as answer:
        return int(answer.read())


# -- the command -------------------------------------------------------------------------------------------------------


class Watch(threading.Thread):
    """Looks at the memory of all processes of a session until it is stopped."""

    def __init__(self, leader: int) -> None:
        super().__init__(daemon=True)
        self.leader, self.stopped = leader, threading.Event()
        self.all = self.parent = 0.0

    def run(self) -> None:
        while not self.stopped.wait(0.1):
            sizes = {pid: size for pid in self._processes() if (size := self._size(pid))}
            self.all = max(self.all, sum(sizes.values()))
            with contextlib.suppress(OSError, TypeError):
                status = Path(f"/proc/{self.leader}/status").read_text(encoding="ascii", errors="replace")
                self.parent = max(self.parent, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024)  # type: ignore[index]

    def _processes(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.getsid(int(entry.name)) == self.leader:
                        yield int(entry.name)

    def _size(self, pid: int) -> float:
        with contextlib.suppress(OSError, TypeError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) / 1024  # type: ignore[index]
        return 0.0


def gather(python: str, config: Path) -> tuple[Cost, str]:
    """One `distributor gather`: what it cost without the requests, and what it printed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    command = [python, "-m", "distributor", "-c", str(config), "gather"]
    # In its folder: `-m` takes what lies in the present one, and that is a checkout of this version.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=config.parent
    ) as process:
        watch = Watch(process.pid)
        watch.start()
        assert process.stdout
        said = process.stdout.read()
        process.wait()
    seconds = time.perf_counter() - begun
    watch.stopped.set()
    watch.join()
    _reap_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    if process.returncode:
        sys.exit(f"gather ended with {process.returncode}: {said[-2000:]}")
    return Cost(seconds, processor, watch.parent, watch.all, 0), said


def _reap_orphans() -> None:
    """Wait for what the command has left behind (its forkserver), so that its time counts."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        orphans = [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
        ended = [pid for pid in orphans if _session(pid) not in (os.getsid(0), None)]
        if not ended:
            return
        for pid in ended:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def newsroom(python: str, folder: Path, ports: list[int], sources: int) -> Path:
    command = [python, "-m", "distributor", "init", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder.parent)
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    begin, end = text.index("sources:\n"), text.index("newsletters:\n")
    lines = [
        f"  bao-{number}: {{type: feed, allow_private: true,"
        f' url: "http://127.0.0.1:{ports[number % len(ports)]}/feed/{number}"}}\n'
        for number in range(sources)
    ]
    config.write_text(text[:begin] + "sources:\n" + "".join(lines) + "\n" + text[end:], encoding="utf-8")
    return config


def measure(case: str, python: str, config: Path, port: int, expected: dict[str, int]) -> Cost:
    """One case. Ends the program where the gather has not brought what it had to."""
    settings = {"unchanged, 200": "validators=0", "one in ten changed": "validators=1&change=10"}
    before = tell(port, settings.get(case, "validators=1"))
    cost, said = gather(python, config)
    found = {
        "new": sum(int(number.replace(",", "")) for number in re.findall(r": ([\d,]+) new article", said)),
        "unchanged": len(re.findall(r": unchanged$", said, re.MULTILINE)),
    }
    if found["new"] != expected["new"]:
        sys.exit(f"{case}: {found} instead of {expected}")
    requests = tell(port, "validators=1") - before
    return replace(cost, requests=requests)


def summed_up(costs: list[Cost]) -> dict[str, float]:
    """The least of the times, since others use the machine too; the middle of what the memory was."""
    rows = [asdict(cost) for cost in costs]
    least = ("seconds", "processor")
    return {key: (min if key in least else statistics.median)(row[key] for row in rows) for key in rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--hosts", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", help="interpreter of another version")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.hosts = min(arguments.hosts, arguments.sources)
    if arguments.serve:
        asyncio.run(serve(arguments.sources, arguments.items, arguments.hosts))
        return
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    pythons = {"this": sys.executable, **({"other": arguments.beside} if arguments.beside else {})}
    costs: dict[str, dict[str, list[Cost]]] = {case: {which: [] for which in pythons} for case in CASES}
    changed = len(range(0, arguments.sources, 10))
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as servers:
        places = {}
        for which, python in pythons.items():
            ports = servers.enter_context(serving(arguments))
            places[which] = (newsroom(python, Path(folder) / which, ports, arguments.sources), ports[0])
        for number in range(arguments.rounds):
            for case in CASES[1 if number else 0 :]:
                for which in sorted(pythons, reverse=bool(number % 2)):
                    new = {CASES[0]: arguments.sources * arguments.items, CASES[3]: changed}.get(case, 0)
                    cost = measure(case, pythons[which], *places[which], {"new": new})
                    costs[case][which].append(cost)
                    print(f"  round {number + 1} {case:20} {which:5} {cost.seconds:7.2f} s", flush=True)
    show(costs)


def show(costs: dict[str, dict[str, list[Cost]]]) -> None:
    result: dict[str, Any] = {}
    print(f"{'':26} {'seconds':>9} {'CPU s':>9} {'parent MB':>10} {'all MB':>8} {'requests':>9}")
    for case, each in costs.items():
        result[case] = {which: summed_up(found) for which, found in each.items()}
        for which, found in result[case].items():
            values = f"{found['seconds']:9.2f} {found['processor']:9.2f} {found['parent']:10.0f} {found['all']:8.0f}"
            print(f"{case:20} {which:5} {values} {found['requests']:9.0f}")
        if "other" in each:
            ours, other = result[case]["this"], result[case]["other"]
            print(
                f"{'':20} ratio {ours['seconds'] / other['seconds']:9.3f} {ours['processor'] / other['processor']:9.3f}"
            )
    out = Path("var/bench-gather-many.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
