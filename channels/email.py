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
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from distributor.channel import Carrier, Desk, Duration, Errand, Folder, OneByOne, PersonalChannel, Secret
from distributor.errors import Rejected
from distributor.mail import maildir
from distributor.mail.address import Mailbox
from distributor.mail.link import Deadlines, Server
from distributor.mail.message import Letter
from distributor.mail.relay import Relays, probe
from distributor.mail.splice import Compiled, compile, splice, splice_for_wire, values
from distributor.mail.transfer import Parcel
from distributor.model import Edition, Receipt, Recipient, Rendition
from distributor.text import clean_line

_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_HERE = ("localhost", "127.0.0.1", "::1")
_KEPT = 64  # compiled letters: those of as many cohorts as are under way together
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
        compiled = _compiled(self, rendition, recipient, eight_bit=False)
        assert compiled is not None
        return splice(compiled, recipient)

    async def deliver_to(self, rendition: Rendition, recipient: Recipient) -> Receipt:
        """Into the Maildir."""
        try:
            message = self.personalise(rendition, recipient)
        except ValueError as error:
            raise Rejected(f"no message could be made: {error}") from None
        name = maildir.deliver(self.maildir, recipient.message_id, message)
        return Receipt(remote_id=name, reply="laid into the Maildir")

    def carrier(self) -> Carrier:
        if not self.host:
            return OneByOne(self)
        return Relays([self._server()], Packer(self).pack)

    async def check(self) -> None:
        """Connect, log in and leave, if there is a server."""
        if self.host:
            await probe(self._server())

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


class Packer:
    """Makes parcels: compiles the letter of a cohort once, and splices it for each of its readers."""

    def __init__(self, channel: Email) -> None:
        self._channel = channel
        self._sender = Mailbox.parse(channel.sender).address
        self._kept: OrderedDict[tuple[str, str, bool], Compiled | None] = OrderedDict()

    def pack(self, errand: Errand, eight_bit: bool) -> Parcel:
        """The parcel of an errand. Raises ValueError for a message that cannot be made."""
        compiled = self._compiled(errand, eight_bit) or self._compiled(errand, False)
        assert compiled is not None
        person = errand.recipient
        content = splice_for_wire(compiled, values(compiled, person))
        utf8 = not person.address.isascii()
        return Parcel(self._sender, person.address, content, utf8=utf8, eight_bit=compiled.eight_bit)

    def _compiled(self, errand: Errand, eight_bit: bool) -> Compiled | None:
        key = (errand.rendition.edition, errand.rendition.part, eight_bit)
        if key not in self._kept:
            self._kept[key] = _compiled(self._channel, errand.rendition, errand.recipient, eight_bit=eight_bit)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]


def _compiled(channel: Email, rendition: Rendition, sample: Recipient, *, eight_bit: bool) -> Compiled | None:
    """The letter of a rendition with its places; None where it cannot travel as 8bit. `sample` is any of its readers."""
    template: dict[str, str] = json.loads(rendition.body)
    sender = Mailbox.parse(channel.sender)
    reply_to = Mailbox.parse(channel.reply_to) if channel.reply_to else None
    letter = Letter(
        sender=sender,
        to=sender,
        subject=template["subject"],
        text=template["text"],
        html=template["html"],
        date=datetime.fromisoformat(template["date"]),
        message_id=sample.message_id,
        language=template["language"],
        reply_to=reply_to,
        list_id=template["list_id"],
        list_name=template["list_name"],
        unsubscribe_url=sample.slots["unsubscribe_url"],
        unsubscribe_mailto=reply_to or sender,
    )
    return compile(letter, eight_bit=eight_bit, usual={"name": _READER[template["language"]]})
