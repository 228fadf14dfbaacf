"""Hard texts for posts: long Vietnamese composed and decomposed, emoji sequences, marks, directions, addresses, handles.

And what to measure posts with, apart from the program: grapheme clusters by the rules of UAX #29 one by one, lengths and
mentions as networks define them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import regex


@dataclass(frozen=True)
class HardText:
    name: str
    title: str
    lead: str
    url: str = "https://bacson.vn/tin/lu-rut"
    topics: tuple[str, ...] = ("Kinh tế", "Đời sống")


TITLE = "Nước lũ rút chậm ở huyện Yên Lạc"
SENTENCE = "Sáng 22/11, tại xã Bắc Sơn, nước lũ rút chậm khiến hàng trăm hộ dân chưa thể về nhà. "
LEAD = SENTENCE * 12


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


# What is hard by itself, by name; each is put where texts are cut.
ATOMS: Mapping[str, str] = {
    "family": "👩‍👩‍👧‍👦",
    "couple with skin tones": "👩🏽‍❤️‍💋‍👨🏿",
    "profession": "👩🏾‍🚒",
    "flag": "🇻🇳",
    "two flags": "🇻🇳🇻🇳",
    "half a flag": "🇻",
    "three halves of a flag": "🇻🇳🇻",
    "flag of a region": "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "rainbow flag": "🏳️‍🌈",
    "keycap": "1️⃣",
    "keycap of a star": "*️⃣",
    "skin tone": "👍🏽",
    "skin tone alone": "🏽",
    "text style": "☎︎",
    "emoji style": "☎️",
    "joiner at the end": "👩‍",
    "joiner alone": "\u200d",
    "non-joiner": "می‌خواهم",
    "decomposed letter": decomposed("ế"),
    "decomposed word": decomposed("nghiêng"),
    "many marks": "z" + "\u0301\u0302\u0303\u0304\u0306" * 4,
    "mark alone": "\u0301",
    "space with a mark": " \u0301",
    "space with an enclosing mark": " \u20dd",
    "number sign before": "\u0600",
    "number sign and space": "\u0600 12",
    "ideograph": "日本語",
    "ideograph of plane two": "𠮷野家",
    "letters of plane one": "𝒯𝒾𝓃",
    "Korean in parts": "\u1112\u1161\u11ab",
    "Thai": "กำลัง",
    "Hindi": "क्षत्रिय",
    "Tamil": "நிமிடம்",
    "Arabic": "الفيضانات",
    "Hebrew with points": "שָׁלוֹם",
    "right to left override": "\u202eđảo ngược\u202c",
    "isolates": "\u2067phải\u2069",
    "direction marks": "\u200ftrái\u200e",
    "zero width space": "từ\u200btừ",
    "word joiner": "từ\u2060từ",
    "byte order mark": "\ufefftừ",
    "soft hyphen": "ngh\u00adiêng",
    "no-break space": "22\u00a0tháng\u00a011",
    "ideographic space": "日\u3000本",
    "tabs and line ends": "một\t\thai\r\nba\u2028bốn\x85năm",
    "before the surrogates": "\ud7fbx\ue000",
    "last of plane zero": "\ufffdx\U00010000",
    "last of all": "x\U0010fffd",
    "variation selectors": "葛\U000e0100",
    "tag characters": "x\U000e0061\U000e007f",
    "control characters": "x\x00\x07\x1by",
    "HTML": "<b>đậm</b> <script>alert(1)</script> &amp; &lt;",
    "quotes": '“Nước ‘rút’” «chậm» "quá"',
    "dashes": "— – - ‑ …",
    "merge tag": "@@field:address@@",
    "template": "{{ url }} {% if x %} %s {0}",
    "Markdown": "**đậm** _nghiêng_ [liên kết](https://x.vn) `mã`",
    "hashtags": "#KinhTế #1 #a_b ##x # y",
    "currency": "1.200.000 ₫ (~ $48)",
    "abbreviations": "TP. Hồ Chí Minh, PGS. TS. Ng. V. A.",
    "price of a word": "pneumonoultramicroscopicsilicovolcanoconiosis",
}

HANDLES = (
    "@a", "@lan", "@lan.bsky.social", "@lan@mastodon.social", "＠lan", "＠lan＠mastodon.social", "@_lan_", "@1", "@lan-anh",
    "(@lan)", "“@lan”", "[@lan]", "<@lan>", "<@!123456>", "<!channel>", "@everyone", "@here", "@@lan", "@＠lan", "/@lan",
    "x/@lan", "-@lan", "_@lan", ".@lan", ",@lan", "=@lan", "ạ@lan", "đ@lan", "!@lan", "@ lan", "@\u2060lan", "@\u200blan",
    "@\u0301lan", "lan@bacson.vn", "mailto:lan@bacson.vn", "https://mastodon.social/@lan", "https://x.vn/,@lan",
    "https://x.vn/@lan@mastodon.social", "http://@lan", "https://lan@x.vn/", "@ạnh", "@LAN", "@lan:matrix.org", "🇻🇳@lan",
    "👩‍👧@lan", "\u202e@lan", "@\u202elan", "@\u200dlan", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "at://lan.bsky.social",
)  # fmt: skip

URLS = (
    "https://bacson.vn/",
    "https://bacson.vn",
    "http://bacson.vn:8080/tin",
    "https://bacson.vn/tin/lũ-rút-chậm",
    decomposed("https://bacson.vn/tin/lũ-rút-chậm"),
    "https://bacson.vn/tin/l%C5%A9",
    "https://báobắcsơn.vn/tin",
    "https://xn--bobcsn-ita.vn/tin",
    "https://bacson.vn/Huế_(thành_phố)",
    "https://bacson.vn/a_(b_(c))",
    "https://bacson.vn/mở_(ngoặc",
    "https://bacson.vn/đóng)ngoặc",
    "https://bacson.vn/đóng)",
    "https://bacson.vn/hỏi?",
    "https://bacson.vn/?",
    "https://bacson.vn/chấm.",
    "https://bacson.vn/than!",
    "https://bacson.vn/phẩy,",
    "https://bacson.vn/ba…",
    "https://bacson.vn/a;b=c,d",
    "https://bacson.vn/?a=1&b=2&c[]=3",
    "https://bacson.vn/?q=a+b%20c",
    "https://bacson.vn/?q={x}|y^z`",
    "https://bacson.vn/?q=\\x",
    "https://bacson.vn/#muc-2",
    "https://bacson.vn/#!/tin/2",
    "https://bacson.vn/a'b",
    "https://bacson.vn/a*b~c",
    "https://bacson.vn/@lan",
    "https://bacson.vn/,@lan",
    "https://bacson.vn/?u=@lan&v=-@lan",
    "https://lan@bacson.vn/tin",
    "https://bacson.vn/#KinhTế",
    "https://bacson.vn//tin///2",
    "https://bacson.vn/日本/𠮷",
    "https://bacson.vn/👩‍👩‍👧",
    "https://bacson.vn/tin\u200b2",
    "https://bacson.vn/tin\u20602",
    "https://bacson.vn/\u202etin",
    "https://bacson.vn/100%",
    "https://[2001:db8::1]/tin",
    "https://192.0.2.1/tin",
    "https://localhost/tin",
    "HTTPS://BACSON.VN/TIN",
    "https://bacson.vn/" + "a" * 200,
    "https://bacson.vn/" + "ế" * 150,
    "https://bacson.vn/" + "a" * 1500,
    "https://bacson.vn/?q=" + "x,;" * 100,
    "https://bacson.vn/(" + "b" * 480 + ")",
    "https://bacson.vn/)" + "b" * 400,
    "https://" + "con." * 60 + "vn/tin",
    "",
    "javascript:alert(1)",
    "https://bacson.vn/a b",
    'https://bacson.vn/"x"',
    "https://bacson.vn/<b>",
    "ftp://bacson.vn/tin",
)


def hard_texts() -> Iterator[HardText]:
    yield from _long_vietnamese()
    for name, atom in ATOMS.items():
        yield HardText(f"{name}: in the title", f"{atom} {TITLE} {atom}", f"{atom} {SENTENCE}")
        yield HardText(f"{name}: a title of one word of it", atom * 140, SENTENCE)
        yield HardText(f"{name}: a lead of it", TITLE, f"{atom} " * 400)
        yield HardText(f"{name}: a lead of one word of it", TITLE, atom * 200)
        yield HardText(
            f"{name}: where the lead is cut", TITLE, " ".join(f"{'á' * (at % 7)}{atom}" for at in range(300))
        )
    for handle in HANDLES:
        yield HardText(f"handle {handle!r}", f"{handle} {TITLE}", f"{handle}, {handle} và {SENTENCE}{handle} " * 6)
    for url in URLS:
        name = f"{url[:40]!r} of {len(url)}"
        yield HardText(f"address {name}", TITLE, LEAD, url)
        yield HardText(f"address in words {name}", f"{TITLE} {url}", f"({url}) {url}, {SENTENCE}{url} " * 5)
    for topic in (
        *HANDLES[:6],
        "Kinh tế",
        "COVID-19",
        "日本語",
        "👩‍👧",
        decomposed("Đời sống"),
        "a" * 300,
        "",
        "#",
        "𝒯𝒾𝓃",
    ):
        yield HardText(f"topic {topic[:20]!r}", TITLE, LEAD, topics=(topic, topic.upper()))


def _long_vietnamese() -> Iterator[HardText]:
    for form in (str, decomposed):
        name = "NFD" if form is decomposed else "NFC"
        for length in (100, 230, 260, 290, 299, 300, 301, 460, 499, 500, 501, 1000, 4000, 4096, 4200, 9000):
            text = (SENTENCE * 120)[:length]
            yield HardText(f"{name}: a lead of {length}", form(TITLE), form(text))
            yield HardText(f"{name}: a title of {length}", form(text), form(SENTENCE))
        yield HardText(f"{name}: one sentence", form(TITLE), form(SENTENCE.replace(".", ",") * 40))
        yield HardText(f"{name}: one word", form(TITLE), form("nghiêng" * 300))
        yield HardText(f"{name}: the heaviest letters", form("ế" * 250), form("ự ệ ỗ ằ " * 100))


# -- grapheme clusters ---------------------------------------------------------------------------------------------------

_CLASSES = (
    "CR",
    "LF",
    "Control",
    "Extend",
    "ZWJ",
    "Regional_Indicator",
    "Prepend",
    "SpacingMark",
    "L",
    "V",
    "T",
    "LV",
    "LVT",
)
_CLASS = [(name, regex.compile(rf"\p{{Grapheme_Cluster_Break={name}}}")) for name in _CLASSES]
_PICTURE = regex.compile(r"\p{Extended_Pictographic}")
_LINKERS = frozenset("\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d")  # Indic_Conjunct_Break=Linker of these scripts
_CONSONANT = regex.compile(
    r"[\u0915-\u0939\u0958-\u095f\u0978-\u097f\u0995-\u09a8\u0a95-\u0ab9\u0b15-\u0b39\u0c15-\u0c39\u0d15-\u0d3a]"
)


@cache
def class_of(sign: str) -> str:
    return next((name for name, pattern in _CLASS if pattern.match(sign)), "Other")


def boundaries(text: str) -> set[int]:
    """The positions between grapheme clusters, both ends among them (UAX #29, section 3.1.1)."""
    classes = [class_of(sign) for sign in text]
    found = {0, len(text)}
    for at in range(1, len(text)):
        if _breaks(text, classes, at):
            found.add(at)
    return found


def _breaks(text: str, classes: list[str], at: int) -> bool:
    before, after = classes[at - 1], classes[at]
    if (before, after) == ("CR", "LF"):  # GB3
        return False
    if {before, after} & {"CR", "LF", "Control"}:  # GB4, GB5
        return True
    if (before == "L" and after in ("L", "V", "LV", "LVT")) or (
        before in ("LV", "V") and after in ("V", "T")
    ):  # GB6, GB7
        return False
    if (before in ("LVT", "T") and after == "T") or after in ("Extend", "ZWJ", "SpacingMark") or before == "Prepend":
        return False  # GB8, GB9, GB9a, GB9b
    if _joins_conjunct(text, classes, at):  # GB9c
        return False
    if before == "ZWJ" and _PICTURE.match(text[at]):  # GB11
        back = at - 2
        while back >= 0 and classes[back] == "Extend":
            back -= 1
        if back >= 0 and _PICTURE.match(text[back]):
            return False
    if before == after == "Regional_Indicator":  # GB12, GB13
        back = at - 1
        while back >= 0 and classes[back] == "Regional_Indicator":
            back -= 1
        return (at - 1 - back) % 2 == 0
    return True


def _joins_conjunct(text: str, classes: list[str], at: int) -> bool:
    back, linked = at - 1, False
    while back >= 0 and classes[back] in ("Extend", "ZWJ"):
        linked |= text[back] in _LINKERS
        back -= 1
    return bool(linked and back >= 0 and _CONSONANT.match(text[back]) and _CONSONANT.match(text[at]))


# -- what networks count and take for mentions ---------------------------------------------------------------------------


def clusters(text: str) -> int:
    return len(boundaries(text)) - 1 if text else 0


def utf16(text: str) -> int:
    return sum(2 if ord(sign) > 0xFFFF else 1 for sign in text)


_PLAIN, _END = r"[^\s<>()?]", r"""[^\s()?!*"'「」<>;:=,.$%\[\]~&|@]"""
_BALANCED = rf"\((?:{_PLAIN}|\({_PLAIN}+\))+\)"
_MASTODON_URL = regex.compile(  # config/initializers/twitter_regex.rb of Mastodon; of the domains, those of these texts
    r"(?<![A-Za-z0-9@＠$#＃\ufffe\ufeff])https?://(?:[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}])?\.)+"
    rf"(?:vn|com|org|social|example)(?![\p{{L}}\p{{N}}@+-])(?::[0-9]+)?(?:/(?:{_PLAIN}|{_BALANCED})*(?:(?<={_END})|(?<=[/)])))?"
    r"(?:\?[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@\^\u00a0-\ufdcf\ufdf0-\uffef\U00010000-\U0010fffd]*[a-z0-9_&=#/\-\u00a0-\ufdcf])?",
    regex.IGNORECASE,
)


def mastodon(text: str) -> int:
    """app/validators/status_length_validator.rb: an address is 23, the rest counts in grapheme clusters."""
    return clusters(_MASTODON_URL.sub("x" * 23, text))


def bluesky(text: str) -> int:
    """300 clusters and 3,000 bytes: the length in clusters, or a tenth of the bytes."""
    return max(clusters(text), -(-len(text.encode()) // 10))


# By the name of a network, or of the channel: how it counts, and its limit.
LENGTHS: Mapping[str, tuple[Callable[[str], int], int]] = {
    "mastodon": (mastodon, 500),
    "bluesky": (bluesky, 300),
    "telegram": (utf16, 4096),
}

# Mastodon: Account::MENTION_RE. Telegram and X: an @ that no letter or digit precedes, outside of addresses.
_MENTION = regex.compile(r"(?<![=/\w])@[a-z0-9_]+", regex.IGNORECASE)
_MENTION_ELSEWHERE = regex.compile(r"(?<![a-z0-9_/])[@＠][a-z0-9_]+", regex.IGNORECASE)
_ADDRESS = regex.compile(r"https?://[^\s<>]+", regex.IGNORECASE)


def mentions(text: str) -> list[str]:
    """The accounts that some network would notify."""
    return [*_MENTION.findall(text), *_MENTION_ELSEWHERE.findall(_ADDRESS.sub("", text))]
