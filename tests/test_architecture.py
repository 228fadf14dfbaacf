"""The shape of the house: imports go one way, everything that is written is packaged, nothing stands twice."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import click
import pytest

import distributor
from distributor.cli.main import COMMANDS, main
from distributor.plugins import registry
from support.newsroom import Room

PACKAGE = Path(distributor.__file__).parent
CHECKOUT = Path(__file__).parents[1]
CHANNELS = CHECKOUT / "channels"

FLOW = (CHECKOUT / "docs" / "flow.md").read_text(encoding="utf-8")


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of docs/flow.md."""
    section = re.split(r"^## ", FLOW.split(f"\n## {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:] if not row[0].startswith("---")]


def names_in(cell: str) -> list[str]:
    return [name.rstrip("/") for name in re.findall(r"`([^`]+)`", cell)]


# From the bottom to the top: a room may import what stands before it, and itself.
ROOMS = tuple(name for row in rows_below("Rooms") for name in names_in(row[0]))
OPEN_TO_CHANNELS = set(names_in(next(line for line in FLOW.splitlines() if line.startswith("`channels/*` import"))))
SQL = {f"{names_in(row[0])[0]}/{name}.py" for row in rows_below("Who writes SQL") for name in names_in(row[1])}
ACTS = {"sqlalchemy", "aiohttp", "asyncio", "socket", "subprocess", "storage", "fetcher", "repository"}
STATEMENTS = {"select", "insert", "update", "delete", "text", "exists", "union", "union_all", "literal_column"}

# Tests that are named after something else than one module of the program, and why.
OTHER_TESTS = {
    "tests/test_architecture.py": "the shape of the whole project: imports, packaging, length of files, help",
    "tests/test_fuzzing.py": "the harness of `make fuzz`: every reader of foreign input, a few hundred cases each",
    "tests/test_hostile_content.py": "end to end: hostile content through every rendition and the preflight",
    "tests/test_side_by_side.py": "end to end: several processes and people on one store at the same time",
    "tests/benchmarks/test_year_of_a_newsroom.py": "named after benchmarks/year_of_a_newsroom.py: days of a newsroom",
    "tests/benchmarks/test_slow_line.py": "named after benchmarks/slow_line.py, which is no module of the program",
    "tests/delivery/test_hot_questions.py": "the plans of statements of several modules, on both databases",
    "tests/channels/test_bluesky_once.py": "a part of the tests of channels/bluesky.py: one post, however often it is tried",
    "tests/channels/test_bluesky_sessions.py": "a part of the tests of channels/bluesky.py: sessions and their tokens",
    "tests/channels/test_facebook_login.py": "a part of the tests of channels/facebook.py: the token, its login and check",
    "tests/channels/test_facebook_once.py": "a part of the tests of channels/facebook.py: one post, whatever goes wrong",
    "tests/channels/test_zalo_login.py": "a part of the tests of channels/zalo.py: tokens, login and check",
    "tests/channels/test_zalo_once.py": "a part of the tests of channels/zalo.py: one article, whatever goes wrong",
    "tests/contracts/test_channels.py": "contract suite: what every channel keeps",
    "tests/contracts/test_sources.py": "contract suite: what every source keeps",
    "tests/contracts/test_hard_texts.py": "contract suite: hard texts through every channel that makes posts",
    "tests/delivery/test_post_worker_corrections.py": "a part of the tests of delivery/post_worker.py: corrections",
    "tests/delivery/test_post_worker_threads.py": "a part of the tests of delivery/post_worker.py: threads, doubt",
    "tests/pipeline/test_provider_events_owners.py": "a part of the tests of pipeline/provider_events.py: whose an event is",
    "tests/pipeline/test_provider_events_work.py": "a part of the tests of pipeline/provider_events.py: how they are worked",
    "tests/docs/test_adding_a_source.py": "named after docs/adding-a-source.md",
    "tests/docs/test_alerts.py": "named after docs/alerts.md",
    "tests/docs/test_deployment.py": "named after docs/deployment.md: the image, compose.yaml, the units of systemd",
    "tests/docs/test_guarantees.py": "named after docs/guarantees.md",
    "tests/docs/test_man_page.py": "named after docs/man_page.py",
    "tests/docs/test_editing.py": "named after docs/editing.md: an editor's way from config.yaml to the sent bytes",
    "tests/docs/test_decisions.py": "named after docs/decisions.md",
    "tests/docs/test_monitoring.py": "named after docs/monitoring.md",
    "tests/docs/test_preflight.py": "named after docs/preflight.md",
    "tests/docs/test_relays.py": "named after docs/relays.md",
    "tests/docs/test_site_hook.py": "named after docs/site_hook.py",
    "tests/docs/test_templates.py": "named after docs/templates.md",
    "tests/real/web/test_two_servers.py": "end to end: two processes that serve the same store, asked at once",
    "tests/real/web/test_processes.py": "end to end: pages and sending in processes of their own",
    "tests/real/docs/test_api.py": "named after docs/api.md",
    "tests/real/channels/test_killed_between_steps.py": "end to end: each network with steps, killed between each two",
    "tests/real/docs/test_site.py": "`make docs`: the documentation as a site",
    "tests/real/docs/test_tutorial.py": "named after docs/tutorial.md",
    "tests/real/docs/test_adding_a_channel.py": "named after docs/adding-a-channel.md",
    "tests/gathering/test_oddities.py": "regressions from real portals, each through several readers of gathering at once",
    "tests/gathering/test_portal_pages.py": "the gold set of tests/support/portal_pages through the page source",
    "tests/rendering/test_all_emails.py": "what holds for every email, digest and transactional alike",
    "tests/real/mail/test_server_programs.py": "Postfix, Exim and OpenSMTPD as packaged, against the whole of mail/",
    "tests/real/test_editions_over_months.py": "story: months of editions at random (state machine)",
    "tests/real/test_subscribers_over_months.py": "story: months of subscribers at random (state machine)",
    "tests/real/test_hardship.py": "story: full disk, locked store, restarted PostgreSQL, stopped process",
    "tests/web/test_scanners.py": "programs that open every link of every email, against all pages",
    "tests/real/test_long_texts.py": "every function that reads foreign text: its time grows with length only",
    "tests/real/web/test_journey.py": "story: from the sign-up to the goodbye in a real browser",
    "tests/real/test_many_hosts.py": "story: hosts that share a PostgreSQL, killed and robbed of their queue",
    "tests/real/test_torture.py": "the harness of `make torture`: senders killed at random",
}

# What the first version named things by. The terms of the field took their place; they shall not come back.
METAPHORS = {
    "shelf", "shelves", "studio", "studios", "workshop", "workshops", "desk", "desks", "guise", "guises", "errand",
    "errands", "furniture", "debts", "taste", "tastes", "census", "stylebook"
}  # fmt: skip
OTHER_MEANINGS = {
    "distributor/gathering/bylines.py": ({"desk"}, "an author's line may name one, as in `Sports Desk`"),
    "docs/decisions.md": ({"shelf", "studio", "desk", "errand"}, "the decision on names says which ones went"),
    "tests/test_architecture.py": (METAPHORS, "the list"),
}


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


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Inside functions and for types only neither."""
    names = {".".join([package_of(file), file.stem]).removesuffix(".__init__"): file for file in modules()}
    graph: dict[str, set[str]] = {}
    for name, file in names.items():
        graph[name] = set()
        for found in imported(file, package_of(file)):
            known = found if found in names else found.rpartition(".")[0]
            graph[name] |= {known} & (names.keys() - {name})
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("file", sorted(CHANNELS.glob("*.py")), ids=lambda path: path.name)
def test_channels_import_the_contract_and_each_other_only(file: Path) -> None:
    for name in imported(file, "distributor.channels"):
        if name.startswith("distributor.channels."):
            continue
        assert not name.startswith("distributor") or room_of(name) in OPEN_TO_CHANNELS, name


def is_pure(file: Path) -> bool:
    """The first paragraph of its docstring says so."""
    return "Pure" in (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n")[0]


@pytest.mark.parametrize(
    "file", [path for path in modules() if is_pure(path)], ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_modules_that_say_they_are_pure_cannot_act(file: Path) -> None:
    for name in imported(file, package_of(file)):
        assert not ACTS & set(name.split(".")), f"says that it is pure, but imports {name}"


def test_most_of_what_decides_is_pure() -> None:
    """The rule above must not become empty."""
    assert sum(is_pure(path) for path in modules()) > 80


def writes_sql(file: Path) -> bool:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("sa", "sqlalchemy"):
            names.add(node.attr)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            names |= {alias.name for alias in node.names}
    return bool(names & STATEMENTS)


def test_flow_names_every_module_that_writes_sql() -> None:
    found = {path.relative_to(PACKAGE).as_posix() for path in modules() if writes_sql(path)}
    assert {path for path in found if "/migrations/" not in path} == SQL


def classes() -> Iterator[tuple[str, str]]:
    for path in [*modules(), *CHANNELS.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, path.name


def test_no_public_class_name_stands_for_two_things() -> None:
    counted = Counter(name for name, _ in classes())
    assert {name for name, number in counted.items() if number > 1} == set()


def words_of(file: Path) -> set[str]:
    """The words of a file in lower case, those within names included (`HTMLDesk`, `desk_of`)."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("folder", ["distributor", "channels", "templates", "docs", "tests", "benchmarks"])
def test_nothing_of_ours_is_named_by_a_metaphor(folder: str) -> None:
    kinds = {".py", ".md", ".j2", ".css", ".yaml"}
    files = [path for path in sorted((CHECKOUT / folder).rglob("*")) if path.suffix in kinds]
    assert files
    found = {path.relative_to(CHECKOUT).as_posix(): words for path in files if (words := words_of(path) & METAPHORS)}
    assert found == {name: words for name, (words, _) in OTHER_MEANINGS.items() if name.startswith(f"{folder}/")}


TESTS = Path(__file__).parent
TEST_FILES = sorted(path for path in TESTS.rglob("test_*.py") if "support" not in path.parts)


def subject_of(test: Path) -> Path:
    """The module that a test is named after: tests/mail/test_merge.py and tests/real/mail/test_merge.py, mail/merge.py."""
    parts = [part for part in test.relative_to(TESTS).parts if part != "real"]
    base = CHECKOUT if parts[0] == "channels" else CHECKOUT / "distributor"
    return base.joinpath(*parts[:-1], parts[-1].removeprefix("test_"))


@pytest.mark.parametrize("test", TEST_FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_a_test_file_is_found_by_the_name_of_what_it_tests(test: Path) -> None:
    subject, name = subject_of(test), test.relative_to(TESTS.parent).as_posix()
    private = subject.with_name(f"_{subject.name}")
    assert (subject.is_file() or private.is_file() or subject.with_suffix("").is_dir()) != (name in OTHER_TESTS), (
        subject
    )


def test_every_exception_is_a_test_file() -> None:
    assert set(OTHER_TESTS) <= {path.relative_to(TESTS.parent).as_posix() for path in TEST_FILES}


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


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file with the number of its lines: the first is that of `def`, after any decorators."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def test_no_function_is_too_long_to_be_held_in_the_head() -> None:
    """Its docstring counts too."""
    long = {
        f"{path.name}: {name}": lines
        for path in [*modules(), *CHANNELS.glob("*.py")]
        for name, lines in functions(path)
        if lines > 45
    }
    assert long == {}


def test_help_says_of_each_command_what_the_command_says_itself() -> None:
    context = click.Context(main)
    for name, words in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(limit=200) == words
        assert (command.help or "").strip()


def test_no_line_about_a_command_is_cut_in_a_list_of_commands() -> None:
    """Of the whole tree, groups within groups."""

    def summaries(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
        yield path, command.get_short_help_str(limit=60)
        for name, child in command.commands.items() if isinstance(command, click.Group) else ():
            yield from summaries(child, f"{path} {name}")

    context = click.Context(main)
    found: dict[str, str] = {}
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        found |= dict(summaries(command, name))
    assert "editions watch" in found
    assert {path: line for path, line in found.items() if line.endswith("...") or len(line) > 60} == {}


@pytest.mark.parametrize("group", ["suppressions", "subscribers"])
def test_the_verbs_that_help_uses_for_a_group_are_its_commands(group: str) -> None:
    """Who reads "lift" types it."""
    verbs = re.findall(r"[a-z]+", COMMANDS[group].lower().split(" suppressed")[0].split(" subscribers")[0])
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


ORDINARY = (
    "editions", "deliveries", "subscribers list", "articles", "newsletters", "suppressions list", "outbox list",
    "tokens list", "sources", "channels",
)  # fmt: skip
# What commands load where they need it, and ordinary ones do not. Each takes as long to load as `--help` takes as a whole,
# or longer.
NEEDED_BY_FEW = {
    "PIL", "aiohttp", "alembic", "apscheduler", "babel", "brotli", "cryptography", "cssutils", "feedgen", "feedparser",
    "holidays", "lxml", "markdown_it", "premailer", "psycopg", "rich", "sqlalchemy.dialects.postgresql", "trafilatura",
}  # fmt: skip


def test_ordinary_commands_load_none_of_the_heavy_parts(room: Room) -> None:
    """The calendar of a country and pages with selectors cost what they need; this newsroom has neither."""
    script = (
        "import sys\nfrom distributor.cli.main import _run\n"
        f"for words in {ORDINARY!r}:\n"
        f"    code = _run(['-c', {str(room.folder / 'config.yaml')!r}, *words.split()])\n"
        f"    print(words, code, sorted({NEEDED_BY_FEW!r} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [f"{words} 0 []" for words in ORDINARY]


NEEDED_WHEN_THERE_IS_WORK = NEEDED_BY_FEW - {"apscheduler"} | {"nh3", "sqlalchemy.orm", "distributor.web.app"}


def test_a_service_that_has_nothing_to_do_has_loaded_none_of_the_heavy_parts(tmp_path: Path) -> None:
    """What reads sources, resizes images, knows holidays and checks emails takes half of the memory of all that could be
    loaded. It stays in child processes, or is loaded where there is something to do."""
    (tmp_path / "config.yaml").write_bytes((CHECKOUT / "config.yaml").read_bytes())  # a page with selectors, and Tết
    (tmp_path / "samples").symlink_to(CHECKOUT / "samples")
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom distributor.cli.context import clock\n"
        "from distributor.newsroom import open_newsroom\nfrom distributor.service import Service\n"
        "newsroom = open_newsroom(Path('config.yaml'))\n"
        "Service(newsroom, newsroom.open_store(), clock, asyncio.Event(), with_pages=False)\n"
        f"print(sorted({NEEDED_WHEN_THERE_IS_WORK!r} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script]
    for _ in ("a new store, whose tables are made", "the same"):
        output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert output.splitlines()[-1] == "[]"


def test_the_makefile_names_only_tests_that_there_are() -> None:
    (named,) = re.findall(r"WHEEL_TESTS := \$\(addprefix tests/,((?:.|\n)*?)\)\n", (CHECKOUT / "Makefile").read_text())
    assert [path for path in named.replace("\\\n", " ").split() if not (CHECKOUT / "tests" / path).exists()] == []
