"""The check of all templates of a newsroom: each is rendered with sample values in both languages, and followed through
every branch. What is wrong anywhere is found here, and not in an emergency.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from jinja2 import TemplateError, nodes

from ..errors import DistributorError
from ..model import Language
from ..newsroom import Newsroom
from ..rendering.css_inlining import check_inlinable, inline_css
from ..rendering.templates import FRAGMENTS_VARIABLE, TemplateFault, Templates
from .emails import email_samples
from .examples import Examples, examples, join
from .pages import page_samples
from .samples import Sample, SampleKind
from .walk import TemplateWalk

_PLACE = re.compile(r"((?:templates|default)/[^:\n]+?)(?::(\d+))?: (.*)", re.DOTALL)
_NOT_TEMPLATES = (".md", ".png", ".jpg", ".jpeg", ".gif", ".svg")
_ENDINGS = re.compile(r"(\.(html|txt|css|js|j2|jinja2?|htm|text))+$")
_STYLES = re.compile(r"<style>(.*?)</style>", re.DOTALL)  # those that are inlined
_TAGS = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
_EMPTY = "<!DOCTYPE html><html><head><title>–</title></head><body><p>–</p></body></html>"


class RecordingTemplates(Templates):
    """Templates that note what they are asked for, and render nothing."""

    def __init__(self, templates: Templates) -> None:
        self.environment = templates.environment
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    def render(self, name: str, values: Mapping[str, object]) -> str:
        kept = {key: value for key, value in values.items() if key != FRAGMENTS_VARIABLE}
        if (name, kept) not in self.asked:
            self.asked.append((name, kept))
        return _EMPTY


def all_samples(newsroom: Newsroom) -> Iterable[Sample]:
    """Every email, page and post, in both languages."""
    for language in Language:
        yield from email_samples(newsroom.settings, language)
        yield from page_samples(newsroom, language)


Asked = Sequence[tuple[str, Mapping[str, object]]]  # templates that the program renders, each with values


def check_templates(newsroom: Newsroom) -> list[TemplateFault]:
    """What is wrong in any template, each fault once: where, what, and what there is instead."""
    templates, asked = newsroom.templates, what_is_asked(newsroom)
    found = {(one.file, one.line): one for one in follow_templates(templates, asked)}
    for one in (*_unbalanced(templates), *_rendered(templates, asked)):
        found.setdefault((one.file, one.line), one)
    return sorted(found.values(), key=lambda one: (one.file, one.line or 0))


def follow_templates(templates: Templates, asked: Asked) -> list[TemplateFault]:
    """What is wrong in any branch of any template."""
    walk = TemplateWalk(templates)
    by_template = _examples_by_template(asked)
    for name, values in by_template.items():
        walk.follow(name, values)
    walk.follow_macros()
    for name in templates.names():
        if name not in walk.reached:
            walk.follow(name, _everywhere(by_template), lenient=True)
    walk.follow_macros()
    return walk.faults


def what_is_asked(newsroom: Newsroom) -> Asked:
    """The templates that the program renders, each with the values of every sample."""
    asked: list[tuple[str, Mapping[str, object]]] = []
    for sample in all_samples(newsroom):
        recorder = RecordingTemplates(newsroom.templates)
        sample.render(recorder)
        wanted = _names(sample)
        asked += [(name, values) for name, values in recorder.asked if name in wanted or "/parts/" in name]
    return asked


def _names(sample: Sample) -> tuple[str, ...]:
    """The files of a sample: an email is a pair."""
    if sample.kind is SampleKind.EMAIL and not sample.template.endswith(".j2"):
        return f"{sample.template}.html.j2", f"{sample.template}.txt.j2"
    return (sample.template,)


def _examples_by_template(asked: Asked) -> dict[str, dict[str, Examples]]:
    """What each variable of a template may be; where a template is given nothing, what others are given."""
    found: dict[str, dict[str, list[object]]] = {}
    for name, values in asked:
        known = found.setdefault(name, {})
        for variable, value in values.items():
            known.setdefault(variable, []).append(value)
    elsewhere: dict[str, list[object]] = {}
    for known in found.values():
        for key, some in known.items():
            elsewhere.setdefault(key, []).extend(value for value in some if value is not None)
    return {
        name: {
            key: _useful(some if any(one is not None for one in some) else [*elsewhere[key], None])
            for key, some in known.items()
        }
        for name, known in found.items()
    }


def _useful(values: list[object]) -> Examples:
    """Examples of a variable, those that tell most first: what is empty comes last."""
    return examples(sorted(values, key=lambda value: not value))


def _everywhere(by_template: Mapping[str, Mapping[str, Examples]]) -> dict[str, Examples]:
    """What nearly every template is given, for those of which nobody knows what else they are given."""
    counted = Counter(name for values in by_template.values() for name in values)
    return {
        name: join(*(values[name] for values in by_template.values() if name in values))
        for name, number in counted.items()
        if number > len(by_template) / 2
    }


# -- rendering -----------------------------------------------------------------------------------------------------------


def _rendered(templates: Templates, asked: Asked) -> Iterable[TemplateFault]:
    """What fails when the templates are rendered with these values."""
    sheets: set[str] = set()
    for name, values in asked:
        try:
            made = templates.render(name, values)
            if name.startswith("email/") and name.endswith(".html.j2"):
                check_inlinable(made)
                sheet = "".join(_STYLES.findall(made))
                if sheet not in sheets:
                    sheets.add(sheet)
                    inline_css(f"<html><head><style>{sheet}</style></head><body><p>–</p></body></html>")
        except DistributorError as error:
            yield _fault(str(error), name)


def _fault(message: str, name: str) -> TemplateFault:
    match = _PLACE.fullmatch(message)
    if not match:
        return TemplateFault(f"templates/{name}", None, message)
    return TemplateFault(match[1], int(match[2]) if match[2] else None, match[3])


# -- files without effect ------------------------------------------------------------------------------------------------


def files_without_effect(templates: Templates) -> list[str]:
    """A line for each file in the newsroom's own templates/ that overrides nothing and that none of its templates uses,
    where its name is nearly that of one that it could override."""
    own = templates.own_folder
    if own is None:
        return []
    known = templates.built_in_names()
    used = _used_names(templates)
    lines = []
    for file in sorted(path for path in own.rglob("*") if path.is_file()):
        name = file.relative_to(own).as_posix()
        if name in known or name in used or file.name.startswith(".") or file.suffix.lower() in _NOT_TEMPLATES:
            continue
        if near := _near_name(name, known):
            lines.append(f"templates/{name} overrides nothing; did you mean {near}?")
    return lines


def _used_names(templates: Templates) -> set[str]:
    """The templates that the newsroom's own ones name."""
    own, used = templates.own_folder, set()
    for name in templates.names():
        if own and (own / name).is_file():
            with contextlib.suppress(TemplateError, UnicodeDecodeError, OSError):
                used |= {str(const.value) for const in templates.source(name)[0].find_all(nodes.Const)}
    return used


def _near_name(name: str, known: Iterable[str]) -> str:
    """The template whose name is nearly this one: another ending, another folder, a slip; empty if there is none."""
    by_stem: dict[str, list[str]] = {}
    for one in known:
        by_stem.setdefault(_stem(one), []).append(one)
    stems = difflib.get_close_matches(_stem(name), by_stem, n=1, cutoff=0.75)
    if not stems:
        return ""
    return max(by_stem[stems[0]], key=lambda one: difflib.SequenceMatcher(None, name, one).ratio())


def _stem(name: str) -> str:
    return _ENDINGS.sub("", PurePosixPath(name).name.lower()).replace("-", "_")


# -- style sheets --------------------------------------------------------------------------------------------------------


def _unbalanced(templates: Templates) -> Iterable[TemplateFault]:
    """Braces of style sheets that belong to no other: mail programs and browsers drop what follows."""
    for name in templates.names():
        if not name.endswith((".css", ".css.j2")):
            continue
        try:
            text, file = templates.text(name)
        except (TemplateError, UnicodeDecodeError, OSError):
            continue  # told where it is read
        if "{% else" in text or "{% elif" in text:  # each branch may open what stands behind both
            continue
        if unclosed := _unclosed_comment(text):
            yield TemplateFault(file, unclosed, "the comment that begins here does not end: a */ is missing")
            continue
        opened: list[int] = []
        for line, rules in enumerate(_without_tags(text).splitlines(), start=1):
            for sign in rules:
                if sign == "{":
                    opened.append(line)
                elif sign == "}" and opened:
                    opened.pop()
                elif sign == "}":
                    yield TemplateFault(file, line, "a rule ends here that has not begun: there is a } too many")
        if opened:
            yield TemplateFault(file, opened[-1], "the rule that begins here does not end: a } is missing")


def _unclosed_comment(css: str) -> int:
    """The line of a comment that does not end; 0 if there is none."""
    rest = _TAGS.sub(lambda match: " " * len(match[0]), css)
    at = rest.find("/*")
    return css.count("\n", 0, at) + 1 if at >= 0 else 0


def _without_tags(css: str) -> str:
    """A style sheet without tags of templates, comments and texts in quotes, its lines in their places."""
    return _TAGS.sub(lambda match: "\n" * match[0].count("\n"), css)
