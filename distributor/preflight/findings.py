"""What the gate can find, by name. Pure.

BLOCK is for what readers cannot use, what reaches them wrong, or what large providers refuse: nobody should send that
without having looked. WARN is for what is worse than it should be. Each name can be forced past the gate, so each
stands for one thing only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_PER_CHECK = 5  # findings of one check that are told one by one; of a fault in a template there may be hundreds


class Severity(StrEnum):
    """What a finding means for the edition."""

    BLOCK = "block"  # it must not go out unless somebody says so
    WARN = "warn"  # it may go out; staff should know


@dataclass(frozen=True, slots=True)
class Check:
    """One check as staff know it: how much it weighs, and what must be true."""

    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in words: what it is and what to do. `where` is a header, a line of the HTML, or words of the letter.

    `about` are the values at fault as they stand in the letter: an address, colours, words. `key` is the key of
    config.yaml that is the cause, with its line, where one is.
    """

    check: str
    severity: Severity
    message: str
    where: str = ""
    about: tuple[str, ...] = field(default=(), compare=False)
    key: str = ""

    @property
    def place(self) -> str:
        """Where staff mend it: the key that is the cause, else where it shows."""
        return self.key or self.where


_B, _W = Severity.BLOCK, Severity.WARN

CHECKS: dict[str, Check] = {
    # the message as bytes
    "parts": Check(_B, "The letter is readable, and has a text part before its HTML part, both UTF-8 and not empty."),
    "line-ends": Check(_B, "Lines end in CRLF, and there is no NUL and no lone CR or LF (RFC 5321, 2.3.8)."),
    "long-line": Check(_B, "No line is longer than 998 octets (RFC 5322, 2.1.1)."),
    "eight-bit": Check(_W, "The body travels as ASCII: a relay that has to re-encode it breaks the signature."),
    # headers
    "header-missing": Check(_B, "Every header that large providers ask of newsletters is there."),
    "header-twice": Check(_B, "No header that may stand once stands twice (RFC 5322, 3.6)."),
    "date": Check(_B, "The date is readable, has a zone, and is not far from now."),
    "sender": Check(_B, "From and To hold one valid address each."),
    "message-id": Check(_B, "The Message-ID has the form <left@right> (RFC 5322, 3.6.4)."),
    "list-id": Check(_B, "The List-Id ends in <an.identifier> of at most 255 octets (RFC 2919)."),
    "list-unsubscribe": Check(_B, "List-Unsubscribe is one unfolded line with exactly one https link (RFC 8058)."),
    "unsubscribe-mailto": Check(_W, "List-Unsubscribe also names a mailto address, for programs without one-click."),
    "one-click": Check(_B, "List-Unsubscribe-Post says List-Unsubscribe=One-Click, and nothing else (RFC 8058, 3.1)."),
    "own-host": Check(_B, "The unsubscribe link leads to a host of ours."),
    # the subject
    "subject": Check(_B, "The subject is read back exactly as it was meant."),
    "encoded-word": Check(_B, "Encoded words keep to 75 characters, hold whole letters and stand apart (RFC 2047)."),
    "subject-empty": Check(_B, "The letter has a subject."),
    "subject-long": Check(_W, "The subject is at most 120 letters long; phones show about 40."),
    "subject-capitals": Check(_W, "The subject is not written in capitals only."),
    "subject-marks": Check(_W, "The subject has at most one exclamation mark."),
    # what a mail must not hold
    "script": Check(_B, "There is no script, no event handler and no javascript: address."),
    "form": Check(_B, "There is no form or field to fill in; most mail programs disable them and warn."),
    "embedded": Check(_B, "There is no iframe, object, embed, applet, audio or video."),
    "outside-style": Check(_B, "No style sheet is linked or imported; no mail program loads one."),
    "outside-font": Check(_W, "No font is loaded from outside; few programs do, and it tells who reads."),
    "lazy-loading": Check(_W, "No picture loads lazily; in mail it may never load."),
    "srcset": Check(_W, "Pictures have one address, not several to choose from (srcset, picture)."),
    "data-uri": Check(_B, "Nothing stands in a data: address; Gmail and Outlook show a hole instead."),
    "style-weight": Check(_W, "Style elements hold at most 16 kB together; Gmail drops what is longer."),
    # for those who listen to a page
    "page-language": Check(_W, "The html element says its language."),
    "page-title": Check(_W, "The page has a title."),
    "headings": Check(_W, "There is one h1, and no level of headings is skipped."),
    "layout-table": Check(_W, 'Tables that are there for looks say role="presentation".'),
    # links
    "link-address": Check(_B, "Every link is a full http, https or mailto address."),
    "link-placeholder": Check(_B, "No link is a placeholder: empty, #, TODO, example.com or localhost."),
    "link-words": Check(_W, "Every link has words, or a picture with words."),
    "unexpanded": Check(_B, "No place of a template is left unfilled: @@field:…, or {{ … }} in an address."),
    "template-words": Check(_W, "The words hold nothing that looks like a template ({{ … }}, {% … %}, *|…|*)."),
    "dead-link": Check(_W, "No link answers that its page is gone (404, 410)."),
    "dead-links": Check(_B, "Not most of the links are gone at once, as when the addresses are made wrongly."),
    "no-answer": Check(_W, "The host of every link has a name that is known and takes connections."),
    # pictures
    "image-address": Check(_B, "Every picture has a full http or https address."),
    "image-http": Check(_W, "Pictures come over https; some programs do not show others."),
    "image-alt": Check(_W, 'Every picture has words in alt; an ornament has alt="" and role="presentation".'),
    "image-size": Check(_W, "Width is a whole number of pixels, and height too where it is given; Outlook needs it."),
    "image-format": Check(_W, "Pictures are JPEG, PNG or GIF; Outlook shows no SVG, WebP or AVIF."),
    # reading
    "invisible-words": Check(_B, "No words have nearly the colour of their ground, by day or in dark mode."),
    "contrast": Check(_W, "Words stand out from their ground: 4.5 to 1, large ones 3 to 1 (WCAG 2.2, 1.4.3)."),
    "contrast-dark": Check(_W, "The same holds in dark mode."),
    "small-text": Check(_B, "Words are at least 14 px high, in the footer at least 12 px."),
    "small-footer": Check(_W, "Words in the footer are at least 14 px high, too."),
    "turning-characters": Check(_B, "No character turns the writing direction and hides what a line says (UAX #9)."),
    "invisible-characters": Check(
        _W, "No control or zero-width characters stand among the words; Gmail may cut there."
    ),
    "damaged-letters": Check(_W, "No letter was lost on the way (U+FFFD, the question mark in a diamond)."),
    "preheader": Check(_W, "The line that mail programs show beside the subject is there, and is not the subject."),
    "preheader-long": Check(_W, "That line is at most 200 letters long."),
    "images-only": Check(_W, "A letter with pictures has words too; filters take it for spam otherwise."),
    "little-text": Check(_W, "The letter has at least 20 words beside its footer."),
    # the text part
    "text-stories": Check(_B, "Every linked headline of the page has its link in the text part."),
    "text-links": Check(_W, "Every other link of the page stands in the text part."),
    "text-headlines": Check(_W, "Every heading of the page stands in the text part."),
    # the way out
    "unsubscribe-page": Check(_B, "The page shows the unsubscribe link of the header, in words."),
    "unsubscribe-text": Check(_B, "The text part shows the unsubscribe link of the header."),
    "unsubscribe-clipped": Check(_B, "The unsubscribe link stands before the place where Gmail may cut the letter."),
    # weight
    "size": Check(_B, "The HTML is at most 95 kB; Gmail cuts it at about 102 kB."),
    "size-encoded": Check(_W, "The HTML as it is encoded for travelling is at most 102 kB; Gmail may count that."),
    # the newsroom
    "placeholder": Check(_B, "What goes to people holds nothing that `init` has filled in: names, addresses, sender."),
    "placeholder-beside": Check(_W, "Nor do the channels beside them, which stay on this machine."),
    "sample-article": Check(_B, "No article of the example that `init` lays down goes to people."),
}


def finding(check: str, message: str, where: str = "", about: tuple[str, ...] = ()) -> Finding:
    """A finding of a check, with the weight that the table gives it. What it quotes can no longer act on a terminal."""
    return Finding(check, CHECKS[check].severity, _printable(message), _printable(where), about)


def _printable(words: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in words)


def summarize_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in the order of the table, each once, and of one check no more than a person reads."""
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for one in dict.fromkeys(findings):
        by_check[one.check].append(one)
    out: list[Finding] = []
    for check in CHECKS:
        found = by_check[check]
        keyed = [one for one in found if one.key and not one.about]  # of config.yaml: each is mended by itself
        others = [one for one in found if one not in keyed]
        out += [*keyed, *others[:MAX_PER_CHECK]]
        if len(others) > MAX_PER_CHECK:
            out.append(finding(check, f"and {len(others) - MAX_PER_CHECK} more of this kind"))
    return out


def blocking_findings(findings: Iterable[Finding], forced: Iterable[str] = ()) -> list[Finding]:
    """The findings that keep an edition from going out. Raises ValueError for a forced name that is no check."""
    passed = frozenset(forced)
    if unknown := sorted(passed - CHECKS.keys()):
        raise ValueError(f"there is no check {unknown[0]!r}; there are: {', '.join(CHECKS)}")
    return [one for one in findings if one.severity is Severity.BLOCK and one.check not in passed]
