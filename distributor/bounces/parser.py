"""Parses returned messages into reports: what a bounce or a complaint says, whatever program has written it. Pure.

    bytes ──read──▶ reports        none for an email that a person wrote

Standard forms first: delivery status notifications (RFC 3464, in UTF-8 RFC 6533) and complaints (RFC 5965). What an email
program says in another form is looked through by flufl.bounce, and kept in its words. Answers of machines (RFC 3834)
are no bounces.

All of it is hostile: anybody can write to the address that bounces go to. Nothing here raises, sizes are bounded, text
has no control characters. A report proves nothing by itself; whether it is about an email of ours is shown by what only
that email carries: the token of its envelope (`verp`), its Message-ID, its unsubscribe link.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from enum import StrEnum
from itertools import islice

from pydantic import TypeAdapter

from ..isolated_child import ChildLimits
from ..isolation import ChildProcess
from ..mail import verp
from ..text import clean_line, html_to_text
from .mime_reader import Fields, IncomingMessage, clip_lines, parse_field_blocks, parse_mailboxes, parse_message

log = logging.getLogger("distributor.mail")

LIMITS = ChildLimits(seconds=20.0, processor_seconds=10, memory=256 * 1024 * 1024, answer=10_000_000)
LONGEST = 500  # characters of an answer that are kept
_MOST = 100  # reports of one email
_CLUES = 20  # Message-IDs and links of one email
_ODD = 65_536  # octets of an email without a report that are looked through
_ENVELOPE = (
    "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to",
    "apparently-to", "x-forwarded-to", "resent-to",
)  # fmt: skip
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_FEEDBACK = "message/feedback-report"
_COMPLAINTS = ("abuse", "fraud", "opt-out", "opt-out-list")
_JMRP = "x-hmxmroriginalrecipient"  # in the emails that Outlook.com sends back when a recipient complains

_PROGRAM = re.compile(
    r"mailer-?daemon|mail-?daemon|postmaster|mdaemon|mail\.delivery|mailadmin|mail-?system", re.IGNORECASE
)
_PROGRAM_NAME = re.compile(
    r"mail(?:er)? ?(?:delivery|daemon|administrator)|mailer-daemon|postmaster|hệ thống thư|quản trị thư", re.IGNORECASE
)
_ANSWER = re.compile(
    r"(?:out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?repl|vacation|away from|trả lời tự động|tự động trả lời"
    r"|vắng mặt|nghỉ phép)",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"will (?:be retried|keep trying|continue|try again|retry)|not yet been delivered|has been delayed|is delayed"
    r"|delayed mail|delivery delay|do not need to resend|warning: message|still being retried"
    r"|sẽ (?:tiếp tục |tự động |được )?(?:thử|gửi) (?:lại|gửi)|bị (?:trì hoãn|chậm)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^(?:[-=_*# ]{3,}.*(?:copy|original|returned message|below this line|bản sao|thư gốc|nội dung thư).*"
    r"|(?:return-path|received|dkim-signature): .*)$",
    re.IGNORECASE | re.MULTILINE,
)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_CODED = re.compile(r"^.*(?<![\d.])[45]\d\d[ \-#].*$", re.MULTILINE)
_REFUSED = re.compile(r"(?<![\d.])5\d\d[ \-#]")
_IDS = re.compile(
    r"(?:message-id|in-reply-to|references)\s{0,20}:\s{0,20}((?:<[^<>\s]{3,250}>\s{0,20}){1,20})", re.IGNORECASE
)
_LINK = re.compile(r"/u/(v1\.u\.[A-Za-z0-9._-]{10,300})")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # a hostile message that upsets it is no news to staff


class BounceReportKind(StrEnum):
    """What a report is."""

    BOUNCE = "bounce"  # the email has not arrived, and will not
    COMPLAINT = "complaint"  # its recipient calls it spam
    DELAY = "delay"  # it is still on its way: information
    LEAVE = "unsubscribe"  # somebody has written to the address that unsubscribes them
    OTHER = "other"  # anything else that a machine says: an answer, a receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """What an email says of one recipient.

    `addresses` are the names of the recipient, the one that was written to first. `status` is the enhanced code, `text`
    the words of the far end, at most 500 characters on one line. `via` is the form: `dsn`, `arf`, `text`. `delivery` is the
    number in our own token. `message_ids` and `links` are what the message quotes; any of them may be those of our email.
    """

    kind: BounceReportKind
    addresses: tuple[str, ...] = ()
    status: str = ""
    text: str = ""
    via: str = "text"
    delivery: int | None = None
    message_ids: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def parse_reports(raw: bytes, secrets: tuple[bytes, ...]) -> tuple[BounceReport, ...]:
    """The reports in an email; none where it is no report at all, or one that nobody can read. `secrets` are those that
    sign our tokens."""
    try:
        return _parse_reports(raw, secrets)
    except MemoryError:
        raise  # reported by the child process that reads it
    except Exception:  # one odd message must not keep those behind it waiting
        log.exception("a returned message of %d octets cannot be read", len(raw))
        return ()


def _parse_reports(raw: bytes, secrets: tuple[bytes, ...]) -> tuple[BounceReport, ...]:
    message = parse_message(raw)
    envelope = " ".join(message.headers.get(name, "") for name in _ENVELOPE)
    leaving = verp.read(secrets, envelope, verp.LEAVE)
    if leaving:
        return (_wish_to_leave(message, leaving),)
    found = list(islice(_reports(message, raw), _MOST))
    if not found:
        return ()
    text = message.text
    number = verp.read(secrets, envelope) or verp.read(secrets, text)
    ids = [id for group in _IDS.finditer(text) for id in re.findall(r"<[^<>\s]+>", group[1])]
    links = tuple(dict.fromkeys(_LINK.findall(text)))[:_CLUES]
    return tuple(
        replace(report, delivery=number, message_ids=tuple(dict.fromkeys(ids))[:_CLUES], links=links)
        for report in found
    )


def _wish_to_leave(message: IncomingMessage, delivery: int) -> BounceReport:
    """What an email to the address that unsubscribes says: subject and text do not count, as programs drop or translate
    them. Only what no person has asked for is left aside."""
    if _by_machine(message):
        return BounceReport(kind=BounceReportKind.OTHER, text="an automatic answer")
    return BounceReport(kind=BounceReportKind.LEAVE, via="mailto", delivery=delivery)


def _by_machine(message: IncomingMessage) -> bool:
    """Whether an email is a report, an answer of a machine (RFC 3834), or from a list."""
    headers = message.headers
    return (
        bool(message.report)
        or headers.get("return-path", "").strip() == "<>"
        or headers.get("auto-submitted", "no").strip().lower() not in ("no", "")
        or headers.get("precedence", "").strip().lower() in ("bulk", "junk", "list")
        or "list-id" in headers
        or _is_answer(message)
        or _by_program(message)
    )


def _reports(message: IncomingMessage, raw: bytes) -> Iterator[BounceReport]:
    feedback, status = message.of(_FEEDBACK), message.of(*_STATUS_TYPES)
    if feedback:
        yield _complaint(message, feedback.fields())
    elif status:
        yield from (
            _notification(message, fields) for fields in parse_field_blocks(status.text) if _is_recipient(fields)
        )
    elif message.report == "disposition-notification":
        yield BounceReport(kind=BounceReportKind.OTHER, text="a receipt: the letter was opened")
    elif attached := message.of("message/rfc822", "text/rfc822-headers"):
        yield from _jmrp(attached.fields()) or _nonstandard_reports(message, raw)
    else:
        yield from _nonstandard_reports(message, raw)


# -- the standard forms ------------------------------------------------------------------------------------------------


def _is_recipient(fields: Fields) -> bool:
    return bool({"final-recipient", "action", "status"} & fields.keys())


def _notification(message: IncomingMessage, fields: Fields) -> BounceReport:
    """One recipient of a delivery status notification: RFC 3464, section 2.3."""
    status = _STATUS.search(fields.get("status", ""))
    recipients = [_recipient(fields[name]) for name in ("original-recipient", "final-recipient") if name in fields]
    kind = _kind_of(fields.get("action", "").lower(), fields.get("status", ""))
    said = fields.get("diagnostic-code", "")
    words = said.partition(";")[2] if re.match(r"[\w-]{1,30} ?;", said) else said
    return BounceReport(
        kind=kind,
        addresses=tuple(dict.fromkeys(filter(None, recipients))),
        status=status[1] if status else "",
        text=clean_line(words)[:LONGEST] or _program_text(message),
        via="dsn",
    )


def _kind_of(action: str, status: str) -> BounceReportKind:
    """Some servers write `error` or leave the action out; some put a comment behind it."""
    if action.startswith(("fail", "error", "undeliver")) or (not action and status.startswith("5")):
        return BounceReportKind.BOUNCE
    return BounceReportKind.DELAY if action.startswith("delay") else BounceReportKind.OTHER


def _recipient(value: str) -> str:
    """The address in `rfc822; lan@example.com`, or in the UTF-8 form of RFC 6533, section 3; empty where there is none."""
    kind, parted, address = value.partition(";")
    address = clean_line(_ESCAPED.sub(_sign, address if parted else kind)).strip("<> ")
    if "@" not in address:  # the encoding of an SMTP parameter, left as it was: RFC 3461, section 4
        address = re.sub(r"\+([0-9A-F]{2})", lambda code: chr(int(code[1], 16)), address)
    return clean_line(address) if "@" in address and len(address) <= 320 else ""


def _sign(escaped: re.Match[str]) -> str:
    number = int(escaped[1], 16)
    return chr(number) if number < 0x110000 else ""


def _complaint(message: IncomingMessage, fields: Fields) -> BounceReport:
    """RFC 5965. What else comes in this form (RFC 6430, 6591) is no complaint."""
    kind = fields.get("feedback-type", "").lower()
    original = message.of("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
    names = [fields.get("original-rcpt-to", "")]
    if original:
        names += [original.fields().get(name, "") for name in ("delivered-to", "to")]
    by = fields.get("user-agent") or fields.get("reporting-mta") or message.headers.get("from", "")
    return BounceReport(
        kind=BounceReportKind.COMPLAINT if kind in _COMPLAINTS else BounceReportKind.OTHER,
        addresses=_addresses(names),
        text=clean_line(f"{kind or 'feedback'}, reported by {by}")[:LONGEST],
        via="arf",
    )


def _jmrp(original: Fields) -> tuple[BounceReport, ...]:
    address = _addresses([original.get(_JMRP, "")])
    return (
        (
            BounceReport(
                kind=BounceReportKind.COMPLAINT, addresses=address, text="abuse, reported by Outlook.com", via="arf"
            ),
        )
        if address
        else ()
    )


def _addresses(values: list[str]) -> tuple[str, ...]:
    named = [one for value in values if value for one in parse_mailboxes(value.replace(";", ","))]
    found = [clean_line(address) for _, address in named]
    return tuple(dict.fromkeys(address for address in found if "@" in address and len(address) <= 320))[:_CLUES]


# -- what follows no standard ------------------------------------------------------------------------------------------


def _nonstandard_reports(message: IncomingMessage, raw: bytes) -> tuple[BounceReport, ...]:
    program = _by_program(message)
    if _is_answer(message) and not program:
        return (BounceReport(kind=BounceReportKind.OTHER, text="an automatic answer"),)
    if not program and message.headers.get("return-path") != "<>":
        return ()
    delayed, failed = _failures(raw)
    text = _program_text(message)
    status = _STATUS.search(text)
    waits = not failed and not _REFUSED.search(text) and _DELAY.search(f"{message.headers.get('subject', '')} {text}")
    one = BounceReport(
        kind=BounceReportKind.DELAY if waits or (delayed and not failed) else BounceReportKind.BOUNCE,
        status=status[1] if status else "",
        text=text,
    )
    return tuple(replace(one, addresses=(address,)) for address in failed or delayed) or (one,)


def _by_program(message: IncomingMessage) -> bool:
    """Whether it says that it comes from an email program."""
    sender = message.headers.get("from", "")
    name, address = (parse_mailboxes(sender) or [("", "")])[0]
    local = address.rpartition("@")[0] or address
    return bool(_PROGRAM.match(local) or _PROGRAM_NAME.search(name) or "x-failed-recipients" in message.headers)


def _is_answer(message: IncomingMessage) -> bool:
    """RFC 3834, section 5, and the older ways to say the same."""
    if message.headers.get("auto-submitted", "").lower().startswith("auto-replied"):
        return True
    if {"x-autoreply", "x-autorespond", "x-autoresponder"} & message.headers.keys():
        return True
    if message.headers.get("precedence", "").lower() in ("auto_reply", "auto-reply"):
        return True
    return bool(_ANSWER.match(message.headers.get("subject", "")))


def _failures(raw: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses that flufl.bounce finds: delayed ones, and those that have failed."""
    from flufl.bounce import all_failures

    try:
        delayed, failed = all_failures(message_from_bytes(clip_lines(raw, _ODD)))
    except Exception:  # it guarantees nothing for what is no message
        return (), ()
    return _addresses([one.decode("ascii", "ignore") for one in sorted(delayed)]), _addresses(
        [one.decode("ascii", "ignore") for one in sorted(failed)]
    )


def _program_text(message: IncomingMessage) -> str:
    """What the email program says in its own words, before it quotes our email: lines with a code, or the beginning."""
    words = next(
        (_words(part.media_type, part.text) for part in message.parts if part.media_type.startswith("text/")), ""
    )
    copy = _COPY.search(words)
    words = words[: copy.start()] if copy else words
    coded = " ".join(line.strip() for line in _CODED.findall(words[:20_000])[:4])
    return clean_line(coded or words)[:LONGEST]


def _words(media_type: str, text: str) -> str:
    try:
        return html_to_text(text[:20_000]) if media_type == "text/html" else text[:20_000]
    except Exception:  # HTML that no parser takes
        return ""


# -- in a child process --------------------------------------------------------------------------------------------------

_REPORTS = TypeAdapter(tuple[BounceReport, ...])


class IsolatedBounceParser:
    """Reads one message after the other in a child process, as anybody can write to the address that bounces go to.

    `secrets` are those that sign our tokens.
    """

    def __init__(self, secrets: tuple[bytes, ...], *, limits: ChildLimits = LIMITS) -> None:
        self._secrets = secrets
        self._child = ChildProcess(_parse, limits=limits)

    def read(self, raw: bytes) -> tuple[BounceReport, ...]:
        """The reports in an email; none where it is no report. Raises LimitExceeded where it does not let itself be read."""
        return _REPORTS.validate_json(self._child.call(raw, self._secrets))

    def __enter__(self) -> IsolatedBounceParser:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close()


def _parse(raw: bytes, secrets: tuple[bytes, ...]) -> bytes:
    return _REPORTS.dump_json(parse_reports(raw, secrets))
