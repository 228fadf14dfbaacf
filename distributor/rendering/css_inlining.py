"""CSS inlining: style sheets into style attributes, because many mail programs drop or rewrite style sheets. Pure.

premailer does it, without network or files: its CSS parser would open whatever `@import` names, even with
`allow_network=False`, so it gets a fetcher that fetches nothing. Rules that must stay as they are (media queries, dark
mode) stand in a `<style data-premailer="ignore">` block, which is copied without being parsed. Widths and heights are
left to the templates: premailer would write `width="100%"` and `height="auto"` over the numbers that Outlook needs. Nor
does a picture that floats get `align="right"`: in Outlook it would leave its cell.

Where a style sheet has simple selectors only (`.lead`, `td`, `td.edge`), what premailer writes into a tag depends on its
name, class, id and style, and on nothing around it. So all the tags of an edition go through premailer once, in one
small document, and every email gets its styles from the result. With other selectors, each email is inlined by itself,
which is right too, and slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import InliningError, RenderError

_LINKED = re.compile(r"<link\b[^>]*stylesheet", re.IGNORECASE)


def check_inlinable(document: str) -> None:
    """Raises RenderError for an empty document, and for one that links a style sheet."""
    if not document.strip():
        raise InliningError("the template made an empty document")
    if _LINKED.search(document):
        raise InliningError(
            "the template links a style sheet, which no mail program loads; write it into email/style.css"
        )


def inline_css(document: str) -> str:
    """The document with its styles inlined. Raises RenderError where that fails.

    It takes 100 to 200 ms for a digest, so it is done once per edition and language, never per recipient.
    """
    from .offline_premailer import inline  # large, and a process that renders nothing has no need of it

    check_inlinable(document)
    try:
        made = inline(document)
    except RenderError:
        raise
    except Exception as error:  # lxml and cssutils raise many kinds; each means that this document cannot be used
        raise InliningError(f"the styles of the digest cannot be inlined: {type(error).__name__}: {error}") from error
    return made


_TOKEN = re.compile(
    r"<!--.*?-->|<style\b[^>]*>.*?</style>|<title\b.*?</title>"
    r"|<([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([^\s=/>\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
_STYLE = re.compile(r"<style\b([^>]*)>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_IGNORED = re.compile(r"\s*data-premailer=[\"']?ignore[\"']?", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SIMPLE_SELECTOR = re.compile(r"(?:[a-zA-Z][\w-]*|\*)?(?:[.#][\w-]+)*")
_SPACES = re.compile(r";\s+(?=[\w-]+:)")  # between declarations
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_NOT_SAMPLED = frozenset({"html", "head", "meta", "title", "link", "base", "body"})
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
    """The inlined style of a kind of tag, and the attributes that premailer adds beside it (bgcolor, align)."""

    style: str
    added: str


@dataclass(slots=True)
class CssInliner:
    """The inlined styles of the tags of one style sheet. `runs` counts the calls of premailer; `simple` tells
    whether the sheet has simple selectors only, so that tags can be inlined one by one."""

    runs: int = 0
    simple: bool = True
    _sheet: str = ""
    _styles: dict[TagKey, _TagStyle] = field(default_factory=dict)
    _written: dict[tuple[str, str], str] = field(default_factory=dict)

    def learn(self, documents: Iterable[str]) -> None:
        """Inline every kind of tag of these documents that is not known yet. Raises RenderError."""
        missing: dict[TagKey, str] = {}
        for document in documents:
            check_inlinable(document)
            self._load_style_sheet(document)
            for match in _TOKEN.finditer(document):
                if match[1]:
                    missing.setdefault(_tag_key(match[1], match[2]), match[0])
        if self.simple:
            self._inline_tags({key: tag for key, tag in missing.items() if key not in self._styles})

    def apply(self, document: str) -> str:
        """A document, or a fragment of one, with its styles in its tags. Raises RenderError."""
        if not self.simple:
            self.runs += 1
            return inline_css(document)
        unknown = {
            _tag_key(match[1], match[2]): match[0]
            for match in _TOKEN.finditer(document)
            if match[1]
            and (match[1], match[2]) not in self._written
            and _tag_key(match[1], match[2]) not in self._styles
        }
        self._inline_tags(unknown)
        return _TOKEN.sub(self._style_token, document)

    def _load_style_sheet(self, document: str) -> None:
        sheet = "\n".join(
            rules for head, rules in _STYLE.findall(_without_comments(document)) if not _IGNORED.search(head)
        )
        if sheet != self._sheet:
            self._sheet, self.simple = sheet, _has_simple_selectors(sheet)
            self._styles.clear()
            self._written.clear()

    def _inline_tags(self, missing: dict[TagKey, str]) -> None:
        if not missing:
            return
        body = next((tag for key, tag in missing.items() if key[0] == "body"), "<body>")
        samples = {key: tag for key, tag in missing.items() if key[0] not in _NOT_SAMPLED}
        content = "".join(map(_sample_element, samples.values()))
        page = f"<html><head><style>{self._sheet}</style></head>{body}{content}</body></html>"
        self.runs += 1
        made = inline_css(page)
        before = [match for match in _TOKEN.finditer(page) if match[1] and match[1].lower() not in ("html", "head")]
        after = [match for match in _TOKEN.finditer(made) if match[1] and match[1].lower() not in ("html", "head")]
        for old, new in zip(before, after, strict=True):
            self._styles.setdefault(_tag_key(old[1], old[2]), _compare_tags(old[2], new[2]))
        for key in missing:
            self._styles.setdefault(key, _TagStyle("", ""))

    def _style_token(self, match: re.Match[str]) -> str:
        if not match[1]:
            return _keep_style_element(match[0]) if match[0][:6].lower() == "<style" else match[0]
        made = self._written.get((match[1], match[2]))
        if made is None:
            made = self._written[match[1], match[2]] = _write_tag(
                match[1], match[2], self._styles[_tag_key(match[1], match[2])]
            )
        return made


def _without_comments(document: str) -> str:
    return re.sub(r"<!--.*?-->", "", document, flags=re.DOTALL)


def _has_simple_selectors(sheet: str) -> bool:
    rules = _COMMENT.sub("", sheet)
    if "@" in rules:
        return False
    selectors = (one.strip() for rule in rules.split("}") for one in rule.partition("{")[0].split(","))
    return all(_SIMPLE_SELECTOR.fullmatch(one) for one in selectors if one)


def _attributes(written: str) -> dict[str, str]:
    """The attributes of a tag, each with its value as it is written, without quotes."""
    return {name.lower(): _unquoted(value) for name, value in _ATTRIBUTE.findall(written)}


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in ("'", '"') and value[:1] == value[-1:] else value


def _quoted(value: str) -> str:
    """A value as it stands in a tag; one with double quotes in it (names of fonts) goes between single ones."""
    return f"'{value}'" if '"' in value and "'" not in value else '"' + value.replace('"', "&quot;") + '"'


def _tag_key(name: str, written: str) -> TagKey:
    found = _attributes(written)
    return name.lower(), found.get("class", ""), found.get("id", ""), found.get("style", "")


def _sample_element(tag: str) -> str:
    match = _TOKEN.match(tag)
    assert match
    name = match[1].lower()
    before, after = _SAMPLE_PARENTS.get(name, ("", ""))
    return f"{before}{tag}{'' if name in _VOID else f'</{name}>'}{after}"


def _compare_tags(before: str, after: str) -> _TagStyle:
    old, new = _attributes(before), _attributes(after)
    added = "".join(f" {name}={_quoted(value)}" for name, value in new.items() if name not in old and name != "style")
    return _TagStyle(new.get("style", ""), added)


def _write_tag(name: str, written: str, inlined: _TagStyle) -> str:
    """A tag with its inlined style. Its other attributes stay as the template wrote them."""
    closing = " /" if written.rstrip().endswith("/") else ""
    kept = "".join(
        f" {attribute}={value}" if value else f" {attribute}"
        for attribute, value in _ATTRIBUTE.findall(written.rstrip().removesuffix("/"))
        if attribute.lower() != "style"
    )
    style = f" style={_quoted(_SPACES.sub(';', inlined.style))}" if inlined.style else ""
    return f"<{name}{kept}{inlined.added}{style}{closing}>"


def _keep_style_element(block: str) -> str:
    """A style element that is not to be inlined, unchanged; nothing for the others, which are in the tags now."""
    head = block[: block.index(">") + 1]
    return _IGNORED.sub("", head) + block[len(head) :] if _IGNORED.search(head) else ""
