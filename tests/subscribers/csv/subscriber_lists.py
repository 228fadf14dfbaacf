"""Lists of subscribers as CSV: what is read of them, and Vietnamese as programs on Windows write it."""

from __future__ import annotations

import io
import unicodedata

from distributor.subscribers.csv.records import BadRow
from distributor.subscribers.csv.subscribers import SubscriberList
from distributor.subscribers.requests import SubscriptionRequest

KNOWN = ("tin-sang", "kinh-te")


def rows(text: str, newsletters: tuple[str, ...] = ("tin-sang",)) -> list[SubscriptionRequest | BadRow]:
    return list(SubscriberList(io.StringIO(text, newline=""), known=KNOWN, newsletters=newsletters))


def names_by_address(text: str) -> dict[str, str]:
    """What the good rows say."""
    return {one.address: one.name for one in rows(text) if isinstance(one, SubscriptionRequest)}


def windows_1258(text: str) -> bytes:
    """Letters with hat, horn or breve whole, tones as signs of their own."""
    made = b""
    for letter in text:
        try:
            made += letter.encode("windows-1258")
        except UnicodeEncodeError:
            plain = unicodedata.normalize("NFD", letter)
            tone = next(sign for sign in plain if sign in "\u0300\u0301\u0303\u0309\u0323")
            made += (unicodedata.normalize("NFC", plain.replace(tone, "")) + tone).encode("windows-1258")
    return made
