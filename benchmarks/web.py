"""The web pages under load: one process of ours beside nginx, which serves the same bytes, in one run.

    python benchmarks/web.py [--count 20000] [--seconds 5] [--rounds 3]

Asked by wrk on 32 connections: a feed that has not changed (304), a feed (200), a page of the archive, and one-click
unsubscription, each of another subscriber. Then 100,000 requests, with the memory before and after; and an edition that
`serve` delivers, alone and with 500 requests a second beside it, in turns. Needs nginx, wrk and smtp-sink. Writes
var/bench-web.json.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from beside import ZONE, look, open_deliveries
from delivery_newsroom import CHECKOUT, NEWSLETTER, BenchmarkNewsroom, SqliteStore, Way
from delivery_servers import free_port, program, running, sink

from distributor.newsroom import open_newsroom
from distributor.storage.tables import subscribers
from distributor.subscribers.tokens import Claim, Purpose, sign

CONNECTIONS = 32
BESIDE = 500  # requests a second beside a delivery
FEED = "/feeds/rss.xml"
WRK = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(99),
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; server_tokens off; default_type application/rss+xml; keepalive_requests 1000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/public; }}
}}
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk has seen: requests a second, the 99th percentile in milliseconds, answers that were errors."""

    rate: float
    p99: float
    errors: int


def wrk(url: str, seconds: float, script: Path, *headers: str) -> Load:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script)]
    for header in headers:
        command += ["-H", header]
    said = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    assert found, said
    requests, duration, p99, statuses, broken = map(int, found.groups())
    return Load(requests / duration * 1e6, p99 / 1000, statuses + broken)


def configure(newsroom: BenchmarkNewsroom, way: Way, port: int, *, own_process: bool = False) -> None:
    newsroom.lead(way)
    config = yaml.safe_load(newsroom.config.read_text(encoding="utf-8"))
    config["web"] = {"listen": f"127.0.0.1:{port}", "access_log": False, "own_process": own_process}
    newsroom.config.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")


@contextlib.contextmanager
def pages(newsroom: BenchmarkNewsroom, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "distributor", "-c", str(newsroom.config), "web"]
    with (newsroom.folder / "web.log").open("w") as log, running(command, port, stdout=log, stderr=log) as process:
        yield process


@contextlib.contextmanager
def nginx(folder: Path, feed: bytes) -> Iterator[int]:
    port = free_port()
    file = folder / "public" / FEED.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(feed)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    with running([program("nginx") or "nginx", "-c", str(config)], port, stderr=subprocess.DEVNULL):
        yield port


def fetch(url: str) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), dict(answer.headers)


def unsubscribe_script(newsroom: BenchmarkNewsroom, script: Path) -> None:
    """A request for each subscriber, in turn."""
    opened = open_newsroom(newsroom.config)
    database = opened.open_store()
    with database.read() as connection:
        ids = connection.execute(sa.select(subscribers.c.id)).scalars().all()
    database.close()
    key = opened.secret()
    paths = script.with_suffix(".paths")
    paths.write_text("".join(f"/u/{sign(key, Claim(Purpose.UNSUBSCRIBE, one, NEWSLETTER))}\n" for one in ids))
    script.write_text(f"""
local paths = {{}}
for line in io.lines("{paths}") do paths[#paths + 1] = line end
local next = 0
request = function()
  next = next % #paths + 1
  return wrk.format("POST", paths[next], {{["Content-Type"] = "application/x-www-form-urlencoded"}},
    "List-Unsubscribe=One-Click")
end
{WRK}""")


def memory(process: subprocess.Popen[str]) -> float:
    """Megabytes of a process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    assert found
    return int(found.group(1)) / 1024


def measure_requests(newsroom: BenchmarkNewsroom, folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    port, plain, leaving = free_port(), folder / "wrk.lua", folder / "leave.lua"
    newsroom.store.restore()
    configure(newsroom, Way(port=1, connections=1), port)
    plain.write_text(WRK)
    result: dict[str, Any] = {}
    with pages(newsroom, port) as process:
        base = f"http://127.0.0.1:{port}"
        feed, headers = fetch(base + FEED)
        archive = fetch(f"{base}/archive")[0].decode()
        page = re.findall(rf'href="(/archive/{NEWSLETTER}/[^"]+)"', archive) or ["/archive"]
        unsubscribe_script(newsroom, leaving)
        with nginx(folder, feed) as other:
            beside = f"http://127.0.0.1:{other}"
            tag = fetch(beside + FEED)[1]["ETag"]
            kinds: dict[str, tuple[str, Path, tuple[str, ...]]] = {
                "nginx feed 304": (beside + FEED, plain, (f"If-None-Match: {tag}",)),
                "feed 304": (base + FEED, plain, (f"If-None-Match: {headers['ETag']}",)),
                "nginx feed 200": (beside + FEED, plain, ()),
                "feed 200": (base + FEED, plain, ()),
                "archive page": (base + page[0], plain, ()),
                "home": (f"{base}/", plain, ()),
                "unsubscribe": (base, leaving, ()),
            }
            loads: dict[str, list[Load]] = {name: [] for name in kinds}
            for _ in range(rounds):
                for name, (url, script, more) in kinds.items():
                    loads[name].append(wrk(url, seconds, script, *more))
        result |= report(loads)
        before = memory(process)
        asked = 0.0
        while asked < 100_000:
            asked += wrk(base + FEED, seconds, plain).rate * seconds
            asked += wrk(base + page[0], seconds, plain).rate * seconds
        result["memory"] = {"before": before, "after": memory(process), "requests": asked}
        print(
            f"memory: {before:.0f} MB, after {asked:,.0f} more requests {result['memory']['after']:.0f} MB", flush=True
        )
    return result


def report(loads: dict[str, list[Load]]) -> dict[str, Any]:
    """Print the median of each kind of request beside nginx's, and return it."""
    result: dict[str, Any] = {}
    for name, seen in loads.items():
        load = Load(*(statistics.median(getattr(one, field) for one in seen) for field in ("rate", "p99", "errors")))
        against = result.get("nginx feed 304" if "304" in name else "nginx feed 200")
        ratio = f", {load.rate / against['rate']:.2f} of nginx's rate" if against and "nginx" not in name else ""
        ratio += f", {load.p99 / max(against['p99'], 0.001):.1f} of its p99" if ratio and against else ""
        print(f"{name}: {load.rate:,.0f}/s, p99 {load.p99:.1f} ms, {load.errors:.0f} errors{ratio}", flush=True)
        result[name] = asdict(load)
    return result


def wait_until_delivered(newsroom: BenchmarkNewsroom) -> None:
    while open_deliveries(newsroom):
        time.sleep(0.5)


async def ask_steadily(port: int, paths: list[str], stop: asyncio.Event) -> int:
    """So many requests a second, over a few connections; returns how many were answered."""
    answered = 0
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(10)]

    async def one(number: int) -> None:
        nonlocal answered
        reader, writer = streams[number]
        turn, loop = 0, asyncio.get_running_loop()
        begun = loop.time()
        while not stop.is_set():
            writer.write(f"GET {paths[turn % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length.group(1)) if length else 0)
            answered, turn = answered + 1, turn + 1
            await asyncio.sleep(max(0.0, begun + turn * len(streams) / BESIDE - loop.time()))

    await asyncio.gather(*(one(number) for number in range(len(streams))))
    for _, writer in streams:
        writer.close()
    return answered


def deliver(newsroom: BenchmarkNewsroom, way: Way, *, asked: bool, own_process: bool) -> tuple[float, float]:
    """Emails a second while `serve` delivers, and requests a second beside it."""
    port = free_port()
    newsroom.store.restore()
    configure(newsroom, way, port, own_process=own_process)
    command = [sys.executable, "-m", "distributor", "-c", str(newsroom.config), "serve"]
    log = newsroom.folder / "serve.log"

    async def watch() -> float:
        stop = asyncio.Event()
        asking = asyncio.create_task(ask_steadily(port, [FEED, "/archive", "/"], stop)) if asked else None
        begun = time.monotonic()
        await asyncio.to_thread(wait_until_delivered, newsroom)
        stop.set()
        return (await asking) / (time.monotonic() - begun) if asking else 0.0

    started = datetime.now(ZONE)
    with log.open("w") as out, running(command, port, stdout=out, stderr=out, cwd=newsroom.folder) as process:
        requests = asyncio.run(watch())
        process.send_signal(signal.SIGTERM)
        process.wait(120)
    return look(newsroom, started, 0.0, log.read_text()).rate, requests


def measure_delivery(newsroom: BenchmarkNewsroom, rounds: int, *, own: bool) -> dict[str, Any]:
    ratios = []
    with sink() as port:
        for number in range(rounds):
            way = Way(port, 20)
            alone, _ = deliver(newsroom, way, asked=False, own_process=own)
            beside, requests = deliver(newsroom, way, asked=True, own_process=own)
            ratios.append(beside / alone)
            print(
                f"round {number + 1}: {alone:,.0f} emails/s alone, {beside:,.0f}/s beside {requests:,.0f} requests/s",
                flush=True,
            )
    print(f"delivery beside requests / alone: {statistics.median(ratios):.2f}")
    return {"ratios": ratios}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--own-process", action="store_true", help="the pages in a process of their own, under serve")
    parser.add_argument("--only", choices=["requests", "delivery"])
    options = parser.parse_args()
    for name in ("nginx", "wrk", "smtp-sink"):
        if program(name) is None:
            raise SystemExit(f"error: {name} is needed; on Debian: apt-get install nginx wrk postfix")
    where = CHECKOUT / "var"
    where.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-web-", dir=where) as made:
        folder = Path(made)
        newsroom = BenchmarkNewsroom.prepare(folder / "newsroom", SqliteStore(folder / "store.db"), options.count)
        result: dict[str, Any] = {}
        if options.only != "delivery":
            result |= measure_requests(newsroom, folder, options.seconds, options.rounds)
        if options.only != "requests":
            result["delivery"] = measure_delivery(newsroom, options.rounds, own=options.own_process)
    (where / "bench-web.json").write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
