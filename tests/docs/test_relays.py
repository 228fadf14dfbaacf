"""docs/relays.md and docs/outlook.md: every block for config.yaml is one that the program takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from distributor.mail import dkim_keys
from distributor.newsroom import open_newsroom
from support.newsroom import CONFIG

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = [
    (page, text)
    for page in ("relays", "outlook")
    for text in re.findall(r"^```yaml\n(.*?)^```$", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.M | re.S)
]


@pytest.mark.parametrize(("page", "text"), BLOCKS, ids=[f"{page}-{at}" for at, (page, _) in enumerate(BLOCKS)])
def test_the_block_can_be_pasted(page: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, "geheim-geheim")
    if "dkim:" in text:
        dkim_keys.write(tmp_path / "dkim-2026a.pem", dkim_keys.make_key())
    whole: dict[str, Any] = yaml.safe_load(CONFIG)
    pasted = yaml.safe_load(text)
    assert pasted["channels"]["mail"].keys() >= {"type", "sender"}
    whole["channels"] |= pasted.pop("channels")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(whole | pasted, allow_unicode=True), encoding="utf-8")
    assert open_newsroom(tmp_path / "config.yaml").channels["mail"].name == "mail"


def test_all_relays_of_the_page_are_there() -> None:
    """So that a change of the form of the page does not end what is tested."""
    assert len(BLOCKS) >= 12
