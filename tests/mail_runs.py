"""Runs of the relay against a server, and what came of them, for the tests of mail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from fixtures_mail import Postbox, Scripted

from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.mail import relay
from distributor.mail.link import Deadlines, Server
from distributor.mail.relay import Envelope
from distributor.model import Receipt

OK, DOWN, NO, MAYBE, BROKEN = Receipt, Unavailable, Rejected, Uncertain, AuthBroken
IMPATIENT = Deadlines(connect=5, command=0.3, data=0.3, content=0.3, answer=0.3, quit=0.1)
PATIENT = Deadlines(connect=10, command=10, data=10, content=10, answer=10, quit=1)
MESSAGE = b"Subject: tin\r\n\r\nXin chao\r\n.\r\n..hai\r\n"

MakeScripted = Callable[..., Awaitable[Scripted]]
MakePostbox = Callable[..., Awaitable[Postbox]]


@dataclass
class Run:
    """What came of one run: outcomes by recipient, whom `allowed` was asked about, and what was raised for all."""

    outcomes: dict[str, Receipt | DeliveryError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def kinds(self) -> dict[str, type]:
        return {name: type(outcome) for name, outcome in self.outcomes.items()}


def server(port: int, **changes: Any) -> Server:
    plain = Server(host="127.0.0.1", port=port, security="none", hostname="desk.example", deadlines=PATIENT)
    return replace(plain, **changes)


def envelopes(*names: str, message: bytes = MESSAGE) -> list[Envelope]:
    return [Envelope(key=name, sender="tin@b.vn", recipient=f"{name}@c.vn", message=lambda: message) for name in names]


async def run(
    server: Server, letters: list[Envelope], refuse: tuple[str, ...] = (), fail: BaseException | None = None
) -> Run:
    """Carry letters, and give up loudly where it hangs."""
    done = Run()

    async def allowed(key: str) -> bool:
        done.asked.append(key)
        if fail:
            raise fail
        return key not in refuse

    async with asyncio.timeout(30):
        try:
            async for key, outcome in relay.carry(server, letters, allowed):
                assert key not in done.outcomes, "two answers for one recipient"
                done.outcomes[key] = outcome
        except DeliveryError as error:
            done.raised = error
    return done
