"""Keys of config.yaml at fault: the key that causes a finding, and placeholders that `distributor init` wrote. Pure.

A line of the HTML helps who writes templates. Most staff write config.yaml only, and the cause is more often there: the
sender, the address of the site, a color, the logo, a title. And nobody should get an email from `tin@example.com` on behalf
of «Tên tòa soạn»: placeholder domains are those that RFC 2606, section 3, reserves for examples; a test compares the words
with the files that `init` writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..config.yaml import KeyPath, RawConfig
from ..errors import Problem
from ..model import Article
from ..text import clean_line
from .findings import Finding, finding

_THEME = ("accent", "page_background", "background", "heading", "text", "muted")
_TEXT_KEYS = frozenset({"title", "description", "postal_address", "contact", "footer", "sender", "sections"})
_SECRET_KEYS = frozenset({"password", "token", "secret", "token_command"})
_MIN_PREFIX = 2  # characters of an address that a key may begin with
# `bacson.example` is no placeholder: the sample newsroom lives there, and `.example` is what documentation is written with.
_EXAMPLE = re.compile(r"(?:^|[@/.<\s])(example\.(?:com|net|org))(?=$|[/:>?#,;\s])", re.IGNORECASE)
_WORDS = ("tên tòa soạn", "địa chỉ tòa soạn")
_UNFINISHED = re.compile(
    r"todo|tbd|fixme|xxx+|change\s?me|lorem ipsum.*|your (?:name|address|newsroom|company).*", re.I
)
_SAMPLE_ARTICLES = {
    "bản tin đầu tiên của tòa soạn": "đây là bài viết mẫu",
    "cách thêm người nhận và gửi thử": "thêm một địa chỉ bằng lệnh subscribers add",
}
_SECTIONS = ("site", "web", "images", "sources", "newsletters", "channels")
_SECRET = re.compile(r"password|token|secret|key", re.IGNORECASE)  # keys whose values are never shown


@dataclass(frozen=True, slots=True)
class ConfigKeys:
    """The keys of config.yaml with their values and lines, for one newsletter and the channel that carries its emails.

    `values` are texts by key path, without secrets; `file` is the name of the file.
    """

    file: str
    values: Mapping[KeyPath, str]
    lines: Mapping[KeyPath, int]
    newsletter: str = ""
    channel: str = ""

    @classmethod
    def of(cls, raw: RawConfig) -> ConfigKeys:
        values = {
            path: value
            for path, value in _list_texts(raw.data)
            if path[0] in _SECTIONS and not _SECRET_KEYS.intersection(map(str, path))
        }
        return cls(raw.file.name, values, raw.lines)

    def named(self, path: KeyPath) -> str:
        """A key as staff find it: its path and line, or that it is not set."""
        if path in self.lines:
            return f"{'.'.join(map(str, path))}, {self.file}:{self.lines[path]}"
        return f"{'.'.join(map(str, path))}, {self.file} (not set)"

    def set(self, *paths: KeyPath) -> KeyPath:
        """The first of these keys that is set; the first of them where none is."""
        return next((path for path in paths if path in self.lines), paths[0])


def add_config_keys(findings: Iterable[Finding], keys: ConfigKeys) -> list[Finding]:
    """The findings, each with the key that is its cause, where one is."""
    return [
        one if one.key or not (path := find_config_key(one, keys)) else replace(one, key=keys.named(path))
        for one in findings
    ]


def find_config_key(one: Finding, keys: ConfigKeys) -> KeyPath | None:
    """The key that is the cause of a finding; None where it is an article or a template."""
    return _by_check(one, keys) or _by_value(one, keys)


def _by_check(one: Finding, keys: ConfigKeys) -> KeyPath | None:
    newsletter, channel = ("newsletters", keys.newsletter), ("channels", keys.channel)
    ours = ("web", "url") if any(path[:1] == ("web",) for path in keys.lines) else ("site", "url")
    match one.check, one.where:
        case "own-host", _:
            return ("web", "url")
        case "list-unsubscribe", _:
            return ours
        case "image-http", _ if _is_prepared_image(one, keys.values.get(ours, "")):
            return ours
        case "missing-header", "List-Unsubscribe" | "List-Unsubscribe-Post":
            return ours
        case (("missing-header" | "sender"), "From"):
            return (*channel, "sender")
        case "message-id", _:
            return (*channel, "sender")
        case (("missing-header" | "list-id"), ("List-Id")):
            return keys.set((*channel, "list_domain"), (*channel, "sender"))
        case "unsubscribe-mailto", _:
            return (*channel, "reply_to")
        case (("size" | "size-encoded" | "unsubscribe-clipped"), _):
            return (*newsletter, "max_articles")
        case (("subject-empty" | "subject-capitals" | "subject-exclamation"), _):
            title = keys.values.get((*newsletter, "title"), "")
            faulty = not title or title.isupper() or any(sign in title for sign in "!！")
            return (*newsletter, "title") if faulty else None
        case "page-language", _:
            return keys.set((*newsletter, "language"), ("site", "language"))
    return None


def _is_prepared_image(one: Finding, our_url: str) -> bool:
    """Whether the image is one that the web service shows, at an address made from ours."""
    return bool(our_url) and any(value.startswith(f"{our_url.rstrip('/')}/images/") for value in one.about)


def _by_value(one: Finding, keys: ConfigKeys) -> KeyPath | None:
    """The key that holds the value at fault."""
    if one.check in ("contrast", "contrast-dark", "invisible-text"):
        return _theme_color_key(one.about, keys)
    logos = {keys.values.get(("site", "theme", name)) for name in ("logo", "logo_dark")}
    if one.check == "image-size" and logos & set(one.about):
        return ("site", "theme", "logo_width")
    for value in one.about:
        for path, text in keys.values.items():
            if _concerns(path, keys) and _holds(path, text, value):
                return path
    return None


def _theme_color_key(about: tuple[str, ...], keys: ConfigKeys) -> KeyPath | None:
    """The color of the theme that staff have set; the accent first, which nothing else has checked."""
    chosen = [("site", "theme", name) for name in _THEME]
    return next((path for path in chosen if keys.values.get(path, "").lower() in about), None)


def _concerns(path: KeyPath, keys: ConfigKeys) -> bool:
    mine = {"newsletters": keys.newsletter, "channels": keys.channel}
    return path[0] not in mine or mine[str(path[0])] == path[1]


def _holds(path: KeyPath, text: str, value: str) -> bool:
    names = {str(part) for part in path}
    value = value.removeprefix("mailto:").partition("?")[0] if value.startswith("mailto:") else value
    if names & _TEXT_KEYS and value in text:
        return True
    if not value.startswith(("http://", "https://")):
        return value == text and "url" in names
    if path[0] == "sources" or path[:1] == ("images",):  # an address that is made from it
        start = text.partition("{")[0]
        made = path[0] == "images" or "{" in text
        return made and len(start) > _MIN_PREFIX and start.startswith("http") and value.startswith(start)
    if path == ("web", "url"):
        return value.startswith(text)
    return value.rstrip("/") == text.rstrip("/")


# -- placeholders ------------------------------------------------------------------------------------------------------


def find_placeholders(raw: RawConfig) -> tuple[tuple[KeyPath, Problem], ...]:
    """The keys of config.yaml that still hold a placeholder, each with what is wrong and its line."""
    found = []
    for path, value in _list_texts(raw.data):
        if path[0] in _SECTIONS and not _SECRET.search(str(path[-1])) and (placeholder := find_placeholder(value)):
            words = f"still holds the placeholder {placeholder!r}; write your own, or remove the key"
            found.append((path, raw.problem(path, words)))
    return tuple(found)


def placeholder_findings(
    found: Iterable[tuple[KeyPath, Problem]], *, newsletter: str, sources: Iterable[str], channels: Mapping[str, bool]
) -> list[Finding]:
    """The placeholders that concern an edition: those of the site, of its newsletter, sources and channels.

    `channels` tells by name whether a channel reaches subscribers.
    """
    used = {"newsletters": {newsletter}, "sources": set(sources), "channels": set(channels)}
    findings = []
    for path, problem in found:
        if path[0] in used and (len(path) < 2 or path[1] not in used[str(path[0])]):
            continue
        local = path[0] == "channels" and not channels.get(str(path[1]), True)
        check = "placeholder-local" if local else "placeholder"
        findings.append(replace(finding(check, problem.message), key=describe_location(problem)))
    return findings


def find_sample_articles(carried: Sequence[Article]) -> list[Finding]:
    """The articles of an edition that are examples of `distributor init`."""
    return [
        finding(
            "sample-article",
            "is a sample article of `distributor init`; withdraw it, and delete its file",
            f"«{one.title}»",
        )
        for one in carried
        if (lead := _SAMPLE_ARTICLES.get(clean_line(one.title).casefold()))
        and clean_line(one.lead).casefold().startswith(lead)
    ]


def describe_location(problem: Problem) -> str:
    """A key with its file and line."""
    line = f":{problem.line}" if problem.line else ""
    return f"{problem.path}, {problem.file}{line}"


def find_placeholder(value: str) -> str:
    """The placeholder that a value holds; empty where it holds none."""
    line = clean_line(value)
    if match := _EXAMPLE.search(line):
        return match.group(1)
    if _UNFINISHED.fullmatch(line):
        return line[:40]
    folded = line.casefold()
    return next((words.capitalize() for words in _WORDS if words in folded), "")


def _list_texts(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every text of config.yaml with its key path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _list_texts(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _list_texts(inner, (*path, number))
    elif isinstance(value, str) and path:
        yield path, value
