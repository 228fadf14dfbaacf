"""Sends the digest to each subscriber, by any SMTP server, or saves it in a Maildir.

    channels:
      mail:
        type: email
        sender: Báo Bắc Sơn <tin@bacson.example>
        host: smtp.bacson.example
        username: tin@bacson.example
        password: ${SMTP_PASSWORD}

Several servers share the emails by weight, and stand in for each other:

    servers: [{host: smtp1.bacson.example, weight: 3}, {host: smtp2.bacson.example, rates: 100/h}]

Without `host` the emails go into the folder `maildir`, one file each: nothing leaves the machine. With it they go to
that server, over STARTTLS on port 587 unless `tls` and `port` say otherwise; the server's certificate must be valid.

Every email carries the headers that large providers ask of newsletters, among them a signed one-click unsubscribe link
of its own. Its Message-ID is the same for every attempt, so that a copy sent twice can be recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from distributor import content
from distributor.channel import Attempt, ComposeContext, Digest, Duration, Folder
from distributor.errors import Rejected
from distributor.kit.emails import compose_digest, compose_transactional
from distributor.kit.files import write_to_maildir
from distributor.mail import verp
from distributor.mail.address import Mailbox
from distributor.mail.provider_headers import ProviderHeaders
from distributor.mail.setup import MailSetup
from distributor.message_queue import Transport
from distributor.model import Edition, Receipt, Recipient, Rendition
from distributor.personal_channel import PersonalChannel, SequentialTransport

from ._mail import (
    Address,
    CaFile,
    ConnectionLimit,
    DkimSettings,
    DomainRateLimits,
    EmailProvider,
    Host,
    HostName,
    MessageLimit,
    Password,
    Port,
    RateLimits,
    RewrittenHeaders,
    Security,
    SmtpServerSettings,
    TokenCommand,
    UserName,
)

if TYPE_CHECKING:
    from distributor.mail.connection import SmtpServer

    from ._message_builder import MessageBuilder

# Given up too early, a message that is out counts as one that may be, and goes out again.
ResponseTimeout = Annotated[Duration, Field(ge=timedelta(seconds=1))]


@dataclass(frozen=True, kw_only=True)
class EmailChannel(PersonalChannel):
    """Mail to subscribers, one message each."""

    sends_email = True

    sender: Annotated[Address, "sender: Name <address>", Field(examples=["Báo Bắc Sơn <tin@bacson.example>"])]
    reply_to: Annotated[
        Address | None, "address for replies; the sender if left out", Field(examples=["toasoan@bacson.example"])
    ] = None
    maildir: Annotated[Folder, "Maildir that emails are saved in when there is no `host`"] = Path("var/mail")
    host: Host = ""
    port: Port = None
    tls: Security = "starttls"
    username: UserName = ""
    password: Password = None
    token_command: TokenCommand = ""
    ca_file: CaFile = None
    connections: ConnectionLimit = 20
    messages_per_connection: MessageLimit = 100
    rates: RateLimits = ()
    provider: EmailProvider = "none"
    rewrites: RewrittenHeaders = None
    domain_rates: Annotated[
        DomainRateLimits, "limits for the domain of the recipient", Field(examples=[{"gmail.com": "5/s"}])
    ] = field(default_factory=dict)
    servers: Annotated[
        tuple[SmtpServerSettings, ...],
        "several servers, instead of `host`",
        Field(
            examples=[
                [{"host": "smtp1.bacson.example", "username": "tin@bacson.example", "password": "${SMTP_PASSWORD}"}]
            ]
        ),
    ] = ()
    helo_name: Annotated[
        HostName,
        "name of this machine in EHLO; its host name if left out",
        Field(examples=["news.bacson.example"]),
    ] = ""
    list_domain: Annotated[
        HostName,
        "domain of the List-Id, the sender's if left out; never change it later",
        Field(examples=["bacson.example"]),
    ] = ""
    return_path: Annotated[
        Address | None, "address for bounces; see docs/bounces.md", Field(examples=["bounce@bacson.example"])
    ] = None
    unsubscribe_address: Annotated[
        Address | None,
        "address that unsubscribes whoever writes to it; its mailbox must stand in `bounces:`, see docs/bounces.md",
        Field(examples=["leave@bacson.example"]),
    ] = None
    dkim: Annotated[
        tuple[DkimSettings, ...],
        "DKIM signatures; see docs/dkim.md",
        Field(examples=[[{"domain": "bacson.example", "selector": "2026a", "key": "dkim-2026a.pem"}]]),
    ] = ()
    response_timeout: Annotated[ResponseTimeout, "longest wait for the response to a message"] = timedelta(minutes=10)

    def __post_init__(self) -> None:
        if self.servers and self.host:
            raise ValueError("write either `host` or `servers`, not both")
        if self.host or self.username or self.password:
            self._single()
        for entry in self.dkim:
            entry.signer()
        if self.return_path:
            verp.address(b"", 1, Mailbox.parse(self.return_path).address)
        if self.unsubscribe_address:
            verp.address(b"", 1, f"x{Mailbox.parse(self.unsubscribe_address).address}")  # Outlook.com takes 63 octets

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[content.Email]:
        """The email of a segment, with marks in the places that differ from recipient to recipient."""
        return [compose_digest(edition, context, Mailbox.parse(self.sender), self.list_domain)]

    def compose_email(self, email: Digest, *, variant: str, language: str, at: datetime) -> content.Email:
        return compose_transactional(email, variant=variant, language=language, at=at)

    def personalize(self, rendition: Rendition, recipient: Recipient) -> bytes:
        return self._message_builder().message(rendition, recipient)

    async def deliver_to(self, rendition: Rendition, recipient: Recipient, attempt: Attempt) -> Receipt:
        """Into the Maildir."""
        try:
            message = self.personalize(rendition, recipient)
        except ValueError as error:
            raise Rejected(f"no message could be made: {error}") from None
        name = write_to_maildir(self.maildir, recipient.message_id, message)
        return Receipt(remote_id=name, reply="saved in the Maildir")

    def transport(self) -> Transport:
        servers = self._servers()
        if not servers:
            return SequentialTransport(self)
        from distributor.mail.pool import SmtpPool  # what sends: most commands only read settings

        headers = [one.provider_headers for one in self.servers or (self._single(),)]
        packs = {
            server: self._message_builder(changed).pack
            for server, changed in zip(servers, headers, strict=True)
            if changed != ProviderHeaders()
        }
        return SmtpPool(servers, self._message_builder().pack, self.domain_rates, packs)

    async def check(self, attempt: Attempt) -> None:
        """Connect to each server, log in and leave, if there is one."""
        from distributor.mail.pool import probe_server

        for server in self._servers():
            await probe_server(server)

    def mail_setup(self) -> MailSetup:
        return MailSetup(
            sender=Mailbox.parse(self.sender),
            reply_to=Mailbox.parse(self.reply_to) if self.reply_to else None,
            return_path=Mailbox.parse(self.return_path) if self.return_path else None,
            servers=tuple(self._servers()),
            signers=tuple(entry.signer() for entry in self.dkim),
            helo_name=self.helo_name,
        )

    @property
    def reaches_audience(self) -> bool:
        return bool(self.host or self.servers)

    @property
    def private_folders(self) -> Sequence[Path]:
        return (self.maildir,)

    @property
    def place(self) -> str:
        return ", ".join(server.host for server in self._servers()) or str(self.maildir)

    def _servers(self) -> list[SmtpServer]:
        if not self.servers:
            return [self._single().server(self.helo_name, self.response_timeout.total_seconds())] if self.host else []
        return [
            relay.server(self.helo_name, self.response_timeout.total_seconds(), place=f"servers[{number}].")
            for number, relay in enumerate(self.servers)
        ]

    def _single(self) -> SmtpServerSettings:
        names = ("host", "port", "tls", "username", "password", "token_command", "ca_file", "connections")
        return SmtpServerSettings(
            **{name: getattr(self, name) for name in names},
            messages_per_connection=self.messages_per_connection,
            rates=self.rates,
            provider=self.provider,
            rewrites=self.rewrites,
        )

    def _message_builder(self, provider: ProviderHeaders = ProviderHeaders()) -> MessageBuilder:
        from ._message_builder import MessageBuilder

        return MessageBuilder(
            Mailbox.parse(self.sender),
            Mailbox.parse(self.reply_to) if self.reply_to else None,
            Mailbox.parse(self.return_path) if self.return_path else None,
            [entry.signer() for entry in self.dkim],
            provider,
            Mailbox.parse(self.unsubscribe_address) if self.unsubscribe_address else None,
        )
