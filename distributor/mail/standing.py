"""How one relay stands with us: what the results of all its connections tell about it, and not about recipients.

A relay that does not want us (`554 5.7.1 Relay access denied`) refuses every recipient alike. Until it has taken a
message, recipients refused by policy before their dot are held back: either somebody else is taken, and the refusal was
about them, or nobody is, and it is about us.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..errand import Errand, Outcome
from ..errors import AuthBroken, Rejected, Unavailable, Uncertain
from ..model import Receipt
from .smtp import Phase, Reply

TRIES = 2  # of one message that was lost before its dot; it may be the message that the server stumbles over
_SETBACKS = 4  # losses in a row for each connection, after which the server is left alone
_REFUSALS = 3  # by policy (5.7.x) before it has taken a single message: it does not want us


class Result(NamedTuple):
    """What became of one message, and the reply that decided it. `lost`: the connection ended with it."""

    outcome: Outcome
    reply: Reply | None = None
    lost: bool = False

    @property
    def by_policy(self) -> bool:
        return isinstance(self.outcome, Rejected) and bool(self.reply and self.reply.enhanced.startswith("5.7."))


@dataclass
class Standing:
    """The record of one relay. `judge` is asked after each result."""

    server: str
    connections: int = 1  # open at once: each may be lost once by one fault
    setbacks: int = 0
    refusals: int = 0
    accepted: bool = False
    last: str = ""
    tries: dict[Errand, int] = field(default_factory=dict)
    held: list[tuple[Errand, Outcome]] = field(default_factory=list)

    def gives_up(self, errand: Errand, reason: str) -> bool:
        """Count a loss before the dot; whether this message has been tried enough."""
        self.setback(reason)
        tries = self.tries[errand] = self.tries.get(errand, 0) + 1
        return tries >= TRIES

    def setback(self, reason: str) -> None:
        self.setbacks += 1
        self.last = reason

    def released(self, errand: Errand, result: Result) -> list[tuple[Errand, Outcome]]:
        """The answers that can be given after this result."""
        self.tries.pop(errand, None)
        if result.lost or isinstance(result.outcome, Uncertain):
            self.setback(str(result.outcome))
        elif result.reply:
            self.setbacks = 0
        if result.by_policy and not self.accepted:
            self.refusals += 1
            self.last = str(result.reply)
            if result.reply and result.reply.phase is not Phase.ANSWER:
                self.held.append((errand, result.outcome))
                return []
        self.accepted = self.accepted or isinstance(result.outcome, Receipt)
        released, self.held = (self.held, []) if self.accepted else ([], self.held)
        return [*released, (errand, result.outcome)]

    def judge(self) -> None:
        """Raises Unavailable or AuthBroken where it is the server and not the recipients."""
        if self.setbacks >= _SETBACKS * self.connections:
            raise Unavailable(f"{self.server} failed {self.setbacks} times in a row: {self.last}")
        if self.refusals >= _REFUSALS and not self.accepted:
            raise AuthBroken(f"{self.server} refuses everybody: {self.last}", reply=self.last)
