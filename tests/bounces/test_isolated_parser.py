"""Returned mail: read whatever wrote it, sorted by what it means, traced to a letter of ours, and never believed blindly."""

from __future__ import annotations

import pytest

from distributor.bounces import parser
from distributor.bounces.isolated_parser import IsolatedBounceParser
from distributor.errors import LimitExceeded
from distributor.isolation import ChildLimits
from distributor.mail import verp
from support.bounce_cases import BOUNCES, Case

SECRET = (b"0123456789abcdef",)
TOKEN = verp.token(SECRET[0], 4711)
LINK = "v1.u.5f3a.tin-sang.c2lnbmF0dXJlLW9mLWEtbGluaw"
ID = "<abcdefghijklmnopqrstuvwxyz234@bacson.example>"


def raw(case: Case) -> bytes:
    return case.raw(token=TOKEN, id=ID, link=LINK)


# -- in a child process ------------------------------------------------------------------------------------------------


def test_a_child_reads_the_same_as_we_do() -> None:
    with IsolatedBounceParser(SECRET) as reader:
        for name, case in BOUNCES.items():
            assert reader.read(raw(case)) == parser.parse_reports(raw(case), SECRET), name


def test_a_mail_that_takes_too_much_memory_is_told_so_and_the_next_one_is_read() -> None:
    good = next(iter(BOUNCES.values()))
    with IsolatedBounceParser(SECRET, limits=ChildLimits(memory=8_000_000)) as reader:
        with pytest.raises(LimitExceeded, match="needs more than 7 MB of memory"):
            reader.read(b"Subject: x\n\n" + b"x" * 30_000_000)
        assert reader.read(raw(good)) == parser.parse_reports(raw(good), SECRET)
