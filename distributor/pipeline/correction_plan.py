"""What a correction does, channel by channel: renditions to enqueue, posts to give up, and all of it in words.

A post is one rendition of an earlier edition that is about the article. What was sent is changed or deleted where its
network can, by the newest receipt there is of it; what is not out yet is given up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from sqlalchemy import Connection

from ..channel import Channel, Corrections, Post
from ..delivery.article_posts import ArticlePost
from ..delivery.queries import UNSENT_STATES
from ..delivery.receipts import find_receipts
from ..editions import repository as edition_repository
from ..model import DeliveryState, Edition, Notice, NoticeKind, Rendition, RenditionAction

_ACTIONS = {
    Corrections.EDIT: RenditionAction.EDIT,
    Corrections.REPLACE: RenditionAction.REPLACE,
    Corrections.REPLY: RenditionAction.REPLY,
}
_SHORTENING = (Corrections.EDIT, Corrections.REPLACE)  # where what was posted shows from then on what is true
_IN_WORDS = {
    RenditionAction.EDIT: "changed",
    RenditionAction.REPLACE: "deleted and posted anew",
    RenditionAction.REPLY: "corrected by a reply",
    RenditionAction.DELETE: "deleted",
}


_DELETE = RenditionAction.DELETE


@dataclass
class CorrectionPlanner:
    """Collects what is to be done, channel by channel, and says it in words."""

    connection: Connection
    edition: Edition
    notice: Notice
    known: Sequence[ArticlePost]
    renditions: list[Rendition] = field(default_factory=list)
    give_up: list[ArticlePost] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def withdrawal(self) -> bool:
        return self.notice.kind is NoticeKind.WITHDRAWAL

    def emails(self, channel: Channel, made: Sequence[Rendition], holders: int, mail: bool) -> None:
        if not mail:
            self.lines.append(f"{channel.name}: {_count_words(holders)} got it; no email is sent (--mail sends one)")
        elif holders:
            self.renditions += made
            self.lines.append(f"{channel.name}: an email to the {_count_words(holders)} whose email carried it")
        else:
            self.lines.append(f"{channel.name}: nobody got it, so no email is sent")

    def replace(self, channel: Channel, made: Sequence[Rendition]) -> None:
        self.renditions += made
        what = "shows only the note in its place" if self.withdrawal else "shows it with the note"
        self.lines.append(f"{channel.name}: {what}")

    def posts(self, channel: Channel, made: Sequence[Rendition]) -> None:
        article = self.edition.articles[0].id
        own = [post for post in self.known if post.channel == channel.name]
        about = [rendition for rendition in made if rendition.article == article]
        if channel.corrections is Corrections.NONE and not self.withdrawal:
            about = []
        whole = [rendition for rendition in made if rendition.article != article]
        if whole:  # it carries editions as a whole: this one announces the correction
            self.renditions += whole
            self.lines.append(f"{channel.name}: posts about it")
        for _, group in groupby(own, key=lambda post: post.edition):
            posts = list(group)
            for number, post in enumerate(posts):
                same = next((one for one in about if one.variant == post.variant), None)
                self._post(channel, post, same or (about[number] if number < len(about) and len(posts) == 1 else None))
            self._longer(channel, posts, about)
        if not own and not whole:
            self.lines.append(f"{channel.name}: has not posted it")

    def _post(self, channel: Channel, post: ArticlePost, made: Rendition | None) -> None:
        name = channel.name
        doubtful = self._in_doubt(channel) and any(change.state not in UNSENT_STATES for change in post.changes)
        self.give_up += [
            change for change in post.changes if change.state in UNSENT_STATES
        ]  # this one takes their place
        action = self._action(channel, made)
        unsent, cannot = post.state in UNSENT_STATES, action is None or (made is None and action is not _DELETE)
        undecided = post.begun if unsent else post.state is not DeliveryState.SENT
        if undecided and unsent and self.withdrawal:
            self.give_up.append(post)  # it is looked for
        if doubtful:
            self.lines.append(
                f"{name}: a change of the post of {post.edition} is on its way, or may be out: do this again, with "
                "--again, when `distributor deliveries` shows what became of it"
            )
        elif unsent and not undecided:
            self.give_up.append(post)
            if made and not self.withdrawal:
                self._add(made)
            then = "it stays so" if self.withdrawal else "the corrected one goes out instead"
            self.lines.append(f"{name}: the post of {post.edition} is not out yet; {then}")
        elif undecided and cannot:
            self.lines.append(f"{name}: the post of {post.edition} may be out: check, and change it by hand")
        elif action is None or cannot:
            what = "deleted" if self.withdrawal else "changed"
            self.lines.append(f"{name}: the post of {post.edition} cannot be {what} from here; do it by hand")
        elif not self._id_is_known(post):
            settle = f"distributor editions settle {post.edition} --channel {name} --post {post.variant} --out --id ID"
            self.lines.append(
                f"{name}: nobody knows the id of the post of {post.edition} there; change it by hand, or first `{settle}`"
            )
        else:
            if made is None or action is _DELETE:
                made = edition_repository.find_rendition(self.connection, post.edition, name, post.variant)
            self._change(made, action, post)
            done = _IN_WORDS[action]
            told = f"may be out; as soon as that is known, it is {done}" if undecided else f"is {done}"
            self.lines.append(f"{name}: the post of {post.edition} {told}")

    def _id_is_known(self, post: ArticlePost) -> bool:
        """Whether its network can be told which post it is: not where staff have said that it is there, and no more."""
        receipts = find_receipts(self.connection, post.channel, post.edition, post.variant)
        return all(receipt.remote_id for receipt in receipts)

    def _in_doubt(self, channel: Channel) -> bool:
        """Whether it matters that nobody knows what became of an earlier change: there may be a post of which we have no
        receipt."""
        return channel.corrections is Corrections.REPLACE or (
            self.withdrawal and channel.corrections is Corrections.REPLY
        )

    def _action(self, channel: Channel, made: Rendition | None) -> RenditionAction | None:
        """What is done to a post at the far end; None where nothing can be. `made` is what it is to be from now on: nothing,
        where a thread has become shorter."""
        if self.withdrawal or made is None:
            if (self.withdrawal or channel.corrections in _SHORTENING) and channel.can("delete"):
                return RenditionAction.DELETE
            if not self.withdrawal or channel.corrections is not Corrections.REPLY:
                return None
        return _ACTIONS.get(channel.corrections)

    def _longer(self, channel: Channel, posts: Sequence[ArticlePost], about: Sequence[Rendition]) -> None:
        """Posts by which a thread has become longer, behind those that are there."""
        there = {post.variant for post in posts}
        more = [one for one in about if one.variant not in there and _follows(one)]
        sent = all(post.state is DeliveryState.SENT and not post.changes for post in posts)
        if self.withdrawal or not more or not sent or channel.corrections not in _SHORTENING:
            return
        for one in more:
            self._add(one)
        self.lines.append(f"{channel.name}: the thread of {posts[0].edition} becomes longer")

    def _add(self, made: Rendition) -> None:
        """Post something anew, once: not where a post of another edition becomes the same."""
        if (made.channel, made.variant) not in {(one.channel, one.variant) for one in self.renditions}:
            self.renditions.append(made)

    def _change(self, made: Rendition, action: RenditionAction, post: ArticlePost) -> None:
        """Act on a post, under its own name where that is free."""
        taken = {(one.channel, one.variant) for one in self.renditions}
        names = [post.variant, *(f"{post.variant}-{number}" for number in range(2, 2 + len(taken)))]
        variant = next(name for name in names if (post.channel, name) not in taken)
        self.renditions.append(
            replace(
                made,
                edition=self.edition.id,
                variant=variant,
                action=action,
                target=post.edition,
                target_variant=post.variant,
            )
        )

    def still_to_go(self, unsent: Mapping[str, int], pruned: Sequence[str]) -> None:
        """Say how many emails of editions will still carry the article, and of which nobody knows any more who got them."""
        for edition, number in unsent.items():
            emails = "1 email" if number == 1 else f"{number} emails"
            self.lines.append(
                f"still to be sent with it: {emails} of {edition}; `distributor editions cancel {edition}` would stop them"
            )
        for edition in pruned:
            self.lines.append(f"who got {edition} is not known any more (retention), so nobody is written to about it")


def _follows(made: Rendition) -> bool:
    content = made.content
    return isinstance(content, Post) and bool(content.follows)


def _count_words(number: int) -> str:
    return "1 subscriber" if number == 1 else f"{number} subscribers"
