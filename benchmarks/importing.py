"""Taking in a list of subscribers as CSV, a million of them by default, and the same list again.

    python benchmarks/importing.py [--count 1000000]

Beside it stands the least that the same rows can cost: read by the csv module and put into the same tables by the sqlite3
module, unchecked, in one transaction. Writes var/bench-importing.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi")
GIVEN = ("Lan", "Hùng", "Thảo", "Dũng", "Hương", "Ngọc", "Sơn")
HOSTS = ("gmail.com", "yahoo.com.vn", "example.vn", "outlook.com")


def write_list(file: Path, count: int) -> None:
    """Rows in no order, as they come from another system."""
    chance = random.Random(count)
    numbers = list(range(count))
    chance.shuffle(numbers)
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["address", "name", "language", "topics", "frequency", "consent"])
        for number in numbers:
            name = f"{chance.choice(FAMILIES)} {chance.choice(GIVEN)}"
            address = f"{chance.choice('abcdefghijklmnopqrstuvwxyz')}.{number:x}@{chance.choice(HOSTS)}"
            topics, frequency = chance.choice(("", "Kinh tế", "Y tế;Giáo dục")), chance.choice(("", "daily", "weekly"))
            writer.writerow([address, name, chance.choice(("vi", "en", "")), topics, frequency, "form, 2026-01"])


def ours(folder: Path, file: Path) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "distributor",
        "-c",
        str(folder / "config.yaml"),
        "subscribers",
        "import",
        str(file),
    ]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.read().splitlines()
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"error: the import ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
        "said": said[-1],
    }


def least(store: Path, file: Path) -> dict[str, Any]:
    """Into the tables of a store that is empty; it is unusable afterwards."""
    started = time.perf_counter()
    with file.open(encoding="utf-8", newline="") as lines, sqlite3.connect(store) as connection:
        rows = ((f"{k:016x}", row[0], row[1], row[2]) for k, row in enumerate(csv.reader(lines)) if k)
        for id, address, name, language in rows:
            connection.execute(
                "INSERT INTO subscribers (id, address, address_key, name, language, topics, consent, created)"
                " VALUES (?, ?, ?, ?, ?, '[]', '', '2026-11-25T00:00:00.000000+00:00')",
                (id, address, address, name, language),
            )
            connection.execute(
                "INSERT INTO subscriptions (subscriber_id, newsletter, since) VALUES (?, 'tin', '2026-11-25')", (id,)
            )
    connection.close()
    return {"seconds": round(time.perf_counter() - started, 1)}


def newsroom(folder: Path) -> None:
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([sys.executable, "-m", "distributor", "init", str(folder)], **quiet)
    subprocess.run(
        [sys.executable, "-m", "distributor", "-c", str(folder / "config.yaml"), "subscribers", "list"], **quiet
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    count = parser.parse_args().count
    Path("var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="var", prefix="bench-importing-") as name:
        folder = Path(name).absolute()
        file = folder / "list.csv"
        write_list(file, count)
        newsroom(folder / "ours")
        newsroom(folder / "least")
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "first time": lambda: ours(folder / "ours", file),
            "again": lambda: ours(folder / "ours", file),
            "csv and sqlite3 alone": lambda: least(folder / "least" / "var" / "distributor.db", file),
        }
        results: dict[str, Any] = {"rows": count, "megabytes": round(file.stat().st_size / 1e6)}
        print(f"{count:,} rows, {results['megabytes']} MB", flush=True)
        for part, work in parts.items():
            results[part] = work()
            print(f"  {part}: {results[part]}", flush=True)
    Path("var/bench-importing.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
