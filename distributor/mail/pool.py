"""Sends messages by one or several SMTP servers, over as many connections as each of them may have.

The outcome of a recipient:

    2yz to the dot ────────────── Receipt            5yz about the recipient ───────── Rejected
    4yz, or lost before the dot ─ Unavailable        5yz about us, wherever ────────── Unavailable, and the server stops
    lost after the dot ────────── Uncertain          421, or lost between messages ─── connect again, nobody is blamed

What is about a server and not about a recipient stops that server, and the others go on; only when none is left it is
raised, so that it can never be held against the recipients. A server is met with one connection; as its messages are
taken, their number doubles again and again, up to the number allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..clock import steady
from ..errors import DeliveryError, Unavailable
from ..message_queue import MessageQueue, OutgoingMessage
from ..model import Receipt
from .connection import ConnectionLost, SmtpConnection, SmtpServer
from .health import MessageResult, ServerHealth
from .pool_rates import LimitedWay, PoolRates
from .rates import RateLimit
from .smtp_protocol import Phase
from .transaction import BuildWireMessage, SmtpTransaction

log = logging.getLogger("distributor.mail")

_SLICE = 0.25  # seconds of a long wait, between two looks whether the work is to end
_SHORT = 0.005  # seconds of a wait for another server to take its share
_FIRST_PAUSE = 1.0  # seconds without a further connection after one that was refused; doubled up to the next
_SERVER_BACKOFF = 60.0  # seconds before a server is asked again for what it has refused, while others carry on


async def probe_server(server: SmtpServer) -> None:
    """Connect, log in and leave again, without a message. Raises Unavailable or AuthBroken."""
    link = await SmtpConnection.open(server)
    await link.close()


class SmtpPool:
    """The transport of an email channel. It lives as long as the process, so that rates hold from run to run.

    `domains` are rates by recipient domain, kept over all servers together. `pack` makes the bytes of a message.
    `packs` make it for servers that need other headers than the rest.
    """

    def __init__(
        self,
        servers: Sequence[SmtpServer],
        pack: BuildWireMessage,
        domains: Mapping[str, Sequence[RateLimit]] | None = None,
        packs: Mapping[SmtpServer, BuildWireMessage] = MappingProxyType({}),
    ) -> None:
        self.pack = pack
        self.packs = packs
        self.rates = PoolRates(servers, domains or {})
        self.servers = [
            PooledServer(server, limits, self) for server, limits in zip(servers, self.rates.servers, strict=True)
        ]
        self.done = asyncio.Event()

    async def send_all(self, messages: MessageQueue) -> None:
        first = await messages.take()
        if first is None:
            return
        messages.requeue(first)
        async with self.rates.sharing(messages.rates):
            await self._send_all(messages)

    async def _send_all(self, messages: MessageQueue) -> None:
        self.done = asyncio.Event()
        for pooled in self.servers:
            pooled.taken, pooled.down = 0, None
        tasks = [asyncio.create_task(self._work(pooled, messages)) for pooled in self.servers]
        try:
            results = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for task in tasks:
                task.cancel()
        for result in results:
            if result is not None:
                raise result
        failures = [pooled.down for pooled in self.servers if pooled.down]
        if len(failures) == len(self.servers):
            raise next((failure for failure in failures if isinstance(failure, Unavailable)), failures[0])

    async def probe(self) -> None:
        """Whether one of the servers would take a message: connect, log in and leave again. Raises the last one's
        Unavailable or AuthBroken where none does."""
        for pooled in self.servers[:-1]:
            with contextlib.suppress(DeliveryError):
                await probe_server(pooled.server)
                return
        await probe_server(self.servers[-1].server)

    async def _work(self, pooled: PooledServer, messages: MessageQueue) -> None:
        """One server at work; after a failure it is tried again as long as another one carries on."""
        while True:
            try:
                await pooled.work(messages)
                pooled.down = None
                self.done.set()
                return
            except DeliveryError as failure:
                pooled.down = failure
            except Exception:  # the ledger fails: nobody may go on
                for other in self.servers:
                    other.end()
                self.done.set()
                raise
            others = [other for other in self.servers if other is not pooled]
            if others:
                log.error("%s is left alone for a while: %s", pooled.server, pooled.down)
            if not any(other.down is None for other in others):
                self.done.set()
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SERVER_BACKOFF):
                    await self.done.wait()
            if self.done.is_set():
                return

    def is_its_turn(self, pooled: PooledServer) -> bool:
        """Whether it is the turn of this server: the messages are shared by weight among those that work."""
        if len(self.servers) == 1:
            return True
        shares = [other.taken / other.server.weight for other in self.servers if other.down is None]
        return len(shares) < 2 or pooled.taken / pooled.server.weight <= min(shares) + 1


class PooledServer:
    """One server, and its connections during a run."""

    def __init__(self, server: SmtpServer, limits: LimitedWay, all: SmtpPool) -> None:
        self.server = server
        self.limits = limits
        self.taken = 0
        self.down: DeliveryError | None = None
        self._all = all
        self._health = ServerHealth(str(server))
        self._slots: set[asyncio.Task[None]] = set()
        self._passed_on: set[OutgoingMessage] = set()  # that were left to another server, once each
        self._ended = asyncio.Event()
        self._over = False
        self._open = 0
        self._until, self._pause = 0.0, _FIRST_PAUSE  # no more connections are tried before; then for how long

    async def work(self, messages: MessageQueue) -> None:
        """Carry until there are no more messages. Raises Unavailable or AuthBroken where this server is the reason."""
        self._health, self._over, self._ended = ServerHealth(str(self.server)), False, asyncio.Event()
        self._passed_on = set()
        failure: Exception | None = None
        self._slots = set()
        self._begin(messages)
        try:
            while self._slots:
                await self._ended.wait()  # of any, those that were begun meanwhile too
                self._ended.clear()
                done = {task for task in self._slots if task.done()}
                self._slots -= done
                for task in done:
                    try:
                        task.result()
                    except Exception as error:
                        self.end()
                        failure = error if failure is None or not isinstance(error, Unavailable) else failure
        finally:
            for task in self._slots:
                task.cancel()
            await asyncio.gather(*self._slots, return_exceptions=True)
        failure = failure or self._health.final_failure()
        for message, outcome in self._health.left():
            if self._elsewhere():
                messages.requeue(message)
            else:
                messages.answer(message, outcome)
        if failure:
            raise failure

    def end(self) -> None:
        """Let every connection end after the message in hand."""
        self._over = True

    # -- one connection after the other ------------------------------------------------------------------------------

    async def _run_connection(self, messages: MessageQueue) -> None:
        link: SmtpConnection | None = None
        try:
            while message := await self._next(messages):
                try:
                    link = await self._connected(link)
                except BaseException as error:
                    link = None
                    messages.requeue(message)
                    if isinstance(error, Unavailable) and self._open:
                        self._no_more()
                        return  # the others go on
                    raise
                await self._transfer(link, message, messages)
        finally:
            if link:
                self._open -= 1
                await link.close()

    async def _connected(self, link: SmtpConnection | None) -> SmtpConnection:
        """The connection, or a new one where it has done enough, has ended, or somebody has spoken unasked meanwhile."""
        if link and not link.closing and link.carried < self.server.messages_per_connection:
            with contextlib.suppress(ConnectionLost):
                link.look()
                return link
            link.abort()
        if link:
            self._open -= 1
            await link.close()
        link = await SmtpConnection.open(self.server)
        self._open += 1
        self._pause = _FIRST_PAUSE
        self._health.connections = max(self._health.connections, self._open)
        return link

    async def _transfer(self, link: SmtpConnection, message: OutgoingMessage, messages: MessageQueue) -> None:
        transfer = SmtpTransaction(
            link,
            messages,
            self._all.packs.get(self.server, self._all.pack),
            lambda: self._more(messages),
            lambda *told: self._told(link, messages, *told),
        )
        try:
            await transfer.run(message)
        except ConnectionLost as lost:
            link.abort()
            self._lost(transfer, messages, str(lost))
        except BaseException:
            link.abort()
            raise
        finally:
            in_hand, marked = transfer.release_current()
            if in_hand and not marked:
                messages.requeue(in_hand)

    def _lost(self, transfer: SmtpTransaction, messages: MessageQueue, reason: str) -> None:
        """A connection that ended while nothing was in doubt."""
        message, marked = transfer.release_current()
        if message is None:
            return
        unavailable = Unavailable(f"{self.server}: {reason}", counted=False)
        if marked:
            self._told(transfer.link, messages, message, MessageResult(unavailable, lost=True))
            return
        given_up = self._health.exhausts_tries(message, reason)
        try:
            self._health.judge()
        except DeliveryError:
            messages.requeue(message)
            raise
        if given_up:
            messages.answer(message, unavailable)
        else:
            messages.requeue(message)

    # -- messages -----------------------------------------------------------------------------------------------------

    async def _next(self, messages: MessageQueue) -> OutgoingMessage | None:
        """The next message, when rates and shares allow it. None at the end."""
        while not self._over and not messages.ended:
            now = steady()
            wait = (
                self.limits.free_at(now) - now if messages.at_hand else 0.0
            )  # no permit is asked for without a message
            if wait > 0 or not self._all.is_its_turn(self):
                await asyncio.sleep(min(max(wait, _SHORT), _SLICE))
                continue
            message = await messages.take()
            if message is None:
                return None
            now = steady()
            if self.limits.free_at(now) > now:  # others were sooner while it was waited for
                messages.requeue(message)
            elif self._allowed(message, messages):
                return message
        return None

    def _more(self, messages: MessageQueue) -> OutgoingMessage | None:
        """The next message that can be announced without waiting."""
        now = steady()
        if self._over or self.limits.free_at(now) > now or not self._all.is_its_turn(self):
            return None
        while message := messages.take_now():
            if self._allowed(message, messages):
                return message
        return None

    def _allowed(self, message: OutgoingMessage, messages: MessageQueue) -> bool:
        """Count a message that may go now; one whose domain must wait, or that is left to another server, is put back."""
        now, domain = steady(), _domain(message)
        if message in self._passed_on and self._elsewhere():
            messages.requeue(message, _SLICE)
            return False
        free = self._all.rates.domain_free_at(domain, now)
        if free > now:
            messages.requeue(message, free - now)
            return False
        self.limits.record_send(now)
        self._all.rates.record_domain(domain, now)
        self.taken += 1
        return True

    # -- results -----------------------------------------------------------------------------------------------------

    def _told(
        self, link: SmtpConnection, messages: MessageQueue, message: OutgoingMessage, result: MessageResult
    ) -> None:
        """Pass on what became of a message. Raises Unavailable or AuthBroken where it is about the server."""
        marked = result.reply is not None and result.reply.phase is Phase.ANSWER
        for known, outcome in self._health.released(message, result):
            waits = isinstance(outcome, Unavailable) and outcome.ours and not (known is message and marked)
            if waits and known not in self._passed_on and self._elsewhere():
                self._passed_on.add(known)
                messages.requeue(known)  # another server may take it
            else:
                messages.answer(known, outcome)
        if isinstance(result.outcome, Receipt):
            self._all.rates.accepted(_domain(message))
            self._grow(messages)
        elif result.reply and result.reply.enhanced.startswith("4.7.") and not result.reply.greylisted:
            self._all.rates.refused(_domain(message), steady())
        self._health.judge()

    def _elsewhere(self) -> bool:
        """Whether another server carries on."""
        return any(other.down is None for other in self._all.servers if other is not self)

    def _grow(self, messages: MessageQueue) -> None:
        """One more connection, as long as not more are being opened than have carried something, and there is work."""
        most, opening = min(self.server.connections, 2 * self._open), len(self._slots) - self._open
        if len(self._slots) < most and messages.at_hand > opening and not self._over and self._until <= steady():
            self._begin(messages)

    def _begin(self, messages: MessageQueue) -> None:
        task = asyncio.create_task(self._run_connection(messages))
        task.add_done_callback(lambda _: self._ended.set())
        self._slots.add(task)

    def _no_more(self) -> None:
        """A connection was refused while others are open: the server has as many as it wants, or is away for a moment."""
        now = steady()
        if self._until <= now:  # several that fail at once are one
            self._until, self._pause = now + self._pause, min(2 * self._pause, _SERVER_BACKOFF)


def _domain(message: OutgoingMessage) -> str:
    return message.recipient.address.rpartition("@")[2].lower()
