"""Sends the digest to each subscriber, by any SMTP server, or lays it into a Maildir.

    channels:
      mail:
        type: email
        sender: Báo Bắc Sơn <tin@bacson.example>
        host: smtp.bacson.example
        username: tin@bacson.example
        password: ${SMTP_PASSWORD}

Without `host` the letters go into the folder `maildir`, one file each: nothing leaves the machine. With it they go to
that server, over STARTTLS on port 587 unless `tls` and `port` say otherwise; the server's certificate must be valid.

Every letter carries the headers that large providers ask of newsletters, among them a signed one-click unsubscribe link
of its own. Its Message-ID is the same for every attempt, so that a copy sent twice can be recognised.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from distributor import slots
from distributor.channel import Desk, Duration, Folder, Mark, Outcome, PersonalChannel, Secret
from distributor.errors import Rejected, Unavailable
from distributor.mail import maildir, relay
from distributor.mail.address import Mailbox
from distributor.mail.link import Deadlines, Server
from distributor.mail.message import Letter, build
from distributor.mail.relay import Envelope
from distributor.model import Edition, Receipt, Recipient, Rendition
from distributor.text import clean_line

_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_HERE = ("localhost", "127.0.0.1", "::1")
_READER = {"vi": "bạn đọc", "en": "reader"}  # greets who has given no name


def _mailbox(text: str) -> str:
    if not Mailbox.parse(text).is_ascii:
        raise ValueError("an address of ours must have only ASCII letters before the @: many servers take no others")
    return text


def _host_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]*", text):
        raise ValueError("must be a name made of letters, digits, hyphens and dots")
    return text


# Given up too early, a message that is out counts as one that may be, and goes out again.
Patience = Annotated[Duration, Field(ge=timedelta(seconds=1))]
HostName = Annotated[str, AfterValidator(_host_name)]
Address = Annotated[str, AfterValidator(_mailbox)]


@dataclass(frozen=True, kw_only=True)
class Email(PersonalChannel):
    """Mail to subscribers, one message each."""

    writes_mail = True

    sender: Annotated[Address, "who writes: Name <address>"]
    reply_to: Annotated[Address | None, "where answers go; to the sender if empty"] = None
    maildir: Annotated[Folder, "folder for the letters while no host is given"] = Path("var/mail")
    host: Annotated[str, "name of the SMTP server"] = ""
    port: Annotated[int | None, "its port; 25, 587 or 465 as `tls` says if empty", Field(ge=1, le=65535)] = None
    tls: Annotated[Literal["starttls", "tls", "none"], "how the connection is encrypted"] = "starttls"
    username: Annotated[str, "name to log in with; none if empty"] = ""
    password: Annotated[Secret | None, "password to log in with"] = None
    ca_file: Annotated[Folder | None, "file of certificates to trust, instead of the system's"] = None
    hello: Annotated[HostName, "name by which we greet the server; the machine's if empty"] = ""
    list_domain: Annotated[HostName, "domain of the List-Id; the sender's if empty; never change it later"] = ""
    per_connection: Annotated[int, "messages before a new connection is made", Field(ge=1)] = 100
    patience: Annotated[Patience, "how long an answer may take after a message; RFC 5321 says 10m"] = timedelta(
        minutes=10
    )

    def __post_init__(self) -> None:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together: one of them is missing")
        if self.username and self.tls == "none" and self.host not in _HERE:
            raise ValueError("the password would travel in the clear: set tls to starttls or tls")

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
            "list_id": f"{edition.newsletter}.{self.list_domain or Mailbox.parse(self.sender).domain}",
        }
        body = json.dumps(letter, ensure_ascii=False, sort_keys=True, indent=1).encode()
        return [
            Rendition(
                channel=self.name,
                part=edition.part,
                media_type="application/json",
                body=body,
                edition=edition.id,
                title=subject,
            )
        ]

    def personalise(self, rendition: Rendition, recipient: Recipient) -> bytes:
        return _letter(self, json.loads(rendition.body), recipient)

    async def deliver_many(
        self, rendition: Rendition, recipients: Sequence[Recipient], mark: Mark
    ) -> AsyncGenerator[tuple[Recipient, Outcome], None]:
        template: dict[str, str] = json.loads(rendition.body)
        carrying = (
            self._by_smtp(template, recipients, mark) if self.host else self._to_maildir(template, recipients, mark)
        )
        try:
            async for answer in carrying:
                yield answer
        finally:
            await carrying.aclose()

    async def _to_maildir(
        self, template: dict[str, str], recipients: Sequence[Recipient], mark: Mark
    ) -> AsyncGenerator[tuple[Recipient, Outcome], None]:
        for person in recipients:
            try:
                message = _letter(self, template, person)
            except ValueError as error:
                yield person, Rejected(f"no message could be made: {error}")
                continue
            if person.id not in await mark([person]):
                continue
            try:
                name = maildir.deliver(self.maildir, person.message_id, message)
            except Unavailable as error:
                yield person, error
                raise
            yield person, Receipt(remote_id=name, reply="laid into the Maildir")

    async def _by_smtp(
        self, template: dict[str, str], recipients: Sequence[Recipient], mark: Mark
    ) -> AsyncGenerator[tuple[Recipient, Outcome], None]:
        people = {person.id: person for person in recipients}
        sender = Mailbox.parse(self.sender).address
        envelopes = [
            Envelope(key=id, sender=sender, recipient=person.address, message=partial(_letter, self, template, person))
            for id, person in people.items()
        ]

        async def allowed(key: str) -> bool:
            return key in await mark([people[key]])

        carrying = relay.carry(self._server(), envelopes, allowed)
        try:
            async for key, outcome in carrying:
                yield people[key], outcome
        finally:
            await carrying.aclose()

    async def check(self) -> None:
        """Connect, log in and leave, if there is a server."""
        if self.host:
            await relay.probe(self._server())

    @property
    def place(self) -> str:
        return self.host or str(self.maildir)

    def _server(self) -> Server:
        return Server(
            host=self.host,
            port=self.port or _PORTS[self.tls],
            security=self.tls,
            username=self.username,
            password=self.password.get_secret_value() if self.password else "",
            ca_file=self.ca_file,
            hostname=self.hello,
            per_connection=self.per_connection,
            deadlines=Deadlines(answer=self.patience.total_seconds()),
        )


def _letter(channel: Email, template: dict[str, str], person: Recipient) -> bytes:
    """The bytes of one reader's copy. The same for every attempt."""
    usual = {"name": _READER[template["language"]]}
    sender = Mailbox.parse(channel.sender)
    reply_to = Mailbox.parse(channel.reply_to) if channel.reply_to else None
    return build(
        Letter(
            sender=sender,
            to=Mailbox(person.name, person.address),
            subject=template["subject"],
            text=slots.fill_text(template["text"], person.slots, usual),
            html=slots.fill_html(template["html"], person.slots, usual),
            date=datetime.fromisoformat(template["date"]),
            message_id=person.message_id,
            language=template["language"],
            reply_to=reply_to,
            list_id=template["list_id"],
            list_name=template["list_name"],
            unsubscribe_url=person.slots["unsubscribe_url"],
            unsubscribe_mailto=reply_to or sender,
        )
    )
