"""What we compare ourselves with: Python's smtplib with finished bytes, and with a message built for each reader.

    python benchmarks/delivery_rivals.py ready|naive PORT MESSAGES CONNECTIONS FILE

FILE is a letter of ours as it went over the wire. `ready` sends these very bytes to other addresses, by one thread for each
connection; `naive` builds an EmailMessage from its text and HTML for each reader, as most scripts do. Both remember
nothing. A process of its own; what it prints is JSON.
"""

from __future__ import annotations

import email
import json
import smtplib
import sys
import threading
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from delivery_watch import Watch

SENDER = "tin@bacson.example"
Send = Callable[[smtplib.SMTP, int], object]


def ready(letter: bytes) -> Send:
    """The same bytes to everybody. The letter's body is 8bit or quoted-printable, as the server has allowed us."""

    def send(server: smtplib.SMTP, number: int) -> None:
        server.sendmail(SENDER, f"ban.doc{number}@example.com", letter, ["BODY=8BITMIME"])

    return send


def naive(letter: bytes) -> Send:
    """A message of its own for each reader: name and link are put into the text and the HTML, the rest is the library's."""
    parsed = email.message_from_bytes(letter, policy=policy.SMTP)
    text, html = (part.get_content() for part in parsed.iter_parts())
    name, link = parsed["To"].addresses[0].display_name, parsed["List-Unsubscribe"].partition("<")[2].partition(">")[0]
    assert name in html and link in html, "the letter is not personal"

    def send(server: smtplib.SMTP, number: int) -> None:
        own, own_link = f"Nguyễn Thị Lan {number}", f"{link[:-8]}{number:08d}"
        message = EmailMessage(policy=policy.SMTP)
        message["From"], message["To"] = parsed["From"], f"{own} <ban.doc{number}@example.com>"
        message["Subject"], message["Date"], message["Message-ID"] = parsed["Subject"], parsed["Date"], make_msgid()
        message["List-Id"], message["List-Unsubscribe"] = parsed["List-Id"], f"<{own_link}>"
        message["List-Unsubscribe-Post"] = parsed["List-Unsubscribe-Post"]
        message.set_content(text.replace(name, own).replace(link, own_link))
        message.add_alternative(html.replace(name, own).replace(link, own_link), subtype="html")
        server.send_message(message)

    return send


def work(port: int, send: Send, numbers: range, failed: list[str]) -> None:
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as server:
            server.ehlo()
            for number in numbers:
                send(server, number)
    except (smtplib.SMTPException, OSError) as error:
        failed.append(str(error))


def main() -> None:
    kind, port, messages, connections, file = sys.argv[1:]
    send = {"ready": ready, "naive": naive}[kind](Path(file).read_bytes())
    failed: list[str] = []
    shares = [range(first, int(messages), int(connections)) for first in range(int(connections))]
    threads = [threading.Thread(target=work, args=(int(port), send, share, failed)) for share in shares]
    with Watch() as watch:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failed:
        raise SystemExit(f"error: {failed[0]}")
    print(json.dumps({"sent": int(messages), "cpu_seconds": watch.cpu_seconds, "span": watch.span}))


if __name__ == "__main__":
    main()
