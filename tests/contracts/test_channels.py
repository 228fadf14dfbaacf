"""What every channel promises, tried on each one there is. A new file in channels/ is tried without being named here.

A promise that a channel does not make by its declaration is not tried on it: no case is made, so that nothing is skipped
(in CI a skip is a failure). `NOT_PROMISED` says which are left out, and because of what.
"""

from __future__ import annotations

import inspect
import logging
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from distributor.channel import Channel
from distributor.config.yaml import read
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.model import Receipt
from distributor.plugins import registry
from distributor.plugins.info import describe, settings_of
from support.builders import article, edition
from support.misbehaving_server import TOKEN, Rude
from support.social_networks import FakeContext

NAMES = registry.channels.names()
MANNERS = [
    *("refuses", "drops", "is silent", "drips", "answers nonsense", "breaks off in the answer", "answers without end"),
    *("200", "302", "400", "401", "403", "404", "410", "429", "500", "504"),
]

SAYS_200 = ("200", "drips", "breaks off in the answer", "answers without end")  # which may do as a receipt


class Canaries(Mapping[str, str]):
    """An environment in which every variable is a secret."""

    def __getitem__(self, name: str) -> str:
        return TOKEN

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def built(name: str, folder: Path, url: str = "") -> Channel:
    """The channel of the example in its own manual; with `url`, all its addresses lead there."""
    cls = registry.channels.find(name)
    file = folder / "config.yaml"
    file.write_text(describe(name, cls, "channels").example)
    raw = read(file, Canaries())
    assert not raw.problems
    (values,) = raw.data["channels"].values()
    for setting in settings_of(cls) if url else ():
        if setting.type == "address":
            values[setting.name] = url
        if setting.name == "allow_private":
            values[setting.name] = True
    made, problems = registry.channels.build(raw)
    assert not problems, problems
    (channel,) = made.values()
    return channel


NOT_PROMISED: Mapping[str, tuple[Callable[[type[Channel]], bool], str]] = {
    "a cap of posts": (
        lambda cls: "max_posts" not in _settings(cls),
        "it posts no single articles: an edition is one email, feed, page or message",
    ),
    "the four errors of `deliver`": (
        lambda cls: cls.personal,
        "it delivers by a transport, whose errors tests/channels and tests/real/mail try",
    ),
    "no second effect": (
        lambda cls: cls.personal or not cls.repeatable,
        "it declares that delivering again has an effect, so that nothing is delivered again by itself",
    ),
    "private addresses refused": (
        lambda cls: "address" not in _settings(cls).values() or not _reaches_out(cls),
        "it sends nothing to an address of its settings",
    ),
}


def _settings(cls: type[Channel]) -> dict[str, str]:
    """Its settings, and their types in words."""
    return {setting.name: setting.type for setting in settings_of(cls)}


def _reaches_out(cls: type[Channel]) -> bool:
    return "from ._http import" in inspect.getsource(sys.modules[cls.__module__])


def on_those_who_promise(promise: str) -> pytest.MarkDecorator:
    leaves_out, _ = NOT_PROMISED[promise]
    return pytest.mark.parametrize("name", [name for name in NAMES if not leaves_out(registry.channels.find(name))])


@pytest.mark.parametrize("promise", NOT_PROMISED)
def test_a_promise_is_left_out_for_a_reason_and_by_some_only(
    promise: str, record_property: Callable[..., None]
) -> None:
    """The report of the tests says: skipped, because."""
    leaves_out, reason = NOT_PROMISED[promise]
    without = [name for name in NAMES if leaves_out(registry.channels.find(name))]
    assert reason and without and len(without) < len(NAMES)
    record_property(promise, f"{', '.join(without)}: skipped, because {reason}")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_manual_has_an_example_that_builds_and_a_sentence_for_each_setting(name: str, tmp_path: Path) -> None:
    """A newsroom can paste what it reads."""
    channel = built(name, tmp_path)
    described = describe(name, type(channel), "channels")
    assert described.example and described.summary
    assert not [setting.name for setting in described.settings if not setting.help]


def test_composing_is_deterministic_and_touches_nothing(name: str, tmp_path: Path, context: FakeContext) -> None:
    """Preview, approval and sending show the same bytes: composing asks no disk, no network, no process."""
    channel = built(name, tmp_path)
    first = [*channel.compose(edition(), context), *channel.compose_site_wide(context)]
    with nothing_touched():
        again = [*channel.compose(edition(), context), *channel.compose_site_wide(context)]
    assert first == again
    assert first
    assert all(isinstance(rendition.body, bytes) for rendition in first)


def test_parts_are_unique_safe_file_names(name: str, tmp_path: Path, context: FakeContext) -> None:
    """The ledger tells renditions apart by their part, and previews lie in files of that name."""
    channel = built(name, tmp_path)
    made = channel.compose(edition(count=3), context)
    variants = [rendition.variant for rendition in made]
    assert len(set(variants)) == len(variants)
    assert all(re.fullmatch(r"[\w][\w.-]{0,120}", variant) for variant in variants)
    assert {(rendition.channel, rendition.edition) for rendition in made} == {(channel.name, "tin-sang-1")}
    standing = channel.compose_site_wide(context)
    assert {rendition.edition for rendition in standing} <= {""}
    assert channel.repeatable or not standing


def test_wild_text_can_be_composed(name: str, tmp_path: Path, context: FakeContext) -> None:
    """Quotes, markup, emoji and letters of three code points are text like any other."""
    wild = article(
        title="“Tết” & <b>]]></b> 👩‍👩‍👧‍👦 Ế" + "ẫ" * 400, lead="😀" * 3000, url="https://bacson.example/a?b=1&c=%20d#e"
    )
    made = built(name, tmp_path).compose(edition(articles=(wild,)), context)
    assert all(rendition.body for rendition in made)


@on_those_who_promise("a cap of posts")
def test_the_posts_of_one_run_are_capped(name: str, tmp_path: Path, context: FakeContext) -> None:
    """A burst of news must not become a burst of posts."""
    channel = built(name, tmp_path)
    assert channel.limits.per_run
    made = channel.compose(edition(count=channel.limits.per_run + 5), context)
    assert [rendition.variant for rendition in made] == [f"a{i}" for i in range(channel.limits.per_run)]


@on_those_who_promise("the four errors of `deliver`")
@pytest.mark.parametrize("manner", MANNERS)
async def test_only_the_four_errors_leave_a_channel_and_they_tell_the_truth(
    name: str,
    manner: str,
    tmp_path: Path,
    context: FakeContext,
    rude: Callable[[str], Awaitable[Rude]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the far end does. Nothing that was said, logged or raised holds a secret."""
    far = await rude(manner)
    channel = built(name, tmp_path, far.url)
    caplog.set_level(logging.DEBUG)
    if manner in ("is silent", "drips"):
        monkeypatch.setattr("distributor.channels._http.TIMEOUT", 0.3)
    outcome = await delivered(channel, context)
    if isinstance(outcome, DeliveryError):
        assert type(outcome) in allowed(manner, channel.repeatable), repr(outcome)
    else:
        assert channel.repeatable or not far.received or manner in SAYS_200
    told = [outcome.reply, repr(outcome), repr(channel), str(channel), caplog.text]
    if isinstance(outcome, DeliveryError):
        told += traceback.format_exception(outcome)
        assert outcome.__context__ is None or isinstance(outcome.__context__, DeliveryError)
    assert not [text for text in told if "Y2FuYXJ5" in text]


def allowed(manner: str, repeatable: bool) -> set[type[DeliveryError]]:
    """The true outcomes. Where a request arrived and nobody knows, only a repeatable channel may say `again`."""
    match manner:
        case "refuses" | "429":
            return {Unavailable}
        case "302" | "401" | "403":
            return {AuthBroken}
        case "400" | "404" | "410":
            return {Rejected, AuthBroken}
    return {Unavailable} if repeatable else {Uncertain}


@on_those_who_promise("no second effect")
async def test_delivering_a_repeatable_rendition_again_has_no_second_effect(
    name: str, tmp_path: Path, context: FakeContext, rude: Callable[[str], Awaitable[Rude]]
) -> None:
    """Files stay as they are, untouched; requests are the same bytes again."""
    far = await rude("200")
    channel = built(name, tmp_path, far.url)
    made = [*channel.compose(edition(), context), *channel.compose_site_wide(context)]
    for rendition in made:
        await channel.deliver(rendition)
    files, sent = snapshot(tmp_path), [request.partition(b"\r\n\r\n")[2] for request in far.received]
    far.received.clear()
    for rendition in made:
        await channel.deliver(rendition)
    assert snapshot(tmp_path) == files
    again = [request.partition(b"\r\n\r\n")[2] for request in far.received]
    assert files.keys() > {"config.yaml"} or sent
    assert set(again) <= set(sent)


@on_those_who_promise("private addresses refused")
def test_a_private_address_is_refused_unless_it_is_allowed(name: str, tmp_path: Path) -> None:
    """Every channel that can be sent to an address has the switch, and it is off."""
    assert getattr(built(name, tmp_path), "allow_private", None) is False


# -- helpers -----------------------------------------------------------------------------------------------------------


async def delivered(channel: Channel, context: FakeContext) -> Receipt | DeliveryError:
    rendition = channel.compose(edition(), context)[0]
    try:
        return await channel.deliver(rendition)
    except DeliveryError as error:
        return error


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Every file below a folder: bytes, identity and time of its last change."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_ino, file.stat().st_mtime_ns)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


_watching = False
_touched: list[str] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event.startswith(("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.")):
        _touched.append(f"{event} {arguments}")


sys.addaudithook(_watch)  # a hook stays for the whole run; it does nothing while nobody watches


@contextmanager
def nothing_touched() -> Iterator[None]:
    global _watching
    _touched.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert not _touched
