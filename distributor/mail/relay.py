"""Carries messages to one SMTP server, one after the other over one connection, each with one recipient.

The outcome of a recipient:

    2yz to the dot ────────────── Receipt            5yz to RCPT, DATA or the dot ──── Rejected
    4yz, or lost before the dot ─ Unavailable        5yz before any recipient ──────── AuthBroken (about us)
    lost after the dot ────────── Uncertain          421, or lost between messages ─── connect again, nobody is blamed

What is about the server and not about a recipient is raised, so that it can never be held against the recipients:
AuthBroken where it does not want us, Unavailable where it keeps failing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..model import Receipt
from .link import Link, Lost, Server
from .smtp import Phase, Reply

_TRIES = 2  # of one message that was lost before its dot; it may be the message that the server stumbles over
_SETBACKS = 4  # losses in a row, after which the server is left alone
_REFUSALS = 3  # by policy (5.7.x) before it has taken a single message: it does not want us
_LOG_IN_FIRST = {530, 534, 535, 538}  # RFC 4954, section 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One message on its way: `key` names it to the caller, `message` makes its bytes when it is its turn.

    `message` may raise ValueError for a message that cannot be made; that recipient is then rejected.
    """

    key: str
    sender: str
    recipient: str
    message: Callable[[], bytes]


Outcome = Receipt | DeliveryError
Allowed = Callable[[str], Awaitable[bool]]


async def carry(
    server: Server, envelopes: Iterable[Envelope], allowed: Allowed
) -> AsyncGenerator[tuple[str, Outcome], None]:
    """Carry messages, one answer each, as soon as it is known.

    `allowed` is asked right before the dot; a message it refuses is not ended and has no answer. Raises Unavailable
    where the server cannot be reached or keeps failing, AuthBroken where it does not want us at all; the messages
    without an answer are then surely not out and still to be carried.
    """
    waiting = deque(envelopes)
    record = _Record(server)
    link: Link | None = None
    try:
        while waiting:
            if link is None or link.closing or link.carried >= server.per_connection:
                if link:
                    await link.close()
                link = await Link.open(server)
            try:
                result = await _transfer(link, waiting[0], allowed)
            except Lost as lost:
                link.abort()
                if not record.gives_up(lost):
                    continue
                result = _Result(Unavailable(f"{server}: {lost}"))
            for answer in record.released(waiting.popleft().key, result):
                yield answer
            record.judge()
        for answer in record.held:
            yield answer
    finally:
        if link:
            await link.close()


async def probe(server: Server) -> None:
    """Connect, log in and leave again, without a message. Raises Unavailable or AuthBroken."""
    link = await Link.open(server)
    await link.close()


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one message, and the reply that decided it. `lost`: the connection ended at the dot."""

    outcome: Outcome | None
    reply: Reply | None = None
    lost: bool = False

    @property
    def by_policy(self) -> bool:
        return isinstance(self.outcome, Rejected) and bool(self.reply and self.reply.enhanced.startswith("5.7."))


@dataclass
class _Record:
    """What the results of one run tell about the server.

    A relay that does not want us (`554 5.7.1 Relay access denied`) refuses every recipient alike. Until it has taken a
    message, recipients refused by policy before their dot are held back: either somebody else is taken, and the refusal
    was about them, or nobody is, and it is about us.
    """

    server: Server
    setbacks: int = 0
    tries: int = 0
    refusals: int = 0
    accepted: bool = False
    last: str = ""
    held: list[tuple[str, Outcome]] = field(default_factory=list)

    def gives_up(self, lost: Lost) -> bool:
        """Count a loss before the dot; whether this message has been tried enough. Raises Unavailable."""
        self.tries += 1
        self.setbacks += 1
        self.last = str(lost)
        self.judge()
        return self.tries >= _TRIES

    def released(self, key: str, result: _Result) -> list[tuple[str, Outcome]]:
        """The answers that can be given after this result."""
        self.tries = 0
        if result.outcome is None:
            return []
        if result.lost or isinstance(result.outcome, Uncertain):
            self.setbacks += 1
            self.last = str(result.outcome)
        elif result.reply:
            self.setbacks = 0
        if result.by_policy and not self.accepted:
            self.refusals += 1
            self.last = str(result.reply)
            if result.reply and result.reply.phase is not Phase.ANSWER:
                self.held.append((key, result.outcome))
                return []
        self.accepted = self.accepted or isinstance(result.outcome, Receipt)
        released, self.held = (self.held, []) if self.accepted else ([], self.held)
        return [*released, (key, result.outcome)]

    def judge(self) -> None:
        """Raises Unavailable or AuthBroken where it is the server and not the recipients."""
        if self.setbacks >= _SETBACKS:
            raise Unavailable(f"{self.server} failed {self.setbacks} times in a row: {self.last}")
        if self.refusals >= _REFUSALS and not self.accepted:
            raise AuthBroken(f"{self.server} refuses everybody: {self.last}", reply=self.last)


# -- one message -------------------------------------------------------------------------------------------------------


async def _transfer(link: Link, envelope: Envelope, allowed: Allowed) -> _Result:
    """One message over one connection. Raises Lost while nothing is out; AuthBroken for what is about us."""
    link.carried += 1
    try:
        message = envelope.message()
    except ValueError as error:
        return _Result(Rejected(f"no message could be made: {error}"))
    utf8 = not (envelope.recipient.isascii() and message.isascii())
    impossible = _impossible(link, message, utf8)
    if impossible:
        return _Result(impossible)
    reply = await link.ask(link.talk.mail, envelope.sender, size=len(message), utf8=utf8)
    if not reply.ok:
        _refused_sender(link, reply)
    try:
        reply = await link.ask(link.talk.rcpt, envelope.recipient)
        if reply.ok:
            reply = await link.ask(link.talk.data)
        if reply.code != 354:
            return await _refused(link, reply)
        link.talk.content(message)
    except ValueError as error:  # a line end that would have smuggled a command
        link.abort()
        return _Result(Rejected(f"the message cannot be sent: {error}"))
    await link.write()
    return await _end(link, envelope, allowed)


async def _end(link: Link, envelope: Envelope, allowed: Allowed) -> _Result:
    """Ask whether the message may go, and end it. From here on nothing is raised but what `allowed` raises."""
    may_go = False
    try:
        may_go = await allowed(envelope.key)
    finally:
        if not may_go:
            link.abort()
    if not may_go:
        return _Result(None)
    try:
        await link.look()  # a connection that is closed by now must not make an honest failure a doubt
        reply = await link.ask(link.talk.end_of_content)
    except Lost as lost:
        in_doubt = link.in_doubt
        link.abort()
        text = f"{link.server}: {lost}"
        return _Result(Uncertain(text) if in_doubt else Unavailable(text), lost=True)
    if reply.ok:
        return _Result(Receipt(reply=str(reply)), reply)
    return await _refused(link, reply)


def _impossible(link: Link, message: bytes, utf8: bool) -> Rejected | None:
    """Why this server cannot take the message, from what it said in EHLO."""
    if utf8 and not (link.talk.offers("SMTPUTF8") and link.talk.offers("8BITMIME")):
        return Rejected(f"{link.server} takes no addresses with letters beyond ASCII", reply="5.6.7 no SMTPUTF8")
    if 0 < link.talk.largest < len(message):
        return Rejected(f"the message has {len(message)} octets; {link.server} takes {link.talk.largest}")
    return None


def _refused_sender(link: Link, reply: Reply) -> None:
    """A refusal before a recipient is named is about us: for a while, or until staff mend it."""
    text = f"{link.server} answered {reply} to MAIL"
    if reply.permanent:
        raise AuthBroken(text, reply=str(reply))
    raise Lost(text)


async def _refused(link: Link, reply: Reply) -> _Result:
    """What a reply other than the wished one means, and the connection made ready for the next message."""
    text = f"{link.server} answered {reply} to {reply.phase.value}"
    if reply.code in _LOG_IN_FIRST and reply.phase is not Phase.ANSWER:
        raise AuthBroken(text, reply=str(reply))
    outcome: DeliveryError
    if reply.permanent and not (reply.code == 552 and reply.phase is Phase.RCPT):
        outcome = Rejected(text, reply=str(reply))
    elif reply.phase is Phase.ANSWER and not 400 <= reply.code < 500:
        outcome = Uncertain(text, reply=str(reply))  # neither taken nor refused
    else:  # 552 to RCPT is the old way to say "too many recipients" (section 4.5.3.1.10), and so not for good
        outcome = Unavailable(text, reply=str(reply))
    if reply.phase is not Phase.ANSWER:
        await _reset(link)
    return _Result(outcome, reply)


async def _reset(link: Link) -> None:
    """Let go of the transaction. The answer for the recipient stands, whatever becomes of the connection."""
    try:
        reply = await link.ask(link.talk.reset)
    except Lost:
        link.abort()
        return
    if not reply.ok:
        link.closing = True
