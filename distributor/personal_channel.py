"""The contract of channels that write to each recipient: email, and whatever else has addresses.

`compose` is called for the whole edition and once more for each segment's share of it; the variant of what it returns is
`edition.variant`. Merge tags in it are filled when it is sent.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from .attempt import Attempt
from .channel import Channel, Content, Digest, Email
from .errors import DeliveryError, Rejected, Uncertain
from .message_queue import MessageQueue, Transport
from .model import Receipt, Recipient, Rendition


@dataclass(frozen=True, kw_only=True)
class PersonalChannel(Channel):
    """An adapter that carries a rendition to many recipients, each with their own merge fields filled.

    `deliver_to` sends to one recipient at a time; a channel that can do better, over many connections, gives a
    `transport` of its own (see `message_queue`).
    """

    personal: ClassVar[bool] = True
    sends_email: ClassVar[bool] = False  # `personalize` makes an RFC 5322 message: preflight examines it

    def compose_email(self, email: Digest, *, variant: str, language: str, at: datetime) -> Email:
        """A transactional email as this channel carries it: it belongs to no list. Pure. Only where `sends_email`."""
        raise NotImplementedError(f"{type(self).__name__} sends no emails")

    @abstractmethod
    def personalize(self, rendition: Rendition, recipient: Recipient) -> bytes:
        """The very bytes that this recipient gets, for previews and tests."""

    @abstractmethod
    async def deliver_to(self, rendition: Rendition, recipient: Recipient, attempt: Attempt) -> Receipt:
        """Carry the rendition to one recipient, once. Raises one of the four delivery errors: Rejected is about this
        recipient, Unavailable and AuthBroken are about the connection and stop the run until later."""

    def transport(self) -> Transport:
        """Who carries the messages of this channel."""
        return SequentialTransport(self)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        raise TypeError(f"{type(self).__name__} delivers to subscribers: call deliver_to")


@dataclass(frozen=True)
class SequentialTransport:
    """The plain transport: one recipient after the other."""

    channel: PersonalChannel

    async def send_all(self, messages: MessageQueue) -> None:
        while message := await messages.take():
            if not await messages.mark(message):
                continue
            attempt = messages.attempt(message)
            try:
                receipt = await self.channel.deliver_to(message.rendition, message.recipient, attempt)
                messages.answer(message, receipt)
            except (Rejected, Uncertain) as outcome:
                messages.answer(message, outcome)
            except DeliveryError as failure:
                messages.answer(message, failure)
                raise
