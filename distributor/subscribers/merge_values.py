"""Recipients of an edition: subscribers with the values of their merge fields and the Message-IDs of their messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from .. import i18n
from ..config.schema import Settings
from ..config.web import Attribute
from ..mail import verp
from ..mail.message import message_id
from ..merge_fields import ATTRIBUTE_PREFIX, NO_VALUES
from ..model import AttributeValue, Delivery, Edition, Language, Recipient
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
    newsroom.secret()  # made where there is none
    links = newsroom.settings.links_url
    test, declared, texts = newsroom.settings.test_mode, newsroom.settings.attributes, newsroom.settings.texts

    def look_up(edition: Edition, rows: Sequence[Delivery]) -> Mapping[str, Recipient]:
        with database.read() as connection:
            people = repository.personal_by_id(connection, [row.recipient for row in rows], attributes=bool(declared))
        secret = newsroom.secret()  # each time: it may be exchanged while emails are sent
        return {
            row.recipient: build_recipient(
                edition,
                row.recipient,
                test.to if test else row.address,
                people[row.recipient].name,
                secret=secret,
                links=links,
                bounce_token=verp.token(secret, row.id),
                leave_token=verp.token(secret, row.id, verp.LEAVE),
                attributes=written_attributes(people[row.recipient].attributes, declared, edition.language, texts),
            )
            for row in rows
            if row.recipient in people
        }

    return look_up


def build_recipient(
    edition: Edition,
    subscriber: str,
    address: str,
    name: str,
    *,
    secret: bytes,
    links: str,
    bounce_token: str = "",
    leave_token: str = "",
    attributes: Mapping[str, str] = NO_VALUES,
) -> Recipient:
    """One recipient of an edition. `links` is the base URL of our own pages; `bounce_token` and `leave_token` name the
    delivery in the addresses that its bounces and its recipient's wish to leave go to; `attributes` are the values of merge
    fields beside the usual ones."""
    subject = subscriber if subscriber.isalnum() else PROBE
    token = sign(secret, Claim(Purpose.UNSUBSCRIBE, subject, edition.newsletter))
    preferences = sign(secret, Claim(Purpose.PREFERENCES, subject))
    return Recipient(
        id=subscriber,
        address=address,
        name=name,
        message_id=message_id(edition.id, subscriber, _host(links)),
        bounce_token=bounce_token,
        leave_token=leave_token,
        merge_values={
            "name": name,
            "address": address,
            "unsubscribe_url": f"{links}/u/{token}",
            "preferences_url": f"{links}/p/{preferences}",
            **attributes,
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
    attributes: Mapping[str, str] = NO_VALUES,
) -> Recipient:
    """The recipient of an email that belongs to no edition. `key` names its occasion: its Message-ID is made of it, the same
    for every attempt. `subscriber` is empty where there is none: then it has no links of its own."""
    values = {"name": name, "address": address, "unsubscribe_url": "", "preferences_url": "", **attributes}
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


def written_attributes(
    known: Mapping[str, AttributeValue], declared: Mapping[str, Attribute], language: Language, texts: i18n.Texts
) -> Mapping[str, str]:
    """Attributes as merge fields, in the words of a language; only those that config.yaml declares."""
    if not known:
        return NO_VALUES
    return {
        ATTRIBUTE_PREFIX + name: _in_words(value, declared[name].type, language, texts)
        for name, value in known.items()
        if name in declared
    }


def _in_words(value: AttributeValue, type: str, language: Language, texts: i18n.Texts) -> str:
    if isinstance(value, bool):
        return texts.translate(language, "value_yes" if value else "value_no")
    if isinstance(value, int | float):
        return i18n.plain_number(value, language)
    if type == "date":
        with suppress(ValueError):
            return i18n.short_day(date.fromisoformat(value), language)
    return value


@lru_cache(maxsize=16)
def _host(links: str) -> str:
    return urlsplit(links).hostname or "localhost"
