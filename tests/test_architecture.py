"""The shape of the house: imports go one way, everything that is written is packaged, nothing stands twice."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import distributor
from distributor import registry
from distributor.cli.main import COMMANDS, main

PACKAGE = Path(distributor.__file__).parent
CHECKOUT = Path(__file__).parent.parent
CHANNELS = CHECKOUT / "channels"

# From the bottom to the top: a room may import what stands before it, and itself. docs/flow.md draws the same list.
ROOMS = (
    "errors",
    "permissions",
    "text",
    "terminal",
    "forkserver",
    "isolation",
    "markup",
    "slots",
    "quoted_printable",
    "colour",
    "credentials",
    "url_marks",
    "files",
    "guarded",
    "model",
    "errand",
    "storage",
    "rawconfig",
    "setting",
    "config",
    "channel",
    "source",
    "manual",
    "registry",
    "rehearsal",
    "gathering",
    "pictures",
    "editions",
    "rendering",
    "mail",
    "preflight",
    "delivery",
    "subscribers",
    "newsroom",
    "pipeline",
    "workers",
    "gather_loop",
    "service",
    "starter",
    "cli",
    "__main__",
)
OPEN_TO_CHANNELS = {
    "channel",
    "model",
    "errors",
    "text",
    "terminal",
    "markup",
    "guarded",
    "slots",
    "mail",
    "permissions",
}
PURE = (
    "editions/schedule.py", "editions/selection.py", "editions/freezing.py", "delivery/retry.py",
    "gathering/intake.py", "gathering/validation.py", "gathering/topics.py", "gathering/guards.py",
    "gathering/identity.py", "gathering/merging.py", "gathering/dates.py", "gathering/date_words.py",
    "gathering/cleaning.py", "gathering/addresses.py",
    "gathering/article_images.py", "gathering/boxes.py", "gathering/captions.py", "gathering/signatures.py",
    "gathering/embedded.py", "gathering/extraction/named.py", "gathering/extraction/topics.py",
    "gathering/relative_dates.py", "gathering/listings/listing.py", "gathering/listings/judging.py",
    "gathering/listings/headlines.py", "gathering/listings/nearby_dates.py", "gathering/listings/paging.py",
    "gathering/listings/address_shapes.py", "gathering/listings/tree.py",
    "gathering/extraction/article.py", "gathering/extraction/body.py", "gathering/extraction/document.py",
    "gathering/extraction/authors.py", "gathering/extraction/images.py", "gathering/extraction/page_dates.py",
    "gathering/extraction/runs.py", "gathering/extraction/notes.py",
    "gathering/extraction/structured_data.py", "gathering/extraction/titles.py",
    "gathering/inspection.py", "gathering/trial/block.py", "gathering/trial/describing.py",
    "gathering/trial/finding.py", "gathering/trial/naming.py",
    "gathering/trial/origins.py", "gathering/trial/recognise.py", "gathering/trial/repeated.py",
    "gathering/trial/texts.py", "gathering/trial/values.py",
    "subscribers/tokens.py", "subscribers/exchange.py", "mail/smtp.py", "mail/message.py",
    "mail/splice.py", "mail/signing.py", "mail/rates.py", "mail/standing.py", "mail/dkim.py",
    "mail/refusals.py", "mail/refusal_rules.py", "mail/refusal_codes.py", "mail/refusals_of_us.py",
    "mail/refusals_of_others.py", "mail/verp.py",
    "mail/unpacked.py", "mail/bounces.py", "delivery/tiers.py", "subscribers/cells.py",
    "subscribers/suppressed.py", "subscribers/listfile.py", "subscribers/application.py", "subscribers/columns.py",
    "subscribers/encoding.py", "subscribers/records.py", "subscribers/standing.py",
    "rendering/digest.py", "rendering/frame.py", "rendering/letters.py", "rendering/pages.py", "rendering/wording.py",
    "quoted_printable.py", "colour.py", "credentials.py", "url_marks.py", "markup.py", "terminal.py",
    "preflight/findings.py", "preflight/letter.py", "preflight/opened.py", "preflight/page.py", "preflight/css.py",
    "preflight/colour.py", "preflight/form.py", "preflight/headers.py", "preflight/subject.py", "preflight/markup.py",
    "preflight/addresses.py", "preflight/pictures.py", "preflight/legible.py", "preflight/words.py",
    "preflight/plain_text.py", "preflight/way_out.py", "preflight/weight.py",
    "editions/cohorts.py", "editions/review.py", "editions/urgency.py", "editions/explain.py", "rendering/notices.py",
    "rendering/reviewing.py", "pictures/making.py", "rendering/guises.py", "rendering/showcase.py",
)  # fmt: skip
NOT_PURE = {"sqlalchemy", "aiohttp", "asyncio", "socket", "subprocess", "storage", "fetch", "archive"}


def imported(file: Path, package: str) -> Iterator[str]:
    """The absolute names of everything a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "distributor" and len(parts) > 1 and parts[1] in ROOMS else None


def modules() -> list[Path]:
    """The modules of the rooms. In the wheel `channels` lies among them, and has a rule of its own."""
    found = sorted(PACKAGE.rglob("*.py"))
    return [path for path in found if path != PACKAGE / "__init__.py" and path.parent != PACKAGE / "channels"]


def package_of(file: Path) -> str:
    return ".".join(["distributor", *file.relative_to(PACKAGE).parent.parts])


def test_every_room_is_on_the_list() -> None:
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()}
    assert found == set(ROOMS)


@pytest.mark.parametrize("file", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(file: Path) -> None:
    here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imported(file, package_of(file)):
        assert not name.startswith(("distributor.channels", "channels")), f"names a channel: {name}"
        room = room_of(name)
        if room:
            assert ROOMS.index(room) <= ROOMS.index(here), f"{here} may not import {name}"


@pytest.mark.parametrize("file", sorted(CHANNELS.glob("*.py")), ids=lambda path: path.name)
def test_channels_import_the_contract_and_each_other_only(file: Path) -> None:
    for name in imported(file, "distributor.channels"):
        if name.startswith("distributor.channels."):
            continue
        assert not name.startswith("distributor") or room_of(name) in OPEN_TO_CHANNELS, name


@pytest.mark.parametrize("path", PURE)
def test_deciding_modules_cannot_act(path: str) -> None:
    file = PACKAGE / path
    for name in imported(file, package_of(file)):
        assert not NOT_PURE & set(name.split(".")), f"{path} decides, but imports {name}"


def test_no_test_can_hang_for_ever(pytestconfig: pytest.Config) -> None:
    """A test that waits for what never comes fails by its name, instead of stopping the run."""
    assert pytestconfig.pluginmanager.hasplugin("timeout")
    assert 0 < float(pytestconfig.getini("timeout")) <= 300


def test_every_package_is_listed_for_packaging() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(project["tool"]["setuptools"]["packages"])
    root = CHECKOUT / "distributor"
    found = {".".join(path.parent.relative_to(CHECKOUT).parts) for path in root.rglob("__init__.py")}
    data = {path.parent for path in (CHECKOUT / "templates").rglob("*.*")} | {CHECKOUT / "templates"}
    found |= {".".join(["distributor", *path.relative_to(CHECKOUT).parts]) for path in data}
    found |= {".".join(path.parent.relative_to(CHECKOUT).parts) for path in (root / "starter").rglob("*.md")}
    assert listed == found | {"distributor.channels"}


def test_every_file_of_the_checkout_is_in_the_installed_program() -> None:
    """True by itself for an editable install; against the wheel it shows what was forgotten."""
    (templates,) = registry.template_folders(Path("/nonexistent"))
    channels = Path(inspect.getfile(registry.channels.find("console"))).parent
    for checkout, installed, patterns in (
        (CHECKOUT / "distributor", PACKAGE, ("*.py", "py.typed", "config.yaml", "gitignore", "*.md")),
        (CHECKOUT / "templates", templates, ("*.j2", "*.css")),
        (CHANNELS, channels, ("*.py",)),
    ):
        for path in (path for pattern in patterns for path in checkout.rglob(pattern)):
            assert (installed / path.relative_to(checkout)).is_file(), path


def test_no_file_is_too_long_to_be_read_at_a_sitting() -> None:
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in [*modules(), *CHANNELS.glob("*.py")]
    }
    assert {name: length for name, length in lengths.items() if length > 450} == {}


def test_help_says_of_each_command_what_the_command_says_itself() -> None:
    context = click.Context(main)
    for name, words in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(limit=200) == words
        assert (command.help or "").strip()


@pytest.mark.parametrize("group", ["suppressions", "subscribers"])
def test_the_verbs_that_help_uses_for_a_group_are_its_commands(group: str) -> None:
    """Who reads "lift" types it."""
    verbs = re.findall(r"[a-z]+", COMMANDS[group].lower().split(" addresses")[0].split(" subscribers")[0])
    command = main.get_command(click.Context(main), group)
    assert isinstance(command, click.Group)
    assert set(verbs) - {"and"} <= set(command.commands)


def test_help_loads_none_of_the_heavy_parts(tmp_path: Path) -> None:
    script = (
        "import sys; from distributor.cli.main import _run; _run(['--help']);"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'pydantic', 'sqlalchemy', 'aiohttp', 'jinja2', 'lxml', 'rich', 'apscheduler', 'yaml', 'asyncio', 'cryptography'}))"
    )
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert output.splitlines()[-1] == "[]"
