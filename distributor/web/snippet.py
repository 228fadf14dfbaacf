"""The sign-up form for the newsroom's own site, to copy: plain HTML with its styles, no script. Pure."""

from __future__ import annotations

from ..config.schema import Newsletter, Settings
from ..model import Language
from ..rendering.globals import RenderSettings, common_values
from ..rendering.page_frame import localized
from ..rendering.templates import Templates
from .consent_text import text_now, version_of
from .signup_form import HONEYPOT


def render_snippet(
    settings: Settings, templates: Templates, newsletter: Newsletter, language: Language, key: bytes
) -> str:
    """`page/parts/snippet.html.j2`; `key` seals its consent text. Raises RenderError where the template fails."""
    render = RenderSettings(
        site=settings.site,
        newsletter=newsletter,
        zone=settings.newsletter_zone(newsletter),
        templates=templates,
        texts=settings.texts,
    )
    path = localized("/subscribe", language, settings.site.language)
    values = {
        **common_values(render, language),
        "action": f"{settings.links_url}{path}",
        "honeypot": HONEYPOT,
        "consent_version": version_of(key, text_now(language, settings.site.title, settings.texts)),
        "privacy_url": settings.web_settings.privacy_url or "",
    }
    return templates.render("page/parts/snippet.html.j2", values).strip()
