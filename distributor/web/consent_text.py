"""Which text somebody agreed to when they signed up. The form on another site was copied once and keeps the sentence that it
had then, while ours may change: so the form carries that sentence, sealed, and the record says what was really seen. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from ..i18n import Texts
from ..model import Language
from ..subscribers.sealed import seal, unseal
from ..subscribers.tokens import BadToken
from .forms import first
from .signup_form import is_ours

FIELD = "consent"
_PURPOSE = "consent text"
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)  # a copied form has no end


def text_now(language: Language, site: str, texts: Texts) -> str:
    """The sentence below the form as it is today."""
    return texts.translate(language, "signup_consent", site=site)


def version_of(key: bytes, text: str) -> str:
    """The value of the field: the same for the same text and key."""
    return seal(key, _PURPOSE, {"text": text}, _FOR_EVER)


def seen_text(
    form: Mapping[str, Sequence[str]],
    language: Language,
    site: str,
    secrets: tuple[bytes, ...],
    now: datetime,
    texts: Texts,
) -> str:
    """The text that was below the form when it was sent. A form that is not ours and names no version, or none that we have
    made, may have had any: then the record says so, and what the text was by then."""
    version = first(form, FIELD)
    if version:
        with suppress(BadToken):
            return unseal(secrets, _PURPOSE, version, now)["text"]
    elif is_ours(form, secrets):
        return text_now(language, site, texts)
    return texts.translate(language, "signup_consent_unknown", text=text_now(language, site, texts))
