"""Requests of a channel and what their answers mean. `Attempt.http` sends them.

A call says what is asked for, exactly; rules say how the network means its answers. Send the bytes that were counted or
signed: make them once with `json_bytes`, `form_bytes` or `multipart`.
"""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlencode

from ..http_client import (
    HttpCall,
    HttpClient,
    HttpResponse,
    ResponseRules,
    after_seconds,
    idempotency_key,
    json_bytes,
    rate_limit_reset,
    retry_after,
)

__all__ = [
    "FORM",
    "HttpCall",
    "HttpClient",
    "HttpResponse",
    "ResponseRules",
    "after_seconds",
    "form_bytes",
    "idempotency_key",
    "json_bytes",
    "multipart",
    "rate_limit_reset",
    "retry_after",
]

FORM = "application/x-www-form-urlencoded"


def form_bytes(values: dict[str, str]) -> bytes:
    """Values as a form sends them: `application/x-www-form-urlencoded`, in UTF-8."""
    return urlencode(values).encode()


def multipart(values: dict[str, str], files: dict[str, tuple[str, str, bytes]]) -> tuple[str, bytes]:
    """A form with files: its Content-Type and its bytes (RFC 7578). `files` are (file name, media type, bytes) by the name
    of the field. Equal values give equal bytes."""
    parts = [
        f'Content-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'.encode() + value.encode()
        for name, value in values.items()
    ]
    parts += [
        f'Content-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(file)}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n".encode()
        + body
        for name, (file, media_type, body) in files.items()
    ]
    mark = sha256(b"\n".join(parts)).hexdigest()[:32]
    made = b"".join(b"--" + mark.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return f"multipart/form-data; boundary={mark}", made + f"--{mark}--\r\n".encode()


def _quoted(name: str) -> str:
    """A name within quotes, as RFC 7578, section 5.1, and browsers write it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
