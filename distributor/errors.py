"""Every error this program raises on purpose. The class says what to do next.

    DistributorError
    ├── UserError              staff can mend it: one clear line, exit code 2
    │   ├── ConfigError        config.yaml (or a file it names) is wrong; carries every problem at once
    │   ├── OutdatedConfig     this process read config.yaml before a rename; nothing is decided or sent until it restarts
    │   └── StoreError         the database cannot be used as it is (newer than us, locked, read-only, full)
    │       ├── StoreBusy      … because two waited for each other; the same again may go well
    │       └── StoreLost      … because it is damaged, gone or another one, or its key is: nothing may be sent any more
    ├── DamagedRow             a row of the store cannot be read; the others can
    ├── ClockError             the clock of this machine cannot be right; nothing is decided or sent by it
    ├── SourceError            a source could not be read this time; nothing changed, the others go on
    │   ├── NotModified        … because there is nothing new behind a conditional request: not a failure
    │   ├── Busy               … because its server asks to be left alone for a while
    │   └── Gone               … because its server says that there is no such page (any more)
    ├── LimitExceeded          work on bytes from outside took too long or too much memory, and was ended
    ├── StartFailed            no child process can be started now (descriptors, memory, processes); nothing is known
    ├── ArticleError           one article of a source is unusable; its siblings go on
    ├── RenderError            a template failed; the edition is not frozen
    │   └── InliningError      … because styles could not be put into the tags: a plain template goes instead
    └── DeliveryError          what a channel may raise; nothing else may leave an adapter
        ├── Unavailable        surely not out; try again later (perhaps at a given time)
        ├── Rejected           surely not out and never will be, whatever we repeat
        ├── AuthBroken         surely not out; this channel is stopped and staff are told once
        └── Uncertain          may be out: nobody can know until somebody has looked

It is a file of its own so that every other module may import it without a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType


class DistributorError(Exception):
    """Base of all errors raised on purpose."""


class UserError(DistributorError):
    """Something that the person at the keyboard can mend. The message is one line: what, where, what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration: the key path, what is wrong with it, and where it stands.

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
    """Two transactions waited for each other, and this one was ended. The same again may go well."""


class StoreLost(StoreError):
    """The store is damaged, gone or not the one that belongs here, or the key that signs its links is. Trying again does
    not help, and going on does harm: a process that runs for long ends with this."""


class DamagedRow(DistributorError):
    """A row of the store holds what the program cannot have written. The message names it, and the command that mends."""


class ClockError(DistributorError):
    """The clock of this machine cannot be right: nothing is decided or sent until it is set."""


class SourceError(DistributorError):
    """A source could not be read this time. What is stored stays as it was.

    `waits` are the hosts that have asked to be left alone during the look, with until when.
    """

    waits: Mapping[str, datetime] = MappingProxyType({})


class Busy(SourceError):
    """A server has asked to be left alone for a while (Retry-After, RFC 9110, section 10.2.3).

    `until` is the end of that; `asked` says whether it was asked now, or is left alone because of what it said before.
    """

    def __init__(self, message: str, *, until: datetime, asked: bool) -> None:
        super().__init__(message)
        self.until = until
        self.asked = asked


class NotModified(SourceError):
    """The server said that nothing changed since the last look (HTTP 304)."""


class Gone(SourceError):
    """The server said that there is no such page: 404 or 410 (RFC 9110, sections 15.5.5 and 15.5.11).

    `url` is the address that said so, after redirects, and `answer` its status in number and words.
    """

    def __init__(self, message: str, *, url: str = "", answer: str = "") -> None:
        super().__init__(message)
        self.url = url
        self.answer = answer


class LimitExceeded(DistributorError):
    """Work on bytes from outside was ended: it took too much time or memory, or it crashed.

    The message says which, as it would follow the name of the thing: `took longer than 20 s to read`. `doing` is what
    the child process had said last that it was doing; empty where it had said nothing.
    """

    def __init__(self, message: str, *, doing: str = "") -> None:
        super().__init__(message)
        self.doing = doing


class StartFailed(DistributorError):
    """No child process can be started just now: the machine has no more of something. What it was to read is not to
    blame; the same again may go well."""


class ArticleError(DistributorError):
    """One article cannot be used; the message says why."""


class RenderError(DistributorError):
    """A template could not be rendered; the message names the template and the line."""


class InliningError(RenderError):
    """The styles of a page cannot be inlined. A digest goes out in a template that needs none."""


class DeliveryError(DistributorError):
    """Base of the four ways in which a delivery may fail.

    `reply` is what the far end said, for staff; it never holds a secret. `keys` are the settings of the channel that may
    mend it, most likely first.
    """

    def __init__(self, message: str, *, reply: str = "", keys: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reply = reply or message
        self.keys = tuple(keys)


class Unavailable(DeliveryError):
    """Surely not out. Try again, not before `retry_at` (aware) where the far end named a time, and not before `wait` has
    passed where we know how long it takes.

    `counted` is off where the recipient has nothing to do with it: a connection that broke, a server that closes. `ours`
    is on where it is us who were refused, so that this never ends in giving the recipient up. `all_posts`: it is not this
    post that was refused but how many there are (429). The whole channel rests then, as it does whenever a time is named.
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
        all_posts: bool = False,
    ) -> None:
        super().__init__(message, reply=reply, keys=keys)
        self.retry_at = retry_at
        self.wait = wait
        self.counted = counted and not ours
        self.ours = ours
        self.all_posts = all_posts


class Rejected(DeliveryError):
    """Surely not out, and repeating it will not help. `recipient`: it is this recipient that was refused, not what we
    say or who we are. `about` says more precisely what was refused, in the words of whoever has judged the answer."""

    def __init__(self, message: str, *, reply: str = "", recipient: bool = False, about: str = "") -> None:
        super().__init__(message, reply=reply)
        self.recipient = recipient
        self.about = about


class AuthBroken(DeliveryError):
    """Surely not out: the far end does not accept us, our credentials or our settings. The channel stops until staff have
    mended them."""


class Uncertain(DeliveryError):
    """The irrevocable byte had left and no clear answer came back: it may be out. Where the answer named a time
    (`retry_at`, aware), the whole channel rests until then.
    """

    def __init__(self, message: str, *, reply: str = "", retry_at: datetime | None = None) -> None:
        super().__init__(message, reply=reply)
        self.retry_at = retry_at
