"""A config.yaml without a problem, and what opening others reports, for the tests of this room."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from distributor.config import validation, yaml
from distributor.config.schema import Settings
from distributor.errors import ConfigError
from distributor.newsroom import open_newsroom

GOOD = """\
site:
  title: Báo Bắc Sơn
  url: https://bacson.example
sources:
  bai-viet: {type: folder, folder: articles}
newsletters:
  tin-sang:
    title: Tin sáng
    schedule: 0 7 * * mon-fri
    channels: [mail]
channels:
  mail: {type: email, sender: tin@bacson.example}
"""


def problems(folder: Path, text: str | bytes, environment: Mapping[str, str] | None = None) -> list[str]:
    """What opening a newsroom with this config.yaml reports."""
    file = folder / "config.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        open_newsroom(file)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def settings(folder: Path, text: str, environment: Mapping[str, str]) -> Settings:
    """What a good config.yaml is read as."""
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    raw = yaml.read(file, environment)
    assert raw.problems == ()
    made, faults = validation.validate(raw)
    assert faults == []
    assert made is not None
    return made
