"""The manual of a channel or source: summary, text, example to paste, settings.

The text is the docstring of its module, the example the indented block in it that begins with `channels:` or `sources:`.
The type, default and explanation of a setting are those of its dataclass field.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from ..config.types import AnnounceSince, Duration, Folder, PublicUrl, Secret, Url, Zone, show_duration


@dataclass(frozen=True, slots=True)
class PluginSetting:
    """One setting of a channel or source, as its file declares it. `default` is None if it is required."""

    name: str
    type: str
    default: str | None
    help: str


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A channel or source as `distributor channels` shows it."""

    type: str
    origin: str
    summary: str
    manual: str
    example: str
    settings: tuple[PluginSetting, ...]


def describe(name: str, cls: type[Any], section: str) -> PluginInfo:
    """The manual of `cls`; `section` is `channels` or `sources`."""
    module = inspect.getmodule(cls)
    doc = inspect.getdoc(module) or inspect.getdoc(cls) or ""
    manual, example = _split_example(doc, f"{section}:")
    summary = manual.strip().split("\n\n")[0].replace("\n", " ")
    return PluginInfo(name, str(Path(inspect.getfile(cls))), summary, manual, example, settings_of(cls))


def settings_of(cls: type[Any]) -> tuple[PluginSetting, ...]:
    """The settings of a channel or source, its own before the common ones."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_setting(field, hints[field.name]) for field in setting_fields(cls))


def setting_fields(cls: type[Any]) -> list[dataclasses.Field[Any]]:
    """The fields of a dataclass that are settings, its own before those of its base."""
    rows = [field for field in dataclasses.fields(cls) if field.init and field.name != "name"]
    own = [field for field in rows if field.name in vars(cls).get("__annotations__", {})]
    return [*own, *(row for row in rows if row not in own)]


def _setting(field: dataclasses.Field[Any], hint: Any) -> PluginSetting:
    words = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, str)]
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
    return PluginSetting(field.name, type_in_words(hint), None if required else show_default(default), " ".join(words))


def show_default(default: Any) -> str:
    if default in (None, (), "", {}):
        return "empty"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, timedelta):
        return show_duration(default)
    if dataclasses.is_dataclass(default) and not isinstance(default, type):
        values = [getattr(default, field.name) for field in dataclasses.fields(default)]
        shown = [text for text in map(show_default, values) if text != "empty"]
        return " or ".join(shown) or "empty"
    return str(default)


_NAMES = (
    (Secret, "secret"),
    (Duration, "duration"),
    (Folder, "path"),
    (Zone, "time zone"),
    (Url, "address"),
    (PublicUrl, "address"),
    (AnnounceSince, "number or age"),
)
_PLAIN = {"str": "text", "int": "number", "float": "number", "bool": "true or false", "Path": "path"}


def type_in_words(hint: Any) -> str:
    """The type of a setting, in words that people use."""
    if get_origin(hint) is not None and hasattr(hint, "__metadata__"):
        for alias, name in _NAMES:
            if set(get_args(alias)[1:]) <= set(hint.__metadata__):
                return name
        return type_in_words(get_args(hint)[0])
    parts = [part for part in get_args(hint) if part is not type(None) and part is not Ellipsis]
    origin = get_origin(hint)
    if origin is None:
        name = getattr(hint, "__name__", str(hint))
        if dataclasses.is_dataclass(hint) or (isinstance(hint, type) and issubclass(hint, BaseModel)):
            return "key: value lines"
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return " | ".join(hint)
        return _PLAIN.get(name, name)
    if origin in (tuple, list):
        return f"list of {type_in_words(parts[0])}"
    if origin is Literal:
        return " | ".join(map(str, parts))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "key: value lines"
    return " or ".join(type_in_words(part) for part in parts)


def _split_example(doc: str, start: str) -> tuple[str, str]:
    """The manual, and the indented block in it that begins with `channels:` or `sources:`."""
    match = re.search(rf"^( +){re.escape(start)}\n(?:\1.*\n|\s*\n)*", doc + "\n", re.MULTILINE)
    if not match:
        return doc, ""
    manual = (doc[: match.start()].rstrip() + "\n\n" + doc[match.end() :].lstrip()).strip()
    return manual, textwrap.dedent(match.group()).strip()
