"""The mail server of a simulated newsroom: it takes every message at once, and remembers it in a file."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from distributor.errors import Rejected, Unavailable
from distributor.message_queue import MessageQueue, Transport
from distributor.model import Receipt

EmailChannel: Any = importlib.import_module("distributor.channels.email").EmailChannel
LANES = 200  # messages that are under way at a time
KILLED = 9


@dataclass
class Sink:
    """A mail server: one line of a file for each message that it has taken or refused. `down`: nobody can connect. `fuse` is
    after how many messages the process that sends ends at once; None for never."""

    file: Path
    down: bool = False
    fuse: int | None = None
    gone: frozenset[str] = frozenset()

    def take(self, now: datetime, edition: str, title: str, address: str) -> bool:
        """Whether the message is taken. Lines are on their way to the disk before the answer."""
        refused = address in self.gone
        line = json.dumps([now.isoformat(), edition, title, address, refused], ensure_ascii=False)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                os._exit(KILLED)
        return not refused


@dataclass(frozen=True, kw_only=True)
class SinkChannel(EmailChannel):  # type: ignore[misc]
    """The channel `email`, whose messages a `Sink` takes. `clock` tells when."""

    sink: Any = None
    clock: Any = None

    def transport(self, among: int = 1) -> Transport:
        return _SinkTransport(self)


@dataclass
class _SinkTransport:
    channel: SinkChannel

    async def send_all(self, messages: MessageQueue) -> None:
        await asyncio.gather(*(self._lane(messages) for _ in range(LANES)))

    async def _lane(self, messages: MessageQueue) -> None:
        channel = self.channel
        while message := await messages.take():
            if channel.sink.down:
                messages.requeue(message)
                raise Unavailable("connection refused")
            if not await messages.mark(message):
                continue
            edition, recipient = message.rendition.edition, message.recipient
            taken = channel.sink.take(channel.clock(), edition, message.rendition.title, recipient.address)
            answer = Receipt(reply="250 ok") if taken else Rejected("550 5.1.1 no such user")
            messages.answer(message, answer)
