"""The health of one SMTP server: what the results of all its connections say of it, and not of recipients. Pure.

What speaks of us (`refusals`) is never held against a recipient: the email waits, and the server is stopped at once, or
after a few in a row where it has taken emails before. A refusal that speaks of nobody clearly is harder: a server that does
not want us refuses everybody alike, but so does one with a rule for three recipients who happen to head the list. Such
refusals are held back until somebody is taken, and then they were about those recipients; that everybody is refused is
concluded from many of them only, of several domains, and not where the server has told recipients apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..message_queue import DeliveryOutcome, OutgoingMessage
from ..model import Receipt
from .rejection_rules import RejectionCause
from .rejections import STOPPED, Rejection
from .smtp_protocol import Phase, Reply

MAX_TRIES = 2  # of one message that was lost before its dot; it may be the message that the server stumbles over
_SETBACKS = 4  # losses in a row for each connection, after which the server is left alone
_IN_A_ROW = 3  # refusals of us, none taken between them, after which a server that has taken emails is stopped
_EVERYBODY, _EVERY_MESSAGE = 10, 3  # unclear refusals of recipients, or of what we say, before anything was taken …
_DOMAINS = 2  # … and the least number of domains among them


class MessageResult(NamedTuple):
    """What became of one message, the reply that decided it, and what that is about where it is a refusal. `lost`: the
    connection ended with it."""

    outcome: DeliveryOutcome
    reply: Reply | None = None
    lost: bool = False
    rejection: Rejection | None = None


@dataclass
class ServerHealth:
    """The record of one server. `judge` is asked after each result."""

    server: str
    connections: int = 1  # open at once: each may be lost once by one fault
    failures: int = 0
    accepted: bool = False  # whether a message was taken
    tells_recipients_apart: bool = False  # whether an answer shows that it takes or refuses single recipients
    last: str = ""
    tries: dict[OutgoingMessage, int] = field(default_factory=dict)
    held: list[tuple[OutgoingMessage, DeliveryOutcome]] = field(default_factory=list)
    _sender_rejections: int = 0  # refusals of us in a row
    _complaint: DeliveryError | None = None  # what the last of them says
    _stop: DeliveryError | None = None
    _messages: list[str] = field(default_factory=list)  # domains of messages refused at their end, before any was taken

    def exhausts_tries(self, message: OutgoingMessage, reason: str) -> bool:
        """Count a loss before the dot; whether this message has been tried enough."""
        self.record_failure(reason)
        tries = self.tries[message] = self.tries.get(message, 0) + 1
        return tries >= MAX_TRIES

    def record_failure(self, reason: str) -> None:
        self.failures += 1
        self.last = reason

    def released(
        self, message: OutgoingMessage, result: MessageResult
    ) -> list[tuple[OutgoingMessage, DeliveryOutcome]]:
        """The answers that can be given after this result."""
        self.tries.pop(message, None)
        outcome, refusal, reply = result.outcome, result.rejection, result.reply
        if result.lost or isinstance(outcome, Uncertain):
            self.record_failure(str(outcome))
        elif reply:
            self.failures = 0
        if isinstance(outcome, Receipt):
            self.accepted, self._sender_rejections, self._complaint = True, 0, None
            held, self.held = self.held, []
            return [*held, (message, outcome)]
        if refusal is None:
            return [(message, outcome)]
        at_recipient = reply is not None and reply.phase is Phase.RCPT
        if refusal.about is RejectionCause.RELAYING and at_recipient:
            self.last = outcome.reply
            if not self.accepted:
                self.held.append((message, outcome))
                return []
        if refusal.ours:
            self._refuses_us(refusal, outcome, at_recipient)
            return [(message, outcome)]
        self.tells_recipients_apart = self.tells_recipients_apart or refusal.recipients or not at_recipient
        if refusal.recipients or self.accepted or not isinstance(outcome, Rejected):
            return [(message, outcome)]
        self.last = outcome.reply
        if at_recipient:
            self.held.append((message, outcome))
            return []
        self._messages.append(_domain(message))
        return [(message, _waits(outcome))]

    def _refuses_us(self, refusal: Rejection, outcome: DeliveryOutcome, at_recipient: bool) -> None:
        """Stop where it is clear: after a few in a row, since a server may pass on what single recipients' servers say; at
        the first one where no recipient was asked for and nothing was taken before, unless it passes by itself."""
        assert isinstance(outcome, Unavailable)
        self._sender_rejections += 1
        self.last = outcome.reply
        what = f"{outcome}: this is about {refusal.what}, not about the recipient"
        self._complaint = server_failure(refusal, what, outcome.reply, outcome.keys)
        patient = self.accepted or at_recipient or (refusal.passing and refusal.wait <= STOPPED)
        enough = _EVERYBODY if refusal.about is RejectionCause.RELAYING else _IN_A_ROW if patient else 1
        if self._sender_rejections >= enough:
            self._stop = self._complaint

    def judge(self) -> None:
        """Raises Unavailable or AuthBroken where it is the server and not the recipients."""
        if self._stop:
            raise self._stop
        if self.failures >= _SETBACKS * self.connections:
            raise Unavailable(f"{self.server} failed {self.failures} times in a row: {self.last}")
        if self.accepted:
            return
        domains = [_domain(message) for message, _ in self.held]
        if not self.tells_recipients_apart and len(domains) >= _EVERYBODY and len(set(domains)) >= _DOMAINS:
            raise self._refuses(f"everybody, so far {len(domains)} recipients of {len(set(domains))} domains")
        if len(self._messages) >= _EVERY_MESSAGE and len(set(self._messages)) >= _DOMAINS:
            raise self._refuses(f"every message, so far {len(self._messages)}")

    def _refuses(self, whom: str) -> AuthBroken:
        return AuthBroken(f"{self.server} refuses {whom}: {self.last}", reply=self.last, keys=("host", "username"))

    def final_failure(self) -> DeliveryError | None:
        """What is reported to staff when the work ends without an email taken: a refusal of us, or that all were refused."""
        if self.accepted or self._complaint:
            return self._complaint
        relaying = [outcome for _, outcome in self.held if isinstance(outcome, Unavailable)]
        if relaying:
            return AuthBroken(str(relaying[-1]), reply=relaying[-1].reply, keys=relaying[-1].keys)
        domains = {_domain(message) for message, _ in self.held}
        if not self.tells_recipients_apart and len(self.held) > _DOMAINS and len(domains) >= _DOMAINS:
            return self._refuses(f"everybody, {len(self.held)} recipients of {len(domains)} domains")
        return None

    def left(self) -> list[tuple[OutgoingMessage, DeliveryOutcome]]:
        """The answers to who is still held back when the work ends. Nobody was taken, so nobody can tell whether it was
        about them: they wait."""
        held, self.held = self.held, []
        return [(message, _waits(outcome) if isinstance(outcome, Rejected) else outcome) for message, outcome in held]


def server_failure(refusal: Rejection, text: str, reply: str, keys: tuple[str, ...]) -> DeliveryError:
    """What stops a server that refuses us: until somebody mends it, or for as long as it takes by itself."""
    if refusal.needs_staff and not refusal.passing:
        return AuthBroken(text, reply=reply, keys=keys)
    return Unavailable(text, reply=reply, keys=keys, wait=refusal.wait or STOPPED, ours=True)


def _waits(refused: Rejected, wait: timedelta = STOPPED) -> Unavailable:
    return Unavailable(str(refused), reply=refused.reply, wait=wait, ours=True)


def _domain(message: OutgoingMessage) -> str:
    return message.recipient.address.rpartition("@")[2].lower()
