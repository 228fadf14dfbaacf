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
from ..model import Article, Delivery, DeliveryState, EditionKind, EditionState, Frequency, Notice, Subscriber
from .selection import Verdict, unwanted

_NONE: Mapping[int, tuple[str, datetime]] = {}


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
    notices: Sequence[Notice],
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
    lines += [
        f"Its readers were told of a {notice.kind} on {local(notice.at)}{_because(notice.note)}." for notice in notices
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
    if told.edition and told.state == Verdict.ALERTED:
        return (
            f"{name}: sent at once as the alert {told.edition} on {local(told.at)}; {_deliveries(told.deliveries)}. "
            "The next digest carries it for those who have not had it."
        )
    if told.edition:
        how = f" ({told.reason})" if told.reason else ""
        return f"{name}: announced in edition {told.edition} on {local(told.at)}{how}; {_deliveries(told.deliveries)}."
    if told.state == "carried":
        return f"{name}: waits, decided {local(told.at)}: {told.reason}."
    return f"{name}: {told.state} on {local(told.at)}: {told.reason}."


def _because(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""


def _deliveries(counts: Mapping[DeliveryState, int]) -> str:
    if not counts:
        return "that edition owed nothing to anybody"
    return "its deliveries: " + ", ".join(f"{number} {state}" for state, number in counts.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """An edition that somebody may have met. `topics` are those of its articles, casefolded."""

    id: str
    newsletter: str
    kind: EditionKind
    state: EditionState
    frozen_at: datetime
    topics: frozenset[str]


_CHOICES = {
    Frequency.EACH: "each edition",
    Frequency.DAILY: "one mail a day",
    Frequency.WEEKLY: "one mail a week",
}
_FOR = {
    EditionKind.DIGEST: Frequency.EACH,
    EditionKind.DAILY: Frequency.DAILY,
    EditionKind.WEEKLY: Frequency.WEEKLY,
}


def about_subscriber(
    person: Subscriber,
    rows: Sequence[Delivery],
    suppressed: str,
    editions: Sequence[Met],
    zone: ZoneInfo,
    cap: int | None = None,
    failures: Mapping[int, tuple[str, datetime]] = _NONE,
) -> list[str]:
    """Why somebody got or did not get editions. `editions` come newest first; `cap` is the most mails a day. `failures`
    are those of whole channels, which count against no delivery, by the rows that they have kept waiting."""
    lists = ", ".join(person.newsletters)
    lines = [
        f"{person.address} is on the list since {_local(person.created, zone)}"
        + (f", for {lists}." if lists else ", but for no newsletter any more."),
        f"They have chosen {_CHOICES[person.frequency]}, {_topics(person)}.",
    ]
    if suppressed:
        lines.append(f"The address must not be written to: {suppressed}.")
    got = {row.edition: row for row in rows}
    for met in editions:
        row = got.get(met.id)
        if row:
            lines.append(f"{met.id}: {_outcome(row, zone, failures.get(row.id))}")
        else:
            lines.append(f"{met.id}: {_why_not(person, met, rows, editions, zone, cap)}")
    return lines


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "an unknown time"


def _topics(person: Subscriber) -> str:
    return f"with articles about {', '.join(person.topics)}" if person.topics else "with all topics"


def _why_not(
    person: Subscriber,
    met: Met,
    rows: Sequence[Delivery],
    editions: Sequence[Met],
    zone: ZoneInfo,
    cap: int | None,
) -> str:
    """Why there is no delivery of an edition to somebody, as far as what is known now tells."""
    frozen = _local(met.frozen_at, zone)
    wanted = _FOR.get(met.kind)
    if met.newsletter not in person.newsletters:
        return f"not for them, who have not asked for {met.newsletter}."
    if met.kind is EditionKind.CORRECTION:
        return "a correction, for those whose letter carried the article."
    if person.created and person.created > met.frozen_at:
        return f"frozen {frozen}, before they joined; an edition goes to those who were there then."
    if wanted and wanted is not person.frequency:
        later = (
            f"; its articles come with their {person.frequency} letter"
            if met.kind is EditionKind.DIGEST
            else "; they have its articles already"
        )
        return (
            f"for readers who have chosen {_CHOICES[wanted]}, and they have chosen {_CHOICES[person.frequency]}{later}."
        )
    mine = {topic.casefold() for topic in person.topics}
    if mine and not mine & met.topics and met.kind is not EditionKind.ALERT:
        return f"nothing in it is about {', '.join(person.topics)}, which is what they have chosen."
    if cap is not None and _that_day(met, rows, editions, zone) >= cap:
        return f"they had had {cap} mails that day, which is the most; its articles came with their next letter."
    return f"they were not among its readers when it was frozen, {frozen}."


def _that_day(met: Met, rows: Sequence[Delivery], editions: Sequence[Met], zone: ZoneInfo) -> int:
    days = {one.id: one.frozen_at.astimezone(zone).date() for one in editions}
    return sum(days.get(row.edition) == days[met.id] for row in rows)


def _outcome(row: Delivery, zone: ZoneInfo, failure: tuple[str, datetime] | None) -> str:
    reply, when = f" ({row.reply})" if row.reply else "", _local(row.updated, zone)
    again = f"; to be tried again {_local(row.due, zone)}" if row.due else ""
    tries = "once" if row.attempts == 1 else f"{row.attempts} times"
    tried = f"tried {tries}" if row.attempts else f"could not be tried {when}"
    if failure:
        what, at = failure
        before = f"; before that tried {tries}, last reply{reply or ' none'}" if row.attempts else ""
        return (
            f"not out yet: the channel {row.channel} failed {_local(at, zone)} ({what}), which counts against nobody; "
            f"it is tried again{before}."
        )
    words = {
        DeliveryState.PENDING: "promised, not tried yet.",
        DeliveryState.SENDING: f"on its way since {when}.",
        DeliveryState.SENT: f"sent {when}{reply}.",
        DeliveryState.DEFERRED: f"not out yet; {tried}, last reply{reply or ' none'}{again}.",
        DeliveryState.REJECTED: f"refused for good {when}{reply}.",
        DeliveryState.UNCERTAIN: f"may be out: nobody knows{reply}.",
        DeliveryState.SUPPRESSED: f"not sent{reply}.",
        DeliveryState.EXPIRED: f"given up {when}{reply}.",
    }
    return words[row.state]
