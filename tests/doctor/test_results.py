"""Faults, their remedies, and the page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

from distributor.doctor.providers import RULES
from distributor.doctor.results import CHECKS, FAULTS, CheckState, fault, is_broken, passed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [*(ROOT / "distributor" / "doctor").glob("*.py"), ROOT / "distributor" / "cli" / "doctor.py"]
    if path.name != "results.py"
)


def test_the_page_has_every_check_and_every_fault_with_its_remedy() -> None:
    for name, looks_at in CHECKS.items():
        assert f"### {name}\n\n{looks_at[0].upper()}{looks_at[1:]}.\n" in PAGE, name
    rows = [f"| `{name}` | {known.state.value} | {known.remedy} |" for name, known in FAULTS.items()]
    assert [row for row in rows if row not in PAGE] == []
    assert len(re.findall(r"^\| `[a-z]+-[a-z-]+` \| (?:broken|warning|unknown) \|", PAGE, re.MULTILINE)) == len(FAULTS)


def test_the_page_has_every_rule_of_providers() -> None:
    assert [one.rule for one in RULES if f"| {one.rule} | {', '.join(one.of)} |" not in PAGE] == []


def test_every_fault_belongs_to_a_check_and_is_found_by_something() -> None:
    assert {known.check for known in FAULTS.values()} <= CHECKS.keys()
    assert [name for name in FAULTS if f'"{name}"' not in CODE] == []
    assert {check for rule in RULES for check in rule.checks} <= CHECKS.keys()
    assert {name for rule in RULES for name in rule.breaks} <= FAULTS.keys()


def test_only_what_is_broken_counts() -> None:
    assert fault("file-open", "x", "y", path="/a b").remedy == "as its owner: chmod go-rw /a b"
    assert not is_broken([passed("dkim", "x", "y"), fault("spf-weak", "x", "y"), fault("dkim-none", "x", "y")])
    assert is_broken([fault("spf-missing", "bacson.example", "has no SPF record", domain="bacson.example")])
    assert {known.state for known in FAULTS.values()} == set(CheckState) - {CheckState.PASSED}
