"""Runs of the relay against a server, and what came of them, for the tests of mail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from distributor.clock import steady
from distributor.errors import AuthBroken, DeliveryError, Rejected, StoreError, Unavailable, Uncertain
from distributor.mail.connection import SmtpServer, SmtpTimeouts
from distributor.mail.pool import SmtpPool
from distributor.mail.smtp_protocol import dot_stuff
from distributor.mail.transaction import BuildWireMessage, WireMessage
from distributor.message_queue import DeliveryOutcome, MessageBatch, OutgoingMessage
from distributor.model import Receipt, Recipient, Rendition
from distributor.rate_leases import RateKey, RateLease, RateRefusal, RateState, lease_permits
from support.smtp_servers import Postbox, Scripted

OK, DOWN, NO, MAYBE, BROKEN = Receipt, Unavailable, Rejected, Uncertain, AuthBroken
IMPATIENT = SmtpTimeouts(connect=5, command=0.3, data=0.3, content=0.3, answer=0.3, quit=0.1)
PATIENT = SmtpTimeouts(connect=10, command=10, data=10, content=10, answer=10, quit=1)
MESSAGE = b"Subject: tin\r\n\r\nXin chao\r\n.\r\n..hai\r\n"

MakeScripted = Callable[..., Awaitable[Scripted]]
MakePostbox = Callable[..., Awaitable[Postbox]]


@dataclass
class Run:
    """What came of one run: outcomes by recipient, whom `allowed` was asked about, and what was raised for all."""

    outcomes: dict[str, Receipt | DeliveryError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    raised: BaseException | None = None
    left: int = 0  # messages that were put back and not taken again

    @property
    def kinds(self) -> dict[str, type]:
        return {name: type(outcome) for name, outcome in self.outcomes.items()}


def server(port: int, **changes: Any) -> SmtpServer:
    """A server that is spoken to over one connection, so that what happens has an order."""
    plain = SmtpServer(
        host="127.0.0.1", port=port, security="none", hostname="news.example", timeouts=PATIENT, connections=1
    )
    return replace(plain, **changes)


@dataclass(frozen=True)
class Envelope:
    """One message of a run: `key` is also the local part of its recipient, unless that is named."""

    key: str
    message: Callable[[], bytes] = lambda: MESSAGE
    recipient: str = ""
    sender: str = "tin@b.vn"

    def outgoing(self) -> OutgoingMessage:
        to = Recipient(id=self.key, address=self.recipient or f"{self.key}@c.vn")
        return OutgoingMessage(Rendition(channel="mail", variant="digest", media_type="text/plain", body=b""), to)


def envelopes(*names: str, message: bytes = MESSAGE) -> list[Envelope]:
    return [Envelope(name, lambda: message) for name in names]


def of_domains(*names: str) -> list[Envelope]:
    """The same, each to a domain of its own."""
    return [Envelope(name, recipient=f"{name}@{name}.vn") for name in names]


def packer(letters: Sequence[Envelope]) -> BuildWireMessage:
    """Makes parcels of the messages as they are."""
    by_key = {letter.key: letter for letter in letters}

    def pack(outgoing: OutgoingMessage, eight_bit: bool) -> WireMessage:
        letter = by_key[outgoing.recipient.id]
        message = letter.message()
        utf8 = not (outgoing.recipient.address.isascii() and message.isascii())
        return WireMessage(letter.sender, outgoing.recipient.address, dot_stuff(message), utf8=utf8)

    return pack


async def run(
    server: SmtpServer | Sequence[SmtpServer],
    letters: Sequence[Envelope],
    refuse: tuple[str, ...] = (),
    fail: BaseException | None = None,
    asking: Callable[[str], Awaitable[None]] | None = None,
    within: float = 30,
) -> Run:
    """Carry letters, and give up loudly where it hangs for more than `within` seconds. `asking` is awaited while the mark
    of a letter is asked for."""
    done = Run()

    class Hand(MessageBatch):
        async def mark(self, message: OutgoingMessage) -> bool:
            key = message.recipient.id
            done.asked.append(key)
            if asking:
                await asking(key)
            if fail:
                raise fail
            return key not in refuse

        def answer(self, message: OutgoingMessage, outcome: DeliveryOutcome) -> None:
            assert message.recipient.id not in done.outcomes, "two answers for one recipient"
            done.outcomes[message.recipient.id] = outcome

    servers = [server] if isinstance(server, SmtpServer) else server
    hand = Hand([letter.outgoing() for letter in letters])
    try:
        async with asyncio.timeout(within):
            await SmtpPool(servers, packer(letters)).send_all(hand)
    except DeliveryError as error:
        done.raised = error
    done.left = hand.at_hand
    return done


@dataclass
class LendingRates:
    """Rates that are shared with others, who do not show up. `pieces` are lent first."""

    pieces: list[RateLease] = field(default_factory=list)
    refuse_until: float = 0.0
    fails: bool | Exception = False
    looks: int = 0  # for pauses
    wanted: list[int] = field(default_factory=list)
    returned: list[tuple[float, int]] = field(default_factory=list)
    paused: dict[str, float] = field(default_factory=dict)
    states: dict[str, RateState] = field(default_factory=dict)

    def _there(self) -> None:
        if self.fails:
            raise self.fails if isinstance(self.fails, Exception) else StoreError("away")

    async def lease(
        self, key: RateKey, wanted: int, unused: Sequence[tuple[float, int]] = ()
    ) -> RateLease | RateRefusal:
        self.wanted.append(wanted)
        self._there()
        self.returned += unused
        now = steady()
        if self.refuse_until > now:
            return RateRefusal(self.refuse_until)
        if self.pieces:
            return self.pieces.pop(0)
        state = self.states.get(key.name, RateState())
        self.states[key.name], answer = lease_permits(state, key.limits, now, wanted)
        return answer

    async def give_back(self, key: RateKey, unused: Sequence[tuple[float, int]]) -> None:
        self._there()
        self.returned += unused

    async def paused_domains(self) -> Mapping[str, float]:
        self.looks += 1
        self._there()
        return dict(self.paused)

    async def pause_domain(self, domain: str) -> float:
        self._there()
        return self.paused.setdefault(domain, steady() + 60)

    async def resume_domain(self, domain: str) -> None:
        self._there()
        self.paused.pop(domain, None)
