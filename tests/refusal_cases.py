"""What mail servers really say when they refuse: the reply, what it was said to, and whom it is about.

Written from public documentation of the servers and services, and from their source where it is open. Lines of one reply
are parted by `|`, as in the scripts of `fixtures_mail`. We are bounce@news.example, greet as mail.news.example, and write
to lan@example.com.
"""

# ruff: noqa: E501  a row of the table is a line

from __future__ import annotations

from typing import NamedTuple

from distributor.mail.refusal_rules import About
from distributor.mail.smtp import Phase

SENDER, RECIPIENT, NAME = "bounce@news.example", "lan@example.com", "mail.news.example"

NOBODY, MAILBOX, FULL = About.NOBODY, About.MAILBOX, About.FULL
SETTINGS, ACCOUNT, REPUTATION, SIZE = About.SETTINGS, About.ACCOUNT, About.REPUTATION, About.SIZE
RELAYING, WAY, CONTENT, UNCLEAR = About.RELAYING, About.WAY, About.CONTENT, About.UNCLEAR

GREETING, EHLO, MAIL, RCPT, DATA, END = (
    Phase.GREETING, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.ANSWER,
)  # fmt: skip


class Said(NamedTuple):
    """A reply, to which command, and what it is about."""

    reply: str
    to: Phase
    about: About


def _said(text: str) -> str:
    return text.replace("|", "\n")


def _rows(*rows: tuple[str, Phase, About]) -> tuple[Said, ...]:
    return tuple(Said(_said(reply), to, about) for reply, to, about in rows)


REPLIES: dict[str, tuple[Said, ...]] = {
    "Google": _rows(
        ("550-5.1.1 The email account that you tried to reach does not exist. Please try|550-5.1.1 double-checking the "
         "recipient's email address for typos or|550 5.1.1 unnecessary spaces. For more information, go to "
         "https://support.google.com/mail/?p=NoSuchUser a1-gsmtp", RCPT, NOBODY),
        ("550 5.2.1 The email account that you tried to reach is disabled. a1-gsmtp", RCPT, NOBODY),
        ("550 5.2.1 The email account that you tried to reach is inactive. a1-gsmtp", RCPT, NOBODY),
        ("452 4.2.2 The email account that you tried to reach is over quota. Please direct the recipient to a page", RCPT, FULL),
        ("552 5.2.2 The email account that you tried to reach is over quota. a1-gsmtp", RCPT, FULL),
        ("452 4.2.2 The recipient's inbox is out of storage space and inactive. a1-gsmtp", RCPT, FULL),
        ("450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend later.", RCPT, MAILBOX),
        ("550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", RCPT, MAILBOX),
        ("550 5.4.5 Daily user sending limit exceeded. For more information on Gmail|550 5.4.5 sending limits go to a page - gsmtp", END, ACCOUNT),
        ("550 5.4.5 Daily SMTP relay limit exceeded for customer. a1-gsmtp", END, ACCOUNT),
        ("550 5.4.5 Daily SMTP relay sending limit exceeded for this user. a1-gsmtp", END, ACCOUNT),
        ("450 4.2.1 Peak SMTP relay limit exceeded for this customer. This is a temporary error. a1-gsmtp", END, ACCOUNT),
        ("421 4.7.0 Too many login attempts, please try again later. a1-gsmtp", EHLO, WAY),
        ("550 5.7.0 Mail relay denied. a1-gsmtp", RCPT, RELAYING),
        ("550-5.7.1 Invalid credentials for relay [192.0.2.9]. The IP address you've registered doesn't match", MAIL, SETTINGS),
        ("530 5.7.0 Authentication Required. For more information, go to a page a1-gsmtp", MAIL, SETTINGS),
        ("530 5.7.0 Must issue a STARTTLS command first. a1-gsmtp", MAIL, SETTINGS),
        ("550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to "
         "authenticate with either SPF or DKIM.|550 5.7.26 Authentication results: DKIM = did not pass", END, SETTINGS),
        ("550-5.7.26 Unauthenticated email from news.example is not accepted due to domain's DMARC policy.", END, SETTINGS),
        ("550 5.7.25 The IP address sending this message does not have a PTR record setup a1-gsmtp", END, SETTINGS),
        ("550 5.7.24 The SPF record of the sending domain has one or more suspicious entries. a1-gsmtp", END, SETTINGS),
        ("421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address.", END, REPUTATION),
        ("421 4.7.0 This message is suspicious due to the very low reputation of the sending IP address. a1-gsmtp", END, REPUTATION),
        ("550-5.7.1 [192.0.2.9] Our system has detected that this message is likely unsolicited mail. To reduce the amount "
         "of spam sent to Gmail, this message has been blocked.", END, CONTENT),
        ("550 5.7.1 This message violates example.com email policy. - gcdp a1 - gsmtp", END, CONTENT),
        ("552 5.7.0 This message was blocked because its content presents a potential security issue. a1-gsmtp", END, CONTENT),
        ("552 5.3.4 Your message exceeded Google's message size limits. a1-gsmtp", END, SIZE),
        ("550 5.7.1 Messages missing a valid Message-ID header are not accepted. a1-gsmtp", END, CONTENT),
        ("451 4.3.0 Mail server temporarily rejected message. a1-gsmtp", END, WAY),
        ("452 4.5.3 Your message has too many recipients.", RCPT, UNCLEAR),
        ("554 5.6.0 Mail message is malformed. Not accepted. a1-gsmtp", END, CONTENT),
        ("550 5.7.29 This message was not sent over a TLS connection. a1-gsmtp", END, WAY),
    ),
    "Microsoft": _rows(
        ("550 5.4.1 Recipient address rejected: Access denied. [mx.prod.protection.outlook.com]", RCPT, NOBODY),
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", RCPT, NOBODY),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient lan@example.com not found by SMTP address lookup", RCPT, NOBODY),
        ("550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", RCPT, NOBODY),
        ("550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)", RCPT, MAILBOX),
        ("550 5.2.2 STOREDRV.Deliver; mailbox full, quota exceeded", END, MAILBOX),
        ("554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded", END, MAILBOX),
        ("552 5.2.2 The recipient's mailbox is full and can't accept messages now", RCPT, FULL),
        ("432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", END, MAILBOX),
        ("550 5.2.121 RESOLVER.RST.RecipientRateLimit; Recipient's per hour message receive limit from sender exceeded", RCPT, CONTENT),
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", END, SETTINGS),
        ("550 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM", MAIL, SETTINGS),
        ("530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM", MAIL, SETTINGS),
        ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", MAIL, SETTINGS),
        ("550 5.7.64 TenantAttribution; Relay Access Denied [mx.prod.protection.outlook.com]", RCPT, RELAYING),
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", RCPT, RELAYING),
        ("550 5.1.8 Access denied, bad outbound sender AS(42003)", END, ACCOUNT),
        ("550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", END, ACCOUNT),
        ("550 5.7.705 Access denied, tenant has exceeded threshold", END, ACCOUNT),
        ("550 5.7.708 Access denied, traffic not accepted from this IP", END, ACCOUNT),
        ("550 5.7.501 Access denied, spam abuse detected", END, CONTENT),
        ("451 4.7.500 Server busy. Please try again later from [192.0.2.9]. (S77719)", RCPT, WAY),
        ("451 4.7.650 The mail server [192.0.2.9] has been temporarily rate limited due to IP reputation.", MAIL, ACCOUNT),
        ("432 4.3.2 Concurrent connections limit exceeded. Visit a page", MAIL, ACCOUNT),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.9]. To request removal from this list please visit a page", RCPT, REPUTATION),
        ("550 5.7.1 Unfortunately, messages from [192.0.2.9] weren't sent. Please contact your Internet service provider "
         "since part of their network is on our block list (S3150).", MAIL, REPUTATION),
        ("550 5.7.511 Access denied, banned sender[192.0.2.9]. To request removal from this list please forward this", RCPT, REPUTATION),
        ("550 5.7.1 Service unavailable, Client host [192.0.2.9] blocked using Spamhaus.", RCPT, REPUTATION),
        ("550 5.7.515 Access denied, sending domain news.example does not meet the required authentication level.", END, SETTINGS),
        ("550 5.7.509 Access denied, sending domain news.example does not pass DMARC verification", END, SETTINGS),
        ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", END, SETTINGS),
        ("550 5.7.25 reverse DNS lookup failed for [192.0.2.9]", MAIL, SETTINGS),
        ("550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", RCPT, CONTENT),
        ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed", END, CONTENT),
        ("552 5.3.4 Message size exceeds fixed maximum message size", MAIL, SIZE),
        ("550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient", END, CONTENT),
        ("550 5.4.310 DNS domain example.com does not exist [Message=InfoDomainNonexistent]", END, NOBODY),
        ("450 4.4.312 DNS query failed [Message=ErrorRetry]", END, WAY),
        ("550 5.4.312 Message expired, DNS query failed(ServerFailure)", END, WAY),
        ("450 4.4.316 Connection refused [Message=Socket error code 10061]", END, MAILBOX),
        ("554 5.4.14 Hop count exceeded - possible mail loop ATTR34", END, WAY),
        ("550 5.7.703 Your message can't be delivered because messages to lan, a user or group, are blocked by your "
         "organization using Tenant Allow Block List", END, REPUTATION),
        ("554 5.2.0 STOREDRV.Deliver.Exception:StoreUnavailable", END, MAILBOX),
        ("550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains.", END, SETTINGS),
    ),
    "Yahoo": _rows(
        ("554 delivery error: dd This user doesn't have a yahoo.com account (lan@example.com) [0] - mta4.example", END, NOBODY),
        ("552 1 Requested mail action aborted, mailbox not found", RCPT, NOBODY),
        ("554 delivery error: dd Not a valid recipient - mta7.example", END, NOBODY),
        ("554 30 Sorry, your message to lan@example.com cannot be delivered. This mailbox is disabled (554.30).", END, NOBODY),
        ("552 5.2.2 lan@example.com mailbox over quota", END, FULL),
        ("421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred due to unexpected volume or user complaints", MAIL, REPUTATION),
        ("553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.9, because the ip is in Spamhaus's list", GREETING, REPUTATION),
        ("554 5.7.9 Message not accepted for policy reasons. See a page", END, CONTENT),
        ("554 5.7.9 Message not accepted due to failed DMARC policy of the domain news.example", END, SETTINGS),
        ("421 4.7.1 [TS03] All messages from 192.0.2.9 will be permanently deferred; Retrying will NOT succeed.", MAIL, REPUTATION),
        ("451 4.7.1 [PH01] Message not accepted for policy reasons", END, REPUTATION),
    ),
    "Apple": _rows(
        ("550 5.1.1 <lan@example.com>: user does not exist", RCPT, NOBODY),
        ("550 5.1.6 recipient no longer on server: lan@example.com", RCPT, NOBODY),
        ("552 5.2.2 <lan@example.com>: user is over quota", RCPT, FULL),
        ("550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.9", RCPT, UNCLEAR),
        ("554 5.7.1 [CS01] Message rejected due to local policy. Please visit a page", END, CONTENT),
        ("550 5.7.1 [HM08] Message rejected due to local policy.", END, CONTENT),
        ("450 4.7.1 Your message was rejected due to news.example's DMARC policy.", END, SETTINGS),
        ("421 4.7.1 [HC101] Too many messages from this IP, slow down", MAIL, ACCOUNT),
    ),
    "Amazon SES": _rows(
        ("454 Throttling failure: Maximum sending rate exceeded.", END, ACCOUNT),
        ("454 Throttling failure: Daily message quota exceeded.", END, ACCOUNT),
        ("554 Message rejected: Email address is not verified. The following identities failed the check in region "
         "AP-SOUTHEAST-1: tin@news.example", END, SETTINGS),
        ("554 Message rejected: Sending suspended for this account. For more information, please check the inbox", END, ACCOUNT),
        ("554 Access denied: User `arn:aws:iam::1:user/tin' is not authorized to perform `ses:SendRawEmail' on resource", END, UNCLEAR),
        ("530 Must issue a STARTTLS command first", MAIL, SETTINGS),
        ("530 Authentication required", MAIL, SETTINGS),
        ("535 Authentication Credentials Invalid", MAIL, SETTINGS),
        ("552 Message is too long.", END, SIZE),
        ("501 Invalid MAIL FROM address provided", MAIL, SETTINGS),
        ("554 Transaction failed: Missing final '@domain'", END, UNCLEAR),
        ("451 Temporary service failure", END, WAY),
        ("421 Too many concurrent SMTP connections", GREETING, ACCOUNT),
        ("554 Transaction failed: Duplicate header 'Subject'.", END, CONTENT),
    ),
    "Zoho": _rows(
        ("553 Relaying disallowed as tin@news.example", MAIL, SETTINGS),
        ("553 5.7.1 <tin@news.example>: Sender is not allowed to relay emails", MAIL, RELAYING),
        ("550 5.4.6 Unusual sending activity detected. Please try after sometime", END, ACCOUNT),
        ("550 5.4.6 Outgoing blocked. Your daily sending limit has been exceeded.", END, ACCOUNT),
        ("535 Authentication Failed", MAIL, SETTINGS),
        ("550 5.1.1 <lan@example.com> User unknown", RCPT, NOBODY),
        ("541 5.4.1 Mail rejected by destination domain", END, MAILBOX),
        ("452 4.3.1 Temporary System Error", RCPT, WAY),
        ("552 5.7.1 virus Eicar detected by Zoho Mail", END, CONTENT),
        ("552 5.2.0 Email size exceeded the policy", END, SIZE),
        ("550 5.7.1 Email rejected per DMARC policy for news.example", END, SETTINGS),
        ("554 5.1.8 Email Outgoing Blocked", END, SETTINGS),
    ),
    "Mailgun, SendGrid, Brevo, Mailjet, Postmark": _rows(
        ("421 Domain news.example is not allowed to send: Free accounts are for test purposes only. Please upgrade", END, ACCOUNT),
        ("550 Domain news.example is not allowed to send: recipient limit exceeded", END, ACCOUNT),
        ("451 You are sending too many messages: rate limited", END, ACCOUNT),
        ("550 5.7.1 Relaying denied", RCPT, RELAYING),
        ("550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", END, SETTINGS),
        ("451 Authentication failed: Maximum credits exceeded", MAIL, ACCOUNT),
        ("550 Unauthenticated senders not allowed", MAIL, SETTINGS),
        ("525 5.7.1 Unauthorized IP address: 192.0.2.9", MAIL, UNCLEAR),
        ("502 5.7.0 Your SMTP account is not yet activated", MAIL, ACCOUNT),
        ("550 5.0.0 Your account has been suspended, contact support", END, ACCOUNT),
        ("550 The 'From' address you supplied (tin@news.example) is not a Sender Signature on your account", END, SETTINGS),
        ("552 Message size exceeds maximum permitted", MAIL, SIZE),
        ("550 Requested action not taken: mailbox unavailable", RCPT, MAILBOX),
    ),
    "Postfix": _rows(
        ("550 5.1.1 <lan@example.com>: Recipient address rejected: User unknown in virtual mailbox table", RCPT, NOBODY),
        ("550 5.1.1 <lan@example.com>: Recipient address rejected: User unknown in local recipient table", RCPT, NOBODY),
        ("550 5.1.1 <lan@example.com>: Recipient address rejected: undeliverable address: unknown user: \"lan\"", RCPT, NOBODY),
        ("450 4.1.1 <lan@example.com>: Recipient address rejected: unverified address: Address verification in progress", RCPT, MAILBOX),
        ("550 5.1.2 <lan@example.com>: Recipient address rejected: Domain not found", RCPT, NOBODY),
        ("450 4.1.2 <lan@example.com>: Recipient address rejected: Domain not found", RCPT, MAILBOX),
        ("554 5.7.1 <lan@example.com>: Relay access denied", RCPT, RELAYING),
        ("454 4.7.1 <lan@example.com>: Relay access denied", RCPT, RELAYING),
        ("554 5.7.1 <lan@example.com>: Recipient address rejected: Access denied", RCPT, UNCLEAR),
        ("550 5.1.8 <bounce@news.example>: Sender address rejected: Domain not found", RCPT, SETTINGS),
        ("450 4.1.8 <bounce@news.example>: Sender address rejected: Domain not found", RCPT, SETTINGS),
        ("450 4.1.7 <bounce@news.example>: Sender address rejected: unverified address: connect to mx: Connection refused", RCPT, SETTINGS),
        ("550 5.1.7 <bounce@news.example>: Sender address rejected: undeliverable address: User unknown in table", RCPT, SETTINGS),
        ("550 5.1.0 <bounce@news.example>: Sender address rejected: User unknown in virtual mailbox table", RCPT, SETTINGS),
        ("553 5.7.1 <bounce@news.example>: Sender address rejected: not logged in", RCPT, SETTINGS),
        ("553 5.7.1 <bounce@news.example>: Sender address rejected: not owned by user tin", RCPT, SETTINGS),
        ("554 5.7.1 <bounce@news.example>: Sender address rejected: Access denied", RCPT, SETTINGS),
        ("504 5.5.2 <tin>: Helo command rejected: need fully-qualified hostname", RCPT, SETTINGS),
        ("450 4.7.1 <mail.news.example>: Helo command rejected: Host not found", RCPT, SETTINGS),
        ("501 5.5.2 <mail_1>: Helo command rejected: Invalid name", EHLO, SETTINGS),
        ("450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.9]", RCPT, SETTINGS),
        ("550 5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.9]", RCPT, SETTINGS),
        ("554 5.7.1 <unknown[192.0.2.9]>: Client host rejected: Access denied", RCPT, SETTINGS),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org; https://www.spamhaus.org/sbl", RCPT, REPUTATION),
        ("421 4.7.0 mx.example Error: too many connections from 192.0.2.9", GREETING, ACCOUNT),
        ("450 4.7.1 Error: too much mail from 192.0.2.9", MAIL, ACCOUNT),
        ("452 4.3.1 Insufficient system storage", MAIL, WAY),
        ("552 5.3.4 Message size exceeds fixed limit", MAIL, SIZE),
        ("552 5.3.4 Error: message file too big", END, SIZE),
        ("550 5.2.2 <lan@example.com>: Recipient address rejected: Mailbox is full / Blocks limit exceeded", RCPT, FULL),
        ("552 5.2.2 <lan@example.com> Quota exceeded (mailbox for user is full)", END, FULL),
        ("451 4.3.5 Server configuration error", RCPT, WAY),
        ("451 4.3.0 <lan@example.com>: Temporary lookup failure", RCPT, WAY),
        ("450 4.2.0 <lan@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example", RCPT, WAY),
        ("550 5.7.1 Message content rejected, id=1 - SPAM", END, CONTENT),
        ("554 5.5.0 Error: SMTP protocol synchronization", DATA, UNCLEAR),
        ("556 5.1.10 <lan@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)", RCPT, NOBODY),
        ("550 5.7.27 <bounce@news.example>: Sender address rejected: Domain news.example does not accept mail (nullMX)", RCPT, SETTINGS),
        ("451 4.7.1 Service unavailable - try again later", END, WAY),
        ("450 4.7.1 <lan@example.com>: Recipient address rejected: Policy Rejection- Quota exceeded for sender. "
         "Daily sending limit reached", RCPT, ACCOUNT),
    ),
    "Exim": _rows(
        ("550-Verification failed for <bounce@news.example>|550-Unrouteable address|550 Sender verify failed", RCPT, SETTINGS),
        ("550-Verification failed for <bounce@news.example>|550-The mail server could not deliver mail to "
         "bounce@news.example.  The account or domain may not exist|550 Sender verify failed", RCPT, SETTINGS),
        ("550-Verification failed for <bounce@news.example>|550-Previous (cached) callout verification failure|550 Sender verify failed", RCPT, SETTINGS),
        ("451-Could not complete sender verify callout for <bounce@news.example>.|451 Could not complete sender verify callout", RCPT, SETTINGS),
        ("451 Temporary local problem - please try later", RCPT, WAY),
        ("550-Callback setup failed while verifying <bounce@news.example>|550 Sender verify failed", RCPT, SETTINGS),
        ("550 Unrouteable address", RCPT, NOBODY),
        ("550 Unknown user", RCPT, NOBODY),
        ("550 No Such User Here", RCPT, NOBODY),
        ("550 relay not permitted", RCPT, RELAYING),
        ("550-Please turn on SMTP Authentication in your mail client.|550 mail.news.example is not permitted to relay through this server", RCPT, SETTINGS),
        ("550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", RCPT, SETTINGS),
        ("501 Syntactically invalid HELO argument(s)", EHLO, SETTINGS),
        ("550 Domain news.example has exceeded the max emails per hour (500/500 (100%)) allowed.  Message discarded.", END, ACCOUNT),
        ("550 Domain news.example has exceeded the max defers and failures per hour (5/5 (100%)) allowed.", END, ACCOUNT),
        ("552 Message size exceeds maximum permitted", MAIL, SIZE),
        ("550 The mail server detected your message as spam and has prevented delivery.", END, CONTENT),
        ("550 Reverse DNS lookup failed for 192.0.2.9 (failed)", RCPT, SETTINGS),
        ("550 \"JunkMail rejected - mail.news.example [192.0.2.9] is in an RBL: see a page\"", RCPT, REPUTATION),
        ("550 Mailbox quota exceeded", RCPT, FULL),
        ("550 message rejected: administrative prohibition", END, CONTENT),
        ("550 Administrative prohibition", RCPT, UNCLEAR),
        ("550-Sender domain news.example has no MX|550 rejected because sender domain cannot be verified", RCPT, SETTINGS),
        ("421 Too many concurrent SMTP connections; please try again later.", GREETING, ACCOUNT),
    ),
    "Haraka": _rows(
        ("550 I cannot deliver mail for {lan@example.com}", RCPT, NOBODY),
        ("550 No MX for your FROM address", MAIL, SETTINGS),
        ("550 Your host name doesn't reverse resolve: rDNS FCrDNS failed", RCPT, SETTINGS),
        ("550 Mismatching hostname in HELO: invalid", EHLO, SETTINGS),
        ("550 host [192.0.2.9] is blacklisted by zen.spamhaus.org", RCPT, REPUTATION),
        ("450 Karma: please try again later", RCPT, WAY),
        ("550 Relaying is not allowed", RCPT, RELAYING),
        ("450 Rate limit exceeded; please slow down", RCPT, ACCOUNT),
        ("550 Message too big!", END, SIZE),
    ),
    "OpenSMTPD": _rows(
        ("550 Invalid recipient: <lan@example.com>", RCPT, NOBODY),
        ("550 5.1.1 Invalid recipient", RCPT, NOBODY),
        ("530 5.5.1 Invalid command: Must issue an AUTH command first", MAIL, SETTINGS),
        ("530 5.5.1 Invalid command: Must issue a STARTTLS command first", MAIL, SETTINGS),
        ("553 5.1.8 Sender address syntax error", MAIL, SETTINGS),
        ("552 5.3.4 Message too big", END, SIZE),
        ("421 4.3.0 Temporary Error", RCPT, WAY),
        ("550 5.7.1 Delivery not authorized, message refused: Message contains bare LF", END, CONTENT),
        ("451 4.5.3 Too many recipients", RCPT, UNCLEAR),
    ),
    "sendmail, qmail, Courier, MDaemon, Zimbra": _rows(
        ("501 5.0.0 Invalid domain name", EHLO, SETTINGS),
        ("553 5.1.8 <bounce@news.example>... Domain of sender address bounce@news.example does not exist", MAIL, SETTINGS),
        ("451 4.1.8 Domain of sender address bounce@news.example does not resolve", MAIL, SETTINGS),
        ("553 5.3.0 <lan@example.com>... No such user here", RCPT, NOBODY),
        ("550 5.1.1 <lan@example.com>... User unknown", RCPT, NOBODY),
        ("550 5.7.1 <lan@example.com>... Relaying denied. Proper authentication required.", RCPT, RELAYING),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", RCPT, RELAYING),
        ("550 sorry, no mailbox here by that name (#5.1.1 - chkuser)", RCPT, NOBODY),
        ("552 sorry, that message size exceeds my databytes limit (#5.3.4)", END, SIZE),
        ("550 5.5.0 lan@example.com unknown user account", RCPT, NOBODY),
        ("452 4.4.5 Insufficient disk space; try again later", MAIL, FULL),
        ("550 5.1.0 Address rejected.", RCPT, UNCLEAR),
        ("517 Domain does not exist: news.example.", MAIL, SETTINGS),
        ("550 Invalid account: your SMTP account is over its sending limit", MAIL, ACCOUNT),
        ("553 Domain of sender address bounce@news.example does not exist", MAIL, SETTINGS),
        ("550 Sender domain not found", RCPT, SETTINGS),
        ("550 5.4.5 Daily sending quota exceeded", MAIL, ACCOUNT),
    ),
    "gateways": _rows(
        ("550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", RCPT, NOBODY),
        ("550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs", RCPT, UNCLEAR),
        ("451 Account service is temporarily unavailable. https://community.mimecast.com", RCPT, WAY),
        ("550 cuda_nsu <lan@example.com>: Recipient address rejected: User unknown", RCPT, NOBODY),
        ("554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.9", GREETING, UNCLEAR),
        ("550 #5.1.0 Address rejected.", RCPT, UNCLEAR),
        ("554-mx.example|554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. "
         "If you believe that this failure is in error, contact", GREETING, REPUTATION),
        ("550 5.7.350 Remote server returned message detected as spam -> 550 spam detected", END, CONTENT),
        ("550 Recipient not in route list", RCPT, UNCLEAR),
        ("554 Sender blocked by recipient", END, CONTENT),
        ("550 5.7.1 lan@example.com does not want your mail: recipient has blocked the sender", RCPT, CONTENT),
    ),
    "other countries": _rows(
        ("550 5.7.1 spam message rejected. Please visit a page or report details to abuse@corp.mail.ru", END, CONTENT),
        ("550 Message was not accepted -- invalid mailbox. Local mailbox lan@example.com is unavailable: user not found", RCPT, NOBODY),
        ("550 User not found: lan@example.com", RCPT, NOBODY),
        ("552 5.2.2 Mailbox size limit exceeded", RCPT, FULL),
        ("550 Mailbox not found [MxID]. http://service.mail.qq.com", RCPT, NOBODY),
        ("550 Mail content denied. http://service.mail.qq.com", END, CONTENT),
        ("550 Ip frequency limited [MxID]. Connection frequency limited", RCPT, UNCLEAR),
        ("550 Requested action not taken: mailbox unavailable|550 Sender address is not allowed.", MAIL, SETTINGS),
        ("550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416", RCPT, NOBODY),
    ),
    "hosters in Vietnam": _rows(
        ("550 Tài khoản không tồn tại trên hệ thống", RCPT, NOBODY),
        ("550 5.1.1 Địa chỉ email người nhận không tồn tại", RCPT, NOBODY),
        ("550 Tai khoan khong ton tai", RCPT, NOBODY),
        ("552 5.2.2 Hộp thư người nhận đã đầy", RCPT, FULL),
        ("452 Hop thu da day", RCPT, FULL),
        ("550 Tài khoản đã vượt quá giới hạn gửi email trong ngày", END, ACCOUNT),
        ("550 Ban da vuot qua gioi han gui email trong gio", END, ACCOUNT),
        ("554 5.7.1 Thư bị từ chối: nghi ngờ thư rác", END, CONTENT),
        ("550 Địa chỉ người gửi không hợp lệ", MAIL, SETTINGS),
        ("530 Yêu cầu xác thực trước khi gửi", MAIL, SETTINGS),
        ("554 IP 192.0.2.9 nằm trong danh sách đen", GREETING, REPUTATION),
        ("451 Máy chủ bận, vui lòng thử lại sau", RCPT, WAY),
        ("552 Thư quá lớn, vượt quá dung lượng cho phép", END, SIZE),
    ),
    "returned by Postfix": _rows(
        ("5.4.4 Host or domain name not found. Name service error for name=example.com type=A: Host not found", END, NOBODY),
        ("4.4.3 Host or domain name not found. Name service error for name=example.com type=MX: Host not found, try again", END, WAY),
        ("5.4.4 Name service error for name=example.com type=MX: Malformed or unexpected name server reply", END, WAY),
        ("5.4.4 Host or domain name not found. Name service error for name=smtp.news.example type=A: Host not found", END, WAY),
        ("4.4.1 connect to mx.example.com[192.0.2.1]:25: Connection timed out", END, MAILBOX),
        ("5.4.6 mail for example.com loops back to myself", END, WAY),
        ("4.7.5 Server certificate not verified", END, WAY),
    ),
}  # fmt: skip

ALL = [(server, said) for server, rows in REPLIES.items() for said in rows]
