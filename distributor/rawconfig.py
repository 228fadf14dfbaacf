"""config.yaml as plain data: YAML read with the line of every key, and filled from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]

_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Raw:
    """config.yaml as plain data, and the line of every key."""

    file: Path
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]
    problems: tuple[Problem, ...] = ()

    @property
    def folder(self) -> Path:
        return self.file.parent

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A problem at a key path, with the line of that key or of the nearest one above it."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        return Problem(".".join(map(str, path)), message, str(self.file.name), line)


def read(file: Path, environment: Mapping[str, str] | None = None) -> Raw:
    """The file as data. Raises ConfigError where it cannot be read or is not YAML."""
    environment = os.environ if environment is None else environment
    try:
        text = file.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        hint = "; run `distributor init` to make one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}{hint}", str(file))]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem("", f"is not UTF-8 text (byte {error.start})", str(file))]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise ConfigError([Problem("", f"is not YAML: {error.problem or error.context}", str(file), line)]) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem("", f"is not YAML: {str(error).splitlines()[0]}", str(file))]) from None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError([Problem("", "must be a list of `key: value` lines, beginning with `site:`", str(file))])
    reader = _Reader(file, environment)
    data = reader.mapping(root, ())
    return Raw(file, data, reader.lines, tuple(reader.problems))


class _Reader:
    """Turns YAML nodes into data, filling variables and remembering where each key stands."""

    def __init__(self, file: Path, environment: Mapping[str, str]) -> None:
        self.file = file
        self.environment = environment
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self.constructor = yaml.SafeLoader("")

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            here = (*path, key)
            line = key_node.start_mark.line + 1
            if key in data:
                self.problem(here, f"stands twice, first in line {self.lines[here]}", line)
                continue
            self.lines[here] = line
            data[key] = self.value(value_node, here)
        return data

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self.lines[(*path, index)] = item.start_mark.line + 1
                items.append(self.value(item, (*path, index)))
            return items
        assert isinstance(node, yaml.ScalarNode)
        if "$" in node.value:
            node = self.filled(node, path)
        try:
            value = self.constructor.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError):
            self.problem(path, "cannot be read as a value; put it in quotes", node.start_mark.line + 1)
            return None
        # YAML reads 2026-11-23 as a date and 07:00 as a number of seconds; here everything else is text.
        return (
            value if value is None or (isinstance(value, bool | int | float) and ":" not in node.value) else node.value
        )

    def filled(self, node: yaml.ScalarNode, path: KeyPath) -> yaml.ScalarNode:
        missing: list[str] = []

        def fill(match: re.Match[str]) -> str:
            name, default = match.group(1), match.group(2)
            if name is None:
                return "$"
            found = self.environment.get(name) or default
            if found is None:
                missing.append(name)
            return found or ""

        text = _VARIABLE.sub(fill, node.value)
        for name in missing:
            self.problem(
                path,
                f"the environment variable {name} is not set; set it, or write ${{{name}:-default}}",
                node.start_mark.line + 1,
            )
        tag = node.tag
        if node.style is None and text:  # unquoted: `${PORT}` may be a number
            resolver = yaml.SafeLoader("")
            tag = resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        elif not text:
            tag = "tag:yaml.org,2002:null"
        return yaml.ScalarNode(tag, text, node.start_mark, node.end_mark, node.style)

    def problem(self, path: KeyPath, message: str, line: int) -> None:
        self.problems.append(Problem(".".join(map(str, path)), message, self.file.name, line))
