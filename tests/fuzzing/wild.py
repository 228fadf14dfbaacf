"""Wild values and mutations, from a seeded source of chance. Pure."""

from __future__ import annotations

from random import Random

# What parsers have been known to trip over.
PIECES = (
    "<", ">", "&", "&amp;", "&#0;", "&#x110000;", "&#55296;", "]]>", "<![CDATA[", "<!--", "-->", "<!DOCTYPE x [",
    "<?xml ?>",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "<svg/onload=1>", "<p>", "</p>",
    '"', "'", "\\", "\\u0000", "\x00", "\x0b", "\x1b[31m", "\u0338", "\u0332", "\u202e", "\ufeff", "\ufffe",
    "\U0001f469\u200d",
    "{", "}", "[", "]", ":", ",", ";", "\t", "\r", "\n", "\r\n", "=?utf-8?q?=00?=", "=?utf-8?b?////?=", "()", "((", "%00",
    "%", "://", "http://[", "http://a:b@c/", "//", "../", "xml:base='::'", "1e999", "-1", "null", "true", "NaN",
    "2026-13-45",
    "Thu, 32 Foo 2026 25:61:61 +9999", "GMT+7", "\u1ea5", "a\u0302\u0301", "ß", "İ", "xn--", "xn--a", "@", "@example.com",
    "a@b@c", '"a b"@c', "250 ", "550-", "550 5.1.1", "5.7.1", "421", "\r\n.\r\n", "X" * 70, "a" * 1100, "(" * 300,
    "./" * 200,
    "<b>" * 120, " " * 500, "&" * 300, "Portal" * 80,
)  # fmt: skip


def text(chance: Random, most: int = 12) -> str:
    """A string of pieces and letters."""
    parts = []
    for _ in range(chance.randrange(most + 1)):
        if chance.random() < 0.7:
            parts.append(chance.choice(PIECES))
        else:
            parts.append(
                "".join(chr(chance.choice((32, 97, 233, 7857, 0x4E00, chance.randrange(1, 0x2FFF)))) for _ in range(4))
            )
    return "".join(parts)


def line(chance: Random, most: int = 12) -> str:
    return text(chance, most).replace("\r", " ").replace("\n", " ")


def value(chance: Random, deep: int = 0) -> object:
    """Anything that JSON can say."""
    kind = chance.randrange(7 if deep < 4 else 5)
    if kind < 2:
        return text(chance)
    if kind == 2:
        return chance.choice((0, -1, 5, 1e308, 2**70, 0.5))
    if kind == 3:
        return chance.choice((None, True, False))
    if kind == 4:
        return ""
    if kind == 5:
        return [value(chance, deep + 1) for _ in range(chance.randrange(4))]
    return {text(chance, 2): value(chance, deep + 1) for _ in range(chance.randrange(4))}


def mutated(chance: Random, data: bytes) -> bytes:
    """The data with some of it changed, cut out, doubled, moved, or wild pieces put in."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8, 30))):
        at = chance.randrange(len(made) + 1)
        to = min(len(made), at + chance.choice((1, 2, 10, 100)))
        act = chance.randrange(5)
        if act == 0:
            made[at:to] = bytes(chance.randrange(256) for _ in range(to - at))
        elif act == 1:
            del made[at:to]
        elif act == 2:
            made[at:at] = made[at:to] * chance.choice((1, 2, 50))
        elif act == 3:
            made[at:at] = chance.choice(PIECES).encode("utf-8", "surrogatepass")
        else:
            piece = made[at:to]
            del made[at:to]
            where = chance.randrange(len(made) + 1)
            made[where:where] = piece
    return bytes(made[:400_000])
