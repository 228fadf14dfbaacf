"""Connections to a server: nobody waits for ever, neither for it nor for another host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from distributor.storage.database import Database

NAMES = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")


def test_both_ends_of_a_line_notice_when_nothing_comes_back(postgresql_url: Callable[[], str], tmp_path: Path) -> None:
    """A host that was cut off would keep the lock of those who write for two hours, as Linux has it."""
    database = Database.open(postgresql_url(), tmp_path)
    with database.read() as connection:
        theirs = [connection.execute(sa.text(f"SHOW {name}")).scalar() for name in NAMES]
        raw = connection.connection.driver_connection
        assert raw
        ours = raw.info.get_parameters()
    database.close()
    assert theirs == ["15", "5", "3", "30000"]
    wanted = {"keepalives_idle": "15", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "30000"}
    assert wanted | {"connect_timeout": "10"} == {name: ours[name] for name in (*wanted, "connect_timeout")}
    assert {name: str(value) for name, value in database.driver_arguments().items() if name in wanted} == wanted


def test_what_the_address_says_counts(tmp_path: Path, postgresql_url: Callable[[], str]) -> None:
    database = Database.open(f"{postgresql_url()}?connect_timeout=3&keepalives_idle=99", tmp_path)
    given = database.driver_arguments()
    database.close()
    assert (given["connect_timeout"], given["keepalives_idle"]) == ("3", "99")
