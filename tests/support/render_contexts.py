"""A real context to compose posts with: our own templates, in Vietnamese, nothing announced."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from distributor.i18n import Texts
from distributor.model import Language
from distributor.plugins import registry
from distributor.rendering.context import RenderContext
from distributor.rendering.templates import Templates
from support.builders import newsletter, settings


def post_context() -> RenderContext:
    """What posts of the sample newsletter are composed with."""
    return RenderContext(
        site=settings().site,
        newsletter=newsletter(),
        announced=(),
        published=(),
        templates=Templates(registry.template_folders(Path("/nonexistent"))),
        language=Language.VI,
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        texts=Texts(),
    )
