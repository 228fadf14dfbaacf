"""How a channel sends its emails, as a value for those who look at it from outside. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .address import Mailbox
    from .connection import SmtpServer
    from .dkim import DkimSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSetup:
    """The addresses, servers and signatures of a channel. Without `return_path` bounces go to the sender; without
    `helo_name` the machine's name is said."""

    sender: Mailbox
    reply_to: Mailbox | None = None
    return_path: Mailbox | None = None
    servers: tuple[SmtpServer, ...] = ()
    signers: tuple[DkimSigner, ...] = ()
    helo_name: str = ""


@runtime_checkable
class HasMailSetup(Protocol):
    """A channel that sends by SMTP."""

    def mail_setup(self) -> MailSetup:
        """How it sends."""
