"""Text where it enters: NFC, without characters that XML forbids, and counted as people count.

Vietnamese letters exist composed (one code point) and decomposed (up to three). Everything inside the program is
composed, so that comparison, counting and cutting agree. Counting is by grapheme cluster (UAX #29).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import regex

# Characters that XML 1.0 forbids (section 2.2): a feed with one of them is not well-formed and is refused as a whole. And
# those that turn or embed the writing direction (UAX #9): a title could hide what it says behind them.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
# C1 controls and the Unicode line separators are legal XML, but break headers and single lines.
_LINE_BREAKING = regex.compile("[\x7f-\x9f\u2028\u2029]")
# All characters that change the direction of the text after them, the marks of one character too (UAX #9).
BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACE = regex.compile(r"\s+")
_LOOSE = " ,;:–—-("  # removed before an ellipsis
_GRAPHEME = regex.compile(r"\X")
# A sentence ends with its punctuation and closing quotes, before something that can begin the next one …
_END = regex.compile(r"(?<![.!?…])[.!?…]++[\"”’)\]]*+(?=\s+(?:[–—-]\s)?[\"“‘(\[]*[\p{Lu}\p{N}])")
# … but not after an initial, or the short forms that Vietnamese and English news are full of ("TP. Hồ Chí Minh").
_SHORT_FORM = regex.compile(
    r"(?:^|[\s.(“\"])(?:(?<!độ\s)\p{Lu}|TP|Tp|TX|TT|PGS|GS|TS|ThS|BS|KS|LS|CN|NSND|NSƯT|St|Mr|Mrs|Ms|Dr|Prof|No|vs)\.$"
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,10}", re.ASCII)


def clean(text: str) -> str:
    """NFC, line ends as \\n, no character that XML 1.0 forbids or that turns the writing direction. For text of several
    lines, and for HTML only before it is parsed or sanitised: a letter that composes with `>` changes the markup."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", FORBIDDEN.sub("", text))


def clean_line(text: str) -> str:
    """`clean`, then one line with single spaces: for titles, names, captions and everything that enters a header."""
    if text.isprintable():  # so it holds nothing that is taken out, and no space but the common one
        return " ".join(unicodedata.normalize("NFC", text).split())
    return collapse_to_line(text)


def collapse_to_line(text: str) -> str:
    """What `clean_line` says, the long way, which any text can go."""
    return _SPACE.sub(" ", _LINE_BREAKING.sub(" ", clean(text))).strip()


def language_tag(text: str) -> str:
    """A language tag in the usual case of its parts: `vi-vn` and `vi_VN` are `vi-VN`; empty for what is none, such as the
    name of a language.

    A tag of RFC 5646 that begins with a language of two or three letters, as all that are registered do. Nothing of it is
    cut: `fil` is Filipino, and `fi` is Finnish.
    """
    tag = text.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(tag):
        return ""
    made: list[str] = []
    for part in tag.lower().split("-"):
        # Section 2.1.1: regions in capitals, scripts with one; behind a single letter all is small.
        plain_place = made and all(len(one) > 1 for one in made)
        made.append({2: part.upper(), 4: part.title()}.get(len(part), part) if plain_place else part)
    return "-".join(made)


def same_language(one: str, other: str) -> bool:
    """Whether two tags are of one language, wherever it is spoken: `vi` and `vi-VN`."""
    return one.partition("-")[0].casefold() == other.partition("-")[0].casefold()


def deduplicate(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts in their order, each once, as first written; upper and lower case do not count."""
    kept: dict[str, str] = {}
    for text in texts:
        kept.setdefault(text.casefold(), text)
    return tuple(kept.values())


def graphemes(text: str) -> list[str]:
    """The text as a list of what people see as single characters."""
    return _GRAPHEME.findall(text)


def count_graphemes(text: str) -> int:
    return len(graphemes(text))


def count_utf16(text: str) -> int:
    """Length in UTF-16 code units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def count_bytes(text: str) -> int:
    return len(text.encode())


def cut_words(text: str, most: int) -> str:
    """The first words that fit into `most` characters with an ellipsis; one long word is cut between graphemes."""
    if len(text) <= most:
        return text
    head, space = "", 0
    for grapheme in graphemes(text[: most + 50]):
        if grapheme.isspace():  # one with a mark upon it is none
            space = len(head)
        if len(head) + len(grapheme) > most - 1:
            break
        head += grapheme
    return with_ellipsis(head[:space] or head)


def with_ellipsis(text: str) -> str:
    """A text with an ellipsis, without a comma or bracket before it."""
    return text.rstrip(_LOOSE) + "…"


def sentence_ends(text: str) -> list[int]:
    """The positions where a sentence ends and another begins."""
    ends = []
    for match in _END.finditer(text):
        sign = regex.match(r"[.!?…]+", match.group())
        before = text[max(match.start() - 8, 0) : match.start() + (sign.end() if sign else 0)]
        if not _SHORT_FORM.search(before):
            ends.append(match.end())
    return ends


def word_ends(text: str) -> list[int]:
    """The ends of words that a space follows; a space with a mark upon it is none."""
    ends, at, word = [], 0, False
    for grapheme in graphemes(text):
        if grapheme.isspace() and word:
            ends.append(at)
        word = not grapheme.isspace()
        at += len(grapheme)
    return ends


def html_to_text(html: str) -> str:
    """The words of an HTML fragment on one line, blocks parted by a space; text without tags stays what it is."""
    import lxml.html  # 30 ms to load, and most of the program never needs it
    from lxml import etree

    if not html.strip():
        return ""
    try:
        # Not `fragment_fromstring`: it takes a document type for the whole and then misses the body.
        root: lxml.html.HtmlElement = lxml.html.document_fromstring(f"<div>{clean(html)}</div>")
    except (etree.ParserError, ValueError):
        return clean_line(html)
    etree.strip_elements(root, "script", "style", with_tail=False)
    for block in root.iter("p", "br", "li", "h1", "h2", "h3", "h4", "blockquote", "td", "figcaption", "div"):
        block.tail = f" {clean(block.tail or '')}"  # a reference such as &#8; has become a character by now
    return clean_line(str(root.text_content()))
