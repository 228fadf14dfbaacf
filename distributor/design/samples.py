"""Samples: every email, page and post with sample values, in a newsroom's own theme, templates, wording and newsletters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..channel import Digest
from ..config.schema import Newsletter, Settings
from ..model import Language
from ..rendering.globals import RenderSettings
from ..rendering.templates import Templates

Cases = dict[str, dict[str, Any]]  # the values of one template, by what is particular about them


class SampleKind(StrEnum):
    """What a sample is."""

    EMAIL = "email"
    PAGE = "page"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A template with values. `template` is its name, that of an email without an ending; `case` says in English what is
    particular about the values. `changes` are values in place of those that the program gives."""

    kind: SampleKind
    template: str
    case: str
    language: Language
    make: Callable[[Templates], Digest | str]
    changes: Mapping[str, object] = field(default_factory=dict)

    def render(self, templates: Templates) -> Digest | str:
        """Raises RenderError."""
        return self.make(ChangedTemplates(templates, self.changes) if self.changes else templates)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryEntry:
    """A sample as the page shows it: `files` are paths by what they show, `text` is that of a post, `fault` says why there
    is nothing."""

    name: str
    case: str
    language: str
    subject: str = ""
    files: Mapping[str, str]
    text: str = ""
    fault: str = ""

    @property
    def title(self) -> str:
        """`email/digest, weekly (vi)`."""
        return f"{self.name}{f', {self.case}' if self.case else ''} ({self.language})"


class ChangedTemplates(Templates):
    """Templates that get other values in place of those that they are given."""

    def __init__(self, templates: Templates, changes: Mapping[str, object]) -> None:
        self.environment = templates.environment
        self._templates = templates
        self._changes = changes

    def render(self, name: str, values: Mapping[str, object]) -> str:
        given = {key: value for key, value in self._changes.items() if key in values}
        return self._templates.render(name, {**values, **given})


def newsletter_in(settings: Settings, language: Language) -> Newsletter:
    """The newsletter that is shown in a language: the first one in it, or the first of all."""
    every = list(settings.newsletters.values())
    return next((one for one in every if settings.newsletter_language(one) is language), every[0])


def render_settings(settings: Settings, newsletter: Newsletter | None, templates: Templates) -> RenderSettings:
    """What a sample of a newsletter, or of the whole site, is rendered with."""
    return RenderSettings(
        site=settings.site,
        newsletter=newsletter,
        zone=settings.newsletter_zone(newsletter) if newsletter else settings.site.timezone,
        templates=templates,
        texts=settings.texts,
        attributes=tuple(settings.attributes),
    )
