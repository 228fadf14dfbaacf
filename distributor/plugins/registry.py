"""Finds channels, sources and templates by name: the newsroom's own folders first, then ours, then installed packages.

A channel is one module of `distributor.channels`, a source one of `distributor.gathering.sources`; the name of the
module is the `type` that config.yaml writes. A newsroom's own `channels/` and `sources/` folders join those packages,
so that a file in it is found by its name and can import its siblings relatively. An installed package offers its
class under the entry point groups `distributor.channels` and `distributor.sources`.

A file that cannot be loaded is one fault, with its place. What config.yaml makes of it is replaced by what stands in for
it (`broken`), and everything else works.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.metadata
import inspect
import pkgutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, get_type_hints

from ..channel import Channel
from ..config.validation import build, suggestion
from ..config.yaml import KeyPath, RawConfig
from ..credentials import NO_CREDENTIALS, extract_settings_credentials
from ..errors import Problem, UserError
from ..source import Source
from ..text import clean_line
from .broken import BrokenChannel, BrokenSource
from .info import PluginInfo, describe

T = TypeVar("T", Channel, Source)


class BrokenPlugin(UserError):
    """The file of a channel or source cannot be loaded, or what it holds cannot be used. The message has file and line."""


class PluginRegistry(Generic[T]):
    """All channel types, or all source types, that config.yaml can name."""

    def __init__(self, package: str, group: str, base: Any, section: str) -> None:
        self.package = package
        self.group = group
        self.base = base
        self.section = section

    def join(self, folder: Path) -> None:
        """Search the newsroom's own folder first. Process-wide; a second call with the same folder does nothing."""
        path = importlib.import_module(self.package).__path__
        if folder.is_dir() and str(folder) not in path:
            path.insert(0, str(folder))
            importlib.invalidate_caches()

    def folders(self) -> list[str]:
        """The folders that are searched, the newsroom's own first: for `use_folders` in another process."""
        return list(importlib.import_module(self.package).__path__)

    def use_folders(self, folders: Sequence[str]) -> None:
        """Search exactly these folders from now on."""
        importlib.import_module(self.package).__path__[:] = folders
        importlib.invalidate_caches()

    def leave(self, folder: Path) -> None:
        """Undo `join`, and unload the modules that were found there (for tests)."""
        package = importlib.import_module(self.package)
        if str(folder) in package.__path__:
            package.__path__.remove(str(folder))
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.startswith(f"{self.package}.") and file and Path(file).parent == folder:
                del sys.modules[name]
                vars(package).pop(name.rpartition(".")[2], None)

    def names(self) -> list[str]:
        """Every name that `type:` can have, in alphabetical order."""
        package = importlib.import_module(self.package)
        modules = {module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")}
        return sorted(modules | {point.name for point in _entry_points(self.group, tuple(sys.path))})

    def find(self, name: str) -> type[T]:
        """The class of a type. Raises UserError if there is none; BrokenPlugin, which is one, if its file is broken."""
        if name not in self.names():
            raise UserError(f"there is no {self.section} of type {name!r}{suggestion(name, self.names())}")
        try:
            cls = self._load(name)
            get_type_hints(cls, include_extras=True)  # names in its annotations that there are not
        except BrokenPlugin:
            raise
        except (Exception, SystemExit) as error:  # a newsroom's own file can raise anything: report it with its line
            raise self._broken(name, error) from error
        return cls

    def describe(self, name: str) -> PluginInfo:
        """The manual of a type. Raises as `find`."""
        cls = self.find(name)
        try:
            return describe(name, cls, f"{self.section}s")
        except Exception as error:  # what a newsroom's own file declares may be anything
            raise self._broken(name, error) from error

    def _broken(self, name: str, error: BaseException) -> BrokenPlugin:
        return BrokenPlugin(
            f"{self.section} type {name!r} cannot be loaded: {_error_location(error)}{_in_words(error)}"
        )

    def _load(self, name: str) -> type[T]:
        package = importlib.import_module(self.package)
        if any(module.name == name for module in pkgutil.iter_modules(package.__path__)):
            module = importlib.import_module(f"{self.package}.{name}")
            found = [
                value
                for value in vars(module).values()
                if inspect.isclass(value)
                and issubclass(value, self.base)
                and value.__module__ == module.__name__
                and not value.__name__.startswith("_")
                and not inspect.isabstract(value)
            ]
            if len(found) != 1:
                raise BrokenPlugin(
                    f"{module.__file__}: must have exactly one public {self.base.__name__} class that implements the "
                    f"whole contract; it has {len(found)}"
                )
            cls = found[0]
        else:
            (point,) = (point for point in _entry_points(self.group, tuple(sys.path)) if point.name == name)
            cls = point.load()
        if not (inspect.isclass(cls) and issubclass(cls, self.base) and dataclasses.is_dataclass(cls)):
            raise BrokenPlugin(
                f"{self.section} type {name!r}: {cls!r} is not a dataclass made from {self.base.__name__}"
            )
        settings, inherited = ({field.name for field in dataclasses.fields(one)} for one in (cls, self.base))
        if declared := sorted((settings - inherited) & set(dir(self.base))):
            raise BrokenPlugin(
                f"{self.section} type {name!r}: {declared[0]} is no setting: it declares what a {self.section} can do, so "
                f"write it without a type"
            )
        return cast("type[T]", cls)

    def build(self, raw: RawConfig) -> tuple[dict[str, T], list[Problem]]:
        """All channels or sources of config.yaml by name, and every problem with their settings.

        One whose file cannot be loaded is there as what stands in for it: see `faults`.
        """
        built: dict[str, T] = {}
        problems: list[Problem] = []
        find = functools.cache(self.find)  # a type is looked at once, however many are of it
        section = raw.data.get(f"{self.section}s")
        for name, settings in section.items() if isinstance(section, dict) else ():
            path: KeyPath = (f"{self.section}s", name)
            if not isinstance(settings, dict):
                problems.append(raw.problem(path, "must have `key: value` lines of its own, with a `type:`"))
                continue
            if not isinstance(settings.get("type"), str):
                problems.append(raw.problem((*path, "type"), f"is missing; types: {', '.join(self.names())}"))
                continue
            try:
                plugin, found = self._build(find(settings["type"]), settings, name, raw, path)
            except BrokenPlugin as error:
                plugin, found = self._stand_in(name, str(error)), []
            except UserError as error:
                plugin, found = None, [raw.problem((*path, "type"), str(error))]
            problems += found
            if plugin is not None:
                built[name] = plugin
        return built, problems

    def _build(
        self, cls: type[T], settings: dict[str, Any], name: str, raw: RawConfig, path: KeyPath
    ) -> tuple[T | None, list[Problem]]:
        """One channel or source of a type, or the problems with its settings. Raises BrokenPlugin."""
        problems: list[Problem] = []
        if "name" in settings:
            problems.append(raw.problem((*path, "name"), "is not a known key: the key above it is the name"))
        rest: Any = {key: value for key, value in settings.items() if key not in ("type", "name") and value is not None}
        credentials = NO_CREDENTIALS
        if issubclass(cls, Source):
            rest, credentials = extract_settings_credentials(rest)
        try:
            made: tuple[Any, list[Problem]] = build(cls, {**rest, "name": name}, raw, path)
        except (Exception, SystemExit) as error:  # its types are none that settings can have, or its own check fails
            raise self._broken(settings["type"], error) from error
        if isinstance(made[0], Source):
            object.__setattr__(made[0], "credentials", credentials)  # frozen, and no setting of its own
        return made[0], [*problems, *made[1]]

    def _stand_in(self, name: str, fault: str) -> T:
        stand_in = BrokenSource if self.base is Source else BrokenChannel
        return cast("T", stand_in(name=name, fault=fault))


def find_faults(raw: RawConfig, plugins: Mapping[str, Mapping[str, object]]) -> list[Problem]:
    """A problem for each of the channels and sources, by section and name, whose file could not be loaded."""
    return [
        raw.problem((section, name, "type"), plugin.fault)
        for section, named in plugins.items()
        for name, plugin in named.items()
        if isinstance(plugin, BrokenSource | BrokenChannel)
    ]


channels: PluginRegistry[Channel] = PluginRegistry("distributor.channels", "distributor.channels", Channel, "channel")
sources: PluginRegistry[Source] = PluginRegistry(
    "distributor.gathering.sources", "distributor.sources", Source, "source"
)


@functools.cache
def _entry_points(group: str, path: tuple[str, ...]) -> importlib.metadata.EntryPoints:
    """What the installed packages offer, read once: the metadata of each of them is a file of its own."""
    return importlib.metadata.entry_points(group=group)


def _error_location(error: BaseException) -> str:
    """File and line where it happened, as far as it is in the file that was loaded or one that it needs."""
    trace = error.__traceback__
    place = ""
    while trace:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "importlib" not in str(file) and file.is_file() and not _is_library(file):
            place = f"{file.name}:{trace.tb_lineno}: "
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{Path(error.filename).name}:{error.lineno}: "
    return place


def _is_library(file: Path) -> bool:
    """Whether it belongs to this program, to Python or to a library: the line that staff can mend is in none of them."""
    if "site-packages" in file.parts or file.is_relative_to(sysconfig.get_path("stdlib")):
        return True
    return file.is_relative_to(Path(__file__).parents[1]) and file.parent.name not in ("channels", "sources")


def _in_words(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ends the program (sys.exit({error.code!r}))"
    if isinstance(error, SyntaxError):
        return clean_line(error.msg or "is not Python")
    words = clean_line(str(error))[:300]
    if isinstance(error, NameError | ImportError | UserError) and words:
        return words
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def template_folders(newsroom: Path) -> list[Path]:
    """The folders of templates: the newsroom's own `templates/`, then ours."""
    ours = Path(importlib.import_module(channels.package).__path__[-1]).with_name("templates")
    own = newsroom / "templates"
    return [own, ours] if own.is_dir() and own.resolve() != ours.resolve() else [ours]
