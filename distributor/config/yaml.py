"""config.yaml as plain data: YAML read with the line of every key, and filled from the environment."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError, Problem
from ..files import UnsafeFile, open_ordinary

KeyPath = tuple[str | int, ...]

# Far more than any config.yaml needs: what exceeds it is a mistake or an attack.
_MAX_BYTES = 1_000_000
_MAX_VALUES = 50_000  # with every alias written out
_MAX_DEPTH = 50
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_DAY, _LIKE_A_DAY = "tag:yaml.org,2002:timestamp", re.compile(r"[0-9]{4}-")
_HIDDEN = re.compile(r"[ \t]+#[^\s#]")  # a value that is taken for a comment: `accent: #9b1c1c`
_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class RawConfig:
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


def read(file: Path, environment: Mapping[str, str] | None = None) -> RawConfig:
    """The file as data. Raises ConfigError where it cannot be read or is not YAML."""
    try:
        text = _text(file)
    except OSError as error:
        hint = "; run `distributor init` to make one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}{hint}", str(file))]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem("", f"is not UTF-8 text (byte {error.start})", str(file))]) from None
    return parse(text, file, os.environ if environment is None else environment)


def parse(text: str, file: Path, environment: Mapping[str, str]) -> RawConfig:
    """What a file of this text holds, as data. Raises ConfigError where it is not YAML."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        words = f"is not YAML: {error.problem or error.context}{_hint(error)}"
        raise ConfigError([Problem("", words, str(file), line)]) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem("", f"is not YAML: {str(error).splitlines()[0]}", str(file))]) from None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError([Problem("", "must be a list of `key: value` lines, beginning with `site:`", str(file))])
    reader = _NodeReader(file, text, environment)
    try:
        data = reader.mapping(root, ())
    except _TooLargeConfig as error:
        raise ConfigError([Problem("", str(error), str(file), error.line)]) from None
    return RawConfig(file, data, reader.lines, tuple(reader.problems))


# Errors of YAML about a text that begins with one of its special characters, or contains one.
_UNQUOTED = (
    "that cannot start any token",
    "mapping values are not allowed",
    "found undefined alias",
    "expected a comment or a line break",
    "but found '<scalar>'",
    "expected alphabetic or numeric character",
    "could not determine a constructor",
)


def _hint(error: yaml.MarkedYAMLError) -> str:
    said = f"{error.context} {error.problem}"
    return "; if it is text, put it in quotes" if any(words in said for words in _UNQUOTED) else ""


def _text(file: Path) -> str:
    """What the file holds. Raises OSError, UnicodeDecodeError, and ConfigError for no ordinary file, or more than any
    configuration."""
    try:
        with open_ordinary(file) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except UnsafeFile as error:
        raise ConfigError([Problem("", str(error), str(file))]) from None
    if len(content) > _MAX_BYTES:
        limit = f"is larger than {_MAX_BYTES // 1_000_000} MB: that is no configuration; check the path"
        raise ConfigError([Problem("", limit, str(file))])
    return content.decode("utf-8-sig")


class _Loader(yaml.SafeLoader):
    """YAML that is not nested deeper than anything we read."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.MarkedYAMLError(problem=f"it is nested deeper than {_MAX_DEPTH} levels", problem_mark=mark)
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _TooLargeConfig(Exception):
    """A file that expands to far more than a configuration."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _NodeReader:
    """Converts YAML nodes to data, fills in variables, and records the line of each key."""

    def __init__(self, file: Path, text: str, environment: Mapping[str, str]) -> None:
        self.file = file
        self.text = text
        self.environment = environment
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self.constructor = yaml.SafeLoader("")
        self.count = 0

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problem(path, "a key must be a word, not a list or a section", line)
                continue
            key = str(key_node.value)
            if key == "<<":
                self.problem((*path, key), "merge keys are not supported: write the keys out", line)
                continue
            if _CONTROL_CHARACTER.search(key):
                self.problem(path, "a key contains a control character", line)
                continue
            here = (*path, key)
            if key in data:
                self.problem(here, f"is set twice, first in line {self.lines[here]}", line)
                continue
            self.lines[here] = line
            data[key] = self.value(value_node, here)
        return data

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.count += 1
        line = node.start_mark.line + 1
        if (
            self.count > _MAX_VALUES or len(path) > _MAX_DEPTH
        ):  # an alias may hold itself, or stand for thousands of others
            raise _TooLargeConfig(
                f"expands to more than {_MAX_VALUES} values or {_MAX_DEPTH} levels; look at its aliases (*name)", line
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            items = []
            for index, item in enumerate(node.value):
                self.lines[(*path, index)] = item.start_mark.line + 1
                items.append(self.value(item, (*path, index)))
            return items
        assert isinstance(node, yaml.ScalarNode)
        if not node.value and node.style is None and _HIDDEN.match(self.text, node.end_mark.index):
            self.problem(path, "is empty: YAML takes what follows # for a comment; put it in quotes", line)
            return None
        if "$" in node.value:
            node = self.substitute_variables(node, path)
        if node.tag == _DAY and _LIKE_A_DAY.match(node.value):  # whether there is such a day is for the setting to say
            return node.value
        try:
            value = self.constructor.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError):
            # A tag that does not fit its value makes the library raise many kinds of errors.
            self.problem(path, "cannot be read as a value; put it in quotes", line)
            return None
        if _CONTROL_CHARACTER.search(node.value):
            self.problem(path, "contains a control character", line)
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self.problem(path, "is not a finite number; if it is text, put it in quotes", line)
            return None
        # YAML reads 2026-11-23 as a date and 07:00 as a number of seconds; here they stay text.
        return (
            value if value is None or (isinstance(value, bool | int | float) and ":" not in node.value) else node.value
        )

    def substitute_variables(self, node: yaml.ScalarNode, path: KeyPath) -> yaml.ScalarNode:
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
