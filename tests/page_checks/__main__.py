"""`make pages-check`: axe and the Nu HTML checker on every page, in both languages, on a phone and a desktop, light and
dark; a screenshot of each goes into var/pages/. Exit code 1 if anything is found; where a tool is missing, one line says so.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from support.chromium import Tab, find_chromium, open_tab

from . import tools
from .newsroom import CHECKOUT, SampleNewsroom, served
from .walk import Look, Walk

VIEWS = ((375, "light"), (375, "dark"), (1280, "light"), (1280, "dark"))
LARGEST = 50_000  # bytes of a page, without its styles


@dataclass
class Findings:
    """What was found on the pages so far, and their HTML."""

    tools: Path
    pictures: Path
    found: list[str] = field(default_factory=list)
    html: dict[str, str] = field(default_factory=dict)

    def add(self, finding: str) -> None:
        print(finding, flush=True)
        self.found.append(finding)

    def looking(self, tab: Tab, language: str) -> Look:
        return lambda name: self.look(f"{language}-{name}", tab)

    async def look(self, name: str, tab: Tab) -> None:
        """Check the page that is open, in every view."""
        self.html[name] = await tab.source()
        if len(self.html[name].encode()) > LARGEST:
            self.add(f"{name}: larger than {LARGEST} bytes")
        for width, scheme in VIEWS:
            await tab.show(width, scheme)
            view = f"{name}-{width}-{scheme}"
            for violation in await tools.axe_violations(tab, self.tools):
                self.add(f"{view}: axe: {violation}")
            if await tab.overflows():
                self.add(f"{view}: one has to scroll sideways")
            await tab.screenshot(self.pictures / f"{view}.png")


async def walk_through(room: SampleNewsroom, findings: Findings, profile: Path, languages: list[str]) -> None:
    async with open_tab(profile, 375) as tab:
        for language in languages:
            prefix = "" if language == "vi" else f"/{language}"
            await Walk(room, tab, findings.looking(tab, language), prefix).all_pages()


def main() -> int:
    options = argparse.ArgumentParser(prog="page_checks", description=__doc__)
    options.add_argument("--tools", type=Path, default=CHECKOUT / ".cache", help="where axe and Nu are, or are put")
    options.add_argument("--pictures", type=Path, default=CHECKOUT / "var" / "pages")
    options.add_argument("--languages", nargs="+", choices=["vi", "en"], default=["vi", "en"])
    chosen = options.parse_args()
    try:
        tools.fetch(chosen.tools)
        if find_chromium() is None:
            raise tools.Missing("Chromium is not installed; on Debian: apt-get install chromium")
    except tools.Missing as why:
        print(f"pages-check: nothing was checked: {why}")
        return 0
    chosen.pictures.mkdir(parents=True, exist_ok=True)
    findings = Findings(chosen.tools, chosen.pictures)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        with served(Path(scratch)) as room:
            asyncio.run(walk_through(room, findings, Path(scratch) / "profile", chosen.languages))
        try:
            for error in tools.nu_errors(findings.html, chosen.tools, Path(scratch) / "pages"):
                findings.add(f"Nu: {error}")
        except tools.Missing as why:
            print(f"pages-check: the Nu checker was left out: {why}")
    print(f"pages-check: {len(findings.html)} pages, {len(findings.found)} findings; pictures in {chosen.pictures}")
    return 1 if findings.found else 0


if __name__ == "__main__":
    raise SystemExit(main())
