"""Files entered and calls across files on four ways through the program, counted with `sys.setprofile`.

The ways: one article to one email, one recipient from its promised delivery to the outcome, one setting to its use, one
error. Each is a command of its own newsroom, run as staff run it. What the command's own process does is counted, not the
child processes that read a source. A call counts where the calling function and the called one stand in different files of
the program; the import of a module and the making of a class are no calls. Numbers depend on the code only.

    python benchmarks/crossings.py [FILE.json]
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

CONFIG = """
site: {{title: Bắc Sơn, url: https://bacson.example, contact: toasoan@bacson.example, postal_address: 12 phố Hồ Xuân Hương}}
sources:
  tin: {{type: folder, folder: articles, announce_since: 10}}
channels:
  mail: {{type: email, sender: toasoan@bacson.example, maildir: mail}}
  smtp: {{type: email, sender: toasoan@bacson.example, host: 127.0.0.1, port: {port}, tls: none}}
newsletters:
  sang: {{sources: [tin], channels: [{channel}], title: Tin sáng, schedule: daily at 07:00}}
"""
ARTICLE = """---
title: Khánh thành cầu Bản Lầu
published: 2026-11-20T08:00:00+07:00
---
Sáng 20/11, cầu Bản Lầu được đưa vào sử dụng.
"""
COUNTER = """
import atexit, collections, json, os, sys, threading
FOLDER = os.environ.get("CROSSINGS_FOLDER")
if FOLDER:
    ROOTS = tuple(os.environ["CROSSINGS_ROOTS"].split(os.pathsep))
    counts = collections.Counter()
    known = {}
    def ours(code):
        name = known.get(code)
        if name is None:
            path = code.co_filename
            name = known[code] = path if path.startswith(ROOTS) and code.co_flags & 1 else ""
        return name
    def seen(frame, event, _):
        if event != "call":
            return
        here = ours(frame.f_code)
        if not here:
            return
        counts[("", here)] += 1
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(ROOTS):
            caller = caller.f_back
        there = caller is not None and ours(caller.f_code)
        if there and there != here:
            counts[(there, here)] += 1
    def dump():
        sys.setprofile(None)
        with open(os.path.join(FOLDER, f"{os.getpid()}-{os.urandom(4).hex()}.json"), "w") as file:
            json.dump([[*key, number] for key, number in counts.items()], file)
    atexit.register(dump)
    threading.setprofile(seen)
    sys.setprofile(seen)
"""


class Newsroom:
    """A newsroom of one article and one subscriber in a folder of its own."""

    def __init__(self, folder: Path, channel: str, port: int) -> None:
        self.folder = folder
        (folder / "articles").mkdir(parents=True)
        (folder / "articles" / "cau.md").write_text(ARTICLE, encoding="utf-8")
        (folder / "config.yaml").write_text(CONFIG.format(port=port, channel=channel), encoding="utf-8")
        self.run("migrate")
        self.run("subscribers", "add", "an@bacson.example", "--newsletter", "sang")

    def run(self, *arguments: str, counted: Path | None = None, expect: tuple[int, ...] = (0,)) -> None:
        environment = dict(os.environ)
        if counted:
            import distributor

            package = Path(distributor.__file__).parent
            roots = os.pathsep.join(f"{path}/" for path in (package, package.parent / "channels"))
            (counted / "sitecustomize.py").write_text(COUNTER, encoding="utf-8")
            environment |= {"PYTHONPATH": str(counted), "CROSSINGS_FOLDER": str(counted), "CROSSINGS_ROOTS": roots}
        command = [sys.executable, "-m", "distributor", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode not in expect:
            raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def counted(newsroom: Newsroom, *arguments: str, expect: tuple[int, ...] = (0,)) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        newsroom.run(*arguments, counted=Path(folder), expect=expect)
        calls: Counter[tuple[str, str]] = Counter()
        for path in Path(folder).glob("*.json"):
            for caller, called, number in json.loads(path.read_text()):
                calls[caller, called] += number
    files = {called for _, called in calls}
    across = sum(number for (caller, _), number in calls.items() if caller)
    return {"files": len(files), "calls": sum(n for (c, _), n in calls.items() if not c), "calls across files": across}


def main() -> None:
    results: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        article = Newsroom(root / "article", "mail", 1)
        results["one article to one email"] = counted(article, "send", "sang", "--yes")
        waiting = Newsroom(root / "recipient", "smtp", port)
        waiting.run("send", "sang", "--yes", expect=(1,))
        server = Controller(Sink(), hostname="127.0.0.1", port=port)
        server.start()
        results["one recipient to the outcome"] = counted(waiting, "deliver")
        server.stop()
        results["one setting to its use"] = counted(article, "plan", "sang")
        config = (
            (article.folder / "config.yaml").read_text(encoding="utf-8").replace("title: Tin sáng", "titel: Tin sáng")
        )
        (article.folder / "config.yaml").write_text(config, encoding="utf-8")
        results["one error"] = counted(article, "check", expect=(2,))
    for way, numbers in results.items():
        print(f"{way:<32}" + "  ".join(f"{number:>6} {name}" for name, number in numbers.items()))
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
