"""docs/decisions.md keeps its form: numbered, dated, grouped by room, each with its context, decision and price."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "decisions.md").read_text(encoding="utf-8")
FLOW = (CHECKOUT / "docs" / "flow.md").read_text(encoding="utf-8")
DECISIONS = {int(n): body for n, body in re.findall(r"^### (\d+)\. (.+?)(?=^###? |\Z)", PAGE, re.MULTILINE | re.DOTALL)}
FORM = re.compile(
    r"(?P<title>[^\n]*[^\n.])\n\n(?P<date>\d{4}-\d\d-\d\d)\n\n"
    r"\*\*Context\.\*\* .+?\n\n\*\*Decision\.\*\* .+?\n\n\*\*Price\.\*\* .+?\n*",
    re.DOTALL,
)


def rooms() -> list[str]:
    """The rooms of docs/flow.md, from the bottom to the top."""
    table = FLOW.split("\n## Rooms\n")[1].split("\n## ")[0]
    return [name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)]


def test_numbers_have_no_gap_and_are_given_once() -> None:
    written = re.findall(r"^### (\d+)", PAGE, re.MULTILINE)
    assert sorted(map(int, written)) == list(range(1, len(written) + 1))
    assert len(DECISIONS) == len(written)


@pytest.mark.parametrize("number", sorted(DECISIONS))
def test_each_has_a_date_and_three_parts(number: int) -> None:
    form = FORM.fullmatch(DECISIONS[number])
    assert form, f"{number} needs a title without a full stop, a date, and Context, Decision and Price"
    date.fromisoformat(form["date"])
    for other in re.findall(r"(?<![A-Z] )\bnumber (\d+)", DECISIONS[number]):
        assert int(other) in DECISIONS


def test_later_numbers_have_later_dates() -> None:
    dates = [DECISIONS[number].split("\n\n")[1] for number in sorted(DECISIONS)]
    assert dates == sorted(dates)


def test_groups_follow_the_order_of_rooms() -> None:
    heads = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    named = [name for head in heads for name in re.findall(r"`(.+?)`", head)]
    order = rooms()
    assert named and set(named) <= set(order)
    assert named == sorted(named, key=order.index)


def test_modules_and_files_that_are_named_are_there() -> None:
    folders = {name.rstrip("/") for name in rooms() if name.endswith("/")}
    for named in re.findall(r"`([a-z_./-]+/[a-z_./-]+)`", PAGE):
        if named.split("/")[0] in folders:
            module = CHECKOUT / "distributor" / named
            assert module.with_suffix(".py").is_file() or module.is_dir(), named
        elif named.startswith(("tests/", "benchmarks/", "docs/", ".ci/")):
            assert (CHECKOUT / named).exists(), named
