"""The sections `bounces` and `bounce_guard` of config.yaml: mailboxes of returned emails, and when staff are asked first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from .section import Section
from .types import Duration, Folder, Secret


class BounceMailboxSettings(Section):
    """A mailbox that receives bounces and complaints."""

    type: Literal["imap", "pop3", "maildir"] = Field(description="imap, pop3 (both over TLS) or maildir")
    host: str = Field("", validate_default=True, description="name of the server", examples=["imap.bacson.example"])
    port: int | None = Field(
        None, ge=1, le=65535, description="port of the server; 993 or 995 if left out", examples=[993]
    )
    username: str = Field(
        "", validate_default=True, description="user name to log in with", examples=["bounce@bacson.example"]
    )
    token_command: str = Field(
        "",
        description="command that prints an access token (XOAUTH2), instead of `password`",
        examples=["get-mail-token bounce"],
    )
    password: Secret | None = Field(
        None, validate_default=True, description="password to log in with", examples=["${BOUNCE_PASSWORD}"]
    )
    ca_file: Folder | None = Field(
        None,
        description="certificates to trust in place of the system's",
        examples=["/etc/ssl/certs/ca-certificates.crt"],
    )
    folder: str = Field(
        "",
        validate_default=True,
        description="IMAP folder, INBOX if left out; or path of the Maildir",
        examples=["INBOX"],
    )
    move_to: str = Field(
        "",
        description="folder for processed messages; marked as seen if left out",
        examples=["Processed"],
    )
    every: Duration = Field(timedelta(minutes=15), description="how often `serve` checks the mailbox")

    @field_validator("host", "username", "password", mode="after")
    @classmethod
    def _check_login(cls, value: Any, info: ValidationInfo) -> Any:
        instead = info.field_name == "password" and info.data.get("token_command")
        if value and instead:
            raise ValueError("is not used together with token_command: keep one of the two")
        if not value and not instead and info.data.get("type") in ("imap", "pop3"):
            raise ValueError("is needed to read a mailbox by imap or pop3")
        return value

    @field_validator("folder", mode="after")
    @classmethod
    def _check_folder(cls, folder: str, info: ValidationInfo) -> str:
        if info.data.get("type") != "maildir":
            return folder or "INBOX"
        if not folder:
            raise ValueError("is needed: the path of the Maildir")
        return str(Path((info.context or {}).get("folder", Path())) / Path(folder).expanduser())

    def __str__(self) -> str:
        """Its name: no two have the same, also where they are folders of one account."""
        if self.type == "maildir":
            return f"maildir {self.folder}"
        name = f"{self.type} {self.username} at {self.host}:{self.port or (993 if self.type == 'imap' else 995)}"
        return f"{name}, folder {self.folder}" if self.type == "imap" and self.folder.upper() != "INBOX" else name


class BounceGuard(Section):
    """When an edition has so many hard bounces that staff are asked before any address is suppressed."""

    min_bounces: int = Field(10, ge=1, description="from this many hard bounces on (3, if half of the list bounces)")
    min_bounce_rate: float = Field(0.1, gt=0, le=1, description="and from this share of the emails tried so far")
    min_increase: float = Field(5, ge=1, description="and from this many times the usual share of the newsletter")
