"""`distributor config`, config.yaml and the starter: every key is there and explained, and every commented line works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from distributor.config.schema import Settings
from distributor.config.section import Section
from distributor.errors import ConfigError
from distributor.mail import dkim_keys
from distributor.newsroom import open_newsroom
from distributor.plugins.example import write_example
from distributor.plugins.info import settings_of
from distributor.plugins.registry import channels, sources

TOP = Path(__file__).parents[2]
FILES = {
    "distributor config": write_example(),
    "config.yaml": (TOP / "config.yaml").read_text(encoding="utf-8"),
    "the starter": (TOP / "distributor" / "starter" / "config.yaml").read_text(encoding="utf-8"),
}
_KEY = re.compile(r"(?P<indent>(?:  |# |- )*)(?P<key>[a-z][\w.-]*):(?= |$)")
_COMMENTED = re.compile(r"(?P<indent> *)# (?P<rest>(?:(?:  |# )*(?:- )?)[a-z][\w.-]*:(?: .*)?)$")
_NEAR = 15  # lines between a setting and the one that it stands instead of
_SECRETS = {
    "BOUNCE_PASSWORD": "geheim",
    "SMTP_PASSWORD": "geheim",
    "BLUESKY_APP_PASSWORD": "geheim-geheim",
    "FACEBOOK_APP_SECRET": "geheim-geheim",
    "FACEBOOK_PAGE_TOKEN": "geheim-geheim",
    "FACEBOOK_TOKEN": "geheim-geheim",
    "MASTODON_TOKEN": "geheim",
    "TELEGRAM_TOKEN": "geheim",
    "ZALO_SECRET_KEY": "geheim-geheim",
    "WEBHOOK_SECRET": "whsec_" + "A" * 43 + "=",
    "HOOK_KEY": "0123456789abcdef0123",
    "HOOK_PASSWORD": "geheim-geheim",
    "MAILGUN_SIGNING_KEY": "geheim-geheim",
    "BREVO_TOKEN": "geheim-geheim",
    "OLD_LINK_KEY": "0123456789abcdef",
    "OLD_WEBHOOK_SECRET": "whsec_" + "B" * 43 + "=",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which whatever the examples name is there: secrets, and the key of DKIM."""
    for name, value in _SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "link.key").write_text("0123456789abcdef0123")
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "sponsor.md").write_text("Mua **chè**.", encoding="utf-8")
    dkim_keys.write(tmp_path / "dkim-2026a.pem", dkim_keys.make_key())
    return tmp_path


def faults(folder: Path, text: str) -> list[str]:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        open_newsroom(file)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def uncommented(lines: list[str], at: int) -> tuple[list[str], range]:
    """The lines with this one, and all that stands below it, in use; and where they are. What it stands instead of goes."""
    match = _COMMENTED.match(lines[at])
    assert match
    indent, below, end = match["indent"], f"{match['indent']}#   ", at + 1
    while end < len(lines) and lines[end].startswith(below):
        end += 1
    made = [*lines[:at], *(indent + line[len(indent) + 2 :] for line in lines[at:end]), *lines[end:]]
    instead = re.search(r"instead of `(\w+)`", lines[at])
    for other in [number for number, line in enumerate(made) if instead and line.startswith(f"{indent}{instead[1]}: ")]:
        if abs(other - at) < _NEAR:
            made[other] = f"{indent}# {made[other].lstrip()}"
    needed = re.search(r"needs `(\w+)`", lines[at])
    made = [
        line.replace("# ", "", 1) if needed and line.startswith(f"{indent}# {needed[1]}: ") else line for line in made
    ]
    return made, range(at, end)


def steps(lines: list[str], within: range) -> Iterator[tuple[str, str]]:
    """Each commented line, and the whole file with it in use; of a block also each commented line in it."""
    at = within.start
    while at < within.stop:
        if _COMMENTED.match(lines[at]):
            made, block = uncommented(lines, at)
            yield lines[at].strip(), "\n".join(made)
            if len(block) > 1:
                yield from steps(made, range(block.start + 1, block.stop))
            at = block.stop
        else:
            at += 1


@pytest.mark.parametrize("name", FILES)
def test_every_commented_line_may_be_put_to_use_alone_and_in_its_block(folder: Path, name: str) -> None:
    lines = FILES[name].splitlines()
    assert faults(folder, FILES[name]) == []
    tried = dict(steps(lines, range(len(lines))))
    assert len(tried) >= 5
    found = {line: told for line, text in tried.items() if (told := faults(folder, text))}
    assert found == {}


# Settings that are no free text: times, choices, numbers that a name may stand for.
_NO_TEXT = (
    *(
        "type",
        "language",
        "tls",
        "provider",
        "date_order",
        "network",
        "visibility",
        "status",
        "style",
        "preview",
        "chat",
        "overflow",
        "recheck",
    ),
    *(
        "on_uncertain",
        "confirm",
        "listen",
        "action",
        "in_digest",
        "if_unanswered",
        "announce_since",
        "every",
        "at_least_every",
        "time_limit",
        "max_wait",
        "max_age",
    ),
    *("max_age", "before", "expires_after", "alert_if_silent_for", "response_timeout"),
    *("through", "remind_after", "stalled_after", "expires_within"),
    *("deliveries", "bounces", "outbox", "reports", "images"),
)
_NOT_A_TEXT = ("12345678", "yes", "1.5", "#9b1c1c")


def texts(lines: list[str], within: range) -> Iterator[tuple[str, str, str]]:
    """Each setting that is a text, with the file before and after its value."""
    for _, text in [("", "\n".join(lines)), *steps(lines, within)]:
        for match in re.finditer(r"(?m)^ *(?:- )?([a-z_]+): (?![\[{])(\S.*?)(?= +# |$)", text):
            is_text = isinstance(yaml.safe_load(match[2]), str) and match[1] not in _NO_TEXT
            if is_text and "rates" not in match[1]:
                yield match[1], text[: match.start(2)], text[match.end(2) :]


def test_a_text_that_yaml_takes_for_something_else_is_asked_for_in_quotes(folder: Path) -> None:
    """Whatever setting of whatever section, channel or source it is; each is tried with one of the kinds."""
    lines = FILES["distributor config"].splitlines()
    tried: dict[tuple[str, int], list[str]] = {}
    for key, before, after in texts(lines, range(len(lines))):
        place = (key, before.count("\n"))
        if place not in tried:
            tried[place] = faults(folder, f"{before}{_NOT_A_TEXT[len(tried) % len(_NOT_A_TEXT)]}{after}")
    assert len(tried) > 50
    assert {place: told for place, told in tried.items() if not any("put it in quotes" in one for one in told)} == {}


# -- what each line says -----------------------------------------------------------------------------------------------


def explained(text: str) -> dict[tuple[str, ...], str]:
    """The explanation of each key, by its path. A name that is the newsroom's own counts as `*`, or as its type."""
    found: dict[tuple[str, ...], str] = {}
    above: list[tuple[int, str]] = []
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        match = _KEY.match(line)
        if match is None or line.startswith(("#   distributor ", "# Values ")):
            continue
        depth, key = len(match["indent"]) - 2 * match["indent"].count("#"), match["key"]
        above = [one for one in above if one[0] < depth]
        if len(above) == 1 and above[0][1] in ("sources", "channels", "newsletters", "attributes"):
            type_name = re.search(r" type: (\w+)", following)
            key = type_name[1] if type_name else "*"
        above.append((depth, key))
        found[tuple(name for _, name in above)] = line[match.end() :].partition(" # ")[2]
    return found


def declared(section: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every key of config.yaml that a section declares, and the sections in it."""
    for field_name, field in section.model_fields.items():
        name = field.alias or field_name
        if (*path, name) == ("newsletters", "*", "id"):
            continue
        yield (*path, name)
        named = ("*",) if name in ("newsletters", "attributes") else ()
        for inner in sections_in(field.annotation):
            yield from declared(inner, (*path, name, *named))


def sections_in(hint: Any) -> list[type[Section]]:
    if isinstance(hint, type) and issubclass(hint, Section):
        return [hint]
    return [found for part in getattr(hint, "__args__", ()) for found in sections_in(part)]


def test_every_key_of_every_section_channel_and_source_is_there_and_explained() -> None:
    shown = explained(FILES["distributor config"])
    keys = set(declared(Settings))
    for registry in (channels, sources):
        for name in registry.names():
            cls = registry.find(name)
            keys |= {(f"{registry.section}s", name, setting.name) for setting in settings_of(cls)}
    assert len(keys) > 150
    assert keys - set(shown) == set()
    assert [key for key in keys if not shown[key]] == []


@pytest.mark.parametrize("name", ["config.yaml", "the starter"])
def test_comments_are_the_explanations_that_settings_carry(name: str) -> None:
    """So none of them can be out of date. A name that is the newsroom's own may have a remark."""
    shown = explained(FILES["distributor config"])
    said = {
        path: told for path, told in explained(FILES[name]).items() if (told and len(path) != 2) or path[0] == "site"
    }
    assert len(said) > 10
    assert {path: told for path, told in said.items() if shown[path] != told and told} == {}


def test_what_a_newsroom_brings_is_in_the_example_too(tmp_path: Path) -> None:
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "bell.py").write_text(BELL, encoding="utf-8")
    (tmp_path / "channels" / "mute.py").write_text(BELL.replace("channels:", "Example:"), encoding="utf-8")
    (tmp_path / "channels" / "torn.py").write_text("def broken(:\n", encoding="utf-8")
    channels.join(tmp_path / "channels")
    try:
        shown = write_example()
        assert explained(shown)["channels", "bell", "rings"] == "how often it rings"
        assert explained(shown)["channels", "mute", "rings"] == "how often it rings"
        assert "  # channel type 'torn' cannot be loaded: torn.py:1: " in shown
    finally:
        channels.leave(tmp_path / "channels")


BELL = '''\
"""Rings.

    channels:
      tower:
        type: bell

It is loud.
"""

from dataclasses import dataclass
from typing import Annotated

from distributor.channel import Channel


@dataclass(frozen=True, kw_only=True)
class Bell(Channel):
    rings: Annotated[int, "how often it rings"] = 1

    def compose(self, edition, context):
        return []

    async def publish(self, content, attempt): ...
'''
