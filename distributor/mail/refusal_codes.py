"""What the codes of a refusal are about, where its words say nothing. Pure.

Each is what it is about, what of ours that is in words, and the settings that mend it.
"""

from __future__ import annotations

from .refusal_rules import About

# Subject and detail of enhanced codes: RFC 3463, 4468, 4865, 4954, 5248, 6710, 7293, 7372, 7505, 8689 and the IANA registry
# "SMTP Enhanced Status Codes"; those of three digits are Microsoft's.
BY_CODE: dict[str, tuple[About, str, str]] = {
    "1.1": (About.NOBODY, "", ""),
    "1.2": (About.NOBODY, "", ""),
    "1.3": (About.NOBODY, "", ""),
    "1.4": (About.MAILBOX, "", ""),
    "1.6": (About.NOBODY, "", ""),
    "1.7": (About.SETTINGS, "the address that we send from", "return_path sender"),
    "1.8": (About.SETTINGS, "the domain that we send from", "return_path sender"),
    "1.10": (About.NOBODY, "", ""),
    "1.90": (About.ACCOUNT, "the sending quota of our account", "rates username"),
    "2.0": (About.MAILBOX, "", ""),
    "2.1": (
        About.MAILBOX,
        "",
        "",
    ),  # "disabled", but AOL's filter and Gmail's limits as well: words must say that it is
    "2.2": (About.FULL, "", ""),
    "2.3": (About.SIZE, "the size of our message", "host"),
    "2.4": (About.MAILBOX, "", ""),
    "3.4": (About.SIZE, "the size of our message", "host"),
    "4.1": (About.MAILBOX, "", ""),
    "4.2": (About.MAILBOX, "", ""),
    "4.5": (About.ACCOUNT, "the sending quota or rate of our account", "rates username"),
    "4.7": (About.MAILBOX, "", ""),
    "4.310": (About.NOBODY, "", ""),
    "7.8": (About.SETTINGS, "our login at the server", "username password"),
    "7.9": (About.SETTINGS, "our login at the server", "username password"),
    "7.10": (About.SETTINGS, "encryption", "tls"),
    "7.11": (About.SETTINGS, "encryption", "tls"),
    "7.13": (About.ACCOUNT, "our account at the server", "username"),
    "7.14": (About.SETTINGS, "our login at the server", "username password"),
    "7.17": (About.NOBODY, "", ""),
    "7.18": (About.NOBODY, "", ""),
    "7.20": (About.SETTINGS, "our DKIM signature", "dkim"),
    "7.21": (About.SETTINGS, "our DKIM signature", "dkim"),
    "7.22": (About.SETTINGS, "our DKIM signature", "dkim"),
    "7.23": (About.SETTINGS, "SPF of our domain", "return_path sender"),
    "7.24": (About.SETTINGS, "SPF of our domain", "return_path sender"),
    "7.25": (About.SETTINGS, "the reverse DNS (PTR) of the host that sends", "host hello"),
    "7.26": (About.SETTINGS, "SPF, DKIM or DMARC of our domain", "dkim sender"),
    "7.27": (About.SETTINGS, "the domain that we send from", "return_path sender"),
    "7.28": (About.REPUTATION, "the reputation of our address or domain", "host"),
    "7.29": (About.WAY, "", ""),
    "7.57": (About.SETTINGS, "our login at the server", "username password"),
    "7.60": (About.SETTINGS, "the address that we send from", "sender return_path"),
    "7.64": (About.SETTINGS, "our login at the server", "username host"),
    "7.501": (About.ACCOUNT, "our account at the server", "username"),
    "7.502": (About.ACCOUNT, "our account at the server", "username"),
    "7.503": (About.ACCOUNT, "our account at the server", "username"),
    "7.509": (About.SETTINGS, "SPF, DKIM or DMARC of our domain", "dkim sender"),
    "7.515": (About.SETTINGS, "SPF, DKIM or DMARC of our domain", "dkim sender"),
    "7.606": (About.REPUTATION, "the reputation of our address or domain", "host"),
    "7.652": (About.ACCOUNT, "the sending quota or rate of our account", "rates username"),
    "7.705": (About.ACCOUNT, "our account at the server", "username"),
    "7.708": (About.ACCOUNT, "our account at the server", "username"),
    "7.750": (About.SETTINGS, "the domain that we send from", "sender"),
}
BY_SUBJECT: dict[str, About] = {
    "2": About.MAILBOX,
    "3": About.WAY,
    "4": About.WAY,
    "6": About.CONTENT,
}
BY_REPLY: dict[int, tuple[About, str]] = {
    450: (About.WAY, ""),  # RFC 5321, section 4.2.3: the mailbox is busy, or it is a policy, as with greylisting
    452: (About.WAY, ""),  # … insufficient system storage
    530: (About.SETTINGS, "our login at the server"),  # RFC 4954, section 6
    535: (About.SETTINGS, "our login at the server"),
    552: (About.FULL, ""),  # exceeded storage allocation
    556: (About.NOBODY, ""),  # RFC 7504, section 3: the domain takes no mail
}
