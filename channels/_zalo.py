"""The API of Zalo: calls in the name of an Official Account, its tokens, and what its answers mean."""

from __future__ import annotations

import math
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256, sha512
from typing import Any

from distributor.channel import Attempt, HttpCall
from distributor.errors import AuthBroken, DeliveryError, Rejected, Unavailable, Uncertain
from distributor.kit.http import FORM, HttpResponse, ResponseRules, form_bytes, json_bytes
from distributor.kit.tokens import TokenRefused, Tokens, token_state
from distributor.text import clean_line

Doubt = type[Uncertain] | type[Unavailable]

# What Zalo means by `error`, in answers with status 200 too (developers.zalo.me, Official Account API, table of errors).
_TOKEN = frozenset({-216, -220})  # access token invalid; expired or removed
INVALID = -201  # what was sent: a title, a token, an id
_PROCESSING = -214
_TOO_MANY = -32  # calls in a minute
_QUOTA = -211
_NOT_ALLOWED = frozenset({-204, -205, -207, -208, -209, -212, -215, -219, -221, -224, -235, -240, -242, -320, -321})
_OVERLOADED = -223  # not authorised, or the account has published as many articles as it may
_USED_TOKEN = -14020  # of oauth.zaloapp.com
_COVER = re.compile(r"photo_url|cover|upload media|media fail", re.IGNORECASE)


class Refused(Rejected):
    """Zalo refuses a call with a code of its own."""

    code = 0


class CoverRefused(Refused):
    """Zalo cannot use the cover, and has made nothing of the article."""


@dataclass(frozen=True, kw_only=True)
class ZaloAccount:
    """An Official Account, as an application of the newsroom calls it. `channel` is the name of the channel."""

    channel: str
    app_id: str
    secret: str
    api: str
    oauth: str

    async def ask(self, name: str, path: str, attempt: Attempt, doubt: Doubt, body: object = None) -> dict[str, Any]:
        """The `data` of an answer. Raises the delivery errors by what Zalo says in it."""
        rules = ResponseRules(doubt=doubt, stop=frozenset({403, 404}), verdict=partial(_verdict, attempt.now))

        async def ask(token: str) -> dict[str, Any]:
            call = HttpCall(
                url=f"{self.api}/v2.0/{path}",
                method="GET" if body is None else "POST",
                headers={"access_token": token, **({} if body is None else {"Content-Type": "application/json"})},
                body=None if body is None else json_bytes(body),
                name=name,
            )
            answer = (await attempt.http.send(call, rules)).data()
            if number(answer.get("error"), -1) != 0:
                raise doubt("Zalo answered without saying that it was done")
            data = answer.get("data")
            return data if isinstance(data, dict) else {}

        found: dict[str, Any] = await Tokens(self._refresh, self.login_again).call(attempt, ask)
        return found

    async def _refresh(self, attempt: Attempt, token: str) -> Mapping[str, Any]:
        return await self.grant(attempt, {"refresh_token": token, "grant_type": "refresh_token"})

    async def grant(self, attempt: Attempt, form: dict[str, str]) -> Mapping[str, Any]:
        """The pair of tokens for a code or a refresh token, either of which is spent by it."""

        def verdict(answer: HttpResponse, text: str) -> DeliveryError | None:
            code, data = int(number(answer.data().get("error"), 0)), answer.data()
            words = clean_line(
                str(data.get("error_description") or data.get("error_name") or data.get("message") or "")
            )
            if code == _USED_TOKEN:
                return AuthBroken(f"the refresh token was used already ({code}): {self.login_again}")
            if 400 <= answer.status < 500 and answer.status not in (408, 429):
                return AuthBroken(f"{text}: {self.login_again}")
            return AuthBroken(f"Zalo gives no token: {words} ({code}): {self.login_again}") if code else None

        headers = {"secret_key": self.secret, "Content-Type": FORM}
        body = form_bytes({"app_id": self.app_id, **form})
        call = HttpCall(url=f"{self.oauth}/v4/oa/access_token", headers=headers, body=body, name="token")
        answer = await attempt.http.send(call, ResponseRules(doubt=Uncertain, verdict=verdict))
        try:
            return token_state(answer.data(), attempt.now)
        except ValueError:
            raise Uncertain("Zalo answered without tokens") from None

    @property
    def login_again(self) -> str:
        return f"run `distributor channels login {self.channel}`"

    def pkce(self) -> tuple[str, str]:
        """Code verifier and challenge (RFC 7636). The challenge also stands in the settings of the application, so it must
        stay the same: the verifier, 43 letters and digits, comes from the secret key."""
        digest = sha512(f"zalo {self.app_id} {self.secret}".encode()).digest()
        verifier = re.sub(r"[^A-Za-z0-9]", "", b64encode(digest).decode())[:43]
        return verifier, urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _verdict(now: datetime, answer: HttpResponse, text: str) -> DeliveryError | None:
    """What `error` means, whatever the status. What is not listed is about this one call."""
    code = int(number(answer.data().get("error"), 0))
    said = f"Zalo: {clean_line(str(answer.data().get('message') or text))} ({code})"
    if answer.status == 401 or code in _TOKEN:
        return TokenRefused(said)
    if code == 0:
        return None
    if code == _PROCESSING:
        return Unavailable(said, retry_at=now + timedelta(seconds=30), all_posts=False)
    if code == _TOO_MANY:
        return Unavailable(said, retry_at=now + timedelta(minutes=1), all_posts=True)
    if code == _QUOTA or (code == _OVERLOADED and "limit" in said):
        return Unavailable(said, retry_at=now + timedelta(hours=1), all_posts=True)
    if code in _NOT_ALLOWED or code == _OVERLOADED:
        return AuthBroken(said)
    refused = (CoverRefused if _COVER.search(said) else Refused)(said)
    refused.code = code
    return refused


def number(value: object, otherwise: float) -> float:
    """A number, which Zalo sometimes sends as text."""
    try:
        found = float(str(value))
    except ValueError:
        return otherwise
    return found if math.isfinite(found) else otherwise
