"""Keys for DKIM: made, read from files, and shown as the record that DNS must hold.

A key is never in the store or in config.yaml: it is a file that only its owner, and perhaps a group, may read. The
package `cryptography` is loaded when the first key is, so that newsrooms whose mail server signs need not have it.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"  # RFC 8301, section 3.1; RFC 8463, section 3
SHORTEST, USUAL, LONGEST = 1024, 2048, 4096  # bits of an RSA key that every receiver can check: RFC 8301, section 3.2
_STRING = 255  # octets of one string of a TXT record, RFC 1035, section 3.3
_LARGEST_FILE = 65536  # octets; a key has less than 4,000


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key that can be used but not looked at.

    `algorithm` is the `a=` of its signatures, `public` the `p=` of its record, in base64. `sign` makes the signature of
    a SHA-256 digest, the same each time.
    """

    algorithm: str
    bits: int
    public: str
    sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    @property
    def record(self) -> str:
        """What the TXT record at `selector._domainkey.domain` must say (RFC 6376, section 3.6.1; RFC 8463, section 4)."""
        return f"v=DKIM1; k={self.algorithm.partition('-')[0]}; p={self.public}"


def make_key(algorithm: str = RSA, bits: int = USUAL) -> bytes:
    """A new private key as PEM (PKCS #8), not encrypted. Raises ValueError where `cryptography` is missing."""
    _require()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.generate() if algorithm == ED25519 else generate_private_key(65537, bits)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write(path: Path, pem: bytes) -> None:
    """Write a new key to a file that only its owner may read. Raises OSError, FileExistsError where a file is there."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
    except OSError:  # a disk that is full: half a key must not stand in the way of the next try
        path.unlink(missing_ok=True)
        raise


def read(path: Path) -> DkimKey:
    """The key of a file. Raises ValueError in one line: what is wrong with which file, and what to do."""
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            raise ValueError(f"{path}: is not a file")
        if about.st_mode & 0o027:
            raise ValueError(f"{path}: others could read or change this key: chmod 600 {path}")
        with path.open("rb") as file:
            pem = file.read(_LARGEST_FILE)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        return parse(pem)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parse(pem: bytes) -> DkimKey:
    """The key of a PEM. Raises ValueError for what is no key, is encrypted, too short, or of another kind."""
    _require()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("the key is encrypted; nobody can type a password here, so store it without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("holds no private key in PEM form; make one with `distributor dkim`") from None
    if isinstance(private, RSAPrivateKey):
        return _rsa(private)
    if isinstance(private, Ed25519PrivateKey):
        public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
        return DkimKey(ED25519, 256, public, private.sign)
    raise ValueError("the key is neither RSA nor Ed25519; make one with `distributor dkim`")


def txt_strings(record: str) -> list[str]:
    """A record in the strings that DNS can hold; receivers join them without anything in between."""
    return [record[start : start + _STRING] for start in range(0, len(record), _STRING)]


def _rsa(private: RSAPrivateKey) -> DkimKey:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if private.key_size < SHORTEST:
        raise ValueError(f"the key has {private.key_size} bits, receivers ask for {SHORTEST} at least, better {USUAL}")
    if private.key_size > LONGEST:
        raise ValueError(f"the key has {private.key_size} bits, and not every receiver can check more than {LONGEST}")
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    sign = partial(private.sign, padding=PKCS1v15(), algorithm=Prehashed(SHA256()))
    return DkimKey(RSA, private.key_size, base64.b64encode(public).decode(), sign)


def _require() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ValueError("signing needs the package cryptography: pip install 'distributor[dkim]'") from None
