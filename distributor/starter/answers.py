"""What `distributor init` asks on a terminal, and config.yaml with the answers in it. Pure.

Each answer is checked by the rules of the setting that it becomes. A setting that nobody has answered keeps the placeholder
of the starter, which `distributor check` names and which holds emails back.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from ..config.types import parse_zone, public_url
from ..mail.address import Mailbox
from ..model import Language
from ..text import clean_line

_LONGEST_TITLE = 100  # characters
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")
_LOCAL_SERVERS = ("localhost", "127.0.0.1", "::1")
_NEWSLETTERS = {Language.VI: "tin-sang", Language.EN: "morning"}
_ENGLISH = (  # what the starter has in Vietnamese, for newsrooms that write in English
    ("Tin tức địa phương", "Local news"),
    ("danh sách của tòa soạn", "list of the newsroom"),
    ("bai-viet:", "articles:"),
    ("title: Tin sáng", "title: Morning news"),
    ("Tin mới mỗi sáng", "The news, every morning"),
    ("/tin/{slug}", "/news/{slug}"),
    ("tin-sang", _NEWSLETTERS[Language.EN]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What staff have answered. Empty texts keep what the starter has; `sources` are the settings of sources by name, in
    place of the folder of articles."""

    title: str = ""
    url: str = ""
    sources: Mapping[str, Mapping[str, object]] | None = None
    language: Language = Language.VI
    timezone: str = ""
    sender: str = ""
    host: str = ""

    @property
    def newsletter(self) -> str:
        """The name of the newsletter in config.yaml."""
        return _NEWSLETTERS[self.language]

    @property
    def suggested_sender(self) -> str:
        """An address at the host of the site; empty where that is not known."""
        host = (urlsplit(self.url).hostname or "").removeprefix("www.")
        local = "tin" if self.language is Language.VI else "news"
        try:
            return str(Mailbox("", f"{local}@{host}")) if "." in host else ""
        except ValueError:
            return ""


def parse_title(text: str) -> str:
    """The name of the publisher, in one line. Raises ValueError in words."""
    title = clean_line(text)
    if not title:
        raise ValueError("write the name of the publisher")
    if len(title) > _LONGEST_TITLE:
        raise ValueError(f"is longer than {_LONGEST_TITLE} characters; a short name is what subscribers know")
    return title


def parse_site_url(text: str) -> str:
    """The address of the site, `https://` added where it is missing. Raises ValueError in words."""
    url = public_url(text if "://" in text else f"https://{text}")
    if set(url) & set('?#"<>'):
        raise ValueError("write the address of the site alone, without ?, #, quotes and what follows them")
    if "." not in (urlsplit(url).hostname or ""):
        raise ValueError("is no public address: its host has no dot, as in bacson.example")
    return url


def parse_language(text: str) -> Language:
    """`vi` or `en`. Raises ValueError in words."""
    try:
        return Language(text.lower())
    except ValueError:
        raise ValueError("write vi or en: emails and pages are in Vietnamese or English") from None


def parse_timezone(text: str) -> str:
    """The name of a time zone. Raises ValueError in words."""
    return parse_zone(text).key


def parse_sender(text: str, title: str = "") -> str:
    """The sender with its name, which is the publisher's where none is given. Raises ValueError in words."""
    mailbox = Mailbox.parse(text)
    if not mailbox.is_ascii:
        raise ValueError("must have only ASCII letters before the @: many servers take no others")
    if mailbox.name or not title:
        return str(mailbox)
    try:
        return str(Mailbox.parse(f"{title} <{mailbox.address}>"))
    except ValueError:  # a title that cannot stand before an address
        return mailbox.address


def parse_host(text: str) -> str:
    """The name of a mail server. Raises ValueError in words."""
    if not _HOST.fullmatch(text):
        raise ValueError(
            "write the name of the server alone, such as smtp.bacson.example; a port goes into config.yaml"
        )
    return text


def fill_in(config: str, answers: Answers) -> str:
    """The starter's config.yaml with the answers in the place of its placeholders."""
    if answers.language is Language.EN:
        for vietnamese, english in _ENGLISH:
            config = config.replace(vietnamese, english)
        config = _set(config, "  language: vi", "  language: en")
    if answers.timezone:
        config = _set(config, "  timezone: Asia/Ho_Chi_Minh", f"  timezone: {_scalar(answers.timezone)}")
    if answers.sender:
        address = Mailbox.parse(answers.sender).address
        config = _set(config, "sender: Tên tòa soạn <tin@example.com>", f"sender: {_scalar(answers.sender)}")
        config = _set(config, "contact: toasoan@example.com", f"contact: {_scalar(address)}")
    if answers.title:
        config = _set(config, "  title: Tên tòa soạn", f"  title: {_scalar(answers.title)}")
    if answers.url:
        config = _with_site(config, answers.url)
    if answers.host:
        config = _with_server(config, answers.host)
    return _with_sources(config, answers.sources) if answers.sources else config


def _with_site(config: str, url: str) -> str:
    config = _set(config, "  url: https://example.com", f"  url: {_scalar(url)}")
    config = _set(config, "    url: https://example.com/feeds", f"    url: {_scalar(f'{url}/feeds')}")
    article = re.search(r"url: https://example\.com(/\w+/\{slug\})", config)
    assert article is not None
    return _set(config, article[0], f"url: {_scalar(url + article[1])}")


def _with_server(config: str, host: str) -> str:
    config = config.replace("saves emails in a folder; with host, username and password it sends them", "sends emails")
    config = config.replace("    maildir: var/mail\n", "")
    config = config.replace(", emails are saved in var/mail/ until you name a mail server.", ".")
    config = re.sub(r"127\.0\.0\.1:8080/, and the emails at \S+/mailbox", "127.0.0.1:8080/", config)
    config = _set(config, "# host: smtp.example.com", f"host: {_scalar(host)}")
    if host not in _LOCAL_SERVERS:
        return config
    plain = "    tls: none                               # encryption of the connection: starttls, tls or none\n"
    return config.replace("    # username:", f"{plain}    # username:")


def _with_sources(config: str, sources: Mapping[str, Mapping[str, object]]) -> str:
    start = config.index("\n", config.index("distributor sources try")) + 1
    end = config.index("\n\n", start) + 1
    written = yaml.safe_dump(_escaped(sources), allow_unicode=True, sort_keys=False, width=10_000)
    return config[:start] + textwrap.indent(written, "  ") + config[end:]


def _set(config: str, old: str, new: str) -> str:
    """The line that holds `old` and nothing after it but a comment, with `new` there; the comment stays in its column."""
    found = re.search(rf"{re.escape(old)}(?P<gap> *)(?=#|\n)", config)
    assert found is not None, old
    gap = " " * max(len(old) + len(found["gap"]) - len(new), 2) if found["gap"] else ""
    return config[: found.start()] + new + gap + config[found.end() :]


def _scalar(text: str) -> str:
    """A text as config.yaml reads it back: in quotes where YAML needs them, `$$` for a dollar sign."""
    return str(yaml.safe_dump([_escaped(text)], allow_unicode=True, width=10_000)).removeprefix("- ").rstrip("\n")


def _escaped(value: object) -> object:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _escaped(inner) for key, inner in value.items()}
    return [_escaped(inner) for inner in value] if isinstance(value, list | tuple) else value
