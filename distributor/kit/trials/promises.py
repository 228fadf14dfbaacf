"""The promises that channels make, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from . import acts, again, contents
from .evidence import Evidence

Check = Callable[[Evidence], Awaitable[Iterable[str]]]


@dataclass(frozen=True)
class Promise:
    """A promise: its name, what it says in a sentence, and its trial."""

    name: str
    says: str
    check: Check

    def __str__(self) -> str:
        return f"{self.name}: {self.says}"


PROMISES = (
    Promise("manual", "the manual has an example that builds, and each setting a sentence", contents.manual),
    Promise("abilities", "what it declares of corrections fits what it can do", contents.abilities),
    Promise("pure", "composing is deterministic and touches nothing", contents.pure),
    Promise("variants", "variants are safe file names, each once in an edition", contents.variants),
    Promise("wild texts", "wild texts can be composed", contents.wild),
    Promise("storable", "contents are the same after they were stored and read back", contents.canonical),
    Promise("articles", "posts name the article that they are about", contents.articles),
    Promise("length", "posts are within the limits, as the network counts", contents.lengths),
    Promise("works", "every act succeeds when all is well", acts.all_is_well),
    Promise("one way out", "everything leaves through `attempt.http`, each request with a name", acts.way_out),
    Promise("four errors", "only the four errors leave it, whatever the far end does", acts.four_errors),
    Promise("truth", "what it says of an outcome is true", acts.truth),
    Promise("secrets", "no secret is in any text, log or traceback", acts.secrets),
    Promise("no waiting", "it never sleeps long, and never blocks the loop", acts.no_waiting),
    Promise("private addresses", "private addresses are refused unless they are allowed", acts.private),
    Promise("repeatable", "publishing again does nothing new", again.repeatable),
    Promise("interruption", "an attempt that is cut off anywhere posts and uploads nothing twice", again.interrupted),
    Promise("one renewal", "two attempts at a time renew the state once", again.renewed_once),
    Promise("gone", "deleting what is gone is no fault", acts.gone),
)
