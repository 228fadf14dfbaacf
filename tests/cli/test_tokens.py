"""`distributor tokens`: created and shown once, listed, revoked."""

from __future__ import annotations

import pytest

from distributor.api_access.tokens import ApiScope, find_by_token
from distributor.cli.tokens import SCOPES
from support.newsroom import Room


def test_help_names_every_scope_there_is() -> None:
    assert list(SCOPES) == list(ApiScope)


def test_a_token_is_created_listed_and_revoked(room: Room) -> None:
    assert room.good("tokens", "list").startswith("No tokens yet: ")
    done = room.run("tokens", "create", "cms", "--scope", "articles:write", "--expires", "90d")
    token = done.out.strip()
    assert token.startswith("dst_")
    assert "may articles:write until " in done.err
    listed = room.good("tokens", "list")
    assert "cms" in listed
    assert token not in listed
    (row,) = room.run("tokens", "list", "--json").json
    assert (row["name"], row["state"], row["scopes"], row["last_used"]) == ("cms", "active", ["articles:write"], None)
    assert room.good("tokens", "revoke", "cms", "--yes") == f"revoked: cms ({row['id']})\n"
    assert room.run("tokens", "list", "--json").json[0]["state"] == "revoked"


def test_a_token_for_scripts_is_json_and_works(room: Room) -> None:
    made = room.run("tokens", "create", "all-of-it", "--scope", "all", "--json").json
    assert made["scopes"] == sorted(ApiScope)
    database = room.store()
    with database.read() as connection:
        found = find_by_token(connection, made["token"])
    database.close()
    assert found is not None
    assert found.id == made["id"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cms", "--scope", "articles:all"], "is not one of"),
        (["cms"], "Missing option '--scope'"),
        (["cms", "--scope", "all", "-n", "tin-khuya"], "there is no newsletter 'tin-khuya'"),
        (["cms", "--scope", "all", "--expires", "soon"], "--expires: write a duration"),
        (["cms", "--scope", "all", "--expires", "0d"], "--expires: must be longer than nothing"),
        ([" ", "--scope", "all"], "a token needs a name"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(room: Room, arguments: list[str], said: str) -> None:
    done = room.run("tokens", "create", *arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_what_is_no_token_cannot_be_revoked(room: Room) -> None:
    done = room.run("tokens", "revoke", "cms", "--yes")
    assert (done.code, "there is no token 'cms'" in done.err) == (2, True)
