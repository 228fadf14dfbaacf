"""What is not done: deliveries that are open or in doubt, how many they are, why, and what goes on with them.

A run that ends with something outstanding is unfinished. What belongs to editions whose time is over is history: it is
no longer outstanding, unless the run has had it in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from ..model import DeliveryState, EditionState
from ..storage.tables import deliveries, editions, shards
from .channel_state import ChannelFault

S = DeliveryState
_STATES = (S.PENDING, S.SENDING, S.DEFERRED, S.UNCERTAIN)
_ALIKE = 60  # characters of a reply by which replies are alike: queue numbers and addresses come later


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedDeliveries:
    """Deliveries of one edition on one channel that are not done and stand alike.

    `personal`: they are emails to subscribers, not posts or files. `first` and `last` are when they are due again; None for
    what is due at once, or what is left to staff (`held`). `reply` is the commonest last reply, `replies` how often it came.
    `elsewhere`: another process has them in hand now. `paused`: their edition is.
    """

    edition: str
    channel: str
    state: DeliveryState
    count: int
    personal: bool = True
    held: bool = False
    elsewhere: bool = False
    paused: bool = False
    first: datetime | None = None
    last: datetime | None = None
    reply: str = ""
    replies: int = 0

    @property
    def is_failure(self) -> bool:
        """Whether a run that leaves it is unfinished. What another process is sending is being done."""
        return not self.elsewhere

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def list_unfinished(connection: Connection, now: datetime, touched: Collection[str] = ()) -> list[UnfinishedDeliveries]:
    """All that is not done of editions that are out and on their way, or among those that a run has `touched`.

    What staff had paused before, and the doubts about editions whose time is over, count only where they were touched.
    """
    on_its_way = (editions.c.expires_at > now) & editions.c.paused_at.is_(None)
    which = (
        sa.select(editions.c.id)
        .where(editions.c.released_at.is_not(None), editions.c.state != EditionState.CANCELLED)
        .where(on_its_way | editions.c.id.in_(list(touched)))
    )
    ids = list(connection.execute(which).scalars())
    if not ids:
        return []
    groups = _groups(now)
    query = (
        _rows(ids)
        .add_columns(
            *groups,
            sa.func.max(sa.case((editions.c.paused_at.is_not(None), 1), else_=0)).label("paused"),
            sa.func.count().label("number"),
            sa.func.min(deliveries.c.due).label("first"),
            sa.func.max(deliveries.c.due).label("last"),
        )
        .group_by(*groups)
        .order_by(deliveries.c.edition_id, deliveries.c.channel, deliveries.c.state)
    )
    replies = _commonest(connection, ids, groups)
    found = []
    for row in connection.execute(query):
        key = (row.edition_id, row.channel, row.state, row.personal, row.held, row.elsewhere)
        reply, often = replies.get(key, ("", 0))
        found.append(
            UnfinishedDeliveries(
                edition=row.edition_id, channel=row.channel, state=S(row.state), count=row.number,
                personal=bool(row.personal), held=bool(row.held), elsewhere=bool(row.elsewhere), paused=bool(row.paused),
                first=row.first, last=row.last, reply=reply, replies=often,
            )
        )  # fmt: skip
    return found


def _groups(now: datetime) -> tuple[Any, ...]:
    in_hand = (shards.c.owner != "") & shards.c.lease_until.is_not(None) & (shards.c.lease_until > now)
    return (
        deliveries.c.edition_id,
        deliveries.c.channel,
        deliveries.c.state,
        sa.case((deliveries.c.recipient != "", 1), else_=0).label("personal"),
        sa.case(((deliveries.c.state == S.UNCERTAIN) & deliveries.c.due.is_(None), 1), else_=0).label("held"),
        sa.case((in_hand, 1), else_=0).label("elsewhere"),
    )


def _rows(ids: Sequence[str]) -> sa.Select[Any]:
    same_shard = (shards.c.edition_id == deliveries.c.edition_id) & (shards.c.shard == deliveries.c.shard)
    return (
        sa.select()
        .select_from(deliveries)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .join(shards, same_shard)
        .where(deliveries.c.edition_id.in_(ids), deliveries.c.state.in_(_STATES))
    )


def _commonest(connection: Connection, ids: Sequence[str], groups: Sequence[Any]) -> dict[Any, tuple[str, int]]:
    """The commonest reply of each group, and how often it came."""
    words = sa.func.substr(deliveries.c.reply, 1, _ALIKE).label("words")
    number = sa.func.count().label("number")
    query = (
        _rows(ids)
        .add_columns(*groups, sa.func.max(deliveries.c.reply).label("reply"), number)
        .where(deliveries.c.reply != "")
        .group_by(*groups, words)
        .order_by(number, words.desc())
    )
    return {tuple(row)[:-2]: (row.reply, row.number) for row in connection.execute(query)}


# -- in words ----------------------------------------------------------------------------------------------------------


def describe_unfinished(
    found: Iterable[UnfinishedDeliveries], faults: Mapping[str, ChannelFault], local: Callable[[datetime | None], str]
) -> list[str]:
    """What is outstanding and why, a line for each. Pure; `local` shows a time."""
    return [
        f"{one.edition} is not finished: {one.channel}: {_describe_one(one, faults.get(one.channel), local)}"
        for one in found
    ]


def suggest_commands(found: Sequence[UnfinishedDeliveries]) -> list[str]:
    """The commands that go on with it, a line for each. Pure."""
    lines = []
    if any(not one.held and not one.paused and not one.elsewhere for one in found):
        lines.append("`distributor deliver` goes on with it, and so does `distributor serve` while it runs")
    lines += [f"`distributor editions resume {id}` lets {id} go on" for id in _ids(one for one in found if one.paused)]
    lines += [
        f"`distributor editions resend {id} --missed --uncertain` sends again what may be out; some will get it twice"
        for id in _ids(one for one in found if one.held and one.personal)
    ]
    lines += [
        f"`distributor editions settle {id} --channel {channel}` takes what you find on the network of a post that may be "
        "out: --out --id ID, --again or --give-up"
        for id, channel in dict.fromkeys((one.edition, one.channel) for one in found if one.held and not one.personal)
    ]
    return lines


def _ids(found: Iterable[UnfinishedDeliveries]) -> list[str]:
    return list(dict.fromkeys(one.edition for one in found))


def _describe_one(
    one: UnfinishedDeliveries, fault: ChannelFault | None, local: Callable[[datetime | None], str]
) -> str:
    if one.elsewhere:
        return f"{one.count} in the hands of another process, which is sending them"
    match one.state:
        case S.DEFERRED:
            return f"{one.count} deferred {_until(one, local)}{_why(one, fault, local)}"
        case S.UNCERTAIN:
            what = "left to staff" if one.held else f"looked into again {local(one.last)}"
            return f"{one.count} in doubt, may be out, {what}{_why(one, None, local)}"
        case S.SENDING:
            return f"{one.count} on the wire"
    waits = "wait: the edition is paused" if one.paused else "not tried yet"
    return f"{one.count} {waits}{_why(one, fault, local)}"


def _until(one: UnfinishedDeliveries, local: Callable[[datetime | None], str]) -> str:
    first, last = local(one.first), local(one.last)
    return f"until {first}" if first == last else f"until {first} to {last}"


def _why(one: UnfinishedDeliveries, fault: ChannelFault | None, local: Callable[[datetime | None], str]) -> str:
    """The commonest reply; or the failure of the whole channel, where nothing was said of single ones."""
    if one.reply:
        often = "" if one.replies == one.count else f" ({one.replies} of them)"
        return f": {one.reply}{often}"
    return f"; the channel failed {local(fault.at)}: {fault.text}" if fault else ""
