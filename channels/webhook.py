"""Sends each edition to another program: one signed POST with the edition as JSON (Standard Webhooks).

The receiver checks the signature with any Standard Webhooks library and the same secret, and answers 2xx once it has
kept the message. The same edition always comes under the same `webhook-id`, however often it is tried: a receiver that
remembers ids acts once. Make a secret with `echo whsec_$(openssl rand -base64 32)`.

    channels:
      webhook:
        type: webhook
        url: https://app.example/hooks/distributor
        secret: ${WEBHOOK_SECRET}

The body is `{"type": "edition.published", "timestamp": …, "data": {…}}`; the articles stand in `data.articles` in the
order of the edition, under the same `id` as in the feeds.

Other things that happen are told on request, one message each, with the same signature and each under one `webhook-id`:

    events: [confirmed, left, bounced]

Their bodies have the same form, `{"type": "left", "timestamp": …, "data": {…}}`. `subscribed`, `confirmed`, `changed` and
`left` have the address, the newsletter (empty for all) and what was chosen or why; `bounced` the address, `hard`, `soft`,
`policy` or `complaint`, and the reply; `edition.frozen`, `edition.held` and `edition.sent` the edition, its newsletter,
kind and subject, with the reason or the number of deliveries by channel and state; `channel.broken` the channel and why;
`staff.alert` what an alert to staff says (docs/alerts.md), and whether it has `begun`, lasts (`reminder`) or is `over`.
An event that is not taken is sent again for three days.

While a secret is being changed, put the old one under
`old_secret`: messages are then signed with both.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from distributor.channel import Attempt, Channel, ComposeContext, Content, Document, Event, EventType, Secret, Url
from distributor.errors import AuthBroken, Unavailable
from distributor.html_sanitizer import sanitize_html
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from distributor.model import Article, Edition, Receipt


def _key(secret: SecretStr) -> bytes:
    """The bytes of a `whsec_` secret. Raises ValueError."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError("write whsec_ and the base64 form of 24 to 64 random bytes")
    return key


def _is_key(secret: SecretStr) -> SecretStr:
    _key(secret)
    return secret


_SigningSecret = Annotated[Secret, AfterValidator(_is_key)]


@dataclass(frozen=True, kw_only=True)
class Webhook(Channel):
    """One endpoint of another program. Specification: standardwebhooks.com."""

    url: Annotated[Url, "address to which editions are posted"]
    secret: Annotated[_SigningSecret, "key that signs messages: whsec_ and 24 to 64 random bytes in base64"]
    old_secret: Annotated[
        _SigningSecret | None,
        "the previous key, while receivers change over",
        Field(examples=["${OLD_WEBHOOK_SECRET}"]),
    ] = None
    full_text: Annotated[bool, "include the text of the articles, as HTML"] = False
    events: Annotated[
        tuple[EventType, ...],
        "what else is told: subscribed, confirmed, changed, left, bounced, edition.frozen, edition.held, edition.sent, "
        "channel.broken, staff.alert",
        Field(examples=[["confirmed", "left", "bounced"]]),
    ] = ()
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    repeatable = True

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Document]:
        message = {
            "type": "edition.published",
            "timestamp": _time(edition.issued_at),
            "data": {
                "id": edition.id,
                "newsletter": {"id": edition.newsletter, "title": context.newsletter.title},
                "site": {"title": context.site.title, "url": context.site.url},
                "number": edition.number,
                "slot": edition.slot,
                "kind": edition.kind.value,
                "language": edition.language.value,
                "subject": edition.subject,
                "articles": [self._article(article) for article in edition.articles],
            },
        }
        return [
            Document(variant="edition", media_type="application/json", body=json_bytes(message), title=edition.subject)
        ]

    @property
    def event_types(self) -> frozenset[EventType]:
        return frozenset(self.events)

    def compose_event(self, event: Event) -> Document | None:
        if event.type not in self.events:
            return None
        message = {"type": event.type.value, "timestamp": _time(event.at), "data": dict(event.data)}
        return Document(variant=event.key, media_type="application/json", body=json_bytes(message), title=event.type)

    def compose_notice(self, variant: str, title: str, text: str) -> Document:
        return Document(variant=variant, media_type="text/plain; charset=utf-8", body=text.encode(), title=title)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        """Any answer but 2xx is a failure; 410 says that the endpoint is gone (Standard Webhooks, "Operational")."""
        assert isinstance(content, Document)
        message_id = f"msg_{attempt.key}"
        stamp = str(int(attempt.now.timestamp()))
        headers = {
            "Content-Type": content.media_type,
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": self._signature(message_id, stamp, content.body),
        }
        call = HttpCall(url=self.url, headers=headers, body=content.body, name="publish")
        answer = await attempt.http.request(call, _RULES)
        error = attempt.http.error_for(answer, call, _RULES)
        if error and not 200 <= answer.status < 300:  # of a 2xx nothing but its status counts
            raise error
        return Receipt(remote_id=message_id, reply=f"answered {answer.status}")

    def _signature(self, message_id: str, stamp: str, body: bytes) -> str:
        signed = f"{message_id}.{stamp}.".encode() + body
        marks = [hmac.digest(_key(secret), signed, "sha256") for secret in (self.secret, self.old_secret) if secret]
        return " ".join(f"v1,{base64.b64encode(mark).decode()}" for mark in marks)

    def _article(self, article: Article) -> dict[str, Any]:
        picture = article.image
        found = {
            "id": article.feed_id,
            "title": article.title,
            "url": article.url,
            "lead": article.lead,
            "author": article.author,
            "published": _time(article.moment),
            "updated": _time(article.changed),
            "language": article.language,
            "topics": list(article.topics),
            "image": {"url": picture.url, "alt": picture.alt, "caption": picture.caption} if picture else None,
        }
        return {**found, "body_html": sanitize_html(article.body_html)} if self.full_text else found


def _endpoint_gone(answer: HttpResponse, text: str) -> AuthBroken | None:
    gone = AuthBroken("endpoint gone: the receiver wants no more messages (410)")
    return gone if answer.status == 410 else None


# An unclear outcome is Unavailable: the same id again has no second effect.
_RULES = ResponseRules(doubt=Unavailable, stop=frozenset({401, 403, 404, 405}), verdict=_endpoint_gone)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
