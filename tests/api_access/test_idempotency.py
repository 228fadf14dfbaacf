"""One effect for one key, the same answer for the same request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from distributor.api_access import idempotency
from distributor.api_access.idempotency import ClaimResult, KeptAnswer
from distributor.storage.database import Database

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def claim(
    database: Database, key: str = "k", request: str = "a" * 64, at: datetime = NOW, token: str = "t"
) -> ClaimResult | KeptAnswer:
    with database.write() as connection:
        return idempotency.claim(connection, token, key, request, at)


def keep(database: Database) -> None:
    with database.write() as connection:
        idempotency.keep(connection, "t", "k", KeptAnswer(201, b'{"id": 1}'))


def test_a_request_is_worked_on_once_and_answered_again(database: Database) -> None:
    assert claim(database) is ClaimResult.CLAIMED
    assert claim(database) is ClaimResult.IN_PROGRESS
    keep(database)
    assert claim(database) == KeptAnswer(201, b'{"id": 1}')


def test_a_key_is_good_for_one_request_of_one_token(database: Database) -> None:
    assert claim(database) is ClaimResult.CLAIMED
    assert claim(database, request="b" * 64) is ClaimResult.REUSED
    assert claim(database, token="other") is ClaimResult.CLAIMED


def test_what_failed_through_our_fault_may_be_tried_again(database: Database) -> None:
    claim(database)
    with database.write() as connection:
        idempotency.release(connection, "t", "k")
    assert claim(database) is ClaimResult.CLAIMED


def test_an_answer_is_not_released_and_goes_after_a_day(database: Database) -> None:
    claim(database)
    keep(database)
    with database.write() as connection:
        idempotency.release(connection, "t", "k")
    assert isinstance(claim(database, at=NOW + timedelta(hours=23)), KeptAnswer)
    assert claim(database, at=NOW + timedelta(hours=25)) is ClaimResult.CLAIMED


def test_a_request_whose_process_died_is_taken_up_by_the_next(database: Database) -> None:
    claim(database)
    assert claim(database, at=NOW + timedelta(minutes=11)) is ClaimResult.CLAIMED
    assert claim(database, at=NOW + timedelta(minutes=12)) is ClaimResult.IN_PROGRESS
