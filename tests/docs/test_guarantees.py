"""docs/guarantees.md names tests and commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_every_test_and_benchmark_of_the_page_is_there() -> None:
    named = re.findall(r"`((?:tests|benchmarks)/[\w/.]+)`", PAGE)
    assert len(named) > 15
    assert [one for one in named if not (CHECKOUT / one).is_file()] == []


def test_every_promise_says_what_tries_it() -> None:
    table = PAGE.split("\n## The promises\n")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| **")]
    assert len(rows) >= 10
    assert [row for row in rows if not re.search(r"`(?:tests/|make )", row.split(" | ")[-1])] == []


def test_every_target_of_make_is_there() -> None:
    targets = set(re.findall(r"^(\w[\w-]*):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)`", PAGE)) <= targets
