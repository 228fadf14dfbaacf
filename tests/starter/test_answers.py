"""The questions of `distributor init`: what is no answer is told in words, what is one stands in config.yaml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import distributor.starter as starter
from distributor.config.yaml import RawConfig, parse
from distributor.model import Language
from distributor.preflight.config_keys import find_placeholders
from distributor.starter.answers import (
    Answers,
    fill_in,
    parse_host,
    parse_language,
    parse_sender,
    parse_site_url,
    parse_timezone,
    parse_title,
)

CONFIG = (Path(next(iter(starter.__path__))) / "config.yaml").read_text(encoding="utf-8")


def filled(answers: Answers) -> RawConfig:
    raw = parse(fill_in(CONFIG, answers), Path("config.yaml"), {})
    assert raw.problems == ()
    return raw


def test_without_answers_the_starter_stays_as_it_is() -> None:
    assert fill_in(CONFIG, Answers()) == CONFIG


def test_answers_take_the_place_of_all_placeholders_but_the_postal_address() -> None:
    raw = filled(
        Answers(
            title="Báo Bắc Sơn",
            url="https://bacson.vn",
            timezone="Europe/Berlin",
            sender="Báo Bắc Sơn <tin@bacson.vn>",
            host="smtp.bacson.vn",
        )
    )
    assert [problem.path for _, problem in find_placeholders(raw)] == ["site.postal_address"]
    assert raw.data["site"]["timezone"] == "Europe/Berlin"
    assert raw.data["site"]["contact"] == "tin@bacson.vn"
    assert raw.data["sources"]["bai-viet"]["url"] == "https://bacson.vn/tin/{slug}"
    assert raw.data["channels"]["mail"] == {
        "type": "email", "sender": "Báo Bắc Sơn <tin@bacson.vn>", "host": "smtp.bacson.vn"
    }  # fmt: skip


def test_with_a_mail_server_nothing_points_to_a_mailbox_that_is_not_there() -> None:
    assert "mailbox" in CONFIG
    made = fill_in(CONFIG, Answers(host="smtp.bacson.vn"))
    assert [line for line in made.splitlines() if "mailbox" in line or "var/mail" in line] == []


def test_a_server_on_this_machine_is_spoken_to_without_tls() -> None:
    assert filled(Answers(host="localhost")).data["channels"]["mail"]["tls"] == "none"


def test_an_english_newsroom_has_nothing_vietnamese_but_what_nobody_has_answered() -> None:
    made = fill_in(CONFIG, Answers(language=Language.EN, title="The Hill", sender="a@hill.vn"))
    lines = [line.strip().partition("  ")[0] for line in made.replace("…", "").splitlines()]
    assert [line for line in lines if not line.isascii()] == ["postal_address: Địa chỉ tòa soạn"]
    data = parse(made, Path("config.yaml"), {}).data
    assert data["site"]["language"] == "en"
    assert list(data["newsletters"]) == [Answers(language=Language.EN).newsletter] == ["morning"]
    assert "distributor send morning" in made


def test_sources_take_the_place_of_the_folder() -> None:
    found = {"bacson": {"type": "page", "url": "https://bacson.vn/tin?a=$1&b=${X}", "select": {"body": "#noi-dung"}}}
    assert filled(Answers(sources=found)).data["sources"] == found


@pytest.mark.parametrize(
    "title", ["yes", "007", "- gạch", "a: b", 'Báo "Bắc" #1', "100% ${SECRET} $$", "{x}", "'", "@tin", "Tên tòa soạn"]
)
def test_a_title_is_read_back_as_it_was_said(title: str) -> None:
    assert filled(Answers(title=parse_title(title))).data["site"]["title"] == title


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (parse_title, " Báo\tBắc  Sơn ", "Báo Bắc Sơn"),
        (parse_site_url, "bacson.vn/", "https://bacson.vn"),
        (parse_site_url, "http://bacson.vn/cong", "http://bacson.vn/cong"),
        (parse_language, "EN", Language.EN),
        (parse_timezone, "Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh"),
        (lambda text: parse_sender(text, "Báo"), "tin@bacson.vn", "Báo <tin@bacson.vn>"),
        (lambda text: parse_sender(text, "Báo"), "Lan <tin@bacson.vn>", "Lan <tin@bacson.vn>"),
        (lambda text: parse_sender(text, "a <b"), "tin@bacson.vn", "tin@bacson.vn"),
        (parse_host, "smtp-1.bacson.vn", "smtp-1.bacson.vn"),
        (parse_host, "::1", "::1"),
    ],
)
def test_an_answer_is_brought_into_its_form(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (parse_title, " ", "write the name"),
        (parse_title, "x" * 101, "longer than 100"),
        (parse_site_url, "ftp://bacson.vn", "begins with https://"),
        (parse_site_url, "bacson", "has no dot"),
        (parse_site_url, "bacson.vn/?trang=1", "the address of the site alone"),
        (parse_site_url, 'bacson.vn/"a"', "the address of the site alone"),
        (parse_site_url, "https://ban:mk@bacson.vn", "must not contain a user name"),
        (parse_language, "tiếng Việt", "write vi or en"),
        (parse_timezone, "Hà Nội", "is not a time zone"),
        (parse_sender, "tin", "'tin'"),
        (parse_sender, "thư@bacson.vn", "only ASCII letters"),
        (parse_host, "smtp.bacson.vn:25", "the name of the server alone"),
        (parse_host, "https://smtp.bacson.vn", "the name of the server alone"),
    ],
)
def test_what_is_no_answer_is_told_in_words(read: Callable[[str], object], text: str, words: str) -> None:
    with pytest.raises(ValueError) as told:
        read(text)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("url", "sender"),
    [("https://www.bacson.vn/tin", "tin@bacson.vn"), ("http://10.0.0.1", ""), ("http://localhost", "")],
)
def test_the_sender_is_suggested_at_the_host_of_the_site(url: str, sender: str) -> None:
    assert Answers(url=url).suggested_sender == sender
