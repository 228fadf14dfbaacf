"""Links that say where a reader came from, for newsrooms that have switched that on. Pure.

The `utm_` parameters are Google's, and every statistics program reads them. They are added to the newsroom's own articles
only; what an address holds already is never changed.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit


def add_utm_parameters(url: str, site: str, *, source: str, medium: str, campaign: str) -> str:
    """An address with source, medium and campaign, where it belongs to the site and has none of its own yet.

    `source` is empty where this is switched off.
    """
    if not source or not url:
        return url
    parts = urlsplit(url)
    if _host(parts.hostname) != _host(urlsplit(site).hostname):
        return url
    known = {pair.partition("=")[0] for pair in parts.query.split("&")}
    added = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    fresh = [f"{name}={quote(value, safe='')}" for name, value in added.items() if value and name not in known]
    return urlunsplit(parts._replace(query="&".join([*filter(None, [parts.query]), *fresh])))


def _host(name: str | None) -> str:
    return (name or "").removeprefix("www.")
