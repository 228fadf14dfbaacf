"""Inlining for many letters at once: premailer is asked once what each kind of tag becomes, and never again.

Where a style sheet has plain selectors only (`.lead`, `td`, `td.edge`), what premailer writes into a tag depends on its
name, class, id and style, and on nothing around it. So all the tags of an edition go through premailer once, in one
small document, and every letter gets its styles from what was learned. A sheet with other selectors is inlined letter
by letter, which is right too, and slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .inlining import check_inlinable, inline_css

_TOKEN = re.compile(
    r"<!--.*?-->|<style\b[^>]*>.*?</style>|<title\b.*?</title>"
    r"|<([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([^\s=/>\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
_STYLE = re.compile(r"<style\b([^>]*)>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_IGNORED = re.compile(r"\s*data-premailer=[\"']?ignore[\"']?", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PLAIN_SELECTOR = re.compile(r"(?:[a-zA-Z][\w-]*|\*)?(?:[.#][\w-]+)*")
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_SKIPPED = frozenset({"html", "head", "meta", "title", "link", "base", "body"})
_SAMPLE_PARENTS = {
    "td": ("<table><tr>", "</tr></table>"),
    "th": ("<table><tr>", "</tr></table>"),
    "tr": ("<table>", "</table>"),
    "tbody": ("<table>", "</table>"),
    "li": ("<ul>", "</ul>"),
}

TagKey = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _TagStyle:
    """What a tag becomes: its style, and the attributes that premailer adds beside it (bgcolor, align)."""

    style: str
    added: str


@dataclass(slots=True)
class CssInliner:
    """What premailer has made of the tags of one style sheet. `runs` counts how often it was asked."""

    runs: int = 0
    _sheet: str = ""
    _plain: bool = True
    _known: dict[TagKey, _TagStyle] = field(default_factory=dict)
    _tags: dict[tuple[str, str], str] = field(default_factory=dict)

    def learn(self, documents: Iterable[str]) -> None:
        """Ask premailer about every tag of these documents that is not known yet. Raises RenderError."""
        wanted: dict[TagKey, str] = {}
        for document in documents:
            check_inlinable(document)
            self._load_style_sheet(document)
            for match in _TOKEN.finditer(document):
                if match[1]:
                    wanted.setdefault(_key(match[1], match[2]), match[0])
        if self._plain:
            self._ask({key: tag for key, tag in wanted.items() if key not in self._known})

    def apply(self, document: str) -> str:
        """A document, or a piece of one, with its styles in its tags. Raises RenderError."""
        if not self._plain:
            self.runs += 1
            return inline_css(document)
        unknown = {
            _key(match[1], match[2]): match[0]
            for match in _TOKEN.finditer(document)
            if match[1] and (match[1], match[2]) not in self._tags and _key(match[1], match[2]) not in self._known
        }
        self._ask(unknown)
        return _TOKEN.sub(self._style_token, document)

    @property
    def plain(self) -> bool:
        """Whether the sheet allows it: otherwise whole documents only can be inlined."""
        return self._plain

    def _load_style_sheet(self, document: str) -> None:
        sheet = "\n".join(rules for head, rules in _STYLE.findall(_uncommented(document)) if not _IGNORED.search(head))
        if sheet != self._sheet:
            self._sheet, self._plain = sheet, _is_plain(sheet)
            self._known.clear()
            self._tags.clear()

    def _ask(self, wanted: dict[TagKey, str]) -> None:
        if not wanted:
            return
        body = next((tag for key, tag in wanted.items() if key[0] == "body"), "<body>")
        samples = {key: tag for key, tag in wanted.items() if key[0] not in _SKIPPED}
        content = "".join(map(_sample, samples.values()))
        page = f"<html><head><style>{self._sheet}</style></head>{body}{content}</body></html>"
        self.runs += 1
        made = inline_css(page)
        before = [match for match in _TOKEN.finditer(page) if match[1] and match[1].lower() not in ("html", "head")]
        after = [match for match in _TOKEN.finditer(made) if match[1] and match[1].lower() not in ("html", "head")]
        for old, new in zip(before, after, strict=True):
            self._known.setdefault(_key(old[1], old[2]), _compare_tags(old[2], new[2]))
        for key in wanted:
            self._known.setdefault(key, _TagStyle("", ""))

    def _style_token(self, match: re.Match[str]) -> str:
        if not match[1]:
            return _keep_style_element(match[0]) if match[0][:6].lower() == "<style" else match[0]
        made = self._tags.get((match[1], match[2]))
        if made is None:
            made = self._tags[match[1], match[2]] = _write_tag(
                match[1], match[2], self._known[_key(match[1], match[2])]
            )
        return made


def _uncommented(document: str) -> str:
    return re.sub(r"<!--.*?-->", "", document, flags=re.DOTALL)


def _is_plain(sheet: str) -> bool:
    rules = _COMMENT.sub("", sheet)
    if "@" in rules:
        return False
    selectors = (one.strip() for rule in rules.split("}") for one in rule.partition("{")[0].split(","))
    return all(_PLAIN_SELECTOR.fullmatch(one) for one in selectors if one)


def _attributes(written: str) -> dict[str, str]:
    """The attributes of a tag, each with its value as it is written, without quotes."""
    return {name.lower(): _unquoted(value) for name, value in _ATTRIBUTE.findall(written)}


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in ("'", '"') and value[:1] == value[-1:] else value


def _quoted(value: str) -> str:
    """A value as it stands in a tag; one with double quotes in it (names of fonts) goes between single ones."""
    return f"'{value}'" if '"' in value and "'" not in value else '"' + value.replace('"', "&quot;") + '"'


def _key(name: str, written: str) -> TagKey:
    found = _attributes(written)
    return name.lower(), found.get("class", ""), found.get("id", ""), found.get("style", "")


def _sample(tag: str) -> str:
    match = _TOKEN.match(tag)
    assert match
    name = match[1].lower()
    before, after = _SAMPLE_PARENTS.get(name, ("", ""))
    return f"{before}{tag}{'' if name in _VOID else f'</{name}>'}{after}"


def _compare_tags(before: str, after: str) -> _TagStyle:
    old, new = _attributes(before), _attributes(after)
    added = "".join(f" {name}={_quoted(value)}" for name, value in new.items() if name not in old and name != "style")
    return _TagStyle(new.get("style", ""), added)


def _write_tag(name: str, written: str, learned: _TagStyle) -> str:
    """A tag with its learned style. Its other attributes stay as the template wrote them."""
    closing = " /" if written.rstrip().endswith("/") else ""
    kept = "".join(
        f" {attribute}={value}" if value else f" {attribute}"
        for attribute, value in _ATTRIBUTE.findall(written.rstrip().removesuffix("/"))
        if attribute.lower() != "style"
    )
    style = f" style={_quoted(learned.style)}" if learned.style else ""
    return f"<{name}{kept}{learned.added}{style}{closing}>"


def _keep_style_element(block: str) -> str:
    """A sheet for the reader's program stays, letter for letter; the others are in the tags now."""
    head = block[: block.index(">") + 1]
    return _IGNORED.sub("", head) + block[len(head) :] if _IGNORED.search(head) else ""
