"""The check of a config.yaml: every problem is reported at once, with its key path and line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.config_files import GOOD, problems, settings
from distributor.config.types import FirstGatherRule
from distributor.errors import ConfigError
from distributor.newsroom import open_newsroom


def test_the_good_example_is_good(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


# Each broken file: what is changed in the good one, and the whole of what is said.
BROKEN = {
    "a misspelt key": (
        ("  title: Báo Bắc Sơn\n", "  title: Báo Bắc Sơn\n  langage: vi\n"),
        "config.yaml:3: site.langage: is not a known key; did you mean 'language'?",
    ),
    "a missing key": (
        ("  url: https://bacson.example\n", ""),
        "config.yaml:1: site.url: is missing, and there is no default",
    ),
    "an address without a scheme": (
        ("https://bacson.example", "bacson.example"),
        "config.yaml:3: site.url: write an absolute address that begins with https:// or http://",
    ),
    "an attribute with a name of another thing": (
        ("sources:", "attributes: {topics: {label: {vi: Chủ đề}}}\nsources:"),
        "config.yaml:4: attributes.topics: this name has another meaning; choose another one, such as my_topics",
    ),
    "an attribute with a name that cannot be written": (
        ("sources:", "attributes: {Xã/phường: {label: {vi: Xã/phường}}}\nsources:"),
        "config.yaml:4: attributes.Xã/phường: a name has lowercase letters, digits and underscores, at most 40, "
        "and begins with a letter",
    ),
    "choices of a number": (
        ("sources:", "attributes: {age: {label: {vi: Tuổi}, type: number, choices: ['1']}}\nsources:"),
        "config.yaml:4: attributes.age.choices: only a text has choices",
    ),
    "an audience with an unknown attribute": (
        ("    channels: [mail]\n", "    channels: [mail]\n    audience: joind < '2026-10-01'\n"),
        "config.yaml:11: newsletters.tin-sang.audience: there is no 'joind'; did you mean 'joined'?",
    ),
    "an unknown language": (
        ("  url:", "  language: fr\n  url:"),
        "config.yaml:3: site.language: write vi or en",
    ),
    "an unknown time zone": (
        ("  url:", "  timezone: Asia/Saigoon\n  url:"),
        "config.yaml:3: site.timezone: is not a time zone of the IANA database, such as Asia/Ho_Chi_Minh",
    ),
    "a colour in words": (
        ("sources:", "  theme: {accent: red}\nsources:"),
        "config.yaml:4: site.theme.accent: write a color as # and six hexadecimal digits, in quotes: ",
    ),
    "words that nobody could read": (
        ("sources:", "  theme:\n    background: '#fafafa'\n    muted: '#999999'\nsources:"),
        "config.yaml:6: site.theme.muted: cannot be read on the background: #999999 on #fafafa has a contrast of 2.7, "
        "and text needs 4.5",
    ),
    "a card too dark for the words that are usual": (
        ("sources:", "  theme:\n    background: '#222222'\n    text: '#ffffff'\n    muted: '#ffffff'\nsources:"),
        "config.yaml:4: site.theme.heading: cannot be read on the background: #16191d on #222222 has a contrast of 1.1, "
        "and text needs 4.5",
    ),
    "a logo of unknown width": (
        ("sources:", "  theme: {logo: 'https://bacson.example/logo.png'}\nsources:"),
        "config.yaml:4: site.theme.logo_width: is needed with a logo: how many pixels wide is it when it is 40 px high?",
    ),
    "fonts that end the rule": (
        ("sources:", "  theme: {fonts: 'Arial; } body { display: none'}\nsources:"),
        "config.yaml:4: site.theme.fonts: write names of fonts with commas between them, with ' around a name of several "
        "words",
    ),
    "an unknown channel": (
        ("channels: [mail]", "channels: [mial]"),
        "config.yaml:10: newsletters.tin-sang.channels.0: there is no channel 'mial'; did you mean 'mail'?",
    ),
    "an unknown source": (
        ("    channels: [mail]", "    sources: [abc]\n    channels: [mail]"),
        "config.yaml:10: newsletters.tin-sang.sources.0: there is no source 'abc'; there are: bai-viet",
    ),
    "an unknown type of channel": (
        ("type: email", "type: emial"),
        "config.yaml:12: channels.mail.type: there is no channel of type 'emial'; did you mean 'email'?",
    ),
    "an unknown type of source": (
        ("type: folder", "type: foler"),
        "config.yaml:5: sources.bai-viet.type: there is no source of type 'foler'; did you mean 'folder'?",
    ),
    "a channel without a type": (
        ("{type: email, sender: tin@bacson.example}", "{sender: tin@bacson.example}"),
        "config.yaml:12: channels.mail.type: is missing; types: ",
    ),
    "a misspelt setting of a channel": (
        ("sender: tin@", "sendre: tin@"),
        "config.yaml:12: channels.mail.sendre: is not a known key; did you mean 'sender'?",
    ),
    "a setting that no channel has": (
        ("{type: email, sender: tin@bacson.example}", "{type: feed, folder: f, url: https://bacson.example, zzz: 1}"),
        "config.yaml:12: channels.mail.zzz: is not a known key; "
        "there are: allow_private, folder, full_text, hub, max_items, url",
    ),
    "a port that is a word": (
        ("{type: email, sender: tin@bacson.example}", "{type: email, sender: tin@bacson.example, port: smtp}"),
        "config.yaml:12: channels.mail.port: write a whole number",
    ),
    "a port that is too large": (
        ("{type: email, sender: tin@bacson.example}", "{type: email, sender: tin@bacson.example, port: 70000}"),
        "config.yaml:12: channels.mail.port: write 65535 or less",
    ),
    "a number in place of a text": (
        ("{type: email, sender: tin@bacson.example}", "{type: email, sender: tin@bacson.example, helo_name: 5}"),
        "config.yaml:12: channels.mail.helo_name: YAML reads this as a number; put it in quotes to make it a text",
    ),
    "a color that YAML takes for a comment": (
        ("sources:", "  theme: \n    accent: #9b1c1c\nsources:"),
        "config.yaml:5: site.theme.accent: is empty: YAML takes what follows # for a comment; put it in quotes",
    ),
    "a topic that YAML takes for a comment": (
        ("channels: [mail]", "channels: [mail]\n    topics:\n      - #tin"),
        "config.yaml:12: newsletters.tin-sang.topics.0: is empty: YAML takes what follows # for a comment; put it in quotes",
    ),
    "a title that YAML takes for true": (
        ("title: Tin sáng", "title: yes"),
        "config.yaml:8: newsletters.tin-sang.title: YAML reads this as true or false; put it in quotes to make it a text",
    ),
    "a password of digits": (
        ("{type: email, sender: tin@bacson.example}", "{type: email, sender: tin@bacson.example, password: 12345678}"),
        "config.yaml:12: channels.mail.password: YAML reads this as a number; put it in quotes to make it a text",
    ),
    "a schedule that is switched off": (
        ("schedule: 0 7 * * mon-fri", "schedule: off"),
        "config.yaml:9: newsletters.tin-sang.schedule: YAML reads this as true or false; put it in quotes",
    ),
    "a list in place of a text": (
        ("title: Tin sáng", "title: [Tin, sáng]"),
        "config.yaml:8: newsletters.tin-sang.title: write a text, not a list or a section",
    ),
    "a word that is no choice": (
        ("channels: [mail]", "channels: [mail]\n    recheck: no"),
        "config.yaml:11: newsletters.tin-sang.recheck: write refresh, drop or hold",
    ),
    "a numbered weekday": (
        ("mon-fri", "1-5"),
        "config.yaml:9: newsletters.tin-sang.schedule: weekdays are written by name (mon-fri, sat,sun): "
        "their numbers differ between programs",
    ),
    "a number that is too small": (
        ("    channels: [mail]", "    min_articles: 0\n    channels: [mail]"),
        "config.yaml:10: newsletters.tin-sang.min_articles: write 1 or more",
    ),
    "a duration without a unit": (
        ("    channels: [mail]", "    expires_after: 24\n    channels: [mail]"),
        "config.yaml:10: newsletters.tin-sang.expires_after: write a duration as a number and a unit: 90s, 15m, 24h, 3d",
    ),
    "a variable that is not set": (
        ("title: Báo Bắc Sơn", "title: ${BAO_TITLE}"),
        "config.yaml:2: site.title: the environment variable BAO_TITLE is not set; set it, or write ${BAO_TITLE:-default}",
    ),
    "a secret file that is not there": (
        ("sources:", "secret: file:nowhere.key\nsources:"),
        "config.yaml:4: secret: the secret file ",
    ),
    "a key that stands twice": (
        ("  url: https://bacson.example\n", "  url: https://bacson.example\n  url: https://other.example\n"),
        "config.yaml:4: site.url: is set twice, first in line 3",
    ),
    "a name with capitals": (
        ("  tin-sang:", "  Tin_Sang:"),
        "config.yaml:7: newsletters.Tin_Sang: a name has lowercase letters, digits and hyphens, at most 40",
    ),
    "text where a section belongs": (
        ("  mail: {type: email, sender: tin@bacson.example}", "  mail: yes please"),
        "config.yaml:12: channels.mail: must have `key: value` lines of its own, with a `type:`",
    ),
    "a list that is none": (
        ("channels: [mail]", "channels: mail"),
        "config.yaml:10: newsletters.tin-sang.channels: write a list: [one, two]",
    ),
    "no newsletters at all": (
        ("newsletters:\n  tin-sang:\n    title: Tin sáng\n    schedule: 0 7 * * mon-fri\n    channels: [mail]\n", ""),
        "config.yaml: newsletters: is missing, and there is no default",
    ),
    "a sender that is no address": (
        ("tin@bacson.example", "tin"),
        "config.yaml:12: channels.mail.sender: ",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_in_one_line_with_its_place(tmp_path: Path, name: str) -> None:
    (old, new), expected = BROKEN[name]
    assert old in GOOD
    told = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(line.startswith(expected) for line in told), told
    assert all("\n" not in line for line in told)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize("value", ["@tin", "%tin", "`tin`", "*tin", "> tin", "Tin: sáng", "!tin", "& tin"])
def test_a_text_that_yaml_cannot_read_is_asked_for_in_quotes(tmp_path: Path, value: str) -> None:
    (told,) = problems(tmp_path, GOOD.replace("title: Tin sáng", f"title: {value}"))
    assert "config.yaml:8: " in told and "put it in quotes" in told
    assert problems(tmp_path, GOOD.replace("title: Tin sáng", f'title: "{value}"')) == []


@pytest.mark.parametrize(
    "value", ["07:00", "12:30:45", "2026-11-23", "2026-11-23 07:00:00", "0912345678", "1.2.3", "~/tin"]
)
def test_a_text_that_only_yaml_would_take_for_something_else_stays_a_text(tmp_path: Path, value: str) -> None:
    made = settings(tmp_path, GOOD.replace("title: Tin sáng", f"title: {value}"), {})
    assert made.newsletters["tin-sang"].title == value


@pytest.mark.parametrize(
    "url",
    ["postgresql+psycopg://u:pw@host:abc/d", "postgresql+psycopg://u:pw@host:99999/d", "mysql://u:pw@host/d", "x", "5"],
)
def test_the_address_of_the_store_is_checked_with_the_rest_and_its_password_not_shown(tmp_path: Path, url: str) -> None:
    told = problems(tmp_path, f"{GOOD}store: {{url: '{url}'}}\n")
    assert any(line.startswith("config.yaml:13: store.url: ") for line in told), told
    assert not any("pw" in line.replace("password", "") for line in told)


def test_a_duration_longer_than_anything_is_told(tmp_path: Path) -> None:
    for text in ("999999999999d", "9" * 5000 + "w", "40000d"):
        told = problems(
            tmp_path, GOOD.replace("    channels: [mail]", f"    expires_after: {text}\n    channels: [mail]")
        )
        assert any("is longer than a hundred years" in line for line in told), told


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory; run `distributor init` to make one"):
        open_newsroom(tmp_path / "config.yaml")


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    broken = GOOD
    for name in ("a misspelt key", "a numbered weekday", "an unknown type of channel", "an address without a scheme"):
        (old, new), _ = BROKEN[name]
        broken = broken.replace(old, new, 1)
    told = problems(tmp_path, broken)
    assert len(told) == 4
    lines = [int(line.split(":")[1]) for line in told]
    assert lines == sorted(lines)


def test_a_secret_is_read_from_a_file_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cr3t-canary\n")
    made = settings(tmp_path, GOOD.replace("sources:", "secret: file:key\nsources:", 1), {})
    assert isinstance(made.secret, SecretStr)
    assert made.secret.get_secret_value() == "s3cr3t-canary"
    assert "canary" not in f"{made!r} {made}"


def test_a_wrong_secret_value_does_not_appear_in_the_message(tmp_path: Path) -> None:
    told = problems(tmp_path, GOOD.replace("sources:", "secret: [canary]\nsources:", 1))
    assert told
    assert not any("canary" in line for line in told)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", FirstGatherRule(10, timedelta())),
        ("3d", FirstGatherRule(0, timedelta(days=3))),
        ("5 or 12h", FirstGatherRule(5, timedelta(hours=12))),
    ],
)
def test_the_first_look_is_a_number_an_age_or_both(tmp_path: Path, text: str, value: FirstGatherRule) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(GOOD.replace("folder: articles", f"folder: articles, announce_since: {text}"), encoding="utf-8")
    assert open_newsroom(file).sources["bai-viet"].announce_since == value


@pytest.mark.parametrize(
    ("contact", "good"),
    [
        ("toasoan@bacson.example", True),
        ("https://bacson.example/lien-he", True),
        ('""', True),
        ("call us", False),
        ("http://bacson.example/", False),
        ("toasoan@", False),
    ],
)
def test_the_contact_is_an_email_address_or_an_https_address(tmp_path: Path, contact: str, good: bool) -> None:
    told = problems(
        tmp_path,
        GOOD.replace("site:\n", f"site:\n  contact: {contact}\n").replace("site: {", f"site: {{contact: {contact}, "),
    )
    assert told == [] if good else "site.contact: write an email address" in told[0]
