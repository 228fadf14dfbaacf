"""Words by which a refusal speaks of us: our address, name, host, login, account, reputation. Pure.

They are asked first, in this order: `User unknown … Sender verify failed` is about the sender.
"""

from __future__ import annotations

from .rejection_rules import RejectionCause, make_rule

RULES = (
    # A recipient's own choice, although it speaks of the sender.
    make_rule(
        RejectionCause.CONTENT,
        "whom this recipient takes mail from",
        "",
        r"""
        RESOLVER\.RST
        SenderNotAuthenticatedForGroup
        NotAuthorized(?:ToSend)?
        sender.{0,60}(?:not allowed|not authori[sz]ed|not permitted|no permission|rejected|blocked|restricted)\
            .{0,30}(?:(?:to|(?<!owned )by) (?:this |the |that )?(?:recipient|group|list|mailbox|user\b)|‹recipient›)
        (?:recipient|user|mailbox owner|addressee) (?:has |does ?n.t |does not |doesn.t want|only )?(?:blocked|want|\
            accept(?:s)?|reject(?:ed|s)?) (?:the |this |your |any )?(?:sender|mail from|e-?mail from|your mail)
    """,
    ),
    # Signatures and published policies of our domain.
    make_rule(
        RejectionCause.SETTINGS,
        "SPF, DKIM or DMARC of our domain",
        "dkim sender",
        r"""
        \bdmarc\b
        \bdkim\b
        \bspf\b
        sender policy framework
        unauthenticated
        sender.id check
        authentication (?:checks?|results?|information|requirements?|level|policy)
    """,
    ),
    # Our account.
    make_rule(
        RejectionCause.ACCOUNT,
        "our account at the server",
        "username",
        r"""
        bad outbound sender
        outbound spam
        unusual sending activity
        sending (?:from \w+ account )?(?:is |are |has been |was |privileges? )?(?:\w+ )?(?:suspended|paused|blocked|\
            disabled|revoked|restricted|not enabled)
        (?:your|smtp|sending|sender|user|e-?mail|customer|this) (?:smtp |e-?mail |mail )?(?:account|tenant|\
            subscription|domain) (?:‹\S+› )?(?:is |was |has been |have been )?(?:currently |\
            temporarily )?(?:suspended|locked|restricted|terminated|not (?:yet )?activated|not active\b|overdue|frozen)
        your (?:smtp |e-?mail )?account (?:is |was |has been )?(?:currently |temporarily )?(?:blocked|disabled|expired|\
            does not exist)
        outgoing mail from .{0,80}suspended
        free accounts are for test
        maximum credits exceeded
        credits? (?:expired|exhausted|blocked)
        account (?:is )?under review
        tenant (?:has )?exceed
        traffic not accepted from this
        (?:tài khoản|dịch vụ|hộp thư)(?: \S+){0,2}? (?:gửi|smtp|của (?:bạn|quý khách|anh|chị|khách hàng))\b.{0,30}\
            (?:khóa|tạm ngưng|hết hạn|ngừng)
        ‹sender›@NEAR@{0,30}(?:suspended|locked|frozen|expired|bị khóa|hết hạn|tạm ngưng)
        failed log ?in
    """,
    ),
    make_rule(
        RejectionCause.ACCOUNT,
        "the sending quota or rate of our account",
        "rates username",
        r"""
        (?:sending|outgoing|outbound|daily|hourly|monthly|submission|smtp|relay)\b(?: \S+){0,5}? @LIMIT@\b.{0,60}@OVER@
        @OVER@\w*\b.{0,60}(?:\bsending|outgoing|outbound|daily|hourly|monthly|submission)\b(?: \S+){0,4}? ?@LIMIT@
        @OVER@\w*\b.{0,50}(?:e-?mails?|messages?|mails?|recipients?)\b.{0,20}(?:per|an?|each|in|/)\s?\d*\s?(?:day|\
            hour|minute|second|h\b|m\b)
        @LIMIT@.{0,30} (?:for|of) (?:the )?(?:sender|your|authenticated)
        throttl
        too many (?:messages|e-?mails|mails|connections|concurrent|sessions|requests|defers|invalid|unknown)
        too much mail
        sending (?:mail |messages? )?too (?:fast|quickly|many|much)
        send(?:ing)? rate
        slow(?:ing)? down
        rate[- ]?limit
        ratelimit
        max(?:imum)? (?:e-?mails|defers|sending|message rate|number of messages)
        (?:message|mail|e-?mail|connections?|sender|customer|tenant|recipient) (?:rate |count |\
            sending )?@LIMIT@\b.{0,40}@OVER@(?!.{0,40}(?:mailbox|inbox))
        @OVER@\w* (?:\S+ ){0,4}?(?:message|mail|e-?mail|connection|recipient|rate) (?:rate |count |\
            sending )?@LIMIT@(?!.{0,20}mailbox)
        \b(?:sender|sasl)\b.{0,20} (?:over|exceed\w*|above)\b.{0,20}\bquota
        limits? (?:for|on|of) how many (?:messages|e-?mails)
        number of (?:messages|e-?mails) sent\b.{0,60}@OVER@
        @OVER@\w* .{0,30}number of (?:connections|sessions)
        recipients? (?:received|sent) (?:this|per|in the last) (?:hour|day|minute)
        (?:превышен|исчерпан)\w* .{0,30}(?:лимит|квот)\w*.{0,20}(?:отправ|исходящ)
        (?:versand|sende)\w*(?:limit|kontingent).{0,40}(?:erreicht|überschritten)
        (?:发送|发信|發送|發信).{0,12}(?:超过|超出|超過|限制|上限|过多|過多|频繁|頻繁)
        vượt (?:quá )?(?:số lượng|giới hạn|hạn mức|định mức|số email|số thư).{0,40}(?:gửi|ngày|giờ|phút|email|thư)
        (?:giới hạn|hạn mức|số lượng) (?:email |thư )?gửi.{0,30}(?:vượt|hết|đạt)
        gửi (?:quá nhanh|quá nhiều)
    """,
    ),
    # Our host's name in DNS.
    make_rule(
        RejectionCause.SETTINGS,
        "the reverse DNS (PTR) of the host that sends",
        "host helo_name",
        r"""
        reverse.?(?:dns|host|look|name|record|address|path dns)
        \br-?dns\b
        \bptr\b
        fcrdns
        no reverse
        (?:cannot|can.t|unable to|could not|couldn.t|does not|doesn.t|did not|failed to) (?:find|resolve|verify|\
            look ?up|determine) (?:the )?(?:your|client|host(?:name)? of|address of) ?(?:reverse |host|ip|dns|\
            domain|server|address|name)*
        (?:dynamic|generic|residential|dial-?up) (?:ip|host|dns|rdns|address|name)
        missing dns
        invalid dns
    """,
    ),
    make_rule(
        RejectionCause.SETTINGS,
        "the host that sends",
        "host username",
        r"""
        client host (?:‹\S+› |\S+ )?rejected(?!.{0,60}(?:block|list))
        client (?:was |is )?not (?:allowed|authori[sz]ed|permitted)
        your (?:host|ip|ip address|server|client) (?:\S+ ){0,2}(?:is |was )?(?:not (?:allowed|authori[sz]ed|\
            permitted|accepted)|denied|refused|rejected)
        access (?:denied|restricted) (?:for|from) (?:your )?(?:ip|host|client)
        IP not in whitelist
        \bip\b(?: \S+){0,6}? (?:is |was )?not (?:allowed|authori[sz]ed|permitted)
        \bip\b.{0,20}gửi.{0,30}(?:không|chưa) được phép
    """,
    ),
    # Block lists and complaints.
    make_rule(
        RejectionCause.REPUTATION,
        "the reputation of our address or domain",
        "host",
        r"""
        spamhaus
        spamcop
        \bsorbs\b
        barracuda
        spamrats
        uceprotect
        abusix
        invaluement
        \bdnsbl
        \brbl\b
        \bsbl\b
        \bpbl\b
        \bxbl\b
        (?:black|block|deny|reject)[ -]?list
        blocked using
        \breputation\b
        sender ?score
        \blisted (?:in|at|by|on)\b
        banned send
        S31[45]\d
        \bTSS?\d\d\b
        \bPH0\d\b
        user complaints
        unusual rate
        unsolicited mail originating
        \[?\d{1,3}(?:\.\d{1,3}){3}\]?\W.{0,60}(?:block(?:ed|list)|bann?ed|blacklist|den(?:ied|y)|temporarily deferred)
        (?:your|the|this|our|sending|client|source|remote|connecting|sender) (?:sending )?(?:ip|host|server|mta|\
            mail server|network|domain|system|range)\b(?: address)?.{0,60}(?:blocked|blocking|bann?ed|abus|\
            sends? spam|sending spam|source of spam|not allowed to (?:connect|send))
        connection (?:refused|rejected|denied) (?:due to|because of|by) (?:abuse|policy|spam)
        network is on our
        mail flood
        (?:too many|high (?:number|volume) of) (?:spam |user )?complaints
        ip (?:has been |was |is )?(?:temporarily )?blocked
        danh sách đen
        \bip\b.{0,40}(?:bị chặn|bị khóa)
        \b(?:RP|SC|OU|DY)-00\d\b
        messages from \S+ weren.t sent
        badmailfrom
        in my bad\w+ list
    """,
    ),
    # The name that we greet with.
    make_rule(
        RejectionCause.SETTINGS,
        "the name that we greet the server with (HELO)",
        "helo_name",
        r"""
        \b(?:helo|ehlo)\b
        \bhello (?:name|argument)
        ‹our-name›@NEAR@{0,60}(?:@NOT@|@REFUSED@)
        ^(?:\W*[45]\d\d[ -])?\W*(?:5\.\d\.\d )?invalid domain name\W*$
        need fully.qualified host
        (?:not a valid|invalid|bad|illegal) host ?name
    """,
    ),
    # Whether this server sends for us at all.
    make_rule(
        RejectionCause.RELAYING,
        "our right to send by this server",
        "username password host",
        r"""
        relay(?:ing|ed)?\b(?! disallowed as).{0,50}(?:denied|disallow|prohibit|refus|reject|not (?:be )?(?:permit|\
            allow|authori|supported))(?! as\b)
        (?:unable|not (?:permitted|allowed|authori[sz]ed|able)|refuse[sd]?|cannot|can.t|won.t|do(?:es)? not|don.t|\
            denied) (?:to )?relay
        rcpthosts
        open relay
        TenantAttribution
    """,
    ),
    # Our login.
    make_rule(
        RejectionCause.SETTINGS,
        "our login at the server",
        "username password host",
        r"""
        (?:please|need(?: to)?|requires?) authenticat
        authenticat\w* (?:before|first)
        authentication (?:is |was )?(?:required|needed|failed|unsuccessful|rejected|credentials)
        auth(?:entication)? (?:error|first)
        must (?:first )?(?:authenticate|log ?in|be authenticated|issue|use smtp auth|check (?:for )?(?:new )?mail)
        log ?in (?:first|to)
        not authenticated
        smtp auth
        (?:username|user name) and password
        credentials
        starttls (?:command )?first
        (?:cần|phải|yêu cầu|chưa) (?:đăng nhập|xác thực)
    """,
    ),
    make_rule(
        RejectionCause.SETTINGS,
        "encryption of the connection",
        "tls",
        r"""
        (?:tls|ssl|encryption|starttls|secure connection) (?:is )?(?:required|needed|mandatory)(?! for rcpt)
    """,
    ),
    # The address that we send from.
    make_rule(
        RejectionCause.SETTINGS,
        "the address or domain that we send from",
        "return_path sender",
        r"""
        sender verif
        sender (?:address |e-?mail )?verif
        verify(?:ing)? sender
        sender (?:id|identity)\b.{0,40}(?:@NOT@|@REFUSED@)
        verification failed for(?! ‹recipient›)
        call(?:back|out)\b.{0,80}(?:sender|‹sender›|MAIL FROM|postmaster)
        no mx for your from
        ‹sender›@NEAR@{0,80}(?:@NOT@|@REFUSED@|@REFUSED-ABROAD@)
        (?:@NOT@|@REFUSED@|@REFUSED-ABROAD@)@NEAR@{0,80}‹sender›
        @SENDER-ABROAD@@NEAR@{0,40}@REFUSED-ABROAD@
        @REFUSED-ABROAD@@NEAR@{0,20}@SENDER-ABROAD@
        multiple from addresses
        address (?:that )?you (?:are |have )?(?:sen[dt]|sending|mail(?:ing|ed)?) from
        \bsender(?:.s)?\b(?! should)(?: \S+){0,4}?[ :]\s?(?:@NOT@|@REFUSED@)
        (?:invalid|unknown|bad|unauthori[sz]ed|unroutable|unrouteable|unverified|illegal|forged|\
            spoofed) (?:envelope )?sender
        (?:domain|host|mx)s? (?:of|for) (?:the |your )?(?:sender|envelope|return)
        your (?:\w+ )?domain (?:has no|does|is not)
        (?:from|sender(?:.s)?) domain
        (?:mail from|return[- ]path|reverse[- ]path|envelope[- ](?:from|sender)|from(?: header)? address|\
            header from|from:? (?:header|field)|your (?:from|address|e-?mail address|domain))\b.{0,80}(?:@NOT@|\
            @REFUSED@|must|does)
        send (?:as\b|on behalf)
        to send (?:mail |e-?mail )?(?:as|from|using)\s
        relaying disallowed as
        identit(?:y|ies) failed
        address is not verified
        not (?:a )?verified (?:sender|identity|domain|address|e-?mail)
        verified sender
        sender signature
        unregistered domain
        invalid (?:mail from|return.path|from)\b
        not owned by
        does not match (?:the |a |your )?(?:authenticated|login|user|account|verified)
        \bspoof
    """,
    ),
)
