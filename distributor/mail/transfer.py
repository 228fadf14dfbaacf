"""Carries errands over one connection, each message in one transaction with one recipient, and says what became of each.

With pipelining (RFC 2920) the wire of a connection looks like this; a message costs one round trip:

    we    MAIL RCPT DATA ·········· content-1 dot MAIL RCPT DATA ·········· content-2 dot …
    they  ················ 250 250 354 ·························· 250 250 250 354 ·········

Between content and dot the mark is asked for: with it the outcome of the message before is committed, so that never more
than one message of a connection is in doubt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from ..errand import Errand, Errands
from ..errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from ..model import Receipt
from .link import Link, Lost
from .refusal_rules import About
from .refusals import STOPPED, Refusal, judge
from .smtp import Phase, ProtocolError, Reply, refuse_path
from .standing import Result, stopping

_LOG_IN_FIRST = {530, 534, 535, 538}  # RFC 4954, section 6


class Parcel(NamedTuple):
    """A message ready for the wire: dots doubled, lines ended by CRLF, the end not included.

    `utf8`: an address or header is not ASCII; `eight_bit`: the body is not. `envelope_id` comes back in bounces.
    """

    sender: str
    recipient: str
    content: bytes
    utf8: bool = False
    eight_bit: bool = False
    envelope_id: str = ""


Pack = Callable[[Errand, bool], Parcel]  # the parcel of an errand; whether 8bit may be used. May raise ValueError.


class Transfer:
    """One connection at work. `told` hears of each result; `more` gives the next errand that may be announced now."""

    def __init__(
        self,
        link: Link,
        errands: Errands,
        pack: Pack,
        more: Callable[[], Errand | None],
        told: Callable[[Errand, Result], None],
    ) -> None:
        self.link = link
        self.errands = errands
        self.current: Errand | None = None  # the errand whose outcome is open
        self.marked = False  # whether the mark of `current` is committed
        self._next: Errand | None = None  # announced behind the dot of `current`
        self._pack = pack
        self._more = more
        self._told = told
        self._parcel: Parcel | None = None
        self._next_parcel: Parcel | None = None
        self._stop: DeliveryError | None = None  # what ends the work, once the message in hand is answered

    async def run(self, errand: Errand) -> None:
        """Carry this errand and those that follow at hand. Returns when none is left, or the connection has done enough.

        Raises Lost where the connection is gone: what is then in `current` is surely not out. Raises AuthBroken for what is
        about us.
        """
        self._begin(errand)
        while self.current or self._next:
            if self.current and self._parcel:
                await self._carry(self.current, self._parcel)
            if self.link.closing:
                return
            self.current, self._parcel = self._next, self._next_parcel
            self._next = self._next_parcel = None
            if self.current is None and self._may_go_on():
                following = self._more()
                if following:
                    self._begin(following)

    def _begin(self, errand: Errand) -> None:
        self.current = errand
        self._parcel = self._announce(errand)

    def _tell(self, errand: Errand, result: Result) -> None:
        """Say what became of an errand, which is then out of our hands. What `told` raises is let through."""
        if errand is self.current:
            self.current, self.marked = None, False
        elif errand is self._next:
            self._next = None
        self._told(errand, result)

    def _may_go_on(self) -> bool:
        return not self.link.closing and self.link.carried < self.link.server.per_connection

    # -- one message -------------------------------------------------------------------------------------------------

    def _announce(self, errand: Errand) -> Parcel | None:
        """Make the parcel, and queue its envelope where the server pipelines. None where no message can be made: that
        errand is then answered."""
        try:
            parcel = self._pack(errand, self.link.talk.offers("8BITMIME"))
            refuse_path(parcel.sender)
            refuse_path(parcel.recipient)
        except ValueError as error:
            self._tell(errand, Result(Rejected(f"no message could be made: {error}")))
            return None
        impossible = _impossible(self.link, parcel)
        if impossible:
            self._tell(errand, impossible)
            return None
        self.link.carried += 1
        if self.link.talk.pipelines:
            try:
                self._group(parcel)
            except ProtocolError as error:
                raise Lost(f"it sent {error}") from error
        return parcel

    def _group(self, parcel: Parcel) -> None:
        """The whole envelope in one group, behind what is on the way already (RFC 2920)."""
        talk = self.link.talk
        if talk.in_transaction:
            talk.reset()
        self._mail(parcel)
        self._rcpt(parcel)
        talk.data()

    def _mail(self, parcel: Parcel) -> None:
        self.link.talk.mail(
            parcel.sender,
            size=len(parcel.content),
            utf8=parcel.utf8,
            eight_bit=parcel.eight_bit,
            envelope_id=parcel.envelope_id,
        )

    def _rcpt(self, parcel: Parcel) -> None:
        self.link.talk.rcpt(parcel.recipient, notify=bool(parcel.envelope_id))

    async def _carry(self, errand: Errand, parcel: Parcel) -> None:
        refusal = await self._envelope(parcel)
        if refusal:
            self._tell(errand, self._refused(refusal))
            return
        self.link.look()  # what was said unasked would be taken for the answer to what comes
        self.link.talk.content(parcel.content, ready=True)
        await self.link.write()
        if not await self.errands.mark(errand):
            self.current = None
            self.link.abort()  # without the dot nothing is delivered
            raise Lost("the message must not go any more")
        self.marked = True
        self._end()
        self._tell(errand, await self._answer())
        if self._stop:
            raise self._stop

    async def _envelope(self, parcel: Parcel) -> Reply | None:
        """The first refusal among the replies to RSET, MAIL, RCPT and DATA; None where the content is awaited."""
        link, talk = self.link, self.link.talk
        if talk.pipelines:
            if talk.phase is Phase.RSET:
                await self._cleared(link.reply())
            mail = await link.reply()
            rcpt = link.at_hand() or await link.reply()
            data = link.at_hand() or await link.reply()
        else:
            if talk.in_transaction:
                await self._cleared(link.ask(talk.reset))
            mail = await link.ask(self._mail, parcel)
            rcpt = await link.ask(self._rcpt, parcel) if mail.ok else mail
            data = await link.ask(talk.data) if rcpt.ok else rcpt
        if not mail.ok:
            self._refused_sender(mail)
        if not rcpt.ok and data.code == 354:
            talk.no_content()
            await link.reply()
        refusal = rcpt if not rcpt.ok else data
        return None if refusal.code == 354 else refusal

    async def _cleared(self, to_reset: Awaitable[Reply]) -> None:
        """Hear that RSET has ended the transaction before. Where it has not, the connection is of no more use; this message
        was not begun, and so it is put back without having been tried."""
        try:
            reply = await to_reset
            if not reply.ok:
                raise Lost(f"it answered {reply} to RSET")
        except Lost:
            if self.current:
                self.errands.put_back(self.current)
                self.current = None
            raise

    def _end(self) -> None:
        """The dot, and behind it the next envelope. All of the message is out of our hands by now, and the connection
        has given no sign: if it is closed already, there is no doubt that the message is not out."""
        link, talk = self.link, self.link.talk
        link.look()
        talk.end_of_content()
        if talk.pipelines and self._may_go_on():
            following = self._more()
            if following:
                self._next = following
                try:
                    self._next_parcel = self._announce(following)
                except DeliveryError as stop:  # it is over, but first comes the answer to the dot
                    self._stop = stop

    async def _answer(self) -> Result:
        """What became of the message whose end is out. Raises nothing."""
        link = self.link
        try:
            reply = await link.reply()
        except Lost as lost:
            in_doubt = link.in_doubt
            link.abort()
            text = f"{link.server}: {lost}"
            return Result(Uncertain(text) if in_doubt else Unavailable(text, counted=False), lost=True)
        return Result(Receipt(reply=str(reply)), reply) if reply.ok else self._refused(reply)

    def _refused(self, reply: Reply) -> Result:
        """What a reply other than the wished one means."""
        link = self.link
        text = f"{link.server} answered {reply} to {reply.phase.value}"
        at_end = reply.phase is Phase.ANSWER
        if reply.code in _LOG_IN_FIRST and not at_end:
            raise AuthBroken(text, reply=str(reply), keys=link.server.keys(("username", "password")))
        if reply.code < 400:
            neither = Uncertain if at_end else Unavailable
            return Result(neither(text, reply=str(reply)), reply)
        refusal = self._judged(reply)
        keys, at_recipient = link.server.keys(refusal.keys), reply.phase is Phase.RCPT
        # 452 and 552 to RCPT say "too many recipients" (section 4.5.3.1.10): about us, and not for good.
        too_many = at_recipient and reply.code in (452, 552) and not refusal.recipients
        outcome: DeliveryError
        if refusal.ours:
            text += self._sizes(refusal)
            outcome = Unavailable(text, reply=str(reply), keys=keys, wait=refusal.wait, ours=True)
        elif too_many or (reply.permanent and refusal.about is About.WAY):
            outcome = Unavailable(text, reply=str(reply), wait=None if too_many else STOPPED, counted=False)
        elif reply.permanent:
            recipient = at_recipient or refusal.recipients
            outcome = Rejected(text, reply=str(reply), recipient=recipient, about=refusal.about)
        else:
            outcome = Unavailable(text, reply=str(reply))
        return Result(outcome, reply, refusal=refusal)

    def _judged(self, reply: Reply) -> Refusal:
        parcel, server = self._parcel, self.link.server
        assert parcel is not None
        return judge(
            str(reply),
            recipient=parcel.recipient,
            sender=parcel.sender,
            name=server.hostname,
            taken=reply.phase in (Phase.DATA, Phase.ANSWER),
        )

    def _sizes(self, refusal: Refusal) -> str:
        """How large the message is, and how large it may be, where that is what was refused."""
        if refusal.about is not About.SIZE or self._parcel is None:
            return ""
        most = self.link.talk.largest
        return f" (the message has {len(self._parcel.content)} octets{f', it takes {most}' if most else ''})"

    def _refused_sender(self, reply: Reply) -> None:
        """A refusal before a recipient is named is about us: for a while, or until staff mend it."""
        if (
            reply.enhanced == "4.5.3" and self.link.carried > 1
        ):  # OpenSMTPD: the connection has had its number of messages
            raise Lost(f"it answered {reply} to MAIL")
        refusal = self._judged(reply)
        text = f"{self.link.server} answered {reply} to MAIL{self._sizes(refusal)}"
        keys = self.link.server.keys(refusal.keys if refusal.ours else ("return_path", "sender", "username"))
        if refusal.ours:
            raise stopping(refusal, f"{text}: this is about {refusal.what}", str(reply), keys)
        if reply.permanent:
            raise AuthBroken(text, reply=str(reply), keys=keys)
        raise Lost(text)

    # -- when the connection is gone ---------------------------------------------------------------------------------

    def let_go(self) -> tuple[Errand | None, bool]:
        """After the end of the connection: the errand that was in hand, and whether it had its mark. What was announced
        behind it is put back."""
        if self._next:
            self.errands.put_back(self._next)
        current, marked = self.current, self.marked
        self.current = self._next = None
        return current, marked


def _impossible(link: Link, parcel: Parcel) -> Result | None:
    """Why this server cannot take the message, from what it said in EHLO."""
    server = link.server
    if parcel.utf8 and not (link.talk.offers("SMTPUTF8") and link.talk.offers("8BITMIME")):
        return Result(Rejected(f"{server} takes no addresses with letters beyond ASCII", reply="5.6.7 no SMTPUTF8"))
    if 0 < link.talk.largest < len(parcel.content):
        refusal = Refusal(About.SIZE, what="the size of our message", keys=("host",), wait=STOPPED)
        text = f"the message has {len(parcel.content)} octets; {server} takes {link.talk.largest} (SIZE)"
        keys = server.keys(refusal.keys)
        return Result(Unavailable(text, keys=keys, wait=refusal.wait, ours=True), refusal=refusal)
    return None
