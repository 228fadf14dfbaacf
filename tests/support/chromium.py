"""A real Chromium without scripts, driven over its DevTools protocol: it clicks and types as people do."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 60.0  # seconds for whatever the browser does, on a busy machine


def find_chromium() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@dataclass
class Tab:
    """One window of a certain width."""

    socket: aiohttp.ClientWebSocketResponse
    _number: int = 0
    _events: list[dict[str, Any]] = field(default_factory=list)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        await self.socket.send_json({"id": self._number, "method": method, "params": parameters})
        async with asyncio.timeout(_PATIENCE):
            while True:
                said = await self.socket.receive_json()
                if said.get("id") == self._number:
                    assert "error" not in said, said
                    result: dict[str, Any] = said["result"]
                    return result
                self._events.append(said)

    async def _loaded(self) -> None:
        """Until the page that comes now is there."""
        async with asyncio.timeout(_PATIENCE):
            while not any(event["method"] == "Page.loadEventFired" for event in self._events):
                self._events.append(await self.socket.receive_json())

    async def open(self, url: str) -> None:
        self._events.clear()
        await self.command("Page.navigate", url=url)
        await self._loaded()

    async def evaluate(self, expression: str) -> Any:
        """Of the tools, not of the page: its own scripts do not run."""
        said = await self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def click(self, selector: str, *, leads_on: bool = True) -> None:
        """Click in the middle of an element, which must be seen; wait for the page that it leads to."""
        place = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            " e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2, r.width, r.height]; })()"
        )
        assert place, f"there is no {selector} in: {await self.text()}"
        assert place[2] >= 8 and place[3] >= 8, f"{selector} is too small to be hit"
        self._events.clear()
        for kind in ("mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )
        if leads_on:
            await self._loaded()

    async def type(self, selector: str, text: str) -> None:
        await self.click(selector, leads_on=False)
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        await self.command("Input.insertText", text=text)

    async def text(self) -> str:
        return str(await self.evaluate("document.body.innerText"))

    async def source(self) -> str:
        """The HTML of the page that is open, as it came, not of frames in it. To be asked before one clicks on."""
        received = [one["params"] for one in self._events if one["method"] == "Network.responseReceived"]
        documents = [one["requestId"] for one in received if one["type"] == "Document"]
        body = await self.command("Network.getResponseBody", requestId=documents[0])
        return base64.b64decode(body["body"]).decode() if body["base64Encoded"] else str(body["body"])

    async def overflows(self) -> bool:
        """Whether one has to scroll sideways."""
        return bool(await self.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    async def resize(self, width: int, height: int = 900) -> None:
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    async def show(self, width: int, scheme: str) -> None:
        """In a window of another width, in the colors `light` or `dark`."""
        await self.resize(width)
        await self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def screenshot(self, file: Path) -> None:
        said = await self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(said["data"]))


@contextlib.asynccontextmanager
async def open_tab(profile: Path, width: int, height: int = 900) -> AsyncIterator[Tab]:
    """A browser of its own, in a profile without anything."""
    program = find_chromium()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run",
        "--disable-dev-shm-usage", "--disable-background-networking", f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = await _port(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket)
                await tab.command("Page.enable")
                await tab.command("Network.enable")
                await tab.command("Emulation.setScriptExecutionDisabled", value=True)
                await tab.resize(width, height)
                yield tab
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _port(file: Path) -> int:
    async with asyncio.timeout(_PATIENCE):
        while not (file.exists() and "\n" in file.read_text()):
            await asyncio.sleep(0.05)
    return int(file.read_text().splitlines()[0])
