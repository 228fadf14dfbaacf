"""Builds the messages of an email channel. It stands apart from the settings, which most commands read without sending."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from distributor.channel import Email
from distributor.kit.emails import DEFAULT_NAME
from distributor.mail.address import Mailbox
from distributor.mail.dkim import CompiledSignatures, DkimSigner
from distributor.mail.merge import CompiledMessage, compile_message, merge_for_wire, merge_message, values_for_recipient
from distributor.mail.message import EmailContent
from distributor.mail.provider_headers import ProviderHeaders
from distributor.mail.transaction import WireMessage
from distributor.message_queue import OutgoingMessage
from distributor.model import Recipient, Rendition

_Key = tuple[str, str, bool, bool]  # edition, variant, 8bit, whether it has a token
_KEPT = 64  # compiled emails: those of as many segments as are under way together


class MessageBuilder:
    """Builds messages: compiles the email of a segment once, and merges it for each of its recipients.

    `return_path` gets the token of each delivery between its local part and its domain, so that a bounce names it.
    `provider` is what holds for the headers of the server that they are for; `leave_address` unsubscribes who writes to it.
    """

    def __init__(
        self,
        sender: Mailbox,
        reply_to: Mailbox | None,
        return_path: Mailbox | None = None,
        signers: Sequence[DkimSigner] = (),
        provider: ProviderHeaders = ProviderHeaders(),
        leave_address: Mailbox | None = None,
    ) -> None:
        self._leave_address = leave_address
        self._provider = provider
        self._sender = sender
        self._reply_to = reply_to
        self._signers = signers
        self._envelope = return_path or sender
        self._verp = return_path is not None
        self._kept: OrderedDict[_Key, tuple[CompiledMessage, CompiledSignatures | None] | None] = OrderedDict()

    def pack(self, message: OutgoingMessage, eight_bit: bool) -> WireMessage:
        """A message as it travels. `eight_bit`: the server takes it. Raises ValueError where it cannot be made."""
        recipient = message.recipient
        compiled, seal = self._compiled(message.rendition, recipient, eight_bit and not self._signers)
        filled = values_for_recipient(compiled, recipient)
        content = merge_for_wire(compiled, filled, seal.sign(filled) if seal else b"")
        return WireMessage(
            self._sender_for(recipient),
            recipient.address,
            content,
            utf8=not recipient.address.isascii(),
            eight_bit=compiled.eight_bit,
            envelope_id=recipient.bounce_token if self._verp else "",
        )

    def message(self, rendition: Rendition, recipient: Recipient) -> bytes:
        """The message itself, as it is stored or shown. Raises ValueError for what cannot be made."""
        compiled, seal = self._compiled(rendition, recipient, eight_bit=False)
        message = merge_message(compiled, recipient)
        return seal.sign(values_for_recipient(compiled, recipient)) + message if seal else message

    def _sender_for(self, recipient: Recipient) -> str:
        if not (self._verp and recipient.bounce_token):
            return self._envelope.address
        local, _, domain = self._envelope.address.rpartition("@")
        return f"{local}+{recipient.bounce_token}@{domain}"

    def _compiled(
        self, rendition: Rendition, sample: Recipient, eight_bit: bool
    ) -> tuple[CompiledMessage, CompiledSignatures | None]:
        """What is ready of a rendition; in quoted-printable where it cannot travel as 8bit. `sample` is any recipient."""
        key = (rendition.edition, rendition.variant, eight_bit, bool(sample.bounce_token))
        if key not in self._kept:
            compiled = self._compile(rendition, sample, eight_bit)
            self._kept[key] = (compiled, self._seal(compiled)) if compiled else None
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key] or self._compiled(rendition, sample, False)

    def _seal(self, compiled: CompiledMessage) -> CompiledSignatures | None:
        return CompiledSignatures(self._signers, compiled, self._provider.rewrites) if self._signers else None

    def _compile(self, rendition: Rendition, sample: Recipient, eight_bit: bool) -> CompiledMessage | None:
        email = rendition.content
        assert isinstance(email, Email)
        content = EmailContent(
            sender=self._sender,
            to=self._sender,
            subject=email.subject,
            text=email.text,
            html=email.html,
            date=email.date,
            message_id=sample.message_id,
            language=email.language,
            reply_to=self._reply_to,
            list_id=email.list_id,
            feedback_id=email.feedback_id,
            list_name=email.list_name,
            unsubscribe_url=sample.merge_values["unsubscribe_url"],
            unsubscribe_mailto=self._reply_to or self._sender,
            leave_address=self._leave_address,
        )
        return compile_message(
            content,
            eight_bit=eight_bit,
            usual={"name": DEFAULT_NAME[email.language]},
            added=self._provider.added if sample.bounce_token else (),  # a copy outside of the ledger has none
        )
