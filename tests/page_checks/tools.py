"""The two checkers, from the npm registry: axe (accessibility, WCAG 2.2) and the Nu HTML checker, which needs Java."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support.chromium import Tab

PACKAGES = ("axe-core@4.10.3", "vnu-jar@24.10.17")
_RUN = """axe.run().then(found => JSON.stringify(found.violations.map(
  one => one.id + ": " + one.help + ": " + one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | "))))"""


class Missing(Exception):
    """A checker cannot be had here; says why."""


def fetch(folder: Path) -> None:
    """Install what is missing into a folder. Raises Missing."""
    if _axe(folder).exists() and _nu(folder).exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not installed; on Debian: apt-get install npm")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", str(folder), *PACKAGES]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        raise Missing(f"{' and '.join(PACKAGES)} could not be installed from the npm registry") from None


def _axe(folder: Path) -> Path:
    return folder / "node_modules" / "axe-core" / "axe.min.js"


def _nu(folder: Path) -> Path:
    return folder / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


async def axe_violations(tab: Tab, folder: Path) -> list[str]:
    """What axe finds in the page that is open."""
    await tab.command("Emulation.setScriptExecutionDisabled", value=False)
    await tab.evaluate(_axe(folder).read_text(encoding="utf-8") + ";0")
    said = await tab.command("Runtime.evaluate", expression=_RUN, awaitPromise=True, returnByValue=True)
    await tab.command("Emulation.setScriptExecutionDisabled", value=True)
    violations: list[str] = json.loads(said["result"]["value"])
    return violations


def nu_errors(pages: Mapping[str, str], tools: Path, scratch: Path) -> list[str]:
    """What the Nu checker says of pages, by name; all are checked in one run. Raises Missing without Java."""
    java = shutil.which("java")
    if java is None:
        raise Missing("Java is not installed; on Debian: apt-get install default-jre-headless")
    scratch.mkdir(exist_ok=True)
    for name, html in pages.items():
        (scratch / f"{name}.html").write_text(html, encoding="utf-8")
    command = [java, "-Xss4m", "-jar", str(_nu(tools)), "--format", "json", "--exit-zero-always"]
    done = subprocess.run([*command, str(scratch)], capture_output=True, timeout=600, check=True)
    messages = json.loads(done.stderr or b'{"messages": []}')["messages"]
    return [
        f"{Path(one.get('url', '?')).stem}: {one['message']} ({one.get('extract', '').strip()[:120]})"
        for one in messages
        if one["type"] != "info" or one.get("subType") == "warning"
    ]
