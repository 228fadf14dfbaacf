"""The page about the API tells the truth: its examples are run, in its order, against a server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from distributor.api_access.tokens import ApiScope
from support.web_client_api import ApiClient

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_explains_every_scope() -> None:
    assert re.findall(r"^\| `([a-z:]+)` \|", PAGE, re.MULTILINE) == list(ApiScope)


async def run(command: list[str], api: ApiClient, folder: Path) -> str:
    client = api.visitor._client
    assert client is not None
    variables = {
        "DISTRIBUTOR": f"http://{client.host}:{client.port}/api/v1",
        "DISTRIBUTOR_TOKEN": api.token,
        "PATH": os.environ["PATH"],
        "PYTHONIOENCODING": "utf-8",
    }
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=variables, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def prepare(api: ApiClient) -> None:
    """A newsletter with alerts, a subscriber, and something new to send."""
    api.line.configure("alerts: {topics: [Khẩn cấp]}")
    await api.visitor.restart()
    await api.visitor.run(api.line.subscribe, "lan")
    await api.visitor.run(api.line.arrives, "a")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_examples_for_curl_work(api: ApiClient, tmp_path: Path) -> None:
    await prepare(api)
    said = [await run(["bash", "-euc", block], api, tmp_path) for block in blocks("sh")]
    for expected in (
        '"change":"new"',
        '"change":"changed"',
        '"withdrawn"',
        '"alerts":[{"newsletter":"tin-sang"',
        '"asked"',
    ):
        assert any(expected in one for one in said), expected
    assert "Tin a của tỉnh nhà" in (tmp_path / "preview.html").read_text(encoding="utf-8")
    await api.visitor.run(api.line.deliver)
    assert api.line.mailbox("lan")


async def test_the_examples_for_python_work(api: ApiClient, tmp_path: Path) -> None:
    await prepare(api)
    (tmp_path / "examples.py").write_text("\n".join(blocks("python")), encoding="utf-8")
    said = await run([sys.executable, "-I", "-X", "utf8", "examples.py"], api, tmp_path)
    assert said.startswith("new\n")
    assert re.search(r"^tin-sang tin-sang-\S+$", said, re.MULTILINE)
    assert "added" in said
    await api.visitor.run(api.line.deliver)
    assert api.line.mailbox("lan")
