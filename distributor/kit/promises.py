"""What a promise suite finds: one line for each promise of a channel or source, kept or not, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromiseResult:
    """One promise. `kept` is None where it does not apply; `why` then says why not, and otherwise what broke it."""

    promise: str
    kept: bool | None
    why: str = ""

    def __str__(self) -> str:
        word = {True: "ok     ", False: "failed ", None: "-      "}[self.kept]
        return f"{word} {self.promise}" + (f": {self.why}" if self.why else "")
