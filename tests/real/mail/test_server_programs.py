"""Postfix, Exim and OpenSMTPD as their packages come: refused recipients, rates, several connections, and never a word out
of turn. Each letter that was taken is there once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

import pytest

from distributor.mail.rates import RateLimit
from mail.mail_runs import BROKEN, DOWN, NO, OK, Envelope, run, server
from support.exim_and_opensmtpd import Unpacked
from support.postfix import Postfix, running_postfix

# What they write into their logs about a client that does not wait its turn.
COMPLAINTS = re.compile(r"(?i)synchroni[sz]ation|too soon|pipelining not supported|improper command pipelining|nested")
BARRED = ["barred1", "barred2", "barred3"]
NAMES = ["postfix", "postfix without pipelining", "exim", "exim without pipelining", "opensmtpd"]


@pytest.fixture(params=NAMES)
def mail_server(
    request: pytest.FixtureRequest,
    unpacked_servers: dict[str, Callable[[], AbstractContextManager[Unpacked]]],
) -> Iterator[Postfix | Unpacked]:
    if request.param in unpacked_servers:
        with unpacked_servers[request.param]() as exim_or_opensmtpd:
            yield exim_or_opensmtpd
    else:
        with running_postfix(discard=request.param.partition(" without ")[2]) as postfix:
            yield postfix


def letters(*names: str) -> list[Envelope]:
    """Each with its own name in it, and lines that begin with dots."""
    return [Envelope(name, partial(str.encode, f"Subject: {name}\r\n\r\n.\r\n..hai\r\n")) for name in names]


def subjects(mail_server: Postfix | Unpacked) -> Counter[str]:
    bodies = mail_server.letters()
    assert all(body.replace(b"\r\n", b"\n").endswith(b"\n\n.\n..hai\n") for body in bodies)
    return Counter(re.findall(r"(?m)^Subject: (\S+)", b"\n".join(bodies).decode()))


@pytest.mark.parametrize(
    ("connections", "rates"), [(1, (RateLimit(5, 0.04),)), (3, ())], ids=["with a rate", "three connections"]
)
async def test_hundreds_of_letters_and_refused_recipients(
    connections: int, rates: tuple[RateLimit, ...], mail_server: Postfix | Unpacked
) -> None:
    """Every seventh is refused, and the connection then waits for the rate."""
    names = [f"nobody{number}" if number % 7 == 3 else f"r{number}" for number in range(140)]
    known = [name for name in names if name.startswith("r")]
    done = await run(server(mail_server.port, connections=connections, rates=rates), letters(*names))
    assert done.raised is None and done.left == 0
    assert done.kinds == {name: OK if name in known else NO for name in names}
    await mail_server.has_delivered(len(known))
    assert subjects(mail_server) == Counter(known)
    assert COMPLAINTS.findall(mail_server.log()) == []


async def test_many_refused_in_a_row(mail_server: Postfix | Unpacked) -> None:
    """Exim ends the connection after ten RSETs, Postfix after twenty errors: the next goes over a new one, and nobody pays
    for it."""
    names = [*(f"nobody{number}" for number in range(13)), "lan", "mai"]
    done = await run(server(mail_server.port), letters(*names))
    assert done.raised is None
    assert done.kinds == {name: OK if name in ("lan", "mai") else NO for name in names}
    await mail_server.has_delivered(2)
    assert subjects(mail_server) == Counter(["lan", "mai"])
    assert COMPLAINTS.findall(mail_server.log()) == []


async def test_three_whom_postfix_is_told_to_reject_keep_nobody_waiting(postfix: Postfix) -> None:
    """`REJECT` in a table of recipients says `554 5.7.1 … Access denied`, as Postfix does where it wants nothing from us."""
    barred = [replace(one, recipient=f"{one.key}@d{number}.vn") for number, one in enumerate(letters(*BARRED))]
    names = [f"r{number}" for number in range(100)]
    done = await run(server(postfix.port), [*barred, *letters(*names)])
    assert done.raised is None
    assert done.kinds == dict.fromkeys(BARRED, NO) | dict.fromkeys(names, OK)
    assert all("Access denied" in str(done.outcomes[name]) for name in BARRED)
    await postfix.has_delivered(100)
    assert subjects(postfix) == Counter(names)


async def test_that_it_bars_everybody_is_concluded_and_nobody_is_given_up(postfix: Postfix) -> None:
    people = [Envelope(f"barred{number}", recipient=f"barred{number}@d{number}.vn") for number in range(60)]
    done = await run(server(postfix.port), people)
    assert type(done.raised) is BROKEN and "refuses everybody" in str(done.raised)
    assert set(done.kinds.values()) == {DOWN} and len(done.kinds) < 15
