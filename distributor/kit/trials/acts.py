"""The promises about single acts of a channel, each with its trial: the faults found, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...channel import Corrections
from ...errors import AuthBroken, DeliveryError, Rejected, Unavailable
from ...model import Receipt
from ...personal_channel import PersonalChannel
from ...plugins.info import settings_of
from .evidence import Evidence, Misbehaviour, NotPromised, in_words
from .far_end import GONE, REFUSALS
from .trial import ActRun, Trial
from .truth import lie, wrong_outcome


async def all_is_well(evidence: Evidence) -> list[str]:
    found = []
    for act, runs in (await evidence.usual()).items():
        run = runs[0]
        if run.came.outside and isinstance(evidence.trial.channel, PersonalChannel):
            continue  # by a transport of its own, which finds no server here
        if fault := wrong_outcome(act, run.outcome):
            found.append(f"{act}: {fault}")
        elif isinstance(run.outcome, DeliveryError):
            what = f"{act} raises {type(run.outcome).__name__}: {run.outcome}"
            found.append(f"{what}; what does `example_answer` say to {', '.join(run.names) or 'nothing'}?")
        elif isinstance(run.outcome, Receipt) and not run.outcome.remote_id and _corrects(evidence):
            found.append(f"{act}: the receipt has no remote_id, by which corrections find the post")
    return found


def _why_no_requests(usual: Mapping[str, Sequence[ActRun]]) -> str:
    """Why none can be tried: the channel makes none, or fails before it does."""
    failed = any(wrong_outcome(act, runs[0].outcome) for act, runs in usual.items())
    return "no request is made, because an act fails: see `works`" if failed else "it makes no requests"


def _corrects(evidence: Evidence) -> bool:
    cls = evidence.trial.cls
    return cls.corrections is not Corrections.NONE or cls.can("edit") or cls.can("delete")


async def way_out(evidence: Evidence) -> list[str]:
    if isinstance(evidence.trial.channel, PersonalChannel):
        raise NotPromised("it has a transport of its own")
    runs = [run for runs in (await evidence.usual()).values() for run in runs]
    found = [
        f"{run.act} goes to {host} without `attempt.http`" for run in runs for host in dict.fromkeys(run.came.outside)
    ]
    nameless = {f"{run.act} makes a request without a name: HttpCall(name=…)" for run in runs if "" in run.names}
    return [*dict.fromkeys(found), *sorted(nameless)]


async def four_errors(evidence: Evidence) -> list[str]:
    found = [*_wrong(await evidence.bad())]
    return found or await _broken_place(evidence)


def _wrong(bad: list[Misbehaviour]) -> Iterator[str]:
    for one in bad:
        if not one.run.came.waits and (fault := wrong_outcome(one.run.act, one.run.outcome)):
            yield f"{one}: {fault}"


async def _broken_place(evidence: Evidence) -> list[str]:
    """A channel that writes to folders finds a file where they should be."""
    trial = evidence.trial
    folders = [setting.name for setting in settings_of(trial.cls) if setting.type == "path"]
    values = {name: getattr(trial.channel, name) for name in folders}
    inside = {name: path for name, path in values.items() if isinstance(path, Path) and path.is_dir()}
    if not inside:
        return []
    blocked = trial.folder / "a-file"
    blocked.write_bytes(b"")
    channel = trial.subject.build(trial.folder, {name: str(blocked / "below") for name in inside})
    broken = Trial(trial.subject, channel, trial.folder, trial.there, trial.patience)
    run = await broken.run("publish")
    if isinstance(run.outcome, Unavailable):
        return []
    what = wrong_outcome("publish", run.outcome) or f"it says {type(run.outcome).__name__} instead of Unavailable"
    return [f"publish, to a folder that cannot be made: {what}"]


async def truth(evidence: Evidence) -> list[str]:
    bad, repeatable = await evidence.bad(), evidence.trial.cls.repeatable
    if not bad:
        raise NotPromised(_why_no_requests(await evidence.usual()))
    found = []
    for one in bad:
        run = one.run
        if run.came.waits or wrong_outcome(run.act, run.outcome):
            continue
        fault = lie(run.act, run.came, run.requests, one.request, one.carrying, repeatable)
        if fault and not await _goes_on(evidence.trial, one):
            found.append(f"{one}: {fault}")
    return found or await _unheard_refusal(evidence)


async def _goes_on(trial: Trial, one: Misbehaviour) -> bool:
    """Whether a further attempt goes on where this one has saved what it has done: then to be tried again is true. Of a
    network that works on a post by and by, it is true that it is rejected where a later request than the first says so."""
    run = one.run
    carried = [request.answered for request in run.requests if request.name == one.carrying]
    if run.act != "publish" or not carried or not all(carried):
        return False
    if isinstance(run.outcome, Rejected):
        return one.manner in REFUSALS and run.requests[-1].call.method not in ("GET", "HEAD")
    again = await trial.run("publish", run.scenario, before=run)
    return isinstance(run.outcome, (Unavailable, AuthBroken)) and one.carrying not in again.names


async def _unheard_refusal(evidence: Evidence) -> list[str]:
    """A check that is refused everywhere must not say that all is well."""
    usual = await evidence.usual()
    if "check" not in usual or not usual["check"][0].requests:
        return []
    found = []
    for manner in ("refuses", "401"):
        run = await evidence.trial.run("check", manners={"*": manner})
        if not isinstance(run.outcome, BaseException):
            found.append(f"check: it says that all is well, though every request {in_words(manner)}")
    return found


async def secrets(evidence: Evidence) -> list[str]:
    runs = await evidence.all_runs()
    kept = evidence.trial.secrets(runs)
    channel = evidence.trial.channel
    said = [("repr", repr(channel) + str(channel)), *((run.act, run.came.said) for run in runs)]
    found = {
        f"{act} shows a secret: …{_around(text, secret)}…" for act, text in said for secret in kept if secret in text
    }
    return sorted(found)[:5]


def _around(text: str, secret: str) -> str:
    at = text.index(secret)
    return text[max(at - 40, 0) : at].replace("\n", " ") + "***"


async def no_waiting(evidence: Evidence) -> list[str]:
    runs = await evidence.all_runs()
    found = [f"{run.act} ({run.scenario.name}): {wait}" for run in runs for wait in run.came.waits]
    return list(dict.fromkeys(found))[:5]


async def private(evidence: Evidence) -> list[str]:
    trial = evidence.trial
    usual = (await evidence.usual())["publish"][0]
    if not usual.requests:
        raise NotPromised(_why_no_requests(await evidence.usual()))
    if isinstance(getattr(trial.channel, "allow_private", False), bool) and _asked(trial, "allow_private"):
        raise NotPromised("the settings that are tried allow them")
    run = await trial.run("publish", allow_private=trial.channel.http.allow_private)
    reached = [request.name for request in run.requests if request.arrived]
    return [f"{name} reaches an address of this machine" for name in reached]


def _asked(trial: Trial, name: str) -> bool:
    return bool(trial.subject.settings.get(name))


async def gone(evidence: Evidence) -> list[str]:
    trial = evidence.trial
    if not trial.cls.can("delete"):
        raise NotPromised("it deletes nothing")
    usual = (await evidence.usual())["delete"][0]
    carrying = trial.carrying(usual)
    if not carrying:  # files
        await trial.run("delete")
        run = await trial.run("delete")
    else:
        run = await trial.run("delete", manners={carrying: GONE})
    if not isinstance(run.outcome, BaseException):
        return []
    return [f"delete raises {type(run.outcome).__name__} for a post that is gone: {str(run.outcome)[:200]}"]
