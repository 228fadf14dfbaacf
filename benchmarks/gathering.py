"""What reading costs: processor time and memory per article, of a feed, an article's page, a file, and a whole look.

    python benchmarks/gathering.py [--rounds 7] [--beside OTHER/.venv/bin/python]

Four kinds of work, each in a process of its own: a plain feed of 50 items; an article's page that is read by the class of
its body, and one whose body is found by its shape (trafilatura); a Markdown file; and `distributor gather` with such a
feed, from start to end, with whatever processes it makes. `--beside` names the interpreter of another version of this
program: the two take turns, round by round, and their ratio is printed. Writes var/bench-gathering.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

URL = "https://bacson.example/"
ITEMS = 50
SENTENCE = (
    "Sáng 23/11, Ủy ban nhân dân tỉnh tổ chức <b>lễ khởi công</b> đường tỉnh 254, dài 38 km, nối năm xã miền núi, "
    'theo <a href="/van-ban/{n}.pdf">quyết định {n}</a> với tổng vốn 412 tỷ đồng.'
)
PARAGRAPHS = 12
COMMAND = "command"


def paragraphs(number: int) -> str:
    return "".join(f"<p>{SENTENCE.format(n=number * 100 + at)}</p>\n" for at in range(PARAGRAPHS))


def feed() -> bytes:
    items = "".join(
        f"<item><title>Khởi công đường tỉnh 254, đoạn {number}</title><link>{URL}tin/{number}</link>"
        f"<guid>{URL}?p={number}</guid>"
        f"<pubDate>Mon, 23 Nov 2026 {number % 24:02}:00:00 +0700</pubDate><category>Kinh tế</category>"
        f"<dc:creator>Minh Hạnh</dc:creator><description>Tuyến đường dài {number} km nối hai huyện.</description>"
        f"<content:encoded><![CDATA[{paragraphs(number)}<p><img src='/anh/{number}.jpg' width='800' height='450'></p>]]>"
        "</content:encoded></item>"
        for number in range(ITEMS)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Báo</title><link>{URL}</link>{items}</channel></rss>'
    ).encode()


def page(kind: str) -> bytes:
    menu = "".join(f"<li><a href='/muc-{number}'>Chuyên mục {number}</a></li>" for number in range(60))
    related = "".join(
        f"<li><a href='/tin-{number}'>Tin liên quan số {number} của tỉnh</a></li>" for number in range(20)
    )
    return (
        f"<!DOCTYPE html><html><head><title>Khởi công đường tỉnh 254 - Báo</title><meta charset='utf-8'>"
        "<meta property='og:title' content='Khởi công đường tỉnh 254'>"
        "<meta property='article:published_time' content='2026-11-23T08:00:00+07:00'></head><body>"
        f"<nav><ul>{menu}</ul></nav><h1>Khởi công đường tỉnh 254</h1><div {kind}>{paragraphs(1)}</div>"
        f"<div><h3>Tin liên quan</h3><ul>{related}</ul></div><footer>Báo điện tử, giấy phép số 1</footer></body></html>"
    ).encode()


def markdown() -> bytes:
    text = "\n\n".join(f"Đoạn {at}: **lễ khởi công** đường [254](/tin/{at}), dài 38 km." for at in range(30))
    return f"---\ntitle: Khởi công đường tỉnh 254\ndate: 2026-11-23 08:00\n---\n\n{text}\n".encode()


def works() -> dict[str, tuple[Callable[[], object], int, int]]:
    """By name: the work, the articles it reads, and how often it is done."""
    from distributor.gathering.listings.listing import ArticleLink
    from distributor.gathering.sources.feed import FeedSource
    from distributor.gathering.sources.folder import FolderSource
    from distributor.gathering.sources.page import PageSource
    from distributor.source import FetchedDocument

    source, portal, folder = (
        FeedSource(name="a", url=URL),
        PageSource(name="b", url=URL),
        FolderSource(name="c", folder=Path("x")),
    )
    link = ArticleLink(f"{URL}tin/1", "Khởi công đường tỉnh 254")
    got = FetchedDocument(url=URL, body=feed())
    by_class = FetchedDocument(url=link.url, body=page("id=noidung"))
    by_shape = FetchedDocument(url=link.url, body=page("class=x1"))
    file = markdown()
    return {
        "feed of 50": (lambda: source.read(got), ITEMS, 8),
        "page, by class": (lambda: portal.article(by_class, link), 1, 100),
        "page, by shape": (lambda: portal.article(by_shape, link), 1, 40),
        "Markdown": (lambda: folder.article("tin.md", file), 1, 200),
    }


def measure(name: str) -> dict[str, float]:
    """Processor time per article in ms, the least of all times, since others use the machine too; and how far the work
    raised the peak of memory, in MB."""
    work, articles, times = works()[name]
    work()  # loads what is loaded late
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = []
    for _ in range(times):
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) * 1000 / articles)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"ms": min(taken), "raised_mb": (after - before) / 1024, "peak_mb": after / 1024}


def look(python: str, folder: Path) -> dict[str, float]:
    """`distributor gather` in a fresh newsroom: processor time of all its processes, and the peak of the largest."""
    distributor = [python, "-m", "distributor"]
    subprocess.run([*distributor, "init", str(folder)], check=True, capture_output=True)
    config = folder / "config.yaml"
    (folder / "feed.xml").write_bytes(feed())
    text = config.read_text(encoding="utf-8")
    begin, end = text.index("sources:\n"), text.index("newsletters:\n")
    sources = "sources:\n  tin:\n    type: feed\n    file: feed.xml\n\n"
    config.write_text(text[:begin] + sources + text[end:], encoding="utf-8")
    begun = time.perf_counter()
    with subprocess.Popen([*distributor, "-c", str(config), "gather"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or not re.search(rf"\b{ITEMS} new", said):
        sys.exit(f"gather ended with {process.returncode}: {said}")
    spent = (used.ru_utime + used.ru_stime) * 1000 / ITEMS
    return {"ms": spent, "peak_mb": used.ru_maxrss / 1024, "wall_ms": (time.perf_counter() - begun) * 1000 / ITEMS}


def once(python: str, name: str) -> dict[str, float]:
    if name == COMMAND:
        with tempfile.TemporaryDirectory() as folder:
            return look(python, Path(folder) / "newsroom")
    done = subprocess.run([python, __file__, "--one", name], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def summed_up(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The least of the times, since others use the machine too; the middle of what the memory was."""
    return {key: (min if key.endswith("ms") else statistics.median)(one[key] for one in rounds) for key in rounds[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", help="interpreter of another version")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    pythons = {"this": sys.executable, **({"other": arguments.beside} if arguments.beside else {})}
    result: dict[str, Any] = {}
    for name in ("feed of 50", "page, by class", "page, by shape", "Markdown", COMMAND):
        rounds: dict[str, list[dict[str, float]]] = {which: [] for which in pythons}
        for number in range(arguments.rounds):
            for which in sorted(pythons, reverse=bool(number % 2)):
                rounds[which].append(once(pythons[which], name))
        found = {which: summed_up(each) for which, each in rounds.items()}
        result[name] = found
        line = f"{name:16} {found['this']['ms']:8.2f} ms an article, peak {found['this']['peak_mb']:6.0f} MB"
        if "other" in found:
            ratio = {key: found["this"][key] / found["other"][key] for key in ("ms", "peak_mb")}
            result[name]["ratio"] = ratio
            line += f"   beside: {found['other']['ms']:8.2f} ms, ratio {ratio['ms']:.2f}; memory {ratio['peak_mb']:.2f}"
        print(line, flush=True)
    out = Path("var/bench-gathering.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
