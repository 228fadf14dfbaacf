"""What a refusal can be about, and the rules that tell it from its words. Pure.

Whoever refuses mail writes for people, and often behind a code that says something else: Exim answers `550` without any
code to every recipient because of *our* address, Microsoft puts a missing mailbox behind `5.4.1`. So words come before
codes, and words about the sender before words about the recipient: "User unknown … Sender verify failed" is about us.

Before they are compared, addresses and names in the text are replaced by whose they are (`refusals.masked`):
`‹sender›`, `‹recipient›`, `‹address›` (somebody's), `‹our-name›`. Marks of letters are taken off (`folded`),
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
    MAILBOX = "recipient soft"  # the mailbox or its server does not take mail now
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
