"""A keyed hash of an address: it is recognized again, and cannot be read back or guessed without the key. Pure.

It stands for addresses that were erased and for those that did not ask to be signed up. A bare SHA-256 would not do: there
are few enough addresses to try them all.
"""

from __future__ import annotations

import hmac

_PURPOSE = b"address\0"


def hash_address(key: bytes, address: str) -> str:
    """The hash of an address in normal form (`mail.address.normalize`): HMAC-SHA256, 64 hexadecimal digits."""
    return hmac.digest(key, _PURPOSE + address.encode("utf-8", "replace"), "sha256").hex()


def hash_with_each(keys: tuple[bytes, ...], address: str) -> tuple[str, ...]:
    """The hashes under which an address may be known: with the present key, and with earlier ones."""
    return tuple(hash_address(key, address) for key in keys)
