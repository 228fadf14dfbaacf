"""JSON as strangers write it, read as RFC 8259 has it. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

TOO_DEEP = "the JSON is nested too deeply"


def parse_json(
    text: str | bytes,
    *,
    parse_int: Callable[[str], Any] | None = None,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
) -> Any:
    """The value of a text. Python's own reader also takes NaN and infinities (section 6 has none), and makes one of 1e999:
    they would spoil what is made of them. The hooks are those of `json.loads`. Raises ValueError, json.JSONDecodeError
    where it knows the place."""
    try:
        return json.loads(
            text,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=parse_int,
            object_pairs_hook=object_pairs_hook,
        )
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number
