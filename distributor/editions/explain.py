"""Answers in plain sentences: what became of an article, and why somebody did or did not get an edition. Pure.

Times are shown in the zone that is given; every sentence stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ..config import Newsletter
from ..gathering.marks import Mark, Marked
from ..model import Article, Delivery, DeliveryState, Subscriber
from .selection import unwanted


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the item ledger, with the edition's subject where there is one."""

    newsletter: str
    state: str
    reason: str
    edition: str | None
    at: datetime
    deliveries: Mapping[DeliveryState, int]


def about_article(
    article: Article,
    said: Mapping[Mark, Marked],
    told: Sequence[Told],
    newsletters: Mapping[str, Newsletter],
    zone: ZoneInfo,
    now: datetime,
) -> list[str]:
    """The whole story of an article."""

    def local(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    lines = [
        f"«{article.title}» ({article.id}) came from source {article.source}, first seen {local(article.first_seen)}."
    ]
    others = [name for name in article.origins if name != article.source]
    if others:
        lines.append(f"It was also found in {', '.join(others)}.")
    dated = f"It was published {local(article.published)}" if article.dated else "Its source gives no date"
    changed = (
        f"; it has been edited, last {local(article.changed)} (version {article.version})"
        if article.version > 1
        else ""
    )
    lines.append(f"{dated}{changed}.")
    if article.backlog:
        lines.append("It was old already when its source was first read, so it is kept but never announced by itself.")
    if article.publish_at and article.publish_at > now:
        lines.append(f"It is under embargo until {local(article.publish_at)}.")
    lines += [
        f"It is {mark.mark} since {local(mark.since)}, by {mark.by}{_because(mark.reason)}." for mark in said.values()
    ]
    known = {line.newsletter: line for line in told}
    for name, newsletter in newsletters.items():
        lines.append(_in_newsletter(article, newsletter, known.get(name), local))
    lines += [_in_newsletter(article, None, line, local) for name, line in known.items() if name not in newsletters]
    return lines


def _in_newsletter(article: Article, newsletter: Newsletter | None, told: Told | None, local: object) -> str:
    assert callable(local)
    name = newsletter.id if newsletter else told.newsletter if told else ""
    if told is None:
        why = unwanted(newsletter, article) if newsletter else ""
        if why:
            return f"{name}: not for this newsletter; {why}."
        if article.backlog:
            return f"{name}: not announced, as it was old at the first look."
        return f"{name}: new; it goes into the next edition if nothing speaks against it (see `distributor plan`)."
    if told.edition:
        how = f" ({told.reason})" if told.reason else ""
        return f"{name}: announced in edition {told.edition} on {local(told.at)}{how}; {_deliveries(told.deliveries)}."
    if told.state == "carried":
        return f"{name}: waits, decided {local(told.at)}: {told.reason}."
    return f"{name}: {told.state} on {local(told.at)}: {told.reason}."


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _deliveries(counts: Mapping[DeliveryState, int]) -> str:
    if not counts:
        return "that edition owed nothing to anybody"
    return "its deliveries: " + ", ".join(f"{number} {state}" for state, number in counts.items())


def about_subscriber(
    person: Subscriber,
    edition: str | None,
    rows: Sequence[Delivery],
    suppressed: str,
    editions: Mapping[str, tuple[str, datetime]],
    zone: ZoneInfo,
) -> list[str]:
    """Why somebody got or did not get editions. `editions` are (newsletter, frozen at) by id, newest first."""

    def local(moment: datetime | None) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "an unknown time"

    lists = ", ".join(person.newsletters)
    lines = [
        f"{person.address} is on the list since {local(person.created)}"
        + (f", for {lists}." if lists else ", but for no newsletter any more.")
    ]
    if suppressed:
        lines.append(f"The address must not be written to: {suppressed}.")
    got = {row.edition: row for row in rows}
    for id, (newsletter, frozen) in editions.items():
        if edition and id != edition:
            continue
        row = got.get(id)
        if row:
            lines.append(f"{id}: {_outcome(row, local(row.updated))}")
        elif newsletter not in person.newsletters:
            lines.append(f"{id}: not for them, who have not asked for {newsletter}.")
        elif person.created and person.created > frozen:
            lines.append(
                f"{id}: frozen {local(frozen)}, before they joined; an edition goes to those who were there then."
            )
        else:
            lines.append(f"{id}: they were not among its readers when it was frozen, {local(frozen)}.")
    return lines


def _outcome(row: Delivery, when: str) -> str:
    reply = f" ({row.reply})" if row.reply else ""
    words = {
        DeliveryState.PENDING: "promised, not tried yet.",
        DeliveryState.SENDING: f"on its way since {when}.",
        DeliveryState.SENT: f"sent {when}{reply}.",
        DeliveryState.DEFERRED: f"not out yet; tried {row.attempts} times, last reply{reply or ' none'}.",
        DeliveryState.REJECTED: f"refused for good {when}{reply}.",
        DeliveryState.UNCERTAIN: f"may be out: nobody knows{reply}.",
        DeliveryState.SUPPRESSED: f"not sent{reply}.",
        DeliveryState.EXPIRED: f"given up {when}{reply}.",
    }
    return words[row.state]
