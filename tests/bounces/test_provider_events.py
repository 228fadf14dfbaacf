"""What providers have reported: each report is kept once, however often they send it."""

from __future__ import annotations

from distributor.bounces import provider_events
from distributor.storage.database import Database
from support.builders import NOW


def test_a_report_is_new_once_for_each_provider(database: Database) -> None:
    def store(provider: str, key: str) -> bool:
        with database.write(alone=False) as connection:
            return provider_events.store(connection, provider, key, {"a": "b"}, b"{}", NOW)

    assert [store("brevo", "1"), store("brevo", "1"), store("ses", "1"), store("brevo", "2")] == [
        True,
        False,
        True,
        True,
    ]
    with database.read() as connection:
        assert len(provider_events.list_waiting(connection, NOW, 10)) == 3
