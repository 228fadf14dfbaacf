"""Words by which a refusal speaks of the recipient, the message, the way, or what the message says. Pure.

They are asked in this order, after those about us.
"""

from __future__ import annotations

from .rejection_rules import RejectionCause, make_rule

PASSING_DNS = make_rule(
    RejectionCause.TRANSIT,
    "a passing fault of DNS",
    "",
    r"""
    not found, try again
    malformed or unexpected
    unexpected name server
    server failure
    servfail
    dns soft error
    dns (?:server )?(?:time|temp|error|fail|problem)
    (?:temporary|transient) (?:dns|lookup|resolver|name)
    (?:look ?up|resolution|resolv\w+|query) (?:has )?(?:timed? ?out|failed|failure|error|temporar)
    dns (?:look ?up|query|resolution)
""",
)

TOO_MANY = make_rule(
    RejectionCause.UNCLEAR,
    "recipients of one message",
    "",
    r"""
    too many recipients
    recipients? per (?:message|transaction)
""",
)

RECEIVING = make_rule(
    RejectionCause.MAILBOX,
    "the recipient gets too much mail at the moment",
    "",
    r"""
    (?:is |are )receiving (?:e-?)?mail
    receiv(?:e|ing) (?:limit|rate|too)
    recipient.{0,30}(?:thread limit|throttl|per hour message receive)
    recipient (?:has |have )?exceeded (?:their|its|his|the) limit.{0,40}receive
    recipient(?:.s)? (?:per.?hour|hourly|rate|message) (?:rate )?limit
    STOREDRV\.Deliver
""",
)

FULL = make_rule(
    RejectionCause.FULL,
    "the mailbox is full",
    "",
    r"""
    (?:mailbox|inbox|recipient(?:.s)?|user(?:.s)?|account|maildir|folder|storage|disk|hộp thư)\
        \b(?: \S+){0,6}? (?:is |are |was )?(?:full|over|exceed\w*|out of|insufficient|too large)\
        \b(?!.{0,20}(?:rate|limit per))
    over ?quota
    over (?:the |its |their |his |my )?(?:storage |disk |mailbox )?quota
    quota (?:is |has been |was |would be )?(?:exceed|full|reach|violat|exhaust|insufficient)
    (?:exceed\w*|out of|above|full|beyond)\b.{0,40}\bquota
    (?:exceed(?:ed|s)?|over) (?:its |the |their )?(?:mailbox|storage|allocat|disk)(?: \S+){0,2}
    exceeded storage
    out of (?:storage|disk|space)
    not enough (?:disk |storage )?space
    no (?:storage |disk |mailbox )space
    insufficient (?:disk |storage|mailbox)
    mailbox size
    hộp thư (?:này |đã |bị |người nhận )*đầy
    (?:đầy|hết|vượt quá) dung lượng(?! cho phép)
    (?:postfach|mailbox|speicher(?:platz)?)\b.{0,30}\b(?:voll|überschritten|erschöpft)
    ящик\w*\b.{0,30}(?:переполнен|заполнен)
    (?:邮箱|郵箱|信箱|空间|空間).{0,6}(?:满|滿|不足)
    boîte\b.{0,30}\bpleine
    buzón\b.{0,30}\blleno
    storage (?:allocation|limit) exceed
""",
)

SIZE = make_rule(
    RejectionCause.SIZE,
    "the size of our message",
    "host",
    r"""
    (?:message|mail|e-?mail|letter|content|data|body|attachments?|header)s?(?: \S+){0,5}? (?:too (?:large|big|\
        long)|larger than|bigger than|(?:size|length) (?:\S+ ){0,3}(?:exceed|limit|larger|greater|over|is too))
    (?:size|length) (?:of (?:this |the |your )?(?:message|mail|e-?mail) )?(?:exceed|limit|greater)
    exceed\w*(?: \S+){0,6}? (?:size|length)
    too (?:large|big)\b
    (?:maximum|max\.?|fixed|administrative) (?:message |allowed |mail )?(?:size|length)
    exceeds? (?:the )?(?:administrative|fixed|maximum) (?:limit|size)
    (?:thư|email|nội dung|tệp|file).{0,20}(?:quá lớn|vượt quá (?:kích thước|dung lượng cho phép))
    kích thước.{0,20}(?:vượt|quá)
    dung lượng (?:thư|email|tệp|file)\b.{0,20}(?:vượt|quá)
""",
)

NOBODY = make_rule(
    RejectionCause.NO_MAILBOX,
    "there is no such mailbox",
    "",
    r"""
    @PERSON@\b\W{0,4}(?:[\w‹›@.'\"-]{1,80}+\W{1,4}){0,4}?(?:is |was |are |has been |have been |name |now |\
        currently )?(?:an? )?(?:unknown|not found|not known|not (?:a )?valid|not recogni[sz]ed|\
        no longer (?:available|valid|active|in use|here|exists?|used|with|on server|at this)|disabled|\
        deactivated|discontinued|closed|cancell?ed|terminated|deleted|removed|inactive|invalid|(?:does ?n.t|\
        does not|do not|didn.t|did not|not) exist|non-?existent|nonexist\w*|undeliverable|unrout(?:e)?able|\
        not listed|not here|not local|not active|not (?:an? )?active|has moved|not our customer)
    (?:no such|unknown|invalid|non-?existent|nonexistent|unrouteable|unroutable|undeliverable|\
        unknown or illegal|bad destination|inactive|disabled|expired|terminated|not a (?:known|valid)|\
        not an? (?:active|existing)|no valid|illegal) (?:a |local |e-?mail |mail |virtual |destination |system |\
        or unknown |or invalid |or inactive |or illegal )*(?:user|recipient|mailbox|account|address|person|\
        local.?part|domain|e-?mail|alias|name|customer|host|destination|addressee|object)
    you tried to reach (?:does ?n.t|does not|is disabled|is inactive|no longer|was not)
    recip(?:ient)?.?not.?found
    NoSuchUser
    \bnsu\b
    user_?unknown
    unknown_?user
    (?:mailbox|account|user|recipient|person|one|body) (?:here |with this |of |by |with |under )(?:that |\
        this )?(?:name|address|id)\b
    no (?:mailbox|account|recipient|user|person|one|body|entry)(?: \S+){0,3} (?:here|found|by that name|\
        with that|named|exists)
    there is no (?:one|body|user|such|account|mailbox)
    (?:does ?n.t|does not|don.t|do not) have an? (?:\S{1,80} )?(?:account|mailbox)
    cannot deliver mail for
    not (?:a )?local (?:user|mailbox)
    doesn.t handle mail for
    never logged
    dosn.t exist
    account (?:that )?(?:has been |was )?(?:disabled|closed|deleted)
    (?:host|domain)(?: or domain)?(?: name)?(?: ‹\S+›| \S{1,120})? (?:not found|does not exist|doesn.t exist|\
        has no (?:mx|mail|a record)|unknown|has expired)
    null ?mx
    (?:does not|doesn.t) accept (?:any )?(?:mail|e-?mail)
    no mail hosts? for domain
    no mx (?:record|host)
    nxdomain
    domain (?:is )?not (?:hosted|served|found|exist)
    unrouteable (?:mail )?domain
    all relevant mx records point to non-existent
    (?:người dùng|người nhận|hộp thư|tài khoản|địa chỉ|tên miền|email|thuê bao)\
        (?: \S+){0,6}? ?(?:không (?:tồn tại|có thật|hợp lệ|tìm thấy|đúng|còn)|bị (?:khóa|khoá|xóa|xoá)|\
        đã (?:khóa|khoá|xóa|xoá|ngừng)|ngừng hoạt động)
    không (?:tìm thấy|tồn tại|có) (?:người dùng|người nhận|hộp thư|tài khoản|địa chỉ|tên miền)
    (?:empfänger|benutzer|nutzer|postfach|adresse|mailadresse|konto)\w*(?: \S+){0,4}? (?:unbekannt|existiert nicht|ungültig|\
        nicht (?:gefunden|bekannt|vorhanden|gültig))
    (?:unbekannte|ungültige)[rs]? (?:empfänger|benutzer|nutzer|postfach|adresse)
    kein (?:solcher |solches )?(?:benutzer|empfänger|postfach)
    (?:пользовател|получател|ящик|адрес)\w*(?: \S+){0,4}? (?:не (?:найден|существует|зарегистрирован)|неизвест|удален)
    (?:несуществующ|неизвестн)\w+ (?:пользовател|получател|адрес|ящик|почтов)
    нет такого (?:пользовател|получател|адрес|ящик|почтов)
    (?:收件人|收信人|用户|用戶|邮箱|郵箱|帐号|账号|帳號|地址).{0,12}(?:不存在|无效|無效|未找到|找不到)
    (?:destinataire|utilisateur|adresse|boîte)\b.{0,30}(?:inconnu|inexist|n.existe|invalide|introuvable)
    (?:destinatario|usuario|buzón|dirección)\b.{0,30}(?:desconocid|no existe|inexistente|no encontrad)
""",
)

PERHAPS = make_rule(
    RejectionCause.MAILBOX,
    "the mailbox does not take mail now",
    "",
    r"""
    (?:user|mailbox|recipient) (?:‹\S+› )?(?:is |was |has been )?suspended
    mailbox (?:is |currently |temporarily )*(?:un|not )(?:available|usable)
    mailbox (?:is )?(?:busy|locked|in use|frozen)
    (?:user|account|mailbox|recipient) (?:is )?(?:temporarily |currently |has been )?(?:un|not |dis|in|lock|\
        block|reject|susp)(?:avail|abl|activ|ed|ended|accept|usable)
    connect(?:ion)? to \S+.{0,60}(?:refused|timed out|reset|no route|unreachable)
    timed? ?out\b
    (?:delivery|retry) time(?:out)? (?:expired|exceeded)
    message expired
    connection (?:refused|reset|timed out|attempts?)
    unable to connect
    no route to host
    host (?:is )?unreachable
    could not (?:be )?(?:connect|deliver) to the (?:remote|mail)
    not respond
""",
)

# -- about the way, and about what we say -------------------------------------------------------------------------------

REST = (
    make_rule(
        RejectionCause.TRANSIT,
        "a passing fault on the way",
        "",
        r"""
        gr[ea]y-?list
        too many hops
        hop count
        \bloop(?:s|ed|ing)?\b
        \btls\b
        \bssl\b
        certificate
        name service error
        routing
        unable to route
        try (?:again|later|your)
        (?:come|try|check) back
        currently unavailable
        hệ thống đang bận
        temporar
        tempfail
        (?:system|server|service|mail system) (?:\w+ )?(?:problem|error|failure|busy|unavailable|down|overload|\
            configuration|not (?:accepting|available))
        (?:insufficient|low) (?:system )?(?:storage|resources|memory)
        (?:local|internal|database|configuration|ldap|lookup|processing) (?:error|problem|failure|lookup)
        error in processing
        queue (?:file|full|unavailable|is)
        resources
        tạm thời
        thử lại sau
        máy chủ bận
        shutting down
        greeting delay
    """,
    ),
    make_rule(
        RejectionCause.CONTENT,
        "what the message says, or a rule about it",
        "",
        r"""
        \bspam
        unsolicited
        bulk ?mail
        virus
        malware
        trojan
        phish
        suspicious
        infected
        content
        attachment
        \bpolic(?:y|ies)\b
        banned
        header
        subject
        \bbody\b
        \bhtml\b
        \burls?\b
        \blinks?\b
        rfc ?\d{3,4}
        bare (?:lf|cr)
        line (?:is )?too long
        charset
        8.?bit
        \bmime\b
        thư rác
        chính sách
        спам
        垃圾
        duplicate
        message (?:was |has been |is )?(?:rejected|refused|blocked|denied)
        message filtered
        will not accept delivery of (?:this|your) (?:message|mail|e-?mail)
        utf-?8
        smtputf8
        not compliant
        classified as
    """,
    ),
)

RULES = (PASSING_DNS, TOO_MANY, RECEIVING, FULL, SIZE, NOBODY, PERHAPS, *REST)
