"""Feeds as readers get them: RSS, Atom and JSON Feed that can be read, with an id for each entry. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from lxml import etree

from .results import CheckResult, fault, passed

_ATOM = "{http://www.w3.org/2005/Atom}"


def check_feed(where: str, body: bytes) -> CheckResult | None:
    """The result for one file; None where it is no feed."""
    try:
        ids = _json_ids(body) if body.lstrip()[:1] == b"{" else _xml_ids(body)
    except RecursionError:
        return fault("feed-broken", where, "cannot be read: it is nested too deeply")
    except ValueError as error:
        return fault("feed-broken", where, f"cannot be read: {error}")
    if ids is None:
        return None
    twice = [id for id, number in Counter(filter(None, ids)).items() if number > 1]
    if twice:
        return fault("feed-ids", where, f"has an id twice: {', '.join(twice[:3])}")
    if not all(ids):
        return fault("feed-broken", where, f"{sum(not id for id in ids)} of {len(ids)} entries have no id")
    return passed("feeds", where, f"{len(ids)} entries")


def _json_ids(body: bytes) -> Sequence[str] | None:
    value: Any = json.loads(body)
    if not str(value.get("version", "")).startswith("https://jsonfeed.org/version/"):
        return None
    items = value.get("items")
    if not isinstance(items, list) or not value.get("title"):
        raise ValueError("has no title or no items")
    return [str(item.get("id", "")) if isinstance(item, dict) else "" for item in items]


def _xml_ids(body: bytes) -> Sequence[str] | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    if root.tag == f"{_ATOM}feed":
        if root.find(f"{_ATOM}title") is None or root.find(f"{_ATOM}id") is None:
            raise ValueError("has no title or no id")
        return [entry.findtext(f"{_ATOM}id") or "" for entry in root.iterfind(f"{_ATOM}entry")]
    if root.tag == "rss":
        channel = root.find("channel")
        if channel is None or channel.find("title") is None or channel.find("link") is None:
            raise ValueError("has no channel with title and link")
        return [item.findtext("guid") or item.findtext("link") or "" for item in channel.iterfind("item")]
    return None
