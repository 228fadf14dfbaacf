"""Settings of the web pages, and of what is known of subscribers."""

from __future__ import annotations

import ipaddress
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from ..model import Language
from ..text import clean_line
from .hooks import Hooks
from .section import Section
from .types import Network, PublicUrl


class Web(Section):
    """The web pages of subscribers: sign-up, preferences, unsubscribing, archive, feeds, and the API. `serve` has them, or
    `distributor web` alone."""

    listen: str = Field(
        "127.0.0.1:8080",
        description="address and port to listen on; a proxy with TLS stands in front, see docs/proxy.md",
    )
    url: PublicUrl | None = Field(
        None,
        description="public address of these pages, never changed later; http://`listen` if left out",
        examples=["https://news.bacson.example"],
    )
    other_urls: tuple[PublicUrl, ...] = Field(
        (),
        description="earlier public addresses, at which links in sent emails still work",
        examples=[["https://tin.bacson.example"]],
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="addresses or networks of the proxies whose X-Forwarded-For is believed",
        examples=[["127.0.0.1", "10.0.0.0/8"]],
    )
    log_addresses: bool = Field(
        False, description="keep the IP address of subscribers with their consent and in the access log"
    )
    privacy_url: PublicUrl | None = Field(
        None,
        description="page about personal data, linked from every form",
        examples=["https://bacson.example/du-lieu-ca-nhan"],
    )
    access_log: bool = Field(
        True, description="log a line for each request, without addresses and links of subscribers"
    )
    own_process: bool = Field(
        False, description="let `serve` run the pages in a process of their own, on another processor core"
    )
    max_signups_per_hour: int = Field(
        3000, ge=10, description="most sign-ups in an hour; more people are asked to try again later"
    )
    https_only: bool = Field(False, description="tell browsers to use https alone from now on (HSTS)")
    max_connections: int = Field(
        1000, ge=10, description="most connections at a time; idle ones are closed for new ones"
    )
    api_requests_per_minute: int = Field(600, ge=1, description="most requests to the API in a minute, for each token")

    hooks: Hooks | None = Field(
        None,
        description="addresses at which email providers report bounces; see docs/provider-hooks.md",
        examples=[{"smtp": {"key": "${HOOK_KEY}"}}],
    )

    @field_validator("listen", mode="after")
    @classmethod
    def _check_listen(cls, listen: str) -> str:
        host, _, port = listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("write an address and a port: 127.0.0.1:8080, or [::]:8080")
        return listen

    @property
    def public_url(self) -> str:
        return self.url or f"http://{self.listen}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can open the pages."""
        host = urlsplit(self.public_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


class Attribute(Section):
    """One more thing that the newsroom knows of its subscribers."""

    label: dict[Language, str] = Field(
        min_length=1, description="name of it in forms, by language", examples=[{"vi": "Xã/phường", "en": "Commune"}]
    )
    type: Literal["text", "number", "date", "yes_no"] = Field("text", description="text, number, date or yes_no")
    choices: tuple[str, ...] = Field((), description="the only values of a text", examples=[["Bắc Sơn", "Hữu Lũng"]])
    on_form: bool = Field(False, description="ask for it in the sign-up form")

    @field_validator("choices", mode="after")
    @classmethod
    def _check_choices(cls, choices: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if choices and info.data.get("type", "text") != "text":
            raise ValueError("only a text has choices")
        cleaned = tuple(map(clean_line, choices))
        if not all(cleaned) or len({one.casefold() for one in cleaned}) < len(cleaned):
            raise ValueError("each choice is a text of its own, and none is empty")
        return cleaned
