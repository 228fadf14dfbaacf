"""What the codes of a refusal are about, where its words say nothing. Pure.

Each is what it is about, what of ours that is in words, and the settings that mend it.
"""

from __future__ import annotations

from .rejection_rules import RejectionCause

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
