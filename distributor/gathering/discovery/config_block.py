"""A proposed source as the lines that config.yaml takes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from ...config.yaml import parse
from ...plugins.registry import sources

_LONGEST_NAME = 40
_GENERAL = {"www", "www2", "m", "mobile", "amp", "portal", "cms", "web", "cong", "cong-thong-tin", "congthongtin"}
# Labels below which names are given out (gov.vn, com.vn, co.uk …): not the whole list, but enough for a name to begin with.
_ABOVE = {"com", "net", "org", "gov", "edu", "co", "ac", "info", "name", "pro", "health", "int", "go", "or", "ne"}
_DOLLARS = re.compile(r"\$(?=[${])")


def suggest_source_name(address: str) -> str:
    """A name for a source: what its host or its folder is called. `https://www.bacson.gov.vn/tin` gives `bacson`."""
    host = (urlsplit(address).hostname or "") if "://" in address else ""
    if host and re.fullmatch(r"[\d.:a-f]+", host) is None:
        labels = host.split(".")
        labels = labels[:-1] if len(labels) > 1 else labels
        if len(labels) > 1 and (labels[-1] in _ABOVE):
            labels = labels[:-1]
        telling = [one for one in labels if one not in _GENERAL] or labels
        return _slug(telling[-1])
    return _slug(address.rstrip("/").rpartition("/")[2].partition(".")[0]) if not host else "portal"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[\u0300-\u036f]", "", plain)).strip("-")[:_LONGEST_NAME] or "portal"


def unique_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where it is taken."""
    if name not in taken:
        return name
    return next(made for number in range(2, len(taken) + 3) if (made := f"{name}-{number}") not in taken)


def format_block(named: Mapping[str, Mapping[str, Any]]) -> str:
    """`sources:` with these sources, as YAML that config.yaml reads back as the same; no line of it is folded."""
    written = {name: _escaped(dict(settings)) for name, settings in named.items()}
    return str(yaml.safe_dump({"sources": written}, allow_unicode=True, sort_keys=False, width=10_000))


def find_problems(text: str, file: Path) -> list[str]:
    """What is wrong with such a block beside a config.yaml; nothing where it can be pasted as it is."""
    raw = parse(text, file, {})
    _, problems = sources.build(raw)
    return [f"{problem.path}: {problem.message}" for problem in (*raw.problems, *problems)]


def _escaped(value: Any) -> Any:
    """`$$` for a dollar sign that would begin a variable."""
    if isinstance(value, str):
        return _DOLLARS.sub("$$", value)
    if isinstance(value, Mapping):
        return {key: _escaped(one) for key, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, (list, tuple)) else value
