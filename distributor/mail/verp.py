"""Addresses that name one delivery, whatever else an email to them says: the one that its bounces go to (VERP), and the one
that its recipient can write to in order to unsubscribe. Pure.

`bounce+<token>@domain`, `leave+<token>@domain`: the token is the number of the delivery and an HMAC-SHA256 of it, cut to
96 bits, together 20 octets, which are 32 small letters and digits of base32 (RFC 4648, section 6). It holds no address,
nobody can make one up, and it survives servers that write addresses in capitals. Whoever has had the email knows its
tokens, and can report that one delivery, or leave its newsletter. A token for the one is no good for the other.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

from .. import base32

LENGTH = 32  # characters of a token
BOUNCE, LEAVE = b"verp\0", b"leave\0"  # what a token is for
_NUMBER = 8  # octets of the delivery's number
_SIGNATURE = 12  # octets of the signature
_LONGEST_LOCAL = 64  # octets before the @, RFC 5321, section 4.5.3.1.1
_MOST = 200  # candidates that are looked at in one text
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{32}(?![A-Za-z0-9])", re.ASCII)


def token(secret: bytes, delivery: int, purpose: bytes = BOUNCE) -> str:
    """The token of a delivery, the same whenever it is asked for. Raises ValueError for what is no number of one."""
    if not 0 < delivery < 1 << 63:
        raise ValueError(f"{delivery} is not the number of a delivery")
    number = delivery.to_bytes(_NUMBER, "big")
    return base32.encode(number + _sign(secret, number, purpose))


def address(secret: bytes, delivery: int, return_path: str) -> str:
    """The envelope sender of a delivery: the token joins the local part of `return_path` (`bounce@bacson.example`).

    Raises ValueError where the local part would have more than 64 octets.
    """
    local, _, domain = return_path.rpartition("@")
    joined = f"{local}+{token(secret, delivery)}"
    if len(joined.encode()) > _LONGEST_LOCAL:
        raise ValueError(f"{return_path} is too long: {_LONGEST_LOCAL - LENGTH - 1} octets before the @ at most")
    return f"{joined}@{domain}"


def read(secrets: tuple[bytes, ...], text: str, purpose: bytes = BOUNCE) -> int | None:
    """The delivery that a text names, by a token signed with any of `secrets`; None where it names none of ours.

    The text may be the token, an address, or a header with several: what is not ours has no good signature.
    """
    for count, candidate in enumerate(_TOKEN.finditer(text)):
        if count == _MOST:
            return None
        found = _opened(secrets, candidate[0], purpose)
        if found:
            return found
    return None


def _opened(secrets: tuple[bytes, ...], candidate: str, purpose: bytes) -> int:
    """The number in a token; 0 for a token of somebody else."""
    try:
        octets = base64.b32decode(candidate.upper())
    except (ValueError, binascii.Error):
        return 0
    number, signature = octets[:_NUMBER], octets[_NUMBER:]
    if any(hmac.compare_digest(signature, _sign(secret, number, purpose)) for secret in secrets):
        return int.from_bytes(number, "big")
    return 0


def _sign(secret: bytes, number: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, purpose + number, "sha256")[:_SIGNATURE]
