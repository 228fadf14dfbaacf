"""What every channel promises, tried on each one there is. A new file in channels/ is tried without being named here.

A promise that a channel does not make by its declaration is no skip: docs/channels.md says which are left out, and because
of what, and a test compares it with what was found here.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from distributor.kit.channel_testing import PROMISES, PromiseResult, try_channel
from distributor.kit.trials.samples import example_settings
from distributor.plugins import registry

DOCS = Path(__file__).parents[2] / "docs"
NAMES = registry.channels.names()

# What the example of a manual does not show: settings with which a channel acts otherwise.
OTHERWISE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "facebook with pictures": ("facebook", {"style": "photo"}),
    "outbox for Bluesky": ("outbox", {"network": "bluesky"}),
    "webhook with texts": ("webhook", {"full_text": True}),
}


@functools.cache
def results(case: str) -> Mapping[str, PromiseResult]:
    """What the trials of a channel have shown, by the name of the promise."""
    name, more = OTHERWISE.get(case, (case, {}))
    cls = registry.channels.find(name)
    found = try_channel(cls, {**example_settings(cls), **more})
    return {result.promise.partition(":")[0]: result for result in found}


@pytest.mark.parametrize("promise", [promise.name for promise in PROMISES])
@pytest.mark.parametrize("case", [*NAMES, *OTHERWISE])
def test_the_promise_is_kept(case: str, promise: str, record_property: Callable[..., None]) -> None:
    result = results(case)[promise]
    if result.kept is None:
        record_property("not promised", f"{case}: {result.why}")
    assert result.kept is not False, result.why


def test_each_promise_is_made_by_some_channel() -> None:
    for promise in PROMISES:
        assert any(results(name)[promise.name].kept for name in NAMES), promise.name


def test_the_page_of_channels_is_what_was_found() -> None:
    """`python docs/channels_page.py` writes it anew."""
    page = channels_page().page({name: list(results(name).values()) for name in NAMES})
    assert (DOCS / "channels.md").read_text(encoding="utf-8") == page


def channels_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("channels_page", DOCS / "channels_page.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
