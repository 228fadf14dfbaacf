"""The OpenAPI document, and the API against it: schemathesis asks every operation what it likes."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from distributor.web.api.openapi import build_document
from distributor.web.api.routes import TABLE
from support.web_client_api import ApiClient

DOCUMENT = build_document(TABLE)
EXAMPLES = 5  # requests to each operation, beside those that the document itself gives rise to
# A request that is right in form may still name what this newsroom has not (422), or come twice with one key.
CONFIG = """\
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 422]
"""


def test_the_document_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(json.loads(json.dumps(DOCUMENT))).validate()
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_operation_says_what_it_needs_and_how_it_fails() -> None:
    names = set()
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            names.add(operation["operationId"])
            assert operation["summary"], (method, path)
            assert operation["security"][0]["token"], (method, path)
            assert {"401", "403", "422", "429", "503"} <= set(operation["responses"]), (method, path)
    assert len(names) == len(TABLE)


def test_every_body_comes_with_an_example() -> None:
    """In its fields; those that are left out have a default."""

    def has_example(schema: dict[str, Any]) -> bool:
        required = [schema["properties"][name] for name in schema.get("required", ())]
        return all("examples" in field or "$ref" in field for field in required)

    bodies = {route.body.__name__ for route in TABLE if route.body}
    schemas = DOCUMENT["components"]["schemas"]
    assert [name for name in sorted(bodies) if not has_example(schemas[name])] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_request_gives_a_fault_of_ours_or_an_answer_that_is_not_in_the_document(
    api: ApiClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(api, monkeypatch)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    client = api.visitor._client
    assert client is not None
    program = Path(sys.executable).with_name("schemathesis")
    options = ("--phases=examples,coverage,fuzzing", f"--max-examples={EXAMPLES}", "--no-color", "--seed=20261129")
    process = await asyncio.create_subprocess_exec(
        str(program), f"--config-file={tmp_path / 'schemathesis.toml'}", "run",
        f"http://{client.host}:{client.port}/api/v1/openapi.json", "--header", f"Authorization: Bearer {api.token}",
        *options, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-20_000:]
    assert f"Tested: {len(TABLE)}" in output.decode()


async def fill(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what the examples of the document name: an article, a subscriber, an edition that is out."""
    await api.push()
    known = next(one.parameters["subscriber"].example for one in TABLE if "subscriber" in one.parameters)
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "randbits", lambda _: int(known, 16))
        await api.visitor.run(api.line.subscribe, "lan")
    await api.visitor.run(api.line.day)
    edition = next(one.parameters["edition"].example for one in TABLE if "edition" in one.parameters)
    assert (await api.get(f"/editions/{edition}")).status == 200
    assert (await api.get(f"/subscribers/{known}")).status == 200
