"""Validation of config.yaml: every problem at once, with key path and line. Messages never repeat a value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from ..editorial import BLOCK_PLACES
from ..errors import Problem
from ..i18n import find_wording_faults
from .schema import Newsletter, Settings
from .types import explain_non_text
from .yaml import KeyPath, RawConfig


def validate(raw: RawConfig) -> tuple[Settings | None, list[Problem]]:
    """The settings, or None and every problem in them. The plugin registry validates sources and channels."""
    try:
        settings = Settings.model_validate(raw.data, context={"folder": raw.folder})
    except ValidationError as error:
        return None, list_problems(error, raw, (), Settings)
    named = {key: newsletter.model_copy(update={"id": key}) for key, newsletter in settings.newsletters.items()}
    settings = settings.model_copy(update={"newsletters": named})
    return settings, [*_unknown_references(settings, raw), *_bad_blocks(settings, raw)]


def _unknown_references(settings: Settings, raw: RawConfig) -> Iterable[Problem]:
    """A problem for each name of a source, a channel or a text that does not exist."""
    for language, texts in settings.wording.items():
        for key, text in texts.items():
            if fault := find_wording_faults(language, key, text):
                yield raw.problem(("wording", language.value, key), fault)
    for index, name in enumerate(settings.alerts.channels):
        if name not in settings.channels:
            hint = suggestion(name, settings.channels)
            yield raw.problem(("alerts", "channels", index), f"there is no channel {name!r}{hint}")
    for key, newsletter in settings.newsletters.items():
        if "id" in raw.data["newsletters"][key]:
            yield raw.problem(("newsletters", key, "id"), "is not a known key: the key above it is the newsletter's id")
        for path, names in _references(newsletter):
            field = path[-1]
            known: Iterable[str] = settings.sources if field == "sources" else settings.channels
            if len(path) > 1 and field == "channels":
                known = newsletter.channels  # an alert or a draft goes where the newsletter goes
            for index, name in enumerate(names):
                if name not in known:
                    where = f"newsletter {key} has no" if known is newsletter.channels else "there is no"
                    yield raw.problem(
                        ("newsletters", key, *path, index),
                        f"{where} {field.removesuffix('s')} {name!r}{suggestion(name, known)}",
                    )


def _bad_blocks(settings: Settings, raw: RawConfig) -> Iterable[Problem]:
    """A problem for each block that says nothing, or stands after a place that there is not."""
    for key, newsletter in settings.newsletters.items():
        known = [*BLOCK_PLACES, *newsletter.sections]
        for number, block in enumerate(newsletter.blocks):
            path = ("newsletters", key, "blocks", number)
            if not block.markdown:
                yield raw.problem(path, "has no text; write `text` or `file`")
            if block.after.casefold() not in [name.casefold() for name in known]:
                yield raw.problem(
                    (*path, "after"),
                    f"there is no place {block.after[:60]!r}; there are: {', '.join(known)} "
                    "(the topics of `sections` are places too)",
                )


def _references(newsletter: Newsletter) -> Iterable[tuple[tuple[str, ...], Sequence[str]]]:
    """The keys of a newsletter that name sources or channels, with the names."""
    yield ("sources",), newsletter.sources
    yield ("channels",), newsletter.channels
    if newsletter.alerts:
        yield ("alerts", "sources"), newsletter.alerts.sources
        yield ("alerts", "channels"), newsletter.alerts.channels
    if newsletter.review:
        yield ("review", "channels"), newsletter.review.channels


def list_problems(error: ValidationError, raw: RawConfig, prefix: KeyPath, model: type[Any]) -> list[Problem]:
    """The problems of a validation error. They never contain a value, which may be secret."""
    problems = []
    for fault in error.errors(include_url=False):
        path = (*prefix, *(part for part in fault["loc"] if part != "[key]"))
        problems.append(raw.problem(path, _explain(fault, model)))
    return problems


_WORDS = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "write a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "write a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "write true or false"),
}


def _explain(fault: Any, model: type[Any]) -> str:
    match fault["type"]:
        case "missing" | "missing_argument":
            return "is missing, and there is no default"
        case "extra_forbidden" | "unexpected_keyword_argument":
            known = _keys_at(model, fault["loc"][:-1])
            return f"is not a known key{suggestion(str(fault['loc'][-1]), known)}"
        case "value_error":
            return str(fault["ctx"]["error"])
        case "string_pattern_mismatch" if fault["loc"][-1] == "[key]":
            return "a name has lowercase letters, digits and hyphens, at most 40"
        case "string_pattern_mismatch":
            return 'write a color as # and six hexadecimal digits, in quotes: "#9b1c1c"'
        case "string_type":
            return explain_non_text(fault["input"])
        case "literal_error" | "enum":
            return f"write {fault['ctx']['expected'].replace(chr(39), '')}"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "tuple_type":
            return "write a list: [one, two]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "must have `key: value` lines of its own"
        case kind if kind in _WORDS:
            return _WORDS[kind]
        case "greater_than_equal":
            return f"write {fault['ctx']['ge']} or more"
        case "less_than_equal":
            return f"write {fault['ctx']['le']} or less"
    message: str = fault["msg"]
    return message[0].lower() + message[1:]


def _keys_at(model: Any, path: Sequence[str | int]) -> list[str]:
    """The keys that a section allows, following a key path into pydantic models and dataclasses."""
    for part in path:
        if get_origin(model) in (dict, tuple):  # a name, or a place in a list
            model = get_args(model)[1 if get_origin(model) is dict else 0]
        else:
            model = _fields(model).get(str(part))
    return [name for name in _fields(model) if name not in ("id", "name")]


def _fields(model: Any) -> dict[str, Any]:
    """The fields of a model or dataclass with their types, without what is annotated to them."""
    if hasattr(model, "model_fields"):
        return {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    if not hasattr(model, "__dataclass_fields__"):
        return {}
    hints = get_type_hints(model)
    return {field.name: hints[field.name] for field in fields(model) if field.init}


def suggestion(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'channels'?`, or the list of all names if none is similar."""
    options = sorted(known)
    near = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are: {', '.join(options)}" if options else ""


@lru_cache(maxsize=64)
def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def build(cls: type[Any], settings: Mapping[str, Any], raw: RawConfig, prefix: KeyPath) -> tuple[Any, list[Problem]]:
    """A channel or source from its settings, or None and the problems with them."""
    try:
        adapter = _adapter(cls)  # type: ignore[arg-type]  # mypy takes no class for hashable
        return adapter.validate_python(dict(settings), context={"folder": raw.folder}), []
    except ValidationError as error:
        return None, list_problems(error, raw, prefix, cls)
