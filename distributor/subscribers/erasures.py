"""Erased subscribers: what names them is deleted, and a keyed hash of the address keeps imports from bringing them back.

An import never subscribes an erased address. Its owner may sign up again, which ends the record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection

from ..mail.address import normalize
from ..model import OptOut, Subscriber
from ..storage.statements import insert_into, is_one_of
from ..storage.tables import bounces, deliveries, opt_outs, subscribers, subscriptions, suppressions
from ..storage.web_tables import data_requests, erased_addresses, idempotent_answers, outbox, provider_events, signups
from .address_hash import hash_address, hash_with_each
from .opt_outs import ALL_NEWSLETTERS

VIA = "erased"  # in place of how somebody has opted out


def erase(connection: Connection, person: Subscriber, keys: tuple[bytes, ...], now: datetime, *, via: str) -> None:
    """Delete a subscriber and everything that names them. In the ledger and among the bounces only counts and outcomes stay.

    What stays is a hash of the address, made with the first of `keys`, so that no import brings it back. Opt-outs and the
    suppression go too: the hash does more. Deliveries that are still open find no subscriber and become suppressed. `via`
    says who has asked: `link`, `staff`, `api`.
    """
    key = normalize(person.address)
    row = {"address_hash": hash_address(keys[0], key), "at": now, "via": via}
    connection.execute(insert_into(connection, erased_addresses).values(row).on_conflict_do_nothing())
    unnamed = {"address": "", "reply": ""}
    connection.execute(sa.update(deliveries).where(deliveries.c.recipient == person.id).values(**unnamed))
    connection.execute(sa.update(bounces).where(bounces.c.address_key == key).values(address_key="", text=""))
    for table in (opt_outs, suppressions, signups):
        connection.execute(sa.delete(table).where(table.c.address_key == key))
    theirs = (outbox.c.recipient == person.id) | (sa.func.lower(outbox.c.address) == key)
    connection.execute(sa.delete(outbox).where(theirs))
    asked = (data_requests.c.subscriber_id == person.id) | (sa.func.lower(data_requests.c.address) == key)
    connection.execute(sa.update(data_requests).where(asked).values(address="", note=""))
    connection.execute(sa.delete(subscriptions).where(subscriptions.c.subscriber_id == person.id))
    connection.execute(sa.delete(subscribers).where(subscribers.c.id == person.id))
    _erase_from_texts(connection, key)


def _erase_from_texts(connection: Connection, key: str) -> None:
    """Delete the events that wait for other programs and the kept answers of the API that hold an address; what providers
    have reported is also about others, so there the address alone is taken out."""
    pattern = _pattern(key)
    for table, id in ((outbox, outbox.c.id), (idempotent_answers, idempotent_answers.c.key)):
        rows = connection.execute(sa.select(id, table.c.body)).all()
        for row in rows:
            if pattern.search(row.body):  # two tokens may use the same key, so the body says which row it is
                connection.execute(sa.delete(table).where(id == row[0], table.c.body == row.body))
    reports = sa.select(provider_events.c.id, provider_events.c.body).where(sa.func.length(provider_events.c.body) > 0)
    for row in connection.execute(reports).all():
        if pattern.search(row.body):
            here = sa.update(provider_events).where(provider_events.c.id == row.id)
            connection.execute(here.values(body=pattern.sub(_ERASED, row.body)))


_ERASED = b"erased@erased.invalid"  # in place of an address in what somebody else has written (RFC 2606, section 2)


def _pattern(key: str) -> re.Pattern[bytes]:
    """Where an address stands in a body, in whatever case: as it is, or as JSON or a form write it; never as the end or the
    beginning of another one."""
    forms = {key, json.dumps(key)[1:-1], quote(key), quote(key, safe="@")}
    ours = b"|".join(re.escape(one.encode()) for one in sorted(forms))
    before = rb"(?:(?<![\w.%+-])|(?<=\\[nrt])|(?<=\\u003[cC])|(?<=%3[cCdD])|(?<=%2[02]))"
    return re.compile(before + b"(?:" + ours + rb")(?![\w-]|\.\w)", re.IGNORECASE)


def find_erased(connection: Connection, keys: tuple[bytes, ...], addresses: Sequence[str]) -> dict[str, OptOut]:
    """Which of these addresses (in normal form) were erased: as opt-outs of all newsletters, by address."""
    if not keys or not connection.execute(sa.select(erased_addresses.c.at).limit(1)).first():
        return {}
    by_hash = {one: address for address in addresses for one in hash_with_each(keys, address)}
    query = sa.select(erased_addresses).where(is_one_of(connection, erased_addresses.c.address_hash, list(by_hash)))
    return {
        by_hash[row.address_hash]: OptOut(
            address=by_hash[row.address_hash], newsletter=ALL_NEWSLETTERS, at=row.at, via=VIA
        )
        for row in connection.execute(query)
    }


def end_erasure(connection: Connection, keys: tuple[bytes, ...], address: str) -> None:
    """Delete the record that an address (in normal form) was erased: its owner has signed up again."""
    here = erased_addresses.c.address_hash.in_(hash_with_each(keys, address))
    connection.execute(sa.delete(erased_addresses).where(here))
