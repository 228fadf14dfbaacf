"""Render cache: a segment of an edition gets the email that it would get without a cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from distributor.model import Edition
from distributor.plugins import registry
from distributor.rendering.cache import RenderCache
from distributor.rendering.digest import DigestOptions, render_digest
from distributor.rendering.templates import Templates
from support import reference_editions as reference
from support.builders import render_settings
from support.effort import examples

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TEMPLATES = Templates(registry.template_folders(Path("/nonexistent")))
SETTINGS = render_settings(reference.SITE, reference.MORNING, TEMPLATES)
FORTY = reference.FORTY


def digest(edition: Edition, cache: RenderCache | None = None, **more: Any) -> Any:
    return render_digest(edition, SETTINGS, DigestOptions(**more), cache)


@given(st.sets(st.integers(0, 39), min_size=1), st.booleans())
@hypothesis_settings(max_examples=examples(20), deadline=None)
def test_a_cohort_gets_the_letter_that_it_would_get_alone(chosen: set[int], brief: bool) -> None:
    some = tuple(FORTY.articles[i] for i in sorted(chosen))
    share = replace(FORTY, articles=some[:1], briefs=some[1:]) if brief else replace(FORTY, articles=some)
    shared = digest(share, SHARED)
    alone = digest(share)
    assert (shared.html, shared.text) == (alone.html, alone.text)
    assert SHARED.runs == 1


SHARED = RenderCache()
digest(FORTY, SHARED)
