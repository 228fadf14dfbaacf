"""Web addresses made absolute and safe; session ids, campaign parameters and return links taken out of them. Pure.

    https://bacson.example/tin/bai-12;jsessionid=1F0A?utm_source=zalo&redirect=%2Ftin%3Fcur%3D2#top
    remove_tracking https://bacson.example/tin/bai-12#top       still opens the page
    canonical_url   bacson.example/tin/bai-12                   a key, the same for every such address of the page

Marks are known by their names. A name that elsewhere names the story itself (`sid` is a session in phpBB and the number
of a story in PHP-Nuke) is a mark only with a value that looks like one. The names are those
of Liferay (`p_p_…`, `_PORTLET_…`), ASP.NET (`(S(…))` in paths), Java servlets (`;jsessionid=`), PHP, ColdFusion, SharePoint,
Drupal and Joomla.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlencode, urljoin, urlsplit

from .credentials import remove_credentials
from .text import clean

# -- marks: an address opens the same page without them ----------------------------------------------------------------

_SESSION = re.compile(
    r"j?sessionid|session_?id|\w+_session|php_?sess(?:ion_?)?id|aspsessionid\w*|asp\.net_sessionid|cfid|cftoken|sesskey|"
    r"sessid|zenid|\w*csid|jsid|csrf_?token|__requestverificationtoken|(?:.*_)?p_auth|aspxautodetectcookiesupport"
)
_CAMPAIGN = re.compile(
    r"(?:utm|mtm|piwik|matomo|hsa|guce)_\w+|pk_(?:campaign|cpn|kwd|keyword|source|medium|content|cid|group|placement)|"
    r"oly_(?:enc|anon)_id|vero_(?:id|conv)|at_(?:medium|campaign|custom\d|link_\w+|ptr_\w+|format)|wt_(?:z?mc\w*)|"
    r"fb_(?:action_\w+|source|ref|comment_id)|_hs(?:enc|mi)|hsctatracking|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|gidzl|"
    r"zclid|msclkid|yclid|ymclid|twclid|ttclid|li_fat_id|srsltid|epik|igsh(?:id)?|mc_[cet]id|mkt_tok|_branch_match_id|_ga|"
    r"_gac|_gl|zarsrc|ref_src|xtor|s_cid|ns_campaign|spm|scm|trk(?:campaign)?|__twitter_impression|nr_email_referer|"
    r"cmpid|rb_clickid|_openstat"
)
_BACK = re.compile(
    r"(?:.*_)?(?:redirect(?:_?(?:url|uri|to))?|back_?url|backto|inheritredirect)|return_?(?:url|to|path|page)|"
    r"referr?er|ref_?ur[li]|prev_?url|from_?url"
)
# Where a Liferay listing stood when its link was clicked: its page and filters.
_LISTING = re.compile(r"_.+_(?:cur|delta|resetcur|keywords|advancedsearch|andoperator|orderbycol|orderbytype)")
_PUBLIC = re.compile(r"p_r_p_(?!.*(?:title|nodeid|nodename|entryid|articleid|classpk|groupid)$).+")
# Names that may name anything: marks only with a value that is an address, or the name of a channel.
_PERHAPS_BACK = re.compile(r"return|back|ref|source|from|next|goto|continue|destination")
_AN_ADDRESS = re.compile(
    r"https?:|/|\./|\.\./|~/|node/|index\.php|aHR0c|aW5kZXgucGhw"
)  # the last two: base64, by Joomla
_PERHAPS_CHANNEL = re.compile(r"ref|source|src|from|via|origin")
_A_CHANNEL = re.compile(
    r"rss|feeds?|facebook|fb|zalo|twitter|google|bing|instagram|tiktok|telegram|linkedin|youtube|e?mail|newsletter|"
    r"home(?:page)?|trangchu|mobile|share|social|qr(?:code)?",
    re.IGNORECASE,
)
_PERHAPS_SESSION = re.compile(r"p?sid|s|session")
_A_SESSION = re.compile(r"(?=.*\d)(?=.*[A-Za-z])(?:[0-9A-Za-z]{16,}|[0-9a-f]{4,}|[0-9A-F]{4,})")
_AGAINST_CACHES = re.compile(r"_|rnd|rand|nocache|cachebuster|ts|timestamp")
_A_TIME = re.compile(r"\d{9,}|0?\.\d+")
# In a path: `;jsessionid=…` behind a segment; a segment `(S(…))` by which ASP.NET knows who has no cookies.
_IN_PATH = re.compile(
    r"(?:;|%3B)\$?(?:j?sessionid|php_?sessid|session_id|jsid|sid|cfid|cftoken)\$?(?:=|%3D)[^/;?#]*", re.IGNORECASE
)
_COOKIELESS = re.compile(r"/(?:\(|%28)(?:[A-Z](?:\(|%28)[0-9A-Za-z_-]{8,}(?:\)|%29))+(?:\)|%29)(?=/|$)")

# -- views: the same story drawn otherwise; an address may need them to open -------------------------------------------

_VIEW = re.compile(r"print|amp|p_p_(?:lifecycle|state|mode|col_\w+|isolated|cacheability|width)|_.+_viewmode|isdlg")

_PREFIX = re.compile(r"^(?:(?:www\d?|m|mobile|amp)\.)+(?=.+\.)")
_INDEX = frozenset(
    {"", *(f"{name}.{kind}" for name in ("index", "default") for kind in ("htm", "html", "php", "aspx"))}
)
_ROUTE = re.compile(r"!|/.|%21")  # a fragment that is a path within an application: `#/tin/123`, `#!id=5`


def remove_tracking(url: str) -> str:
    """An address without sessions, campaigns and ways back; all else of it is kept as it is written.

    Any text will do: of a GUID that is no address, only what looks like such a mark is taken.
    """
    head, hash, fragment = url.partition("#")
    path, mark, query = head.partition("?")
    path = _COOKIELESS.sub("", _IN_PATH.sub("", path))
    if mark:
        kept = [pair for pair in query.split("&") if not _is_tracking_pair(pair)]
        query = "&".join(kept)
    if fragment and all(_is_tracking_pair(pair) for pair in fragment.split("&")):
        hash = fragment = ""
    return path + (f"?{query}" if mark and query else "") + hash + fragment


def canonical_url(url: str) -> str:
    """An address without what does not tell pages apart: scheme, `www.`, default port, marks, views, last slash, and the
    fragment unless it is a path within an application.

    The result is a key, not an address to open.
    """
    try:
        parts = urlsplit(remove_tracking(url.strip()))
        port = parts.port
    except ValueError:
        return url.strip()
    host = _PREFIX.sub("", (parts.hostname or "").rstrip("."))
    if port and port not in (80, 443):
        host += f":{port}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = [
        (_composed(name), _composed(value))
        for name, value in pairs
        if not (_is_tracking_parameter(name, value) or _is_view(name))
    ]
    path = _rewritten(parts.path)
    path = path[: _end(path)]
    return host + path + (f"?{urlencode(sorted(query))}" if query else "") + _route(parts.fragment)


def significant_fragment(url: str) -> str:
    """The fragment of an address where that may tell stories apart, in one way of writing; empty where it has none."""
    fragment = remove_tracking(url.strip()).partition("#")[2]
    return _rewritten(fragment, "?")


def _rewritten(text: str, safe: str = "") -> str:
    """A part of an address in the one way in which keys write it."""
    text = _composed(unquote(text, errors="surrogateescape"))
    return quote(text, safe="/~!$&'()*+,;=:@" + safe, errors="surrogateescape")


def _composed(text: str) -> str:
    """NFC: file names from a Mac come in decomposed letters, and are the same."""
    return unicodedata.normalize("NFC", text)


def _route(fragment: str) -> str:
    return f"#{significant_fragment('#' + fragment)}" if _ROUTE.match(fragment) else ""


def _is_tracking_pair(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return _is_tracking_parameter(unquote_plus(name), unquote_plus(value))


def _is_tracking_parameter(name: str, value: str) -> bool:
    name = name.lower().removeprefix("amp;")  # `&amp;` escaped once too often
    if any(known.fullmatch(name) for known in (_SESSION, _CAMPAIGN, _BACK, _LISTING, _PUBLIC)):
        return True
    if _PERHAPS_BACK.fullmatch(name) and _AN_ADDRESS.match(unquote(value)):
        return True
    if _PERHAPS_CHANNEL.fullmatch(name) and _A_CHANNEL.fullmatch(value):
        return True
    if _PERHAPS_SESSION.fullmatch(name):
        return bool(_A_SESSION.fullmatch(value))
    return bool(_AGAINST_CACHES.fullmatch(name) and _A_TIME.fullmatch(value))


def _is_view(name: str) -> bool:
    return bool(_VIEW.fullmatch(name.lower().removeprefix("amp;")))


def _end(path: str) -> int:
    """Where a path ends without last slashes and the names that servers give to what is at a slash."""
    end = len(path)
    while (slash := path.rfind("/", 0, end)) >= 0 and path[slash + 1 : end] in _INDEX:
        end = slash
    return end


# -- addresses in foreign HTML and feeds --------------------------------------------------------------------------------

_LONGEST_ADDRESS = 4000  # characters; servers refuse more, and a fault must stay a line that can be read
_UNSAFE = re.compile(r'[\s\x00-\x20\x7f-\xa0"<>]')


def web_address(url: str, base_url: str) -> str:
    """An absolute http(s) address without user name and password; empty for whatever is none, and for no address.

    Portals link to `tin moi.html`: spaces and the like are written as addresses need, as browsers do.
    """
    # Browsers read `java<tab>script:` as `javascript:` (WHATWG URL, 4.4).
    url = re.sub(r"[\t\r\n]", "", clean(url)).strip()
    if len(url) > _LONGEST_ADDRESS:
        return ""
    try:
        made = remove_credentials(urljoin(base_url, url) if base_url and url else url)
        parts = urlsplit(made)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or _UNSAFE.search(parts.netloc):
        return ""
    made = _UNSAFE.sub(lambda sign: quote(sign[0]), made)
    return made if len(made) <= _LONGEST_ADDRESS else ""
