"""Finds channels, sources and templates by name: the newsroom's own folders first, then ours, then installed packages.

A channel is one module of `distributor.channels`, a source one of `distributor.gathering.sources`; the name of the
module is the `type` that config.yaml writes. A newsroom's own `channels/` and `sources/` folders join those packages,
so that a file in it is found by its name and can import its siblings relatively. An installed package offers its
class under the entry point groups `distributor.channels` and `distributor.sources`.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.metadata
import inspect
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from ..channel import Channel
from ..config.validation import build, suggestion
from ..config.yaml import KeyPath, RawConfig
from ..credentials import extract_settings_credentials
from ..errors import Problem, UserError
from ..source import Source

T = TypeVar("T", Channel, Source)


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
        """The class of a type. Raises UserError if there is none, or if its file is broken."""
        if name not in self.names():
            raise UserError(f"there is no {self.section} of type {name!r}{suggestion(name, self.names())}")
        try:
            return self._load(name)
        except UserError:
            raise
        except Exception as error:  # a newsroom's own file can raise anything: report it with its line
            raise UserError(
                f"{self.section} type {name!r} cannot be loaded: {_error_location(error)}{error}"
            ) from error

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
                raise UserError(
                    f"{module.__file__}: must have exactly one public {self.base.__name__} class that implements the "
                    f"whole contract; it has {len(found)}"
                )
            cls = found[0]
        else:
            (point,) = (point for point in _entry_points(self.group, tuple(sys.path)) if point.name == name)
            cls = point.load()
        if not (inspect.isclass(cls) and issubclass(cls, self.base) and dataclasses.is_dataclass(cls)):
            raise UserError(f"{self.section} type {name!r}: {cls!r} is not a dataclass made from {self.base.__name__}")
        settings, inherited = ({field.name for field in dataclasses.fields(one)} for one in (cls, self.base))
        if declared := sorted((settings - inherited) & set(dir(self.base))):
            raise UserError(
                f"{self.section} type {name!r}: {declared[0]} is no setting: it declares what a {self.section} can do, so "
                f"write it without a type"
            )
        return cast("type[T]", cls)

    def build(self, raw: RawConfig) -> tuple[dict[str, T], list[Problem]]:
        """All channels or sources of config.yaml by name, and every problem with them."""
        built: dict[str, T] = {}
        problems: list[Problem] = []
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
                cls = self.find(settings["type"])
            except UserError as error:
                problems.append(raw.problem((*path, "type"), str(error)))
                continue
            if "name" in settings:
                problems.append(raw.problem((*path, "name"), "is not a known key: the key above it is the name"))
            rest = {key: value for key, value in settings.items() if key not in ("type", "name") and value is not None}
            if issubclass(cls, Source):
                rest, credentials = extract_settings_credentials(rest)
            plugin, found = build(cls, {**rest, "name": name}, raw, path)
            problems += found
            if plugin is not None:
                built[name] = plugin
            if isinstance(plugin, Source):
                object.__setattr__(plugin, "credentials", credentials)  # frozen, and no setting of its own
        return built, problems


channels: PluginRegistry[Channel] = PluginRegistry("distributor.channels", "distributor.channels", Channel, "channel")
sources: PluginRegistry[Source] = PluginRegistry(
    "distributor.gathering.sources", "distributor.sources", Source, "source"
)


@functools.cache
def _entry_points(group: str, path: tuple[str, ...]) -> importlib.metadata.EntryPoints:
    """What the installed packages offer, read once: the metadata of each of them is a file of its own."""
    return importlib.metadata.entry_points(group=group)


def _error_location(error: BaseException) -> str:
    trace = error.__traceback__
    place = ""
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if "importlib" not in file and file != __file__:
            place = f"{Path(file).name}:{trace.tb_lineno}: "
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{Path(error.filename).name}:{error.lineno}: "
    return place


def template_folders(newsroom: Path) -> list[Path]:
    """The folders of templates: the newsroom's own `templates/`, then ours."""
    ours = Path(importlib.import_module(channels.package).__path__[-1]).with_name("templates")
    own = newsroom / "templates"
    return [own, ours] if own.is_dir() and own.resolve() != ours.resolve() else [ours]
