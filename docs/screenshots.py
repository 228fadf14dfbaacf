"""Screenshots of what subscribers see, made with a headless Chromium: `make screenshots`.

Every reference edition and email is rendered and opened on a phone (375 px) and a desktop (800 px), light and dark, and
without images; the screenshots go into var/screenshots/, the few that the documentation shows into docs/img/. Chromium
has no window narrower than 500 px, so a phone is a frame in a page. Images of stories are drawn here; nothing is fetched.
One screenshot is of a terminal: `sources try` on the sample portal of the tests; one of the page of `preview`, in the
newsroom that docs/tutorial.md makes. Those of the web service are of the sample newsroom, served here; `make pages-check`
takes pictures of all of its pages.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image

CHECKOUT = Path(__file__).parent.parent
sys.path.insert(0, str(CHECKOUT / "tests"))

from distributor import merge_fields  # noqa: E402
from distributor.i18n import Texts  # noqa: E402
from distributor.plugins import registry  # noqa: E402
from distributor.rendering.digest import DigestOptions, render_digest  # noqa: E402
from distributor.rendering.globals import RenderSettings  # noqa: E402
from distributor.rendering.pages import render_article_page, render_edition_page  # noqa: E402
from distributor.rendering.templates import Templates  # noqa: E402
from distributor.rendering.transactional import TRANSACTIONAL_TEMPLATES, render_transactional  # noqa: E402
from page_checks.newsroom import SampleNewsroom, served  # noqa: E402
from page_checks.walk import EDITION  # noqa: E402
from page_checks.walk import READER as SUBSCRIBER  # noqa: E402
from support import reference_editions as reference  # noqa: E402  # these stand among the tests
from support import sample_portal  # noqa: E402
from support.chromium import open_tab  # noqa: E402

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PHONE, DESKTOP = 375, 800
SESSION, COLUMNS = "sources-try", 118  # the picture of a terminal, and how wide that is
WINDOW = 1280  # of a browser, in which pages are seen
TALLEST = 5000  # pixels of one picture
READER = {
    "name": "Lan",
    "address": "lan@example.com",
    "unsubscribe_url": "https://bacson.example/u/3f9c",
}
SHOWN = {  # what the documentation shows: name in docs/img, what it is, width, dark, height
    "digest-desktop": ("ordinary", DESKTOP, False, 1420),
    "digest-phone": ("ordinary", PHONE, False, 1420),
    "digest-dark": ("ordinary", PHONE, True, 1420),
    "alert-phone": ("alert", PHONE, False, 1060),
}


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to be made of a document."""

    document: Path
    target: Path
    width: int
    dark: bool = False
    images: bool = True
    height: int = TALLEST
    few_colours: bool = False


def documents() -> Iterator[tuple[str, str, str]]:
    """Name, HTML and plain text of everything there is to look at."""
    templates = Templates(registry.template_folders(Path("/nonexistent")))
    for name, (edition, newsletter, site) in reference.EDITIONS.items():
        notes = {edition.articles[-1].id: "Đính chính", edition.articles[0].id: "Đã gửi tin khẩn lúc 09:12"}
        settings = RenderSettings(site=site, newsletter=newsletter, zone=ZONE, templates=templates, texts=Texts())
        options = DigestOptions(
            notes=notes if name == "ordinary" else {},
            web_url="https://bacson.example/ban-tin/tin-sang/128",
            preferences_url="https://bacson.example/tuy-chon/3f9c",
        )
        digest = render_digest(edition, settings, options)
        yield name, merge_fields.fill_html(digest.html, READER), merge_fields.fill_text(digest.text, READER)
        if name in ("ordinary", "one", "long"):
            page = render_edition_page(
                edition, settings, DigestOptions(notes=notes),
                url="https://bacson.example/ban-tin/1", subscribe_url="https://bacson.example/dang-ky",
            )  # fmt: skip
            yield f"page-{name}", page, ""
    for template in TRANSACTIONAL_TEMPLATES:
        for language, site, newsletter in (
            ("vi", reference.SITE, reference.MORNING),
            ("en", reference.ENGLISH_SITE, reference.WEEKLY),
        ):
            letter = render_transactional(
                template, RenderSettings(site=site, newsletter=newsletter, zone=ZONE, templates=templates, texts=Texts()),
                site.language,
                **reference.letter_values(template, language),
            )  # fmt: skip
            name = f"{template.removeprefix('email/')}-{language}"
            yield name, merge_fields.fill_html(letter.html, READER), merge_fields.fill_text(letter.text, READER)
    article = reference.ORDINARY.articles[0]
    settings = RenderSettings(
        site=reference.SITE, newsletter=reference.MORNING, zone=ZONE, templates=templates, texts=Texts()
    )
    page = render_article_page(article, settings, reference.SITE.language, note="Đính chính")
    yield "page-article", page, ""


def drawing(seed: str) -> str:
    """A landscape of its own for each name, as SVG."""
    number = sum(map(ord, seed))
    hue, sun = number % 60 + 180, number * 7 % 700 + 250
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 800" width="1200" height="800">
<rect width="1200" height="800" fill="hsl({hue},48%,80%)"/><circle cx="{sun}" cy="330" r="70" fill="#fff" opacity=".75"/>
<path d="M0 560 Q 200 {300 + number % 120} 430 500 T 800 430 T 1200 520 V800 H0Z" fill="hsl({hue - 40},28%,52%)"/>
<path d="M0 640 Q 320 {470 + number % 90} 620 620 T 1200 590 V800 H0Z" fill="hsl({hue - 60},32%,38%)"/>
<path d="M0 730 Q 420 620 760 710 T 1200 690 V800 H0Z" fill="hsl({hue - 70},36%,25%)"/></svg>"""


def local(document: str, folder: Path) -> str:
    """The document with drawings in place of its pictures."""

    def draw(match: re.Match[str]) -> str:
        file = folder / f"{match.group(1)}.svg"
        file.write_text(drawing(match.group(1)), encoding="utf-8")
        return file.as_uri()

    return re.sub(r"https://anh\.example/(\w+)\.jpg", draw, document)


def photograph(shot: Shot, chromium: str, profile: Path) -> None:
    """One picture, as tall as what is shown."""
    height = min(shot.height, _height(shot, chromium, profile))
    page = _frame(shot, height) if shot.width < 500 else shot.document
    _run(shot, chromium, profile, page, height, f"--screenshot={shot.target}")


def _height(shot: Shot, chromium: str, profile: Path) -> int:
    """How tall the document is at this width."""
    script = "onload=()=>{document.title=document.querySelector('iframe').contentDocument.documentElement.scrollHeight}"
    page = _frame(shot, 100, f"<script>{script}</script>")
    answer = _run(shot, chromium, profile, page, 100, "--dump-dom")
    found = re.search(r"<title>(\d+)</title>", answer)
    if found is None:
        raise SystemExit(f"error: {shot.document.name} could not be measured")
    return min(int(found.group(1)), TALLEST)


def _frame(shot: Shot, height: int, script: str = "") -> Path:
    """A page that shows the document in a frame of the wanted width."""
    page = shot.document.with_suffix(".frame.html")
    scheme = f"color-scheme:{'dark' if shot.dark else 'light'}"
    frame = f'<iframe src="{shot.document.name}" style="border:0;display:block;width:{shot.width}px;height:{height}px">'
    page.write_text(f'<!DOCTYPE html><title></title>{script}<body style="margin:0;{scheme}">{frame}', encoding="utf-8")
    return page


def _run(shot: Shot, chromium: str, profile: Path, page: Path, height: int, action: str) -> str:
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1",
        "--allow-file-access-from-files", f"--user-data-dir={profile}", f"--window-size={shot.width},{height}",
        f"--blink-settings=preferredColorScheme={0 if shot.dark else 1},imagesEnabled={str(shot.images).lower()}",
        action, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, timeout=120, text=True).stdout


def terminal_session(folder: Path) -> str:
    """What a terminal of 118 columns shows of `sources try` on the sample portal, as an SVG."""
    from rich.console import Console
    from rich.text import Text

    portal = folder / "portal"
    sample_portal.write(portal)
    program = f"{Path(sys.executable).with_name('distributor')}"
    with sample_portal.served(portal) as url:
        arguments = ["sources", "try", f"{url}{sample_portal.SECTION}", "--allow-private"]
        shown = _on_a_terminal([program, *arguments], folder)
    told = " ".join(["$ distributor", *arguments])
    screen = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    screen.print(Text.from_ansi(f"\x1b[1m{told}\x1b[0m\n{shown}".replace(url, "http://127.0.0.1:8000")))
    svg = screen.export_svg(title="distributor sources try")
    return re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)  # it would be fetched; any fixed width will do


TUTORIAL = f"""\
site:
  title: Thuong Son Gazette
  url: https://gazette.example
  language: en
  contact: news@gazette.example
  postal_address: 4 Market Street, Thuong Son
web: {{url: "https://news.gazette.example"}}
sources:
  portal: {{type: page, url: "https://gazette.example/news/", folder: "{CHECKOUT}/samples/town/news"}}
newsletters:
  morning: {{title: Morning news, schedule: every day at 06:30, channels: [mail, feeds, posts]}}
channels:
  mail: {{type: email, sender: Thuong Son Gazette <news@gazette.example>, unsubscribe_address: leave@gazette.example}}
  feeds: {{type: feed, folder: var/public/feeds, url: "https://gazette.example/feeds"}}
  posts: {{type: outbox, folder: var/outbox, network: mastodon}}
"""


def preview_page(folder: Path) -> Path:
    """The page of `distributor preview` in the newsroom of the tutorial, with one subscriber."""
    folder.mkdir()
    (folder / "config.yaml").write_text(TUTORIAL, encoding="utf-8")
    for arguments in (["subscribers", "add", "lan@example.com"], ["gather"], ["preview", "morning"]):
        command = [sys.executable, "-m", "distributor", *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return folder / "var" / "preview" / "morning" / "index.html"


def _on_a_terminal(command: list[str], folder: Path) -> str:
    """What a command writes to a terminal; what it says of its progress goes elsewhere."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": str(folder)}
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, cwd=folder, env=environment)
    os.close(theirs)
    made = b""
    with contextlib.suppress(OSError):  # the terminal is closed with its last process
        while chunk := os.read(ours, 65536):
            made += chunk
    os.close(ours)
    if process.wait():
        raise SystemExit(f"error: {' '.join(command)} failed")
    return made.decode().replace("\r\n", "\n")


async def photograph_web(room: SampleNewsroom, out: Path, profile: Path) -> None:
    """The pages that a subscriber meets, on a phone and a desktop, light and dark."""
    pages = {"home": "/", "subscribe": "/subscribe", "edition": EDITION}
    links = {name: await room.link(kind, SUBSCRIBER) for name, kind in (("preferences", "p"), ("unsubscribe", "u"))}
    async with open_tab(profile, PHONE) as tab:
        for name, url in {**{name: room.url + path for name, path in pages.items()}, **links}.items():
            await tab.open(url)
            for width in (PHONE, WINDOW):
                for dark in (False, True):
                    await tab.show(width, "dark" if dark else "light")
                    target = out / f"web-{name}-{width}{'-dark' if dark else ''}.png"
                    await tab.screenshot(target)
                    print(target.relative_to(CHECKOUT))


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("error: screenshots need Chromium; on Debian: apt-get install chromium")
    wanted = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    out = CHECKOUT / "var" / "screenshots"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = {}
        for name, document, text in documents():
            files[name] = folder / f"{name}.html"
            files[name].write_text(local(document, folder), encoding="utf-8")
            (out / f"{name}.html").write_text(document, encoding="utf-8")
            if text:
                (out / f"{name}.txt").write_text(text, encoding="utf-8")
        if wanted.search("web"):
            (folder / "newsroom").mkdir()
            with served(folder / "newsroom") as room:
                asyncio.run(photograph_web(room, out, folder / "web-profile"))
        made = list(shots(files, out))
        if wanted.search(SESSION):
            page = folder / f"{SESSION}.html"
            style = "<style>html,body{margin:0}svg{display:block;width:100%;height:auto}</style>"
            page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{style}{terminal_session(folder)}", encoding="utf-8")
            made.append(Shot(page, CHECKOUT / "docs" / "img" / f"{SESSION}.png", 1100, few_colours=True))
        if wanted.search("preview"):
            shown = CHECKOUT / "docs" / "img" / "preview.png"
            made.append(Shot(preview_page(folder / "tutorial"), shown, WINDOW, height=1000, few_colours=True))
        for shot in made:
            if wanted.search(shot.target.stem):
                photograph(shot, chromium, folder / "profile")
                if shot.few_colours:
                    with Image.open(shot.target) as picture:
                        small = picture.convert("RGB").quantize(48)
                    small.save(shot.target, optimize=True)
                print(shot.target.relative_to(CHECKOUT))


def shots(files: dict[str, Path], out: Path) -> Iterator[Shot]:
    for name, file in files.items():
        for width in (PHONE, DESKTOP):
            for dark in (False, True):
                yield Shot(file, out / f"{name}-{width}{'-dark' if dark else ''}.png", width, dark)
        yield Shot(file, out / f"{name}-{PHONE}-no-images.png", PHONE, images=False)
    for target, (name, width, dark, height) in SHOWN.items():
        yield Shot(files[name], CHECKOUT / "docs" / "img" / f"{target}.png", width, dark, height=height)


if __name__ == "__main__":
    main()
