"""Every error this program raises on purpose. The class says what to do next.

    DistributorError
    ├── UserError              staff can fix it: one clear line, exit code 2
    │   ├── ConfigError        config.yaml (or a file it names) is wrong; holds every problem
    │   ├── OutdatedConfig     this process read config.yaml before a rename; nothing is decided or sent until it restarts
    │   └── StoreError         the database cannot be used as it is (newer than us, locked, read-only, full)
    │       ├── StoreBusy      … because two transactions waited for each other; a retry may succeed
    │       └── StoreLost      … because it, or its key, is damaged, gone or another one: nothing may be sent
    ├── DamagedRow             a row of the store cannot be read; the others can
    ├── ClockError             the clock of this machine cannot be right; nothing is decided or sent
    ├── SourceError            a source could not be read this time; nothing changed, other sources continue
    │   ├── NotModified        … because nothing has changed (HTTP 304): not a failure
    │   ├── Busy               … because its server has asked for a pause (Retry-After)
    │   ├── Gone               … because its server says that there is no such page
    │   └── SourceBug          … because its own code failed
    ├── LimitExceeded          work on foreign bytes took too long or too much memory, and was stopped
    ├── StartFailed            no child process can be started now (descriptors, memory, processes)
    ├── ArticleError           one article of a source is unusable; the others continue
    ├── RenderError            a template failed; the edition is not frozen
    │   └── InliningError      … because CSS could not be inlined; a plain template is used instead
    └── DeliveryError          what a channel may raise, and nothing else
        ├── Unavailable        surely not sent; try again later (perhaps at a given time)
        ├── Rejected           surely not sent, and a retry will not help
        ├── AuthBroken         surely not sent; the channel is stopped and staff are notified once
        └── Uncertain          may have been sent; nobody can know until somebody checks

It is a module of its own so that every other module may import it without a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType


class DistributorError(Exception):
    """Base of all errors raised on purpose."""


class UserError(DistributorError):
    """A mistake that the user can fix. The message is one line: what, where, what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration: the key path, what is wrong with it, and its place.

    `line` counts from 1; None where the file has no such line (a missing key of the whole file, for instance).
    """

    path: str
    message: str
    file: str = "config.yaml"
    line: int | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class ConfigError(UserError):
    """The configuration is wrong; `problems` holds every fault found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class OutdatedConfig(UserError):
    """A newsletter or a channel was renamed since this process read config.yaml: nothing is decided or sent by it."""


class StoreError(UserError):
    """The database cannot be used as it is."""


class StoreBusy(StoreError):
    """Two transactions waited for each other, and this one was rolled back. A retry may succeed."""


class StoreLost(StoreError):
    """The store, or the key that signs its links, is damaged, gone or the wrong one. Retrying does not help and continuing
    does harm, so long-running processes end with this."""


class DamagedRow(DistributorError):
    """A row of the store holds what the program cannot have written. The message names it and how to repair it."""


class ClockError(DistributorError):
    """The clock of this machine cannot be right: nothing is decided or sent until it is set."""


class SourceError(DistributorError):
    """A source could not be read this time. What is stored stays as it was.

    `waits` are the hosts that have asked for a pause meanwhile, with its end.
    """

    waits: Mapping[str, datetime] = MappingProxyType({})


class UnreadableContent(SourceError):
    """What a source has given stops whoever reads it: too much work, memory, or a crash. A retry would not help."""


class Busy(SourceError):
    """A server has asked for a pause (Retry-After, RFC 9110, section 10.2.3).

    `until` is its end; `asked` is False if the server was not contacted, because of an earlier answer.
    """

    def __init__(self, message: str, *, until: datetime, asked: bool) -> None:
        super().__init__(message)
        self.until = until
        self.asked = asked


class SourceBug(SourceError):
    """The code of a source failed with an exception that is no SourceError."""


class NotModified(SourceError):
    """Nothing has changed since the last gather: the server said so (HTTP 304), or sent the same answer again."""


class Gone(SourceError):
    """The server said that there is no such page: 404 or 410 (RFC 9110, sections 15.5.5 and 15.5.11).

    `url` is the address that answered so, after redirects, and `answer` its status code and phrase.
    """

    def __init__(self, message: str, *, url: str = "", answer: str = "") -> None:
        super().__init__(message)
        self.url = url
        self.answer = answer


class LimitExceeded(DistributorError):
    """Work on foreign bytes was stopped: it took too much time or memory, or it crashed.

    The message continues the name of the thing: `took longer than 20 s to read`. `doing` is the last step that the
    child process reported, if any.
    """

    def __init__(self, message: str, *, doing: str = "") -> None:
        super().__init__(message)
        self.doing = doing


class StartFailed(DistributorError):
    """No child process can be started now: the machine has run out of something. A retry may succeed."""


class ArticleError(DistributorError):
    """One article cannot be used; the message says why."""


class RenderError(DistributorError):
    """A template could not be rendered; the message names the template and the line."""


class InliningError(RenderError):
    """The CSS of a page cannot be inlined. A digest is rendered with a template that needs none instead."""


class DeliveryError(DistributorError):
    """Base of the four ways in which a delivery may fail.

    `reply` is the server's answer, for staff; it never holds a secret. `keys` are the settings of the channel that may
    fix it, most likely first.
    """

    def __init__(self, message: str, *, reply: str = "", keys: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reply = reply or message
        self.keys = tuple(keys)


class Unavailable(DeliveryError):
    """Surely not sent. Try again, not before `retry_at` (aware) if the server named a time, and not before `wait` has passed
    if we know how long it takes.

    `counted` is False if the recipient has nothing to do with it: a lost connection, a server that shuts down. `ours` is
    True if we were refused, so that it never counts as a failure of the recipient. `all_posts` is True if the far end
    means the whole channel (429), False if it means this post only; None: the whole channel where a time is named.
    """

    def __init__(
        self,
        message: str,
        *,
        reply: str = "",
        keys: Sequence[str] = (),
        retry_at: datetime | None = None,
        wait: timedelta | None = None,
        counted: bool = True,
        ours: bool = False,
        all_posts: bool | None = None,
    ) -> None:
        super().__init__(message, reply=reply, keys=keys)
        self.retry_at = retry_at
        self.wait = wait
        self.counted = counted and not ours
        self.ours = ours
        self.all_posts = all_posts


class Rejected(DeliveryError):
    """Surely not sent, and a retry will not help. `recipient` is True if this recipient was refused, rather than the content
    or the sender. `about` says more precisely what was refused."""

    def __init__(self, message: str, *, reply: str = "", recipient: bool = False, about: str = "") -> None:
        super().__init__(message, reply=reply)
        self.recipient = recipient
        self.about = about


class AuthBroken(DeliveryError):
    """Surely not sent: the server does not accept us, our credentials or our settings. The channel stops until staff fix
    them."""


class Uncertain(DeliveryError):
    """The last byte was sent and no clear answer came: the message may have been accepted. If the answer named a time
    (`retry_at`, aware), the whole channel backs off until then.
    """

    def __init__(self, message: str, *, reply: str = "", retry_at: datetime | None = None) -> None:
        super().__init__(message, reply=reply)
        self.retry_at = retry_at
