"""Returned mail of many kinds, made up in the manner of the programs that send it, and what is to be read in it.

{token}     the token of the delivery, in the address that the mail came to
{id}        the Message-ID of our letter
{link}      the token of its unsubscribe link
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from distributor.bounces.parser import BounceReportKind
from distributor.model import BounceType

LAN = "lan@example.com"
TO = "To: bounce+{token}@bacson.example\n"


@dataclass(frozen=True)
class Case:
    """A mail, and what it says: of what kind, of whom (the last name of the recipient), with which code and tier."""

    text: str
    kind: BounceReportKind | None
    address: str = LAN
    status: str = ""
    type: BounceType | None = None
    said: str = ""

    def raw(self, *, token: str = "", id: str = "<none@bacson.example>", link: str = "") -> bytes:
        filled = self.text.replace("{token}", token).replace("{id}", id).replace("{link}", link)
        return filled.encode().replace(b"\n", b"\r\n")


ORIGINAL = """\
Return-Path: <bounce@bacson.example>
From: Báo Bắc Sơn <tin@bacson.example>
To: lan@example.com
Subject: Tin sáng: địa chỉ không tồn tại, mailbox full, user unknown
Message-ID: {id}
List-Unsubscribe: <https://bacson.example/u/{link}>
"""


def dsn(
    fields: str,
    *,
    head: str = "From: MAILER-DAEMON@mx.example (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender\n",
    to: str = TO,
    words: str = "Your message could not be delivered.",
    status: str = "message/delivery-status",
    original: str = "text/rfc822-headers",
    message: str = "Reporting-MTA: dns; mx.example\nArrival-Date: Mon, 23 Nov 2026 07:00:01 +0700\n",
    report: str = "delivery-status",
) -> str:
    """A notification as RFC 3464 has it: `fields` are those of its recipients."""
    return (
        f"{head}{to}Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={report}; boundary="=_b"\n\n'
        f"--=_b\nContent-Type: text/plain; charset=utf-8\n\n{words}\n\n"
        f"--=_b\nContent-Type: {status}\n\n{message}\n{fields}\n"
        f"--=_b\nContent-Type: {original}\n\n{ORIGINAL}\n--=_b--\n"
    )


def plain(head: str, words: str, to: str = TO) -> str:
    return f"{head}{to}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"


def recipient(status: str, said: str, address: str = LAN, action: str = "failed", more: str = "") -> str:
    return (
        f"Final-Recipient: rfc822; {address}\n{more}Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {said}\n"
    )


GOOGLE = (
    "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Failure)\n"
)
MICROSOFT = "From: postmaster@outlook.com\nSubject: Undeliverable: =?utf-8?b?VGluIHPDoW5n?=\n"
QMAIL = (
    """\
Hi. This is the qmail-send program at mail.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<lan@example.com>:
192.0.2.4 does not like recipient.
Remote host said: 550 5.1.1 <lan@example.com>... User unknown
Giving up on 192.0.2.4.

--- Below this line is a copy of the message.

"""
    + ORIGINAL
)
EXIM = (
    """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  lan@example.com
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

"""
    + ORIGINAL
)
FEEDBACK = "Feedback-Type: {kind}\nUser-Agent: Yahoo!-Mail-Feedback/2.0\nVersion: 0.1\n"


def arf(fields: str, original: str = ORIGINAL, to: str = "To: fbl@bacson.example\n") -> str:
    """A complaint as RFC 5965 has it."""
    return (
        f"From: Complaints <feedback@arf.example>\n{to}Subject: FW: Tin\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=_a"\n\n'
        "--=_a\nContent-Type: text/plain\n\nThis is an email abuse report.\n\n"
        f"--=_a\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--=_a\nContent-Type: message/rfc822\n\n{original}\nBody.\n--=_a--\n"
    )


BOUNCES = {
    "Gmail, nobody there": Case(
        dsn(
            recipient(
                "5.1.1",
                "550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
                " 550-5.1.1 double-checking the recipient's email address for typos. NoSuchUser",
            ),
            head=GOOGLE,
        ),
        BounceReportKind.BOUNCE,
        status="5.1.1",
        type=BounceType.HARD,
        said="does not exist",
    ),
    "Gmail, over quota": Case(
        dsn(recipient("5.2.2", "552-5.2.2 The email account that you tried to reach is over quota."), head=GOOGLE),
        BounceReportKind.BOUNCE,
        status="5.2.2",
        type=BounceType.SOFT,
        said="over quota",
    ),
    "Gmail, account inactive": Case(
        dsn(recipient("5.2.1", "550-5.2.1 The email account that you tried to reach is inactive."), head=GOOGLE),
        BounceReportKind.BOUNCE,
        status="5.2.1",
        type=BounceType.HARD,
    ),
    "Gmail, not signed": Case(
        dsn(
            recipient(
                "5.7.26",
                "550-5.7.26 This mail has been blocked because the sender is unauthenticated. DKIM = did not pass",
            ),
            head=GOOGLE,
        ),
        BounceReportKind.BOUNCE,
        status="5.7.26",
        type=BounceType.POLICY,
    ),
    "Gmail, busy reader behind the code of a closed mailbox": Case(
        dsn(
            recipient(
                "5.2.1", "550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more"
            )
        ),
        BounceReportKind.BOUNCE,
        status="5.2.1",
        type=BounceType.SOFT,
    ),
    "Outlook 365, nobody there": Case(
        dsn(
            "Final-Recipient: rfc822;lan@example.com\nAction: failed\nStatus: 5.1.10\n"
            "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\n",
            head=MICROSOFT,
            original="message/rfc822",
        ),
        BounceReportKind.BOUNCE,
        status="5.1.10",
        type=BounceType.HARD,
        said="RecipientNotFound",
    ),
    "Outlook 365, turned away at the edge": Case(
        dsn(recipient("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"), head=MICROSOFT),
        BounceReportKind.BOUNCE,
        status="5.4.1",
        type=BounceType.HARD,
    ),
    "Outlook 365, no such domain": Case(
        dsn(recipient("5.4.310", "550 5.4.310 DNS domain example.com does not exist"), head=MICROSOFT),
        BounceReportKind.BOUNCE,
        status="5.4.310",
        type=BounceType.HARD,
    ),
    "Outlook, on a block list": Case(
        dsn(
            recipient(
                "5.7.1",
                "550 5.7.1 Unfortunately, messages from [192.0.2.9] weren't sent: it is on our block list (S3150)",
            )
        ),
        BounceReportKind.BOUNCE,
        status="5.7.1",
        type=BounceType.POLICY,
    ),
    "Hotmail, the sentence that may mean anything": Case(
        dsn(recipient("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable")),
        BounceReportKind.BOUNCE,
        status="5.5.0",
        type=BounceType.SOFT,
    ),
    "Postfix, user unknown": Case(
        dsn(
            recipient(
                "5.1.1",
                "550 5.1.1 <lan@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
                more="Original-Recipient: rfc822;lan@example.com\n",
            )
        ),
        BounceReportKind.BOUNCE,
        status="5.1.1",
        type=BounceType.HARD,
    ),
    "Postfix, no such domain": Case(
        dsn(
            "Final-Recipient: rfc822; lan@example.com\nAction: failed\nStatus: 5.4.4\n"
            "Diagnostic-Code: X-Postfix; Host or domain name not found. Name service error\n"
            "    for name=example.com type=A: Host not found\n"
        ),
        BounceReportKind.BOUNCE,
        status="5.4.4",
        type=BounceType.HARD,
        said="Name service error for name",
    ),
    "Postfix, given up after days": Case(
        dsn(
            "Final-Recipient: rfc822; lan@example.com\nAction: failed\nStatus: 4.4.1\n"
            "Diagnostic-Code: X-Postfix; connect to mx.example.com: timed out\n"
        ),
        BounceReportKind.BOUNCE,
        status="4.4.1",
        type=BounceType.SOFT,
    ),
    "Postfix, still trying": Case(
        dsn(
            recipient("4.4.1", "421 4.4.1 timed out", action="delayed"),
            head="From: MAILER-DAEMON@mx.example\nSubject: Delayed Mail (still being retried)\n",
        ),
        BounceReportKind.DELAY,
        status="4.4.1",
    ),
    "Postfix, delivered as asked": Case(
        dsn(recipient("2.0.0", "250 2.0.0 Ok", action="delivered")), BounceReportKind.OTHER, status="2.0.0"
    ),
    "Postfix, a forwarder's target is gone": Case(
        dsn(
            recipient(
                "5.1.1",
                "550 5.1.1 User unknown",
                address="lan.cu@forward.example",
                more="Original-Recipient: rfc822;lan@example.com\n",
            )
        ),
        BounceReportKind.BOUNCE,
        address="lan.cu@forward.example",
        status="5.1.1",
        type=BounceType.HARD,
    ),
    "Exim, a report without a telling code": Case(
        dsn(
            "Action: failed\nFinal-Recipient: rfc822;lan@example.com\nStatus: 5.0.0\n"
            "Remote-MTA: dns; mx.example.com\nDiagnostic-Code: smtp; 550 No such user here\n"
        ),
        BounceReportKind.BOUNCE,
        status="5.0.0",
        type=BounceType.HARD,
    ),
    "Exim, in its own form": Case(
        plain(
            "From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
            "X-Failed-Recipients: lan@example.com\nAuto-Submitted: auto-replied\n",
            EXIM,
        ),
        BounceReportKind.BOUNCE,
        type=BounceType.HARD,
        said="Unrouteable address",
    ),
    "qmail": Case(
        plain("From: MAILER-DAEMON@mail.example\nSubject: failure notice\n", QMAIL),
        BounceReportKind.BOUNCE,
        status="5.1.1",
        type=BounceType.HARD,
    ),
    "sendmail, user unknown behind 5.3.0": Case(
        dsn(recipient("5.3.0", "553 5.3.0 <lan@example.com>... No such user here")),
        BounceReportKind.BOUNCE,
        status="5.3.0",
        type=BounceType.HARD,
    ),
    "Yahoo, no account": Case(
        dsn(
            recipient(
                "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (lan@example.com) [0]"
            )
        ),
        BounceReportKind.BOUNCE,
        status="5.0.0",
        type=BounceType.HARD,
    ),
    "Yahoo, complaints hold us back": Case(
        dsn(
            recipient(
                "4.7.0",
                "421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected volume or user complaints",
            )
        ),
        BounceReportKind.BOUNCE,
        status="4.7.0",
        type=BounceType.POLICY,
    ),
    "OpenSMTPD, an action of its own": Case(
        dsn("Final-Recipient: rfc822; lan@example.com\nAction: error\nStatus: 5.1.1\n"),
        BounceReportKind.BOUNCE,
        status="5.1.1",
        type=BounceType.HARD,
    ),
    "a message that is too large for them": Case(
        dsn(recipient("5.2.3", "552 5.2.3 Message size exceeds fixed maximum message size")),
        BounceReportKind.BOUNCE,
        status="5.2.3",
        type=BounceType.POLICY,
    ),
    "a domain that takes no mail (null MX)": Case(
        dsn(recipient("5.1.10", "556 5.1.10 Domain example.com does not accept mail (nullMX)")),
        BounceReportKind.BOUNCE,
        status="5.1.10",
        type=BounceType.HARD,
    ),
    "a UTF-8 report": Case(
        dsn(
            "Original-Recipient: utf-8; l\\x{1EAD}p@example.com\nFinal-Recipient: utf-8; lập@example.com\n"
            "Action: failed\nStatus: 5.1.1\n"
            "Diagnostic-Code: smtp; 550 5.1.1 Người dùng không tồn tại\n",
            status="message/global-delivery-status",
            original="message/global-headers",
        ),
        BounceReportKind.BOUNCE,
        address="lập@example.com",
        status="5.1.1",
        type=BounceType.HARD,
        said="Người dùng không tồn tại",
    ),
    "a UTF-8 report in base64": Case(
        dsn(
            base64.encodebytes(
                "Reporting-MTA: dns; mx\n\nFinal-Recipient: utf-8; lập@example.com\nAction: failed\nStatus: 5.2.2\n".encode()
            ).decode(),
            status="message/global-delivery-status\nContent-Transfer-Encoding: base64",
            message="",
        ),
        BounceReportKind.BOUNCE,
        address="lập@example.com",
        status="5.2.2",
        type=BounceType.SOFT,
    ),
    "a provider in Vietnam, nobody there": Case(
        plain(
            "From: Hệ thống thư <postmaster@thu.example>\nSubject: Thư không gửi được\n",
            "Kính gửi Quý khách,\n\nThư của Quý khách không gửi được đến địa chỉ lan@example.com\n"
            "Lý do: 550 Tài khoản không tồn tại trên hệ thống\n\n--- Bản sao thư gốc ---\n" + ORIGINAL,
        ),
        BounceReportKind.BOUNCE,
        address="",
        type=BounceType.HARD,
        said="Tài khoản không tồn tại",
    ),
    "a provider in Vietnam, mailbox full, no code at all": Case(
        plain(
            "From: MAILER-DAEMON@thu.example\nSubject: Thông báo: không chuyển được thư\n",
            "Hộp thư đã đầy, thư của quý khách không được chuyển tới người nhận.\n\n----- Original message -----\n"
            + ORIGINAL,
        ),
        BounceReportKind.BOUNCE,
        address="",
        type=BounceType.SOFT,
        said="Hộp thư đã đầy",
    ),
    "a provider in Vietnam, spam filter": Case(
        plain("From: postmaster@thu.example\nSubject: Undelivered\n", "554 5.7.1 Thư bị từ chối: nghi ngờ thư rác\n"),
        BounceReportKind.BOUNCE,
        address="",
        status="5.7.1",
        type=BounceType.POLICY,
    ),
    "a provider in Vietnam, will try again": Case(
        plain(
            "From: postmaster@thu.example\nSubject: Thư chưa gửi được\n",
            "451 Máy chủ bận. Hệ thống sẽ tiếp tục thử gửi trong 3 ngày.\n",
        ),
        BounceReportKind.DELAY,
        address="",
    ),
    "an old warning in words": Case(
        plain(
            "From: MAILER-DAEMON@mail.example\nSubject: Warning: message delayed 24 hours\n",
            "THIS IS A WARNING MESSAGE ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n"
            "The following address:\n  lan@example.com\n",
        ),
        BounceReportKind.DELAY,
        address="",
    ),
    "HTML only, from a gateway": Case(
        "From: Mail Administrator <postmaster@gw.example>\n" + TO + "Subject: Undeliverable\nMIME-Version: 1.0\n"
        "Content-Type: text/html; charset=windows-1258\n\n"
        "<p>Delivery failed</p><p>550 5.1.1 Unknown user <script>alert(1)</script></p>\n",
        BounceReportKind.BOUNCE,
        address="",
        status="5.1.1",
        type=BounceType.HARD,
    ),
    "a report inside another mail": Case(
        "From: MAILER-DAEMON@gw.example\n"
        + TO
        + 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_o"\n\n--=_o\n'
        + dsn(recipient("5.1.1", "550 5.1.1 User unknown"), head="X-Wrapped: yes\n", to="")
        + "--=_o\nContent-Type: text/plain\n\nScanned by a gateway.\n--=_o--\n",
        BounceReportKind.BOUNCE,
        status="5.1.1",
        type=BounceType.HARD,
    ),
    "a complaint": Case(
        arf(
            FEEDBACK.replace("{kind}", "abuse")
            + "Original-Mail-From: <bounce+{token}@bacson.example>\nOriginal-Rcpt-To: <lan@example.com>\n"
        ),
        BounceReportKind.COMPLAINT,
        type=BounceType.COMPLAINT,
        said="abuse, reported by Yahoo!-Mail-Feedback/2.0",
    ),
    "a complaint that hides its reader": Case(
        arf(FEEDBACK.replace("{kind}", "abuse"), original=ORIGINAL.replace("lan@example.com", "redacted")),
        BounceReportKind.COMPLAINT,
        address="",
        type=BounceType.COMPLAINT,
    ),
    "a complaint as Outlook.com sends it": Case(
        "From: staff@hotmail.example\nTo: fbl@bacson.example\nSubject: complaint about message from 192.0.2.9\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=_j"\n\n--=_j\nContent-Type: message/rfc822\n\n'
        "X-HmXmrOriginalRecipient: lan@example.com\n" + ORIGINAL + "\nBody\n--=_j--\n",
        BounceReportKind.COMPLAINT,
        type=BounceType.COMPLAINT,
    ),
    "the opposite of a complaint": Case(arf(FEEDBACK.replace("{kind}", "not-spam")), BounceReportKind.OTHER),
    "a report about a forged letter": Case(arf(FEEDBACK.replace("{kind}", "auth-failure")), BounceReportKind.OTHER),
    "a receipt": Case(
        dsn(
            "Disposition: manual-action/MDN-sent-manually; displayed\n",
            status="message/disposition-notification",
            report="disposition-notification",
            head="From: lan@example.com\n",
        ),
        BounceReportKind.OTHER,
        address="",
        said="a receipt",
    ),
    "a holiday note": Case(
        plain(
            "From: Lan <lan@example.com>\nSubject: Re: Tin\nAuto-Submitted: auto-replied (vacation)\n",
            "550 reasons to rest. User unknown until Monday.\n",
        ),
        BounceReportKind.OTHER,
        address="",
        said="an automatic answer",
    ),
    "a holiday note of an older program": Case(
        plain(
            "From: Lan <lan@example.com>\nReturn-Path: <>\nSubject: Trả lời tự động: Tin sáng\n",
            "Tôi đang nghỉ phép.\n",
        ),
        BounceReportKind.OTHER,
        address="",
    ),
    "a person who writes back": Case(
        plain(
            "From: Lan <lan@example.com>\nSubject: Re: Tin\nIn-Reply-To: {id}\n",
            "Your bounce said 550 5.1.1 user unknown. What now?\n",
        ),
        None,
    ),
}
