"""One channel on trial: each of its acts, asked for as the engine does, with a far end that answers or misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from ...attempt import Attempt, MemoryState, MemorySteps, Values
from ...channel import Channel, Content, Post
from ...errors import DeliveryError
from ...http_client import idempotency_key
from ...model import Receipt
from ...personal_channel import PersonalChannel
from .far_end import FarEnd, Request, TrialClient
from .samples import (
    CANARY,
    FROZEN,
    Subject,
    compose_context,
    corrected_edition,
    picture,
    read_picture,
    trial_edition,
    trial_recipient,
)
from .watch import PATIENCE, Act, observe

ACTS = ("publish", "find", "edit", "delete", "check", "login")
_ALSO = {"publish": "create", "edit": "update"}
_LATER = timedelta(days=400)  # after which every session and token is over
_SECRET_KEYS = ("token", "secret", "jwt", "password", "cookie", "session", "api_key", "apikey")
_SHORTEST_SECRET = 8  # characters, as the engine has it


@dataclass(frozen=True, slots=True)
class Scenario:
    """In what state a channel acts. `refused` is the request that the far end answers with 401 the first time."""

    name: str
    state: bool = True
    later: bool = False
    thread: bool = False
    refused: str = ""


USUAL = Scenario("with a login")
SCENARIOS = (
    USUAL,
    Scenario("before the first login", state=False),
    Scenario("with a login of long ago", later=True),
    Scenario("as an answer in a thread", thread=True),
)


class TrialState(MemoryState):
    """A state whose strings the client hides, as the engine's does. `asked` are the names of the requests that were made
    while it was renewed."""

    client: TrialClient | None = None
    asked: tuple[str, ...] = ()

    async def read(self) -> Values:
        return self._hidden(await super().read())

    async def renew(self, seen: Values, renew: Callable[[Values, bool], Awaitable[Values]]) -> Values:
        async def noted(values: Values, interrupted: bool) -> Values:
            known = self.client.names if self.client else []
            try:
                return await renew(values, interrupted)
            finally:
                self.asked += tuple(self.client.names[len(known) :] if self.client else ())

        return self._hidden(await super().renew(seen, noted))

    def _hidden(self, values: Values) -> Values:
        if self.client:
            self.client.hide(*(text for _, text in strings_in(values) if len(text) >= _SHORTEST_SECRET))
        return values


@dataclass
class ActRun:
    """One act in one scenario: what came of it, and the requests that it made."""

    act: str
    scenario: Scenario
    came: Act
    requests: list[Request]
    answers: list[object]
    steps: MemorySteps
    state: TrialState

    @property
    def outcome(self) -> object:
        return self.came.outcome

    @property
    def names(self) -> list[str]:
        return [request.name for request in self.requests]


@dataclass
class Trial:
    """A channel, what it carries, and its far end."""

    subject: Subject
    channel: Channel
    folder: Path
    there: FarEnd
    patience: float = PATIENCE
    contents: list[Content] = field(default_factory=list)
    corrected: list[Content] = field(default_factory=list)
    receipt: Receipt = Receipt(remote_id="1")
    only: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        context = compose_context(self.subject.newsroom)
        self.contents = list(self.channel.compose(trial_edition(), context))
        self.corrected = list(self.channel.compose(corrected_edition(), context))
        # A token in the settings would come before a login.
        self._to_log_in = self.subject.without_secrets().build(self.folder) if self.cls.can("login") else self.channel

    @property
    def cls(self) -> type[Channel]:
        return self.subject.cls

    @property
    def acts(self) -> list[str]:
        """What the channel has: `publish`, and of the others those of its own."""
        return ["publish", *(act for act in ACTS[1:] if getattr(self.cls, act) is not getattr(Channel, act))]

    async def run(
        self,
        act: str,
        scenario: Scenario = USUAL,
        manners: Mapping[str, str] | None = None,
        *,
        cut: tuple[int, str] | None = None,
        before: ActRun | None = None,
        content: int = 0,
        allow_private: bool = True,
    ) -> ActRun:
        """Let the channel act. With `before` it is a further attempt, with the same steps and state."""
        refused = {scenario.refused: "401"} if scenario.refused else {}
        self.there.begin(refused or manners or {}, once=bool(refused))
        self.there.about = self.receipt.remote_id
        client = TrialClient(self.channel.http, self.there, cut=cut, allow_private=allow_private)
        steps = before.steps if before else MemorySteps()
        state = before.state if before else self.new_state(scenario)
        state.client = client
        attempt = self.attempt(client, steps, state, scenario, content=content, number=2 if before else 1)
        came = await observe(self._marked(client, self.act(act, attempt, content)), self.patience)
        return ActRun(act, scenario, came, self.there.requests, self.there.answers, steps, state)

    def new_state(self, scenario: Scenario) -> TrialState:
        return TrialState(values=dict(self.cls.example_state()) if scenario.state else {})

    def attempt(
        self,
        client: TrialClient,
        steps: MemorySteps,
        state: TrialState,
        scenario: Scenario,
        *,
        content: int,
        number: int,
    ) -> Attempt:
        now = FROZEN + (_LATER if scenario.later else timedelta(minutes=10 * number))
        rendition = self.channel.freeze(self.contents[content], "tin-sang-1")
        return Attempt(
            now=now,
            number=number,
            key=idempotency_key(rendition.key, rendition.sha256),
            edition="tin-sang-1",
            edition_at=FROZEN,
            http=client,
            state=state,
            steps=steps,
            thread=(self.receipt,) if scenario.thread else (),
            read_image=read_picture,
        )

    async def act(self, act: str, attempt: Attempt, content: int = 0) -> object:
        """One act, as the engine asks for it."""
        channel, carried = self.channel, self.contents[content]
        match act:
            case "publish" if isinstance(channel, PersonalChannel):
                rendition = channel.freeze(carried, "tin-sang-1")
                return await channel.deliver_to(rendition, trial_recipient(), attempt)
            case "publish":
                return await channel.publish(carried, attempt)
            case "find":
                return await channel.find(carried, attempt)
            case "edit":
                return await channel.edit(self.receipt, self.corrected[content], attempt)
            case "delete":
                await channel.delete(self.receipt, attempt)
                return None
            case "check":
                await channel.check(attempt)
                return None
        return await self._to_log_in.login(_answer_staff, attempt)

    async def _marked(self, client: TrialClient, act: Awaitable[object]) -> object:
        client.task = asyncio.current_task()
        return await act

    # -- what it asks for ---------------------------------------------------------------------------------------------

    async def scenarios(self, act: str) -> list[ActRun]:
        """An act in each scenario in which it makes other requests than before, all answered as they should be."""
        runs = [await self.run(act)]
        names = dict.fromkeys(runs[0].names)
        refused = [Scenario(f"when {name} is refused once", refused=name) for name in names]
        for scenario in (*SCENARIOS[1:], *refused):
            if scenario.thread and not isinstance(self.contents[0], Post):
                continue
            run = await self.run(act, scenario)
            if run.names not in [other.names for other in runs]:
                runs.append(run)
        return runs

    def carrying(self, run: ActRun) -> str:
        """The name of the request that does what an act is for: `publish` or `create` in publish, `edit` or `update` in
        edit, or else the last that is no look-up. Empty where there is none."""
        names = [request.name for request in run.requests if request.call.method not in ("GET", "HEAD")]
        known = [name for name in (run.act, _ALSO.get(run.act)) if name in names]
        return str([*known, *reversed(names), ""][0])

    def is_upload(self, request: Request) -> bool:
        """Whether a request brings a picture: by its name, or by its bytes."""
        return request.name.startswith("upload") or picture().body in (request.call.body or b"")

    def secrets(self, runs: list[ActRun]) -> list[str]:
        """What must never be read anywhere: secrets of the settings, of the state, and of what was answered."""
        answers = [pair for run in runs for answer in run.answers for pair in strings_in(answer)]
        texts = [*strings_in(self.cls.example_state()), *(pair for pair in answers if pair[0] != "token")]  # of a job
        named = [text for key, text in texts if any(word in key.lower() for word in _SECRET_KEYS)]
        return ["Y2FuYXJ5", *dict.fromkeys(text for text in named if len(text) >= _SHORTEST_SECRET)]


def _answer_staff(question: str, *, secret: bool = False) -> str:
    return CANARY


def strings_in(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """All strings in a value, each with the key under which it stands."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from strings_in(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_in(inner, key)


def call_shown(request: Request) -> tuple[object, ...]:
    """What two requests must have in common to be the same: all but times, signatures and authorization."""
    changing = ("authorization", "date", "timestamp", "signature", "dpop", "nonce")
    headers = {
        name.lower(): value
        for name, value in request.call.headers.items()
        if not any(word in name.lower() for word in changing)
    }
    return request.call.method, request.call.url, json.dumps(headers, sort_keys=True), request.call.body


def is_delivery_error(outcome: object) -> bool:
    return isinstance(outcome, DeliveryError)
