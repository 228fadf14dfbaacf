"""Base32 is that of the standard library, in small letters and without padding."""

from __future__ import annotations

import base64
import random

from distributor import base32


def test_it_is_what_the_standard_library_writes() -> None:
    chance = random.Random(32)
    for length in [*range(41), 200]:
        for octets in (bytes(length), b"\xff" * length, chance.randbytes(length)):
            assert base32.encode(octets) == base64.b32encode(octets).decode().rstrip("=").lower()
