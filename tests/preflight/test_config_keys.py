"""Nothing that `init` has filled in goes to people, and what config.yaml has done wrong is told by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.config.yaml import read
from distributor.preflight.config_keys import ConfigKeys, find_config_key
from distributor.preflight.findings import finding
from distributor.preflight.placeholders import find_placeholders
from support.newsroom import Room

# -- what is a placeholder ---------------------------------------------------------------------------------------------


def told(text: str, tmp_path: Path) -> set[str]:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return {str(problem) for _, problem in find_placeholders(read(file, {}))}


# -- which key is the cause --------------------------------------------------------------------------------------------

CONFIG = """\
site:
  title: Báo ‮Bắc Sơn
  url: https://bacson.example
  service_url: http://links.bacson.example
  theme: {accent: "#ffff00", logo: "http://bacson.example/logo.png", logo_width: 100}
sources:
  bai: {type: folder, folder: articles, url: "https://cu.bacson.example/{slug}"}
newsletters:
  tin-sang:
    title: TIN SÁNG
    channels: [mail]
channels:
  mail: {type: email, sender: tin@bacson.example, host: 127.0.0.1, password: s3cr3t}
"""


@pytest.fixture
def keys(tmp_path: Path) -> ConfigKeys:
    from dataclasses import replace

    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return replace(ConfigKeys.of(read(file, {})), newsletter="tin-sang", channel="mail")


@pytest.mark.parametrize(
    ("check", "where", "about", "key"),
    [
        ("own-host", "List-Unsubscribe", (), "site.service_url, config.yaml:4"),
        ("list-unsubscribe", "List-Unsubscribe", (), "site.service_url, config.yaml:4"),
        ("header-missing", "List-Unsubscribe-Post", (), "site.service_url, config.yaml:4"),
        ("sender", "From", (), "channels.mail.sender, config.yaml:13"),
        ("sender", "To", (), ""),
        ("list-id", "List-Id", (), "channels.mail.sender, config.yaml:13"),
        ("unsubscribe-mailto", "List-Unsubscribe", (), "channels.mail.reply_to, config.yaml (not set)"),
        ("subject-capitals", "Subject", (), "newsletters.tin-sang.title, config.yaml:10"),
        ("size", "the HTML part", (), "newsletters.tin-sang.max_articles, config.yaml (not set)"),
        ("contrast", "line 3 of the HTML", ("#ffffff", "#ffff00"), "site.theme.accent, config.yaml:5"),
        ("contrast", "line 3 of the HTML", ("#777777", "#888888"), ""),
        ("image-http", "line 9", ("http://bacson.example/logo.png",), "site.theme.logo, config.yaml:5"),
        ("image-size", "line 9", ("http://bacson.example/logo.png",), "site.theme.logo_width, config.yaml:5"),
        ("image-http", "line 9", ("http://bacson.example/tin/a.png",), ""),
        ("dead-link", "x", ("https://cu.bacson.example/a",), "sources.bai.url, config.yaml:7"),
        ("dead-link", "x", ("https://bacson.example/tin/a",), ""),
        ("no-answer", "x", ("https://bacson.example/",), "site.url, config.yaml:3"),
        ("turning-characters", "the page", ("‮",), "site.title, config.yaml:2"),
        ("headings", "line 3 of the HTML", (), ""),
    ],
)
def test_the_key_that_is_the_cause(keys: ConfigKeys, check: str, where: str, about: tuple[str, ...], key: str) -> None:
    path = find_config_key(finding(check, "x", where, about), keys)
    assert (keys.named(path) if path else "") == key


def test_secrets_are_no_values_to_compare_with(keys: ConfigKeys) -> None:
    assert "s3cr3t" not in "".join(keys.values.values())


def test_what_a_key_has_done_is_told_by_the_key_and_not_by_a_line_of_the_letter(room: Room) -> None:
    logo = "http://bacson.example/logo.png"
    room.configure(
        ("  contact:", f"  theme: {{logo: '{logo}', logo_width: 160}}\n  contact:"),
        ("https://bacson.example/tin/{slug}", "https://example.com/tin/{slug}"),
    )
    room.good("gather")
    preflight = room.run("preflight", "tin-sang", "--no-links")
    told = [line for line in preflight.out.splitlines() if logo in line or "example.com" in line]
    assert {line.split()[1] for line in told} == {"image-http:", "link-placeholder:"}
    for line in told:
        key = "site.theme.logo, config.yaml:4" if logo in line else "sources.bai-viet.url, config.yaml:7"
        assert line.endswith(f"({key})")
    assert "site.theme.logo, config.yaml:4" in room.good("preview", "tin-sang")
