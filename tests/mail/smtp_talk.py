"""Conversations with an SMTP server that have come to a given point, and what the server says."""

from __future__ import annotations

from distributor.mail.smtp_protocol import Reply, SmtpProtocol

GREETING = b"220 mail.example ESMTP\r\n"
OFFERS = (
    b"250-mail.example\r\n250-PIPELINING\r\n250-size 35000\r\n250-AUTH PLAIN LOGIN\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n"
)


def hear(talk: SmtpProtocol, data: bytes) -> list[Reply]:
    talk.receive(data)
    replies = []
    while reply := talk.next_reply():
        replies.append(reply)
    return replies


def greeted() -> SmtpProtocol:
    """A conversation after EHLO."""
    talk = SmtpProtocol("news.example")
    hear(talk, GREETING)
    talk.ehlo()
    hear(talk, OFFERS)
    talk.outgoing()
    return talk


def asked_for_content() -> SmtpProtocol:
    talk = greeted()
    talk.mail("a@b.vn")
    talk.rcpt("lan@b.vn")
    talk.data()
    hear(talk, b"250 ok\r\n250 ok\r\n354 go\r\n")
    talk.outgoing()
    return talk
