"""Sends the digest to each subscriber, by any SMTP server, or lays it into a Maildir.

    channels:
      mail:
        type: email
        sender: Báo Bắc Sơn <tin@bacson.example>
        host: smtp.bacson.example
        username: tin@bacson.example
        password: ${SMTP_PASSWORD}

Several servers share the letters by weight, and stand in for each other:

    relays: [{host: smtp1.bacson.example, weight: 3}, {host: smtp2.bacson.example, rates: 100/h}]

Without `host` the letters go into the folder `maildir`, one file each: nothing leaves the machine. With it they go to
that server, over STARTTLS on port 587 unless `tls` and `port` say otherwise; the server's certificate must be valid.

Every letter carries the headers that large providers ask of newsletters, among them a signed one-click unsubscribe link
of its own. Its Message-ID is the same for every attempt, so that a copy sent twice can be recognised.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from distributor.channel import Carrier, Desk, Duration, Folder, OneByOne, PersonalChannel, Secret
from distributor.errors import Rejected
from distributor.mail import maildir, verp
from distributor.mail.address import Mailbox
from distributor.mail.link import Server
from distributor.mail.message import feedback_id
from distributor.mail.relay import Relays, probe
from distributor.model import Edition, Receipt, Recipient, Rendition
from distributor.text import clean_line

from ._mail import Address, DkimSettings, DomainRates, HostName, Packer, Rates, RelaySettings, Security

# Given up too early, a message that is out counts as one that may be, and goes out again.
Patience = Annotated[Duration, Field(ge=timedelta(seconds=1))]


@dataclass(frozen=True, kw_only=True)
class Email(PersonalChannel):
    """Mail to subscribers, one message each."""

    writes_mail = True

    sender: Annotated[Address, "who writes: Name <address>"]
    reply_to: Annotated[Address | None, "where answers go; to the sender if empty"] = None
    maildir: Annotated[Folder, "folder for the letters while no host is given"] = Path("var/mail")
    host: Annotated[str, "name of the SMTP server"] = ""
    port: Annotated[int | None, "its port; 25, 587 or 465 as `tls` says if empty", Field(ge=1, le=65535)] = None
    tls: Annotated[Security, "how the connection is encrypted"] = "starttls"
    username: Annotated[str, "name to log in with; none if empty"] = ""
    password: Annotated[Secret | None, "password to log in with"] = None
    token_command: Annotated[str, "command that prints an access token, to log in with instead (XOAUTH2)"] = ""
    ca_file: Annotated[Folder | None, "file of certificates to trust, instead of the system's"] = None
    connections: Annotated[int, "connections at once, at most", Field(ge=1, le=500)] = 10
    per_connection: Annotated[int, "messages before a new connection is made", Field(ge=1)] = 100
    rates: Annotated[Rates, "the most that may be sent: 20/s, 5000/h; several hold together"] = ()
    domain_rates: Annotated[DomainRates, "the same by recipient domain: gmail.com: 5/s"] = field(default_factory=dict)
    relays: Annotated[tuple[RelaySettings, ...], "several servers instead of one `host`, each with these keys"] = ()
    hello: Annotated[HostName, "name by which we greet the server; the machine's if empty"] = ""
    list_domain: Annotated[HostName, "domain of the List-Id; the sender's if empty; never change it later"] = ""
    return_path: Annotated[Address | None, "where bounces go, each with a token of its own; see docs/bounces.md"] = None
    dkim: Annotated[tuple[DkimSettings, ...], "signatures: domain, selector and key of each; see docs/dkim.md"] = ()
    patience: Annotated[Patience, "how long an answer may take after a message; RFC 5321 says 10m"] = timedelta(
        minutes=10
    )

    def __post_init__(self) -> None:
        if self.relays and self.host:
            raise ValueError("write either `host` or `relays`, not both")
        if self.host or self.username or self.password:
            self._single()
        for entry in self.dkim:
            entry.signer()
        if self.return_path:
            verp.address(b"", 1, Mailbox.parse(self.return_path).address)

    def compose(self, edition: Edition, desk: Desk) -> Sequence[Rendition]:
        """One rendition: the letter of a cohort, with marks in the places that differ from reader to reader."""
        digest = desk.digest(edition)
        subject = clean_line(digest.subject)
        letter = {
            "subject": subject,
            "html": digest.html,
            "text": digest.text,
            "language": edition.language.value,
            "date": edition.frozen_at.astimezone(desk.newsletter.timezone or desk.site.timezone).isoformat(),
            "list_name": clean_line(desk.newsletter.title),
            "feedback_id": feedback_id(edition.id, edition.newsletter, edition.kind, Mailbox.parse(self.sender).domain),
            "list_id": f"{edition.newsletter}.{self.list_domain or Mailbox.parse(self.sender).domain}",
        }
        body = json.dumps(letter, ensure_ascii=False, sort_keys=True, indent=1).encode()
        return [
            Rendition(
                channel=self.name,
                variant=edition.variant,
                media_type="application/json",
                body=body,
                edition=edition.id,
                title=subject,
            )
        ]

    def personalise(self, rendition: Rendition, recipient: Recipient) -> bytes:
        return self._packer().message(rendition, recipient)

    async def deliver_to(self, rendition: Rendition, recipient: Recipient) -> Receipt:
        """Into the Maildir."""
        try:
            message = self.personalise(rendition, recipient)
        except ValueError as error:
            raise Rejected(f"no message could be made: {error}") from None
        name = maildir.deliver(self.maildir, recipient.message_id, message)
        return Receipt(remote_id=name, reply="laid into the Maildir")

    def carrier(self, among: int = 1) -> Carrier:
        servers = self._servers(among)
        if not servers:
            return OneByOne(self)
        domains = {domain: [rate.shared(among) for rate in rates] for domain, rates in self.domain_rates.items()}
        return Relays(servers, self._packer().pack, domains, among)

    async def check(self) -> None:
        """Connect to each server, log in and leave, if there is one."""
        for server in self._servers():
            await probe(server)

    @property
    def reaches_people(self) -> bool:
        return bool(self.host or self.relays)

    @property
    def private_folders(self) -> Sequence[Path]:
        return (self.maildir,)

    @property
    def place(self) -> str:
        return ", ".join(server.host for server in self._servers()) or str(self.maildir)

    def _servers(self, among: int = 1) -> list[Server]:
        if not self.relays:
            return [self._single().server(self.hello, self.patience.total_seconds(), among)] if self.host else []
        return [
            relay.server(self.hello, self.patience.total_seconds(), among, place=f"relays[{number}].")
            for number, relay in enumerate(self.relays)
        ]

    def _single(self) -> RelaySettings:
        names = ("host", "port", "tls", "username", "password", "token_command", "ca_file", "connections")
        return RelaySettings(
            **{name: getattr(self, name) for name in names}, per_connection=self.per_connection, rates=self.rates
        )

    def _packer(self) -> Packer:
        return Packer(
            Mailbox.parse(self.sender),
            Mailbox.parse(self.reply_to) if self.reply_to else None,
            Mailbox.parse(self.return_path) if self.return_path else None,
            [entry.signer() for entry in self.dkim],
        )
