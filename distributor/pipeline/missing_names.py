"""Names in the store that config.yaml does not have: renamed there, or taken out, while something still hangs on them.

Nothing goes on by itself under a name that is nowhere explained. What is missing is told by `check`, `serve`, `send` and
`deliver`; a newsletter that the store has never seen is not begun while one with subscribers is missing, because it may be
the same under another name and would announce everything again, to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ..delivery import queries
from ..editions import article_status
from ..errors import OutdatedConfig
from ..newsroom import Newsroom
from ..storage.database import Database
from ..storage.renames import NameKind, current_names
from ..subscribers import repository as subscriber_repository


@dataclass(frozen=True, slots=True)
class MissingName:
    """A name that config.yaml does not have: a newsletter with so many subscribers, or a channel with so many open
    deliveries of `editions`. `instead` are the names that it may have now: those that the store has never seen."""

    kind: NameKind
    name: str
    number: int
    editions: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"{self.kind}s.{self.name}"

    def in_words(self) -> str:
        """What it is and which commands end it."""
        new = self.instead[0] if len(self.instead) == 1 else "NEW"
        rename = f"`distributor {self.kind}s rename {self.name} {new}` if it has another name now"
        if self.kind is NameKind.NEWSLETTER:
            people = "1 subscriber" if self.number == 1 else f"{self.number} subscribers"
            return (
                f"newsletter {self.name} has {people} and is not in config.yaml, so nothing is sent to them: {rename}, "
                f"`distributor newsletters remove {self.name}` if it has ended"
            )
        owed = "1 open delivery" if self.number == 1 else f"{self.number} open deliveries"
        return (
            f"channel {self.name} has {owed} ({', '.join(self.editions)}) and is not in config.yaml, so they do not go "
            f"out: {rename}, `distributor channels cancel {self.name}` if they are to be given up"
        )


def list_missing(newsroom: Newsroom, connection: Connection) -> list[MissingName]:
    """What hangs on names that config.yaml does not have."""
    return [*list_missing_newsletters(newsroom, connection), *list_missing_channels(newsroom, connection)]


def list_missing_newsletters(newsroom: Newsroom, connection: Connection) -> list[MissingName]:
    """Newsletters with subscribers that config.yaml does not have."""
    known, begun = newsroom.settings.newsletters, article_status.list_started_newsletters(connection)
    fresh = tuple(name for name in known if name not in begun)
    lists = subscriber_repository.count_by_newsletter(connection).items()
    return [
        MissingName(NameKind.NEWSLETTER, name, number, instead=fresh) for name, number in lists if name not in known
    ]


def list_missing_channels(newsroom: Newsroom, connection: Connection) -> list[MissingName]:
    """Channels with open deliveries that config.yaml does not have."""
    owed = queries.count_open_elsewhere(connection, list(newsroom.channels))
    if not owed:
        return []
    used = queries.list_used_channels(connection)
    unused = tuple(name for name in newsroom.channels if name not in used)
    return [MissingName(NameKind.CHANNEL, name, number, ids, unused) for name, (number, ids) in owed.items()]


def list_blocked_newsletters(newsroom: Newsroom, connection: Connection) -> dict[str, str]:
    """The newsletters of config.yaml that must not be begun now, and why."""
    begun = article_status.list_started_newsletters(connection)
    fresh = [name for name in newsroom.settings.newsletters if name not in begun]
    if not fresh:
        return {}
    renamed = current_names(connection, NameKind.NEWSLETTER)
    gone = list_missing_newsletters(newsroom, connection)
    lists = subscriber_repository.count_by_newsletter(connection)
    found = {}
    for name in fresh:
        if name in renamed:
            found[name] = (
                f"{name} is not begun: it is what {renamed[name]} was called before, and links that are out still bear "
                "that name; give it another one"
            )
        elif gone and not lists.get(name):
            found[name] = f"{name} is not begun: {gone[0].in_words()}"
    return found


def start_newsletters(newsroom: Newsroom, connection: Connection, now: datetime) -> dict[str, datetime]:
    """Begin the newsletters of config.yaml that may be begun; since when the store knows each of them."""
    blocked = list_blocked_newsletters(newsroom, connection)
    return {
        name: article_status.start_newsletter(connection, newsletter, now)
        for name, newsletter in newsroom.settings.newsletters.items()
        if name not in blocked
    }


def check_names(newsroom: Newsroom, database: Database) -> None:
    """Make sure that this process knows everything by its present name: it may have read config.yaml before a rename.
    Raises OutdatedConfig."""
    with database.read() as connection:
        for kind, names in (
            (NameKind.NEWSLETTER, newsroom.settings.newsletters),
            (NameKind.CHANNEL, newsroom.channels),
        ):
            for old, new in current_names(connection, kind).items():
                if old in names and new not in names:
                    raise OutdatedConfig(
                        f"{kind} {old} was renamed to {new} since this process read config.yaml: nothing is sent until it "
                        f"is started again; if {old} is its name again, `distributor {kind}s rename {new} {old}`"
                    )
