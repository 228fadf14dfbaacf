"""What `distributor init` has filled in and nobody has replaced: names, addresses, the articles of the example. Pure.

Nobody should get mail from `tin@example.com` on behalf of «Tên tòa soạn». Domains are those that RFC 2606, section 3,
reserves for examples; a test holds the words beside the files that `init` lays down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..config.yaml import KeyPath, RawConfig
from ..errors import Problem
from ..model import Article
from ..text import clean_line
from .findings import Finding, finding

# `bacson.example` is no placeholder: the sample newsroom lives there, and `.example` is what documentation is written with.
_EXAMPLE = re.compile(r"(?:^|[@/.<\s])(example\.(?:com|net|org))(?=$|[/:>?#,;\s])", re.IGNORECASE)
_WORDS = ("tên tòa soạn", "địa chỉ tòa soạn")
_UNFINISHED = re.compile(
    r"todo|tbd|fixme|xxx+|change\s?me|lorem ipsum.*|your (?:name|address|newsroom|company).*", re.I
)
_SAMPLE_ARTICLES = {
    "bản tin đầu tiên của tòa soạn": "đây là bài viết mẫu",
    "cách thêm bạn đọc và gửi thử": "thêm một địa chỉ bằng lệnh subscribers add",
}
_SECTIONS = ("site", "pictures", "sources", "newsletters", "channels")
_SECRET = re.compile(r"password|token|secret|key", re.IGNORECASE)  # keys whose values are told to nobody


def find_placeholders(raw: RawConfig) -> tuple[tuple[KeyPath, Problem], ...]:
    """The keys of config.yaml that still hold a placeholder, each with what is wrong and its line."""
    found = []
    for path, value in _leaves(raw.data, ()):
        if path[0] in _SECTIONS and not _SECRET.search(str(path[-1])) and (what := _placeholder(value)):
            told = f"still holds the placeholder {what!r}; write your own, or take the key out"
            found.append((path, raw.problem(path, told)))
    return tuple(found)


def placeholder_findings(
    found: Iterable[tuple[KeyPath, Problem]], *, newsletter: str, sources: Iterable[str], channels: Mapping[str, bool]
) -> list[Finding]:
    """What stands in the way of an edition of a newsletter, from these sources, on these channels (whether they reach
    people, by name): placeholders of the site, and of what the edition is made with."""
    used = {"newsletters": {newsletter}, "sources": set(sources), "channels": set(channels)}
    told = []
    for path, problem in found:
        if path[0] in used and (len(path) < 2 or path[1] not in used[str(path[0])]):
            continue
        beside = path[0] == "channels" and not channels.get(str(path[1]), True)
        check = "placeholder-beside" if beside else "placeholder"
        told.append(replace(finding(check, problem.message), key=describe_location(problem)))
    return told


def find_sample_articles(carried: Sequence[Article]) -> list[Finding]:
    """The articles of the example among those of an edition."""
    return [
        finding(
            "sample-article", "is an example of `distributor init`; withdraw it, and delete its file", f"«{one.title}»"
        )
        for one in carried
        if (lead := _SAMPLE_ARTICLES.get(clean_line(one.title).casefold()))
        and clean_line(one.lead).casefold().startswith(lead)
    ]


def describe_location(problem: Problem) -> str:
    """Where a key stands, as it is told."""
    line = f":{problem.line}" if problem.line else ""
    return f"{problem.path}, {problem.file}{line}"


def _placeholder(value: str) -> str:
    """The placeholder that a value holds; empty where it holds none."""
    line = clean_line(value)
    if match := _EXAMPLE.search(line):
        return match.group(1)
    if _UNFINISHED.fullmatch(line):
        return line[:40]
    folded = line.casefold()
    return next((words.capitalize() for words in _WORDS if words in folded), "")


def _leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    elif isinstance(value, str) and path:
        yield path, value
