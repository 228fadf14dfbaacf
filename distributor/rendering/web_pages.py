"""Pages of the web service, made from templates below `page/`: home, sign-up, preferences, archive, errors. Pure."""

from __future__ import annotations

import hashlib
from functools import cached_property

from ..config.schema import Newsletter, Settings
from ..model import Language
from .globals import RenderSettings, common_values
from .templates import Templates


class WebPages:
    """The pages of a newsroom."""

    def __init__(self, settings: Settings, templates: Templates) -> None:
        self._settings = settings
        self._templates = templates

    @cached_property
    def stylesheet(self) -> bytes:
        """The style sheet of all pages, in the colors of the theme."""
        values = common_values(self._render_settings(None), self._settings.site.language)
        return self._templates.render("page/parts/style.css", values).encode()

    @cached_property
    def stylesheet_name(self) -> str:
        """`style-<hash>.css`: another name for other styles."""
        return f"style-{hashlib.sha256(self.stylesheet).hexdigest()[:12]}.css"

    def render(
        self, template: str, language: Language, *, path: str, newsletter: Newsletter | None = None, **values: object
    ) -> str:
        """`page/TEMPLATE.html.j2`. `path` is that of the request; `values` override what every page gets.

        Raises RenderError where the template fails.
        """
        settings = self._render_settings(newsletter)
        return self._templates.render(
            f"page/{template}.html.j2",
            {
                **common_values(settings, language),
                "stylesheet_url": f"/assets/{self.stylesheet_name}",
                "web": self._settings.web_settings,
                "home_url": _localized("/", language, self._settings.site.language),
                "other_language": _other(language),
                "other_language_url": _localized(
                    _without_language(path), _other(language), self._settings.site.language
                ),
                "base": _localized("", language, self._settings.site.language),
                "canonical": "",
                "description": "",
                "creator": "",
                "open_graph": {},
                "structured": {},
                "subscribe_url": "",
                **values,
            },
        )

    def _render_settings(self, newsletter: Newsletter | None) -> RenderSettings:
        zone = self._settings.newsletter_zone(newsletter) if newsletter else self._settings.site.timezone
        return RenderSettings(site=self._settings.site, newsletter=newsletter, zone=zone, templates=self._templates)


def _other(language: Language) -> Language:
    return Language.EN if language is Language.VI else Language.VI


def _localized(path: str, language: Language, usual: Language) -> str:
    """A path in a language: the site's own has no prefix."""
    return path if language is usual else f"/{language.value}{path}"


def _without_language(path: str) -> str:
    first, _, rest = path.removeprefix("/").partition("/")
    return f"/{rest}" if first in list(Language) else path
