"""Text in wrong letters: read as another encoding than it was written in, or escaped once too often. Pure.

Vietnamese portals still hold texts of the fonts that came before Unicode (TCVN3, also called ABC; VNI), of VISCII and
windows-1258, and texts that are UTF-8 read as Latin-1 once or twice. No sign tells them from French or German; what the
signs make together does. A reading is believed where it turns words that are no Vietnamese into Vietnamese ones, and
nearly all of them; what only looks like it is left as it is, and reported.

A syllable of Vietnamese is an onset, a rhyme out of some hundred and sixty, and one of six tones; rhymes that end in a stop
have two of these only. Hardly a word of another language, and hardly a Vietnamese word in wrong letters, happens to be one.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

# -- syllables of Vietnamese -------------------------------------------------------------------------------------------

_ONSETS = (
    "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu", "th", "tr",
    "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "q", "r", "s", "t", "v", "x", "",
)  # fmt: skip
_RHYMES = frozenset(
    """a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên êng ênh êp êt êu
    i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong ooc oong op ot
    ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uc ui um un ung up ut uân uâng uât uây uê uêch uênh uêt uơ uôc uôi uôm uôn uông uôt uy uya uych uyên uyêt uyn uynh
    uyp uyt uyu ư ưa ưc ưi ưm ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu y yêm yên yêng yêt yêu""".split()  # noqa: SIM905 (a list of single words is no easier to read)
)
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_STOPS = ("c", "ch", "p", "t")
_LONGEST_SYLLABLE = 12  # signs of the longest syllable, decomposed


@lru_cache(maxsize=20_000)
def is_syllable(word: str) -> bool:
    """Whether a word, in letters of any case, can be a syllable of Vietnamese."""
    if len(word) > _LONGEST_SYLLABLE:
        return False
    signs = unicodedata.normalize("NFD", word.lower())
    tones = [sign for sign in signs if sign in _TONES]
    bare = unicodedata.normalize("NFC", "".join(sign for sign in signs if sign not in _TONES))
    if len(tones) > 1:
        return False
    stopped = bool(tones) and tones[0] in "\u0301\u0323"
    return any(
        bare.startswith(onset) and bare[len(onset) :] in _RHYMES and (not bare.endswith(_STOPS) or stopped)
        for onset in _ONSETS
    )


_MAX_INSPECTED = 6_000  # characters of a text from which it is judged
_PLAINLY = 0.8  # the share of a text's words beyond ASCII that are Vietnamese as they stand, where nothing is wrong
BODY = "body_html"
_READINGS_OF_UTF8 = 3  # times that a text is read anew as UTF-8

# -- UTF-8 that was read as Latin-1 or windows-1252 --------------------------------------------------------------------

_AS_BYTE = {chr(byte): byte for byte in range(0x80, 0x100)}
_AS_BYTE |= {sign: byte for byte in range(0x80, 0xA0) if (sign := bytes([byte]).decode("cp1252", "ignore"))}
_BEHIND = "".join(re.escape(sign) for sign, byte in _AS_BYTE.items() if byte < 0xC0)
_SEQUENCE = re.compile(f"[\u00c2-\u00df][{_BEHIND}]|[\u00e0-\u00ef][{_BEHIND}]{{2}}|[\u00f0-\u00f4][{_BEHIND}]{{3}}")
_BETWEEN = re.compile(r"[^<>\"\n]+")  # the texts of a page, a feed or a file, and the values of attributes
_OWN_LETTERS = re.compile("[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")
_LETTERS = re.compile(f"{_OWN_LETTERS.pattern}|[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0300\u0301\u0303\u0309\u0323]")
_SIGNS = re.compile(
    "[\u00a0-\u00bf\u2010-\u2030\u2039\u203a\u20ab\u20ac\u2122\u2190-\u2bff\U0001f000-\U0001faff\ufeff\ufe0f]"
)
_ENOUGH = 3  # texts of a document that are surely read wrongly; then those of a word or two are, too


def repair_utf8(document: str) -> str:
    """A document in which texts that were read as Latin-1, once or several times, are read as the UTF-8 that they are: those
    of which all that is not ASCII is such UTF-8, and gives Vietnamese."""
    if not _SEQUENCE.search(document):
        return document
    sure = sum(_reread_as_utf8(text[0], 2) != text[0] for text in _BETWEEN.finditer(document))
    return _BETWEEN.sub(lambda text: _reread_as_utf8(text[0], 1 if sure >= _ENOUGH else 2), document)


def _reread_as_utf8(text: str, least: int) -> str:
    """A text read as UTF-8, again and again, where at least so many letters and nothing but them come of it."""
    made = best = text
    for _ in range(_READINGS_OF_UTF8):
        if made.isascii() or not _SEQUENCE.sub("", made).replace("\xa0", "").isascii():
            break
        made = _SEQUENCE.sub(lambda one: _decoded(one[0]), made)
        signs = [sign for sign in made if not sign.isascii()]
        if all(_LETTERS.match(sign) or _SIGNS.match(sign) for sign in signs):
            best = made if sum(bool(_LETTERS.match(sign)) for sign in signs) >= least else best
    return best


def _decoded(sequence: str) -> str:
    return bytes(_AS_BYTE[sign] for sign in sequence).decode("utf-8", "replace")


def _half_read(text: str) -> bool:
    """Whether a text holds letters of Vietnamese as UTF-8 read as Latin-1, which cannot be read anew as a whole."""
    made = [sign for one in _SEQUENCE.finditer(text, 0, _MAX_INSPECTED) if _LETTERS.fullmatch(sign := _decoded(one[0]))]
    return len(made) >= 2 and any(_OWN_LETTERS.match(sign) for sign in made)


# -- the encodings before Unicode --------------------------------------------------------------------------------------

_TCVN3 = dict(
    zip(
        "¡¢£¤¥¦§¨©ª«¬\xad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ",
        "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
# From 0x80 on (RFC 1456). The six letters that it puts among control characters reach nobody.
_VISCII = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
_VNI_MARKS = {
    "a": dict(zip("ùøûõïâáàåãäêéèúüë", "áàảãạâấầẩẫậăắằẳẵặ", strict=True)),
    "e": dict(zip("ùøûõïâáàåãä", "éèẻẽẹêếềểễệ", strict=True)),
    "o": dict(zip("ùøûõïâáàåãä", "óòỏõọôốồổỗộ", strict=True)),
    "u": dict(zip("ùøûõï", "úùủũụ", strict=True)),
    "y": dict(zip("ùøûõ", "ýỳỷỹ", strict=True)),
    "ô": dict(zip("ùøûõï", "ớờởỡợ", strict=True)),
    "ö": dict(zip("ùøûõï", "ứừửữự", strict=True)),
}
_VNI_ALONE = dict(zip("íìæóòôöîñ", "íìỉĩịơưỵđ", strict=True))
_VNI = {base + mark: letter for base, marks in _VNI_MARKS.items() for mark, letter in marks.items()} | _VNI_ALONE
_VNI |= {written.upper(): letter.upper() for written, letter in _VNI.items()}
_VNI_LETTER = re.compile("|".join(sorted(_VNI, key=len, reverse=True)))

_WORD = re.compile(r"[^\s!-@\[-`{-~\u2010-\u203a]+")  # letters of whatever kind: TCVN3 has its own among the signs
_TAG = re.compile(r"<[^<>]*>")
_AMONG_LETTERS = re.compile("[A-Za-z][\u00a1-\u00bf][A-Za-z\u00c0-\u00ff]|\u00ae[a-z\u00a1-\u00ff]")
_ASCII_LETTER = re.compile("[A-Za-z]")
_OLD = re.compile("[\u0080-\u00ff]")


def _from_tcvn3(word: str) -> str:
    """Its capitals with tones stand in a font of their own, under the codes of the small ones."""
    made = "".join(_TCVN3.get(sign, sign) for sign in word)
    capitals = [sign for sign in word if sign.isascii()]
    return made.upper() if len(capitals) > 1 and all(sign.isupper() for sign in capitals) else made


def _from_vni(word: str) -> str:
    return _VNI_LETTER.sub(lambda letter: _VNI[letter[0]], word)


def _from_viscii(word: str) -> str:
    return "".join(_VISCII[byte - 0x80] if (byte := _AS_BYTE.get(sign, 0)) else sign for sign in word)


def _from_1258(word: str) -> str:
    made = bytes(_AS_BYTE.get(sign, ord(sign) & 0x7F) for sign in word).decode("cp1258", "replace")
    return unicodedata.normalize("NFC", made)


@dataclass(frozen=True, slots=True)
class _LegacyEncoding:
    """How a text may have to be read, and what tells it apart: `surely` is how many words must speak for it, `odd` what no
    other language writes. Where it `keeps` letters, words that stay as they are speak for it, too."""

    name: str
    read: Callable[[str], str]
    surely: int
    odd: re.Pattern[str] | None = None
    keeps: bool = False


_READINGS = (
    _LegacyEncoding("TCVN3", _from_tcvn3, 3, _AMONG_LETTERS),
    _LegacyEncoding("VNI", _from_vni, 4),
    _LegacyEncoding("windows-1258", _from_1258, 4, keeps=True),
    _LegacyEncoding("VISCII", _from_viscii, 4, keeps=True),
)


@dataclass(frozen=True, slots=True)
class DetectedEncoding:
    """In what letters a text seems to be written, and whether that is certain; the name is empty for none of the old."""

    name: str = ""
    is_certain: bool = False


_FINE = DetectedEncoding()


def detect_encoding(text: str) -> DetectedEncoding:
    """In which of the old encodings a text is written, read as Latin-1: by how many of its words become Vietnamese ones."""
    if not _OLD.search(text):
        return _FINE
    words = [word for word in _WORD.findall(text[:_MAX_INSPECTED]) if not word.isascii()]
    if sum(map(is_syllable, words)) >= _PLAINLY * len(words):
        return _FINE
    found = [(reading, *_counts(words, reading)) for reading in _READINGS]
    reading, turned, share, as_is, odd = max(found, key=lambda one: (one[2], one[1]))
    if turned >= reading.surely and share >= 0.85 and as_is <= 0.6 and odd >= 2:
        return DetectedEncoding(reading.name, is_certain=True)
    if turned >= (2 if reading.odd else 3) and share >= 0.6 and share - as_is >= 0.3 and odd >= 1:
        return DetectedEncoding(reading.name)
    return _FINE


def _counts(words: list[str], reading: _LegacyEncoding) -> tuple[int, float, float, int]:
    """Different words that become Vietnamese by a reading, the share that then is, the share that is already, and how many
    of them no other language writes so."""
    turned, good, as_is, odd = set(), 0, 0, 0
    for word in words:
        is_own = is_syllable(word)
        as_is += is_own
        if _OWN_LETTERS.search(word):
            continue  # in Unicode, whatever it means
        made = reading.read(word)
        if is_syllable(made) and (made != word or reading.keeps):
            good += 1
            if not is_own and _ASCII_LETTER.search(word):
                turned.add(word)
                odd += not reading.odd or bool(reading.odd.search(word))
    return len(turned), good / max(1, len(words)), as_is / max(1, len(words)), odd


def convert_text(text: str, name: str) -> str:
    """A text, or the texts of HTML, out of an old encoding."""
    read = next(reading.read for reading in _READINGS if reading.name == name)

    def anew(word: re.Match[str]) -> str:
        if word[0].isascii() or _OWN_LETTERS.search(word[0]):
            return word[0]
        return read(word[0]).upper() if is_capitals else read(word[0])

    is_capitals = name == "TCVN3" and not re.search("[a-z]", _TAG.sub("", text)) and bool(re.search("[A-Z]{2}", text))
    at, made = 0, []
    for tag in _TAG.finditer(text):
        made += [_WORD.sub(anew, text[at : tag.start()]), tag[0]]
        at = tag.end()
    return "".join([*made, _WORD.sub(anew, text[at:])])


# -- a story as a whole ------------------------------------------------------------------------------------------------


def repair_texts(texts: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The texts of a story by their names (that of the HTML is BODY), in right letters as far as that is certain; and in
    words what is wrong with what is not, empty where nothing is."""
    made = {
        name: repair_utf8((_unescaped_html if name == BODY else unescape_text)(text)) for name, text in texts.items()
    }
    if all(text.isascii() for text in made.values()):
        return made, ""
    bare = {name: _TAG.sub(" ", text) for name, text in made.items()}
    whole = detect_encoding("\n".join(bare.values()))
    doubt = ""
    for name, text in bare.items():
        if text.isascii():
            continue
        own = detect_encoding(text)
        if own.is_certain:
            made[name] = convert_text(made[name], own.name)
        elif whole.is_certain and _is_convertible(text, whole.name):
            made[name] = convert_text(made[name], whole.name)
        elif own.name or _half_read(text):
            doubt = doubt or own.name or "UTF-8 read as Latin-1"
    return made, f"its letters look like {doubt} and cannot be read" if doubt else ""


def _is_convertible(text: str, name: str) -> bool:
    """Whether a short text, such as a name, becomes Vietnamese as the story around it does."""
    words = [word for word in _WORD.findall(text[:_MAX_INSPECTED]) if not word.isascii()]
    reading = next(one for one in _READINGS if one.name == name)
    turned, share, as_is, _ = _counts(words, reading)
    return bool(turned) and share > as_is


# -- escaped once too often --------------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"&(#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5}|[A-Za-z]{2,8}[0-9]{0,2});")
_REFERENCE_TWICE = re.compile(f"&amp;{_REFERENCE.pattern[1:]}")
_BY_ITSELF = " \"'“”‘’()"  # what stands around a reference of which the text speaks


def unescape_text(text: str) -> str:
    """A line of plain text without the references that were meant for letters: `M&ocirc;n Sinh`, `C&#417;m &amp; áo`. Those
    of angle brackets stay, and those that stand by themselves as words: of them the text may speak."""

    def letter(reference: re.Match[str]) -> str:
        made = html.unescape(reference[0])
        if made in "<>\ufffd" or len(made) > 2 or not (made.isprintable() or made == "\xa0"):
            return reference[0]
        before, after = text[: reference.start()][-1:], text[reference.end() :][:1]
        alone = before in _BY_ITSELF and after in _BY_ITSELF
        return reference[0] if alone and made.isalpha() else made

    return _REFERENCE.sub(letter, text)


def _unescaped_html(body: str) -> str:
    """HTML in which no letter of a word is escaped twice: `M&amp;ocirc;n`."""

    def letter(reference: re.Match[str]) -> str:
        made = html.unescape(f"&{reference[1]};")
        return made if made.isalpha() and len(made) <= 2 else reference[0]

    return _REFERENCE_TWICE.sub(letter, body)
