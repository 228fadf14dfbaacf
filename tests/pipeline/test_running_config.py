"""Whether hosts run by the same configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.mail.dkim_keys import ED25519, make_key
from distributor.newsroom import open_newsroom
from distributor.pipeline import announce, compute_fingerprint, find_difference, running_config
from distributor.storage.database import Database
from support.builders import NOW

CONFIG = """\
instance: fleet
store: {url: "sqlite:///var/distributor.db"}
web: {url: "https://tin.example", listen: "127.0.0.1:8000"}
site: {title: Báo Bắc Sơn, url: "https://bacson.example"}
sources: {cong: {type: folder, folder: articles}}
newsletters: {tin-sang: {title: Tin sáng, channels: [mail]}}
channels: {mail: {type: email, sender: Báo <tin@bacson.example>, host: relay.example}}
"""


def a_host(folder: Path, *changes: tuple[str, str], key: str = "k" * 64) -> str:
    """The fingerprint of a host's newsroom, with these changes of its config.yaml."""
    for name in ("templates", "channels", "articles", "var"):
        (folder / name).mkdir(parents=True)
    text = CONFIG
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    (folder / "templates" / "footer.html.j2").write_text("Chân trang", encoding="utf-8")
    (folder / "var" / "secret.key").write_text(f"{key}\n", encoding="ascii")
    return compute_fingerprint(open_newsroom(folder / "config.yaml"))


@pytest.fixture
def first(tmp_path: Path) -> str:
    return a_host(tmp_path / "first")


def test_hosts_may_have_lines_workers_and_ports_of_their_own(first: str, tmp_path: Path) -> None:
    own = (
        ("sqlite:///var/distributor.db", "sqlite:///elsewhere/distributor.db"),
        ("127.0.0.1:8000", "127.0.0.1:9000"),
        ("instance: fleet", "instance: fleet\nworkers: 4  # as many as this host has processors"),
    )
    assert a_host(tmp_path / "second", *own) == first


@pytest.mark.parametrize(
    "change",
    [("relay.example", "other.example"), ("Tin sáng", "Tin chiều"), ("instance: fleet", "instance: fleet-2")],
    ids=["relay", "title", "instance"],
)
def test_whatever_decides_what_is_sent_is_the_same(first: str, tmp_path: Path, change: tuple[str, str]) -> None:
    assert a_host(tmp_path / "second", change) != first


def test_so_are_the_key_and_the_version_of_the_program(
    first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert a_host(tmp_path / "second", key="l" * 64) != first
    monkeypatch.setattr(running_config, "__version__", "999")
    assert a_host(tmp_path / "third") != first


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda folder: (folder / "templates" / "footer.html.j2").write_text("Chân trang mới"), False),
        (lambda folder: (folder / "channels" / "own.py").write_text('"""A channel."""\n'), False),
        (lambda folder: (folder / "templates" / ".swp").write_text("of an editor"), True),
        (lambda folder: (folder / "articles" / "tin.md").write_text("tin"), True),
    ],
    ids=["template", "channel", "hidden file", "article"],
)
def test_so_are_templates_and_channels_of_its_own(
    first: str, tmp_path: Path, change: Callable[[Path], object], same: bool
) -> None:
    newsroom = open_newsroom(tmp_path / "first" / "config.yaml")
    change(tmp_path / "first")
    assert (compute_fingerprint(newsroom) == first) is same


@pytest.mark.parametrize(
    ("change", "named", "same"),
    [
        (("host: relay", "username: tin, password: 'file:named', host: relay"), "named", False),
        (("host: relay", "username: tin, password: 'file:~/named', host: relay"), "home/named", False),
        (("host: relay", "dkim: [{key: named, selector: a, domain: bacson.example}], host: relay"), "named", False),
        (("host: relay", "ca_file: named, host: relay"), "named", True),
        (("sources: {", "sources: {bao: {type: feed, file: named}, "), "named", True),
        (("Tin sáng", "~nobody/tin"), "named", True),
    ],
    ids=["secret", "secret at home", "key of DKIM", "certificates of the system", "feed", "no file"],
)
def test_so_are_the_keys_and_passwords_that_the_configuration_names(
    change: tuple[str, str], named: str, same: bool, first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emails of one host would be signed with another key. But what changes with the news stops nobody."""
    folder = tmp_path / "first"
    (folder / "home").mkdir()
    monkeypatch.setenv("HOME", str(folder / "home"))
    config = (folder / "config.yaml").read_text(encoding="utf-8")
    assert change[0] in config
    (folder / "config.yaml").write_text(config.replace(*change), encoding="utf-8")
    (folder / named).write_bytes(make_key(ED25519))
    (folder / named).chmod(0o600)
    newsroom = open_newsroom(folder / "config.yaml")
    before = compute_fingerprint(newsroom)
    assert compute_fingerprint(newsroom) == before
    (folder / named).write_text("two", encoding="utf-8")
    assert (compute_fingerprint(newsroom) == before) is same


def test_nothing_keeps_from_working_before_a_service_was_started(database: Database) -> None:
    assert find_difference(database, "a") == ""


def test_the_service_that_was_started_last_says_what_counts(database: Database) -> None:
    announce(database, "a", NOW)
    assert find_difference(database, "a") == ""
    announce(database, "b", NOW)
    assert find_difference(database, "b") == ""
    said = find_difference(database, "a")
    assert "are not those with which `serve` was started on" in said
    assert "copy them, and start this process again" in said
