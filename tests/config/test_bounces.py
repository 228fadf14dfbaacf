"""Mailboxes of returned emails have names of their own: by its name one is read, looked at and told of."""

from __future__ import annotations

from typing import Any

from distributor.config.bounces import BounceMailboxSettings


def mailbox(**settings: Any) -> BounceMailboxSettings:
    account = {"type": "imap", "host": "imap.example", "username": "tin", "password": "secret"}
    return BounceMailboxSettings(**(account | settings))


def test_folders_of_one_account_are_mailboxes_of_their_own() -> None:
    """With one name for both, `serve` would take the second for read when it has read the first."""
    assert str(mailbox()) == str(mailbox(folder="inbox")) == "imap tin at imap.example:993"
    assert str(mailbox(folder="Complaints")) == "imap tin at imap.example:993, folder Complaints"
