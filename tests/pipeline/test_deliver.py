"""The key that signs links is exchanged while everything goes on: old links, bounces and erasures are still known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from distributor import pipeline
from distributor.channel import Document, SiteContext
from distributor.errors import StoreLost, UserError
from distributor.mail import verp
from distributor.pipeline import deliver
from distributor.rendering.context import SiteRenderContext
from distributor.storage import identity
from distributor.storage.database import Database
from distributor.storage.key_file import new_key
from distributor.subscribers import erasures, repository, tokens
from distributor.subscribers.address_hash import hash_with_each
from distributor.subscribers.tokens import Claim, Purpose
from support.clocked_newsroom import Line
from support.scripted_channels import Wall

LINK = Claim(Purpose.UNSUBSCRIBE, "abc", "tin-sang")


def rotate(line: Line) -> int:
    return pipeline.rotate_key(line.newsroom, line.store, line.now)


def check(line: Line) -> None:
    pipeline.check_may_send(line.newsroom, line.store, line.now)


def test_links_and_bounce_tokens_of_every_earlier_key_stay_good(line: Line) -> None:
    check(line)
    signed = []
    for number in (1, 2, 3):
        key = line.newsroom.secret()
        signed.append((tokens.sign(key, LINK), verp.token(key, number)))
        assert rotate(line) == number + 1
        assert line.newsroom.secret() != key
    keys = line.newsroom.secrets()
    assert len(set(keys)) == 4
    for number, (link, bounce) in enumerate(signed, start=1):
        assert tokens.read(keys, link, Purpose.UNSUBSCRIBE) == LINK
        assert verp.read(keys, bounce) == number
    check(line)
    assert tokens.read(keys[:1], tokens.sign(line.newsroom.secret(), LINK), Purpose.UNSUBSCRIBE) == LINK


def test_somebody_erased_under_an_earlier_key_is_still_known_as_erased(line: Line) -> None:
    check(line)
    line.subscribe("lan")
    with line.store.write() as connection:
        person = repository.find(connection, "lan@example.com")
        assert person is not None
        erasures.erase(connection, person, line.newsroom.secrets(), line.now, via="staff")
    rotate(line)
    with line.store.read() as connection:
        hashes = hash_with_each(line.newsroom.secrets(), "lan@example.com")
        assert len(hashes) == 2
        assert erasures.find_erased(connection, line.newsroom.secrets(), ["lan@example.com"])


def test_the_store_takes_the_new_key_over_and_then_refuses_the_old_one_alone(line: Line) -> None:
    check(line)
    old = line.newsroom.key_file.read_text()
    rotate(line)
    line.newsroom.key_file.write_text(old)  # an old backup: it cannot read what the new key has signed
    with pytest.raises(StoreLost, match="is another one"):
        check(line)


def test_a_key_of_the_configuration_is_exchanged_there(line: Line) -> None:
    first, second = new_key(), new_key()
    line.configure(f".secret: {first}")
    check(line)
    with pytest.raises(UserError, match="put a new one there, and the present one under `old_secrets`"):
        rotate(line)
    line.config = line.config.replace(f"secret: {first}", f"secret: {second}\nold_secrets: [{first}]")
    line._newsroom = None
    check(line)
    assert line.newsroom.secrets() == (second.encode(), first.encode())
    with line.store.read() as connection:
        known = identity.load(connection)
    assert known is not None
    assert not identity.is_exchanged(known, line.newsroom.present_keys())
    line.config = line.config.replace(f"\nold_secrets: [{first}]", "")
    line._newsroom = None
    check(line)


def test_a_key_that_nobody_knows_is_refused(line: Line) -> None:
    check(line)
    line.newsroom.key_file.write_text(new_key())
    with pytest.raises(StoreLost):
        rotate(line)


async def test_a_channel_whose_code_fails_leaves_the_feeds_of_the_others_alone(database: Database) -> None:
    class Broken(Wall):
        def compose_site_wide(self, context: SiteContext) -> Sequence[Document]:
            raise KeyError("title")

    faults = await deliver._refresh_channel(Broken(name="wall"), cast("SiteRenderContext", None), database)
    assert faults == ["the adapter failed: KeyError: 'title'"]
