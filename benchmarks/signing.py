"""What a signature costs per message: RSA, Ed25519, both, and the hash of a body of 80 kB that comes in pieces.

Run with `make bench`. The body is what a splicer joins: 20 constant pieces, brought into canonical form once, and 19
personal values between them. `prefix` has hashed what stands above the first value once, and copies that.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from distributor.mail import dkim_keys
from distributor.mail.dkim import BodyHash, DkimSigner, relaxed_body, relaxed_header, sign

BODY, PIECES, TIMES, ROUNDS = 80_000, 20, 500, 5
LINE = b"T=E1=BB=89nh kh=E1=BB=9Fi c=C3=B4ng tuy=E1=BA=BFn =C4=91=C6=B0=E1=BB=9Dng 38 km =\r\n"
FIELDS = (
    b"Date: Mon, 23 Nov 2026 07:00:00 +0700\r\n", b"From: =?utf-8?b?QsOhbyBC4bqvYyBTxqFu?= <tin@bacson.example>\r\n",
    b"To: Lan <lan@example.vn>\r\n", b"Subject: =?utf-8?b?VGluIHPDoW5nIDIzLzEx?=\r\n",
    b"Message-ID: <abcdefghijklmnopqrstuvwxyz234567@bacson.example>\r\n", b"Content-Language: vi\r\n",
    b"List-Id: <tin-sang.bacson.example>\r\n", b"List-Post: NO\r\n",
    b"List-Unsubscribe: <https://bacson.example/u/v1.u.abcdefghijklmnopqrstuvwxyz>\r\n",
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"Auto-Submitted: auto-generated\r\n",
    b"MIME-Version: 1.0\r\n", b'Content-Type: multipart/alternative; boundary="=_0123456789abcdef01234567"\r\n',
)  # fmt: skip


def _microseconds(work: Callable[[], object]) -> float:
    """Per call, in the best of several rounds: other programs only ever make it longer."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(TIMES):
            work()
        best = min(best, time.perf_counter() - start)
    return round(best / TIMES * 1e6, 1)


def _hashed(start: BodyHash, pieces: list[bytes]) -> bytes:
    body = start.copy()
    for number, piece in enumerate(pieces):
        if number:
            body.update(relaxed_body(b"Nguy=E1=BB=85n Lan"))
        body.update(piece)
    return body.digest()


def main() -> None:
    rsa = DkimSigner("bacson.example", "2026a", dkim_keys.parse(dkim_keys.make_key()))
    ed25519 = DkimSigner("bacson.example", "2026e", dkim_keys.parse(dkim_keys.make_key(dkim_keys.ED25519)))
    forms = [relaxed_header(field) for field in FIELDS]
    raw = LINE * (BODY // PIECES // len(LINE))
    pieces = [relaxed_body(raw)] * PIECES
    half = BodyHash()
    half.update(b"".join(pieces[: PIECES // 2]))
    whole = b"".join(pieces)
    digest = _hashed(BodyHash(), pieces)
    result = {
        "body_bytes": len(whole),
        "sign_rsa_2048_us": _microseconds(lambda: sign([rsa], forms, digest)),
        "sign_ed25519_us": _microseconds(lambda: sign([ed25519], forms, digest)),
        "sign_both_us": _microseconds(lambda: sign([rsa, ed25519], forms, digest)),
        "rsa_key_alone_us": _microseconds(lambda: rsa.key.sign(digest)),
        "ed25519_key_alone_us": _microseconds(lambda: ed25519.key.sign(digest)),
        "three_personal_headers_us": _microseconds(
            lambda: [relaxed_header(field) for field in (FIELDS[2], FIELDS[4], FIELDS[8])]
        ),
        "sha256_of_the_whole_us": _microseconds(lambda: hashlib.sha256(whole).digest()),
        "hash_in_pieces_us": _microseconds(lambda: _hashed(BodyHash(), pieces)),
        "hash_in_pieces_prefix_us": _microseconds(lambda: _hashed(half, pieces[PIECES // 2 :])),
        "canonical_form_of_the_whole_us": _microseconds(lambda: relaxed_body(whole, last=True)),
    }
    print(json.dumps(result, indent=1))
    Path("var").mkdir(exist_ok=True)
    Path("var/bench-signing.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
