"""Answers in plain sentences: what became of an article, and why somebody did or did not get an edition. Pure.

Times are shown in the zone that is given; every sentence stands for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from ..articles.flags import ArticleFlag, FlagRecord
from ..config.schema import Newsletter
from ..model import Article, Delivery, DeliveryState, EditionKind, EditionState, Frequency, Notice, Subscriber
from .selection import ArticleStatus, find_exclusion_reason

_NO_FAILURES: Mapping[int, tuple[str, datetime]] = {}


@dataclass(frozen=True, slots=True)
class ArticleOutcome:
    """One line of the item ledger."""

    newsletter: str
    state: str
    reason: str
    edition: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageStats:
    """An edition that carries an article, and what became of it.

    `emails` are those that hold it, counted by state, and `without` those that do not; `had` of these go to recipients who
    have had it as the `alert` before. `posts` are its own posts and what shows the edition as a whole, by channel.
    """

    edition: str
    newsletter: str
    kind: EditionKind
    state: EditionState
    frozen_at: datetime
    released_at: datetime | None
    emails: Mapping[DeliveryState, int]
    without: int = 0
    alert: str = ""
    already_had: int = 0
    posts: Mapping[str, Mapping[DeliveryState, int]]

    @property
    def holding(self) -> int:
        """How many emails hold it."""
        return sum(self.emails.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleHistory:
    """What the store knows of an article: flags of staff, notices to subscribers, what became of it in newsletters, and the
    editions that carry it, oldest first, corrections at the end."""

    article: Article
    flags: Mapping[ArticleFlag, FlagRecord]
    notices: Sequence[Notice]
    outcomes: Sequence[ArticleOutcome]
    coverage: Sequence[CoverageStats]


def explain_article(
    history: ArticleHistory, newsletters: Mapping[str, Newsletter], zone: ZoneInfo, now: datetime
) -> list[str]:
    """The whole story of an article, in sentences; times are in `zone`."""

    def local(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    lines = [
        *_describe_origin(history.article, local, now),
        *(
            f"It is {mark.flag} since {local(mark.since)}, by {mark.actor}{_with_reason(mark.reason)}."
            for mark in history.flags.values()
        ),
        *(
            f"Its recipients were told of a {notice.kind} on {local(notice.at)}{_with_reason(notice.note)}."
            for notice in history.notices
        ),
    ]
    known = {line.newsletter: line for line in history.outcomes}
    for name in dict.fromkeys([*newsletters, *known, *(one.newsletter for one in history.coverage)]):
        mine = [one for one in history.coverage if one.newsletter == name]
        lines += [f"{name}: {_describe_coverage(one, local)}" for one in mine]
        still = _undecided(history.article, newsletters.get(name), known.get(name), mine, local)
        lines += [f"{name}: {still}"] if still else []
    return lines


def _describe_origin(article: Article, local: Callable[[datetime], str], now: datetime) -> list[str]:
    """Where an article came from and when, and whether it still waits."""
    lines = [
        f"«{article.title}» ({article.id}) came from source {article.source}, first seen {local(article.first_seen)}."
    ]
    others = [name for name in article.origins if name != article.source]
    if others:
        lines.append(f"It was also found in {', '.join(others)}.")
    day = local(article.moment)[: None if article.has_time else len("2026-11-24")]  # alone where no time is known
    dated = f"It was published {day}" if article.has_date else "Its source gives no date"
    edited = f"; it has been edited, last {local(article.changed)} (version {article.version})"
    lines.append(f"{dated}{edited if article.version > 1 else ''}.")
    if article.backlog:
        lines.append("It was old already when its source was first read, so it is kept but never announced by itself.")
    if until := article.waits_until(now):
        why = "under embargo" if article.publish_at == until else "dated ahead, and waits"
        lines.append(f"It is {why} until {local(until)}.")
    return lines


def _undecided(
    article: Article,
    newsletter: Newsletter | None,
    told: ArticleOutcome | None,
    carried: Sequence[CoverageStats],
    local: Callable[[datetime], str],
) -> str:
    """What else there is to say of a newsletter; nothing where the editions say it all."""
    if told is None and not carried:
        why = find_exclusion_reason(newsletter, article) if newsletter else ""
        if why:
            return f"not for this newsletter; {why}."
        if article.backlog:
            return "not announced: it was already published at the first gather."
        return "new; it goes into the next edition if nothing speaks against it (see `distributor plan`)."
    if told is None:
        return ""
    if told.state == ArticleStatus.ALERTED:
        return "the next digest carries it for those who have not had it."
    if told.edition:
        return f"{told.edition} says of it: {told.reason}." if told.reason else ""
    if told.state == "carried":
        return f"waits, decided {local(told.at)}: {told.reason}."
    return f"{told.state} on {local(told.at)}: {told.reason}."


_KIND_WORDS = {
    EditionKind.DIGEST: "announced in edition",
    EditionKind.ALERT: "sent at once as the alert",
    EditionKind.DAILY: "in the daily email",
    EditionKind.WEEKLY: "in the weekly email",
    EditionKind.CORRECTION: "corrected or withdrawn by",
}


def _describe_coverage(one: CoverageStats, local: Callable[[datetime], str]) -> str:
    """What became of it in one edition."""
    if one.released_at is None:
        what = "was cancelled before it went out" if one.state is EditionState.CANCELLED else "is not out yet"
        return f"{_KIND_WORDS[one.kind]} {one.edition}, a draft of {local(one.frozen_at)} that {what}."
    said = f"{_KIND_WORDS[one.kind]} {one.edition} on {local(one.released_at)}: {_describe_emails(one)}"
    posts = [f"{channel} {_counts(states)}" for channel, states in one.posts.items()]
    ends = " The edition was cancelled." if one.state is EditionState.CANCELLED else ""
    return "; ".join([said, *posts]) + f".{ends}"


def _describe_emails(one: CoverageStats) -> str:
    """How many emails hold it and how many do not, and why not."""
    if not one.holding and not one.without:
        return "no emails"
    words = "email holds it" if one.holding == 1 else "emails hold it"
    said = f"{one.holding} {words} ({_counts(one.emails)})" if one.holding else "no email holds it"
    others = one.without - one.already_had
    if one.already_had:
        said += f", {one.already_had} leave it out, as their recipients have had it as {one.alert}"
    if others:
        said += f", {others} leave it out, as their recipients have chosen other topics or had other emails with it"
    return said


def _counts(counts: Mapping[DeliveryState, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in counts.items())


def _with_reason(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberEdition:
    """An edition that somebody may have met. `topics` are those of its articles, casefolded, by article.

    `had` are those of its articles that this recipient had had as an alert when it was frozen, with that alert's edition;
    `emails_before` counts the emails of that day that were this recipient's already.
    """

    id: str
    newsletter: str
    kind: EditionKind
    state: EditionState
    frozen_at: datetime
    topics: Mapping[str, frozenset[str]]
    already_had: Mapping[str, str] = field(default_factory=dict)
    emails_before: int = 0
    paused: bool = False

    @property
    def draft(self) -> bool:
        return self.state in (EditionState.REVIEW, EditionState.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionHistory:
    """What is known of a recipient beside their choices: since when each newsletter is asked for, which conditions of its
    audience leave them out now, and since when and why the address must not be written to."""

    since: Mapping[str, datetime] = field(default_factory=dict)
    outside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    suppressed: str = ""
    suppressed_since: datetime | None = None


_FREQUENCY_WORDS = {
    Frequency.EACH: "each edition",
    Frequency.DAILY: "one email a day",
    Frequency.WEEKLY: "one email a week",
}
_FREQUENCY_OF_KIND = {
    EditionKind.DIGEST: Frequency.EACH,
    EditionKind.DAILY: Frequency.DAILY,
    EditionKind.WEEKLY: Frequency.WEEKLY,
}


def explain_subscriber(
    person: Subscriber,
    standing: SubscriptionHistory,
    rows: Sequence[Delivery],
    editions: Sequence[SubscriberEdition],
    zone: ZoneInfo,
    cap: int | None = None,
    failures: Mapping[int, tuple[str, datetime]] = _NO_FAILURES,
) -> list[str]:
    """Why somebody got or did not get editions. `editions` come newest first; `cap` is the most emails a day. `failures`
    are those of whole channels, which count against no delivery, by the rows that they have kept waiting."""
    lists = ", ".join(person.newsletters)
    lines = [
        f"{person.address} is on the list since {_local(person.created, zone)}"
        + (f", for {lists}." if lists else ", but for no newsletter any more."),
        f"They have chosen {_FREQUENCY_WORDS[person.frequency]}, {_topics(person)}.",
    ]
    if standing.suppressed:
        since = f" since {_local(standing.suppressed_since, zone)}" if standing.suppressed_since else ""
        lines.append(f"The address must not be written to{since}: {standing.suppressed}.")
    for name, unmet in standing.outside.items():
        lines.append(f"They are not in the audience of {name}, so they do not get it: {_conditions(unmet)}.")
    for met in editions:
        mine = [row for row in rows if row.edition == met.id]
        lines += [f"{met.id}: {_outcome(row, met, zone, failures.get(row.id))}" for row in mine]
        if not mine:
            lines.append(f"{met.id}: {_why_not(person, standing, met, zone, cap)}")
    return lines


def explain_email(
    met: SubscriberEdition, held: Sequence[str], titles: Mapping[str, str], person: Subscriber, zone: ZoneInfo
) -> list[str]:
    """What a recipient's email of an edition holds, and which of the edition's articles it leaves out and why."""
    lines = [f"Their email holds {id} «{titles.get(id, '')}»." for id in held]
    for id, topics in met.topics.items():
        if id in held:
            continue
        why = _left_out(person, topics, met.already_had.get(id, ""))
        lines.append(f"It leaves out {id} «{titles.get(id, '')}»: {why}.")
    return lines


def _left_out(person: Subscriber, topics: frozenset[str], alert: str) -> str:
    if alert:
        return f"they have had it as the alert {alert}"
    mine = {topic.casefold() for topic in person.topics}
    if mine and not mine & topics:
        return f"it is not about {', '.join(person.topics)}, which is what they have chosen"
    return "it was not theirs when the edition was frozen"


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "an unknown time"


def _topics(person: Subscriber) -> str:
    return f"with articles about {', '.join(person.topics)}" if person.topics else "with all topics"


def _why_not(
    person: Subscriber, standing: SubscriptionHistory, met: SubscriberEdition, zone: ZoneInfo, cap: int | None
) -> str:
    """Why there is no delivery of an edition to somebody, as far as what is known now tells."""
    frozen = _local(met.frozen_at, zone)
    wanted = _FREQUENCY_OF_KIND.get(met.kind)
    since = standing.since.get(met.newsletter, person.created)
    if met.kind is EditionKind.CORRECTION:
        return "a correction: no email of it for them; it goes to those whose email carried the article, if to anybody."
    if met.newsletter not in person.newsletters:
        return f"not for them, who have not asked for {met.newsletter}."
    if since and since > met.frozen_at:
        return f"frozen {frozen}, before they joined; an edition goes to those who were there then."
    if standing.suppressed and (standing.suppressed_since is None or standing.suppressed_since <= met.frozen_at):
        return f"when it was frozen, {frozen}, the address must not be written to: {standing.suppressed}."
    if met.newsletter in standing.outside:
        return f"not for them: {_conditions(standing.outside[met.newsletter])}."
    if wanted and wanted is not person.frequency:
        later = (
            f"; its articles come with their {person.frequency} email"
            if met.kind is EditionKind.DIGEST and person.frequency is not Frequency.EACH
            else "; they have its articles from other emails"
        )
        chosen = _FREQUENCY_WORDS[person.frequency]
        return f"for subscribers who have chosen {_FREQUENCY_WORDS[wanted]}, and they have chosen {chosen}{later}."
    mine = {topic.casefold() for topic in person.topics}
    theirs = [id for id, topics in met.topics.items() if not mine or mine & topics]
    if not theirs and met.kind is not EditionKind.ALERT:
        return f"nothing in it is about {', '.join(person.topics)}, which is what they have chosen."
    if met.kind is not EditionKind.ALERT and theirs and all(id in met.already_had for id in theirs):
        alerts = ", ".join(dict.fromkeys(met.already_had[id] for id in theirs))
        return f"nothing in it was new for them: they had had it as {alerts}."
    if cap is not None and met.emails_before >= cap and met.kind is not EditionKind.ALERT:
        return f"they had had {cap} emails that day, which is the most; its articles come with their next email."
    return f"they were not among its recipients when it was frozen, {frozen}."


def _conditions(unmet: Sequence[str]) -> str:
    """The conditions of an audience that somebody does not meet."""
    return f"what is known of them does not meet {', nor '.join(f'`{one}`' for one in unmet)}"


def _outcome(row: Delivery, met: SubscriberEdition, zone: ZoneInfo, failure: tuple[str, datetime] | None) -> str:
    if row.state in (DeliveryState.PENDING, DeliveryState.DEFERRED) and (met.draft or met.paused):
        waits = "the edition is paused" if met.paused else f"the edition is a draft ({met.state}), not out yet"
        return f"promised; {waits}."
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
