"""Findings of preflight, and the table of all checks by name. Pure.

BLOCK is for what recipients cannot use, what reaches them wrong, or what large providers reject: nobody should send that
without having seen it. WARN is for what is worse than it should be. Staff can force each check by its name, so each name
stands for one kind of fault only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

MAX_PER_CHECK = 5  # findings of one check that are reported one by one; a fault in a template may cause hundreds


class Severity(StrEnum):
    """The consequence of a finding for the edition."""

    BLOCK = "block"  # it must not go out unless staff force the check
    WARN = "warn"  # it may go out; staff should know


@dataclass(frozen=True, slots=True)
class Check:
    """A check as staff know it: its severity, and what must be true."""

    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault: what it is and what to do. `where` is a header, a line of the HTML, or a quotation.

    `about` are the values at fault as the email has them: an address, colors, a text. `key` is the key of config.yaml
    that is the cause, with its line, where one is.
    """

    check: str
    severity: Severity
    message: str
    where: str = ""
    about: tuple[str, ...] = field(default=(), compare=False)
    key: str = ""

    @property
    def place(self) -> str:
        """Where staff fix it: the key that is the cause, otherwise the place in the email."""
        return self.key or self.where


_B, _W = Severity.BLOCK, Severity.WARN

CHECKS: dict[str, Check] = {
    # the message as bytes
    "parts": Check(
        _B, "The message can be parsed, and has a text part before its HTML part, both UTF-8 and not empty."
    ),
    "line-ends": Check(_B, "Lines end in CRLF, and there is no NUL and no lone CR or LF (RFC 5321, 2.3.8)."),
    "long-line": Check(_B, "No line is longer than 998 octets (RFC 5322, 2.1.1)."),
    "eight-bit": Check(_W, "The body is encoded as ASCII: a relay that has to re-encode it breaks the signature."),
    # headers
    "missing-header": Check(_B, "Every header that large providers require of newsletters is there."),
    "duplicate-header": Check(_B, "No header that may occur once occurs twice (RFC 5322, 3.6)."),
    "date": Check(_B, "The date is valid, has a time zone, and is not far from now."),
    "sender": Check(_B, "From and To hold one valid address each."),
    "message-id": Check(_B, "The Message-ID has the form <left@right> (RFC 5322, 3.6.4)."),
    "list-id": Check(_B, "The List-Id ends in <an.identifier> of at most 255 octets (RFC 2919)."),
    "list-unsubscribe": Check(_B, "List-Unsubscribe is one unfolded line with exactly one https link (RFC 8058)."),
    "unsubscribe-mailto": Check(_W, "List-Unsubscribe also names a mailto address, for programs without one-click."),
    "one-click": Check(_B, "List-Unsubscribe-Post says List-Unsubscribe=One-Click, and nothing else (RFC 8058, 3.1)."),
    "own-host": Check(_B, "The unsubscribe link leads to one of our own hosts."),
    # the subject
    "subject": Check(_B, "The subject is decoded exactly as it was written."),
    "encoded-word": Check(
        _B, "Encoded words have at most 75 characters, hold whole characters, and are separated by spaces (RFC 2047)."
    ),
    "subject-empty": Check(_B, "The email has a subject."),
    "subject-long": Check(_W, "The subject has at most 120 characters; phones show about 40."),
    "subject-capitals": Check(_W, "The subject is not written in capitals only."),
    "subject-exclamation": Check(_W, "The subject has at most one exclamation mark."),
    # what an email must not contain
    "script": Check(_B, "There is no script, no event handler and no javascript: address."),
    "form": Check(_B, "There is no form or input field; most mail programs disable them and warn."),
    "embedded": Check(_B, "There is no iframe, object, embed, applet, audio or video."),
    "external-style": Check(_B, "No style sheet is linked or imported; no mail program loads one."),
    "external-font": Check(
        _W, "No font is loaded from another server; few programs do, and it reveals who opens the email."
    ),
    "lazy-loading": Check(_W, "No image loads lazily; in an email it may never load."),
    "srcset": Check(_W, "Images have one address, not several to choose from (srcset, picture)."),
    "data-uri": Check(_B, "Nothing is embedded as a data: address; Gmail and Outlook show nothing instead."),
    "style-size": Check(_W, "Style elements hold at most 16 kB together; Gmail drops larger ones."),
    "css-support": Check(_W, "The styles use nothing that widely used mail programs lack."),
    # for screen readers
    "page-language": Check(_W, "The html element says its language."),
    "page-title": Check(_W, "The page has a title."),
    "headings": Check(_W, "There is one h1, and no level of headings is skipped."),
    "layout-table": Check(_W, 'Tables for layout have role="presentation".'),
    # links
    "link-url": Check(_B, "Every link is a full http, https, mailto or tel address."),
    "link-placeholder": Check(_B, "No link is a placeholder: empty, #, TODO, example.com or localhost."),
    "link-text": Check(_W, "Every link has a text, or an image with alternative text."),
    "unfilled-field": Check(
        _B, "No merge field and no expression of a template is left unfilled: @@field:…, or {{ … }} in an address."
    ),
    "template-syntax": Check(_W, "The text contains nothing that looks like a template ({{ … }}, {% … %}, *|…|*)."),
    "dead-link": Check(_W, "No link leads to a page that is gone (404, 410)."),
    "dead-links": Check(_B, "Most links work; when most are gone at once, their addresses are probably built wrongly."),
    "unreachable-link": Check(_W, "The host of every link has a known name and accepts connections."),
    # images
    "image-url": Check(_B, "Every image has a full http or https address."),
    "image-http": Check(_W, "Images are loaded over https; some programs show no others."),
    "image-alt": Check(_W, 'Every image has alternative text; a decorative one has alt="" and role="presentation".'),
    "image-size": Check(
        _W, "The width is a whole number of pixels, and so is the height where it is given; Outlook needs that."
    ),
    "image-format": Check(_W, "Images are JPEG, PNG or GIF; Outlook shows no SVG, WebP or AVIF."),
    # readability
    "invisible-text": Check(_B, "No text has nearly the color of its background, in light or dark mode."),
    "contrast": Check(_W, "Text has a contrast of 4.5 to 1, large text of 3 to 1 (WCAG 2.2, 1.4.3)."),
    "contrast-dark": Check(_W, "The same holds in dark mode."),
    "small-text": Check(_B, "Text is at least 14 px high, in the footer at least 12 px."),
    "small-footer": Check(_W, "Text in the footer is at least 14 px high, too."),
    "bidi-characters": Check(_B, "No character changes the writing direction and so hides what a line says (UAX #9)."),
    "invisible-characters": Check(
        _W, "The text contains no control and no zero-width characters; Gmail may cut there."
    ),
    "replacement-characters": Check(
        _W, "No character was lost by a wrong charset (U+FFFD, the question mark in a diamond)."
    ),
    "preheader": Check(
        _W, "The preheader, which mail programs show beside the subject, is there and differs from the subject."
    ),
    "preheader-long": Check(_W, "The preheader has at most 200 characters."),
    "images-only": Check(_W, "An email with images has text too; filters take it for spam otherwise."),
    "little-text": Check(_W, "The email has at least 20 words besides its footer."),
    # the text part
    "text-articles": Check(_B, "The link of every headline of the page is in the text part, too."),
    "text-links": Check(_W, "Every other link of the page is in the text part, too."),
    "text-headlines": Check(_W, "Every heading of the page is in the text part, too."),
    # the unsubscribe link
    "unsubscribe-page": Check(_B, "The page shows the unsubscribe link of the header, with a text."),
    "unsubscribe-text": Check(_B, "The text part shows the unsubscribe link of the header."),
    "unsubscribe-clipped": Check(_B, "The unsubscribe link comes before the place where Gmail may cut the email."),
    # size
    "size": Check(_B, "The HTML is at most 95 kB; Gmail cuts it at about 102 kB."),
    "size-encoded": Check(_W, "The encoded HTML is at most 102 kB; Gmail may count that."),
    # the newsroom
    "wording": Check(
        _B, "What staff write for subscribers has no placeholder, no place in braces and no merge tag: nobody fills it."
    ),
    "placeholder": Check(
        _B, "What reaches subscribers holds no placeholder of `distributor init`: names, addresses, sender."
    ),
    "placeholder-local": Check(_W, "Nor do the channels that stay on this machine."),
    "sample-article": Check(_B, "No sample article of `distributor init` reaches subscribers."),
}


def finding(check: str, message: str, where: str = "", about: tuple[str, ...] = ()) -> Finding:
    """A finding of a check, with the severity of the table. What it quotes is made safe for terminals."""
    return Finding(check, CHECKS[check].severity, _printable(message), _printable(where), about)


def _printable(words: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in words)


def summarize_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in the order of the table, each once, and at most MAX_PER_CHECK of a check."""
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for one in dict.fromkeys(findings):
        by_check[one.check].append(one)
    out: list[Finding] = []
    for check in CHECKS:
        found = by_check[check]
        keyed = [one for one in found if one.key and not one.about]  # of config.yaml: each is fixed by itself
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
