"""Writes docs/channels.md: the channels, what they can do, their limits and settings, and the promises that they keep.

python docs/channels_page.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from distributor.channel import Channel, PostLimits
from distributor.config.types import show_duration
from distributor.kit.channel_testing import PROMISES, PromiseResult, try_channel
from distributor.kit.trials.samples import subject_of
from distributor.plugins.info import describe
from distributor.plugins.registry import channels
from distributor.text import count_bytes, count_graphemes, count_utf16

PAGE = Path(__file__).with_name("channels.md")
_COUNTED = {count_graphemes: "characters", count_utf16: "UTF-16 units", count_bytes: "bytes", len: "code points"}
_HEAD = """\
# The channels

Made by `docs/channels_page.py` from the channels and their trials; do not edit it. `distributor channels TYPE` shows the
manual of one, `distributor channels test TYPE` tries it. [adding-a-channel.md](adding-a-channel.md) says how to write
another.
"""
_WORDS = {True: "yes", None: "–", False: "**no**"}


def page(results: Mapping[str, Sequence[PromiseResult]]) -> str:
    """The page, from what the trials of each channel have shown."""
    types = {name: channels.find(name) for name in results}
    parts = [_HEAD, *_overview(types), *_promises(results), *_settings(types)]
    return "\n".join(parts)


def _overview(types: Mapping[str, type[Channel]]) -> Iterator[str]:
    yield "## What they can do\n"
    yield "An example of each is built as its manual shows it; limits that a setting decides are those of the example.\n"
    yield "| channel | carries | corrections | looks for its posts | log in | repeatable | limits of a post | rates |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, cls in types.items():
        channel = subject_of(cls).build(Path("/nonexistent"))
        abilities = [_yes(cls.can("find")), _yes(cls.can("login")), _yes(cls.repeatable)]
        limits = channel.limits
        cells = [f"`{name}`", _summary(name, cls), cls.corrections.value, *abilities, _text(limits), _rates(limits)]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "A channel that corrects by `edit` changes its post; by `replace` it deletes the post and posts anew; by `reply`"
    yield "it answers it; by `none` it writes its files anew, sends a message of its own, or leaves it to staff. One that"
    yield "is repeatable may carry the same content again without a second effect.\n"


def _summary(name: str, cls: type[Channel]) -> str:
    return describe(name, cls, "channels").summary.replace("|", "\\|")


def _text(limits: PostLimits) -> str:
    shown = []
    if limits.text is not None:
        shown.append(f"{limits.text:,} {_COUNTED.get(limits.count, 'units of its own')}")
    if limits.url is not None:
        shown.append(f"an address counts {limits.url}")
    if limits.pictures:
        shown.append(f"{limits.pictures} picture{'s' if limits.pictures > 1 else ''}")
    if limits.per_run:
        shown.append(f"{limits.per_run} posts an edition")
    return "; ".join(shown) or "–"


def _rates(limits: PostLimits) -> str:
    shown = [f"{rate.most} in {show_duration(rate.per)}" for rate in limits.rates]
    shown += [f"one in {show_duration(limits.spacing)}"] if limits.spacing > timedelta() else []
    return "; ".join(shown) or "–"


def _yes(does: bool) -> str:
    return "yes" if does else "–"


def _promises(results: Mapping[str, Sequence[PromiseResult]]) -> Iterator[str]:
    yield "## What they promise\n"
    yield "Each promise is tried by `tests/contracts/test_channels.py` and by `distributor channels test`.\n"
    yield f"| promise | {' | '.join(f'`{name}`' for name in results)} |"
    yield f"| --- |{' --- |' * len(results)}"
    for promise in PROMISES:
        kept = [next(one for one in found if one.promise == str(promise)).kept for found in results.values()]
        yield f"| **{promise.name}**: {promise.says} | {' | '.join(_WORDS[one] for one in kept)} |"
    yield "\n–: not promised, because\n"
    for promise in PROMISES:
        reasons: dict[str, list[str]] = {}
        for name, found in results.items():
            for one in found:
                if one.promise == str(promise) and one.kept is None:
                    reasons.setdefault(one.why, []).append(f"`{name}`")
        for why, names in reasons.items():
            yield f"- **{promise.name}**, {', '.join(names)}: {why}."
    yield ""


def _settings(types: Mapping[str, type[Channel]]) -> Iterator[str]:
    yield "## Their settings"
    for name, cls in types.items():
        yield f"\n### `{name}`\n"
        yield "| setting | what | type | default |"
        yield "| --- | --- | --- | --- |"
        for setting in describe(name, cls, "channels").settings:
            default = "required" if setting.default is None else setting.default
            cells = [f"`{setting.name}`", setting.help, setting.type, default]
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


if __name__ == "__main__":
    found = {name: try_channel(channels.find(name)) for name in channels.names()}
    PAGE.write_text(page(found), encoding="utf-8")
