"""The encoding of a text file, detected from its bytes. Pure.

UTF-8 and UTF-16 are recognized by their byte order mark or their bytes. Other files are Vietnamese Windows (windows-1258) or
Western Windows (windows-1252) only if the letters make sense as such; a wrong guess would put wrong names into emails.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 20
_SAMPLES = 4  # chunks that are checked for letters of older encodings
_BOMS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF8: "utf-8-sig",
          codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip
_WORKBOOKS = (b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"))  # .xlsx and .ods are ZIP files, .xls an OLE file
_RARE = 100  # one line in so many may be damaged, and the rest is still taken for UTF-8

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # the five of Vietnamese, each a byte of its own in windows-1258
_VOWELS = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
_VIETNAMESE = frozenset(_VOWELS + "đĐàáãèéìíòóõùúýÀÁÃÈÉÌÍÒÓÕÙÚÝ" + _TONES)
_PUNCTUATION = frozenset("‘’“”„–—…«»·°€£§©®™ºª\xa0₫")
_LETTERS_OF_OLD_FONTS = (
    re.compile(  # TCVN3 and VNI, read as windows-1252: capitals and signs inside words, marks as letters
        r"[a-z][À-ÖØ-ÞŠŒŽŸ]|[A-Za-zÀ-ÿ][¡-©«-¯±-´¶-¹»-¿×÷ƒ†‡‰‹›¢¤¥¦¬¨][a-zà-ÿ]|[aeoAEO][ùøûïáàåãäâ]|[öô][ùøûõï]"
    )
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The name of an encoding as Python knows it. `damaged`: some bytes are invalid in it. `guessed`: only its letters speak
    for it."""

    name: str
    damaged: bool = False
    guessed: bool = False


def detect(file: BinaryIO) -> Encoding:
    """The encoding of a file, read from its beginning to its end. Raises ValueError if it cannot be detected."""
    first = file.read(_CHUNK)
    if first.startswith(_WORKBOOKS):
        raise ValueError("is a workbook of a spreadsheet program; open it there and save it as CSV UTF-8")
    for mark, name in _BOMS.items():
        if first.startswith(mark) and name != "utf-8-sig":
            return Encoding(name, damaged=_is_damaged(file, first, name))
    wide = _utf16_without_bom(first[:4096])
    if wide:
        return Encoding(wide, damaged=_is_damaged(file, first, wide))
    return _detect_8bit(file, first)


def _utf16_without_bom(head: bytes) -> str:
    """UTF-16 without a byte order mark: most text has a NUL in every second byte."""
    even, odd, half = head[::2].count(0), head[1::2].count(0), max(1, len(head) // 2)
    if odd * 3 > half and even * 20 < half:
        return "utf-16-le"
    return "utf-16-be" if even * 3 > half and odd * 20 < half else ""


def _is_damaged(file: BinaryIO, first: bytes, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    chunk = first
    try:
        while chunk:
            decoder.decode(chunk)
            chunk = file.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return True
    return False


def _detect_8bit(file: BinaryIO, first: bytes) -> Encoding:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    letters = broken = lines = 0
    samples: list[bytes] = []
    chunk, before, last = first, b"", False
    while not last:
        last = not chunk
        lines += chunk.count(b"\n") or chunk.count(b"\r")
        if not chunk.isascii() or decoder.getstate()[0]:
            text = decoder.decode(chunk, final=last)
            beyond = len(text) - len(text.encode("ascii", "ignore"))
            here = sum(map(text.count, _BROKEN)) if not _is_utf8(text) else 0
            letters, broken = letters + beyond - here, broken + here
            if here and len(samples) < _SAMPLES:
                samples.append(chunk or before)  # at the end a character is incomplete
        before = chunk
        chunk = file.read(_CHUNK) if not last else b""
    if not broken:
        return Encoding("utf-8-sig")
    if letters >= broken:
        return Encoding("utf-8-sig", damaged=True)
    older = _legacy_encoding(b"\n".join(samples))
    if older:
        return Encoding(older, guessed=True)
    if first.startswith(codecs.BOM_UTF8) or broken * _RARE <= lines:
        return Encoding("utf-8-sig", damaged=True)
    raise ValueError("is not UTF-8 text; save it as CSV UTF-8, or name its encoding with --encoding (windows-1258 …)")


_BROKEN = [chr(0xDC00 + byte) for byte in range(0x80, 0x100)]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _legacy_encoding(sample: bytes) -> str:
    """The older encoding of Windows in which the letters make sense; empty if there is none."""
    for name, sensible in (("windows-1258", _is_vietnamese), ("windows-1252", _is_western)):
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        if sensible(text):
            return name
    return ""


def _is_vietnamese(text: str) -> bool:
    """Whether there are tone marks, and each is on a vowel."""
    tones = sum(map(text.count, _TONES))
    on_vowels = len(re.findall(f"[{_VOWELS}][{_TONES}]", text))
    strange = sum(sign not in _VIETNAMESE and sign not in _PUNCTUATION for sign in text if not sign.isascii())
    return tones > 0 and tones == on_vowels and strange == 0


def _is_western(text: str) -> bool:
    """Whether there are only letters in words and usual punctuation, and no Vietnamese in an encoding of old fonts."""
    beyond = [sign for sign in text if not sign.isascii()]
    if any(unicodedata.category(sign)[0] != "L" and sign not in _PUNCTUATION for sign in beyond):
        return False
    alone = len(re.findall(r"(?<![A-Za-z])[À-ÖØ-öø-ÿŠšŒœŽžŸ](?![A-Za-z])", text))
    return alone == 0 and len(_LETTERS_OF_OLD_FONTS.findall(text)) * 3 <= len(beyond)
