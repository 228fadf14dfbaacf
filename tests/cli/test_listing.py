"""Commands that list by themselves take the word `list` too, and say what there is for a word that is none of theirs."""

from __future__ import annotations

import pytest

from support.newsroom import Room
from support.prepared_newsroom import PreparedRoom

LISTINGS = [
    "articles", "editions", "newsletters", "sources", "channels", "deliveries", "outbox", "subscribers requests",
]  # fmt: skip


@pytest.fixture
def sent(prepared_room: PreparedRoom) -> Room:
    """A newsroom that has sent an edition of two articles."""
    return prepared_room(send_two)


def send_two(room: Room) -> None:
    room.good("send", "tin-sang", "--yes")


@pytest.mark.parametrize("command", LISTINGS)
def test_list_is_what_the_command_does_alone(sent: Room, command: str) -> None:
    alone = sent.good(*command.split())
    assert alone.strip()
    assert sent.good(*command.split(), "list") == alone
    assert sent.run(*command.split(), "list", "--json").json == sent.run(*command.split(), "--json").json


def test_options_may_stand_on_either_side_of_it(sent: Room) -> None:
    found = sent.good("articles", "--search", "khoi cong")
    assert found.count("\n") < sent.good("articles").count("\n")
    assert sent.good("articles", "list", "--search", "khoi cong") == found
    assert sent.good("articles", "--search", "khoi cong", "list") == found
    assert sent.good("deliveries", "list", "tin-sang-1", "--state", "sent") == sent.good("deliveries", "tin-sang-1")
    assert sent.run("sources", "--json", "list").json == sent.run("sources", "--json").json


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["articles", "lst"], "error: distributor articles has no command 'lst'; there are correct, hold, pin, release"),
        (["articles", "lst"], "withdraw, and `distributor articles` alone lists"),
        (["articles", "withdrw"], "error: distributor articles has no command 'withdrw'; did you mean 'withdraw'?"),
        (["editions", "aprove"], "error: distributor editions has no command 'aprove'; did you mean 'approve'?"),
        (["subscribers", "lists"], "error: distributor subscribers has no command 'lists'; did you mean 'list'?"),
        (["subscribers", "xyz"], "error: distributor subscribers has no command 'xyz'; there are add, "),
        (["tokens", "crate"], "error: distributor tokens has no command 'crate'; did you mean 'create'?"),
    ],
)  # fmt: skip
def test_a_command_that_there_is_not_is_told_with_what_there_is(room: Room, arguments: list[str], line: str) -> None:
    done = room.run(*arguments)
    assert done.code == 2
    assert line in done.err
    assert "No such command" not in done.err
