"""The key of config.yaml that is the cause of a finding, where one is. Pure.

A line of the HTML helps who writes templates. Most staff write config.yaml only, and what is wrong with a letter stands
there more often: the sender, the address of the site, a colour, the logo, a title.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..config.yaml import KeyPath, RawConfig
from .findings import Finding

_THEME = ("accent", "page_background", "background", "heading", "text", "muted")
_TEXT_KEYS = frozenset({"title", "description", "postal_address", "contact", "footer", "sender", "sections"})
_SECRET = frozenset({"password", "token", "secret", "token_command"})
_MIN_PREFIX = 2  # characters of an address that a key may begin with


@dataclass(frozen=True, slots=True)
class ConfigKeys:
    """What config.yaml says and where, for one newsletter and the channel that carries its letters.

    `values` are texts by key path, without secrets; `lines` are where they stand; `file` is the name of the file.
    """

    file: str
    values: Mapping[KeyPath, str]
    lines: Mapping[KeyPath, int]
    newsletter: str = ""
    channel: str = ""

    @classmethod
    def of(cls, raw: RawConfig) -> ConfigKeys:
        return cls(raw.file.name, dict(_texts(raw.data, ())), raw.lines)

    def named(self, path: KeyPath) -> str:
        """A key as staff find it: its path and line, or that it is not set."""
        if path in self.lines:
            return f"{'.'.join(map(str, path))}, {self.file}:{self.lines[path]}"
        return f"{'.'.join(map(str, path))}, {self.file} (not set)"

    def set(self, *paths: KeyPath) -> KeyPath:
        """The first of these keys that is set; the first of them where none is."""
        return next((path for path in paths if path in self.lines), paths[0])


def add_config_keys(found: Iterable[Finding], keys: ConfigKeys) -> list[Finding]:
    """The findings, each with the key that is its cause, where one is."""
    return [
        one if one.key or not (path := find_config_key(one, keys)) else replace(one, key=keys.named(path))
        for one in found
    ]


def find_config_key(one: Finding, keys: ConfigKeys) -> KeyPath | None:
    """The key that is the cause of a finding; None where it is an article or a template."""
    return _by_check(one, keys) or _by_value(one, keys)


def _by_check(one: Finding, keys: ConfigKeys) -> KeyPath | None:
    newsletter, channel = ("newsletters", keys.newsletter), ("channels", keys.channel)
    ours = keys.set(("site", "service_url"), ("site", "url"))
    match one.check, one.where:
        case "own-host", _:
            return ("site", "service_url")
        case "list-unsubscribe", _:
            return ours
        case "header-missing", "List-Unsubscribe" | "List-Unsubscribe-Post":
            return ours
        case (("header-missing" | "sender"), "From"):
            return (*channel, "sender")
        case "message-id", _:
            return (*channel, "sender")
        case (("header-missing" | "list-id"), ("List-Id")):
            return keys.set((*channel, "list_domain"), (*channel, "sender"))
        case "unsubscribe-mailto", _:
            return (*channel, "reply_to")
        case (("size" | "size-encoded" | "unsubscribe-clipped"), _):
            return (*newsletter, "max_articles")
        case (("subject-empty" | "subject-capitals" | "subject-marks"), _):
            title = keys.values.get((*newsletter, "title"), "")
            guilty = not title or title.isupper() or any(sign in title for sign in "!！")
            return (*newsletter, "title") if guilty else None
        case "page-language", _:
            return keys.set((*newsletter, "language"), ("site", "language"))
    return None


def _by_value(one: Finding, keys: ConfigKeys) -> KeyPath | None:
    """The key that holds what is at fault."""
    if one.check in ("contrast", "contrast-dark", "invisible-words"):
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
    """The colour of the theme that staff have chosen; the accent first, which nothing else has checked."""
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
    if path[0] == "sources" or path[:1] == ("images",):  # an address that is made of it
        start = text.partition("{")[0]
        made = path[0] == "images" or "{" in text
        return made and len(start) > _MIN_PREFIX and start.startswith("http") and value.startswith(start)
    if path == ("site", "service_url"):
        return value.startswith(text)
    return value.rstrip("/") == text.rstrip("/")


def _texts(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _SECRET:
                yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))
    elif isinstance(value, str) and path and path[0] in ("site", "images", "sources", "newsletters", "channels"):
        yield path, value
