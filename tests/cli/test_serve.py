"""`distributor serve`: how it ends."""

from __future__ import annotations

import pytest

from distributor.cli import deliver
from distributor.errors import StoreError
from distributor.service import Service
from support.newsroom import Room


def test_a_clean_stop_while_the_store_is_away_is_one(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unfinished cannot be said then; systemd would take the stop for a failure."""

    async def run(_: Service) -> None:
        return

    def away(*_: object) -> None:
        raise StoreError("store: connection refused")

    monkeypatch.setattr(Service, "run", run)
    monkeypatch.setattr(deliver, "unfinished_lines", away)
    done = room.run("serve", "--no-web")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("Stopped.\n")
