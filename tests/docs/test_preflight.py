"""The gate: a clean letter passes it clean, and each fault is found, by its name, alone."""

from __future__ import annotations

import re
from pathlib import Path

from distributor.preflight.findings import CHECKS

# -- the page on it ----------------------------------------------------------------------------------------------------


def test_the_documentation_lists_every_check_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (block|warn) \| (.+?) \|$", page, re.MULTILINE)
    escaped = {name: check.sentence.replace("|", "\\|") for name, check in CHECKS.items()}
    assert rows == [(name, check.severity.value, escaped[name]) for name, check in CHECKS.items()]
