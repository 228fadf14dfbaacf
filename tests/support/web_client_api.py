"""The API of a newsroom whose clock only the test moves, asked over a real connection with a token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from distributor.api_access import tokens
from distributor.api_access.tokens import ApiScope
from support.clocked_newsroom import Line
from support.web_client import Visitor

ARTICLE = {"source": "cms", "id": "4711", "title": "Tin a của tỉnh nhà", "body_html": "<p>Sáng nay.</p>"}


@dataclass
class JsonAnswer:
    """An answer, read."""

    status: int
    headers: dict[str, str]
    json: Any


@dataclass
class ApiClient:
    """Requests with a token for everything, unless another one is given."""

    visitor: Visitor
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def line(self) -> Line:
        return self.visitor.line

    async def make_token(self, name: str = "cms", *scopes: ApiScope, newsletters: tuple[str, ...] = ()) -> str:
        def make() -> str:
            with self.line.store.write() as connection:
                _, token = tokens.create(
                    connection,
                    name,
                    scopes=scopes or tuple(ApiScope),
                    newsletters=newsletters,
                    by="lan",
                    now=self.line.now,
                )
            return token

        return await self.visitor.run(make)

    async def ask(self, method: str, path: str, body: Any = None, *, token: str = "", **options: Any) -> JsonAnswer:
        headers = {"Authorization": f"Bearer {token or self.token}", **self.headers, **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        answer = await self.visitor.ask(method, f"/api/v1{path}", headers=headers, **options)
        kind = answer.headers.get("Content-Type", "")
        json = await answer.json(content_type=None) if "json" in kind else await answer.text()
        return JsonAnswer(answer.status, dict(answer.headers), json)

    async def get(self, path: str, **options: Any) -> JsonAnswer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> JsonAnswer:
        return await self.ask("POST", path, body, **options)

    async def push(self, **changes: Any) -> JsonAnswer:
        return await self.post("/articles", {**ARTICLE, **changes})


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiClient]:
    """The API of `Line`'s newsroom, with a source `cms` that takes pushes."""
    line = Line(tmp_path)
    line.configure('.web: {url: "https://news.bacson.example", api_requests_per_minute: 100000}')
    line.config = line.config.replace("sources:\n", "sources:\n  cms: {type: push, announce_since: 30d}\n")
    visitor = Visitor(line)
    await visitor.start()
    client = ApiClient(visitor)
    client.token = await client.make_token("everything")
    yield client
    await visitor.close()
    await visitor.run(line.close)
