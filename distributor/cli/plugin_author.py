"""`new` and `test` of `distributor channels` and `distributor sources`: for those who write a file of their own."""

from __future__ import annotations

import keyword
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from .context import CliContext, json_option, pass_cli_context, plural, say

if TYPE_CHECKING:
    from ..kit.promises import PromiseResult
    from ..plugins.registry import PluginRegistry

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

Suite = Callable[..., "Sequence[PromiseResult]"]


def add_author_commands(group: click.Group, section: str) -> None:
    """Add `new` and `test` to the group of a section: `channels` or `sources`."""
    kind = section.removesuffix("s")

    @group.command("new", short_help=f"Write a {kind} of your own to start from, with a test.")
    @click.argument("name")
    @pass_cli_context
    def new(app: CliContext, name: str) -> None:
        write_skeleton(app, section, name)

    new.help = (
        f"Write {section}/NAME.py and tests/test_{kind}_NAME.py beside config.yaml: a {kind} that works as it stands, with "
        f"its test.\n\nNAME is the `type` in config.yaml: lowercase letters, digits and underscores. Existing files are "
        f"never changed. docs/adding-a-{kind}.md explains what is in it."
    )

    @group.command("test", short_help=f"Check that a {kind} keeps its promises.")
    @click.argument("name", metavar="NAME|TYPE")
    @_for_channels(section)
    @json_option
    @pass_cli_context
    def test(
        app: CliContext, name: str, as_json: bool, requests: tuple[str, ...] = (), each_trial: bool = False
    ) -> None:
        more: dict[str, Any] = {"requests": requests} if requests else {}
        if each_trial:
            more["tell"] = lambda line: say(line, err=as_json)
        run_promise_suite(app, section, name, as_json=as_json, more=more)

    test.help = (
        f"Check a {kind} against everything that its file promises, one line each.\n\nNAME is one of config.yaml; a TYPE is "
        f"built from the example in its manual. Nothing leaves this machine: a local server plays the far end, and "
        f"misbehaves in every way.\n\nExit code: 1 if a promise is broken."
    )


def _for_channels(section: str) -> Callable[[Any], Any]:
    """The options that only the suite of channels has."""

    def add(function: Any) -> Any:
        if section != "channels":
            return function
        words = "Let only this request misbehave: upload, publish, find … Can be given several times."
        function = click.option("--request", "requests", multiple=True, metavar="NAME", help=words)(function)
        shown = "Show each trial and what came of it."
        return click.option("--verbose", "each_trial", is_flag=True, help=shown)(function)

    return add


# -- new -----------------------------------------------------------------------------------------------------------------


def write_skeleton(app: CliContext, section: str, name: str) -> None:
    """Write a file to start from and its test into the newsroom's folder. Raises UserError; nothing is overwritten."""
    from .. import plugins
    from ..errors import UserError

    kind = section.removesuffix("s")
    _check_name(app, section, name)
    folder = app.config.absolute().parent
    files = {
        f"{kind}_skeleton.py.txt": folder / section / f"{name}.py",
        f"{kind}_test_skeleton.py.txt": folder / "tests" / f"test_{kind}_{name}.py",
    }
    for file in files.values():
        if file.exists():
            raise UserError(f"{file} exists already: nothing was changed")
    values = {
        "name": name,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "env_name": name.upper(),
    }
    origin = Path(next(iter(plugins.__path__)))
    for skeleton, file in files.items():
        text = string.Template((origin / skeleton).read_text(encoding="utf-8")).substitute(values)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
        except OSError as error:
            raise UserError(f"{file}: cannot be written: {error.strerror or error}") from None
        say(f"wrote {file}")
    say("Next:")
    say(f"  distributor {section} test {name}     checks all that it promises; it is ok as it stands")
    say(f"  change {section}/{name}.py to what you need, and test it again; docs/adding-a-{kind}.md explains it")
    say(f"  distributor {section} {name}          shows its manual, with the lines for config.yaml")
    if section == "sources":
        say(
            "  distributor check --online            reads it once, when it is in config.yaml; nothing is stored or sent"
        )
    else:
        say(
            "  distributor preview                   shows what it would post, when it is in config.yaml; nothing is sent"
        )


def _check_name(app: CliContext, section: str, name: str) -> None:
    from ..errors import UserError

    known = _join(app, section)
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise UserError(f"{name[:60]!r} cannot be the name of a type: write lowercase letters, digits and underscores")
    own = app.config.absolute().parent / section / f"{name}.py"
    if name in (*known.names(), "new", "test", "try", "rename", "cancel", "resume", "login") and not own.exists():
        raise UserError(f"there is a {known.section} of type {name!r} already; take another name")


def _join(app: CliContext, section: str) -> PluginRegistry[Any]:
    """The registry of a section, with the newsroom's own folder."""
    from ..plugins import registry

    known: PluginRegistry[Any] = registry.channels if section == "channels" else registry.sources
    known.join(app.config.absolute().parent / section)
    return known


# -- test ----------------------------------------------------------------------------------------------------------------


def run_promise_suite(
    app: CliContext, section: str, name: str, *, as_json: bool, more: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Check the promises of a channel or source; `more` is what its suite is told besides. Raises UserError for one that
    there is not; SystemExit(1) where one is broken."""
    type_name, settings = find_settings(app, section, name)
    results = _suite(section)(type_name, settings, app.config.absolute().parent, **more)
    broken = [one for one in results if one.kept is False]
    if as_json:
        app.show_json([asdict(one) for one in results])
    else:
        for one in results:
            say(str(one), fg={True: "green", False: "red", None: None}[one.kept])
        done = sum(one.kept is True for one in results)
        say(f"{type_name}: {plural(done, 'promise')} kept, {len(broken)} broken", bold=True)
    if broken:
        raise SystemExit(1)


def find_settings(app: CliContext, section: str, name: str) -> tuple[str, dict[str, Any] | None]:
    """The type that is meant, and its settings in config.yaml; None where the example of its manual is to be used. Raises
    UserError."""
    from ..config import yaml
    from ..config.validation import suggestion
    from ..errors import UserError

    known = _join(app, section)
    configured: Any = yaml.read(app.config).data.get(section) if app.config.exists() else {}
    own = configured.get(name) if isinstance(configured, dict) else None
    if isinstance(own, dict) and isinstance(own.get("type"), str):
        return own["type"], {**own, "name": name}
    if name in known.names():
        return name, None
    names = [*known.names(), *(configured if isinstance(configured, dict) else ())]
    raise UserError(f"there is no {known.section} or type {name!r}{suggestion(name, map(str, names))}")


def _suite(section: str) -> Suite:
    """The promise suite of a section: `check_promises` of its module in the kit."""
    import importlib

    suite: Suite = importlib.import_module(f"distributor.kit.{section.removesuffix('s')}_testing").check_promises
    return suite
