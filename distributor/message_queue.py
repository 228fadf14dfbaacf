"""What a channel that sends to subscribers is given to do: messages, each one rendition for one recipient.

A transport takes messages, as many at a time as it has hands, and reports of each what became of it. Before the irrevocable
byte of one leaves it asks for a mark; so whoever dies in between leaves a trace. A message that was taken is either
answered, or put back, or refused its mark.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from .attempt import Attempt, outside_attempt
from .errors import DeliveryError, Unavailable
from .http_client import HttpClient
from .model import Receipt, Recipient, Rendition
from .rate_leases import SharedRates

DeliveryOutcome = Receipt | DeliveryError


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingMessage:
    """One rendition for one recipient. `id` is its number in the ledger; 0 for one outside of it."""

    rendition: Rendition
    recipient: Recipient
    id: int = 0


class MessageQueue(Protocol):
    """The messages of one run, and the ledger behind them."""

    @property
    def at_hand(self) -> int:
        """About how many can be taken without waiting."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the work is to end: nothing more is handed out."""
        ...

    def take_now(self) -> OutgoingMessage | None:
        """The next one, if there is one at hand."""
        ...

    async def take(self) -> OutgoingMessage | None:
        """The next one; None when there is nothing more to do now, or the work is to end."""
        ...

    def requeue(self, message: OutgoingMessage, after: float = 0) -> None:
        """Not tried, or surely not out and nobody's fault: to be taken again, not before `after` seconds."""
        ...

    async def mark(self, message: OutgoingMessage) -> bool:
        """Commit that it may leave now. False: it must not, and is no message any more."""
        ...

    def attempt(self, message: OutgoingMessage) -> Attempt:
        """What its channel has at hand to carry it."""
        ...

    def answer(self, message: OutgoingMessage, outcome: DeliveryOutcome) -> None:
        """What became of it. A mark that is asked for later is committed with this or after it."""
        ...

    @property
    def rates(self) -> SharedRates | None:
        """The rates of the channel, as all processes share them; None where nobody shares."""
        ...


class Transport(Protocol):
    """Carries messages for one channel, for as long as the process lives: it may remember how a server behaves."""

    async def send_all(self, messages: MessageQueue) -> None:
        """Carry until there are no more. Raises Unavailable or AuthBroken where nothing can be carried; every message in
        hand was answered or put back before."""
        ...


@dataclass
class MessageBatch:
    """A few messages outside of the ledger: test emails, emails to staff, tests. `allowed` is asked for marks; `attempts`
    gives what their channel has at hand."""

    messages: Iterable[OutgoingMessage]
    allowed: Callable[[OutgoingMessage], bool] = lambda _: True
    attempts: Callable[[OutgoingMessage], Attempt] = field(default=lambda _: outside_attempt(HttpClient()))
    outcomes: dict[str, DeliveryOutcome] = field(default_factory=dict)
    rates: SharedRates | None = None
    _waiting: deque[OutgoingMessage] = field(init=False)
    _later: list[tuple[float, OutgoingMessage]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = deque(self.messages)

    @property
    def at_hand(self) -> int:
        return len(self._waiting)

    @property
    def ended(self) -> bool:
        return not (self._waiting or self._later)

    def take_now(self) -> OutgoingMessage | None:
        now = asyncio.get_running_loop().time()
        due = [message for when, message in self._later if when <= now]
        self._later = [(when, message) for when, message in self._later if when > now]
        self._waiting.extendleft(due)
        return self._waiting.popleft() if self._waiting else None

    async def take(self) -> OutgoingMessage | None:
        while not (message := self.take_now()) and self._later:  # noqa: ASYNC110  it is time that is waited for
            await asyncio.sleep(0.01)
        return message

    def requeue(self, message: OutgoingMessage, after: float = 0) -> None:
        if after:
            self._later.append((asyncio.get_running_loop().time() + after, message))
        else:
            self._waiting.appendleft(message)

    async def mark(self, message: OutgoingMessage) -> bool:
        return self.allowed(message)

    def attempt(self, message: OutgoingMessage) -> Attempt:
        return self.attempts(message)

    def answer(self, message: OutgoingMessage, outcome: DeliveryOutcome) -> None:
        self.outcomes[message.recipient.id] = outcome


async def send_one(transport: Transport, rendition: Rendition, recipient: Recipient, attempt: Attempt) -> Receipt:
    """Carry one rendition to one recipient, outside of the ledger. Raises the delivery error that it ends with."""
    hand = MessageBatch([OutgoingMessage(rendition, recipient)], attempts=lambda _: attempt)
    await transport.send_all(hand)
    outcome = hand.outcomes.get(recipient.id)
    if isinstance(outcome, Receipt):
        return outcome
    raise outcome or Unavailable("it was not carried")
