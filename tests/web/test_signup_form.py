"""Who has sent a form is judged by what it carries; whoever is in doubt is never refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from distributor.web.signup_form import (
    HONEYPOT,
    PASSED,
    PASSED_VALID,
    Sender,
    form_time,
    judge_sender,
    passed_token,
)
from support.builders import NOW

KEY, OLD = b"k" * 32, b"o" * 32
LAN = "lan@example.vn"


def judge(fields: dict[str, str], now: datetime = NOW, keys: tuple[bytes, ...] = (KEY,)) -> Sender:
    return judge_sender({name: [value] for name, value in fields.items()}, LAN, keys, now)


@pytest.mark.parametrize(
    ("seconds", "sender"),
    [
        (-60, Sender.DOUBTFUL),  # in the future
        (0, Sender.DOUBTFUL),
        (2, Sender.DOUBTFUL),
        (3, Sender.PERSON),
        (86_400, Sender.PERSON),
        (86_401, Sender.LATE),
    ],
)
def test_people_take_between_three_seconds_and_a_day(seconds: int, sender: Sender) -> None:
    shown = form_time(KEY, NOW)
    assert judge({"shown": shown}, NOW + timedelta(seconds=seconds)) is sender


def test_the_extra_page_counts_more_than_all_else() -> None:
    fields = {HONEYPOT: "x", PASSED: passed_token(KEY, LAN, NOW)}
    assert judge(fields) is Sender.PASSED
    assert judge(fields, NOW + PASSED_VALID) is Sender.DOUBTFUL


def test_forms_stay_good_when_the_key_is_exchanged() -> None:
    later = NOW + timedelta(minutes=5)
    assert judge({"shown": form_time(OLD, NOW)}, later, (KEY, OLD)) is Sender.PERSON
    assert judge({PASSED: passed_token(OLD, LAN, NOW)}, later, (KEY, OLD)) is Sender.PASSED


def test_a_cached_page_stays_the_same_for_ten_minutes() -> None:
    start = datetime.fromtimestamp(NOW.timestamp() // 600 * 600, NOW.tzinfo)
    times = {form_time(KEY, start + timedelta(seconds=second), cached=True) for second in (0, 1, 599)}
    assert len(times) == 1
    assert judge({"shown": times.pop()}, start + timedelta(seconds=5)) is Sender.PERSON


@pytest.mark.parametrize("token", ["", "x", "v1.f....", passed_token(KEY, LAN, NOW), form_time(b"another", NOW)])
def test_any_other_time_is_in_doubt(token: str) -> None:
    assert judge({"shown": token}, NOW + timedelta(seconds=5)) is Sender.DOUBTFUL
