"""Carries messages over one connection, each message in one transaction with one recipient, and says what became of each.

With pipelining (RFC 2920) the wire of a connection looks like this; a message costs one round trip:

    we    MAIL RCPT DATA ·········· content-1 dot MAIL RCPT DATA ·········· content-2 dot …
    they  ················ 250 250 354 ·························· 250 250 250 354 ·········

Between content and dot the mark is asked for: with it the outcome of the message before is committed, so that never more
than one message of a connection is in doubt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..message_queue import MessageQueue, OutgoingMessage
from ..model import Receipt
from .connection import ConnectionLost, SmtpConnection
from .health import MessageResult, server_failure
from .rejection_rules import RejectionCause
from .rejections import STOPPED, Rejection, classify_rejection
from .smtp_protocol import Phase, ProtocolError, Reply, reject_unsafe_path

_LOG_IN_FIRST = {530, 534, 535, 538}  # RFC 4954, section 6


class WireMessage(NamedTuple):
    """A message as it is sent: dots doubled, lines ended by CRLF, the end not included.

    `utf8`: an address or header is not ASCII; `eight_bit`: the body is not. `envelope_id` comes back in bounces.
    """

    sender: str
    recipient: str
    content: bytes
    utf8: bool = False
    eight_bit: bool = False
    envelope_id: str = ""


BuildWireMessage = Callable[
    [OutgoingMessage, bool], WireMessage
]  # the bytes of a message as it is sent; whether 8bit may be used. May raise ValueError.


class SmtpTransaction:
    """One connection at work. `report` is called with each result; `more` gives the next message to announce now."""

    def __init__(
        self,
        link: SmtpConnection,
        messages: MessageQueue,
        pack: BuildWireMessage,
        more: Callable[[], OutgoingMessage | None],
        report: Callable[[OutgoingMessage, MessageResult], None],
    ) -> None:
        self.link = link
        self.messages = messages
        self.current: OutgoingMessage | None = None  # the message whose outcome is open
        self.marked = False  # whether the mark of `current` is committed
        self._next: OutgoingMessage | None = None  # announced behind the dot of `current`
        self._build_message = pack
        self._more = more
        self._report = report
        self._wire_message: WireMessage | None = None
        self._next_wire_message: WireMessage | None = None
        self._stop: DeliveryError | None = None  # what ends the work, once the message in hand is answered

    async def run(self, message: OutgoingMessage) -> None:
        """Carry this message and those that follow at hand. Returns when none is left, or the connection has done enough.

        Raises Lost where the connection is gone: what is then in `current` is surely not out. Raises AuthBroken for what is
        about us.
        """
        self._begin(message)
        while self.current or self._next:
            if self.current and self._wire_message:
                await self._carry(self.current, self._wire_message)
            if self.link.closing:
                return
            self.current, self._wire_message = self._next, self._next_wire_message
            self._next = self._next_wire_message = None
            if self.current is None and self._may_go_on():
                following = self._more()
                if following:
                    self._begin(following)

    def _begin(self, message: OutgoingMessage) -> None:
        self.current = message
        self._wire_message = self._announce(message)

    def _tell(self, message: OutgoingMessage, result: MessageResult) -> None:
        """Say what became of a message, which is then out of our hands. What `report` raises is let through."""
        if message is self.current:
            self.current, self.marked = None, False
        elif message is self._next:
            self._next = None
        self._report(message, result)

    def _may_go_on(self) -> bool:
        return not self.link.closing and self.link.carried < self.link.server.messages_per_connection

    # -- one message -------------------------------------------------------------------------------------------------

    def _announce(self, message: OutgoingMessage) -> WireMessage | None:
        """Build the message, and queue its envelope where the server pipelines. None where no message can be made: that
        message is then answered."""
        try:
            wire_message = self._build_message(message, self.link.protocol.offers("8BITMIME"))
            reject_unsafe_path(wire_message.sender)
            reject_unsafe_path(wire_message.recipient)
        except ValueError as error:
            self._tell(message, MessageResult(Rejected(f"no message could be made: {error}")))
            return None
        impossible = _impossible(self.link, wire_message)
        if impossible:
            self._tell(message, impossible)
            return None
        self.link.carried += 1
        if self.link.protocol.pipelines:
            try:
                self._group(wire_message)
            except ProtocolError as error:
                raise ConnectionLost(f"it sent {error}") from error
        return wire_message

    def _group(self, wire_message: WireMessage) -> None:
        """The whole envelope in one group, behind what is on the way already (RFC 2920)."""
        talk = self.link.protocol
        if talk.in_transaction:
            talk.reset()
        self._mail(wire_message)
        self._rcpt(wire_message)
        talk.data()

    def _mail(self, wire_message: WireMessage) -> None:
        self.link.protocol.mail(
            wire_message.sender,
            size=len(wire_message.content),
            utf8=wire_message.utf8,
            eight_bit=wire_message.eight_bit,
            envelope_id=wire_message.envelope_id,
        )

    def _rcpt(self, wire_message: WireMessage) -> None:
        self.link.protocol.rcpt(wire_message.recipient, notify=bool(wire_message.envelope_id))

    async def _carry(self, message: OutgoingMessage, wire_message: WireMessage) -> None:
        refusal = await self._envelope(wire_message)
        if refusal:
            self._tell(message, self._refused(refusal))
            return
        self.link.look()  # what was said unasked would be taken for the answer to what comes
        self.link.protocol.content(wire_message.content, ready=True)
        await self.link.write()
        if not await self.messages.mark(message):
            self.current = None
            self.link.abort()  # without the dot nothing is delivered
            raise ConnectionLost("the message must not go any more")
        self.marked = True
        self._end()
        self._tell(message, await self._answer())
        if self._stop:
            raise self._stop

    async def _envelope(self, wire_message: WireMessage) -> Reply | None:
        """The first refusal among the replies to RSET, MAIL, RCPT and DATA; None where the content is awaited."""
        link, talk = self.link, self.link.protocol
        if talk.pipelines:
            if talk.phase is Phase.RSET:
                await self._cleared(link.reply())
            mail = await link.reply()
            rcpt = link.at_hand() or await link.reply()
            data = link.at_hand() or await link.reply()
        else:
            if talk.in_transaction:
                await self._cleared(link.ask(talk.reset))
            mail = await link.ask(self._mail, wire_message)
            rcpt = await link.ask(self._rcpt, wire_message) if mail.ok else mail
            data = await link.ask(talk.data) if rcpt.ok else rcpt
        if not mail.ok:
            self._refused_sender(mail)
        if not rcpt.ok and data.code == 354:
            talk.no_content()
            await link.reply()
        refusal = rcpt if not rcpt.ok else data
        return None if refusal.code == 354 else refusal

    async def _cleared(self, to_reset: Awaitable[Reply]) -> None:
        """Read that RSET has ended the transaction before. Where it has not, the connection is of no more use; this message
        was not begun, and so it is put back without having been tried."""
        try:
            reply = await to_reset
            if not reply.ok:
                raise ConnectionLost(f"it answered {reply} to RSET")
        except ConnectionLost:
            if self.current:
                self.messages.requeue(self.current)
                self.current = None
            raise

    def _end(self) -> None:
        """The dot, and behind it the next envelope. All of the message is out of our hands by now, and the connection
        has given no sign: if it is closed already, there is no doubt that the message is not out."""
        link, talk = self.link, self.link.protocol
        link.look()
        talk.end_of_content()
        if talk.pipelines and self._may_go_on():
            following = self._more()
            if following:
                self._next = following
                try:
                    self._next_wire_message = self._announce(following)
                except DeliveryError as stop:  # it is over, but first comes the answer to the dot
                    self._stop = stop

    async def _answer(self) -> MessageResult:
        """What became of the message whose end is out. Raises nothing."""
        link = self.link
        try:
            reply = await link.reply()
        except ConnectionLost as lost:
            in_doubt = link.in_doubt
            link.abort()
            text = f"{link.server}: {lost}"
            return MessageResult(Uncertain(text) if in_doubt else Unavailable(text, counted=False), lost=True)
        return MessageResult(Receipt(reply=str(reply)), reply) if reply.ok else self._refused(reply)

    def _refused(self, reply: Reply) -> MessageResult:
        """What a reply other than the wished one means."""
        link = self.link
        text = f"{link.server} answered {reply} to {reply.phase.value}"
        at_end = reply.phase is Phase.ANSWER
        if reply.code in _LOG_IN_FIRST and not at_end:
            raise AuthBroken(text, reply=str(reply), keys=link.server.keys(("username", "password")))
        if reply.code < 400:
            neither = Uncertain if at_end else Unavailable
            return MessageResult(neither(text, reply=str(reply)), reply)
        refusal = self._judged(reply)
        keys, at_recipient = link.server.keys(refusal.keys), reply.phase is Phase.RCPT
        # 452 and 552 to RCPT say "too many recipients" (section 4.5.3.1.10): about us, and not for good.
        too_many = at_recipient and reply.code in (452, 552) and not refusal.recipients
        outcome: DeliveryError
        if refusal.ours:
            text += self._sizes(refusal)
            outcome = Unavailable(text, reply=str(reply), keys=keys, wait=refusal.wait, ours=True)
        elif too_many or (reply.permanent and refusal.about is RejectionCause.TRANSIT):
            outcome = Unavailable(text, reply=str(reply), wait=None if too_many else STOPPED, counted=False)
        elif reply.permanent:
            recipient = at_recipient or refusal.recipients
            outcome = Rejected(text, reply=str(reply), recipient=recipient, about=refusal.about)
        else:
            outcome = Unavailable(text, reply=str(reply))
        return MessageResult(outcome, reply, rejection=refusal)

    def _judged(self, reply: Reply) -> Rejection:
        wire_message, server = self._wire_message, self.link.server
        assert wire_message is not None
        return classify_rejection(
            str(reply),
            recipient=wire_message.recipient,
            sender=wire_message.sender,
            name=server.hostname,
            taken=reply.phase in (Phase.DATA, Phase.ANSWER),
        )

    def _sizes(self, refusal: Rejection) -> str:
        """How large the message is, and how large it may be, where that is what was refused."""
        if refusal.about is not RejectionCause.SIZE or self._wire_message is None:
            return ""
        most = self.link.protocol.largest
        return f" (the message has {len(self._wire_message.content)} octets{f', it takes {most}' if most else ''})"

    def _refused_sender(self, reply: Reply) -> None:
        """A refusal before a recipient is named is about us: for a while, or until staff mend it."""
        if (
            reply.enhanced == "4.5.3" and self.link.carried > 1
        ):  # OpenSMTPD: the connection has had its number of messages
            raise ConnectionLost(f"it answered {reply} to MAIL")
        refusal = self._judged(reply)
        text = f"{self.link.server} answered {reply} to MAIL{self._sizes(refusal)}"
        keys = self.link.server.keys(refusal.keys if refusal.ours else ("return_path", "sender", "username"))
        if refusal.ours:
            raise server_failure(refusal, f"{text}: this is about {refusal.what}", str(reply), keys)
        if reply.permanent:
            raise AuthBroken(text, reply=str(reply), keys=keys)
        raise ConnectionLost(text)

    # -- when the connection is gone ---------------------------------------------------------------------------------

    def release_current(self) -> tuple[OutgoingMessage | None, bool]:
        """After the end of the connection: the message that was in hand, and whether it had its mark. What was announced
        behind it is put back."""
        if self._next:
            self.messages.requeue(self._next)
        current, marked = self.current, self.marked
        self.current = self._next = None
        return current, marked


def _impossible(link: SmtpConnection, wire_message: WireMessage) -> MessageResult | None:
    """Why this server cannot take the message, from what it said in EHLO."""
    server = link.server
    if wire_message.utf8 and not (link.protocol.offers("SMTPUTF8") and link.protocol.offers("8BITMIME")):
        return MessageResult(
            Rejected(f"{server} takes no addresses with letters beyond ASCII", reply="5.6.7 no SMTPUTF8")
        )
    if 0 < link.protocol.largest < len(wire_message.content):
        refusal = Rejection(RejectionCause.SIZE, what="the size of our message", keys=("host",), wait=STOPPED)
        text = f"the message has {len(wire_message.content)} octets; {server} takes {link.protocol.largest} (SIZE)"
        keys = server.keys(refusal.keys)
        return MessageResult(Unavailable(text, keys=keys, wait=refusal.wait, ours=True), rejection=refusal)
    return None
