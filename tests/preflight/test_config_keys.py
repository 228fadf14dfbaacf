"""Placeholders of `init` never reach subscribers, and a fault of config.yaml is reported with its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import distributor.starter as starter
from distributor.config.yaml import read
from distributor.preflight.config_keys import (
    ConfigKeys,
    find_config_key,
    find_placeholders,
    find_sample_articles,
    placeholder_findings,
)
from distributor.preflight.findings import finding
from support.builders import article
from support.newsroom import Room

# -- which key is the cause --------------------------------------------------------------------------------------------

CONFIG = """\
site:
  title: Báo ‮Bắc Sơn
  url: https://bacson.example
  theme: {accent: "#ffff00", logo: "http://bacson.example/logo.png", logo_width: 100}
web: {listen: 127.0.0.1:8080, url: "http://links.bacson.example"}
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
        ("own-host", "List-Unsubscribe", (), "web.url, config.yaml:5"),
        ("list-unsubscribe", "List-Unsubscribe", (), "web.url, config.yaml:5"),
        ("missing-header", "List-Unsubscribe-Post", (), "web.url, config.yaml:5"),
        ("sender", "From", (), "channels.mail.sender, config.yaml:13"),
        ("sender", "To", (), ""),
        ("list-id", "List-Id", (), "channels.mail.sender, config.yaml:13"),
        ("unsubscribe-mailto", "List-Unsubscribe", (), "channels.mail.reply_to, config.yaml (not set)"),
        ("subject-capitals", "Subject", (), "newsletters.tin-sang.title, config.yaml:10"),
        ("size", "the HTML part", (), "newsletters.tin-sang.max_articles, config.yaml (not set)"),
        ("contrast", "line 3 of the HTML", ("#ffffff", "#ffff00"), "site.theme.accent, config.yaml:4"),
        ("contrast", "line 3 of the HTML", ("#777777", "#888888"), ""),
        ("image-http", "line 9", ("http://bacson.example/logo.png",), "site.theme.logo, config.yaml:4"),
        ("image-size", "line 9", ("http://bacson.example/logo.png",), "site.theme.logo_width, config.yaml:4"),
        ("image-http", "line 9", ("http://bacson.example/tin/a.png",), ""),
        ("image-http", "line 9", ("http://links.bacson.example/images/0a.jpg",), "web.url, config.yaml:5"),
        ("dead-link", "x", ("https://cu.bacson.example/a",), "sources.bai.url, config.yaml:7"),
        ("dead-link", "x", ("https://bacson.example/tin/a",), ""),
        ("unreachable-link", "x", ("https://bacson.example/",), "site.url, config.yaml:3"),
        ("bidi-characters", "the page", ("‮",), "site.title, config.yaml:2"),
        ("headings", "line 3 of the HTML", (), ""),
    ],
)
def test_the_key_that_is_the_cause(keys: ConfigKeys, check: str, where: str, about: tuple[str, ...], key: str) -> None:
    path = find_config_key(finding(check, "x", where, about), keys)
    assert (keys.named(path) if path else "") == key


@pytest.mark.parametrize(
    ("web", "key"),
    [("web: {listen: 127.0.0.1:8080}", "web.url, config.yaml (not set)"), ("", "site.url, config.yaml:3")],
    ids=["pages without an address", "no pages"],
)
def test_links_to_unsubscribe_are_a_matter_of_the_pages_where_there_are_any(tmp_path: Path, web: str, key: str) -> None:
    (tmp_path / "config.yaml").write_text(re.sub("(?m)^web: .*$", web, CONFIG), encoding="utf-8")
    keys = ConfigKeys.of(read(tmp_path / "config.yaml", {}))
    path = find_config_key(finding("list-unsubscribe", "x", "List-Unsubscribe", ()), keys)
    assert path and keys.named(path) == key


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


STARTER = Path(next(iter(starter.__path__)))
SERVER = ("    maildir: var/mail\n", "    host: 127.0.0.1\n    port: 9\n    tls: none\n")
MINE = {
    "title: Tên tòa soạn ": "title: Báo Bắc Sơn ",
    "https://example.com/": "https://bacson.example/",
    "https://example.com ": "https://bacson.example ",
    "toasoan@example.com": "toasoan@bacson.example",
    "Địa chỉ tòa soạn": "1 phố Chợ, Bắc Sơn",
    "Tên tòa soạn <tin@example.com>": "Báo Bắc Sơn <tin@bacson.example>",
}


@pytest.fixture
def fresh(room: Room, tmp_path: Path) -> Room:
    """A newsroom as `init` lays it down, with one reader."""
    folder = tmp_path / "fresh"
    assert room.run_here("init", str(folder)).code == 0
    made = Room(folder, room.run_here)
    made.good("subscribers", "add", "lan@bacson.example")
    return made


# -- what is a placeholder ---------------------------------------------------------------------------------------------


def told(text: str, tmp_path: Path) -> set[str]:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return {str(problem) for _, problem in find_placeholders(read(file, {}))}


def test_every_placeholder_of_the_starter_is_known_with_its_line() -> None:
    raw = read(STARTER / "config.yaml", {})
    lines = (STARTER / "config.yaml").read_text(encoding="utf-8").splitlines()
    found = {problem.path: problem.line for _, problem in find_placeholders(raw)}
    assert set(found) == {
        "site.title", "site.url", "site.contact", "site.postal_address", "sources.bai-viet.url", "channels.mail.sender",
        "channels.feeds.url",
    }  # fmt: skip
    for path, line in found.items():
        assert line
        assert lines[line - 1].strip().startswith(path.rpartition(".")[2] + ":")


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("tin@example.com", True),
        ("Báo <tin@mail.example.org>", True),
        ("https://www.EXAMPLE.net/x", True),
        ("TODO", True),
        ("Your newsroom", True),
        ("TÊN TÒA SOẠN", True),
        ("https://bacson.example/tin", False),
        ("https://notexample.com", False),
        ("https://example.com.vn", False),
        ("Tòa soạn Bắc Sơn", False),
        ("Todo và bạn", False),
    ],
)
def test_what_is_a_placeholder(value: str, is_one: bool, tmp_path: Path) -> None:
    assert bool(told(f'site:\n  title: "{value}"\n', tmp_path)) is is_one


def test_secrets_are_never_told(tmp_path: Path) -> None:
    assert told("channels: {mail: {password: changeme, sender: a@b.vn}}", tmp_path) == set()


def test_only_what_the_edition_is_made_with_stands_in_its_way() -> None:
    found = find_placeholders(read(STARTER / "config.yaml", {}))
    mine = {"newsletter": "tin-sang", "channels": {"mail": True}}
    checks = [one.check for one in placeholder_findings(found, sources=["khac"], **mine)]  # type: ignore[arg-type]
    assert checks == ["placeholder"] * 5
    with_feeds = placeholder_findings(
        found, newsletter="x", sources=["bai-viet"], channels={"mail": True, "feeds": False}
    )
    assert [one.key.partition(",")[0] for one in with_feeds if one.check == "placeholder-local"] == [
        "channels.feeds.url"
    ]


def test_the_articles_of_the_example_are_known() -> None:
    for file in (STARTER / "articles").glob("*.md"):
        head = file.read_text(encoding="utf-8")
        title, lead = (re.findall(rf"^{key}: (.+)$", head, re.MULTILINE)[0] for key in ("title", "lead"))
        assert len(find_sample_articles([article(title=title, lead=lead)])) == 1
        assert find_sample_articles([article(title=title, lead="Tin thật của tòa soạn.")]) == []


# -- a newcomer's first days -------------------------------------------------------------------------------------------


def test_the_newsroom_of_init_sends_into_its_folders_as_it_is(fresh: Room) -> None:
    assert "mail: 1 email saved in " in fresh.good("send", "tin-sang", "--yes")
    assert fresh.run("check").err == ""


def test_with_a_mail_server_it_is_held_and_every_key_is_named(fresh: Room) -> None:
    fresh.configure(SERVER)
    fresh.good("gather")
    preflight = fresh.run("preflight", "tin-sang", "--no-links")
    assert preflight.code == 1
    assert "BLOCK placeholder: still holds the placeholder 'example.com'" in preflight.out
    assert "warn  placeholder-local" in preflight.out
    assert re.search(r"\(site\.postal_address, config\.yaml:\d+\)", preflight.out)
    done = fresh.run("send", "tin-sang", "--yes")
    assert done.code == 1
    for key in ("site.title", "site.url", "site.contact", "site.postal_address", "channels.mail.sender"):
        assert re.search(rf"{re.escape(key)}, config\.yaml:\d+", done.err), key
    assert "sample-article" in done.err
    assert "cannot be reached" not in done.err  # nobody was even asked
    assert "config.yaml" in fresh.run("check").err
    again = fresh.run("send", "tin-sang", "--yes")
    assert "No new edition" in again.out and "distributor editions show tin-sang-1" in again.out
    assert "draft tin-sang-1 is held" in again.err, "what is new has not vanished"
    assert "draft tin-sang-1 is held, due " in fresh.good("plan")


def test_once_all_is_filled_in_it_goes_out(fresh: Room) -> None:
    text = (fresh.folder / "config.yaml").read_text(encoding="utf-8")
    for old, new in MINE.items():
        assert old in text
        text = text.replace(old, new)
    (fresh.folder / "config.yaml").write_text(text, encoding="utf-8")
    fresh.configure(SERVER)
    for file in (fresh.folder / "articles").glob("*.md"):
        file.unlink()
    fresh.write("mot", "Khởi công đường tỉnh 254", date="2026-11-20 08:00")
    done = fresh.run("send", "tin-sang", "--yes")
    assert "held by preflight" not in done.err
    assert "cannot be reached" in done.err  # it was on its way


def test_in_test_mode_placeholders_hold_nothing_up(fresh: Room) -> None:
    fresh.configure(SERVER, ("site:\n", "test_mode: {to: toi@bacson.example}\nsite:\n"))
    done = fresh.run("send", "tin-sang", "--yes")
    assert "held by preflight" not in done.err


def test_whoever_has_looked_can_force_it(fresh: Room) -> None:
    fresh.configure(SERVER)
    done = fresh.run("send", "tin-sang", "--yes", "--force", "placeholder", "--force", "sample-article")
    assert "held by preflight" not in done.err
