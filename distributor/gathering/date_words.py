"""The names of months, parts of the day and time zones, as dates of feeds and pages write them. Pure."""

from __future__ import annotations

import unicodedata

# Longest first within each language: `mười` would match the beginning of `mười một`.
_VIETNAMESE = {
    "mười hai": 12, "mười một": 11, "chạp": 12, "giêng": 1, "mười": 10, "chín": 9, "tám": 8, "bảy": 7, "sáu": 6,
    "năm": 5, "tư": 4, "bốn": 4, "ba": 3, "hai": 2, "một": 1,
}  # fmt: skip
# CLDR's names of months, wide and short, of languages whose news are read here: those that do not contradict each other.
_NAMES = """
january jan januar janvier janv enero ene janeiro gennaio gen januari stycznia sty января янв
february feb februar février févr fevrier febrero fevereiro fev febbraio februari lutego lut февраля фев
march mar märz mrz mars marzo março marco maart mrt maret marca марта мар
april apr avril avr abril abr aprile kwietnia kwi апреля апр
may mai mayo maio maggio mag mei maj maja мая май
june jun juni juin junio junho giugno giu czerwca cze июня июн
july jul juli juillet juil julio julho luglio lug lipca lip июля июл
august aug août aout agosto ago augustus agustus agt augusti sierpnia sie августа авг
september sept sep septembre septiembre setembro set settembre września wrz сентября сен
october oct oktober okt octobre octubre outubro out ottobre ott października paź октября окт
november nov novembre noviembre novembro noviembre listopada lis ноября ноя
december dec dezember dez décembre déc decembre diciembre dic dezembro dicembre desember des desembre grudnia gru декабря дек
"""
MONTHS: dict[str, int] = {
    name.rstrip("."): number
    for number, line in enumerate(_NAMES.strip().splitlines(), 1)
    for name in line.split()
}  # fmt: skip
VIETNAMESE_MONTH = rf"(?:tháng|thg|th)\.?\s*(?:\d{{1,2}}(?!\d)|{'|'.join(_VIETNAMESE)})"
MONTH = "(?:" + VIETNAMESE_MONTH + "|" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])"

MORNING = r"(?:am|a\.\s?m|sa|sáng)"
NOON = r"trưa"
AFTERNOON = r"(?:pm|p\.\s?m|ch|chiều|tối)"
NIGHT = r"(?:đêm|khuya)"

# Hours ahead of UTC. RFC 822, section 5.1, for the names of North America; otherwise what news of the place mean by it.
ZONES: dict[str, float] = {
    "Z": 0, "GMT": 0, "UTC": 0, "UT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "WAT": 1, "CEST": 2, "MEST": 2,
    "EET": 2, "SAST": 2, "CAT": 2, "EEST": 3, "MSK": 3, "EAT": 3, "TRT": 3, "GST": 4, "PKT": 5, "IST": 5.5, "NPT": 5.75,
    "ICT": 7, "WIB": 7, "HKT": 8, "SGT": 8, "MYT": 8, "PHT": 8, "WITA": 8, "AWST": 8, "JST": 9, "KST": 9, "WIT": 9,
    "ACST": 9.5, "AEST": 10, "ACDT": 10.5, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3, "CLT": -4, "COT": -5, "PET": -5,
}  # fmt: skip


def month_number(written: str) -> int:
    """The month that a word names: `Thg11`, `tháng mười một`, `Nov`, or its number. Raises ValueError for none."""
    word = unicodedata.normalize("NFC", written).casefold().rstrip(".")
    if word in MONTHS:
        return MONTHS[word]
    for beginning in ("tháng", "thg", "th"):
        if word.startswith(beginning):
            word = word.removeprefix(beginning).strip(" .")
            break
    return _VIETNAMESE[word] if word in _VIETNAMESE else int(word)
