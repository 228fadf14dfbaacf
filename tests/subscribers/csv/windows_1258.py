"""Vietnamese in windows-1258, as programs on Windows write it."""

from __future__ import annotations

import unicodedata


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
