"""Tokens: shown once, kept as a hash, found by it, ended for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from distributor.api_access import tokens
from distributor.api_access.tokens import ApiScope
from distributor.errors import UserError
from distributor.storage.database import Database
from distributor.storage.renames import NameKind, rename_everywhere
from distributor.storage.web_tables import api_tokens

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
WRITE = [ApiScope.ARTICLES_WRITE]


def test_a_token_is_found_by_itself_and_stored_nowhere(database: Database) -> None:
    with database.write() as connection:
        made, token = tokens.create(connection, "cms", scopes=WRITE, by="lan", now=NOW)
    with database.read() as connection:
        assert tokens.find_by_token(connection, token) == made
        assert tokens.find_by_token(connection, token[:-1]) is None
        stored = connection.execute(sa.select(api_tokens)).one()
    assert token.removeprefix(tokens.PREFIX) not in str(stored)
    assert (made.name, made.scopes, made.actor) == ("cms", ("articles:write",), "lan")


def test_a_token_ends_at_its_time_or_when_it_is_revoked(database: Database) -> None:
    with database.write() as connection:
        made, token = tokens.create(
            connection, "cms", scopes=WRITE, by="lan", now=NOW, expires_at=NOW + timedelta(days=1)
        )
        assert [made.state(NOW), made.state(NOW + timedelta(days=1))] == ["active", "expired"]
        tokens.revoke(connection, "cms", NOW + timedelta(hours=1))
        tokens.revoke(connection, made.id, NOW + timedelta(hours=2))
        gone = tokens.find_by_token(connection, token)
    assert gone is not None
    assert (gone.state(NOW), gone.revoked_at) == ("revoked", NOW + timedelta(hours=1))


def test_two_active_tokens_have_two_names(database: Database) -> None:
    with database.write() as connection:
        tokens.create(connection, "cms", scopes=WRITE, by="lan", now=NOW)
        with pytest.raises(UserError, match="there is an active token 'cms'"):
            tokens.create(connection, "cms", scopes=WRITE, by="lan", now=NOW)
        tokens.revoke(connection, "cms", NOW)
        tokens.create(connection, "cms", scopes=WRITE, by="lan", now=NOW)
        assert [one.state(NOW) for one in tokens.list_tokens(connection)].count("active") == 1


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb"])
def test_a_name_that_no_record_can_show_is_refused(database: Database, name: str) -> None:
    with database.write() as connection, pytest.raises(UserError, match="needs a name"):
        tokens.create(connection, name, scopes=WRITE, by="lan", now=NOW)


def test_what_is_no_token_is_not_revoked(database: Database) -> None:
    with database.write() as connection, pytest.raises(UserError, match="there is no token 'cms'"):
        tokens.revoke(connection, "cms", NOW)


def test_a_token_for_one_newsletter_sees_no_other(database: Database) -> None:
    with database.write() as connection:
        made, _ = tokens.create(connection, "cms", scopes=WRITE, newsletters=["tin-sang"], by="lan", now=NOW)
        tokens.touch(connection, made.id, NOW)
        (found,) = tokens.list_tokens(connection)
    assert (found.may_see("tin-sang"), found.may_see("tin-toi"), found.last_used) == (True, False, NOW)


def test_a_token_goes_on_seeing_a_newsletter_that_has_another_name_now(database: Database) -> None:
    with database.write() as connection:
        _, token = tokens.create(
            connection, "cms", scopes=[ApiScope.ARTICLES_READ], newsletters=["tin-sang"], by="Lan", now=NOW
        )
        rename_everywhere(connection, NameKind.NEWSLETTER, "tin-sang", "ban-tin", "Lan", NOW)
    with database.read() as connection:
        found = tokens.find_by_token(connection, token)
    assert found and found.newsletters == ("ban-tin",)
