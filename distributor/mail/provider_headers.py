"""What a provider that relays our emails does to their headers: those in which it carries a token of ours back to us, and
those that it writes anew. Pure.

Each provider has a header whose value its events repeat. It carries the token of the delivery (`mail/verp`): so an event
names the delivery, and proves that it is about an email of ours. See docs/provider-hooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Provider = Literal["none", "ses", "mailgun", "postmark", "sendgrid", "brevo"]
Rewritten = Literal["Date", "Message-ID"]
TOKEN = "{token}"  # noqa: S105  where the token stands in a value


@dataclass(frozen=True, slots=True)
class ProviderHeaders:
    """Headers to be added, by name, with the token in place of `{token}`; and the names of those that the provider writes
    anew, which we must not sign."""

    added: tuple[tuple[str, str], ...] = ()
    rewrites: tuple[str, ...] = ()


# docs.aws.amazon.com/ses (event-publishing-send-email, header-fields), documentation.mailgun.com (SMTP), postmarkapp.com
# (custom metadata), twilio.com/docs/sendgrid (building an X-SMTPAPI header), developers.brevo.com (SMTP headers).
PROVIDER_HEADERS: Mapping[str, ProviderHeaders] = MappingProxyType(
    {
        "ses": ProviderHeaders((("X-SES-MESSAGE-TAGS", f"d={TOKEN}"),), ("Date", "Message-ID")),
        "mailgun": ProviderHeaders((("X-Mailgun-Variables", f'{{"d": "{TOKEN}"}}'),)),
        "postmark": ProviderHeaders((("X-PM-Metadata-d", TOKEN), ("X-PM-KeepID", "true"))),
        "sendgrid": ProviderHeaders((("X-SMTPAPI", f'{{"unique_args": {{"d": "{TOKEN}"}}}}'),)),
        "brevo": ProviderHeaders((("X-Mailin-custom", TOKEN),), ("Message-ID",)),
    }
)


def headers_of(provider: str, rewrites: tuple[str, ...] | None = None) -> ProviderHeaders:
    """What holds for a server: that of its provider, with other `rewrites` where they are given. Nothing for a server of our
    own."""
    usual = PROVIDER_HEADERS.get(provider, ProviderHeaders())
    return usual if rewrites is None else ProviderHeaders(usual.added, rewrites)
