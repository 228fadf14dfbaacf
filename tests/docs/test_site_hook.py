"""What the site adds to MkDocs: lists that mean what they mean elsewhere, links to files of the checkout."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def hook() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    yield importlib.import_module("site_hook")
    sys.path.remove(str(DOCS))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("- a\n  b\n", "- a\n    b"),
        ("1. a\n\n   b\n\n       code\n2. c\n", "1. a\n\n    b\n\n        code\n\n2. c"),
        ("- a\n  - b\n    - c\n- d\n", "- a\n    - b\n        - c\n- d"),
        ("1. a\n   ```yaml\n   - x\n     y: 1\n   ```\n", "1. a\n    ```yaml\n    - x\n      y: 1\n    ```"),
        ("```\n- a\n  - b\n```\n", "```\n- a\n  - b\n```"),
        ("text\n\n    - code\n", "text\n\n    - code"),
        ("- a\n\nb\n", "- a\n\nb"),
        ("10. a\n\n    b\n", "10. a\n\n    b"),
        ("", ""),
    ],
)
def test_what_belongs_to_an_item_is_indented_by_four(hook: ModuleType, written: str, read: str) -> None:
    assert hook.indent_lists(written) == read


def test_a_line_in_code_in_a_table_needs_no_backslash(hook: ModuleType) -> None:
    row = "| `a\\|b` | c \\| d | `` `x\\|y` `` |"
    assert hook.show_lines(f"{row}\n`a\\|b`") == "| `a|b` | c \\| d | `` `x|y` `` |\n`a\\|b`"


@pytest.mark.parametrize(
    ("page", "link", "target"),
    [
        ("deployment.md", "../CHANGELOG.md", "CHANGELOG.md"),
        ("monitoring.md", "../samples/monitoring/alerts.yaml", "samples/monitoring/alerts.yaml"),
        ("channels/zalo.md", "../../LICENSE", "LICENSE"),
        ("channels/zalo.md", "../moving.md", ""),
        ("moving.md", "../no-such-file", ""),
        ("moving.md", "../../../../../etc/passwd", ""),
    ],
)
def test_a_link_out_of_the_documentation_leads_to_a_file_of_the_checkout_or_stays(
    hook: ModuleType, page: str, link: str, target: str
) -> None:
    assert hook.find_target(page, link) == target
