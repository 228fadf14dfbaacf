"""Pages of the web service, made from templates below `page/`: home, sign-up, preferences, archive, errors. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property

from ..config.schema import Newsletter, Settings
from ..model import Language
from .globals import RenderSettings, common_values
from .page_frame import web_frame
from .templates import Templates

_STYLES = ("style", "web")
# Comments, the last semicolon of a rule, and blanks beside signs.
_UNNEEDED = re.compile(r"/\*.*?\*/|;\s*(?=\})|(?<=[{};:,])\s+|\s+(?=[{}])|^\s+", re.DOTALL | re.MULTILINE)


class WebPages:
    """The pages of a newsroom."""

    def __init__(self, settings: Settings, templates: Templates) -> None:
        self._settings = settings
        self._templates = templates

    @cached_property
    def stylesheet(self) -> bytes:
        """The style sheet of all pages, in the colors of the theme."""
        values = common_values(self.settings(None), self._settings.site.language)
        sheets = [self._templates.render(f"page/parts/{name}.css", values) for name in _STYLES]
        return _UNNEEDED.sub("", "\n".join(sheets)).encode()

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
        return self._templates.render(
            f"page/{template}.html.j2",
            {
                **common_values(self.settings(newsletter), language),
                **self.frame(language, path, newsletter),
                "canonical": "",
                "description": "",
                "creator": "",
                "open_graph": {},
                "structured": {},
                "subscribe_url": "",
                **values,
            },
        )

    def frame(self, language: Language, path: str, newsletter: Newsletter | None = None) -> Mapping[str, object]:
        """What stands around the content."""
        return web_frame(self._settings, language, path, f"/assets/{self.stylesheet_name}", newsletter)

    def settings(self, newsletter: Newsletter | None) -> RenderSettings:
        """Site, time zone and templates, for pages that other functions render."""
        zone = self._settings.newsletter_zone(newsletter) if newsletter else self._settings.site.timezone
        return RenderSettings(
            site=self._settings.site,
            newsletter=newsletter,
            zone=zone,
            templates=self._templates,
            texts=self._settings.texts,
        )
