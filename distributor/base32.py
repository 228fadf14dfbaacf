"""Base32 (RFC 4648, section 6) in small letters and without padding, as it stands in addresses and Message-IDs. Pure.

The standard library's is written in Python too and takes twice as long, which counts where each email has three of them.
"""

from __future__ import annotations

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]  # of ten bits each


def encode(octets: bytes) -> str:
    """The letters for these octets."""
    letters = -(-len(octets) * 8 // 5)
    odd = letters % 2
    number = int.from_bytes(octets, "big") << (5 * (letters + odd) - 8 * len(octets))
    text = "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * (letters + odd) - 10, -1, -10)])
    return text[:-1] if odd else text
