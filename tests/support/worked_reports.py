"""A newsroom whose edition has gone out, and what email providers report of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import pipeline
from distributor.bounces import provider_events, suppressions
from distributor.mail import verp
from distributor.storage.tables import bounces, deliveries
from distributor.storage.web_tables import provider_events as table
from distributor.subscribers import repository
from support import provider_requests as sent
from support.clocked_newsroom import Line
from support.prepared_newsroom import Prepared
from support.provider_requests import ProviderRequest

LAN = "lan@example.com"
PROVIDERS = ("ses", "mailgun", "postmark", "sendgrid", "brevo")


@dataclass
class Reports:
    """A newsroom whose edition has gone to Lan and others, and what providers report of it."""

    line: Line
    count: int = 0

    def token(self, name: str = "lan") -> str:
        with self.line.store.read() as connection:
            here = deliveries.c.address == f"{name}@example.com"
            id = connection.execute(sa.select(sa.func.max(deliveries.c.id)).where(here)).scalar_one()
        return verp.token(self.line.newsroom.secret(), id)

    def store(self, request: ProviderRequest, key: str = "") -> None:
        self.count += 1
        with self.line.store.write() as connection:
            name = key or f"key-{self.count}"
            provider_events.store(connection, request.provider, name, {}, request.body, self.line.now)

    def work(self) -> pipeline.WorkedEvents:
        return asyncio.run(pipeline.work_provider_events(self.line.newsroom, self.line.store, self.line.clock))

    def told(self, *requests: ProviderRequest) -> dict[str, int]:
        """Store and work; what was done."""
        for request in requests:
            self.store(request)
        return dict(self.work().results or {})

    def suppressed(self, name: str = "lan") -> str:
        with self.line.store.read() as connection:
            found = suppressions.find_suppression(connection, f"{name}@example.com")
        return found.type.value if found else ""

    def bounces(self) -> list[tuple[str, str, str]]:
        with self.line.store.read() as connection:
            rows = connection.execute(sa.select(bounces).order_by(bounces.c.id)).all()
        return [(row.address_key, row.type, row.via) for row in rows]

    def rows(self) -> list[Any]:
        with self.line.store.read() as connection:
            return list(connection.execute(sa.select(table).order_by(table.c.id)))

    def newsletters(self, name: str = "lan") -> tuple[str, ...]:
        with self.line.store.read() as connection:
            person = repository.find(connection, f"{name}@example.com")
        return person.newsletters if person else ()

    def hard(self, provider: str) -> ProviderRequest:
        return sent.all_hard(self.token(), LAN, self.line.now)[provider]


def delivered(line: Line, *others: str) -> Reports:
    """Lan, Hoa, Minh and others have got an edition."""
    for name in ("lan", "hoa", "minh", *others):
        line.subscribe(name)
    line.arrives("a")
    line.day()
    line.at("12:00")
    return Reports(line)


@pytest.fixture
def reports(tmp_path: Path, prepared: Prepared) -> Iterator[Reports]:
    line = prepared(Line(tmp_path), delivered)
    yield Reports(line)
    line.close()
