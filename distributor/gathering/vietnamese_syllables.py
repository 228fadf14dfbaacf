"""Whether a word can be a syllable of Vietnamese, which tells Vietnamese that was read wrongly from any other text. Pure.

A syllable is an onset, a rhyme out of some hundred and sixty, and one of six tones; rhymes that end in a stop have two of
these only. Hardly a word of another language, and hardly a Vietnamese word in wrong letters, happens to be one.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

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
_LONGEST = 12  # signs of the longest syllable, decomposed


@lru_cache(maxsize=20_000)
def is_syllable(word: str) -> bool:
    """Whether a word, in letters of any case, can be a syllable of Vietnamese."""
    if len(word) > _LONGEST:
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
