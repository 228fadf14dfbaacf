"""One trial of a source: one gather, in a child process as ever, of a server or of files that are as a trial wants."""

from __future__ import annotations

import asyncio
import pickle
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from ..config.schema import Site
from ..config.yaml import RawConfig
from ..errors import LimitExceeded, SourceBug, SourceError, StartFailed, UserError
from ..gathering.fetcher import FetchLimits, HostQueue, StandInServer, open_fetcher
from ..gathering.source_reader import options_for, parse_fetch_result, run_gather
from ..isolated_child import ChildLimits
from ..isolation import ChildFailed, call_isolated_async
from ..model import Article
from ..plugins import registry
from ..source import Availability, FetchResult, SampleAnswer, Source, Validators
from ..text import clean_line
from .source_trial_server import NOBODY, Answer, TrialReply, TrialRequest, open_trial_server

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SECRET = "trial-secret-5b0d9c"  # noqa: S105 (no real one)  # in the place of each secret; what follows tells them apart
SECONDS = 25.0  # for one trial
_SITE = Site(title="newsroom", url="https://newsroom.example")
_LIMITS = FetchLimits(total=1.5, size=2_000_000, pause=0.0)
_CHILD_LIMITS = ChildLimits(seconds=SECONDS, processor_seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a trial ended: with a result, or an error. `bug` is an exception of the source's own, `stopped` says that its
    process had to be ended. `requests` are those that the server got."""

    result: FetchResult | None = None
    error: SourceError | None = None
    bug: str = ""
    stopped: str = ""
    availability: Availability | None = None
    seconds: float = 0.0
    requests: Sequence[TrialRequest] = ()

    @property
    def texts(self) -> list[str]:
        """All that staff would read of it."""
        said = [*self.result.faults, *self.result.notes] if self.result else []
        return [*map(str, said), *([str(self.error)] if self.error else []), self.bug]

    @property
    def failure(self) -> str:
        """What no source may do, whatever comes: empty if it did neither."""
        if self.bug:
            return f"it failed with {self.bug}"
        return f"it had to be stopped: it {self.stopped}" if self.stopped else ""

    @property
    def admits(self) -> bool:
        """Whether it says that something could not be read."""
        return self.error is not None or bool(self.result and self.result.faults)


@dataclass(frozen=True, kw_only=True)
class TrialSource:
    """A source as it is tried: built from settings, with secrets of the trial. `samples` have the addresses of its
    settings."""

    source: Source
    samples: Sequence[SampleAnswer] = ()
    paths: Sequence[str] = ()  # its settings that are files or folders
    secrets: Sequence[str] = ()
    folders: Sequence[str] = field(default_factory=list)

    async def gather(
        self, answer: Answer, known: Mapping[str, Validators] | None = None, now: datetime = NOW
    ) -> Outcome:
        """One gather of a server that answers so."""
        job = (self.source, dict(known or {}), now, None)
        return await self._run(job, answer, refuses=answer is refuse)

    async def gather_files(self, samples: Sequence[SampleAnswer], now: datetime = NOW) -> Outcome:
        """One gather of files with these contents; of a path where nothing is without any."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="distributor-trial-")))
            place = folder / "missing"
            for sample in samples:
                place = folder if sample.file_name else folder / "file"
                (folder / (sample.file_name or "file")).write_bytes(sample_bytes(sample))
            changes: dict[str, Any] = dict.fromkeys(self.paths, place)
            source = replace(self.source, **changes)
            return await self._run((source, {}, now, None), refuse, refuses=True)

    async def check_availability(self, article: Article, answer: Answer) -> Outcome:
        """What it says of an article while the server answers so."""
        return await self._run((self.source, {}, NOW, article), answer, refuses=answer is refuse)

    async def _run(self, job: tuple[Any, ...], answer: Answer, *, refuses: bool) -> Outcome:
        begun = time.monotonic()
        try:
            pickle.dumps(job)
        except Exception as error:  # a newsroom's own source may hold anything
            return Outcome(bug=f"what cannot be copied to another process: {clean_line(str(error))[:200]}")
        async with open_trial_server(answer, refuses=refuses) as server:
            made = await self._call(pickle.dumps((*job, server.port)))
            return replace(made, seconds=time.monotonic() - begun, requests=tuple(server.requests))

    async def _call(self, job: bytes) -> Outcome:
        try:
            data = await call_isolated_async(_trial_job, list(self.folders), job, limits=_CHILD_LIMITS)
            if "availability" in data:
                return Outcome(availability=Availability(*data["availability"]))
            return Outcome(result=parse_fetch_result(data))
        except ChildFailed as error:
            return Outcome(bug=clean_line(_with_place(str(error), error.trace))[:400])
        except LimitExceeded as error:
            return Outcome(stopped=clean_line(str(error)))
        except SourceBug as error:
            return Outcome(bug=str(error))
        except StartFailed as error:
            raise UserError(str(error)) from None
        except SourceError as error:
            return Outcome(error=error)


def refuse(request: TrialRequest) -> TrialReply:
    """Nobody listens: `TrialSource` knows this answer."""
    return NOBODY


def sample_bytes(sample: SampleAnswer) -> bytes:
    return sample.body.encode("utf-8", "surrogatepass")


def _with_place(error: str, trace: str) -> str:
    """An exception with the last line of a file that is not ours."""
    places = re.findall(r'File "([^"]+)", line (\d+)', trace)
    own = [(file, line) for file, line in places if "site-packages" not in file and "/lib/python" not in file]
    own = [one for one in own if not Path(one[0]).is_relative_to(Path(__file__).parents[1])] or own
    return f"{error} ({Path(own[-1][0]).name}, line {own[-1][1]})" if own else error


# -- building --------------------------------------------------------------------------------------------------------


def build_trial_source(
    type_name: str, settings: Mapping[str, Any] | None, folder: Path, samples: Sequence[SampleAnswer] = ()
) -> TrialSource:
    """A source of a type as it is tried, from settings as config.yaml gives them, or from the example of its manual. Raises
    UserError with every problem of the settings."""
    import yaml

    info = registry.sources.describe(type_name)
    cls = registry.sources.find(type_name)
    pasted: Any = yaml.safe_load(info.example) if info.example else None
    try:
        ((name, example),) = pasted["sources"].items()
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(
            f"source type {type_name!r}: the docstring of its file has no example that begins with `sources:`"
        ) from None
    if settings is None:
        missing = [one.name for one in info.settings if one.default is None and one.name not in example]
        if missing:
            raise UserError(f"source type {type_name!r}: the example in its manual has no {' and no '.join(missing)}")
    given = _named_hosts(dict(settings) if settings is not None else {**example, "name": name})
    secret_names = [setting.name for setting in info.settings if setting.type.startswith("secret")]
    secrets = {name: f"{SECRET}-{number}" for number, name in enumerate(secret_names, 1)}
    source = _build(given, secrets, folder)
    paths = [one.name for one in fields(source) if isinstance(getattr(source, one.name), Path)]
    moved = _moved(samples or cls.samples, _first_origin(example), _first_origin(given))
    shown = [
        value.get_secret_value()
        for value in (getattr(source, one) for one in secret_names)
        if isinstance(value, SecretStr)
    ]
    return TrialSource(source=source, samples=moved, paths=paths, secrets=shown, folders=registry.sources.folders())


def _build(given: Mapping[str, Any], secrets: Mapping[str, str], folder: Path) -> Source:
    name = str(given.get("name", "trial"))
    values = {key: value for key, value in given.items() if key != "name"}
    problems: list[Any] = []
    for extra in (secrets, {key: value for key, value in secrets.items() if key in given}):
        raw = RawConfig(folder / "config.yaml", {"sources": {name: {**values, **extra}}}, {})
        built, problems = registry.sources.build(raw)
        if name in built and not problems:
            return built[name]
    raise UserError("\n".join(f"{one.path}: {one.message}" for one in problems))


def _named_hosts(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings whose addresses have a name for a host, by which the server of the trial plays it: one with a number would be
    refused as the local network is."""

    def named(value: Any) -> Any:
        if not isinstance(value, str) or not re.match(r"https?://", value):
            return value
        parts = urlsplit(value)
        try:
            ip_address(parts.hostname or "")
        except ValueError:
            return value
        login, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login}{at}numbered-host.example"))

    return {key: named(value) for key, value in settings.items()}


def _first_origin(settings: Mapping[str, Any]) -> str:
    """Scheme and host of the first address among settings."""
    for value in settings.values():
        if isinstance(value, str) and re.match(r"https?://", value):
            parts = urlsplit(value)
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return ""


def _moved(samples: Sequence[SampleAnswer], old: str, new: str) -> list[SampleAnswer]:
    """Samples with the addresses of the settings in place of those of the example."""
    if not old or not new or old == new:
        return list(samples)
    pairs = ((old, new), (old.replace("/", "\\/"), new.replace("/", "\\/")))

    def moved(text: str) -> str:
        for before, after in pairs:
            text = text.replace(before, after)
        return text

    return [
        replace(one, body=moved(one.body), headers={key: moved(value) for key, value in one.headers.items()})
        for one in samples
    ]


# -- in a child process --------------------------------------------------------------------------------------------------


def _trial_job(folders: Sequence[str], job: bytes) -> dict[str, Any]:
    registry.sources.use_folders(folders)
    return asyncio.run(_trial(*pickle.loads(job)))  # noqa: S301 (the parent is ours)


async def _trial(
    source: Source, known: Mapping[str, Validators], now: datetime, article: Article | None, port: int
) -> dict[str, Any]:
    options = options_for(source, known=known, limits=_LIMITS, stand_in=StandInServer(port))
    async with open_fetcher(_SITE, HostQueue(), options) as fetcher:
        if article is None:
            return await run_gather(source, fetcher, now)
        try:
            found = await source.check_availability(fetcher, article)
        except SourceError as error:
            found = Availability(None, str(error))
        return {"availability": [found.available, found.reason]}
