"""Recipients of an edition: subscribers with the values of their merge fields and the Message-IDs of their messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from ..config.schema import Settings
from ..mail import verp
from ..mail.message import message_id
from ..model import Delivery, Edition, Recipient
from ..storage.database import Database
from . import repository
from .tokens import Claim, Purpose, sign

PROBE = "test"  # the subject of links in emails to staff: their pages work, and change nothing


class SigningNewsroom(Protocol):
    """What this module needs of a newsroom."""

    @property
    def settings(self) -> Settings: ...

    def secret(self) -> bytes: ...


def recipient_finder(
    newsroom: SigningNewsroom, database: Database
) -> Callable[[Edition, Sequence[Delivery]], Mapping[str, Recipient]]:
    """A function from an edition and rows of its ledger to recipients by subscriber id, without erased subscribers."""
    secret = newsroom.secret()
    links = newsroom.settings.links_url
    test = newsroom.settings.test_mode

    def look_up(edition: Edition, rows: Sequence[Delivery]) -> Mapping[str, Recipient]:
        with database.read() as connection:
            names = repository.names_by_id(connection, [row.recipient for row in rows])
        return {
            row.recipient: build_recipient(
                edition,
                row.recipient,
                test.to if test else row.address,
                names[row.recipient],
                secret=secret,
                links=links,
                bounce_token=verp.token(secret, row.id),
            )
            for row in rows
            if row.recipient in names
        }

    return look_up


def build_recipient(
    edition: Edition, subscriber: str, address: str, name: str, *, secret: bytes, links: str, bounce_token: str = ""
) -> Recipient:
    """One recipient of an edition. `links` is the base URL of our own pages; `bounce_token` names the delivery in the
    address that its bounces go to."""
    subject = subscriber if subscriber.isalnum() else PROBE
    token = sign(secret, Claim(Purpose.UNSUBSCRIBE, subject, edition.newsletter))
    preferences = sign(secret, Claim(Purpose.PREFERENCES, subject))
    return Recipient(
        id=subscriber,
        address=address,
        name=name,
        message_id=message_id(edition.id, subscriber, _host(links)),
        bounce_token=bounce_token,
        merge_values={
            "name": name,
            "address": address,
            "unsubscribe_url": f"{links}/u/{token}",
            "preferences_url": f"{links}/p/{preferences}",
        },
    )


def build_single_recipient(
    key: str,
    subscriber: str,
    newsletter: str,
    address: str,
    name: str,
    *,
    secret: bytes,
    links: str,
    bounce_token: str = "",
) -> Recipient:
    """The recipient of an email that belongs to no edition. `key` names its occasion: its Message-ID is made of it, the same
    for every attempt. `subscriber` is empty where there is none: then it has no links of its own."""
    values = {"name": name, "address": address, "unsubscribe_url": "", "preferences_url": ""}
    if subscriber:
        values["unsubscribe_url"] = f"{links}/u/{sign(secret, Claim(Purpose.UNSUBSCRIBE, subscriber, newsletter))}"
        values["preferences_url"] = f"{links}/p/{sign(secret, Claim(Purpose.PREFERENCES, subscriber))}"
    return Recipient(
        id=key,
        address=address,
        name=name,
        message_id=message_id("outbox", key, _host(links)),
        bounce_token=bounce_token,
        merge_values=values,
    )


@lru_cache(maxsize=16)
def _host(links: str) -> str:
    return urlsplit(links).hostname or "localhost"
