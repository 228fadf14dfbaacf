"""Rules of rejections: what a refusal can be about, by its words and its codes. Pure.

Who refuses an email writes for people, and often behind a code that says something else: Exim answers `550` without any
code to every recipient because of *our* address, Microsoft puts a missing mailbox behind `5.4.1`. So words come before
codes, and words about the sender before words about the recipient: "User unknown … Sender verify failed" is about us.

Before they are compared, addresses and names in the text are replaced by whose they are (`rejections.mask_addresses`):
`‹sender›`, `‹recipient›`, `‹address›` (somebody's), `‹our-name›`. Marks of letters are taken off (`fold_accents`),
since many servers leave those of Vietnamese out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class RejectionCause(StrEnum):
    """What a refusal is about. Only the first three are about the recipient; what is unclear counts as ours."""

    NO_MAILBOX = "recipient hard"  # there is no such mailbox or domain
    MAILBOX = "recipient soft"  # the mailbox or its server takes no email now
    FULL = "full mailbox"
    SETTINGS = "settings"  # our sender, name, host, login or signature
    RELAYING = "relaying"  # whether the server sends for us at all, to this domain
    ACCOUNT = "account"  # our account at the server: quota, rate, suspended
    REPUTATION = "reputation"  # block lists, complaints
    SIZE = "size"  # our message is too large for the server
    TRANSIT = "way"  # DNS, routing, TLS, their system: a passing fault
    CONTENT = "content"  # what the message says, or a rule about it
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class RejectionRule:
    """Words that decide. `what` says in words what the refusal is about, `keys` are the channel's settings that mend it."""

    about: RejectionCause
    what: str
    keys: tuple[str, ...]
    phrases: str

    @cached_property
    def words(self) -> re.Pattern[str]:
        """The phrases as a pattern for folded text; compiled when a server refuses, not when the program starts."""
        lines = re.sub(r"\\\n\s*", "", self.phrases).splitlines()
        pattern = "|".join(line.strip() for line in lines if line.strip())
        for mark, part in _PARTS.items():
            pattern = pattern.replace(mark, part)
        return re.compile(fold_accents(pattern), re.IGNORECASE)


_NOT = (
    r"(?:is |was |are |has been |have been |could |can|does|do|did)?\s?(?:n.t|not|never|un|in)\s?(?:be |an? )?"
    r"(?:allow|authori|permit|accept|verif|valid|found|exist|own|logged|resolv|known|recogni|match|list|registered|routable)"
)
_REFUSED = (
    r"(?:reject|refus|den(?:y|ied)|block|disallow|prohibit|forbid|fail|mismatch|missing|bad\b|invalid|unknown|unresolv)"
)
_LIMIT = r"(?:limit|quota|threshold|allowance|credits?|maximum)s?"
_OVER = r"(?:exceed|reach|over\b|exhaust|\bhit\b|used up|expired)"
_PERSON = (
    r"(?:users?|recipients?|mailbox(?:es)?|account|address(?:ee)?|local.?part|person|alias|username|inbox"
    r"|mail ?drop|e-?mail(?: address)?|"
    r"‹recipient›|customer|member)"
)
# The same of our sender in other languages. What is "sent to" somebody in Vietnamese speaks of the recipient.
_SENDER_ABROAD = (
    r"(?:người gửi|(?:tài khoản|địa chỉ|tên miền|hộp thư|e-?mail|\bip|máy chủ)"
    r"(?: (?!không|chưa|được|đã)\S+){0,3}? gửi\b(?! (?:đến|tới|cho|lại|đi|được))"
    r"|absender|отправител|发件人|寄件人|發件人|expéditeur|émetteur|remitente|remetente|mittente)"
)
_REFUSED_ABROAD = (
    r"(?:\bkhông\b|\bchưa\b|\bsai\b|bị (?:khóa|chặn|từ chối|tạm)|hết hạn|nicht|unbekannt|ungültig|abgelehnt|gesperrt"
    r"|\bне\b|неизвестн|недопустим|отклон|запрещ|заблок|不|无效|無效|拒[绝絕]|未|inconnu|n.existe|invalid|refus|inexist"
    r"|desconocid|desconhecid|no existe|rechazad|recusad|sconosciut)"
)
_PARTS = {
    "@NOT@": _NOT,
    "@REFUSED@": _REFUSED,
    "@LIMIT@": _LIMIT,
    "@OVER@": _OVER,
    "@PERSON@": _PERSON,
    "@SENDER-ABROAD@": _SENDER_ABROAD,
    "@REFUSED-ABROAD@": _REFUSED_ABROAD,
    # What lies between, as long as it does not come to speak of the recipient.
    "@NEAR@": r"(?:(?!‹recipient›|said:|người nhận|hộp thư|empfänger|benutzer|postfach|получател|ящик|收件人|邮箱"
    r"|destinat).)",
}


def fold_accents(text: str) -> str:
    """Letters without their marks: `Hộp thư đã đầy` as `Hop thu da day`, `é` as `e`, `й` as `и`."""
    bare = (sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return "".join(bare).replace("đ", "d").replace("Đ", "D")


def make_rule(about: RejectionCause, what: str, keys: str, phrases: str) -> RejectionRule:
    """One phrase a line; a line that ends with a backslash goes on in the next one. `keys` are parted by spaces."""
    return RejectionRule(about, what, tuple(keys.split()), phrases)


# -- what codes are about, where words say nothing ---------------------------------------------------------------------

# Each is what it is about, what of ours that is in words, and the settings that mend it.
# Subject and detail of enhanced codes: RFC 3463, 4468, 4865, 4954, 5248, 6710, 7293, 7372, 7505, 8689 and the IANA registry
# "SMTP Enhanced Status Codes"; those of three digits are Microsoft's.
BY_CODE: dict[str, tuple[RejectionCause, str, str]] = {
    "1.1": (RejectionCause.NO_MAILBOX, "", ""),
    "1.2": (RejectionCause.NO_MAILBOX, "", ""),
    "1.3": (RejectionCause.NO_MAILBOX, "", ""),
    "1.4": (RejectionCause.MAILBOX, "", ""),
    "1.6": (RejectionCause.NO_MAILBOX, "", ""),
    "1.7": (RejectionCause.SETTINGS, "the address that we send from", "return_path sender"),
    "1.8": (RejectionCause.SETTINGS, "the domain that we send from", "return_path sender"),
    "1.10": (RejectionCause.NO_MAILBOX, "", ""),
    "1.90": (RejectionCause.ACCOUNT, "the sending quota of our account", "rates username"),
    "2.0": (RejectionCause.MAILBOX, "", ""),
    "2.1": (
        RejectionCause.MAILBOX,
        "",
        "",
    ),  # "disabled", but AOL's filter and Gmail's limits as well: words must say that it is
    "2.2": (RejectionCause.FULL, "", ""),
    "2.3": (RejectionCause.SIZE, "the size of our message", "host"),
    "2.4": (RejectionCause.MAILBOX, "", ""),
    "3.4": (RejectionCause.SIZE, "the size of our message", "host"),
    "4.1": (RejectionCause.MAILBOX, "", ""),
    "4.2": (RejectionCause.MAILBOX, "", ""),
    "4.5": (RejectionCause.ACCOUNT, "the sending quota or rate of our account", "rates username"),
    "4.7": (RejectionCause.MAILBOX, "", ""),
    "4.310": (RejectionCause.NO_MAILBOX, "", ""),
    "7.8": (RejectionCause.SETTINGS, "our login at the server", "username password"),
    "7.9": (RejectionCause.SETTINGS, "our login at the server", "username password"),
    "7.10": (RejectionCause.SETTINGS, "encryption", "tls"),
    "7.11": (RejectionCause.SETTINGS, "encryption", "tls"),
    "7.13": (RejectionCause.ACCOUNT, "our account at the server", "username"),
    "7.14": (RejectionCause.SETTINGS, "our login at the server", "username password"),
    "7.17": (RejectionCause.NO_MAILBOX, "", ""),
    "7.18": (RejectionCause.NO_MAILBOX, "", ""),
    "7.20": (RejectionCause.SETTINGS, "our DKIM signature", "dkim"),
    "7.21": (RejectionCause.SETTINGS, "our DKIM signature", "dkim"),
    "7.22": (RejectionCause.SETTINGS, "our DKIM signature", "dkim"),
    "7.23": (RejectionCause.SETTINGS, "SPF of our domain", "return_path sender"),
    "7.24": (RejectionCause.SETTINGS, "SPF of our domain", "return_path sender"),
    "7.25": (RejectionCause.SETTINGS, "the reverse DNS (PTR) of the host that sends", "host helo_name"),
    "7.26": (RejectionCause.SETTINGS, "SPF, DKIM or DMARC of our domain", "dkim sender"),
    "7.27": (RejectionCause.SETTINGS, "the domain that we send from", "return_path sender"),
    "7.28": (RejectionCause.REPUTATION, "the reputation of our address or domain", "host"),
    "7.29": (RejectionCause.TRANSIT, "", ""),
    "7.57": (RejectionCause.SETTINGS, "our login at the server", "username password"),
    "7.60": (RejectionCause.SETTINGS, "the address that we send from", "sender return_path"),
    "7.64": (RejectionCause.SETTINGS, "our login at the server", "username host"),
    "7.501": (RejectionCause.ACCOUNT, "our account at the server", "username"),
    "7.502": (RejectionCause.ACCOUNT, "our account at the server", "username"),
    "7.503": (RejectionCause.ACCOUNT, "our account at the server", "username"),
    "7.509": (RejectionCause.SETTINGS, "SPF, DKIM or DMARC of our domain", "dkim sender"),
    "7.515": (RejectionCause.SETTINGS, "SPF, DKIM or DMARC of our domain", "dkim sender"),
    "7.606": (RejectionCause.REPUTATION, "the reputation of our address or domain", "host"),
    "7.652": (RejectionCause.ACCOUNT, "the sending quota or rate of our account", "rates username"),
    "7.705": (RejectionCause.ACCOUNT, "our account at the server", "username"),
    "7.708": (RejectionCause.ACCOUNT, "our account at the server", "username"),
    "7.750": (RejectionCause.SETTINGS, "the domain that we send from", "sender"),
}
BY_SUBJECT: dict[str, RejectionCause] = {
    "2": RejectionCause.MAILBOX,
    "3": RejectionCause.TRANSIT,
    "4": RejectionCause.TRANSIT,
    "6": RejectionCause.CONTENT,
}
BY_REPLY: dict[int, tuple[RejectionCause, str]] = {
    450: (
        RejectionCause.TRANSIT,
        "",
    ),  # RFC 5321, section 4.2.3: the mailbox is busy, or it is a policy, as with greylisting
    452: (RejectionCause.TRANSIT, ""),  # … insufficient system storage
    530: (RejectionCause.SETTINGS, "our login at the server"),  # RFC 4954, section 6
    535: (RejectionCause.SETTINGS, "our login at the server"),
    552: (RejectionCause.FULL, ""),  # exceeded storage allocation
    556: (RejectionCause.NO_MAILBOX, ""),  # RFC 7504, section 3: the domain takes no mail
}
