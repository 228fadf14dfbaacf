"""What a refusal is about, and so what follows from it. Pure.

    reply ──masked──▶ words ──▶ whose fault? ──▶ recipient: rejected, suppressed
                                             └─▶ ours: the email waits, the run stops, staff are notified what to mend

First it is decided *whom* a text speaks of: the recipient, our sender, our name, host, account, message, or the way. Words
count before codes, and where it is unclear it is ours: an address that is wrongly kept costs one email more, one that is
wrongly dropped costs a recipient.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from ..text import clean_line
from . import recipient_rejections, sender_rejections
from .rejection_rules import BY_CODE, BY_REPLY, BY_SUBJECT, RejectionCause, RejectionRule, fold_accents

# What a recipient receives at most is no limit of ours, though the words are alike; whom a recipient wants comes before.
_RULES = (
    *sender_rejections.RULES[:1], recipient_rejections.RECEIVING, *sender_rejections.RULES[1:], *recipient_rejections.RULES
)  # fmt: skip

SENDER_CAUSES = frozenset(
    {
        RejectionCause.SETTINGS,
        RejectionCause.RELAYING,
        RejectionCause.ACCOUNT,
        RejectionCause.REPUTATION,
        RejectionCause.SIZE,
    }
)
RECIPIENT_CAUSES = frozenset({RejectionCause.NO_MAILBOX, RejectionCause.MAILBOX, RejectionCause.FULL})

STOPPED = timedelta(minutes=15)  # before it is tried again whether staff have mended what is ours
_PER_DAY, _PER_HOUR, _PER_MINUTE = timedelta(hours=1), timedelta(minutes=15), timedelta(minutes=1)
_ANOTHER = "‹address›"
_LONGEST = 2000  # characters of a reply that are read

_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ \-#]|$)")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_TO_ASK = re.compile(
    r"(?:contact|notify|inform|call|write to|mail to|report|liên hệ|mailto)\b[^.;!?‹]{0,60}$", re.IGNORECASE
)
_WHO_ANSWERS = frozenset({"postmaster", "abuse", "hostmaster", "mailer-daemon"})
_ADDRESS = re.compile(r"<?\b[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}\w>?")
_LOOKED_UP = re.compile(
    r"name service error for (?:name=)?([\w.-]+)|look(?:ing)? up (?:host )?([\w.-]+\.\w+)"
    r"|\b(?:host|domain)(?: name)?(?: does not exist| not found| unknown)?\W{1,4}([\w-]+(?:\.[\w-]+)+)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[A-Za-z2-7]{32}", re.ASCII)  # of an envelope of ours (verp)
_SUSPENDED = re.compile(
    r"suspend|lock(?:ed)?\b|block|restrict|terminat|not activ|disabled|credits|overdue|review"
    r"|bad outbound|unusual|free accounts",
    re.IGNORECASE,
)
_DAY = re.compile(r"dai?ly|per[ -]day|24.?h|a day|/ ?day|\bngay\b(?! (?:lap|sau))|month|\bthang\b", re.IGNORECASE)
_HOUR = re.compile(r"hour|\bgio\b", re.IGNORECASE)
_TURNED_AWAY = re.compile(r"recipient address rejected: access denied", re.IGNORECASE)
_SWITCHED_OFF = re.compile(
    fold_accents(
        r"disabled|deactivated|closed|inactive|suspended|blocked|locked|bị (?:khóa|xóa)|đã (?:khóa|xóa)|ngừng"
    ),
    re.IGNORECASE,
)
_NOT_FOR_GOOD = re.compile(
    fold_accents(r"temporar|tạm thời|currently|derzeit|vorübergehend|временно|暂时"), re.IGNORECASE
)
_NOT_NOW = re.compile(
    r"time.?out|timed out|connect|reach|route|respon|expired|busy|in use|lock|frozen|suspend|receiv|STOREDRV",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"‹recipient›|mailbox|inbox|recipient|\buser|address|storage|\bdisk|alias"
    + fold_accents(
        r"|hộp thư|người (?:nhận|dùng)|tài khoản người|empfänger|benutzer|postfach|adresse|получател|пользовател|ящик|адрес"
    )
    + fold_accents(r"|收件人|收信人|邮箱|郵箱|信箱|地址|destinat|boîte|buzón"),
    re.IGNORECASE,
)

_DOMAIN = re.compile(
    fold_accents(r"\bdomain\b|\bhost\b|tên miền|\bname\b|\bno mx\b"), re.IGNORECASE
)  # whose, unless it says so?
_YOURS = re.compile(
    fold_accents(
        r"\byour (?:(?:e-?mail|mail|ip|host|server|domain|account|address|name)\W)+(?:is|was|has|does|not|unknown|invalid)"
        r"|\bip\b.{0,3}(?:address|adresse|адрес)|adresse ip|địa chỉ (?:ip|máy chủ)"
        r"|(?:tài khoản|địa chỉ|tên miền|máy chủ) của (?:bạn|quý khách)|email của (?:bạn|quý khách) không (?:hợp lệ|tồn tại)"
        r"|(?:mailbox|account|user|quota (?:of|for))\W{1,3}‹sender›|‹sender›\W{1,4}(?:mailbox|user|account|is |over|quota)"
    ),
    re.IGNORECASE,
)


class Rejection(NamedTuple):
    """A refusal understood. `passing`: the server says that it is not for good. `what` names in words what is ours about
    it, `keys` the settings of the channel that mend it; `wait` is how long the run should wait for it."""

    about: RejectionCause
    passing: bool = False
    what: str = ""
    keys: tuple[str, ...] = ()
    wait: timedelta = timedelta()

    @property
    def ours(self) -> bool:
        """Whether it clearly speaks of us: nobody may be given up for it."""
        return self.about in SENDER_CAUSES

    @property
    def recipients(self) -> bool:
        """Whether it clearly speaks of the recipient."""
        return self.about in RECIPIENT_CAUSES

    @property
    def needs_staff(self) -> bool:
        """Whether it ends only when somebody mends it; a quota comes back by itself."""
        return self.ours and not (self.about is RejectionCause.ACCOUNT and "rates" in self.keys)


def classify_rejection(
    reply: str,
    *,
    status: str = "",
    code: int = 0,
    recipient: str = "",
    sender: str = "",
    name: str = "",
    taken: bool = False,
) -> Rejection:
    """What a refusal is about, from all lines of it.

    `status` is the enhanced code (`5.1.1`), `code` that of SMTP (550); what is missing is looked for in `reply`.
    `recipient`, `sender` and `name` (which we greet with) say whose an address in the text is, where they are known.
    `taken`: the server had taken the recipient before, so that only clear words are about the recipient.
    """
    return _classify(clean_line(reply[:_LONGEST]), status, code, recipient.lower(), sender.lower(), name.lower(), taken)


@lru_cache(maxsize=256)  # a server that refuses says the same again and again
def _classify(text: str, status: str, code: int, recipient: str, sender: str, name: str, taken: bool) -> Rejection:
    kind, subject, detail = enhanced_code(status, text)
    code = code or find_code(text)
    passing = kind == "4" or 400 <= code < 500
    words = fold_accents(mask_addresses(text, recipient, sender, name))
    by_code = _by_code(f"{subject}.{detail}", subject, code)
    refusal = _by_words(words, recipient) or by_code
    if refusal.recipients:
        refusal = _soften(refusal, by_code, words, subject, passing, taken, recipient)
    elif not refusal.ours and (subject, detail) == ("4", "1") and _TURNED_AWAY.search(words):
        refusal = Rejection(RejectionCause.NO_MAILBOX)  # Exchange Online turns away at its edge who is in no directory
    if (
        refusal.about is RejectionCause.MAILBOX
        and not passing
        and (subject, detail) == ("4", "1")
        and _TURNED_AWAY.search(words)
    ):
        refusal = Rejection(RejectionCause.NO_MAILBOX)
    return refusal._replace(passing=passing, wait=_wait(refusal, words))


def _soften(
    refusal: Rejection, by_code: Rejection, words: str, subject: str, passing: bool, taken: bool, recipient: str
) -> Rejection:
    """What words say of the recipient, or the milder thing where something speaks against it."""
    if by_code.ours and subject in ("1", "3", "7") and refusal is not by_code:
        return by_code  # codes as special as 5.1.8 or 5.3.4 are not given by chance
    if (
        refusal.about is RejectionCause.MAILBOX
        and by_code.about is RejectionCause.NO_MAILBOX
        and subject == "1"
        and not _NOT_NOW.search(words)
    ):
        refusal = by_code  # "5.1.1 mailbox unavailable"
    if "‹recipient›" not in words and _YOURS.search(words):
        return Rejection(RejectionCause.UNCLEAR)
    here = bool(recipient) and recipient.rpartition("@")[2] in words.lower()
    nameless = subject not in ("1", "2") and not here and not _PERSON.search(words)  # whose quota, whose account?
    if nameless and refusal.about is RejectionCause.NO_MAILBOX and subject != "4" and _DOMAIN.search(words):
        return Rejection(RejectionCause.UNCLEAR)
    if nameless and (
        refusal.about is RejectionCause.FULL
        or (refusal.about is RejectionCause.NO_MAILBOX and taken and subject != "4")
    ):
        return Rejection(RejectionCause.UNCLEAR)
    if refusal.about is RejectionCause.NO_MAILBOX and (nameless or subject == "7") and _SWITCHED_OFF.search(words):
        return Rejection(RejectionCause.UNCLEAR)  # it may be the account that we log in with
    if refusal.about is RejectionCause.NO_MAILBOX and (passing or _NOT_FOR_GOOD.search(words)):
        return Rejection(RejectionCause.MAILBOX)  # 4.1.1 of a server that asks another one
    if refusal.about is RejectionCause.NO_MAILBOX and _ANOTHER in words and "‹recipient›" not in words and recipient:
        return Rejection(
            RejectionCause.MAILBOX
        )  # an address behind the recipient's own, or one that we do not know as ours
    return refusal


def _by_words(words: str, recipient: str) -> Rejection | None:
    rule = next((rule for rule in _RULES if rule.words.search(words)), None)
    if rule is None:
        return None
    if rule.about is RejectionCause.NO_MAILBOX and _of_another(words, recipient):
        return Rejection(RejectionCause.TRANSIT)
    return _of(rule)


def _of(rule: RejectionRule) -> Rejection:
    return Rejection(rule.about, what=rule.what, keys=rule.keys)


def _of_another(words: str, recipient: str) -> bool:
    """Whether a name that could not be looked up is another one than the recipient's domain: a relay's, or its MX's."""
    found = _LOOKED_UP.search(words)
    if not found or not recipient:
        return False
    name: str = next(filter(None, found.groups()))
    return name.lower().rstrip(".") != recipient.rpartition("@")[2]


def _by_code(code: str, place: str, reply: int) -> Rejection:
    if code in BY_CODE:
        about, what, keys = BY_CODE[code]
        return Rejection(about, what=what, keys=tuple(keys.split()))
    if place in BY_SUBJECT:
        return Rejection(BY_SUBJECT[place])
    if not place and reply in BY_REPLY:
        about, what = BY_REPLY[reply]
        return Rejection(about, what=what, keys=("username", "password") if what else ())
    return Rejection(RejectionCause.UNCLEAR)


def _wait(refusal: Rejection, words: str) -> timedelta:
    if refusal.about is not RejectionCause.ACCOUNT:
        return STOPPED if refusal.ours else timedelta()
    if _SUSPENDED.search(words) and "rates" not in refusal.keys:
        return STOPPED
    if _DAY.search(words):
        return _PER_DAY
    if _HOUR.search(words) or "quota" in words.lower():
        return _PER_HOUR
    return _PER_MINUTE


def mask_addresses(text: str, recipient: str = "", sender: str = "", name: str = "") -> str:
    """The words with addresses and our own names replaced by whose they are; web addresses left out."""
    domain = sender.rpartition("@")[2]

    def whose(found: re.Match[str]) -> str:
        address = found[0].strip("<>").lower()
        local = address.partition("@")[0]
        if recipient and address == recipient:
            return "‹recipient›"
        if (sender and address == sender) or _TOKEN.search(local):
            return "‹sender›"
        if recipient and local == recipient.partition("@")[0]:  # as some server inside calls it
            return "‹recipient›"
        # Some show the bare address of a sender that has a token, one that they have rewritten, or the one in From.
        where = address.rpartition("@")[2]
        rewritten = local == re.split("[+@]", sender)[0]
        ours = bool(domain) and (where == domain or domain.endswith(f".{where}"))
        if ours and (rewritten or where != recipient.rpartition("@")[2]):
            return "‹sender›"
        before = found.string[max(found.start() - 80, 0) : found.start()]
        return "" if local in _WHO_ANSWERS or _TO_ASK.search(before) else _ANOTHER  # whom to ask is no recipient

    words = _ADDRESS.sub(whose, _URL.sub("", text))
    if domain and domain != recipient.rpartition("@")[2]:
        words = re.sub(rf"(?<![\w.-]){re.escape(domain)}(?![\w-]|\.\w)", "‹sender›", words, flags=re.IGNORECASE)
    if name and "." in name and name != domain:
        words = re.sub(rf"(?<![\w.-])<?{re.escape(name)}>?(?![\w-]|\.\w)", "‹our-name›", words, flags=re.IGNORECASE)
    return words


def enhanced_code(status: str, text: str) -> tuple[str, str, str]:
    """Class, subject and detail; empty where nobody names them. `5.0.0` says nothing, so the words are asked as well."""
    codes = [(found[1], found[2], found[3]) for found in map(_ENHANCED.search, (status, text)) if found]
    told = [code for code in codes if code[1:] != ("0", "0")]
    if told:
        return told[0]
    return (codes[0][0], "", "") if codes else ("", "", "")


def find_code(text: str) -> int:
    """The first SMTP code of a refusal in a text; 0 where there is none."""
    found = _CODE.search(text)
    return int(found[1]) if found else 0


def find_status(text: str) -> str:
    """The first enhanced code of a refusal in a text; empty where there is none."""
    found = _ENHANCED.search(text)
    return found[0] if found else ""
