"""Access tokens that end, and refresh tokens that are good for one use, kept in `Attempt.state`.

    state: {access_token, refresh_token, expires_at} ──▶ use ──refused──▶ renew, once over all processes ──▶ use again
                                            └── ends soon ──▶ renew ──▲

A refresh token that was sent, and whose answer was lost, may be spent: it is not sent again, and staff are asked to log in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from ..attempt import Attempt, Values
from ..errors import AuthBroken, Uncertain

SPARE = timedelta(hours=1)  # an access token is renewed so long before it ends


class TokenRefused(AuthBroken):
    """The network does not take the access token any more: a new one may help."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of one channel. `refresh` spends a refresh token and returns the new state: it raises Uncertain where the
    token may be spent although no new one came. `login` says what staff must do then."""

    refresh: Callable[[Attempt, str], Awaitable[Values]]
    login: str

    async def call(self, attempt: Attempt, use: Callable[[str], Awaitable[Any]]) -> Any:
        """What `use` makes of an access token that is good. Where it raises TokenRefused, the token is renewed and it is
        called once more. Raises AuthBroken where only a new login helps."""
        state = _hidden(attempt, await attempt.state.read())
        if not state.get("refresh_token"):
            raise AuthBroken(f"nobody has logged in yet: {self.login}")
        if attempt.now + SPARE >= _end(state):
            state = await self._renew(attempt, state)
        try:
            return await use(str(state["access_token"]))
        except TokenRefused:
            state = await self._renew(attempt, state)
        try:
            return await use(str(state["access_token"]))
        except TokenRefused as error:
            raise AuthBroken(f"{error}, though it is new: {self.login}") from None

    async def _renew(self, attempt: Attempt, seen: Values) -> Values:
        try:
            return _hidden(attempt, await attempt.state.renew(seen, partial(self._spend, attempt)))
        except Uncertain as error:  # not of what is to be posted: that has not left
            raise AuthBroken(f"{error}; so the refresh token may be spent: {self.login}") from None

    async def _spend(self, attempt: Attempt, state: Values, interrupted: bool) -> Values:
        if interrupted:
            raise AuthBroken(f"an earlier renewal was cut off, so the refresh token may be spent: {self.login}")
        return await self.refresh(attempt, str(state.get("refresh_token", "")))


def token_state(answer: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The state for the answer of an OAuth token endpoint (RFC 6749, section 5.1; some send `expires_in` as text). Raises
    ValueError where it holds no pair of tokens."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not (isinstance(access, str) and isinstance(refresh, str) and access and refresh):
        raise ValueError("no pair of tokens")
    end = now.timestamp() + float(answer.get("expires_in") or 0)
    return {"access_token": access, "refresh_token": refresh, "expires_at": int(end)}


def _hidden(attempt: Attempt, state: Values) -> Values:
    attempt.http.hide(*(state[name] for name in ("access_token", "refresh_token") if isinstance(state.get(name), str)))
    return state


def read_end(seconds: object) -> datetime | None:
    """When a token ends, by what its network says: seconds since 1970, as a number or text. None for 0, which is never, and
    for what is no time."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC) if seconds and float(seconds) > 0 else None  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _end(state: Values) -> datetime:
    return read_end(state.get("expires_at")) or datetime.fromtimestamp(0, UTC)
