"""The sign-up form as templates see it (`page/parts/signup.html.j2`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..config.schema import Settings
from ..model import Language
from ..newsroom import Newsroom
from .signup_form import ATTRIBUTE, HONEYPOT, Errors, FormOptions, TypedForm, form_time

NO_ERRORS: Errors = {}


@dataclass(frozen=True, slots=True)
class AttributeView:
    """A field for an attribute; `choices` are pairs of value and text."""

    name: str
    label: str
    type: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupView:
    """The form. `newsletters` are triples of name, title and description; `errors` are texts by field."""

    newsletters: list[tuple[str, str, str]]
    topics: list[tuple[str, str]]
    attributes: list[AttributeView]
    typed: TypedForm
    errors: Mapping[str, str]
    form_time: str
    prefix: str
    honeypot: str = HONEYPOT

    @property
    def open(self) -> bool:
        """Whether the fields that nobody has to fill in are to be seen at once: something stands there, or is wrong."""
        typed = self.typed
        chosen = typed.topics or typed.frequency or typed.name or any(typed.attributes.values())
        return bool(chosen or set(self.errors) - {"email", "newsletter"})


def signup_view(
    newsroom: Newsroom,
    language: Language,
    now: datetime,
    *,
    only: str = "",
    typed: TypedForm | None = None,
    errors: Errors = NO_ERRORS,
    cached: bool = False,
    prefix: str = "f",
) -> SignupView:
    """The form of a newsroom, or of one newsletter (`only`). `cached`: on a page that is kept for a while. Two forms on one
    page have different prefixes."""
    settings = newsroom.settings
    options = FormOptions.of(newsroom, only)
    typed = typed or TypedForm()
    if only and not typed.newsletters:
        typed = replace(typed, newsletters=(only,))
    return SignupView(
        newsletters=[(name, one.title, one.description) for name, one in options.newsletters.items()],
        topics=[(topic, topic) for topic in options.topics],
        attributes=[
            AttributeView(name, _label(settings, name, language), one.type, [(text, text) for text in one.choices])
            for name, one in options.attributes.items()
        ],
        typed=typed,
        errors={name: _error_text(settings, name, text, language) for name, text in errors.items()},
        form_time=form_time(newsroom.secret(), now, cached=cached),
        prefix=prefix,
    )


def _label(settings: Settings, name: str, language: Language) -> str:
    labels = settings.attributes[name].label
    return labels.get(language) or next(iter(labels.values()))


def _error_text(settings: Settings, field: str, key: str, language: Language) -> str:
    text = settings.texts.translate(language, key)
    if not field.startswith(ATTRIBUTE):
        return text
    return f"{_label(settings, field.removeprefix(ATTRIBUTE), language)}: {text}"
