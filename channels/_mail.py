"""What the e-mail channel needs besides: its servers as settings, and the packer that makes wire messages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from distributor.channel import Folder, Secret
from distributor.mail.address import Mailbox
from distributor.mail.provider_headers import Provider, ProviderHeaders, Rewritten, headers_of
from distributor.mail.rates import RateLimit

if TYPE_CHECKING:
    from distributor.mail.connection import SmtpServer
    from distributor.mail.dkim import DkimSigner

PORTS = {"none": 25, "starttls": 587, "tls": 465}
_HERE = ("localhost", "127.0.0.1", "::1")


def _mailbox(text: str) -> str:
    if not Mailbox.parse(text).is_ascii:
        raise ValueError("an address of ours must have only ASCII letters before the @: many servers take no others")
    return text


def _host_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]*", text):
        raise ValueError("must be a name made of letters, digits, hyphens and dots")
    return text


def _rates(value: object) -> object:
    texts = value if isinstance(value, list | tuple) else [value] if value else []
    return tuple(text if isinstance(text, RateLimit) else RateLimit.parse(str(text)) for text in texts)


HostName = Annotated[str, AfterValidator(_host_name)]
Address = Annotated[str, AfterValidator(_mailbox)]
_Rates = Annotated[tuple[RateLimit, ...], BeforeValidator(_rates)]
DomainRateLimits = Annotated[dict[str, _Rates], BeforeValidator(lambda value: value or {})]

# The settings of one server, in `servers` and in the channel itself.
Host = Annotated[str, "name of the SMTP server", Field(examples=["smtp.bacson.example"])]
Port = Annotated[
    int | None,
    "port of the server; 587, 465 or 25 if left out, as `tls` says",
    Field(ge=1, le=65535, examples=[587]),
]
Security = Annotated[Literal["starttls", "tls", "none"], "encryption of the connection: starttls, tls or none"]
UserName = Annotated[str, "user name to log in with; needs `password`", Field(examples=["tin@bacson.example"])]
Password = Annotated[Secret | None, "password to log in with; needs `username`", Field(examples=["${SMTP_PASSWORD}"])]
TokenCommand = Annotated[
    str,
    "command that prints an access token (XOAUTH2), instead of `password`; needs `username`",
    Field(examples=["get-mail-token tin"]),
]
CaFile = Annotated[
    Folder | None,
    "certificates to trust in place of the system's",
    Field(examples=["/etc/ssl/certs/ca-certificates.crt"]),
]
ConnectionLimit = Annotated[int, "most connections at once", Field(ge=1, le=500)]
MessageLimit = Annotated[int, "most messages on one connection", Field(ge=1)]
RateLimits = Annotated[
    _Rates, "most messages: 20/s, 5000/h; all limits of a list hold", Field(examples=[["20/s", "5000/h"]])
]

EmailProvider = Annotated[
    Provider,
    "none, ses, mailgun, postmark, sendgrid or brevo: adds the header by which its events name emails",
]
RewrittenHeaders = Annotated[
    tuple[Rewritten, ...] | None,
    "headers that this server writes anew, not signed by us; those of the provider if left out",
    Field(examples=[["Date", "Message-ID"]]),
]


@dataclass(frozen=True, kw_only=True)
class SmtpServerSettings:
    """One SMTP server."""

    host: Host
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
    weight: Annotated[int, "share of the messages, compared with the other servers", Field(ge=1)] = 1

    def __post_init__(self) -> None:
        if bool(self.username) != bool(self.password or self.token_command):
            raise ValueError("username and password belong together: one of them is missing (or a token_command)")
        if self.password and self.token_command:
            raise ValueError("password and token_command are not used together: keep one of the two")
        if self.username and self.tls == "none" and self.host not in _HERE:
            raise ValueError("the password would travel in the clear: set tls to starttls or tls")

    @property
    def provider_headers(self) -> ProviderHeaders:
        return headers_of(self.provider, self.rewrites)

    def server(self, helo_name: str, response_timeout: float, place: str = "") -> SmtpServer:
        """The server to connect to. `place` says where its settings stand in those of the channel."""
        from distributor.mail.connection import SmtpServer, SmtpTimeouts  # what sends: most commands only read settings

        return SmtpServer(
            host=self.host,
            port=self.port or PORTS[self.tls],
            security=self.tls,
            username=self.username,
            password=self.password.get_secret_value() if self.password else "",
            token=_token_provider(self.token_command) if self.token_command else None,
            ca_file=self.ca_file,
            hostname=helo_name,
            connections=self.connections,
            messages_per_connection=self.messages_per_connection,
            weight=self.weight,
            rates=self.rates,
            timeouts=SmtpTimeouts(answer=response_timeout),
            place=place,
        )


@dataclass(frozen=True, kw_only=True)
class DkimSettings:
    """One signature: whose it is, and the key that makes it. See docs/dkim.md."""

    domain: Annotated[str, "domain that signs: that of the sender, for DMARC", Field(examples=["bacson.example"])]
    selector: Annotated[str, "name of the key's record in DNS", Field(examples=["2026a"])]
    key: Annotated[Folder, "file of the private key, made by `distributor dkim`", Field(examples=["dkim-2026a.pem"])]

    def signer(self) -> DkimSigner:
        """Raises ValueError for a key that cannot be used, in words."""
        from distributor.mail.dkim import DkimSigner

        return DkimSigner.load(self.domain, self.selector, Path(self.key))


def _token_provider(command: str) -> Callable[[], Awaitable[str]]:
    """Asks a command of staff for an access token, beside the wire."""
    import asyncio

    from distributor.mail.connection import run_token_command

    return lambda: asyncio.to_thread(run_token_command, command)
