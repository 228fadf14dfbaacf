"""The example of config.yaml with every setting of every section, channel type and source type (`distributor config`).

Name, default, explanation and example (`Field(examples=[…])`) come from the setting itself. Required lines are active, all
others are commented out. The example loads as it is, and still loads if any line or block is uncommented.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ..config.schema import Settings
from ..errors import UserError
from ..terminal import printable_line
from .info import setting_fields, show_default, type_in_words
from .registry import PluginRegistry, channels, sources

_SETTING = re.compile(r"((?:  |# |- )*)(?:([A-Za-z0-9_-]+):)?")
_COLUMN = 44  # where explanations begin
_HEAD = """\
# Every setting of Distributor. Remove the `# ` in front of a line to use it, or copy what you need into your config.yaml.
# A line that is commented out shows the default, or an example where there is no default.
#
# Values can come from the environment: ${NAME}, or ${NAME:-default}; $$ writes a dollar sign. A secret can be read from
# a file: file:PATH. Paths are relative to the folder of config.yaml. Put a text in quotes where it looks like something
# else to YAML, or begins with a sign such as # or @: "#9b1c1c", "12345678".
"""


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One setting: its explanation, type in words, default, example, and the class of its section if its value is one."""

    name: str
    help: str
    type: str
    required: bool
    default: Any = None
    example: Any = None
    section: Any = None


def write_example() -> str:
    """The whole example, including the types in the newsroom's own folders."""
    lines = [_HEAD.rstrip()]
    for key in list_keys(Settings):
        lines.append("")
        if key.name in ("channels", "sources"):
            registry: PluginRegistry[Any] = channels if key.name == "channels" else sources
            lines += [_line(f"{key.name}:", key.help), *_indent(_plugins(registry))]
        else:
            lines += _block(key, {key.name: key.example} if key.required else {})
    return "\n".join(map(_aligned, lines)) + "\n"


def setting_names(example: str) -> list[str]:
    """The names of all settings and sections in an example."""
    return [name for _, name, _ in _settings(example) if name]


def show_setting(example: str, name: str) -> list[str]:
    """The lines of an example about a setting or section, wherever it stands, each time below the sections that hold it."""
    shown: list[str] = []
    above: list[tuple[int, str]] = []
    inside = -1  # column of the setting whose lines are taken
    for column, key, line in _settings(example):
        if column <= inside:
            inside = -1
        above = [*((other, text) for other, text in above if other < column), (column, line)]
        if inside >= 0:
            shown.append(line)
        elif key == name:
            inside = column
            shown += [*([""] if shown else []), *(text for _, text in above)]
    return shown


def _settings(example: str) -> Iterator[tuple[int, str, str]]:
    """Each line below the introduction: its column were nothing commented out, its key if it has one, and itself."""
    for line in example.partition("\n\n")[2].splitlines():
        found = _SETTING.match(line)
        if found and line:
            yield len(found[1]) - 2 * found[1].count("# "), found[2] or "", line


def _plugins(registry: PluginRegistry[Any]) -> Iterator[str]:
    """Each type under the name in its manual; commented out if it requires a secret."""
    for type_name in registry.names():
        try:
            yield from _plugin(registry, type_name)
        except UserError as error:
            yield f"# {printable_line(str(error))}"
        except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):
            yield f"# {registry.section} type {type_name!r}: the example in its manual is no `name:` with its settings"


def _plugin(registry: PluginRegistry[Any], type_name: str) -> list[str]:
    cls = registry.find(type_name)
    section = f"{registry.section}s"
    info = registry.describe(type_name)
    pasted = yaml.safe_load(info.example) or {section: {type_name: {}}}
    ((name, values),) = pasted[section].items()
    required = {key.name for key in list_keys(cls) if key.required}
    secret = {key for key, value in values.items() if "${" in str(value)}
    shown = values if not secret or secret & required else {key: values[key] for key in required & set(values)}
    lines = [
        _line(f"{name}:", info.summary),
        *_indent([_line(f"type: {type_name}"), *_section(cls, shown)]),
    ]
    return _comment(lines) if secret & required else lines


def _section(cls: type[Any], example: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a section: keys in `example` with that value, the others commented out."""
    for key in list_keys(cls):
        yield from _block(key, example)


def _block(key: ConfigKey, example: Mapping[str, Any]) -> list[str]:
    """The lines of a setting, with those of the sections in it."""
    value = example.get(key.name, key.example)
    if key.section is None or not isinstance(value, Mapping | list | tuple):
        text = in_yaml(value if key.name in example or _is_empty(key.default) else key.default)
        lines = [_line(f"{key.name}: {text}".rstrip(), key.help)]
    elif isinstance(value, Mapping) and _is_named(key):
        ((name, values),) = value.items()
        inner = [_line(f"{name}:"), *_indent(_section(key.section, values))]
        lines = [_line(f"{key.name}:", key.help), *_indent(inner)]
    elif isinstance(value, Mapping):
        lines = [_line(f"{key.name}:", key.help), *_indent(_section(key.section, value))]
    else:
        first, *others = _section(key.section, value[0])
        lines = [_line(f"{key.name}:", key.help), *_indent([f"- {first}", *_indent(others)])]
    return lines if key.name in example else _comment(lines)


def list_keys(cls: Any) -> Iterator[ConfigKey]:
    """The settings of a section or plugin, in the order in which they are declared."""
    hints = get_type_hints(cls, include_extras=True)
    if issubclass(cls, BaseModel):
        for name, info in cls.model_fields.items():
            if info.description:
                yield _key(info.alias or name, hints[name], info, info.description)
        return
    for field in setting_fields(cls):
        notes = getattr(hints[field.name], "__metadata__", ())
        found = FieldInfo.from_annotation(hints[field.name])
        found.default, found.default_factory = _default_of(field)
        yield _key(field.name, hints[field.name], found, " ".join(note for note in notes if isinstance(note, str)))


def _default_of(field: dataclasses.Field[Any]) -> tuple[Any, Any]:
    default = PydanticUndefined if field.default is dataclasses.MISSING else field.default
    return default, None if field.default_factory is dataclasses.MISSING else field.default_factory


def _key(name: str, hint: Any, info: FieldInfo, help: str) -> ConfigKey:
    default = info.get_default(call_default_factory=True) if not info.is_required() else None
    example = info.examples[0] if info.examples else None
    return ConfigKey(
        name, help, type_in_words(hint), info.is_required(), default, example, _section_of(info.annotation)
    )


def _section_of(hint: Any) -> Any:
    """The class of the section in a type: of one section, a list of sections, or sections by name."""
    if get_origin(hint) in (tuple, list, dict, Union, types.UnionType):
        return next((found for part in get_args(hint) if (found := _section_of(part))), None)
    return hint if isinstance(hint, type) and (issubclass(hint, BaseModel) or _has_keys(hint)) else None


def _has_keys(cls: type[Any]) -> bool:
    """Whether a dataclass is a section: each of its fields has an explanation."""
    return dataclasses.is_dataclass(cls) and all(key.help for key in list_keys(cls))


def _is_named(key: ConfigKey) -> bool:
    return key.name in ("newsletters", "attributes")


def _is_empty(default: Any) -> bool:
    return show_default(default) == "empty"


# -- lines -------------------------------------------------------------------------------------------------------------


def _line(code: str, help: str = "") -> str:
    return f"{code}\0{help}" if help else code


def _indent(lines: Sequence[str] | Iterator[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _comment(lines: Sequence[str]) -> list[str]:
    return [f"# {line}" for line in lines]


def in_yaml(value: Any, within: bool = False) -> str:
    """A value in the syntax of YAML; `within` a list or mapping on one line."""
    match value:
        case None:
            return ""
        case str():
            text = str(value)
            quoted = yaml.safe_dump([text], default_flow_style=within, allow_unicode=True, width=1000).strip()
            return text if quoted in (f"- {text}", f"[{text}]") else json.dumps(text, ensure_ascii=False)
        case bool() | int() | float():
            return json.dumps(value)
        case Mapping():
            return "{" + ", ".join(f"{key}: {in_yaml(one, True)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(in_yaml(one, True) for one in value) + "]"
    return show_default(value)


def _aligned(line: str) -> str:
    """A line with its explanation in the common column, or later if the line is long."""
    code, mark, help = line.partition("\0")
    return f"{code.ljust(_COLUMN - 2)}  # {help}" if mark else code
