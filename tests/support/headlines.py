"""Messages as bytes: what is read back is what was meant, whoever reads, and no header adds another."""

from __future__ import annotations

import random
import re

from distributor.text import clean_line

# -- Vietnamese headlines ----------------------------------------------------------------------------------------------

ONSETS: list[str] = re.split(" ", " b c ch d đ g gh gi h k kh l m n ng ngh nh ph qu r s t th tr v x")
VOWELS: list[str] = re.split(" ", "a ă â e ê i o ô ơ u ư y ia iê oa oai ua uâ uô ưa ươ uyê")
CODAS: list[str] = re.split(" ", " c ch m n ng nh p t i o u")
TONES = ["", *"\u0300\u0301\u0303\u0309\u0323"]
OTHER = [
    "2026",
    "12%",
    "(quý",
    "II)",
    "USD/tấn",
    "“nóng”",
    "–",
    "TP.HCM",
    "C&P",
    "?=",
    "=?utf-8?q?",
    "COVID-19,",
    "🎉",
    "VĐV",
]


def headline(chance: random.Random) -> str:
    """Syllables of the language, with all tones on all vowels, and some of what stands between them in a newspaper."""
    words = [chance.choice(OTHER) if chance.random() < 0.1 else syllable(chance) for _ in range(chance.randint(1, 30))]
    return clean_line(" ".join(words))


def syllable(chance: random.Random) -> str:
    vowel, tone = chance.choice(VOWELS), chance.choice(TONES)
    place = chance.randrange(len(vowel)) + 1
    made: str = chance.choice(ONSETS) + vowel[:place] + tone + vowel[place:] + chance.choice(CODAS)
    return made.title() if chance.random() < 0.15 else made
